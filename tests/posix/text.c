/* Memory and texts: each function over every size and alignment that its pieces make a difference for, and at the end of memory. Prints
 * sums of what it found, and whatever was written outside of where it should. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __wasm__
/* The last bytes that there are: what reads one too many traps. */
static unsigned char* end_of_memory(void) {
    return (unsigned char*)(__builtin_wasm_memory_size(0) * 65536);
}
#else
#include <sys/mman.h>
static unsigned char* end_of_memory(void) {
    const size_t page = 65536;
    unsigned char* pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED || munmap(pages + page, page) != 0) exit(1);
    return pages + page;
}
#endif

/* By pointers, so that the compiler does not do it by itself. */
static void* (*volatile copy)(void*, const void*, size_t) = memcpy;
static void* (*volatile move)(void*, const void*, size_t) = memmove;
static void* (*volatile fill)(void*, int, size_t) = memset;
static int (*volatile compare)(const void*, const void*, size_t) = memcmp;
static void* (*volatile find)(const void*, int, size_t) = memchr;
static void* (*volatile find_last)(const void*, int, size_t) = memrchr;
static size_t (*volatile length)(const char*) = strlen;
static size_t (*volatile length_of_most)(const char*, size_t) = strnlen;
static int (*volatile compare_texts)(const char*, const char*) = strcmp;
static int (*volatile compare_most)(const char*, const char*, size_t) = strncmp;
static char* (*volatile find_char)(const char*, int) = strchr;
static char* (*volatile find_char_or_end)(const char*, int) = strchrnul;
static char* (*volatile find_last_char)(const char*, int) = strrchr;
static char* (*volatile copy_text)(char*, const char*) = strcpy;
static char* (*volatile copy_text_to_end)(char*, const char*) = stpcpy;

enum { room = 2048, around = 64, longest = 700 };
static unsigned char into[room], from[room], wanted[room];

static uint64_t sum = 1469598103934665603u;
static void add(long long value) {
    sum = (sum ^ (uint64_t)value) * 1099511628211u;
}
static void report(const char* what) {
    printf("%s: %llx\n", what, (unsigned long long)sum);
    sum = 1469598103934665603u;
}
static int sign(int order) {
    return (order > 0) - (order < 0);
}

static void prepare(void) {
    size_t i;
    for (i = 0; i < room; ++i) {
        from[i] = (unsigned char)(i * 37 + 11);
        into[i] = wanted[i] = (unsigned char)(i * 101 + 7);
    }
}
static void same(const char* what, size_t size, size_t a, size_t b) {
    size_t i;
    for (i = 0; i < room; ++i)
        if (into[i] != wanted[i]) printf("%s of %zu at %zu, %zu: byte %zu is %d\n", what, size, a, b, i, into[i]);
}
static size_t next_size(size_t size) {
    return size < 150 ? size + 1 : size + 41;
}

static void copies(void) {
    size_t size, a, b, i;
    for (size = 0; size < longest; size = next_size(size))
        for (a = 0; a < 17; a += size < 40 ? 1 : 5)
            for (b = 0; b < 17; b += size < 40 ? 3 : 7) {
                prepare();
                for (i = 0; i < size; ++i) wanted[around + a + i] = from[around + b + i];
                if (copy(into + around + a, from + around + b, size) != into + around + a) printf("memcpy gives something else\n");
                same("memcpy", size, a, b);
            }
    for (size = 0; size < longest; size = next_size(size))
        for (a = 0; a < 40; a += 3)
            for (b = 0; b < 40; b += 5) { /* over itself, forwards and backwards */
                prepare();
                for (i = 0; i < size; ++i) wanted[around + a + i] = into[around + b + i];
                move(into + around + a, into + around + b, size);
                same("memmove", size, a, b);
            }
    for (size = 0; size < longest; size = next_size(size))
        for (a = 0; a < 17; ++a) {
            prepare();
            for (i = 0; i < size; ++i) wanted[around + a + i] = (unsigned char)(size + 200);
            fill(into + around + a, (int)size + 200, size);
            same("memset", size, a, 0);
        }
}

static void comparisons(void) {
    size_t size, a, at;
    for (size = 0; size < 300; size = next_size(size))
        for (a = 0; a < 17; a += 4)
            for (at = 0; at <= size; at += size < 40 ? 1 : 13) { /* the first byte that differs; another one behind it */
                prepare();
                copy(into + a, from + 5, size);
                if (at < size) into[a + at] ^= 0x81;
                if (at + 3 < size) into[a + at + 3] ^= 0x40;
                add(sign(compare(into + a, from + 5, size)));
            }
    report("memcmp");
    for (size = 0; size < 120; ++size)
        for (a = 0; a < 17; ++a) {
            char *left = (char*)into + a, *right = (char*)from + 3;
            fill(into, 'x', room);
            fill(from, 'x', room);
            left[size] = right[size] = '\0';
            left[size + 1] = 'a', right[size + 1] = 'b'; /* behind the end */
            add(compare_texts(left, right));
            for (at = 0; at < size + 3; at += 3) add(sign(compare_most(left, right, at)));
            if (size > 2) {
                left[size / 2] = (char)200;
                add(sign(compare_texts(left, right))), add(sign(compare_texts(right, left)));
                add(sign(compare_most(left, right, size / 2))), add(sign(compare_most(left, right, size)));
                left[size / 2] = '\0';
                add(sign(compare_texts(left, right))), add(sign(compare_most(left, right, SIZE_MAX)));
            }
        }
    report("strcmp, strncmp");
}

static void searches(void) {
    size_t size, a, at;
    for (size = 0; size < 100; ++size)
        for (a = 0; a < 17; ++a)
            for (at = 0; at < size + 20; at += 3) {
                unsigned char* begin = into + around + a;
                const unsigned char* found;
                fill(into, 'x', room);
                begin[-1] = 'y', begin[at] = 'y', begin[at + 2] = 'y';
                found = find(begin, 256 + 'y', size);
                add(found ? found - begin : -1);
                found = find_last(begin, 'y', size);
                add(found ? found - begin : -1);
                found = find(begin, 'y', SIZE_MAX); /* it is there */
                add(found - begin);
            }
    report("memchr, memrchr");
    for (size = 0; size < 100; ++size)
        for (a = 0; a < 17; ++a) {
            char *text = (char*)into + around + a, *found;
            fill(into, 'x', room);
            text[size] = '\0', text[-1] = '\0';
            add((long long)length(text)), add((long long)length_of_most(text, size / 2)), add((long long)length_of_most(text, SIZE_MAX));
            text[-1] = text[size / 2] = text[size / 3] = text[size + 1] = 'y';
            text[size] = '\0';
            found = find_char(text, 'y'), add(found ? found - text : -1);
            found = find_char(text, '\0'), add(found ? found - text : -1);
            found = find_char(text, 'z'), add(found ? found - text : -1);
            found = find_last_char(text, 'y'), add(found ? found - text : -1);
            found = find_last_char(text, '\0'), add(found ? found - text : -1);
            add(find_char_or_end(text, 'y') - text), add(find_char_or_end(text, 'z') - text);
            fill(from, '#', room);
            add(copy_text((char*)from + a, text) - (char*)from), add(copy_text_to_end((char*)from + 200 + a, text) - (char*)from);
            for (at = 0; at < 400; ++at) add(from[at]);
        }
    report("strlen, strnlen, strchr, strrchr, strcpy, stpcpy");
}

/* No function touches a byte behind the last one. */
static void ends(void) {
    unsigned char* const end = end_of_memory();
    size_t size, other;
    for (size = 1; size < 200; ++size) {
        char* text = (char*)end - size;
        fill(end - size, 'q', size);
        add((long long)length_of_most(text, size)), add(find(text, 'z', size) == NULL), add(find_last(text, 'z', size) == NULL);
        copy(from, text, size), move(end - size, from, size);
        add(compare(text, from, size));
        end[-1] = '\0';
        from[size - 1] = '\0';
        add((long long)length(text)), add(compare_texts(text, (char*)from)), add(compare_most(text, (char*)from, size + 9));
        add(find_char(text, 'z') == NULL), add(find_last_char(text, 'q') != NULL), add(find_char_or_end(text, 'z') - text);
        copy_text((char*)into, text);
        add(compare_texts((char*)into, text)), add(copy_text_to_end(text, (char*)from) - text);
        for (other = 1; other < size; other += 7) { /* both near it */
            end[-1] = '\0';
            add(sign(compare_texts(text, (char*)end - other))), add(sign(compare_texts((char*)end - other, text)));
        }
    }
    report("at the end of memory");
}

int main(void) {
    copies();
    comparisons();
    searches();
    ends();
    return 0;
}
