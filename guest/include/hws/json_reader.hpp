#pragma once
/// `JsonReader`: JSON from left to right, value by value, without building a tree. Small where a
/// library for JSON is not: 3 KiB of wasm. It is what the SDK itself reads the host's answers with.
///
///     hws::JsonReader json(text);
///     json.enter_object();
///     while (auto key = json.next_key()) {
///         if (*key == "port")
///             port = json.read_integer();
///         else
///             json.skip_value();
///     }
///     if (!json.finish()) return hws::fail(hws::Errc::invalid_argument, "the input is not JSON");

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hws {

/// After the first mistake in the text every call returns an empty value at once, and `finish`
/// tells. The text must outlive the reader.
class JsonReader {
public:
    explicit JsonReader(std::string_view text) : text_(text) {}

    /// `null` is read as an object, or an array, with nothing in it: Go hosts write empty ones so.
    void enter_object() { enter('{'); }
    /// The next key of the object just being read; none when it ends.
    std::optional<std::string> next_key();
    /// The same without a copy where that is possible: a view of the text, or of `storage`.
    std::optional<std::string_view> next_key(std::string& storage);

    void enter_array() { enter('['); }
    /// Whether the array just being read has another value.
    bool next_element();

    /// A string without its escapes, as UTF-8. Half a surrogate pair becomes U+FFFD.
    std::string read_string();
    /// The same without a copy if the string has no escapes; else `storage` holds it.
    std::string_view read_string(std::string& storage);
    /// An integer; a number with fraction or exponent, or outside of 64 bits, is a mistake.
    std::int64_t read_integer();
    /// Any value, checked for nesting and strings.
    void skip_value();

    /// Whether all was well and nothing follows.
    bool finish();
    bool has_failed() const { return failed_; }

private:
    char peek();
    bool accept(char c);
    void expect(char c);
    void enter(char opening);
    void fail();
    void append_escape(std::string& out);
    std::uint32_t read_hex4();
    bool separator(char closing);

    std::string_view text_;
    std::size_t position_ = 0;
    bool first_ = false;
    bool null_ = false;
    bool failed_ = false;
};

/// `text` as a JSON string with its quotes. Bytes that are not UTF-8 go through as they are.
std::string json_string(std::string_view text);

} // namespace hws
