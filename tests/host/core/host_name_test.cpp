#include "core/host_name.hpp"

#include <doctest/doctest.h>
#include <random>

using namespace hws;
using namespace hws::host::core;

namespace {
std::string canonical(std::string_view text) {
    auto name = HostName::parse(text);
    return name ? name->text() : std::string(name_of(name.error().code()));
}
std::string labels(std::size_t count, std::size_t chars) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i)
        out += (i == 0 ? "" : ".") + std::string(chars, 'a');
    return out;
}
} // namespace

TEST_CASE("a name is lower-cased and loses one trailing dot") {
    CHECK(canonical("Example.COM") == "example.com");
    CHECK(canonical("example.com.") == "example.com");
    CHECK(canonical("LOCALHOST.") == "localhost");
    CHECK(canonical("xn--bcher-kva.example") == "xn--bcher-kva.example");
    CHECK(canonical("my_service") == "my_service");
    CHECK(canonical("_sip._tcp.example") == "_sip._tcp.example");
    CHECK(canonical("1.2.3.example") == "1.2.3.example");
    CHECK(canonical("4chan.org") == "4chan.org");
    CHECK(canonical("a0x7f") == "a0x7f");
    CHECK(canonical("0x7g") == "0x7g");
}

TEST_CASE("a name that a resolver could read as a number is refused") {
    for (const char* text :
         {"127.0.0.1", "0177.0.0.1", "127.1", "2130706433", "0", "0x7f.1", "0x7f000001",
          "0X7F000001", "0x", "1.2.3.4.5", "256.256.256.256", "example.1", "example.0x1f",
          "127.0.0.1.", "127.0.0.01", "00000000000000000000177.1"})
        CHECK_MESSAGE(canonical(text) == "bad_name", text);
}

TEST_CASE("anything but ASCII labels with single dots between them is refused") {
    for (const char* text : {"",
                             ".",
                             "..",
                             ".com",
                             "a..b",
                             "example.com..",
                             "exa mple.com",
                             " example.com",
                             "example.com ",
                             "example.com\n",
                             "example\t.com",
                             "ex%61mple.com",
                             "example.com%00",
                             "example\\.com",
                             "example.com/",
                             "user@example.com",
                             "example.com:80",
                             "[example.com]",
                             "[::1]",
                             "::1",
                             "*",
                             "*.example.com",
                             "example\xe3\x80\x82"
                             "com",
                             "example\xef\xbc\x8e"
                             "com",
                             "b\xc3\xbc"
                             "cher.example",
                             "\xe2\x91\xa0.example",
                             "-a.example",
                             "a-.example",
                             "example.-com",
                             "a.-",
                             "example.com#",
                             "example.com?",
                             "exam;ple",
                             "\xff\xfe"})
        CHECK_MESSAGE(canonical(text) == "bad_name", text);
    CHECK(canonical(std::string_view("example.com\0", 12)) == "bad_name");
    CHECK(canonical(std::string_view("exam\0ple.com", 12)) == "bad_name");
}

TEST_CASE("a label has at most 63 characters and a name 253") {
    CHECK(canonical(std::string(63, 'a')) != "bad_name");
    CHECK(canonical(std::string(64, 'a')) == "bad_name");
    const std::string longest = labels(3, 63) + '.' + std::string(61, 'b');
    REQUIRE(longest.size() == 253);
    CHECK(canonical(longest) == longest);
    CHECK(canonical(longest + '.') == longest);
    CHECK(canonical(longest + 'b') == "bad_name");
    CHECK(canonical(labels(10000, 10)) == "bad_name");
}

TEST_CASE("localhost and the names below it mean loopback, look-alikes do not") {
    for (const char* text : {"localhost", "LocalHost.", "a.localhost", "a.b.localhost."})
        CHECK_MESSAGE(HostName::parse(text)->is_localhost(), text);
    for (const char* text : {"localhost.example", "mylocalhost", "localhost.localdomain"})
        CHECK_FALSE_MESSAGE(HostName::parse(text)->is_localhost(), text);
}

TEST_CASE("a name is below a suffix by whole labels, never below itself") {
    const HostName suffix = *HostName::parse("example.com");
    CHECK(HostName::parse("a.example.com")->is_below(suffix));
    CHECK(HostName::parse("a.b.example.com")->is_below(suffix));
    CHECK_FALSE(HostName::parse("example.com")->is_below(suffix));
    CHECK_FALSE(HostName::parse("notexample.com")->is_below(suffix));
    CHECK_FALSE(HostName::parse("example.com.evil.test")->is_below(suffix));
}

TEST_CASE("random bytes either are refused or give a name that reads back as itself") {
    std::mt19937 random(11);
    constexpr std::string_view alphabet = "abzABZ0189--__....x%\\ \0\xe3\x80\x82*:[]";
    for (int i = 0; i < 100000; ++i) {
        std::string text;
        for (std::size_t length = random() % 16; length > 0; --length)
            text += alphabet[random() % alphabet.size()];
        if (auto name = HostName::parse(text)) CHECK(HostName::parse(name->text()) == *name);
    }
}
