#include "check.hpp"
#include "servers.hpp"

#include <array>

using namespace conformance;
using namespace std::chrono_literals;
using hws::bytes_of;
using hws::Errc;
using hws::Interest;
using hws::Poller;
using hws::TcpListener;
using hws::TcpStream;
using hws::UdpSocket;

namespace {
/// The keys of what the poller tells now, without waiting.
hws::Result<std::vector<std::uint64_t>> keys_now(Poller& poller) {
    HWS_TRY(const auto events, poller.wait(0s));
    std::vector<std::uint64_t> keys;
    for (const Poller::Event& event : events)
        keys.push_back(event.key);
    return keys;
}
using Keys = std::vector<std::uint64_t>;
} // namespace

SENTENCE("a poller tells of the sockets that something can be done with, by their keys") {
    REQUIRE_OK(auto listener, TcpListener::bind("127.0.0.1:0"));
    REQUIRE_OK(const auto address, listener.local_addr());
    REQUIRE_OK(auto socket, UdpSocket::bind("127.0.0.1:0"));
    REQUIRE_OK(auto pair, connected_pair());
    Poller poller;
    CHECK_OK(poller.add(listener, Interest::read, 10));
    CHECK_OK(poller.add(socket, Interest::read, 20));
    CHECK_OK(poller.add(pair.server, Interest::read, 30));
    CHECK(poller.size() == 3);
    CHECK(keys_now(poller) == Keys{});

    CHECK_OK(pair.client.write_all("x"));
    REQUIRE_OK(const auto events, poller.wait());
    CHECK(events.size() == 1);
    CHECK(events[0].key == 30 && events[0].is_readable && !events[0].is_writable);
    // It tells what is: the byte is still there.
    CHECK(keys_now(poller) == Keys{30});
    CHECK(read_text(pair.server) == "x");
    CHECK(keys_now(poller) == Keys{});

    REQUIRE_OK(auto client, TcpStream::connect(address));
    CHECK(socket.send_to(bytes_of("y"), *socket.local_addr()) == 1);
    CHECK(keys_now(poller) == Keys{10, 20});
    CHECK_OK(listener.accept());
    CHECK(keys_now(poller) == Keys{20});
}

SENTENCE("a poller waits for as long as it may and then tells of nothing") {
    REQUIRE_OK(auto socket, UdpSocket::bind("127.0.0.1:0"));
    Poller poller;
    CHECK_OK(poller.add(socket, Interest::read, 1));
    REQUIRE_OK(const auto events, poller.wait(10ms));
    CHECK(events.empty());
    REQUIRE_OK(const auto none, poller.wait(-1s));
    CHECK(none.empty());
    Poller empty;
    REQUIRE_OK(const auto nothing, empty.wait(1ms));
    CHECK(nothing.empty());
}

SENTENCE("a poller tells of room to write, and follows a change of interest") {
    REQUIRE_OK(auto pair, connected_pair());
    Poller poller;
    CHECK_OK(poller.add(pair.client, Interest::both, 1));
    {
        REQUIRE_OK(const auto events, poller.wait());
        CHECK(events.size() == 1 && events[0].is_writable && !events[0].is_readable);
    }
    CHECK_OK(poller.modify(pair.client, Interest::read));
    CHECK(keys_now(poller) == Keys{});
    CHECK_OK(poller.modify(pair.client, Interest::write));
    CHECK(keys_now(poller) == Keys{1});
    CHECK_OK(poller.remove(pair.client));
    CHECK(poller.size() == 0);
    CHECK_ERROR(poller.modify(pair.client, Interest::read), Errc::not_found);
    CHECK_ERROR(poller.remove(pair.client), Errc::not_found);
}

SENTENCE("a poller tells that the peer has finished, and that all is over") {
    REQUIRE_OK(auto pair, connected_pair());
    Poller poller;
    CHECK_OK(poller.add(pair.server, Interest::read, 1));
    CHECK_OK(pair.client.shutdown(hws::Shutdown::write));
    {
        REQUIRE_OK(const auto events, poller.wait());
        CHECK(events.size() == 1 && events[0].has_peer_ended && !events[0].has_hung_up);
    }
    CHECK_OK(pair.server.shutdown(hws::Shutdown::write));
    REQUIRE_OK(const auto events, poller.wait());
    CHECK(events.size() == 1 && events[0].has_hung_up);
}

SENTENCE("a poller tells of a socket that was closed while it was there") {
    Poller poller;
    {
        REQUIRE_OK(auto socket, UdpSocket::bind("127.0.0.1:0"));
        CHECK_OK(poller.add(socket, Interest::read, 7));
        CHECK_ERROR(poller.add(socket, Interest::write, 8), Errc::exists);
    }
    REQUIRE_OK(const auto events, poller.wait());
    CHECK(events.size() == 1 && events[0].key == 7 && events[0].is_bad_handle);
}

SENTENCE("of a hundred sockets those are told that have something, in the order they were added") {
    std::vector<hws::UdpSocket> sockets;
    Poller poller;
    for (std::uint64_t i = 0; i < 100; ++i) {
        REQUIRE_OK(auto socket, hws::UdpSocket::bind("127.0.0.1:0"));
        CHECK(poller.add(socket, Interest::read, i));
        sockets.push_back(std::move(socket));
    }
    CHECK(keys_now(poller) == Keys{});
    for (const std::size_t i : {99, 31, 32, 0}) {
        REQUIRE_OK(const auto address, sockets[i].local_addr());
        CHECK(sockets[50].send_to(bytes_of("x"), address));
    }
    CHECK(keys_now(poller) == Keys{0, 31, 32, 99});
}

SENTENCE("one plugin serves many clients with one poller") {
    REQUIRE_OK(auto listener, TcpListener::bind("127.0.0.1:0"));
    REQUIRE_OK(const auto address, listener.local_addr());
    Poller poller;
    constexpr std::uint64_t listener_key = 1'000;
    CHECK_OK(poller.add(listener, Interest::read, listener_key));
    std::vector<TcpStream> clients;
    std::vector<TcpStream> served;
    for (int i = 0; i < 50; ++i) {
        REQUIRE_OK(auto client, TcpStream::connect(address));
        CHECK_OK(client.write_all(std::to_string(i)));
        clients.push_back(std::move(client));
    }
    std::size_t echoed = 0;
    while (echoed < clients.size()) {
        REQUIRE_OK(const auto events, poller.wait());
        REQUIRE(!events.empty());
        const std::vector<Poller::Event> all(events.begin(), events.end());
        for (const Poller::Event& event : all) {
            if (event.key == listener_key) {
                REQUIRE_OK(auto accepted, listener.accept());
                CHECK_OK(poller.add(accepted.stream, Interest::read, served.size()));
                served.push_back(std::move(accepted.stream));
                continue;
            }
            REQUIRE_OK(const auto text, read_text(served[event.key]));
            CHECK_OK(served[event.key].write_all(text));
            ++echoed;
        }
    }
    for (std::size_t i = 0; i < clients.size(); ++i)
        CHECK(read_text(clients[i]) == std::to_string(i));
}

SENTENCE_OF_V1("dialect v1 can't wait for several sockets") {
    REQUIRE_OK(auto stream, TcpStream::connect(servers().tcp_echo));
    Poller poller;
    CHECK_ERROR(poller.add(stream, Interest::read, 1), Errc::bad_handle);
    CHECK_ERROR(poller.wait(), Errc::unsupported);
}
