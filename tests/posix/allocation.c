/* malloc and its kin: blocks of many sizes live and grow side by side, and none touches another. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* By pointers, so that the compiler does not leave them out. */
static void* (*volatile give)(size_t) = malloc;
static void* (*volatile give_zeros)(size_t, size_t) = calloc;
static void* (*volatile grow)(void*, size_t) = realloc;
static void (*volatile take_back)(void*) = free;

enum { blocks = 700, turns = 200000 };
static struct {
    unsigned char* at;
    size_t size;
    unsigned char mark;
} block[blocks];

#ifndef __has_feature
#define __has_feature(name) 0
#endif
#if __has_feature(address_sanitizer) || defined(__SANITIZE_ADDRESS__)
enum { may_ask_too_much = 0 }; /* which a sanitizer ends the program for */
#else
enum { may_ask_too_much = 1 };
#endif

static uint32_t state = 12345;
static uint32_t any(uint32_t below) {
    state = state * 1664525u + 1013904223u;
    return (state >> 8) % below;
}
static void die(const char* what, size_t i) {
    printf("%s: block %zu of %zu bytes\n", what, i, block[i].size);
    exit(1);
}
static void check(size_t i, size_t size) {
    size_t k;
    for (k = 0; k < size; ++k)
        if (block[i].at[k] != block[i].mark) die("not what was written", i);
}
static void mark(size_t i) {
    block[i].mark = (unsigned char)any(256);
    if (block[i].size) memset(block[i].at, block[i].mark, block[i].size);
}
static size_t any_size(void) {
    switch (any(8)) {
    case 0:
        return any(4);
    case 1:
        return 200 + any(120); /* about the largest that are kept */
    case 2:
        return any(5000);
    default:
        return any(70);
    }
}

int main(void) {
    size_t i, k, turn;
    void* all[100];
    char *text, *line = NULL;
    for (turn = 0; turn < turns; ++turn) {
        i = any(blocks);
        if (!block[i].at) {
            block[i].size = any_size();
            switch (any(3)) {
            case 0:
                block[i].at = give_zeros(1, block[i].size);
                block[i].mark = 0;
                check(i, block[i].size);
                break;
            case 1:
                if (posix_memalign((void**)&block[i].at, (size_t)16 << any(4), block[i].size) != 0) die("no memory", i);
                break;
            default:
                block[i].at = give(block[i].size);
            }
            if (!block[i].at || (uintptr_t)block[i].at % 16 != 0) die("no memory, or at an odd place", i);
            mark(i);
        } else if (any(3) == 0) {
            const size_t size = any_size() + 1, before = block[i].size;
            unsigned char* const at = grow(block[i].at, size);
            if (!at) die("no memory to grow", i);
            block[i].at = at, block[i].size = size;
            check(i, size < before ? size : before);
            mark(i);
        } else {
            check(i, block[i].size);
            take_back(block[i].at);
            block[i].at = NULL;
        }
    }
    for (i = 0; i < blocks; ++i) {
        if (block[i].at) check(i, block[i].size);
        take_back(block[i].at);
    }
    printf("%d turns\n", turns);

    for (k = 0; k < 100; ++k) all[k] = give(40); /* more than are kept */
    for (k = 0; k < 100; ++k) take_back(all[k]);
    for (k = 0; k < 100; ++k) memset(all[k] = give_zeros(4, 10), (int)k, 40);
    for (k = 0; k < 100; ++k) {
        if (*(unsigned char*)all[k] != k) printf("block %zu was given twice\n", k);
        take_back(all[k]);
    }
    if (may_ask_too_much) {
        errno = 0;
        if (give_zeros(SIZE_MAX / 4, 8) != NULL || errno != ENOMEM) printf("more than there is was given\n");
        errno = 0;
        if (give(SIZE_MAX - 100) != NULL || errno != ENOMEM) printf("far more than there is was given\n");
    }
    text = grow(NULL, 10), strcpy(text, "grown"), text = grow(text, 100000), text = grow(text, 7);
    printf("%s\n", text);
    take_back(text);

    /* What the C library gives is given back in the same way. */
    text = strdup("a copy"), printf("%s\n", text), take_back(text);
    if (asprintf(&text, "%d and %s", 42, "more") > 0) printf("%s\n", text), take_back(text);
    {
        size_t size = 0;
        FILE* stream = open_memstream(&text, &size);
        for (k = 0; k < 1000; ++k) fprintf(stream, "%zu,", k);
        fclose(stream);
        printf("%zu bytes\n", size);
        stream = fmemopen(text, size, "r");
        k = 0;
        printf("%ld bytes of a line\n", (long)getline(&line, &k, stream));
        fclose(stream), take_back(text), take_back(line);
    }
    return 0;
}
