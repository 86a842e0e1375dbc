#include "kernel/heap.hpp"
#include "kernel/kernel.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace hws::kernel {
namespace {

static_assert(std::endian::native == std::endian::little, "wasm memory is little-endian");

/// Linear memory whose every access is checked: out of bounds reads 0 and writes nothing.
class CheckedMemory {
public:
    explicit CheckedMemory(Memory& memory) : memory_(memory) {}

    std::uint64_t size() const { return memory_.size; }

    bool grow(std::uint32_t pages) {
        return memory_.grow != nullptr && memory_.grow(memory_, pages);
    }

    template <class T> T load(std::uint32_t address) const {
        T value{};
        if (inside(address, sizeof value))
            std::memcpy(&value, memory_.base + address, sizeof value);
        return value;
    }

    template <class T> void store(std::uint32_t address, T value) {
        if (inside(address, sizeof value))
            std::memcpy(memory_.base + address, &value, sizeof value);
    }

    void zero(std::uint32_t address, std::uint32_t bytes) {
        if (inside(address, bytes)) std::memset(memory_.base + address, 0, bytes);
    }

private:
    bool inside(std::uint32_t address, std::size_t bytes) const {
        return address <= memory_.size && bytes <= memory_.size - address;
    }

    Memory& memory_;
};

// The heap's const operations do not write; the accessor itself does not carry that.
Memory& unconst(const Memory& memory) {
    return const_cast<Memory&>(memory);
}

} // namespace

std::uint64_t KernelView::alloc(std::uint64_t bytes) {
    CheckedMemory memory(memory_);
    return Heap(memory).alloc(bytes);
}

std::uint64_t KernelView::store(std::span<const std::byte> contents) {
    const std::uint64_t offset = alloc(contents.size());
    if (offset == 0) return 0;
    const std::span<std::byte> into = range(offset, contents.size());
    if (into.size() != contents.size()) return 0;
    std::copy(contents.begin(), contents.end(), into.begin());
    return offset;
}

void KernelView::free(std::uint64_t offset) {
    CheckedMemory memory(memory_);
    Heap(memory).free(offset);
}

void KernelView::shrink(std::uint64_t offset, std::uint64_t bytes) {
    CheckedMemory memory(memory_);
    Heap(memory).shrink(offset, bytes);
}

void KernelView::reset() {
    CheckedMemory memory(memory_);
    Heap(memory).reset();
}

bool KernelView::set_input(std::span<const std::byte> input) {
    const std::uint64_t offset = store(input);
    if (offset == 0) return false;
    CheckedMemory memory(memory_);
    Heap(memory).set_input(offset, input.size());
    return true;
}

bool KernelView::set_error(std::string_view text) {
    const std::uint64_t offset = store(std::as_bytes(std::span(text)));
    if (offset == 0) return false;
    CheckedMemory memory(memory_);
    Heap(memory).set_error(offset);
    return true;
}

std::uint64_t KernelView::length(std::uint64_t offset) const {
    CheckedMemory memory(unconst(memory_));
    return Heap(memory).length(offset);
}

std::span<std::byte> KernelView::bytes(std::uint64_t offset) const {
    CheckedMemory memory(unconst(memory_));
    const Heap heap(memory);
    // A block of length 0 is a block, a number that is none is not: the caller can tell by the data
    // pointer.
    const std::uint64_t length = heap.length(offset);
    if (length == 0 && !heap.is_block(offset)) return {};
    return range(offset, length);
}

std::span<const std::byte> KernelView::output() const {
    CheckedMemory memory(unconst(memory_));
    const Heap heap(memory);
    return range(heap.output_offset(), heap.output_length());
}

bool KernelView::has_error() const {
    CheckedMemory memory(unconst(memory_));
    return Heap(memory).error_offset() != 0;
}

std::string_view KernelView::error() const {
    CheckedMemory memory(unconst(memory_));
    const Heap heap(memory);
    if (heap.error_offset() == 0) return {};
    const std::span<std::byte> text = range(heap.error_offset(), heap.error_length());
    return {reinterpret_cast<const char*>(text.data()), text.size()};
}

std::span<std::byte> KernelView::range(std::uint64_t offset, std::uint64_t bytes) const {
    if (offset > memory_.size || bytes > memory_.size - offset) return {};
    return {memory_.base + offset, static_cast<std::size_t>(bytes)};
}

} // namespace hws::kernel
