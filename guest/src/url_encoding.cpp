#include "http_syntax.hpp"

#include <hws/url_encoding.hpp>

namespace hws::http {

namespace {

void append_percent(std::string& out, char c) {
    constexpr char digits[] = "0123456789ABCDEF";
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += digits[byte >> 4];
    out += digits[byte & 15];
}

void append_form_text(std::string& out, std::string_view text) {
    constexpr std::string_view marks = "*-._";
    for (char c : text) {
        if (c == ' ')
            out += '+';
        else if (guest::is_ascii_alphanumeric(c) || marks.contains(c))
            out += c;
        else
            append_percent(out, c);
    }
}

} // namespace

std::string form_encode(std::span<const FormField> fields) {
    std::string out;
    for (const auto& [name, value] : fields) {
        if (!out.empty()) out += '&';
        append_form_text(out, name);
        out += '=';
        append_form_text(out, value);
    }
    return out;
}

std::string percent_encode(std::string_view text) {
    constexpr std::string_view marks = "-._~";
    std::string out;
    for (char c : text) {
        if (guest::is_ascii_alphanumeric(c) || marks.contains(c))
            out += c;
        else
            append_percent(out, c);
    }
    return out;
}

} // namespace hws::http
