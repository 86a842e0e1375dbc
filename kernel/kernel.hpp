#pragma once
/// The host's hand on a plugin's Extism kernel: the module's bytes, and `KernelView`, which
/// allocates, frees and reads blocks directly in the kernel's linear memory. A host function runs
/// inside the plugin's call and cannot call kernel.wasm itself; it need not, for the view is the
/// same allocator over the same bytes (heap.hpp).

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace hws::kernel {

/// The kernel module, embedded. Exports `memory` (1 page at first, 1 GiB at most) and the functions
/// of docs/abi; imports nothing.
std::span<const std::byte> wasm();

/// The kernel instance's linear memory as it is now.
struct Memory {
    std::byte* base = nullptr;
    std::size_t size = 0; // bytes

    /// Grows by `pages` of 64 KiB and puts the new base and size here; false leaves all as it was.
    /// Null: never grows.
    bool (*grow)(Memory& memory, std::uint32_t pages) = nullptr;
    void* context = nullptr; // for `grow`
};

/// A plugin's kernel blocks, seen from the host. Cheap: make one where it is needed, from the
/// memory as it is at that moment.
///
/// Valid while the plugin does not run: a call or resumption of the plugin can grow and move the
/// memory, so never keep a view, or a span it gave, across a suspension. `alloc`, `store` and
/// `set_input` may grow the memory too: spans given before are dead then.
///
/// Safe for whatever bytes a plugin left in its kernel: nothing outside `memory` is touched, every
/// operation takes bounded time, and what cannot be right is answered as not found. A damaged
/// kernel can give blocks that overlap: the plugin's own loss.
class KernelView {
public:
    explicit KernelView(Memory memory) : memory_(memory) {}

    /// A block of `bytes` bytes (0 is a length like any other), with stale contents; 0 when there
    /// is no room.
    std::uint64_t alloc(std::uint64_t bytes);

    /// A new block with a copy of `contents`, which must not be a span of this view; 0 when there
    /// is no room.
    std::uint64_t store(std::span<const std::byte> contents);

    /// Gives a block back. Any number is safe; what is no block is ignored.
    void free(std::uint64_t offset);

    /// Cuts a block to its first `bytes` bytes and gives the rest of its room back; ignored when it
    /// is not longer, or no block.
    void shrink(std::uint64_t offset, std::uint64_t bytes);

    /// Back to empty, registers cleared. Before each call of an export, then `set_input`.
    void reset();

    /// Makes a copy of `input` the input of the call. False: no room for it.
    [[nodiscard]] bool set_input(std::span<const std::byte> input);

    /// Sets the error text from the host's side, as the plugin would by `error_set`. False: no room
    /// for it.
    [[nodiscard]] bool set_error(std::string_view text);

    /// The length of a block, 0 for any other number.
    std::uint64_t length(std::uint64_t offset) const;

    /// The bytes of a block; empty, with null data, for any number that is not a block's offset.
    std::span<std::byte> bytes(std::uint64_t offset) const;

    /// What the plugin set as its output; empty when it set none or a range outside its memory.
    /// Stays readable when the plugin has freed the block since, unless it used the room again.
    std::span<const std::byte> output() const;

    /// Whether the plugin set an error, and its text, which may hold any bytes. The text may be
    /// empty where the error is not.
    bool has_error() const;
    std::string_view error() const;

    /// Bytes of linear memory the kernel has now, for the limits and the figures.
    std::uint64_t memory_bytes() const { return memory_.size; }

    /// The memory after what this view did to it.
    const Memory& memory() const { return memory_; }

private:
    std::span<std::byte> range(std::uint64_t offset, std::uint64_t bytes) const;

    Memory memory_;
};

} // namespace hws::kernel
