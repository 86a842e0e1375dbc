// Addresses as values, the same on both sides of the border. Where Rust's documentation has an
// example of an edge, it is here.
#include "check.hpp"

#include <array>
#include <hws/ip_addr.hpp>
#include <unordered_set>

using hws::Errc;
using hws::IpAddr;
using hws::Ipv4Addr;
using hws::Ipv6Addr;
using hws::SocketAddr;
using hws::SocketAddrV4;
using hws::SocketAddrV6;

namespace {
Ipv4Addr v4(const char* text) {
    return Ipv4Addr::parse(text).value_or(Ipv4Addr());
}
Ipv6Addr v6(const char* text) {
    return Ipv6Addr::parse(text).value_or(Ipv6Addr());
}
} // namespace

SENTENCE_OF_EVERY_BACKEND(
    "an IPv4 address is made of octets, of a number or of text, and gives them back") {
    const Ipv4Addr address(13, 12, 11, 10);
    CHECK(address.octets() == std::array<std::uint8_t, 4>{13, 12, 11, 10});
    CHECK(Ipv4Addr::from_octets({13, 12, 11, 10}) == address);
    CHECK(address.to_bits() == 0x0d0c0b0a);
    CHECK(Ipv4Addr::from_bits(0x0d0c0b0a) == address);
    CHECK(Ipv4Addr::bits == 32);
    CHECK(address.to_string() == "13.12.11.10");
    CHECK(Ipv4Addr::parse("13.12.11.10") == address);
    CHECK(Ipv4Addr::localhost == Ipv4Addr(127, 0, 0, 1));
    CHECK(Ipv4Addr::unspecified == Ipv4Addr());
    CHECK(Ipv4Addr::broadcast == Ipv4Addr(255, 255, 255, 255));
}

SENTENCE_OF_EVERY_BACKEND("an IPv4 address is read in one spelling only") {
    for (const char* text :
         {"", "1.2.3", "1.2.3.4.5", "256.0.0.1", "01.2.3.4", "00.0.0.0", "0x7f.0.0.1", "2130706433",
          "127.1", " 1.2.3.4", "1.2.3.4 ", "1.2.3.", "+1.2.3.4", "1.2.3.0000000001"})
        CHECK_ERROR(Ipv4Addr::parse(text), Errc::bad_name);
}

SENTENCE_OF_EVERY_BACKEND("an IPv4 address knows its kind, to the edges of each") {
    CHECK(v4("0.0.0.0").is_unspecified() && !v4("0.0.0.1").is_unspecified());
    CHECK(v4("127.0.0.0").is_loopback() && v4("127.255.255.255").is_loopback());
    CHECK(!v4("126.255.255.255").is_loopback() && !v4("128.0.0.0").is_loopback());
    CHECK(v4("10.0.0.1").is_private() && v4("172.16.0.0").is_private() &&
          v4("172.31.255.255").is_private() && v4("192.168.0.2").is_private());
    CHECK(!v4("172.15.0.1").is_private() && !v4("172.32.0.0").is_private() &&
          !v4("192.169.0.2").is_private() && !v4("11.0.0.0").is_private());
    CHECK(v4("169.254.10.65").is_link_local() && !v4("169.253.0.0").is_link_local());
    CHECK(v4("224.0.0.0").is_multicast() && v4("239.255.255.255").is_multicast());
    CHECK(!v4("223.255.255.255").is_multicast() && !v4("240.0.0.0").is_multicast());
    CHECK(v4("255.255.255.255").is_broadcast() && !v4("255.255.255.254").is_broadcast());
    CHECK(v4("192.0.2.255").is_documentation() && v4("198.51.100.65").is_documentation() &&
          v4("203.0.113.6").is_documentation() && !v4("193.34.17.19").is_documentation());
}

SENTENCE_OF_EVERY_BACKEND("an IPv4 address becomes an IPv6 address in two ways") {
    CHECK(Ipv4Addr(192, 0, 2, 255).to_ipv6_compatible() == v6("::c000:2ff"));
    CHECK(Ipv4Addr(192, 0, 2, 255).to_ipv6_mapped() == v6("::ffff:192.0.2.255"));
}

SENTENCE_OF_EVERY_BACKEND("addresses are combined bit by bit") {
    CHECK((v4("192.168.1.77") & v4("255.255.255.0")) == v4("192.168.1.0"));
    CHECK((v4("192.168.1.0") | v4("0.0.0.255")) == v4("192.168.1.255"));
    CHECK(~v4("255.255.0.0") == v4("0.0.255.255"));
    CHECK((v6("2001:db8::77") & v6("ffff:ffff::")) == v6("2001:db8::"));
    CHECK((v6("2001:db8::") | v6("::1")) == v6("2001:db8::1"));
    CHECK(~v6("::") == v6("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"));
}

SENTENCE_OF_EVERY_BACKEND(
    "an IPv6 address is made of segments, octets, a number or text, and gives them back") {
    const Ipv6Addr address(0x2001, 0xdb8, 0, 0, 0, 0, 0xa, 0xb);
    CHECK(address.segments() == std::array<std::uint16_t, 8>{0x2001, 0xdb8, 0, 0, 0, 0, 0xa, 0xb});
    CHECK(Ipv6Addr::from_segments(address.segments()) == address);
    CHECK(Ipv6Addr::from_octets(address.octets()) == address);
    CHECK(Ipv6Addr::from_bits(address.to_bits()) == address);
    CHECK(Ipv6Addr::from_bits(1) == Ipv6Addr::localhost);
    CHECK(Ipv6Addr::localhost.to_bits() == 1);
    CHECK(Ipv6Addr::bits == 128);
    CHECK(Ipv6Addr::unspecified == Ipv6Addr());
    CHECK(address.to_string() == "2001:db8::a:b");
    CHECK(Ipv6Addr::parse("2001:0DB8:0:0::a:b") == address);
}

SENTENCE_OF_EVERY_BACKEND(
    "an IPv6 address prints the longest run of zeros as two colons, the first of equals") {
    for (const char* text :
         {"::", "::1", "1::", "1:0:2::3", "1::2:0:0:3", "::ffff:1.2.3.4", "0:1:2:3:4:5:6:7",
          "1:2:3:4:5:6:7:0", "fe80::1", "::1:0:0:0:1", "64:ff9b::c000:22d"}) {
        const auto parsed = Ipv6Addr::parse(text);
        CHECK(parsed && parsed->to_string() == text);
    }
    CHECK(v6("1:0:0:2:0:0:0:3").to_string() == "1:0:0:2::3");
    CHECK(v6("::1.2.3.4").to_string() == "::102:304");
}

SENTENCE_OF_EVERY_BACKEND("an IPv6 address is read in the forms of RFC 4291 only") {
    CHECK(v6("1:2:3:4:5:6:7::") == Ipv6Addr(1, 2, 3, 4, 5, 6, 7, 0));
    CHECK(v6("::1.2.3.4") == Ipv4Addr(1, 2, 3, 4).to_ipv6_compatible());
    CHECK(v6("0001:2:3:4:5:6:1.2.3.4") == Ipv6Addr(1, 2, 3, 4, 5, 6, 0x102, 0x304));
    for (const char* text :
         {"", ":", ":::", "1::2::3", "1:2:3:4:5:6:7:8::", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7",
          "00001::", "g::", "::1%1", "[::1]", "1.2.3.4::", "::1.2.3", "::01.2.3.4", ":1::2", " ::"})
        CHECK_ERROR(Ipv6Addr::parse(text), Errc::bad_name);
}

SENTENCE_OF_EVERY_BACKEND("an IPv6 address knows its kind, to the edges of each") {
    CHECK(v6("::").is_unspecified() && !v6("::1").is_unspecified());
    CHECK(v6("::1").is_loopback() && !v6("::2").is_loopback());
    CHECK(!v6("::ffff:127.0.0.1").is_loopback());
    CHECK(v6("ff00::").is_multicast() && v6("ffff::").is_multicast() &&
          !v6("feff::").is_multicast());
    CHECK(v6("fc00::").is_unique_local() && v6("fdff::").is_unique_local() &&
          !v6("fbff::").is_unique_local() && !v6("fe00::").is_unique_local());
    CHECK(v6("fe80::").is_unicast_link_local() && v6("febf:ffff::").is_unicast_link_local() &&
          !v6("fe7f::").is_unicast_link_local() && !v6("fec0::").is_unicast_link_local());
}

SENTENCE_OF_EVERY_BACKEND("an IPv6 address gives up the IPv4 address in it") {
    CHECK(v6("::ffff:192.10.2.255").to_ipv4_mapped() == Ipv4Addr(192, 10, 2, 255));
    CHECK(!v6("::192.10.2.255").to_ipv4_mapped());
    CHECK(!v6("ff00::").to_ipv4_mapped());
    CHECK(v6("::ffff:192.10.2.255").to_ipv4() == Ipv4Addr(192, 10, 2, 255));
    CHECK(v6("::1").to_ipv4() == Ipv4Addr(0, 0, 0, 1));
    CHECK(!v6("ff00::").to_ipv4());
    CHECK(v6("::ffff:127.0.0.1").to_canonical() == IpAddr(Ipv4Addr::localhost));
    CHECK(v6("::127.0.0.1").to_canonical() == IpAddr(v6("::127.0.0.1")));
}

SENTENCE_OF_EVERY_BACKEND("an address of either family is one of them, and answers for it") {
    const IpAddr four(Ipv4Addr::localhost);
    const IpAddr six(Ipv6Addr::localhost);
    CHECK(four.is_ipv4() && !four.is_ipv6() && six.is_ipv6() && !six.is_ipv4());
    CHECK(four.v4() == Ipv4Addr::localhost && six.v6() == Ipv6Addr::localhost);
    CHECK(four.is_loopback() && six.is_loopback());
    CHECK(IpAddr(v4("224.254.0.0")).is_multicast() && IpAddr(v6("ff00::")).is_multicast());
    CHECK(IpAddr().is_unspecified() && IpAddr(Ipv6Addr()).is_unspecified());
    CHECK(IpAddr(v6("::ffff:127.0.0.1")).to_canonical() == four);
    CHECK(four.to_canonical() == four && six.to_canonical() == six);
    CHECK(IpAddr::parse("127.0.0.1") == four && IpAddr::parse("::1") == six);
    CHECK(four.to_string() == "127.0.0.1" && six.to_string() == "::1");
    CHECK_ERROR(IpAddr::parse("localhost"), Errc::bad_name);
    CHECK(IpAddr(std::array<std::uint8_t, 4>{127, 0, 0, 1}) == four);
    CHECK(IpAddr(std::array<std::uint8_t, 16>{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}) ==
          six);
    CHECK(IpAddr(std::array<std::uint16_t, 8>{0, 0, 0, 0, 0, 0, 0, 1}) == six);
}

SENTENCE_OF_EVERY_BACKEND("addresses are ordered by number, and IPv4 comes first") {
    CHECK(v4("1.2.3.4") < v4("1.2.4.3") && v4("9.0.0.0") < v4("10.0.0.0"));
    CHECK(v6("::1") < v6("::2") && v6("1::") > v6("::ffff"));
    CHECK(IpAddr(v4("255.255.255.255")) < IpAddr(v6("::")));
    CHECK(IpAddr(Ipv4Addr::localhost) == Ipv4Addr::localhost);
    CHECK(SocketAddr(Ipv4Addr::localhost, 1) < SocketAddr(Ipv4Addr::localhost, 2));
    std::unordered_set<IpAddr> set{Ipv4Addr::localhost, Ipv6Addr::localhost, Ipv4Addr::localhost};
    CHECK(set.size() == 2);
    std::unordered_set<SocketAddr> ports{SocketAddr(Ipv4Addr::localhost, 1),
                                         SocketAddr(Ipv4Addr::localhost, 2)};
    CHECK(ports.contains(SocketAddrV4(Ipv4Addr::localhost, 2)));
}

SENTENCE_OF_EVERY_BACKEND("a socket address has an address and a port, which can be changed") {
    SocketAddr address(Ipv4Addr::localhost, 8080);
    CHECK(address.ip() == IpAddr(Ipv4Addr::localhost) && address.port() == 8080);
    CHECK(address.is_ipv4() && !address.is_ipv6());
    address.set_port(1025);
    CHECK(address.to_string() == "127.0.0.1:1025");
    address.set_ip(Ipv6Addr::localhost);
    CHECK(address.is_ipv6() && address.to_string() == "[::1]:1025");
    CHECK(!address.v4());
    CHECK(address.v6() == SocketAddrV6(Ipv6Addr::localhost, 1025));
    CHECK(SocketAddr::parse("[::1]:1025") == address);
}

SENTENCE_OF_EVERY_BACKEND("an IPv4 socket address is read and printed with its port") {
    SocketAddrV4 address(Ipv4Addr::localhost, 8080);
    CHECK(address.to_string() == "127.0.0.1:8080");
    CHECK(SocketAddrV4::parse("127.0.0.1:8080") == address);
    address.set_ip(Ipv4Addr(192, 168, 0, 1));
    address.set_port(4242);
    CHECK(address.ip() == Ipv4Addr(192, 168, 0, 1) && address.port() == 4242);
    CHECK(SocketAddr(address).v4() == address);
    CHECK_ERROR(SocketAddrV4::parse("[::1]:80"), Errc::bad_name);
    for (const char* text : {"1.2.3.4", "1.2.3.4:", "1.2.3.4:65536", "1.2.3.4: 80", ":80",
                             "1.2.3.4:-1", "localhost:80"})
        CHECK_ERROR(SocketAddrV4::parse(text), Errc::bad_name);
    // As Rust: a port is a number, whatever zeros stand before it.
    CHECK(SocketAddrV4::parse("1.2.3.4:00080") == SocketAddrV4(Ipv4Addr(1, 2, 3, 4), 80));
}

SENTENCE_OF_EVERY_BACKEND("an IPv6 socket address keeps its zone and flow, and prints the zone") {
    SocketAddrV6 address(Ipv6Addr::localhost, 8080, 10, 78);
    CHECK(address.flowinfo() == 10 && address.scope_id() == 78);
    CHECK(address.to_string() == "[::1%78]:8080");
    REQUIRE_OK(const auto parsed, SocketAddrV6::parse("[::1%78]:8080"));
    CHECK(parsed.scope_id() == 78 && parsed.flowinfo() == 0);
    address.set_scope_id(0);
    address.set_flowinfo(20);
    address.set_port(4242);
    address.set_ip(Ipv6Addr(76, 45, 0, 0, 0, 0, 0, 0));
    CHECK(address.to_string() == "[4c:2d::]:4242");
    CHECK(address.ip() == Ipv6Addr(76, 45, 0, 0, 0, 0, 0, 0) && address.port() == 4242);
    CHECK(SocketAddr(address).v6() == address);
    CHECK(SocketAddrV6::parse("[::1%4294967295]:1")->scope_id() == 4294967295u);
    for (const char* text :
         {"::1:80", "[::1]", "[::1]:", "[::1]:65536", "[::1%]:80", "[::1%eth0]:80",
          "[::1%4294967296]:80", "[::1:80", "127.0.0.1:80", "[127.0.0.1]:80"})
        CHECK_ERROR(SocketAddrV6::parse(text), Errc::bad_name);
}
