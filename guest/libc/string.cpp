// strlen and its kin in place of wasi-libc's, by 16 bytes at a time. Weak, as a program may bring its own.
#include "libc/vector.hpp"

using namespace hws::libc;

extern "C" {
void* memcpy(void* into, const void* from, std::size_t size);
void* memchr(const void* in, int byte, std::size_t size);
void* __memrchr(const void* in, int byte, std::size_t size);
}

namespace {

using Byte = unsigned char;

inline const Byte* bytes_of(const char* text) { return reinterpret_cast<const Byte*>(text); }
inline char* text_of(const Byte* bytes) { return const_cast<char*>(reinterpret_cast<const char*>(bytes)); }

inline std::size_t length_of(const char* text) {
    const v128_t zero = wasm_i8x16_const_splat(0);
    const Byte* const end = find_first(bytes_of(text), [zero](v128_t bytes) { return matches(bytes, zero); });
    return static_cast<std::size_t>(end - bytes_of(text));
}

/// The first `wanted`, or the end of the text.
inline const Byte* find_or_end(const char* text, Byte wanted) {
    const v128_t zero = wasm_i8x16_const_splat(0);
    const v128_t sixteen = wasm_u8x16_splat(wanted);
    return find_first(bytes_of(text), [=](v128_t bytes) {
        return wasm_i8x16_bitmask(wasm_v128_or(wasm_i8x16_eq(bytes, sixteen), wasm_i8x16_eq(bytes, zero)));
    });
}

// Memory grows by these, so that what does not cross the end of one is in memory as a whole.
constexpr std::uintptr_t page_bytes = 65536;
inline bool is_within_page(const Byte* at) {
    return (reinterpret_cast<std::uintptr_t>(at) & (page_bytes - 1)) <= page_bytes - 16;
}

inline int compare(const Byte* a, const Byte* b, std::size_t most) {
    const v128_t zero = wasm_i8x16_const_splat(0);
    std::size_t at = 0;
    while (at < most) {
        if (is_within_page(a + at) && is_within_page(b + at)) {
            const v128_t left = load<v128_t>(a + at);
            const v128_t same = wasm_i8x16_eq(left, load<v128_t>(b + at));
            // Bits are 0 where the texts differ or both end.
            const std::uint32_t goes_on = wasm_i8x16_bitmask(wasm_v128_andnot(same, wasm_i8x16_eq(left, zero)));
            if (goes_on != 0xffff) {
                at += static_cast<std::size_t>(__builtin_ctz(~goes_on));
                return at < most ? a[at] - b[at] : 0;
            }
            at += 16;
        } else {
            if (a[at] != b[at] || a[at] == 0) return a[at] - b[at];
            ++at;
        }
    }
    return 0;
}

inline char* copy(char* into, const char* from) {
    const std::size_t length = length_of(from);
    memcpy(into, from, length + 1);
    return into + length;
}

} // namespace

extern "C" {

[[gnu::weak]] std::size_t strlen(const char* text) { return length_of(text); }

[[gnu::weak]] std::size_t strnlen(const char* text, std::size_t most) {
    const void* const end = memchr(text, 0, most);
    return end ? static_cast<std::size_t>(static_cast<const char*>(end) - text) : most;
}

[[gnu::weak]] int strcmp(const char* a, const char* b) { return compare(bytes_of(a), bytes_of(b), SIZE_MAX); }

[[gnu::weak]] int strncmp(const char* a, const char* b, std::size_t most) {
    return compare(bytes_of(a), bytes_of(b), most);
}

[[gnu::weak]] char* strchr(const char* text, int wanted) {
    const Byte* const found = find_or_end(text, static_cast<Byte>(wanted));
    return *found == static_cast<Byte>(wanted) ? text_of(found) : nullptr;
}

[[gnu::weak]] char* __strchrnul(const char* text, int wanted) {
    return text_of(find_or_end(text, static_cast<Byte>(wanted)));
}

[[gnu::weak]] char* strchrnul(const char* text, int wanted) {
    return text_of(find_or_end(text, static_cast<Byte>(wanted)));
}

[[gnu::weak]] char* strrchr(const char* text, int wanted) {
    return static_cast<char*>(__memrchr(text, wanted, length_of(text) + 1));
}

[[gnu::weak]] char* strcpy(char* into, const char* from) {
    copy(into, from);
    return into;
}

[[gnu::weak]] char* __stpcpy(char* into, const char* from) { return copy(into, from); }

[[gnu::weak]] char* stpcpy(char* into, const char* from) { return copy(into, from); }

} // extern "C"
