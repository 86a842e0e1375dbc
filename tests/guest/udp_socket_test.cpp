#include "fake_host.hpp"

#include <doctest/doctest.h>
#include <hws/udp_socket.hpp>

using hws::Errc;
using hws::UdpSocket;

TEST_CASE("datagrams go out and come in whole, empty ones too") {
    FakeHost host;
    host.arriving = {"pong", ""};
    auto socket = UdpSocket::connect("127.0.0.1:53");
    CHECK(socket->send("ping") == 4);
    CHECK(socket->send("") == 0);
    CHECK(host.sent == std::vector<std::string>{"ping", ""});

    std::array<std::byte, 16> buffer;
    auto received = socket->recv_from(buffer);
    REQUIRE(received);
    CHECK(received->bytes == 4);
    CHECK(received->from.to_string() == "127.0.0.1:53");
    CHECK(socket->recv(buffer) == 0);
    CHECK(socket->recv(buffer).error() == Errc::timed_out);
}

TEST_CASE("a datagram is cut to the buffer") {
    FakeHost host;
    host.arriving = {"long datagram", "next"};
    auto socket = UdpSocket::connect("127.0.0.1:53");
    std::array<std::byte, 4> buffer;
    CHECK(socket->recv(buffer) == 4);
    CHECK(hws::text_of(buffer) == "long");
    CHECK(socket->recv(std::span<std::byte>()) == 0);
}

TEST_CASE("a datagram that UDP can't carry does not reach the host") {
    FakeHost host;
    auto socket = UdpSocket::connect("127.0.0.1:53");
    CHECK(socket->send(std::string(65508, 'x')).error() == Errc::message_too_long);
    CHECK(host.sent.empty());
}

TEST_CASE("with a peer by name recv_from takes no datagram") {
    FakeHost host;
    host.arriving = {"kept"};
    auto socket = UdpSocket::connect("localhost:53");
    std::array<std::byte, 16> buffer;
    CHECK(socket->recv_from(buffer).error() == Errc::unsupported);
    CHECK(socket->recv(buffer) == 4);
    CHECK(UdpSocket::bind("127.0.0.1:0").error() == Errc::unsupported);
}
