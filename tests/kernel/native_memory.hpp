#pragma once
/// Linear memory on the test's own heap, exactly as long as it claims to be, so that a sanitizer
/// sees every step beside it.

#include "kernel/kernel.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>

namespace hws::kernel::test {

class NativeMemory {
public:
    explicit NativeMemory(std::uint32_t pages = 1, std::uint32_t max_pages = 16384)
        : pages_(pages), max_pages_(max_pages), bytes_(new std::byte[size()]()) {}

    Memory memory() { return {bytes_.get(), size(), &grow, this}; }
    KernelView view() { return KernelView(memory()); }

    std::size_t size() const { return std::size_t{pages_} * 65536; }
    std::byte* data() { return bytes_.get(); }
    std::uint32_t pages() const { return pages_; }

private:
    /// Always moves, so that a stale base is found out.
    static bool grow(Memory& memory, std::uint32_t pages) {
        auto& self = *static_cast<NativeMemory*>(memory.context);
        if (pages > self.max_pages_ - self.pages_) return false;
        const std::size_t old_size = self.size();
        self.pages_ += pages;
        std::unique_ptr<std::byte[]> moved(new std::byte[self.size()]());
        std::copy_n(self.bytes_.get(), old_size, moved.get());
        self.bytes_ = std::move(moved);
        memory.base = self.bytes_.get();
        memory.size = self.size();
        return true;
    }

    std::uint32_t pages_;
    std::uint32_t max_pages_;
    std::unique_ptr<std::byte[]> bytes_;
};

} // namespace hws::kernel::test
