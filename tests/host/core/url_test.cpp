#include "core/url.hpp"

#include <doctest/doctest.h>
#include <string>

using namespace hws;
using namespace hws::host::core;

TEST_SUITE_BEGIN("url");

TEST_CASE("a URL is read into scheme, host, port and a canonical text") {
    struct Row {
        const char* url;
        const char* target;
        const char* text;
    };
    for (const Row& row : {
             Row{"http://example.com", "example.com:80", "http://example.com/"},
             Row{"HTTP://EXAMPLE.com./a", "example.com:80", "http://example.com/a"},
             Row{"https://example.com/a?b=c#d", "example.com:443", "https://example.com/a?b=c"},
             Row{"https://example.com:8443", "example.com:8443", "https://example.com:8443/"},
             Row{"http://example.com:80/", "example.com:80", "http://example.com/"},
             Row{"http://example.com:/", "example.com:80", "http://example.com/"},
             Row{"http://127.0.0.1:8080?x", "127.0.0.1:8080", "http://127.0.0.1:8080/?x"},
             Row{"http://[::1]:8080/x", "[::1]:8080", "http://[::1]:8080/x"},
             Row{"http://[0:0::0:1]/", "[::1]:80", "http://[::1]/"},
             Row{"http://example.com/a/../b/./c", "example.com:80", "http://example.com/b/c"},
             Row{"http://example.com/a@b:c", "example.com:80", "http://example.com/a@b:c"},
             Row{"http://example.com/\xc3\xa4?\xc3\xa4", "example.com:80",
                 "http://example.com/%C3%A4?%C3%A4"},
         }) {
        CAPTURE(row.url);
        const auto url = Url::parse(row.url);
        REQUIRE(url.has_value());
        CHECK(url->target().to_string() == row.target);
        CHECK(url->text() == row.text);
    }
}

TEST_CASE("what is malformed, ambiguous or of another scheme is refused") {
    for (const char* text : {
             "",
             "http",
             "http:",
             "http:/",
             "http://",
             "http:///",
             "http:///x",
             "http:example.com",
             "//example.com/",
             "example.com",
             "ftp://example.com/",
             "file:///etc/passwd",
             "gopher://example.com/",
             "javascript:1",
             " http://example.com/",
             "http://example.com/ x",
             "http://example.com/\r\nHost: x",
             "http://exa mple.com/",
             "http://example.com\t/",
             "http://user@example.com/",
             "http://user:password@example.com/",
             "http://@example.com/",
             "http://a@b@example.com/",
             "http://example.com\\@127.0.0.1/",
             "http://example.com\\x",
             "http://:80/",
             "http://?x",
             "http://#x",
             "http://example.com:0/",
             "http://example.com:65536/",
             "http://example.com:080/",
             "http://example.com:+80/",
             "http://example.com:80:80/",
             "http://example.com:x/",
             "http://::1/",
             "http://[::1/",
             "http://[::1]x/",
             "http://[example.com]/",
             "http://[127.0.0.1]/",
             "http://[fe80::1%251]/",
             "http://[fe80::1%1]/",
             "http://%31.2.3.4/",
             "http://1.2.3.%34/",
             "http://127.1/",
             "http://2130706433/",
             "http://0x7f000001/",
             "http://0177.0.0.1/",
             "http://0/",
             "http://127.0.0.1.0/",
             "http://\xe2\x91\xa0.test/",
             "http://a..b/",
             "http://-a.test/",
             "http://example.com%00.test/",
         }) {
        CAPTURE(text);
        const auto url = Url::parse(text);
        REQUIRE_FALSE(url.has_value());
        CHECK((url.error() == Errc::bad_url || url.error() == Errc::bad_name));
    }
    CHECK(Url::parse("http://h/" + std::string(Url::max_bytes, 'x')).error() == Errc::bad_url);
    using namespace std::string_view_literals;
    CHECK(Url::parse("http://example.com\0.test/"sv).error() == Errc::bad_url);
}

TEST_CASE("a redirect's Location is read against the URL it came from") {
    const Url base = Url::parse("https://example.com:8443/a/b?c").value();
    struct Row {
        const char* location;
        const char* text;
    };
    for (const Row& row : {
             Row{"/x", "https://example.com:8443/x"},
             Row{"x", "https://example.com:8443/a/x"},
             Row{"../x", "https://example.com:8443/x"},
             Row{"?y", "https://example.com:8443/a/b?y"},
             Row{"//other.test/x", "https://other.test/x"},
             Row{"http://other.test", "http://other.test/"},
             Row{"/a b\xc3\xa4", "https://example.com:8443/a%20b%C3%A4"},
         }) {
        CAPTURE(row.location);
        const auto url = base.resolve(row.location);
        REQUIRE(url.has_value());
        CHECK(url->text() == row.text);
    }
    for (const char* location : {"ftp://example.com/", "http://2130706433/", "//127.1/",
                                 "http://user@example.com/", "http:x", "//", "javascript:1"}) {
        CAPTURE(location);
        CHECK_FALSE(base.resolve(location).has_value());
    }
}

TEST_CASE("an origin is scheme, host and port") {
    const auto url = [](const char* text) { return Url::parse(text).value(); };
    CHECK(url("http://a.test/x").has_same_origin(url("http://A.test:80/y")));
    CHECK_FALSE(url("http://a.test/").has_same_origin(url("https://a.test:80/")));
    CHECK_FALSE(url("http://a.test/").has_same_origin(url("http://a.test:81/")));
    CHECK_FALSE(url("http://a.test/").has_same_origin(url("http://b.a.test/")));
    CHECK(url("http://a.test:8080/x").origin() == "http://a.test:8080");
}

TEST_SUITE_END();
