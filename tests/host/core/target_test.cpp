#include "core/target.hpp"

#include <doctest/doctest.h>
#include <random>

using namespace hws;
using namespace hws::host::core;

namespace {
std::uint32_t find_interface(std::string_view name) {
    return name == "eth0" ? 7 : 0;
}

std::string target(std::string_view text, FindInterface find = nullptr) {
    auto parsed = parse_target(text, find);
    return parsed ? parsed->to_string() : std::string(name_of(parsed.error().code()));
}
std::string host_only(std::string_view text, FindInterface find = nullptr) {
    auto parsed = parse_host(text, find);
    return parsed ? parsed->to_string() : std::string(name_of(parsed.error().code()));
}
} // namespace

TEST_CASE("a target is an address or a name with a port") {
    CHECK(target("1.2.3.4:80") == "1.2.3.4:80");
    CHECK(target("[::1]:80") == "[::1]:80");
    CHECK(target("[2001:DB8::1]:65535") == "[2001:db8::1]:65535");
    CHECK(target("Example.COM.:443") == "example.com:443");
    CHECK(target("localhost:1") == "localhost:1");
    CHECK(parse_target("1.2.3.4:80")->address() == SocketAddr(Ipv4Addr(1, 2, 3, 4), 80));
    CHECK(parse_target("1.2.3.4:80")->name() == nullptr);
    CHECK(parse_target("example.com:80")->name()->text() == "example.com");
    CHECK_FALSE(parse_target("example.com:80")->address());
}

TEST_CASE("one NUL at the end is ignored, a NUL anywhere else is refused") {
    using namespace std::string_view_literals;
    CHECK(target("1.2.3.4:80\0"sv) == "1.2.3.4:80");
    CHECK(host_only("1.2.3.4\0"sv) == "1.2.3.4:0");
    CHECK(target("1.2.3.4:80\0\0"sv) == "bad_name");
    CHECK(target("127.0.0.1\0.example.com:80"sv) == "bad_name");
    CHECK(target("\0"sv) == "bad_name");
}

TEST_CASE("no spelling of an address but the plain one gets through") {
    for (const char* text : {"",
                             ":",
                             ":80",
                             "1.2.3.4",
                             "name",
                             "name:",
                             "[::1]",
                             "[::1]:",
                             "[::1]80",
                             "[::1",
                             "::1",
                             "::1:80",
                             "[]:80",
                             "0177.0.0.1:80",
                             "0x7f.0.0.1:80",
                             "0x7f000001:80",
                             "2130706433:80",
                             "127.1:80",
                             "0:80",
                             "127.0.0.1.:80",
                             "127.0.0.01:80",
                             "1.2.3.4.5:80",
                             "[127.0.0.1]:80",
                             "[localhost]:80",
                             "[[::1]]:80",
                             "[::1]]:80",
                             "[::1]:80:80",
                             "[::127.1]:80",
                             "[::ffff:127.1]:80",
                             "127.0.0.1%00:80",
                             "127%2e0.0.1:80",
                             "127.0.0.1\\:80",
                             "\\127.0.0.1:80",
                             "127\xe3\x80\x82"
                             "0.0.1:80",
                             "\xef\xbc\x91"
                             "27.0.0.1:80",
                             "\xe2\x91\xa0.0.0.1:80",
                             "user@127.0.0.1:80",
                             "//127.0.0.1:80",
                             " 127.0.0.1:80",
                             "127.0.0.1 :80",
                             "127.0.0.1:80 ",
                             "127.0.0.1:80\n",
                             "127.0.0.1\t:80",
                             "localhost..:80",
                             "a..b:80",
                             "http://127.0.0.1:80",
                             "127.0.0.1:80/",
                             "127.0.0.1:80#@example.com:80"})
        CHECK_MESSAGE(target(text) == "bad_name", text);
}

TEST_CASE("a port is plain decimal from 1 to 65535, or 0 where it is allowed") {
    for (const char* port : {"0", "65536", "-1", "+80", "080", "00", "0x50", "8 0", " 80", "80 ",
                             "99999999999999999999", "http", ""})
        CHECK_MESSAGE(target(std::string("1.2.3.4:") + port) == "bad_name", port);
    CHECK(parse_target("0.0.0.0:0", nullptr, PortZero::allowed)->to_string() == "0.0.0.0:0");
    CHECK_FALSE(parse_target("0.0.0.0:00", nullptr, PortZero::allowed));
}

TEST_CASE("only link-local addresses have a zone, a number or a known interface") {
    CHECK(target("[fe80::1%2]:80") == "[fe80::1%2]:80");
    CHECK(target("[fe80::1%4294967295]:80") == "[fe80::1%4294967295]:80");
    CHECK(target("[ff02::1%2]:80") == "[ff02::1%2]:80");
    CHECK(target("[fe80::1%eth0]:80", find_interface) == "[fe80::1%7]:80");
    for (const char* text :
         {"[fe80::1%eth0]:80", "[fe80::1%]:80", "[fe80::1%0]:80", "[fe80::1%02]:80",
          "[fe80::1%4294967296]:80", "[fe80::1%-1]:80", "[::1%1]:80", "[2001:db8::1%1]:80",
          "[ff0e::1%1]:80", "[::ffff:127.0.0.1%1]:80", "1.2.3.4%1:80", "name%1:80"})
        CHECK_MESSAGE(target(text) == "bad_name", text);
    for (const char* text : {"[fe80::1%eth1]:80", "[fe80::1%eth0%eth0]:80", "[fe80::1%et/h0]:80",
                             "[fe80::1%sixteen-chars-xx]:80"})
        CHECK_MESSAGE(target(text, find_interface) == "bad_name", text);
}

TEST_CASE("a host without a port takes IPv6 with and without brackets") {
    CHECK(host_only("::1") == "[::1]:0");
    CHECK(host_only("[::1]") == "[::1]:0");
    CHECK(host_only("fe80::1%3") == "[fe80::1%3]:0");
    CHECK(host_only("8.8.8.8") == "8.8.8.8:0");
    CHECK(host_only("example.com.") == "example.com:0");
    for (const char* text : {"", "[", "]", "[]", "[::1", "::1]", "[1.2.3.4]", "[name]",
                             "1.2.3.4:80", "127.1", "[::1]:80", "a:b"})
        CHECK_MESSAGE(host_only(text) == "bad_name", text);
}

TEST_CASE("random bytes either are refused or give a target that reads back as itself") {
    std::mt19937 random(13);
    constexpr std::string_view alphabet = "aZ019::..[]%-_fe80\\ \0\xff";
    for (int i = 0; i < 200000; ++i) {
        std::string text;
        for (std::size_t length = random() % 20; length > 0; --length)
            text += alphabet[random() % alphabet.size()];
        if (random() % 2) text += ":80";
        if (auto parsed = parse_target(text)) CHECK(parse_target(parsed->to_string()) == *parsed);
        (void)parse_host(text);
    }
}
