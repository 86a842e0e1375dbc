#include "check.hpp"
#include "servers.hpp"

#include <array>

using namespace conformance;
using namespace std::chrono_literals;
using hws::Blocking;
using hws::bytes_of;
using hws::Errc;
using hws::Ipv4Addr;
using hws::Ipv6Addr;
using hws::SocketAddr;
using hws::Switch;
using hws::text_of;
using hws::UdpSocket;

namespace {

struct Sockets {
    UdpSocket a;
    UdpSocket b;
    SocketAddr a_address;
    SocketAddr b_address;
};

/// Two bound sockets without peers.
hws::Result<Sockets> two_sockets(std::string_view local = "127.0.0.1:0") {
    HWS_TRY(auto a, UdpSocket::bind(local));
    HWS_TRY(auto b, UdpSocket::bind(local));
    HWS_TRY(const auto a_address, a.local_addr());
    HWS_TRY(const auto b_address, b.local_addr());
    return Sockets{std::move(a), std::move(b), a_address, b_address};
}

hws::Result<std::string> receive_text(UdpSocket& socket) {
    std::array<std::byte, 2000> buffer;
    HWS_TRY(const std::size_t count, socket.recv(buffer));
    return std::string(text_of(std::span(buffer).first(count)));
}

/// The index of the loopback interface, which is Linux's first; v2 hands the same numbers on.
constexpr std::uint32_t loopback_interface = 1;

} // namespace

// --- every backend

SENTENCE_OF_EVERY_BACKEND("a datagram to the peer of a connected socket comes back") {
    REQUIRE_OK(auto socket, UdpSocket::connect(servers().udp_echo));
    CHECK(socket.send("hello") == 5);
    CHECK(receive_text(socket) == "hello");
    REQUIRE_OK(const auto peer, SocketAddr::parse(servers().udp_echo));
    CHECK(socket.peer_addr() == peer);
    CHECK(socket.send("again") == 5);
    std::array<std::byte, 100> buffer;
    REQUIRE_OK(const auto received, socket.recv_from(buffer));
    CHECK(received.bytes == 5);
    CHECK(received.from == peer);
}

SENTENCE_OF_EVERY_BACKEND("an empty datagram is a datagram") {
    REQUIRE_OK(auto socket, UdpSocket::connect(servers().udp_echo));
    CHECK(socket.send("") == 0);
    CHECK(receive_text(socket) == "");
}

SENTENCE_OF_EVERY_BACKEND("a datagram is cut to the room there is, and its rest is gone") {
    REQUIRE_OK(auto socket, UdpSocket::connect(servers().udp_echo));
    CHECK(socket.send("0123456789") == 10);
    std::array<std::byte, 4> four;
    CHECK(socket.recv(four) == 4);
    CHECK(text_of(four) == "0123");
    CHECK(socket.send("next") == 4);
    CHECK(receive_text(socket) == "next");
}

SENTENCE_OF_EVERY_BACKEND("a datagram larger than UDP carries is too long") {
    REQUIRE_OK(auto socket, UdpSocket::connect(servers().udp_echo));
    const std::vector<std::byte> large(65'508);
    CHECK_ERROR(socket.send(large), Errc::message_too_long);
    CHECK(socket.send(std::span(large).first(60'000)) == 60'000);
    std::vector<std::byte> back(65'536);
    CHECK(socket.recv(back) == 60'000);
}

SENTENCE_OF_EVERY_BACKEND("a socket connects to a name, and to the first of several addresses") {
    REQUIRE_OK(const auto peer, SocketAddr::parse(servers().udp_echo));
    const std::array peers{peer};
    REQUIRE_OK(auto one_of, UdpSocket::connect(peers));
    CHECK(one_of.send("x") == 1);
    CHECK(receive_text(one_of) == "x");
    CHECK_ERROR(UdpSocket::connect(std::span<const SocketAddr>()), Errc::invalid_argument);
    CHECK_ERROR(UdpSocket::connect("nonsense"), Errc::invalid_argument);
    CHECK_OK(UdpSocket::connect("localhost:" + std::to_string(peer.port())));
}

// --- v2 and native

SENTENCE("bound sockets send to and receive from anybody") {
    REQUIRE_OK(auto both, two_sockets());
    CHECK(both.a.send_to(bytes_of("ping"), both.b_address) == 4);
    std::array<std::byte, 100> buffer;
    REQUIRE_OK(const auto ping, both.b.recv_from(buffer));
    CHECK(ping.bytes == 4);
    CHECK(ping.from == both.a_address);
    CHECK(!ping.is_truncated);
    CHECK(both.b.send_to(bytes_of("pong"), ping.from.to_string()) == 4);
    CHECK(receive_text(both.a) == "pong");
    CHECK_ERROR(both.a.send("nobody"), Errc::destination_required);
    CHECK_ERROR(both.a.peer_addr(), Errc::not_connected);
    CHECK_ERROR(both.a.send_to(std::vector<std::byte>(65'508), both.b_address),
                Errc::message_too_long);
}

SENTENCE("a socket is bound to text, a name, an address, or the first of several that can be had") {
    CHECK_OK(UdpSocket::bind("localhost:0"));
    REQUIRE_OK(auto first, UdpSocket::bind(SocketAddr(Ipv4Addr::localhost, 0)));
    REQUIRE_OK(const auto taken, first.local_addr());
    CHECK_ERROR(UdpSocket::bind(taken), Errc::address_in_use);
    const std::array addresses{taken, SocketAddr(Ipv4Addr::localhost, 0)};
    CHECK_OK(UdpSocket::bind(addresses));
    CHECK_ERROR(UdpSocket::bind(std::span<const SocketAddr>()), Errc::invalid_argument);
    CHECK_ERROR(UdpSocket::bind("nonsense"), Errc::invalid_argument);
}

SENTENCE("a bound socket that is given a peer hears only that one, until it gets another") {
    REQUIRE_OK(auto both, two_sockets());
    REQUIRE_OK(auto stranger, UdpSocket::bind("127.0.0.1:0"));
    REQUIRE_OK(const auto stranger_address, stranger.local_addr());
    CHECK_OK(both.a.connect_to(both.b_address));
    CHECK(both.a.peer_addr() == both.b_address);
    CHECK(stranger.send_to(bytes_of("unheard"), both.a_address) == 7);
    CHECK(both.b.send_to(bytes_of("heard"), both.a_address) == 5);
    CHECK(receive_text(both.a) == "heard");
    CHECK(both.a.send("x") == 1);
    CHECK(receive_text(both.b) == "x");
    CHECK_OK(both.a.connect_to(stranger_address.to_string()));
    CHECK(both.a.send("y") == 1);
    CHECK(receive_text(stranger) == "y");
    const std::array peers{both.b_address};
    CHECK_OK(both.a.connect_to(peers));
    CHECK(both.a.peer_addr() == both.b_address);
    CHECK_OK(both.a.connect_to("localhost:" + std::to_string(stranger_address.port())));
}

SENTENCE("a peek leaves the datagram, and tells its sender") {
    REQUIRE_OK(auto both, two_sockets());
    CHECK(both.a.send_to(bytes_of("hello"), both.b_address) == 5);
    std::array<std::byte, 3> three;
    REQUIRE_OK(const auto peeked, both.b.peek_from(three));
    CHECK(peeked.from == both.a_address);
    CHECK(peeked.bytes == 3);
    CHECK(peeked.is_truncated);
    CHECK(both.b.peek(three) == 3);
    CHECK(text_of(three) == "hel");
    CHECK(receive_text(both.b) == "hello");
}

SENTENCE("a receive whose time is over has timed out, and the socket goes on") {
    REQUIRE_OK(auto both, two_sockets());
    CHECK(both.a.read_timeout() == std::nullopt);
    CHECK_OK(both.a.set_read_timeout(10ms));
    CHECK(*both.a.read_timeout() >= 10ms);
    std::array<std::byte, 10> buffer;
    CHECK_ERROR(both.a.recv(buffer), Errc::timed_out);
    CHECK_ERROR(both.a.recv_from(buffer), Errc::timed_out);
    CHECK_ERROR(both.a.peek(buffer), Errc::timed_out);
    CHECK_ERROR(both.a.peek_from(buffer), Errc::timed_out);
    CHECK(both.b.send_to(bytes_of("x"), both.a_address) == 1);
    CHECK_OK(both.a.set_read_timeout(std::nullopt));
    CHECK(receive_text(both.a) == "x");
    CHECK_OK(both.a.set_write_timeout(10ms));
    CHECK(*both.a.write_timeout() >= 10ms);
    CHECK_ERROR(both.a.set_write_timeout(0s), Errc::invalid_argument);
}

SENTENCE("a socket that does not wait would block where there is nothing") {
    REQUIRE_OK(auto both, two_sockets());
    CHECK_OK(both.a.set_blocking(Blocking::never_waits));
    std::array<std::byte, 10> buffer;
    CHECK_ERROR(both.a.recv(buffer), Errc::would_block);
    CHECK_ERROR(both.a.peek_from(buffer), Errc::would_block);
    CHECK_OK(both.a.set_blocking(Blocking::waits));
    CHECK(both.b.send_to(bytes_of("x"), both.a_address) == 1);
    CHECK(receive_text(both.a) == "x");
}

SENTENCE("options of a socket keep what they were set to") {
    REQUIRE_OK(auto both, two_sockets());
    CHECK(both.a.broadcast() == Switch::off);
    CHECK_OK(both.a.set_broadcast(Switch::on));
    CHECK(both.a.broadcast() == Switch::on);
    CHECK_OK(both.a.set_ttl(12));
    CHECK(both.a.ttl() == 12u);
    CHECK_ERROR(both.a.set_ttl(0), Errc::invalid_argument);
    CHECK(both.a.multicast_loop_v4() == Switch::on);
    CHECK_OK(both.a.set_multicast_loop_v4(Switch::off));
    CHECK(both.a.multicast_loop_v4() == Switch::off);
    CHECK(both.a.multicast_ttl_v4() == 1u);
    CHECK_OK(both.a.set_multicast_ttl_v4(7));
    CHECK(both.a.multicast_ttl_v4() == 7u);
    CHECK_ERROR(both.a.set_multicast_ttl_v4(256), Errc::invalid_argument);
    CHECK(both.a.take_error() == std::nullopt);
    REQUIRE_OK(auto six, UdpSocket::bind("[::1]:0"));
    CHECK(six.multicast_loop_v6() == Switch::on);
    CHECK_OK(six.set_multicast_loop_v6(Switch::off));
    CHECK(six.multicast_loop_v6() == Switch::off);
    CHECK_OK(six.set_ttl(12));
    CHECK(six.ttl() == 12u);
}

SENTENCE("a datagram that found nobody is told of once") {
    REQUIRE_OK(auto socket, UdpSocket::bind("127.0.0.1:0"));
    {
        REQUIRE_OK(auto gone, UdpSocket::bind("127.0.0.1:0"));
        REQUIRE_OK(const auto address, gone.local_addr());
        CHECK_OK(socket.connect_to(address));
    }
    CHECK(socket.send("x") == 1);
    // Loopback answers before the send returns.
    REQUIRE_OK(const auto error, socket.take_error());
    CHECK(error && *error == Errc::refused);
    CHECK(socket.take_error() == std::nullopt);
    CHECK(socket.send("y") == 1);
    std::array<std::byte, 10> buffer;
    CHECK_ERROR(socket.recv(buffer), Errc::refused);
}

SENTENCE("a clone is the same socket") {
    REQUIRE_OK(auto both, two_sockets());
    REQUIRE_OK(auto clone, both.a.try_clone());
    CHECK(clone.local_addr() == both.a_address);
    CHECK(both.b.send_to(bytes_of("x"), both.a_address) == 1);
    CHECK(receive_text(clone) == "x");
    const int fd = std::move(clone).into_raw_fd();
    REQUIRE_OK(auto again, UdpSocket::from_raw_fd(fd));
    CHECK(again.as_raw_fd() == fd);
    CHECK(again.send_to(bytes_of("y"), both.b_address) == 1);
    CHECK(receive_text(both.b) == "y");
}

SENTENCE("members of an IPv4 group get what is sent to it, until they leave") {
    const Ipv4Addr group(239, 255, 77, 1);
    REQUIRE_OK(auto member, UdpSocket::bind("0.0.0.0:0"));
    REQUIRE_OK(auto sender, UdpSocket::bind("127.0.0.1:0"));
    REQUIRE_OK(const auto bound, member.local_addr());
    const SocketAddr target(group, bound.port());
    CHECK_ERROR(member.leave_multicast_v4(group, Ipv4Addr::localhost), Errc::address_not_available);
    CHECK_OK(member.join_multicast_v4(group, Ipv4Addr::localhost));
    CHECK_ERROR(member.join_multicast_v4(group, Ipv4Addr::localhost), Errc::address_in_use);
    CHECK(sender.send_to(bytes_of("to all"), target) == 6);
    CHECK(receive_text(member) == "to all");
    CHECK_OK(member.leave_multicast_v4(group, Ipv4Addr::localhost));
    CHECK(sender.send_to(bytes_of("unheard"), target) == 7);
    CHECK(sender.send_to(bytes_of("heard"), SocketAddr(Ipv4Addr::localhost, bound.port())) == 5);
    CHECK(receive_text(member) == "heard");
}

SENTENCE("members of an IPv6 group get what is sent to it, until they leave") {
    const Ipv6Addr group(0xff01, 0, 0, 0, 0, 0, 0, 0x77);
    REQUIRE_OK(auto member, UdpSocket::bind("[::]:0"));
    REQUIRE_OK(auto sender, UdpSocket::bind("[::1]:0"));
    REQUIRE_OK(const auto bound, member.local_addr());
    const SocketAddr target(group, bound.port(), loopback_interface);
    CHECK_ERROR(member.leave_multicast_v6(group, loopback_interface), Errc::address_not_available);
    CHECK_OK(member.join_multicast_v6(group, loopback_interface));
    CHECK(sender.send_to(bytes_of("to all"), target) == 6);
    CHECK(receive_text(member) == "to all");
    CHECK_OK(member.leave_multicast_v6(group, loopback_interface));
    CHECK(sender.send_to(bytes_of("unheard"), target) == 7);
    CHECK(sender.send_to(bytes_of("heard"), SocketAddr(Ipv6Addr::localhost, bound.port())) == 5);
    CHECK(receive_text(member) == "heard");
}

SENTENCE("sockets over IPv6 are like those over IPv4") {
    REQUIRE_OK(auto both, two_sockets("[::1]:0"));
    CHECK(both.a.send_to(bytes_of("six"), both.b_address) == 3);
    std::array<std::byte, 10> buffer;
    REQUIRE_OK(const auto received, both.b.recv_from(buffer));
    CHECK(received.from == both.a_address);
    CHECK_ERROR(both.a.send_to(bytes_of("x"), SocketAddr(Ipv4Addr::localhost, 9)),
                Errc::network_unreachable);
}

// --- v1

SENTENCE_OF_V1("what dialect v1 can't do with a datagram socket is unsupported") {
    CHECK_ERROR(UdpSocket::bind("127.0.0.1:0"), Errc::unsupported);
    REQUIRE_OK(auto socket, UdpSocket::connect(servers().udp_echo));
    std::array<std::byte, 1> byte;
    CHECK_ERROR(socket.peek(byte), Errc::unsupported);
    CHECK_ERROR(socket.peek_from(byte), Errc::unsupported);
    CHECK_ERROR(socket.send_to(byte, servers().udp_echo), Errc::unsupported);
    CHECK_ERROR(socket.connect_to(servers().udp_echo), Errc::unsupported);
    CHECK_ERROR(socket.try_clone(), Errc::unsupported);
    CHECK_ERROR(socket.join_multicast_v4(Ipv4Addr(239, 255, 77, 1), Ipv4Addr::unspecified),
                Errc::unsupported);
    CHECK_ERROR(socket.set_broadcast(Switch::on), Errc::unsupported);
}
