#pragma once
/// Foreign text inside a message: in quotes, printable, short.

#include <cstddef>
#include <string>
#include <string_view>

namespace hws {

/// `text` in double quotes for one line of a message or log. What is not printable ASCII, and `"`
/// and `\`, is written
/// \xNN; what exceeds `max_chars` is cut off and replaced by `...`.
inline std::string quote(std::string_view text, std::size_t max_chars = 80) {
    constexpr char digits[] = "0123456789abcdef";
    std::string out = "\"";
    for (char c : text.substr(0, max_chars)) {
        auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte > 0x7e || c == '"' || c == '\\') {
            out += "\\x";
            out += digits[byte >> 4];
            out += digits[byte & 15];
        } else {
            out += c;
        }
    }
    out += text.size() > max_chars ? "...\"" : "\"";
    return out;
}

} // namespace hws
