#include <doctest/doctest.h>
#include <hws/url_encoding.hpp>
#include <vector>

using hws::http::form_encode;
using hws::http::FormField;
using hws::http::percent_encode;

TEST_CASE("a form keeps letters, digits and *-._ and percent-encodes all other bytes") {
    std::string all;
    for (int byte = 0; byte < 256; ++byte)
        all += static_cast<char>(byte);
    const FormField field{"all", all};
    const std::string text = form_encode({&field, 1});
    // The set is the one of the URL standard, 1.3.
    CHECK(text.starts_with("all=%00%01"));
    CHECK(text.contains("%1F+%21%22%23%24%25%26%27%28%29*%2B%2C-.%2F0123456789%3A%3B%3C%3D%3E%3F%40A"));
    CHECK(text.contains("Z%5B%5C%5D%5E_%60a"));
    CHECK(text.ends_with("z%7B%7C%7D%7E%7F" + text.substr(text.find("%80"))));
    CHECK(text.size() == 4 + 256 + 2 * (256 - 62 - 4 - 1));
}

TEST_CASE("fields of a form keep their order, also when name or value is empty") {
    const std::vector<FormField> fields{{"a", "1"}, {"", "x"}, {"b", ""}, {"a", "2"}};
    CHECK(form_encode(fields) == "a=1&=x&b=&a=2");
    CHECK(form_encode({}) == "");
}

TEST_CASE("a percent-encoded part means only itself in a URL") {
    CHECK(percent_encode("a/b?c#d e%~-._") == "a%2Fb%3Fc%23d%20e%25~-._");
    CHECK(percent_encode("\xc3\xa9\r\n") == "%C3%A9%0D%0A");
}
