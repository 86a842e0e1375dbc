#include "core/utf8.hpp"

#include <doctest/doctest.h>
#include <string_view>

using hws::host::core::Utf8Check;

namespace {

bool is_valid(std::string_view text) {
    Utf8Check check;
    return check.take(std::as_bytes(std::span(text))) && check.is_complete();
}

} // namespace

TEST_CASE("UTF-8 is what RFC 3629 has, and nothing longer, beyond or between") {
    for (const std::string_view good :
         {"", "plain text, longer than eight bytes", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80",
          "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf",
          "12345678\xe2\x82\xac"
          "12345678"})
        CHECK_MESSAGE(is_valid(good), good);
    for (const std::string_view bad :
         {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2\x7f", "\xc2\xc0", "\xe0\x9f\xbf",
          "\xe0\xa0", "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80",
          "\xf5\x80\x80\x80", "\xff",
          "12345678\xff"
          "12345678",
          "\xe2\x82\x41"})
        CHECK_FALSE(is_valid(bad));
}

TEST_CASE("UTF-8 may be cut anywhere, and only the whole must be complete") {
    const std::string_view text = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z";
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        Utf8Check check;
        CHECK(check.take(std::as_bytes(std::span(text.substr(0, cut)))));
        CHECK(check.take(std::as_bytes(std::span(text.substr(cut)))));
        CHECK(check.is_complete());
    }
    Utf8Check check;
    CHECK(check.take(std::as_bytes(std::span(std::string_view("\xf0\x9f")))));
    CHECK_FALSE(check.is_complete());
    CHECK_FALSE(check.take(std::as_bytes(std::span(std::string_view("a")))));
    CHECK_FALSE(check.take(std::as_bytes(std::span(std::string_view("a")))));
}
