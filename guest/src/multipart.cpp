#include "http_syntax.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <hws/multipart.hpp>
#include <hws/quote.hpp>
#include <unistd.h>
#include <utility>

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

void Multipart::append(std::span<const std::byte> bytes) {
    if (pieces_.empty() || !std::holds_alternative<std::vector<std::byte>>(pieces_.back()))
        pieces_.emplace_back(std::vector<std::byte>());
    auto& last = std::get<std::vector<std::byte>>(pieces_.back());
    last.insert(last.end(), bytes.begin(), bytes.end());
}

void Multipart::begin_part(std::string_view name) {
    append("--" + boundary_ + "\r\nContent-Disposition: form-data; name=" + in_quotes(name));
}

void Multipart::begin_file(std::string_view name, std::string_view file_name,
                           std::string_view content_type) {
    if (!guest::is_field_value(content_type) && first_mistake_.empty())
        first_mistake_ = "multipart: content type " + quote(content_type);
    begin_part(name);
    append("; filename=" + in_quotes(file_name));
    if (!content_type.empty()) append("\r\nContent-Type: " + std::string(content_type));
    append("\r\n\r\n");
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
    begin_file(name, file_name, content_type);
    append(content);
    append("\r\n");
    return *this;
}

Multipart& Multipart::file_from(std::string_view name, std::string_view file_name,
                                std::string_view content_type, BodySource content,
                                std::optional<std::uint64_t> bytes) {
    begin_file(name, file_name, content_type);
    pieces_.emplace_back(Source{std::move(content), bytes});
    append("\r\n");
    return *this;
}

std::string Multipart::content_type() const {
    return "multipart/form-data; boundary=" + boundary_;
}

std::string Multipart::last_line() const {
    return "--" + boundary_ + "--\r\n";
}

bool Multipart::has_source() const {
    return std::ranges::any_of(
        pieces_, [](const Piece& piece) { return std::holds_alternative<Source>(piece); });
}

std::optional<std::uint64_t> Multipart::body_bytes() const {
    std::uint64_t all = last_line().size();
    for (const Piece& piece : pieces_) {
        const auto* source = std::get_if<Source>(&piece);
        if (source && !source->bytes) return std::nullopt;
        all += source ? *source->bytes : std::get<std::vector<std::byte>>(piece).size();
    }
    return all;
}

class Multipart::PieceReader {
public:
    explicit PieceReader(Multipart form) : form_(std::move(form)) { form_.append(form_.last_line()); }

    Result<std::size_t> operator()(std::span<std::byte> into) {
        if (!form_.first_mistake_.empty()) return fail(Errc::invalid_argument, form_.first_mistake_);
        for (; at_ < form_.pieces_.size(); ++at_, taken_ = 0) {
            HWS_TRY(const std::size_t count, read(form_.pieces_[at_], into));
            taken_ += count;
            if (count > 0) return count;
        }
        return 0;
    }

private:
    Result<std::size_t> read(Piece& piece, std::span<std::byte> into) {
        if (const auto* bytes = std::get_if<std::vector<std::byte>>(&piece)) {
            const std::size_t count =
                std::min(into.size(), bytes->size() - static_cast<std::size_t>(taken_));
            std::copy_n(bytes->begin() + static_cast<std::ptrdiff_t>(taken_), count, into.begin());
            return count;
        }
        Source& source = std::get<Source>(piece);
        HWS_TRY(const std::size_t count, source.give(into));
        const std::uint64_t all = taken_ + count;
        if (source.bytes && (count == 0 ? all != *source.bytes : all > *source.bytes))
            return fail(Errc::invalid_argument, "multipart: a source gives not as many bytes as said");
        return count;
    }

    Multipart form_;
    std::size_t at_ = 0;
    std::uint64_t taken_ = 0; // of that piece
};

BodySource Multipart::source() const {
    return PieceReader(*this);
}

Result<std::vector<std::byte>> Multipart::body() const {
    std::vector<std::byte> whole;
    PieceReader reader(*this);
    std::vector<std::byte> room(16 << 10);
    while (true) {
        HWS_TRY(const std::size_t count, reader(room));
        if (count == 0) return whole;
        whole.insert(whole.end(), room.begin(), room.begin() + static_cast<std::ptrdiff_t>(count));
    }
}

} // namespace hws::http
