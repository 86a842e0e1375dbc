#include "check.hpp"
#include "servers.hpp"

#include <algorithm>
#include <array>

using namespace conformance;
using namespace std::chrono_literals;
using hws::Blocking;
using hws::bytes_of;
using hws::Errc;
using hws::IcmpResponse;
using hws::IcmpSocket;
using hws::IpAddr;
using hws::Ipv4Addr;
using hws::Ipv6Addr;
using hws::Poller;
using hws::text_of;

namespace {

const IpAddr here_v4 = Ipv4Addr(127, 0, 0, 1);
const IpAddr here_v6 = Ipv6Addr(std::array<std::uint8_t, 16>{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});

/// How soon a reply must be here.
constexpr auto soon = 10s;

std::string data_of(const IcmpResponse& response) {
    return std::string(text_of(std::span(response.data)));
}

} // namespace

// --- every backend

SENTENCE_OF_EVERY_BACKEND("an echo request is answered with its payload and its sequence number") {
    REQUIRE_OK(auto socket, IcmpSocket::open());
    CHECK(socket.send("127.0.0.1", bytes_of("Hello, ICMP!"), 7));
    REQUIRE_OK(const auto reply, socket.recv(soon));
    CHECK(reply.is_echo_reply());
    CHECK(!reply.is_unreachable());
    CHECK(reply.code == 0);
    CHECK(reply.source == here_v4);
    CHECK(reply.seq == std::uint16_t{7});
    CHECK(reply.id.has_value());
    CHECK(data_of(reply) == "Hello, ICMP!");
}

SENTENCE_OF_EVERY_BACKEND("waiting for an answer that nobody owes ends in time") {
    REQUIRE_OK(auto socket, IcmpSocket::open());
    CHECK_ERROR(socket.recv(20ms), Errc::timed_out);
}

// --- backends v2 and native

SENTENCE("an echo request over IPv6 is answered") {
    REQUIRE_OK(auto socket, IcmpSocket::open());
    CHECK(socket.send(here_v6, bytes_of("six"), 65'535));
    REQUIRE_OK(const auto reply, socket.recv(soon));
    CHECK(reply.is_echo_reply());
    CHECK(reply.type == 129);
    CHECK(reply.source == here_v6);
    CHECK(reply.seq == std::uint16_t{65'535});
    CHECK(data_of(reply) == "six");
}

SENTENCE("a response tells where its request went, how long ago, and the hops it had left") {
    REQUIRE_OK(auto socket, IcmpSocket::open());
    for (const IpAddr& target : {here_v4, here_v6}) {
        CHECK(socket.send(target, bytes_of("x"), 3));
        REQUIRE_OK(const auto reply, socket.recv(soon));
        CHECK(reply.target == target);
        CHECK(reply.request_seq == std::uint16_t{3});
        CHECK(reply.ttl == std::uint8_t{64});
        REQUIRE(reply.round_trip.has_value());
        CHECK(*reply.round_trip >= 0ns);
        CHECK(*reply.round_trip < soon);
    }
}

SENTENCE("an echo request may be empty, and as large as a packet") {
    REQUIRE_OK(auto socket, IcmpSocket::open());
    CHECK(socket.send(here_v4, {}, 1));
    REQUIRE_OK(const auto empty, socket.recv(soon));
    CHECK(empty.data.empty());
    const std::vector<std::byte> large(60'000, std::byte{42});
    CHECK(socket.send(here_v4, large, 2));
    REQUIRE_OK(const auto whole, socket.recv(soon));
    CHECK(whole.data == large);
    const std::vector<std::byte> too_large(65'508);
    CHECK_ERROR(socket.send(here_v4, too_large, 3), Errc::message_too_long);
    const std::vector<std::byte> too_large_for_six(65'528);
    CHECK_ERROR(socket.send(here_v6, too_large_for_six, 3), Errc::message_too_long);
}

SENTENCE("each of many requests is answered once") {
    REQUIRE_OK(auto socket, IcmpSocket::open());
    std::vector<std::uint16_t> awaited;
    for (std::uint16_t sequence = 100; sequence < 120; ++sequence) {
        CHECK(socket.send(sequence % 2 ? here_v4 : here_v6, bytes_of("many"), sequence));
        awaited.push_back(sequence);
    }
    while (!awaited.empty()) {
        REQUIRE_OK(const auto reply, socket.recv(soon));
        REQUIRE(reply.seq.has_value());
        CHECK(std::erase(awaited, *reply.seq) == 1);
        CHECK(reply.source == (*reply.seq % 2 ? here_v4 : here_v6));
    }
    CHECK_ERROR(socket.recv(20ms), Errc::timed_out);
}

SENTENCE("a socket gets no replies to requests of another") {
    REQUIRE_OK(auto mine, IcmpSocket::open());
    REQUIRE_OK(auto other, IcmpSocket::open());
    CHECK(mine.send(here_v4, bytes_of("mine"), 1));
    CHECK(other.send(here_v4, bytes_of("other"), 1));
    REQUIRE_OK(const auto reply, mine.recv(soon));
    CHECK(data_of(reply) == "mine");
    CHECK_ERROR(mine.recv(20ms), Errc::timed_out);
    REQUIRE_OK(const auto others, other.recv(soon));
    CHECK(data_of(others) == "other");
    CHECK(reply.id != others.id);
}

SENTENCE("a socket that never waits says so when there is nothing") {
    REQUIRE_OK(auto socket, IcmpSocket::open());
    CHECK(socket.set_blocking(Blocking::never_waits));
    CHECK_ERROR(socket.recv(), Errc::would_block);
    CHECK(socket.set_blocking(Blocking::waits));
    CHECK(socket.set_read_timeout(20ms));
    CHECK_ERROR(socket.recv(), Errc::timed_out);
    CHECK_ERROR(socket.set_read_timeout(0ms), Errc::invalid_argument);
}

SENTENCE("a Poller tells when the answer is there, over either family") {
    REQUIRE_OK(auto socket, IcmpSocket::open());
    Poller poller;
    CHECK(poller.add(socket, hws::Interest::read, 9));
    REQUIRE_OK(const auto none, poller.wait(10ms));
    CHECK(none.empty());
    for (const IpAddr& target : {here_v4, here_v6}) {
        CHECK(socket.send(target, bytes_of("polled"), 1));
        REQUIRE_OK(const auto events, poller.wait(soon));
        REQUIRE(events.size() == 1);
        CHECK(events[0].key == 9);
        CHECK(events[0].is_readable);
        REQUIRE_OK(const auto reply, socket.recv(soon));
        CHECK(reply.source == target);
    }
    REQUIRE_OK(const auto again, poller.wait(10ms));
    CHECK(again.empty());
}

SENTENCE("a target without a route, without a name or without a packet's hops is an error") {
    REQUIRE_OK(auto socket, IcmpSocket::open());
    CHECK_ERROR(socket.send("198.51.100.1", bytes_of("x"), 1), Errc::network_unreachable);
    CHECK_ERROR(socket.send("", bytes_of("x"), 1), Errc::invalid_argument);
    CHECK_ERROR(socket.set_ttl(0), Errc::invalid_argument);
    CHECK_ERROR(socket.set_ttl(256), Errc::invalid_argument);
    CHECK(socket.set_ttl(1)); // enough for this machine
    CHECK(socket.send("localhost", bytes_of("x"), 2));
    REQUIRE_OK(const auto reply, socket.recv(soon));
    CHECK(reply.is_echo_reply());
}
