// memcpy and its kin in place of wasi-libc's, of which the copies are a call of the host (`memory.copy` is one in Wasmtime) and the
// searches go byte by byte. Weak, as a program may bring its own.
#include "libc/vector.hpp"

using namespace hws::libc;

namespace {

using Byte = unsigned char;

// Up to here a copy in place is as fast as the host's, whose call costs some 10 ns.
constexpr std::size_t longest_in_place = 128;

struct Two {
    v128_t part[2];
};
struct Four {
    v128_t part[4];
};

/// Pieces overlap instead of being counted: 20 bytes are the first 16 and the last 16. All are read before the first is written.
template <class Piece> inline void move_ends(Byte* into, const Byte* from, std::size_t size) {
    const auto first = load<Piece>(from);
    const auto last = load<Piece>(from + size - sizeof(Piece));
    store(into, first);
    store(into + size - sizeof(Piece), last);
}

inline void move(Byte* into, const Byte* from, std::size_t size) {
    if (size < 16) { // most are
        if (size >= 8) move_ends<std::uint64_t>(into, from, size);
        else if (size >= 4) move_ends<std::uint32_t>(into, from, size);
        else if (size >= 2) move_ends<std::uint16_t>(into, from, size);
        else if (size == 1) *into = *from;
    } else if (size <= 32) {
        move_ends<v128_t>(into, from, size);
    } else if (size <= 64) {
        move_ends<Two>(into, from, size);
    } else if (size <= longest_in_place) {
        move_ends<Four>(into, from, size);
    } else {
        __builtin_memmove(into, from, size); // the instruction
    }
}

template <class Piece> inline void fill_ends(Byte* into, const Piece& piece, std::size_t size) {
    store(into, piece);
    store(into + size - sizeof(Piece), piece);
}

inline void fill(Byte* into, Byte byte, std::size_t size) {
    const std::uint64_t eight = byte * std::uint64_t{0x0101010101010101};
    const v128_t sixteen = wasm_u8x16_splat(byte);
    if (size < 16) {
        if (size >= 8) fill_ends(into, eight, size);
        else if (size >= 4) fill_ends(into, static_cast<std::uint32_t>(eight), size);
        else if (size >= 2) fill_ends(into, static_cast<std::uint16_t>(eight), size);
        else if (size == 1) *into = byte;
    } else if (size <= 32) {
        fill_ends(into, sixteen, size);
    } else if (size <= 64) {
        fill_ends(into, Two{{sixteen, sixteen}}, size);
    } else if (size <= longest_in_place) {
        fill_ends(into, Four{{sixteen, sixteen, sixteen, sixteen}}, size);
    } else {
        __builtin_memset(into, byte, size); // the instruction
    }
}

/// The order of the first bytes that differ, 0 if none does.
template <class Piece> inline int order_of(const Byte* a, const Byte* b) {
    const Piece different = load<Piece>(a) ^ load<Piece>(b);
    if (different == 0) return 0;
    const auto at = static_cast<std::size_t>(__builtin_ctzg(different)) / 8;
    return a[at] - b[at];
}
template <> inline int order_of<v128_t>(const Byte* a, const Byte* b) {
    const std::uint32_t different = matches(load<v128_t>(a), load<v128_t>(b)) ^ 0xffff;
    if (different == 0) return 0;
    const int at = __builtin_ctz(different);
    return a[at] - b[at];
}
template <class Piece> inline int order_of_ends(const Byte* a, const Byte* b, std::size_t size) {
    const int order = order_of<Piece>(a, b);
    return order ? order : order_of<Piece>(a + size - sizeof(Piece), b + size - sizeof(Piece));
}

inline int compare(const Byte* a, const Byte* b, std::size_t size) {
    for (; size > 32; a += 16, b += 16, size -= 16)
        if (const int order = order_of<v128_t>(a, b)) return order;
    if (size >= 16) return order_of_ends<v128_t>(a, b, size);
    if (size >= 8) return order_of_ends<std::uint64_t>(a, b, size);
    if (size >= 4) return order_of_ends<std::uint32_t>(a, b, size);
    for (; size > 0; ++a, ++b, --size)
        if (*a != *b) return *a - *b;
    return 0;
}

inline const Byte* find(const Byte* in, Byte byte, std::size_t size) {
    if (size == 0) return nullptr;
    const v128_t wanted = wasm_u8x16_splat(byte);
    for (AlignedPieces pieces(in);; pieces.advance()) {
        if (const std::uint32_t found = pieces.wanted(matches(pieces.bytes(), wanted))) {
            const Byte* const at = pieces.piece() + __builtin_ctz(found);
            return static_cast<std::size_t>(at - in) < size ? at : nullptr;
        }
        // Counted and not compared with an end, as callers who know that the byte is there say SIZE_MAX.
        if (static_cast<std::size_t>(pieces.piece() + 16 - in) >= size) return nullptr;
    }
}

inline const Byte* find_last(const Byte* in, Byte byte, std::size_t size) {
    const v128_t wanted = wasm_u8x16_splat(byte);
    for (; size >= 16; size -= 16)
        if (const std::uint32_t found = matches(load<v128_t>(in + size - 16), wanted))
            return in + size - 16 + (31 - __builtin_clz(found));
    while (size > 0)
        if (in[--size] == byte) return in + size;
    return nullptr;
}

} // namespace

extern "C" {

[[gnu::weak]] void* memcpy(void* into, const void* from, std::size_t size) {
    move(static_cast<Byte*>(into), static_cast<const Byte*>(from), size);
    return into;
}

[[gnu::weak]] void* memmove(void* into, const void* from, std::size_t size) {
    move(static_cast<Byte*>(into), static_cast<const Byte*>(from), size);
    return into;
}

[[gnu::weak]] void* memset(void* into, int byte, std::size_t size) {
    fill(static_cast<Byte*>(into), static_cast<Byte>(byte), size);
    return into;
}

[[gnu::weak]] int memcmp(const void* a, const void* b, std::size_t size) {
    return compare(static_cast<const Byte*>(a), static_cast<const Byte*>(b), size);
}

[[gnu::weak]] int bcmp(const void* a, const void* b, std::size_t size) {
    return compare(static_cast<const Byte*>(a), static_cast<const Byte*>(b), size);
}

[[gnu::weak]] void* memchr(const void* in, int byte, std::size_t size) {
    return const_cast<Byte*>(find(static_cast<const Byte*>(in), static_cast<Byte>(byte), size));
}

[[gnu::weak]] void* __memrchr(const void* in, int byte, std::size_t size) {
    return const_cast<Byte*>(find_last(static_cast<const Byte*>(in), static_cast<Byte>(byte), size));
}

[[gnu::weak]] void* memrchr(const void* in, int byte, std::size_t size) {
    return const_cast<Byte*>(find_last(static_cast<const Byte*>(in), static_cast<Byte>(byte), size));
}

} // extern "C"
