#pragma once
/// Blocks of the Extism kernel's memory, owned: what v1's functions take and give.

#include "extism.hpp"

#include <cstddef>
#include <hws/result.hpp>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hws::backend {

/// Reads `into.size()` bytes of kernel memory from `address` on; writes likewise. The caller knows
/// that they exist.
void load(std::uint64_t address, std::span<std::byte> into);
void store(std::uint64_t address, std::span<const std::byte> from);

/// A block that is freed when this goes. Moves, does not copy. May hold none.
class OwnedBlock {
public:
    OwnedBlock() = default;
    explicit OwnedBlock(abi::Block block) : block_(block) {}
    OwnedBlock(OwnedBlock&& other) noexcept : block_(std::exchange(other.block_, {})) {}
    OwnedBlock& operator=(OwnedBlock other) noexcept {
        std::swap(block_, other.block_);
        return *this;
    }
    ~OwnedBlock() {
        if (block_) extism::free(block_);
    }

    /// A new block with a copy of the bytes; no bytes, no block (0 is what every function takes for
    /// "empty").
    /// Errors: out_of_memory.
    static Result<OwnedBlock> copy_of(std::span<const std::byte> bytes);
    static Result<OwnedBlock> copy_of(std::string_view text) {
        return copy_of(std::as_bytes(std::span(text)));
    }

    explicit operator bool() const { return bool(block_); }
    abi::Block get() const { return block_; }
    /// Whoever takes the block frees it.
    abi::Block release() { return std::exchange(block_, {}); }

    std::size_t size() const { return block_ ? std::size_t(extism::length(block_)) : 0; }
    std::vector<std::byte> bytes() const;
    std::string text() const;

private:
    abi::Block block_;
};

} // namespace hws::backend
