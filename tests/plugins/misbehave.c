// clang-format off
/* A plugin that does what plugins must not. Plain C, own import declarations. Each export is () -> i32 and takes no input unless
 * said otherwise.
 *
 * export              what it does
 * ------------------- -----------------------------------------------------------------------------------------------
 * good                sets the output "good", returns 0: the instance still works
 * spin                loops for ever without a host call
 * spin_in_host        loops for ever with a host call (length) in each turn
 * recurse             calls itself until the engine's stack is used up (out_of_stack)
 * recurse_with_memory the same with 1 KiB of linear memory each time: the stack in linear memory ends first, a trap as of
 *                     trap_out_of_bounds; the instance is then broken
 * grow_memory         memory.grow by a page until it is refused, touching each; outputs the number of pages, returns 0
 * alloc_blocks        kernel alloc of 1 MiB until it returns 0; outputs how many there were, returns 0
 * alloc_tiny_blocks   kernel alloc of 1 byte until it returns 0, 100,000,000 at most; outputs how many, returns 0
 * alloc_huge          kernel alloc of 2^63, 2^64 - 1, 2^32 and 2^40 bytes; outputs "0 0 0 0" when each was refused
 * malloc_for_ever     malloc of 1 MiB until NULL, touching each page; outputs how many, returns 0
 * trap_unreachable    unreachable
 * trap_divide         integer division by zero
 * trap_out_of_bounds  reads its own memory beyond the end
 * trap_indirect_call  calls a null function pointer
 * trap_abort          abort() of the C library
 * return_7            error_set("seven"), returns 7
 * exit_0              sets the output "before exit", proc_exit(0)
 * exit_3              proc_exit(3)
 * output_beyond       output_set(offset of a 4-byte block, 2^40), returns 0
 * output_wild         output_set(2^63, 16), returns 0
 * output_overflow     output_set(2^64 - 8, 16), returns 0
 * error_wild          error_set(2^63), returns 1
 * error_not_a_block   error_set(offset of a block + 1), returns 1
 * load_wild           load_u64(2^40): a read far outside of the kernel's memory
 * store_wild          store_u64(2^40, 1), then store_u8(2^64 - 1, 1)
 * store_kernel        writes 0xff over the first 64 KiB of the kernel's memory, then alloc, free, length; returns 0
 * free_wild           free and length of 0, 1, 7, 2^31, 2^32, 2^63, 2^64 - 1, twice the same block; outputs "good", returns 0
 * reset_and_go_on     reset(), then sets the output "good": what the kernel's own exports allow
 * close_stdio         closes descriptors 0, 1, 2, then writes to 1; outputs the errno of that write in decimal, returns 0
 * print_a_lot         writes 1 MiB to stdout, returns 0
 * takes_a_number      (i32) -> i32: wrong signature for a call
 * returns_nothing     () -> (): returns nothing, allowed by some hosts, sets the output "nothing"
 * returns_i64         () -> i64
 */
// clang-format on

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define IMPORT(name) __attribute__((import_module("extism:host/env"), import_name(#name)))
#define EXPORT(name) __attribute__((export_name(#name)))

IMPORT(alloc) uint64_t kernel_alloc(uint64_t);
IMPORT(free) void kernel_free(uint64_t);
IMPORT(length) uint64_t kernel_length(uint64_t);
IMPORT(load_u64) uint64_t kernel_load_u64(uint64_t);
IMPORT(store_u8) void kernel_store_u8(uint64_t, uint32_t);
IMPORT(store_u64) void kernel_store_u64(uint64_t, uint64_t);
IMPORT(output_set) void kernel_output_set(uint64_t, uint64_t);
IMPORT(error_set) void kernel_error_set(uint64_t);
IMPORT(reset) void kernel_reset(void);

static uint64_t block_of(const char* text) {
    uint64_t length = strlen(text);
    uint64_t block = kernel_alloc(length);
    for (uint64_t i = 0; i < length; ++i)
        kernel_store_u8(block + i, (unsigned char)text[i]);
    return block;
}

static int32_t answer(const char* text) {
    kernel_output_set(block_of(text), strlen(text));
    return 0;
}

static int32_t answer_number(uint64_t number) {
    char text[21];
    char* at = text + sizeof text - 1;
    *at = 0;
    do {
        *--at = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    return answer(at);
}

static volatile uint32_t sink; /* 0 at first */

EXPORT(good) int32_t good(void) {
    return answer("good");
}

EXPORT(spin) int32_t spin(void) {
    for (;;)
        ++sink;
}

EXPORT(spin_in_host) int32_t spin_in_host(void) {
    for (;;)
        sink += (uint32_t)kernel_length(sink);
}

/* Neither ends before the stack does: the counter is never 0 on the way. Nothing of the first lies
 * in linear memory, so that the engine's stack ends; each turn of the second takes 1 KiB of the
 * stack in linear memory. */
static uint32_t recurse_from(uint32_t depth) {
    if (depth == 0) return sink;
    return recurse_from(depth + 1) + sink;
}

static uint32_t recurse_with_memory_from(uint32_t depth) {
    volatile char here[1024];
    here[depth % sizeof here] = (char)depth;
    if (depth == 0) return sink;
    return recurse_with_memory_from(depth + 1) + (uint32_t)here[depth % sizeof here];
}

EXPORT(recurse) int32_t recurse(void) {
    return (int32_t)recurse_from(sink + 1);
}

EXPORT(recurse_with_memory) int32_t recurse_with_memory(void) {
    return (int32_t)recurse_with_memory_from(sink + 1);
}

EXPORT(grow_memory) int32_t grow_memory(void) {
    uint64_t pages = 0;
    for (;;) {
        size_t before = __builtin_wasm_memory_grow(0, 1);
        if (before == (size_t)-1) return answer_number(pages);
        *(volatile char*)(before << 16) = 1;
        ++pages;
    }
}

EXPORT(alloc_blocks) int32_t alloc_blocks(void) {
    uint64_t count = 0;
    uint64_t last = 0;
    for (uint64_t block; (block = kernel_alloc(1 << 20)) != 0; last = block)
        ++count;
    if (last) kernel_free(last);
    return answer_number(count);
}

EXPORT(alloc_tiny_blocks) int32_t alloc_tiny_blocks(void) {
    uint64_t count = 0;
    uint64_t last[2] = {0, 0};
    for (uint64_t block; count < 100000000 && (block = kernel_alloc(1)) != 0; ++count) {
        last[0] = last[1];
        last[1] = block;
    }
    kernel_free(last[0]);
    kernel_free(last[1]);
    return answer_number(count);
}

EXPORT(alloc_huge) int32_t alloc_huge(void) {
    const uint64_t sizes[] = {1ull << 63, ~0ull, 1ull << 32, 1ull << 40};
    char text[] = "0 0 0 0";
    for (int i = 0; i < 4; ++i)
        if (kernel_alloc(sizes[i])) text[2 * i] = '1';
    return answer(text);
}

EXPORT(malloc_for_ever) int32_t malloc_for_ever(void) {
    uint64_t count = 0;
    for (volatile char* piece; (piece = malloc(1 << 20)) != NULL; ++count)
        for (int i = 0; i < 1 << 20; i += 4096)
            piece[i] = 1;
    return answer_number(count);
}

EXPORT(trap_unreachable) int32_t trap_unreachable(void) {
    __builtin_trap();
}

EXPORT(trap_divide) int32_t trap_divide(void) {
    volatile int32_t zero = 0;
    volatile int32_t one = 1;
    return one / zero;
}

EXPORT(trap_out_of_bounds) int32_t trap_out_of_bounds(void) {
    volatile char* end = (volatile char*)(uintptr_t)0xfffffff0u;
    return *end;
}

EXPORT(trap_indirect_call) int32_t trap_indirect_call(void) {
    int32_t (*volatile function)(void) = NULL;
    return function();
}

EXPORT(trap_abort) int32_t trap_abort(void) {
    abort();
}

EXPORT(return_7) int32_t return_7(void) {
    kernel_error_set(block_of("seven"));
    return 7;
}

EXPORT(exit_0) int32_t exit_0(void) {
    answer("before exit");
    _Exit(0);
}

EXPORT(exit_3) int32_t exit_3(void) {
    _Exit(3);
}

EXPORT(output_beyond) int32_t output_beyond(void) {
    kernel_output_set(block_of("four"), 1ull << 40);
    return 0;
}

EXPORT(output_wild) int32_t output_wild(void) {
    kernel_output_set(1ull << 63, 16);
    return 0;
}

EXPORT(output_overflow) int32_t output_overflow(void) {
    kernel_output_set(~0ull - 7, 16);
    return 0;
}

EXPORT(error_wild) int32_t error_wild(void) {
    kernel_error_set(1ull << 63);
    return 1;
}

EXPORT(error_not_a_block) int32_t error_not_a_block(void) {
    kernel_error_set(block_of("a text") + 1);
    return 1;
}

EXPORT(load_wild) int32_t load_wild(void) {
    return (int32_t)kernel_load_u64(1ull << 40);
}

EXPORT(store_wild) int32_t store_wild(void) {
    kernel_store_u64(1ull << 40, 1);
    kernel_store_u8(~0ull, 1);
    return 0;
}

EXPORT(store_kernel) int32_t store_kernel(void) {
    for (uint64_t address = 0; address < 65536; address += 8)
        kernel_store_u64(address, ~0ull);
    uint64_t block = kernel_alloc(100);
    kernel_free(block);
    sink += (uint32_t)kernel_length(block);
    return 0;
}

EXPORT(free_wild) int32_t free_wild(void) {
    const uint64_t wild[] = {0, 1, 7, 1ull << 31, 1ull << 32, 1ull << 63, ~0ull};
    for (unsigned i = 0; i < sizeof wild / sizeof *wild; ++i) {
        sink += (uint32_t)kernel_length(wild[i]);
        kernel_free(wild[i]);
    }
    uint64_t block = kernel_alloc(32);
    kernel_free(block + 1);
    kernel_free(block);
    kernel_free(block);
    return answer("good");
}

EXPORT(reset_and_go_on) int32_t reset_and_go_on(void) {
    kernel_reset();
    return answer("good");
}

EXPORT(close_stdio) int32_t close_stdio(void) {
    close(0);
    close(1);
    close(2);
    errno = 0;
    if (write(1, "x", 1) == 1) return answer_number(0);
    return answer_number((uint64_t)errno);
}

EXPORT(print_a_lot) int32_t print_a_lot(void) {
    static char line[1024];
    memset(line, 'x', sizeof line);
    line[sizeof line - 1] = '\n';
    for (int i = 0; i < 1024; ++i)
        if (write(1, line, sizeof line) != (ssize_t)sizeof line) return 1;
    return 0;
}

EXPORT(takes_a_number) int32_t takes_a_number(int32_t number) {
    return number;
}

EXPORT(returns_nothing) void returns_nothing(void) {
    answer("nothing");
}

EXPORT(returns_i64) int64_t returns_i64(void) {
    return 0;
}
