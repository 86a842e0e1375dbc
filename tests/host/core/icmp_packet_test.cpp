#include "core/icmp_packet.hpp"

#include <doctest/doctest.h>
#include <initializer_list>
#include <random>
#include <string_view>
#include <vector>

using namespace hws;
using namespace hws::host::core;

namespace {

using Bytes = std::vector<std::byte>;

Bytes bytes(std::initializer_list<int> values) {
    Bytes out;
    for (int value : values)
        out.push_back(static_cast<std::byte>(value));
    return out;
}
Bytes bytes_of(std::string_view text) {
    Bytes out;
    for (char c : text)
        out.push_back(static_cast<std::byte>(c));
    return out;
}
Bytes operator+(Bytes a, const Bytes& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}
template <std::size_t n> Bytes operator+(const std::array<std::byte, n>& a, const Bytes& b) {
    return Bytes(a.begin(), a.end()) + b;
}

/// An IPv4 header without options from 192.0.2.1 to 198.51.100.7.
Bytes ipv4_header(int protocol = 1, int fragment_offset = 0) {
    return bytes({0x45,
                  0,
                  0,
                  0,
                  0,
                  0,
                  fragment_offset >> 8,
                  fragment_offset & 0xff,
                  64,
                  protocol,
                  0,
                  0,
                  192,
                  0,
                  2,
                  1,
                  198,
                  51,
                  100,
                  7});
}
/// An IPv6 header from 2001:db8::1 to 2001:db8::2.
Bytes ipv6_header(int next = 58) {
    Bytes out = bytes({0x60, 0, 0, 0, 0, 0, next, 64});
    for (int last : {1, 2})
        out = out + bytes({0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last});
    return out;
}
Bytes request(IcmpFamily family) {
    const Bytes payload = bytes_of("abc");
    return echo_request_header(family, 0x1234, 0x5678, payload) + payload;
}
/// The checksum of an IPv4 message put in.
Bytes with_checksum(Bytes message) {
    message[2] = message[3] = std::byte{0};
    const std::uint16_t sum = internet_checksum(message);
    message[2] = static_cast<std::byte>(sum >> 8);
    message[3] = static_cast<std::byte>(sum & 0xff);
    return message;
}

} // namespace

TEST_CASE("the checksum is the one of RFC 1071's example, in one piece or two") {
    const Bytes example = bytes({0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7});
    CHECK(internet_checksum(example) == static_cast<std::uint16_t>(~0xddf2));
    const std::span all(example);
    CHECK(internet_checksum(all.first(4), all.subspan(4)) == static_cast<std::uint16_t>(~0xddf2));
    CHECK(internet_checksum(bytes({0xff})) == 0x00ff);
    CHECK(internet_checksum({}) == 0xffff);
}

TEST_CASE("an IPv4 echo request has its checksum, an IPv6 one leaves it to the kernel") {
    const Bytes v4 = request(IcmpFamily::v4);
    CHECK(internet_checksum(v4) == 0);
    CHECK(v4[0] == std::byte{8});
    CHECK(v4[4] == std::byte{0x12});
    CHECK(v4[7] == std::byte{0x78});
    const Bytes v6 = request(IcmpFamily::v6);
    CHECK(v6[0] == std::byte{128});
    CHECK(v6[2] == std::byte{0});
}

TEST_CASE("an echo reply is read with its numbers and its payload") {
    const Bytes packet =
        ipv4_header() + with_checksum(bytes({0, 0, 0, 0, 0xab, 0xcd, 0, 9, 'h', 'i'}));
    const auto parsed = parse_ipv4_packet(packet);
    REQUIRE(parsed);
    CHECK(parsed->is_echo_reply);
    CHECK(parsed->identifier == 0xabcd);
    CHECK(parsed->sequence == 9);
    CHECK(Bytes(parsed->data.begin(), parsed->data.end()) == bytes_of("hi"));

    const auto v6 = parse_icmp(IcmpFamily::v6, bytes({129, 0, 0, 0, 0xab, 0xcd, 0, 9}));
    REQUIRE(v6);
    CHECK(v6->is_echo_reply);
    CHECK(v6->data.empty());
}

TEST_CASE("IP options before the reply are skipped") {
    Bytes header = ipv4_header() + bytes({1, 1, 1, 1});
    header[0] = std::byte{0x46};
    CHECK(parse_ipv4_packet(header + with_checksum(bytes({0, 0, 0, 0, 0, 1, 0, 2}))));
}

TEST_CASE("what can be no answer to an echo request is nothing") {
    const Bytes reply = with_checksum(bytes({0, 0, 0, 0, 0, 1, 0, 2}));
    CHECK(parse_ipv4_packet(ipv4_header() + reply));
    SUBCASE("our own request, seen on loopback") {
        CHECK_FALSE(parse_ipv4_packet(ipv4_header() + request(IcmpFamily::v4)));
        CHECK_FALSE(parse_icmp(IcmpFamily::v6, request(IcmpFamily::v6)));
    }
    SUBCASE("a broken checksum") {
        Bytes broken = reply;
        broken[5] = std::byte{7};
        CHECK_FALSE(parse_ipv4_packet(ipv4_header() + broken));
    }
    SUBCASE("another protocol, a later fragment, another IP version") {
        CHECK_FALSE(parse_ipv4_packet(ipv4_header(17) + reply));
        CHECK_FALSE(parse_ipv4_packet(ipv4_header(1, 1) + reply));
        CHECK_FALSE(parse_ipv4_packet(ipv6_header() + reply));
    }
    SUBCASE("an IP header shorter than 20 bytes or longer than the packet") {
        Bytes header = ipv4_header();
        header[0] = std::byte{0x44};
        CHECK_FALSE(parse_ipv4_packet(header + reply));
        header[0] = std::byte{0x4f};
        CHECK_FALSE(parse_ipv4_packet(header + reply));
    }
    SUBCASE("too short, another code, redirect, timestamp, neighbour discovery") {
        CHECK_FALSE(parse_icmp(IcmpFamily::v4, bytes({0, 0, 0, 0, 0, 1, 0})));
        CHECK_FALSE(parse_icmp(IcmpFamily::v4, bytes({0, 1, 0, 0, 0, 1, 0, 2})));
        CHECK_FALSE(parse_icmp(IcmpFamily::v4, bytes({5, 0, 0, 0, 0, 0, 0, 0}) + ipv4_header() +
                                                   request(IcmpFamily::v4)));
        CHECK_FALSE(parse_icmp(IcmpFamily::v4, bytes({14, 0, 0, 0, 0, 1, 0, 2})));
        CHECK_FALSE(parse_icmp(IcmpFamily::v6, bytes({136, 0, 0, 0, 0, 1, 0, 2})));
    }
}

TEST_CASE("an error is read with the request it quotes") {
    const Bytes quoted = ipv4_header() + request(IcmpFamily::v4);
    const Bytes message = bytes({11, 0, 0, 0, 0, 0, 0, 0}) + quoted;
    const auto parsed = parse_icmp(IcmpFamily::v4, message);
    REQUIRE(parsed);
    CHECK_FALSE(parsed->is_echo_reply);
    REQUIRE(parsed->quoted);
    CHECK(parsed->quoted->target == IpAddr(Ipv4Addr(198, 51, 100, 7)));
    CHECK(parsed->quoted->identifier == 0x1234);
    CHECK(parsed->quoted->sequence == 0x5678);
    CHECK(Bytes(parsed->data.begin(), parsed->data.end()) == quoted);

    const auto v6 = parse_icmp(IcmpFamily::v6, bytes({1, 4, 0, 0, 0, 0, 0, 0}) + ipv6_header() +
                                                   request(IcmpFamily::v6));
    REQUIRE(v6);
    CHECK(v6->code == 4);
    CHECK(v6->quoted->target == IpAddr(Ipv6Addr(0x2001, 0xdb8, 0, 0, 0, 0, 0, 2)));
    CHECK(v6->quoted->sequence == 0x5678);
}

TEST_CASE("an error that quotes the bare minimum of RFC 792 is enough") {
    Bytes quoted = ipv4_header() + request(IcmpFamily::v4);
    quoted.resize(28);
    CHECK(parse_icmp(IcmpFamily::v4, bytes({3, 1, 0, 0, 0, 0, 0, 0}) + quoted));
    quoted.resize(27);
    CHECK_FALSE(parse_icmp(IcmpFamily::v4, bytes({3, 1, 0, 0, 0, 0, 0, 0}) + quoted));
}

TEST_CASE("extension headers in a quoted IPv6 packet are walked through") {
    const Bytes error = bytes({2, 0, 0, 0, 0, 0, 5, 0});
    const Bytes options = bytes({44, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
    const Bytes first_fragment = bytes({58, 0, 0, 1, 0, 0, 0, 1});
    const Bytes later_fragment = bytes({58, 0, 0, 9, 0, 0, 0, 1});
    CHECK(parse_icmp(IcmpFamily::v6,
                     error + ipv6_header(0) + options + first_fragment + request(IcmpFamily::v6)));
    CHECK_FALSE(parse_icmp(IcmpFamily::v6,
                           error + ipv6_header(44) + later_fragment + request(IcmpFamily::v6)));
    CHECK_FALSE(parse_icmp(IcmpFamily::v6, error + ipv6_header(17) + request(IcmpFamily::v6)));
    CHECK_FALSE(
        parse_icmp(IcmpFamily::v6, error + ipv6_header(60) + bytes({58, 255, 0, 0, 0, 0, 0, 0})));
}

TEST_CASE("errors about other packets than echo requests are nothing") {
    const Bytes unreachable = bytes({3, 3, 0, 0, 0, 0, 0, 0});
    CHECK_FALSE(
        parse_icmp(IcmpFamily::v4, unreachable + ipv4_header(17) + request(IcmpFamily::v4)));
    CHECK_FALSE(parse_icmp(IcmpFamily::v4, unreachable + ipv4_header() +
                                               bytes({0, 0, 0, 0, 0x12, 0x34, 0x56, 0x78})));
    CHECK_FALSE(parse_icmp(IcmpFamily::v4, unreachable));
}

TEST_CASE("random and damaged packets are read without a step outside them") {
    std::mt19937 random(20260518);
    const std::vector<Bytes> seeds = {
        ipv4_header() + with_checksum(bytes({0, 0, 0, 0, 0, 1, 0, 2, 3})),
        ipv4_header() + with_checksum(bytes({3, 0, 0, 0, 0, 0, 0, 0}) + ipv4_header() +
                                      request(IcmpFamily::v4)),
        bytes({1, 0, 0, 0, 0, 0, 0, 0}) + ipv6_header() + request(IcmpFamily::v6),
        bytes({3, 0, 0, 0, 0, 0, 0, 0}) + ipv6_header(0) +
            bytes({60, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}) +
            bytes({44, 0, 0, 0, 0, 0, 0, 0}) + bytes({58, 0, 0, 0, 0, 0, 0, 0}) +
            request(IcmpFamily::v6),
    };
    for (int round = 0; round < 200'000; ++round) {
        Bytes packet;
        if (round % 4 == 0) {
            packet.resize(random() % 120);
            for (std::byte& b : packet)
                b = static_cast<std::byte>(random());
        } else {
            packet = seeds[random() % seeds.size()];
            for (unsigned changes = random() % 4; changes > 0; --changes)
                packet[random() % packet.size()] = static_cast<std::byte>(random());
            packet.resize(random() % (packet.size() + 1));
        }
        // A block of exactly its size, so that AddressSanitizer sees a step beyond it.
        const Bytes exact(packet.begin(), packet.end());
        const std::span<const std::byte> all(exact);
        for (const auto& parsed : {parse_icmp(IcmpFamily::v4, all), parse_icmp(IcmpFamily::v6, all),
                                   parse_ipv4_packet(all)}) {
            if (!parsed) continue;
            const bool is_inside =
                parsed->data.data() >= all.data() &&
                parsed->data.data() + parsed->data.size() == all.data() + all.size();
            REQUIRE(is_inside);
            REQUIRE(parsed->is_echo_reply != parsed->quoted.has_value());
        }
    }
}
