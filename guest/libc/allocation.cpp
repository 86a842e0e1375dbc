// malloc and its kin with some small blocks kept at hand, in front of wasi-libc's dlmalloc. hws-cc has the linker pass calls of malloc
// to __wrap_malloc, and ours of __real_malloc to the C library's, or to those that a program brings along.
//
// A block is always one of theirs: what is not kept goes back there, and it does not matter who gave it.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>

extern "C" {
void* __real_malloc(std::size_t size);
void* __real_realloc(void* block, std::size_t size);
void* __real_calloc(std::size_t count, std::size_t size);
void __real_free(void* block);
// Weak, as a program that brings its own malloc need not have it: then nothing is kept.
[[gnu::weak]] std::size_t malloc_usable_size(void* block);
}

namespace {

// As dlmalloc's blocks are, whose size it keeps in 4 bytes of each.
constexpr std::size_t step = 16;
constexpr std::size_t own_bytes = 4;
constexpr std::size_t classes = 17;
constexpr std::size_t largest = (classes - 1) * step - own_bytes;
// A block that is kept cannot become part of a larger one: at most 34 KiB in all classes together.
constexpr std::uint32_t most_kept = 16;

struct Kept {
    Kept* next;
};
struct Class {
    Kept* first;
    std::uint32_t count;
};
// By size: those of class i have i * step - own_bytes bytes or more.
Class kept[classes];

/// The class of which every block has that many bytes
inline std::size_t class_for(std::size_t size) { return (size + own_bytes + step - 1) / step; }
/// The class that a block of that many bytes is good for
inline std::size_t class_of(std::size_t usable) { return (usable + own_bytes) / step; }

/// 0: not known, or free already
inline std::size_t usable_size(void* block) { return &malloc_usable_size ? malloc_usable_size(block) : 0; }
inline bool is_small(std::size_t usable) { return usable >= step - own_bytes && usable <= largest; }

inline void* allocate(std::size_t size) {
    if (size > largest) return __real_malloc(size);
    Class& one = kept[class_for(size)];
    Kept* const block = one.first;
    if (!block) return __real_malloc(class_for(size) * step - own_bytes);
    one.first = block->next;
    --one.count;
    return block;
}

inline void give_back(void* block, std::size_t usable) {
    Class& one = kept[is_small(usable) ? class_of(usable) : 0];
    if (!is_small(usable) || one.count == most_kept) return __real_free(block);
    if (block == one.first) __builtin_trap(); // given back twice
    one.first = new (block) Kept{one.first};
    ++one.count;
}

} // namespace

extern "C" {

void* __wrap_malloc(std::size_t size) { return allocate(size); }

void __wrap_free(void* block) {
    if (block) give_back(block, usable_size(block));
}

void* __wrap_calloc(std::size_t count, std::size_t size) {
    std::size_t bytes = 0;
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > largest) return __real_calloc(count, size);
    void* const block = allocate(bytes);
    if (block) std::memset(block, 0, bytes);
    return block;
}

void* __wrap_realloc(void* block, std::size_t size) {
    if (!block) return allocate(size);
    const std::size_t usable = usable_size(block);
    if (size > largest || !is_small(usable)) return __real_realloc(block, size);
    // It stays where it is, unless more than half of it would be wasted.
    if (size <= usable && class_for(size) * 2 >= class_of(usable)) return block;
    void* const other = allocate(size);
    if (!other) return nullptr;
    std::memcpy(other, block, size < usable ? size : usable);
    give_back(block, usable);
    return other;
}

} // extern "C"
