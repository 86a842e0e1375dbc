#include "fake_host.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <hws/tcp_stream.hpp>

using hws::Errc;
using hws::Shutdown;
using hws::TcpStream;

namespace {
std::string read(TcpStream& stream, std::size_t max) {
    std::vector<std::byte> buffer(max);
    auto count = stream.read(buffer);
    REQUIRE(count);
    return std::string(hws::text_of(std::span(buffer).first(*count)));
}
} // namespace

TEST_CASE("a stream connects to what it is given and closes when it goes") {
    FakeHost host;
    {
        auto stream = TcpStream::connect("localhost:80");
        REQUIRE(stream);
        TcpStream moved = std::move(*stream);
        TcpStream again = std::move(moved);
    }
    CHECK(host.calls == std::vector<std::string>{"tcp_connect localhost:80", "tcp_close 7"});
}

TEST_CASE("an address value is connected to as its text") {
    FakeHost host;
    auto stream = TcpStream::connect(hws::SocketAddr(hws::Ipv6Addr::localhost, 443));
    CHECK(host.calls.front() == "tcp_connect [::1]:443");
    CHECK(stream->peer_addr() == hws::SocketAddr(hws::Ipv6Addr::localhost, 443));
}

TEST_CASE("text that is not host:port does not reach the host") {
    FakeHost host;
    for (std::string_view text :
         {"", "localhost", "localhost:", ":80", "localhost:0", "localhost:65536", "localhost:8x",
          "::1:80", "a:80:90", "localhost: 80"}) {
        CAPTURE(text);
        CHECK(TcpStream::connect(text).error() == Errc::invalid_argument);
    }
    CHECK(host.calls.empty());
}

TEST_CASE("a failed connect names the peer") {
    FakeHost host;
    host.accepts = false;
    auto stream = TcpStream::connect("127.0.0.1:1");
    REQUIRE_FALSE(stream);
    CHECK(stream.error().message() ==
          "tcp_connect 127.0.0.1:1 (the reason is in the host's log): io");
}

TEST_CASE("what comes beyond the caller's buffer is kept for the next reads") {
    FakeHost host;
    host.arriving = {"hello world"};
    auto stream = TcpStream::connect("127.0.0.1:1");
    CHECK(read(*stream, 5) == "hello");
    CHECK(read(*stream, 1) == " ");
    CHECK(read(*stream, 100) == "world");
    CHECK(read(*stream, 100) == "");
    CHECK(std::ranges::count(host.calls, "tcp_recv") == 2);
}

TEST_CASE("a peek leaves the bytes for the read") {
    FakeHost host;
    host.arriving = {"abc"};
    auto stream = TcpStream::connect("127.0.0.1:1");
    std::array<std::byte, 2> peeked;
    CHECK(stream->peek(peeked) == 2);
    CHECK(hws::text_of(peeked) == "ab");
    CHECK(read(*stream, 10) == "abc");
    CHECK(stream->peek(peeked) == 0);
}

TEST_CASE("reading exactly fails with what was missing when the stream ends") {
    FakeHost host;
    host.arriving = {"ab", "c"};
    auto stream = TcpStream::connect("127.0.0.1:1");
    std::array<std::byte, 3> three;
    CHECK(stream->read_exact(three));
    CHECK(stream->read_exact(three).error().message() ==
          "read_exact: the stream ended after 0 of 3 bytes: reset");
}

TEST_CASE("reading to the end appends, and stops at its limit") {
    FakeHost host;
    host.arriving = {std::string(5000, 'a'), std::string(100000, 'b')};
    auto stream = TcpStream::connect("127.0.0.1:1");
    std::string text = "x";
    CHECK(stream->read_to_end(text) == 105000);
    CHECK(text == "x" + std::string(5000, 'a') + std::string(100000, 'b'));
    host.arriving = {"12345"};
    std::vector<std::byte> bytes;
    CHECK(stream->read_to_end(bytes, 4).error() == Errc::too_large);
}

TEST_CASE("everything is written, in pieces of bounded size") {
    FakeHost host;
    auto stream = TcpStream::connect("127.0.0.1:1");
    const std::string text(1000001, 'z');
    CHECK(stream->write_all(text));
    std::string all;
    for (const std::string& piece : host.sent) {
        CHECK(piece.size() <= 256 << 10);
        all += piece;
    }
    CHECK(all == text);
}

TEST_CASE("a write that the host refuses is a broken pipe, and writing nothing asks nobody") {
    FakeHost host;
    auto stream = TcpStream::connect("127.0.0.1:1");
    CHECK(stream->write("") == 0);
    CHECK(host.sent.empty());
    host.sendable_bytes = 0;
    CHECK(stream->write("x").error() == Errc::broken_pipe);
    host.largest_block_bytes = 10;
    CHECK(stream->write("longer than that").error() == Errc::out_of_memory);
}

TEST_CASE("shutting down both halves closes the connection, one half is unsupported") {
    FakeHost host;
    auto stream = TcpStream::connect("127.0.0.1:1");
    CHECK(stream->shutdown(Shutdown::write).error() == Errc::unsupported);
    CHECK(stream->shutdown(Shutdown::both));
    CHECK(host.calls.back() == "tcp_close 7");
    std::array<std::byte, 1> byte;
    CHECK(stream->read(byte).error() == Errc::not_connected);
    CHECK(stream->write("x").error() == Errc::not_connected);
    CHECK(stream->shutdown(Shutdown::both).error() == Errc::not_connected);
}

TEST_CASE("what v1 can't do says so in a sentence") {
    FakeHost host;
    auto stream = TcpStream::connect("example.com:1");
    CHECK(stream->peer_addr().error().message() ==
          "tcp peer_addr: dialect v1 does not tell the address that the host found for "
          "example.com:1: unsupported");
    CHECK(stream->local_addr().error() == Errc::unsupported);
    CHECK(stream->set_read_timeout(std::chrono::seconds(1)).error() == Errc::unsupported);
    CHECK(stream->set_read_timeout(std::chrono::seconds(0)).error() == Errc::invalid_argument);
    CHECK(stream->nodelay().error() == Errc::unsupported);
    CHECK(TcpStream::connect_timeout(hws::SocketAddr(), std::chrono::seconds(1)).error() == Errc::unsupported);
}
