#include "check.hpp"
#include "servers.hpp"

#include <array>

using namespace conformance;
using namespace std::chrono_literals;
using hws::Blocking;
using hws::Errc;
using hws::Ipv4Addr;
using hws::SocketAddr;
using hws::Switch;
using hws::TcpListener;
using hws::TcpStream;

SENTENCE("a listener at port 0 gets a port, and accepts a connection with its peer's address") {
    REQUIRE_OK(auto listener, TcpListener::bind("127.0.0.1:0"));
    REQUIRE_OK(const auto address, listener.local_addr());
    CHECK(address.port() != 0);
    REQUIRE_OK(auto client, TcpStream::connect(address));
    REQUIRE_OK(auto accepted, listener.accept());
    REQUIRE_OK(const auto local, client.local_addr());
    CHECK(accepted.peer == local);
    CHECK(accepted.stream.peer_addr() == local);
}

SENTENCE(
    "a listener is bound to text, a name, an address, or the first of several that can be had") {
    CHECK_OK(TcpListener::bind("localhost:0"));
    REQUIRE_OK(auto first, TcpListener::bind(SocketAddr(Ipv4Addr::localhost, 0)));
    REQUIRE_OK(const auto taken, first.local_addr());
    const std::array addresses{taken, SocketAddr(Ipv4Addr::localhost, 0)};
    REQUIRE_OK(auto second, TcpListener::bind(addresses));
    REQUIRE_OK(const auto other, second.local_addr());
    CHECK(other.port() != taken.port());
    CHECK_ERROR(TcpListener::bind(std::span<const SocketAddr>()), Errc::invalid_argument);
    CHECK_ERROR(TcpListener::bind("nonsense"), Errc::invalid_argument);
}

SENTENCE(
    "an address that somebody listens at is in use, and can be had again after its connections") {
    REQUIRE_OK(auto listener, TcpListener::bind("127.0.0.1:0"));
    REQUIRE_OK(const auto address, listener.local_addr());
    CHECK_ERROR(TcpListener::bind(address), Errc::address_in_use);
    {
        REQUIRE_OK(auto client, TcpStream::connect(address));
        REQUIRE_OK(auto accepted, listener.accept());
        // This end closes first, so that the connection lingers in the system on this side.
        TcpStream gone = std::move(accepted.stream);
    }
    {
        TcpListener gone = std::move(listener);
    }
    CHECK_OK(TcpListener::bind(address));
}

SENTENCE("incoming gives one connection after the other") {
    REQUIRE_OK(auto listener, TcpListener::bind("127.0.0.1:0"));
    REQUIRE_OK(const auto address, listener.local_addr());
    std::vector<TcpStream> clients;
    for (int i = 0; i < 3; ++i) {
        REQUIRE_OK(auto client, TcpStream::connect(address));
        CHECK_OK(client.write_all(std::to_string(i)));
        clients.push_back(std::move(client));
    }
    std::string order;
    for (auto connection : listener.incoming()) {
        REQUIRE(connection);
        REQUIRE_OK(const auto text, read_text(*connection));
        order += text;
        if (order.size() == 3) break;
    }
    CHECK(order == "012");
    CHECK_OK(clients[0].take_error());
    CHECK_OK(TcpStream::connect(address));
    CHECK_OK(listener.incoming().next());
}

SENTENCE("a listener that does not wait would block until somebody has connected") {
    REQUIRE_OK(auto listener, TcpListener::bind("127.0.0.1:0"));
    CHECK_OK(listener.set_blocking(Blocking::never_waits));
    CHECK_ERROR(listener.accept(), Errc::would_block);
    REQUIRE_OK(const auto address, listener.local_addr());
    REQUIRE_OK(auto client, TcpStream::connect(address));
    REQUIRE_OK(auto accepted, listener.accept());
    // What it accepts waits all the same.
    CHECK_OK(client.write_all("x"));
    CHECK(read_text(accepted.stream) == "x");
}

SENTENCE("options of a listener keep what they were set to") {
    REQUIRE_OK(auto listener, TcpListener::bind("127.0.0.1:0"));
    CHECK_OK(listener.set_ttl(33));
    CHECK(listener.ttl() == 33u);
    CHECK_ERROR(listener.set_ttl(0), Errc::invalid_argument);
    CHECK(listener.take_error() == std::nullopt);
    REQUIRE_OK(auto six, TcpListener::bind("[::]:0")); // of one address it would be on
    CHECK(six.only_v6() == Switch::off);
    // As on Linux, too late once it is bound.
    CHECK_ERROR(six.set_only_v6(Switch::on), Errc::invalid_argument);
}

SENTENCE("a clone of a listener accepts what the other would") {
    REQUIRE_OK(auto listener, TcpListener::bind("127.0.0.1:0"));
    REQUIRE_OK(const auto address, listener.local_addr());
    REQUIRE_OK(auto clone, listener.try_clone());
    {
        TcpListener gone = std::move(listener);
    }
    CHECK(clone.local_addr() == address);
    REQUIRE_OK(auto client, TcpStream::connect(address));
    REQUIRE_OK(auto accepted, clone.accept());
    CHECK_OK(accepted.stream.write_all("x"));
    CHECK(read_text(client) == "x");
}

SENTENCE("a descriptor leaves one listener and lives on in another") {
    REQUIRE_OK(auto listener, TcpListener::bind("127.0.0.1:0"));
    REQUIRE_OK(const auto address, listener.local_addr());
    const int fd = std::move(listener).into_raw_fd();
    REQUIRE_OK(auto again, TcpListener::from_raw_fd(fd));
    CHECK(again.as_raw_fd() == fd);
    CHECK(again.local_addr() == address);
}

SENTENCE("what is no listener accepts nothing") {
    REQUIRE_OK(auto pair, connected_pair());
    REQUIRE_OK(auto listener, TcpListener::from_raw_fd(std::move(pair.client).into_raw_fd()));
    CHECK_ERROR(listener.accept(), Errc::invalid_argument);
    REQUIRE_OK(auto closed, TcpListener::from_raw_fd(1'000));
    CHECK_ERROR(closed.accept(), Errc::bad_handle);
    std::move(closed).into_raw_fd();
}

SENTENCE_OF_V1("dialect v1 has no listeners") {
    CHECK_ERROR(TcpListener::bind("127.0.0.1:0"), Errc::unsupported);
    CHECK_ERROR(TcpListener::from_raw_fd(3), Errc::unsupported);
}
