#include "fake_host.hpp"

#include <doctest/doctest.h>
#include <hws/icmp_socket.hpp>

using hws::Errc;
using hws::IcmpSocket;

TEST_CASE("an echo reply comes back with its numbers and its payload") {
    FakeHost host;
    host.arriving = {
        R"({"source":"::1","type":129,"code":0,"id":65535,"seq":7,"data":[104,105,255,0]})"};
    auto socket = IcmpSocket::open();
    CHECK(socket->send("::1", hws::bytes_of("hi"), 7));
    auto reply = socket->recv(std::chrono::microseconds(1500));
    REQUIRE(reply);
    CHECK(host.calls == std::vector<std::string>{"icmp_send ::1 7", "icmp_recv 2"});
    CHECK(reply->source.to_string() == "::1");
    CHECK(reply->is_echo_reply());
    CHECK(reply->id == 65535);
    CHECK(reply->seq == 7);
    CHECK(hws::text_of(reply->data) == std::string_view("hi\xff\0", 4));
}

TEST_CASE("an ICMP error has neither id nor seq") {
    FakeHost host;
    host.arriving = {R"({"source":"192.0.2.1","type":3,"code":1,"data":null})"};
    auto reply = IcmpSocket::open()->recv(std::chrono::seconds(1));
    REQUIRE(reply);
    CHECK_FALSE(reply->is_echo_reply());
    CHECK_FALSE(reply->id);
    CHECK_FALSE(reply->seq);
    CHECK(reply->data.empty());
}

TEST_CASE(
    "nothing is a timeout, nonsense is a protocol error, a refused send says whom it was for") {
    FakeHost host;
    auto socket = IcmpSocket::open();
    CHECK(socket->recv(std::chrono::hours(-1)).error() == Errc::timed_out);
    CHECK(host.calls.back() == "icmp_recv 0");
    for (const char* answer :
         {"{", R"({"source":"x","type":0})", R"({"source":"1.2.3.4","type":"0"})"}) {
        host.arriving = {answer};
        CHECK(socket->recv(std::chrono::seconds(1)).error() == Errc::protocol);
    }
    host.accepts = false;
    CHECK(socket->send("10.0.0.1", {}, 1).error().message().starts_with("icmp_send 10.0.0.1 "));
}
