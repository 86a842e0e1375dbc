// What a compiler makes of code between a plugin's own memory and its kernel: the inliner's test
// runs it before and after rewriting. Freestanding, with -msimd128 and -mbulk-memory.

#include <stdint.h>

#define KERNEL(name) __attribute__((import_module("extism:host/env"), import_name(#name))) extern
#define EXPORT(name) __attribute__((export_name(#name)))

KERNEL(alloc) uint64_t kernel_alloc(uint64_t);
KERNEL(free) void kernel_free(uint64_t);
KERNEL(length) uint64_t kernel_length(uint64_t);
KERNEL(load_u8) uint8_t load_u8(uint64_t);
KERNEL(load_u64) uint64_t load_u64(uint64_t);
KERNEL(store_u8) void store_u8(uint64_t, uint8_t);
KERNEL(store_u64) void store_u64(uint64_t, uint64_t);

static const char greeting[] = "a data segment of the plugin's own memory";
static uint8_t buffer[1 << 16];
static uint32_t table[256] = {1, 2, 3};
static float floats[512];

static void copy_out(uint64_t offset, const uint8_t* from, uint64_t bytes) {
    uint64_t at = 0;
    for (; at + 8 <= bytes; at += 8) {
        uint64_t word;
        __builtin_memcpy(&word, from + at, 8);
        store_u64(offset + at, word);
    }
    for (; at < bytes; ++at)
        store_u8(offset + at, from[at]);
}

static void copy_in(uint8_t* into, uint64_t offset, uint64_t bytes) {
    uint64_t at = 0;
    for (; at + 8 <= bytes; at += 8) {
        uint64_t word = load_u64(offset + at);
        __builtin_memcpy(into + at, &word, 8);
    }
    for (; at < bytes; ++at)
        into[at] = load_u8(offset + at);
}

static uint64_t hash(const uint8_t* bytes, uint64_t count) {
    uint64_t value = 14695981039346656037u;
    for (uint64_t at = 0; at < count; ++at)
        value = (value ^ bytes[at]) * 1099511628211u;
    return value;
}

static uint64_t choose(uint64_t which, uint64_t value) {
    switch (which % 9) { // br_table
    case 0:
        return value + 1;
    case 1:
        return value * 3;
    case 2:
        return value ^ 0x5555;
    case 3:
        return value >> 3;
    case 4:
        return hash((const uint8_t*)&value, 8);
    case 5:
        return value - 7;
    case 6:
        return value << 2;
    case 7:
        return ~value;
    default:
        return value / 3;
    }
}

static uint64_t twice(uint64_t value) {
    return value * 2;
}
static uint64_t thrice(uint64_t value) {
    return value * 3;
}
uint64_t (*volatile functions[])(uint64_t) = {twice, thrice};

EXPORT(run) uint64_t run(uint64_t bytes) {
    if (bytes > sizeof buffer / 2) return 0;
    for (uint64_t at = 0; at < bytes; ++at)
        buffer[at] = (uint8_t)(greeting[at % sizeof greeting] + at);
    uint64_t block = kernel_alloc(bytes);
    copy_out(block, buffer, bytes);
    __builtin_memset(buffer, 0x5a, bytes); // memory.fill
    copy_in(buffer + sizeof buffer / 2, block, kernel_length(block));
    __builtin_memcpy(buffer, buffer + sizeof buffer / 2, bytes); // memory.copy
    __builtin_memmove(buffer + 3, buffer, bytes);
    for (int index = 0; index < 256; ++index)
        table[index] = table[index] * 2654435761u + (uint32_t)index; // v128
    for (int index = 0; index < 512; ++index)
        floats[index] = floats[index] * 0.5f + (float)buffer[index];
    uint64_t value = hash(buffer, bytes) ^ hash((const uint8_t*)table, sizeof table) ^
                     hash((const uint8_t*)floats, sizeof floats);
    for (uint64_t index = 0; index < 20; ++index)
        value = choose(value + index, functions[index & 1](value));
    value ^= (uint64_t)__builtin_wasm_memory_size(0) << 32;
    kernel_free(block);
    uint64_t again = kernel_alloc(bytes);
    return value ^ (again == block);
}

// A load whose offset, and a store whose value, is an argument: for the traps.
EXPORT(peek) uint64_t peek(uint64_t offset) {
    return load_u64(offset);
}
EXPORT(poke) uint64_t poke(uint64_t offset) {
    store_u8(offset, 7);
    return load_u8(offset);
}

// For the measurement: 64 KiB, word by word.
EXPORT(fill_words) uint64_t fill_words(uint64_t rounds) {
    uint64_t block = kernel_alloc(65536);
    for (uint64_t round = 0; round < rounds; ++round)
        for (uint64_t at = 0; at < 65536; at += 8)
            store_u64(block + at, at + round);
    return block;
}
EXPORT(sum_words) uint64_t sum_words(uint64_t rounds) {
    uint64_t block = fill_words(1);
    uint64_t sum = 0;
    for (uint64_t round = 0; round < rounds; ++round)
        for (uint64_t at = 0; at < 65536; at += 8)
            sum += load_u64(block + at) ^ round;
    kernel_free(block);
    return sum;
}
EXPORT(copy_words) uint64_t copy_words(uint64_t rounds) {
    uint64_t block = fill_words(1);
    for (uint64_t round = 0; round < rounds; ++round) {
        copy_in(buffer, block, 65536);
        __asm__ volatile("" ::: "memory");
    }
    kernel_free(block);
    return hash(buffer, 65536);
}
