#include <doctest/doctest.h>
#include <hws/ip_addr.hpp>
#include <hws/quote.hpp>
#include <random>
#include <unordered_set>

using namespace hws;

namespace {

std::string ipv4(std::string_view text) {
    auto parsed = Ipv4Addr::parse(text);
    return parsed ? parsed->to_string() : std::string(name_of(parsed.error().code()));
}
std::string ipv6(std::string_view text) {
    auto parsed = Ipv6Addr::parse(text);
    return parsed ? parsed->to_string() : std::string(name_of(parsed.error().code()));
}
std::string socket_addr(std::string_view text) {
    auto parsed = SocketAddr::parse(text);
    return parsed ? parsed->to_string() : std::string(name_of(parsed.error().code()));
}

} // namespace

TEST_CASE("an IPv4 address is four decimal numbers and prints as it was read") {
    for (const char* text : {"0.0.0.0", "127.0.0.1", "255.255.255.255", "1.20.30.249"})
        CHECK(ipv4(text) == text);
    CHECK(Ipv4Addr::parse("127.0.0.1") == Ipv4Addr::localhost);
    CHECK(Ipv4Addr::from_bits(0x7f000001) == Ipv4Addr::localhost);
    CHECK(Ipv4Addr::broadcast.to_bits() == 0xffffffff);
}

TEST_CASE("an IPv4 address in any other spelling is refused") {
    for (std::string_view text : {"",
                                  "1",
                                  "1.2.3",
                                  "1.2.3.4.5",
                                  "256.1.1.1",
                                  "1.2.3.256",
                                  "0177.0.0.1",
                                  "01.2.3.4",
                                  "1.2.3.04",
                                  "00.0.0.0",
                                  "0x7f.0.0.1",
                                  "0x7f000001",
                                  "2130706433",
                                  "127.1",
                                  " 1.2.3.4",
                                  "1.2.3.4 ",
                                  "1.2.3.4\n",
                                  "1.2.3.",
                                  ".1.2.3",
                                  "1..2.3",
                                  "+1.2.3.4",
                                  "-1.2.3.4",
                                  "1.2.3.4000",
                                  "1,2,3,4",
                                  "1.2.3.0000000001",
                                  "99999999999999999999.1.1.1"})
        CHECK_MESSAGE(ipv4(text) == "bad_name", text);
    CHECK(ipv4(std::string_view("1.2.3.4\0", 8)) == "bad_name");
}

TEST_CASE("an IPv6 address is read in every form of RFC 4291 and printed as RFC 5952 says") {
    CHECK(ipv6("::") == "::");
    CHECK(ipv6("::1") == "::1");
    CHECK(ipv6("1::") == "1::");
    CHECK(ipv6("0:0:0:0:0:0:0:0") == "::");
    CHECK(ipv6("2001:DB8::A") == "2001:db8::a");
    CHECK(ipv6("2001:0db8:0000:0000:0001:0000:0000:0001") == "2001:db8::1:0:0:1");
    CHECK(ipv6("2001:db8:0:1:1:1:1:1") == "2001:db8:0:1:1:1:1:1"); // a single zero group stays
    CHECK(ipv6("2001:0:0:1:0:0:0:1") == "2001:0:0:1::1");          // the longest run
    CHECK(ipv6("1:2:3:4:5:6:7::") == "1:2:3:4:5:6:7:0");
    CHECK(ipv6("::2:3:4:5:6:7:8") == "0:2:3:4:5:6:7:8");
    CHECK(ipv6("1:0:0:4:5:6:0:0") == "1::4:5:6:0:0"); // the first of two runs
    CHECK(ipv6("::ffff:1.2.3.4") == "::ffff:1.2.3.4");
    CHECK(ipv6("::ffff:0102:0304") == "::ffff:1.2.3.4");
    CHECK(ipv6("::1.2.3.4") == "::102:304");
    CHECK(ipv6("::ffff:0:1.2.3.4") == "::ffff:0:102:304");
    CHECK(ipv6("64:ff9b::127.0.0.1") == "64:ff9b::7f00:1");
    CHECK(ipv6("1:2:3:4:5:6:1.2.3.4") == "1:2:3:4:5:6:102:304");
    CHECK(ipv6("1:2:3:4:5::1.2.3.4") == "1:2:3:4:5:0:102:304");
}

TEST_CASE("an IPv6 address in any other spelling is refused") {
    for (const char* text : {"",
                             ":",
                             ":::",
                             "1",
                             "1:2:3:4:5:6:7",
                             "1:2:3:4:5:6:7:8:9",
                             "1:2:3:4:5:6:7:8::",
                             "::1::",
                             "1:::2",
                             "12345::",
                             "::12345",
                             "::00001",
                             "g::",
                             "::1.2.3",
                             "::1.2.3.4.5",
                             "::1.2.3.04",
                             "1.2.3.4::",
                             "::1.2.3.4:5",
                             "1:2:3:4:5:6:7:1.2.3.4",
                             "[::1]",
                             "::1%1",
                             "::1 ",
                             " ::1",
                             "0x1::",
                             "-1::",
                             "1:2:3:4:5:6:7:8:"})
        CHECK_MESSAGE(ipv6(text) == "bad_name", text);
}

TEST_CASE("an address with a port reads and prints as in Rust") {
    CHECK(socket_addr("1.2.3.4:80") == "1.2.3.4:80");
    CHECK(socket_addr("1.2.3.4:00080") == "1.2.3.4:80");
    CHECK(socket_addr("0.0.0.0:0") == "0.0.0.0:0");
    CHECK(socket_addr("[::1]:65535") == "[::1]:65535");
    CHECK(socket_addr("[fe80::1%5]:80") == "[fe80::1%5]:80");
    CHECK(socket_addr("[::1%0]:80") == "[::1]:80");
    CHECK(socket_addr("[::ffff:1.2.3.4%4294967295]:1") == "[::ffff:1.2.3.4%4294967295]:1");
    for (const char* text :
         {"", "1.2.3.4", "1.2.3.4:", "1.2.3.4:65536", "1.2.3.4:-1", "1.2.3.4:+1", "1.2.3.4: 1",
          "::1:80", "[::1]", "[::1]:", "[1.2.3.4]:80", "[::1%]:80", "[::1%eth0]:80",
          "[::1%4294967296]:80", "[::1]80", "[::1:80", "::1]:80", "name:80", "1.2.3.4:80 "})
        CHECK_MESSAGE(socket_addr(text) == "bad_name", text);
}

TEST_CASE("an address that cannot be read is quoted in the error, cut and printable") {
    CHECK(Ipv4Addr::parse("127.1").error().message() ==
          "\"127.1\" is not an IPv4 address: bad_name");
    CHECK(quote(std::string_view("a\0\"\n\\\xff", 6)) == "\"a\\x00\\x22\\x0a\\x5c\\xff\"");
    CHECK(IpAddr::parse(std::string(1000000, 'x')).error().context().size() < 150);
}

TEST_CASE("the predicates are those of Rust") {
    CHECK(Ipv4Addr(10, 1, 2, 3).is_private());
    CHECK(Ipv4Addr(172, 31, 255, 255).is_private());
    CHECK_FALSE(Ipv4Addr(172, 32, 0, 0).is_private());
    CHECK(Ipv4Addr(192, 168, 0, 1).is_private());
    CHECK(Ipv4Addr(127, 255, 0, 1).is_loopback());
    CHECK(Ipv4Addr(169, 254, 1, 1).is_link_local());
    CHECK(Ipv4Addr(239, 255, 255, 255).is_multicast());
    CHECK_FALSE(Ipv4Addr(240, 0, 0, 0).is_multicast());
    CHECK(Ipv4Addr(192, 0, 2, 255).is_documentation());
    CHECK(Ipv4Addr(198, 51, 100, 0).is_documentation());
    CHECK(Ipv4Addr(203, 0, 113, 7).is_documentation());
    CHECK(Ipv4Addr::broadcast.is_broadcast());
    CHECK(Ipv4Addr::unspecified.is_unspecified());

    CHECK(Ipv6Addr::localhost.is_loopback());
    CHECK(Ipv6Addr::unspecified.is_unspecified());
    CHECK(Ipv6Addr(0xff02, 0, 0, 0, 0, 0, 0, 1).is_multicast());
    CHECK(Ipv6Addr(0xfdff, 0, 0, 0, 0, 0, 0, 1).is_unique_local());
    CHECK(Ipv6Addr(0xfebf, 0, 0, 0, 0, 0, 0, 1).is_unicast_link_local());
    CHECK_FALSE(Ipv6Addr(0xfec0, 0, 0, 0, 0, 0, 0, 1).is_unicast_link_local());

    const Ipv6Addr mapped = Ipv4Addr(127, 0, 0, 1).to_ipv6_mapped();
    CHECK_FALSE(mapped.is_loopback());
    CHECK(mapped.to_ipv4_mapped() == Ipv4Addr::localhost);
    CHECK(IpAddr(mapped).to_canonical() == IpAddr(Ipv4Addr::localhost));
    CHECK(IpAddr(Ipv6Addr::localhost).to_canonical() == IpAddr(Ipv6Addr::localhost));
    CHECK_FALSE(Ipv6Addr::localhost.to_ipv4_mapped());
    CHECK(Ipv6Addr::localhost.to_ipv4() == Ipv4Addr(0, 0, 0, 1));
    CHECK(Ipv4Addr(1, 2, 3, 4).to_ipv6_compatible().to_string() == "::102:304");
}

TEST_CASE("addresses are ordered by number, IPv4 before IPv6, and hash by value") {
    CHECK(Ipv4Addr(9, 0, 0, 0) < Ipv4Addr(10, 0, 0, 0));
    CHECK(Ipv4Addr(1, 0, 0, 200) < Ipv4Addr(1, 0, 1, 0));
    CHECK(IpAddr(Ipv4Addr::broadcast) < IpAddr(Ipv6Addr::unspecified));
    CHECK(IpAddr(Ipv4Addr::unspecified) != IpAddr(Ipv6Addr::unspecified));
    CHECK(SocketAddr(Ipv4Addr::localhost, 1) < SocketAddr(Ipv4Addr::localhost, 2));
    std::unordered_set<SocketAddr> set{SocketAddr(Ipv6Addr::localhost, 1),
                                       SocketAddr(Ipv6Addr::localhost, 1, 2)};
    CHECK(set.size() == 2);
    CHECK(set.contains(SocketAddr(Ipv6Addr::localhost, 1)));
}

TEST_CASE("an IPv4 socket address has neither zone nor flow information") {
    SocketAddr address(Ipv4Addr::localhost, 80, 5, 6);
    CHECK(address == SocketAddr(Ipv4Addr::localhost, 80));
    address.set_scope_id(3);
    CHECK(address.scope_id() == 0);
    address = SocketAddr(Ipv6Addr::localhost, 80, 5, 6);
    CHECK(address.scope_id() == 5);
    address.set_ip(Ipv4Addr::localhost);
    CHECK(address.scope_id() == 0);
}

TEST_CASE("whatever address is printed reads back as itself") {
    std::mt19937 random(20240601);
    for (int i = 0; i < 20000; ++i) {
        std::array<std::uint8_t, 16> octets{};
        for (auto& octet : octets)
            octet = static_cast<std::uint8_t>(random());
        // Zeros in random places, so that every position of `::` comes up.
        const unsigned zeros = random();
        for (unsigned group = 0; group < 8; ++group)
            if (zeros >> group & 1) octets[2 * group] = octets[2 * group + 1] = 0;
        const Ipv6Addr v6(octets);
        CHECK(Ipv6Addr::parse(v6.to_string()) == v6);
        const SocketAddr address(v6, static_cast<std::uint16_t>(random()),
                                 random() & 1 ? random() : 0);
        CHECK(SocketAddr::parse(address.to_string()) == address);
        const Ipv4Addr v4 = Ipv4Addr::from_bits(random());
        CHECK(IpAddr::parse(v4.to_string()) == IpAddr(v4));
    }
}

TEST_CASE("random bytes never do more than fail, and what they parse to is stable") {
    std::mt19937 random(7);
    constexpr std::string_view alphabet = "0123456789abcdefABCDEF::::....[]%x- \0\xff";
    for (int i = 0; i < 100000; ++i) {
        std::string text;
        for (std::size_t length = random() % 24; length > 0; --length)
            text += alphabet[random() % alphabet.size()];
        if (auto address = IpAddr::parse(text))
            CHECK(IpAddr::parse(address->to_string()) == *address);
        if (auto address = SocketAddr::parse(text))
            CHECK(SocketAddr::parse(address->to_string()) == *address);
    }
}
