/* Dialect v1 and the Extism kernel as a plugin in C imports them, and the copy loops that every Extism SDK has: 8 bytes a call. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define ENV(name) __attribute__((import_module("env"), import_name(#name)))
#define EXTISM(name) __attribute__((import_module("extism:host/env"), import_name(#name)))
#define EXPORT(name) __attribute__((export_name(#name)))

ENV(tcp_connect) uint32_t tcp_connect(uint64_t address);
ENV(tcp_send) uint32_t tcp_send(uint32_t id, uint64_t data, uint64_t length);
ENV(tcp_recv) uint64_t tcp_recv(uint32_t id, uint32_t max);
ENV(tcp_close) void tcp_close(uint32_t id);

EXTISM(alloc) uint64_t kernel_alloc(uint64_t length);
EXTISM(free) void kernel_free(uint64_t block);
EXTISM(length) uint64_t kernel_length(uint64_t block);
EXTISM(load_u8) uint32_t kernel_load_u8(uint64_t address);
EXTISM(load_u64) uint64_t kernel_load_u64(uint64_t address);
EXTISM(store_u8) void kernel_store_u8(uint64_t address, uint32_t value);
EXTISM(store_u64) void kernel_store_u64(uint64_t address, uint64_t value);
EXTISM(input_length) uint64_t kernel_input_length(void);
EXTISM(input_load_u8) uint32_t kernel_input_load_u8(uint64_t index);
EXTISM(output_set) void kernel_output_set(uint64_t address, uint64_t length);
EXTISM(get_log_level) uint32_t get_log_level(void);

static inline void load(uint64_t block, void* to, size_t size) {
    unsigned char* bytes = to;
    size_t i = 0;
    for (; i + 8 <= size; i += 8) {
        uint64_t word = kernel_load_u64(block + i);
        memcpy(bytes + i, &word, 8);
    }
    for (; i < size; ++i)
        bytes[i] = (unsigned char)kernel_load_u8(block + i);
}

static inline uint64_t store(const void* from, size_t size) {
    const unsigned char* bytes = from;
    uint64_t block = kernel_alloc(size);
    size_t i = 0;
    for (; i + 8 <= size; i += 8) {
        uint64_t word;
        memcpy(&word, bytes + i, 8);
        kernel_store_u64(block + i, word);
    }
    for (; i < size; ++i)
        kernel_store_u8(block + i, bytes[i]);
    return block;
}

/* The input's words, separated by blanks: text into `first`, the others as numbers. */
static inline void read_input(char* first, size_t room, uint64_t* numbers, size_t count) {
    char text[256];
    size_t size = (size_t)kernel_input_length();
    size_t at = 0;
    if (size > sizeof text - 1) size = sizeof text - 1;
    for (size_t i = 0; i < size; ++i)
        text[i] = (char)kernel_input_load_u8(i);
    text[size] = 0;
    for (; at < size && text[at] != ' ' && at + 1 < room; ++at)
        first[at] = text[at];
    first[at] = 0;
    for (size_t n = 0; n < count; ++n) {
        numbers[n] = 0;
        for (++at; at < size && text[at] != ' '; ++at)
            numbers[n] = numbers[n] * 10 + (uint64_t)(text[at] - '0');
    }
}

static inline int32_t output_number(uint64_t number) {
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    kernel_output_set(store(digits + at, sizeof digits - at), sizeof digits - at);
    return 0;
}

static inline uint64_t digest_of(uint64_t digest, const unsigned char* data, size_t size) {
    for (size_t i = 0; i < size; ++i)
        digest = (digest ^ data[i]) * 0x100000001b3u;
    return digest;
}
