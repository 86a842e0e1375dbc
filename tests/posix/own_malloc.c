/* A program that brings its own malloc: it is the one that is called, by the C library as well. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Alignas(16) char room[1 << 20];
static size_t used;
static int calls;

void* malloc(size_t size) {
    char* const block = room + used + 16;
    const size_t bytes = (size + 31) / 16 * 16;
    if (bytes < size || bytes > sizeof room - used) return NULL;
    ++calls, used += bytes;
    *(size_t*)(void*)(block - 16) = size;
    return block;
}
void free(void* block) {
    (void)block;
}
void* calloc(size_t count, size_t size) { /* what was never used is 0 */
    return malloc(count * size);
}
void* realloc(void* block, size_t size) {
    char* const other = malloc(size);
    if (other && block) {
        const size_t before = *(size_t*)(void*)((char*)block - 16);
        size_t i;
        for (i = 0; i < size && i < before; ++i) other[i] = ((char*)block)[i];
    }
    return other;
}

static char* (*volatile copy)(const char*) = strdup;

int main(void) {
    char *one = copy("of its own"), *two;
    int before = calls;
    one = realloc(one, 400);
    printf("%s: %d %d\n", one, before > 0, calls > before && one >= room && one < room + sizeof room);
    free(one);
    two = copy("another");
    printf("%s: %d\n", two, two != one);
    return 0;
}
