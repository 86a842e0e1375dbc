#pragma once
/// Memory in pieces of up to 16 bytes, at any address.

#include <cstddef>
#include <cstdint>
#include <wasm_simd128.h>

namespace hws::libc {

/// An integer, a `v128_t` or an array of these in a struct.
template <class Piece> inline Piece load(const void* from) {
    Piece piece;
    __builtin_memcpy(&piece, from, sizeof(Piece));
    return piece;
}
template <class Piece> inline void store(void* into, const Piece& piece) {
    __builtin_memcpy(into, &piece, sizeof(Piece));
}

/// Bit i is set where byte i of both is the same.
inline std::uint32_t matches(v128_t a, v128_t b) { return wasm_i8x16_bitmask(wasm_i8x16_eq(a, b)); }

/// Goes through memory by aligned pieces of 16 bytes, which are in memory as a whole or not at all: what stands before and
/// behind the bytes that are meant can be read, and is left out of the answer.
class AlignedPieces {
public:
    explicit AlignedPieces(const unsigned char* at)
        : piece_(at - (reinterpret_cast<std::uintptr_t>(at) & 15)),
          wanted_(0xffffu << (reinterpret_cast<std::uintptr_t>(at) & 15)) {}

    const unsigned char* piece() const { return piece_; }
    v128_t bytes() const { return wasm_v128_load(piece_); }
    /// Of these bits of the piece those that do not stand before the beginning
    std::uint32_t wanted(std::uint32_t bits) const { return bits & wanted_; }
    void advance() {
        piece_ += 16;
        wanted_ = 0xffff;
    }

private:
    const unsigned char* piece_;
    std::uint32_t wanted_;
};

/// The first byte from `at` on of which `bits_of(sixteen bytes)` sets the bit.
template <class BitsOf> inline const unsigned char* find_first(const unsigned char* at, BitsOf bits_of) {
    for (AlignedPieces pieces(at);; pieces.advance())
        if (const std::uint32_t found = pieces.wanted(bits_of(pieces.bytes())))
            return pieces.piece() + __builtin_ctz(found);
}

} // namespace hws::libc
