#include "os/stream_receiver.hpp"

#include "os/fd.hpp"
#include "os/network_socket.hpp"
#include "os/socket.hpp"

#include <array>
#include <doctest/doctest.h>
#include <poll.h>
#include <string>
#include <string_view>
#include <sys/socket.h>

namespace {

using namespace hws;
using namespace hws::host::os;

/// Both ends of a TCP connection on loopback; the first does not block.
struct Connection {
    Fd ours;
    Fd peers;

    Connection() {
        Fd listener = open_socket(Family::ipv4, SocketType::stream).value();
        REQUIRE(host::os::bind(listener.get(), SocketAddr(Ipv4Addr(127, 0, 0, 1), 0)));
        REQUIRE(host::os::listen(listener.get(), 1));
        ours = open_socket(Family::ipv4, SocketType::stream).value();
        [[maybe_unused]] auto started =
            connect(ours.get(), find_local_address(listener.get()).value().value());
        wait(listener, POLLIN);
        peers = std::move(accept(listener.get()).value().fd);
        wait(ours, POLLOUT);
    }

    static void wait(const Fd& fd, short what) {
        pollfd query{fd.get(), what, 0};
        REQUIRE(::poll(&query, 1, -1) == 1);
    }

    void send(std::string_view text) {
        REQUIRE(::send(peers.get(), text.data(), text.size(), MSG_NOSIGNAL) ==
                static_cast<ssize_t>(text.size()));
        wait(ours, POLLIN);
    }
};

/// Receives at most `size` bytes as text.
Result<std::string> receive(StreamReceiver& receiver, const Connection& connection,
                            std::size_t size) {
    std::array<std::byte, 64> room;
    IoList list;
    list.add(std::span(room).first(size));
    HWS_TRY(const std::size_t count, receiver.receive(connection.ours.get(), list));
    return std::string(reinterpret_cast<const char*>(room.data()), count);
}

/// A reader who was seen to ask for exactly what is there.
void ask_exactly(StreamReceiver& receiver, Connection& connection) {
    connection.send("1234");
    REQUIRE(receive(receiver, connection, 4) == "1234");
    CHECK_FALSE(receiver.has_emptied());
    REQUIRE(receive(receiver, connection, 4).error() == Errc::would_block);
}

} // namespace

TEST_CASE("a short receive of a stream tells that it is empty") {
    Connection connection;
    StreamReceiver receiver;
    connection.send("1234");
    CHECK(receive(receiver, connection, 8) == "1234");
    CHECK(receiver.has_emptied());
}

TEST_CASE("a reader of exactly what is there is told that the stream is empty from the second time on") {
    Connection connection;
    StreamReceiver receiver;
    ask_exactly(receiver, connection);
    connection.send("5678");
    CHECK(receive(receiver, connection, 4) == "5678");
    CHECK(receiver.has_emptied());
}

TEST_CASE("bytes beyond those asked for keep the stream from counting as empty") {
    Connection connection;
    StreamReceiver receiver;
    ask_exactly(receiver, connection);
    connection.send("56789");
    CHECK(receive(receiver, connection, 4) == "5678");
    CHECK_FALSE(receiver.has_emptied());
    CHECK(receive(receiver, connection, 4) == "9");
    CHECK(receiver.has_emptied());
}

TEST_CASE("an end of stream behind the bytes keeps it from counting as empty") {
    Connection connection;
    StreamReceiver receiver;
    ask_exactly(receiver, connection);
    connection.send("5678");
    connection.peers.reset();
    Connection::wait(connection.ours, POLLRDHUP);
    CHECK(receive(receiver, connection, 4) == "5678");
    CHECK_FALSE(receiver.has_emptied());
    CHECK(receive(receiver, connection, 4) == "");
    CHECK_FALSE(receiver.has_emptied());
}

TEST_CASE("a local stream, which cannot tell, still receives") {
    auto ends = open_socket_pair(SocketType::stream).value();
    Connection connection;
    connection.ours = std::move(ends[0]);
    connection.peers = std::move(ends[1]);
    StreamReceiver receiver;
    ask_exactly(receiver, connection);
    connection.send("5678");
    CHECK(receive(receiver, connection, 4) == "5678");
    CHECK_FALSE(receiver.has_emptied());
    CHECK(receive(receiver, connection, 4).error() == Errc::would_block);
}
