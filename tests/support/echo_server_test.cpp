#include "support/echo_server.hpp"
#include "support/ports.hpp"
#include "support/test_client.hpp"

#include <doctest/doctest.h>
#include <stdexcept>

using namespace std::chrono_literals;
using namespace hws::test;

TEST_CASE("what is sent comes back over TCP and UDP, IPv4 and IPv6") {
    for (const std::string address : {"127.0.0.1", "::1"}) {
        if (address == "::1" && !has_ipv6_loopback()) continue;
        CAPTURE(address);
        EchoServer server(
            {.behaviour = Behaviour::echo, .address = address, .reset_after_bytes = 1});
        const std::string large(300'000, 'x');
        CHECK(exchange(address, server.port(), large) == large);
        CHECK(exchange_datagram(address, server.port(), "datagram") == "datagram");
        CHECK(exchange_datagram(address, server.port(), "").empty());
        CHECK(server.connections() == 1);
        CHECK(server.received_bytes() == large.size());
        CHECK(server.datagrams() == 2);
    }
}

TEST_CASE("a silent server neither answers nor closes") {
    EchoServer server(
        {.behaviour = Behaviour::say_nothing, .address = "127.0.0.1", .reset_after_bytes = 1});
    CHECK_THROWS_AS(exchange_datagram("127.0.0.1", server.port(), "anyone?", 20ms),
                    std::runtime_error);
    CHECK_THROWS_AS(exchange("127.0.0.1", server.port(), "hello", 20ms), std::runtime_error);
    CHECK(server.wait_for_bytes(5));
    CHECK(server.received_on(0) == "hello");
    CHECK(server.datagrams() == 1);
}

TEST_CASE("a silent server says what the test says, on the connection it chooses") {
    EchoServer server(
        {.behaviour = Behaviour::say_nothing, .address = "127.0.0.1", .reset_after_bytes = 1});
    std::string answers[2];
    std::thread first([&] { answers[0] = exchange("127.0.0.1", server.port(), "0"); });
    CHECK(server.wait_for_connections(1));
    std::thread second([&] { answers[1] = exchange("127.0.0.1", server.port(), "1"); });
    // A connection closed with bytes unread is reset.
    CHECK(server.wait_for_bytes(2));
    for (const std::size_t connection : {std::size_t(1), std::size_t(0)}) {
        server.send(connection, "to " + std::to_string(connection));
        server.close(connection);
    }
    first.join();
    second.join();
    CHECK(answers[0] == "to 0");
    CHECK(answers[1] == "to 1");
    CHECK_THROWS_AS(server.send(0, "too late"), std::runtime_error);
}

TEST_CASE("a resetting server resets in mid-stream, after so many bytes") {
    EchoServer server(
        {.behaviour = Behaviour::reset, .address = "127.0.0.1", .reset_after_bytes = 4});
    CHECK(exchange("127.0.0.1", server.port(), "123") == "123");
    CHECK_THROWS_WITH_AS(exchange("127.0.0.1", server.port(), "12345"),
                         "recv: Connection reset by peer", std::runtime_error);
}

TEST_CASE("a closing server ends a connection the ordinary way") {
    EchoServer server(
        {.behaviour = Behaviour::close, .address = "127.0.0.1", .reset_after_bytes = 1});
    CHECK(exchange("127.0.0.1", server.port(), "").empty());
    CHECK(server.wait_for_connections(1));
}

TEST_CASE("an address that is none of this machine's is refused") {
    CHECK_THROWS_AS(
        EchoServer({.behaviour = Behaviour::echo, .address = "nonsense", .reset_after_bytes = 1}),
        std::runtime_error);
}
