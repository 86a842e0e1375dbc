#include "base64.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace hws::guest {

namespace {

constexpr std::uint8_t not_a_digit = 0xff;
constexpr std::string_view digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<std::uint8_t, 256> digit_values = [] {
    std::array<std::uint8_t, 256> values{};
    values.fill(not_a_digit);
    for (std::uint8_t i = 0; i < 64; ++i)
        values[static_cast<unsigned char>(digits[i])] = i;
    return values;
}();

} // namespace

std::optional<std::vector<std::byte>> decode_base64(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    std::size_t padding = 0;
    while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=')
        ++padding;
    const std::size_t digit_count = text.size() - padding;

    std::vector<std::byte> bytes(text.size() / 4 * 3 - padding);
    std::byte* out = bytes.data();
    const auto value_at = [&](std::size_t i) {
        return std::uint32_t{digit_values[static_cast<unsigned char>(text[i])]};
    };
    // What is no digit has bits above the six: looked at once, behind the loop.
    std::uint32_t all = 0;
    std::size_t i = 0;
    for (; i + 4 <= digit_count; i += 4, out += 3) {
        const std::uint32_t a = value_at(i), b = value_at(i + 1), c = value_at(i + 2),
                            d = value_at(i + 3);
        all |= a | b | c | d;
        out[0] = static_cast<std::byte>(a << 2 | b >> 4);
        out[1] = static_cast<std::byte>(b << 4 | c >> 2);
        out[2] = static_cast<std::byte>(c << 6 | d);
    }
    if (padding > 0) {
        const std::uint32_t a = value_at(i), b = value_at(i + 1);
        const std::uint32_t c = padding == 1 ? value_at(i + 2) : 0;
        all |= a | b | c;
        out[0] = static_cast<std::byte>(a << 2 | b >> 4);
        if (padding == 1) out[1] = static_cast<std::byte>(b << 4 | c >> 2);
    }
    if (all >= 64) return std::nullopt;
    return bytes;
}

std::string encode_base64(std::span<const std::byte> bytes) {
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const auto group_bytes = bytes.subspan(i, std::min<std::size_t>(3, bytes.size() - i));
        std::uint32_t group = 0;
        for (std::size_t j = 0; j < 3; ++j)
            group = group << 8 |
                    (j < group_bytes.size() ? std::to_integer<std::uint32_t>(group_bytes[j]) : 0);
        for (std::size_t j = 0; j < 4; ++j)
            text += j <= group_bytes.size() ? digits[group >> (18 - 6 * j) & 63] : '=';
    }
    return text;
}

} // namespace hws::guest
