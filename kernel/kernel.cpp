// The Extism kernel as a wasm module: what plugins import from `extism:host/env` and the kernel
// answers itself. The host adds the functions that need a host (config, vars, http_request, logs).
// No stack, no data, no imports: its memory is all heap.hpp's.

#include "heap.hpp"

#include <stdint.h>

namespace {

using namespace hws::kernel;

/// The module's own memory. An access out of bounds traps, which ends that plugin's call and
/// nothing else.
struct OwnMemory {
    // Aliases everything: the heap's words and the plugin's bytes are the same memory.
    template <class T> struct [[gnu::packed, gnu::may_alias]] Any {
        T value;
    };

    uint64_t size() const { return uint64_t{__builtin_wasm_memory_size(0)} * layout::page_bytes; }
    bool grow(uint32_t pages) {
        return __builtin_wasm_memory_grow(0, pages) != static_cast<uintptr_t>(-1);
    }

    template <class T> T load(uint32_t address) const {
        return reinterpret_cast<const Any<T>*>(address)->value;
    }
    template <class T> void store(uint32_t address, T value) {
        reinterpret_cast<Any<T>*>(address)->value = value;
    }
    void zero(uint32_t address, uint32_t bytes) {
        __builtin_memset(reinterpret_cast<void*>(address), 0, bytes); // memory.fill
    }
};

OwnMemory memory;
Heap<OwnMemory> heap{memory};

} // namespace

#define EXPORT(name) extern "C" [[clang::export_name(#name)]]

EXPORT(alloc) uint64_t kernel_alloc(uint64_t bytes) {
    return heap.alloc(bytes);
}
EXPORT(free) void kernel_free(uint64_t offset) {
    heap.free(offset);
}
EXPORT(length) uint64_t kernel_length(uint64_t offset) {
    return heap.length(offset);
}
EXPORT(length_unsafe) uint64_t kernel_length_unsafe(uint64_t offset) {
    return memory.load<uint32_t>(static_cast<uint32_t>(offset) - layout::header_bytes +
                                 layout::length_at);
}

// An offset's high half is dropped, here as in code where the call was inlined: whatever is reached
// is the same plugin's memory.
EXPORT(load_u8) uint32_t kernel_load_u8(uint64_t offset) {
    return memory.load<uint8_t>(static_cast<uint32_t>(offset));
}
EXPORT(load_u64) uint64_t kernel_load_u64(uint64_t offset) {
    return memory.load<uint64_t>(static_cast<uint32_t>(offset));
}
EXPORT(store_u8) void kernel_store_u8(uint64_t offset, uint32_t value) {
    memory.store(static_cast<uint32_t>(offset), static_cast<uint8_t>(value));
}
EXPORT(store_u64) void kernel_store_u64(uint64_t offset, uint64_t value) {
    memory.store(static_cast<uint32_t>(offset), value);
}

EXPORT(input_set) void kernel_input_set(uint64_t offset, uint64_t bytes) {
    heap.set_input(offset, bytes);
}
EXPORT(input_offset) uint64_t kernel_input_offset() {
    return heap.input_offset();
}
EXPORT(input_length) uint64_t kernel_input_length() {
    return heap.input_length();
}
// 0 for what is not wholly inside the input.
EXPORT(input_load_u8) uint32_t kernel_input_load_u8(uint64_t index) {
    if (index >= heap.input_length()) return 0;
    return memory.load<uint8_t>(static_cast<uint32_t>(heap.input_offset() + index));
}
EXPORT(input_load_u64) uint64_t kernel_input_load_u64(uint64_t index) {
    const uint64_t bytes = heap.input_length();
    if (bytes < 8 || index > bytes - 8) return 0;
    return memory.load<uint64_t>(static_cast<uint32_t>(heap.input_offset() + index));
}

EXPORT(output_set) void kernel_output_set(uint64_t offset, uint64_t bytes) {
    heap.set_output(offset, bytes);
}
EXPORT(output_offset) uint64_t kernel_output_offset() {
    return heap.output_offset();
}
EXPORT(output_length) uint64_t kernel_output_length() {
    return heap.output_length();
}
EXPORT(error_set) void kernel_error_set(uint64_t offset) {
    heap.set_error(offset);
}
EXPORT(error_get) uint64_t kernel_error_get() {
    return heap.error_offset();
}

EXPORT(reset) void kernel_reset() {
    heap.reset();
}
EXPORT(memory_bytes) uint64_t kernel_memory_bytes() {
    return memory.size();
}
