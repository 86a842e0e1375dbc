#include "http_syntax.hpp"

#include <array>
#include <cstdint>
#include <cstdlib>
#include <hws/multipart.hpp>
#include <hws/quote.hpp>
#include <unistd.h>

namespace hws::http {

namespace {

std::string random_boundary() {
    std::array<std::uint8_t, 16> random;
    // Fails only for more than 256 bytes; without a random source there is no boundary to trust.
    if (::getentropy(random.data(), random.size()) != 0) std::abort();
    constexpr char digits[] = "0123456789abcdef";
    std::string boundary = "hws-";
    for (std::uint8_t byte : random) {
        boundary += digits[byte >> 4];
        boundary += digits[byte & 15];
    }
    return boundary;
}

// Only what would end the quoted text or the line: everything else stands as it is, in UTF-8.
std::string in_quotes(std::string_view text) {
    std::string out = "\"";
    for (char c : text) {
        if (c == '"')
            out += "%22";
        else if (c == '\r')
            out += "%0D";
        else if (c == '\n')
            out += "%0A";
        else
            out += c;
    }
    return out + '"';
}

} // namespace

Multipart::Multipart() : boundary_(random_boundary()) {}

void Multipart::append(std::string_view text) {
    const auto bytes = bytes_of(text);
    parts_.insert(parts_.end(), bytes.begin(), bytes.end());
}

void Multipart::begin_part(std::string_view name) {
    append("--" + boundary_ + "\r\nContent-Disposition: form-data; name=" + in_quotes(name));
}

Multipart& Multipart::text(std::string_view name, std::string_view value) {
    begin_part(name);
    append("\r\n\r\n");
    append(value);
    append("\r\n");
    return *this;
}

Multipart& Multipart::file(std::string_view name, std::string_view file_name,
                           std::string_view content_type, std::span<const std::byte> content) {
    if (!guest::is_field_value(content_type) && first_mistake_.empty())
        first_mistake_ = "multipart: content type " + quote(content_type);
    begin_part(name);
    append("; filename=" + in_quotes(file_name));
    if (!content_type.empty()) append("\r\nContent-Type: " + std::string(content_type));
    append("\r\n\r\n");
    parts_.insert(parts_.end(), content.begin(), content.end());
    append("\r\n");
    return *this;
}

std::string Multipart::content_type() const {
    return "multipart/form-data; boundary=" + boundary_;
}

Result<std::vector<std::byte>> Multipart::body() const {
    if (!first_mistake_.empty()) return fail(Errc::invalid_argument, first_mistake_);
    std::vector<std::byte> whole = parts_;
    const auto end = "--" + boundary_ + "--\r\n";
    const auto bytes = bytes_of(end);
    whole.insert(whole.end(), bytes.begin(), bytes.end());
    return whole;
}

} // namespace hws::http
