#include <charconv>
#include <cstring>
#include <hws/json_reader.hpp>

namespace hws {

namespace {

// An answer of the host is at most an array in an object; what is deeper is skipped, and this deep
// it is a mistake.
constexpr int max_depth = 64;

void append_utf8(std::string& out, std::uint32_t point) {
    auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
    if (point < 0x80) {
        put(point);
    } else if (point < 0x800) {
        put(0xc0 | point >> 6);
        put(0x80 | (point & 0x3f));
    } else if (point < 0x10000) {
        put(0xe0 | point >> 12);
        put(0x80 | (point >> 6 & 0x3f));
        put(0x80 | (point & 0x3f));
    } else {
        put(0xf0 | point >> 18);
        put(0x80 | (point >> 12 & 0x3f));
        put(0x80 | (point >> 6 & 0x3f));
        put(0x80 | (point & 0x3f));
    }
}

/// How many of the first bytes can stand in a string as they are: neither a quote, nor a backslash,
/// nor a control character. Eight at a time, since the host's answers bring whole bodies.
std::size_t plain_prefix(std::string_view text) {
    constexpr std::uint64_t ones = 0x0101010101010101, high = 0x8080808080808080;
    const auto has_zero = [](std::uint64_t word) { return (word - ones) & ~word & high; };
    const auto has_less_than_blank = [](std::uint64_t word) {
        return (word - ones * 0x20) & ~word & high;
    };
    std::size_t done = 0;
    for (; done + 8 <= text.size(); done += 8) {
        std::uint64_t word;
        std::memcpy(&word, text.data() + done, 8);
        if (has_zero(word ^ (ones * '"')) | has_zero(word ^ (ones * '\\')) |
            has_less_than_blank(word))
            break;
    }
    while (done < text.size() && text[done] != '"' && text[done] != '\\' &&
           static_cast<unsigned char>(text[done]) >= 0x20)
        ++done;
    return done;
}

bool is_literal_char(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '+' || c == '.';
}

} // namespace

void JsonReader::fail() {
    failed_ = true;
    position_ = text_.size();
}

char JsonReader::peek() {
    while (position_ < text_.size()) {
        const char c = text_[position_];
        if (c != ' ' && c != '\t' && c != '\n' && c != '\r') return c;
        ++position_;
    }
    return '\0';
}

bool JsonReader::accept(char c) {
    if (peek() != c || position_ == text_.size()) return false;
    ++position_;
    return true;
}

void JsonReader::expect(char c) {
    if (!accept(c)) fail();
}

void JsonReader::enter(char opening) {
    first_ = true;
    if (peek() == 'n' && text_.substr(position_, 4) == "null") {
        null_ = true;
        position_ += 4;
    } else {
        expect(opening);
    }
}

// Between two values: a comma, except before the first. Whether another value follows.
bool JsonReader::separator(char closing) {
    if (failed_) return false;
    const bool first = first_;
    first_ = false;
    if (null_) {
        null_ = false;
        return false;
    }
    if (accept(closing)) return false;
    if (!first && !accept(',')) {
        fail();
        return false;
    }
    return true;
}

std::optional<std::string> JsonReader::next_key() {
    std::string storage;
    const auto key = next_key(storage);
    if (!key) return std::nullopt;
    return std::string(*key);
}

std::optional<std::string_view> JsonReader::next_key(std::string& storage) {
    if (!separator('}')) return std::nullopt;
    const std::string_view key = read_string(storage);
    expect(':');
    if (failed_) return std::nullopt;
    return key;
}

bool JsonReader::next_element() {
    return separator(']');
}

std::string JsonReader::read_string() {
    std::string storage;
    return std::string(read_string(storage));
}

std::string_view JsonReader::read_string(std::string& storage) {
    if (!accept('"')) {
        fail();
        return {};
    }
    storage.clear();
    while (true) {
        const std::size_t plain = position_;
        position_ += plain_prefix(text_.substr(position_));
        if (position_ == text_.size() || static_cast<unsigned char>(text_[position_]) < 0x20) {
            fail();
            return {};
        }
        const std::string_view run = text_.substr(plain, position_ - plain);
        const char end = text_[position_++];
        if (end == '"') {
            if (storage.empty()) return run;
            storage += run;
            return storage;
        }
        storage += run;
        append_escape(storage);
        if (failed_) return {};
    }
}

void JsonReader::append_escape(std::string& out) {
    if (position_ == text_.size()) return fail();
    const char c = text_[position_++];
    switch (c) {
    case '"':
    case '\\':
    case '/':
        out += c;
        return;
    case 'b':
        out += '\b';
        return;
    case 'f':
        out += '\f';
        return;
    case 'n':
        out += '\n';
        return;
    case 'r':
        out += '\r';
        return;
    case 't':
        out += '\t';
        return;
    case 'u':
        break;
    default:
        return fail();
    }
    std::uint32_t point = read_hex4();
    if (point >= 0xd800 && point < 0xdc00 && text_.substr(position_, 2) == "\\u") {
        const std::size_t before = position_;
        position_ += 2;
        const std::uint32_t low = read_hex4();
        if (low >= 0xdc00 && low < 0xe000) {
            point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
        } else if (!failed_) {
            position_ = before;
        }
    }
    if (failed_) return;
    if (point >= 0xd800 && point < 0xe000) point = 0xfffd;
    append_utf8(out, point);
}

std::uint32_t JsonReader::read_hex4() {
    std::uint32_t value = 0;
    const std::string_view digits = text_.substr(position_, 4);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (error != std::errc() || digits.size() != 4 || end != digits.data() + 4) {
        fail();
        return 0;
    }
    position_ += 4;
    return value;
}

std::int64_t JsonReader::read_integer() {
    peek();
    std::int64_t value = 0;
    const char* begin = text_.data() + position_;
    const char* const all = text_.data() + text_.size();
    const auto [end, error] = std::from_chars(begin, all, value);
    if (error != std::errc() || (end != all && is_literal_char(*end))) {
        fail();
        return 0;
    }
    position_ += static_cast<std::size_t>(end - begin);
    return value;
}

void JsonReader::skip_value() {
    // A stack of closing brackets instead of recursion: the text decides the depth.
    char closing[max_depth];
    int depth = 0;
    std::string storage;
    do {
        const char c = peek();
        if (position_ == text_.size()) return fail();
        if (depth > 0 && c == closing[depth - 1]) {
            --depth;
            ++position_;
        } else if (c == '{' || c == '[') {
            if (depth == max_depth) return fail();
            closing[depth++] = c == '{' ? '}' : ']';
            ++position_;
        } else if (c == '"') {
            read_string(storage);
        } else if (depth > 0 && (c == ',' || c == ':')) {
            ++position_;
        } else if (is_literal_char(c)) {
            while (position_ < text_.size() && is_literal_char(text_[position_]))
                ++position_;
        } else {
            return fail();
        }
    } while (depth > 0 && !failed_);
    first_ = false;
}

bool JsonReader::finish() {
    peek();
    if (position_ != text_.size()) fail();
    return !failed_;
}

std::string json_string(std::string_view text) {
    constexpr char digits[] = "0123456789abcdef";
    std::string out;
    out.reserve(text.size() + 2);
    out += '"';
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (byte < 0x20) {
            out += "\\u00";
            out += digits[byte >> 4];
            out += digits[byte & 15];
        } else {
            out += c;
        }
    }
    out += '"';
    return out;
}

} // namespace hws
