#include "check.hpp"
#include "servers.hpp"

#include <array>

using namespace conformance;
using namespace std::chrono_literals;
using hws::Blocking;
using hws::Errc;
using hws::text_of;
using hws::UnixAddr;
using hws::UnixDatagram;
using hws::UnixListener;
using hws::UnixStream;

namespace {

[[maybe_unused]] std::string path(std::string_view file) {
    return servers().folder + '/' + std::string(file);
}

struct UnixPair {
    UnixStream client;
    UnixStream server;
};
/// Whose file is gone again: a connection needs it no more.
[[maybe_unused]] hws::Result<UnixPair> connected_unix_pair() {
    HWS_TRY(auto listener, UnixListener::bind(path("pair")));
    HWS_TRY(auto client, UnixStream::connect(path("pair")));
    HWS_TRY(auto accepted, listener.accept());
    HWS_CHECK(hws::remove_unix_file(path("pair")));
    return UnixPair{std::move(client), std::move(accepted.stream)};
}

[[maybe_unused]] hws::Result<std::string> receive_text(UnixDatagram& socket) {
    std::array<std::byte, 100> buffer;
    HWS_TRY(const std::size_t count, socket.recv(buffer));
    return std::string(text_of(std::span(buffer).first(count)));
}

} // namespace

SENTENCE_OF_EVERY_BACKEND("a name of a Unix socket is nothing, a path or an abstract name") {
    CHECK(UnixAddr().is_unnamed() && UnixAddr().to_string() == "(unnamed)");
    REQUIRE_OK(const auto file, UnixAddr::from_pathname("/run/x"));
    CHECK(file.as_pathname() == "/run/x" && !file.as_abstract_name() && !file.is_unnamed());
    REQUIRE_OK(const auto name, UnixAddr::from_abstract_name("x"));
    CHECK(name.as_abstract_name() == "x" && !name.as_pathname() && name.to_string() == "@x");
    CHECK(!(file == name));
    CHECK_ERROR(UnixAddr::from_pathname(""), Errc::invalid_argument);
    CHECK_ERROR(UnixAddr::from_pathname(std::string_view("a\0b", 3)), Errc::invalid_argument);
    CHECK_ERROR(UnixAddr::from_pathname(std::string(108, 'x')), Errc::invalid_argument);
    CHECK_OK(UnixAddr::from_pathname(std::string(107, 'x')));
    CHECK_ERROR(UnixAddr::from_abstract_name(std::string(108, 'x')), Errc::invalid_argument);
}

SENTENCE("a Unix stream connects to a listener's path, and both write and read") {
    REQUIRE_OK(auto listener, UnixListener::bind(path("listener")));
    REQUIRE_OK(const auto listening_at, listener.local_addr());
    CHECK(listening_at.as_pathname() == path("listener"));
    REQUIRE_OK(auto client, UnixStream::connect(path("listener")));
    REQUIRE_OK(auto accepted, listener.accept());
    CHECK(accepted.peer.is_unnamed());
    CHECK_OK(client.write_all("question"));
    CHECK(read_text(accepted.stream) == "question");
    CHECK_OK(accepted.stream.write_all("answer"));
    CHECK(read_text(client) == "answer");
    REQUIRE_OK(const auto peer, client.peer_addr());
    CHECK(peer == listening_at);
    REQUIRE_OK(const auto own, client.local_addr());
    CHECK(own.is_unnamed());
    CHECK_OK(hws::remove_unix_file(path("listener")));
}

SENTENCE("a Unix stream gives the text of its peer to the end, and stays writable") {
    REQUIRE_OK(auto pair, UnixStream::pair());
    auto& [a, b] = pair;
    CHECK_OK(a.write_all("all there is"));
    CHECK_OK(a.shutdown(hws::Shutdown::write));
    std::array<std::byte, 4> peeked;
    CHECK(b.peek(peeked) == 4);
    std::array<std::byte, 4> exact;
    CHECK_OK(b.read_exact(exact));
    CHECK(text_of(exact) == "all ");
    std::string rest;
    CHECK(b.read_to_end(rest) == 8);
    CHECK(rest == "there is");
    CHECK_OK(b.write_all("back"));
    CHECK(read_text(a) == "back");
    CHECK(b.read({}) == 0);
    CHECK_ERROR(b.read_exact(exact), Errc::reset);
}

SENTENCE("a Unix stream reads into several buffers and writes from several") {
    REQUIRE_OK(auto pair, UnixStream::pair());
    std::array<std::byte, 3> first{}, second{};
    const std::span<const std::byte> from[] = {hws::bytes_of("abc"), hws::bytes_of("de")};
    CHECK(pair.first.write_vectored(from) == 5);
    const std::span<std::byte> into[] = {first, second};
    CHECK(pair.second.read_vectored(into) == 5);
    CHECK(text_of(first) == "abc");
}

SENTENCE("a Unix stream that waits no longer than its timeout says so") {
    REQUIRE_OK(auto pair, connected_unix_pair());
    CHECK_OK(pair.client.set_read_timeout(10ms));
    REQUIRE_OK(const auto timeout, pair.client.read_timeout());
    CHECK(timeout && *timeout >= 10ms);
    CHECK_ERROR(read_text(pair.client), Errc::timed_out);
    CHECK_ERROR(pair.client.set_read_timeout(0ms), Errc::invalid_argument);
    CHECK_OK(pair.client.set_read_timeout(std::nullopt));
    CHECK_OK(pair.client.set_write_timeout(1s));
    CHECK_OK(pair.client.write_timeout());
    CHECK_OK(pair.client.set_blocking(Blocking::never_waits));
    CHECK_ERROR(read_text(pair.client), Errc::would_block);
    REQUIRE_OK(const auto pending, pair.client.take_error());
    CHECK(!pending);
}

SENTENCE("a second owner of a Unix socket goes on when the first is gone") {
    REQUIRE_OK(auto pair, UnixStream::pair());
    REQUIRE_OK(auto copy, pair.first.try_clone());
    const int number = std::move(pair.first).into_raw_fd();
    CHECK(number >= 0);
    REQUIRE_OK(auto again, UnixStream::from_raw_fd(number));
    CHECK(again.as_raw_fd() == number);
    CHECK_OK(copy.write_all("x"));
    CHECK(read_text(pair.second) == "x");
    REQUIRE_OK(auto listener, UnixListener::bind(path("owned")));
    REQUIRE_OK(auto second, listener.try_clone());
    CHECK_OK(second.set_blocking(Blocking::never_waits));
    CHECK_ERROR(listener.accept(), Errc::would_block);
    CHECK_OK(hws::remove_unix_file(path("owned")));
}

SENTENCE("a path of a Unix socket is taken until its file is removed") {
    {
        REQUIRE_OK(auto listener, UnixListener::bind(path("taken")));
        CHECK_ERROR(UnixListener::bind(path("taken")), Errc::address_in_use);
        CHECK_ERROR(UnixDatagram::bind(path("taken")), Errc::address_in_use);
    }
    CHECK_ERROR(UnixStream::connect(path("taken")), Errc::refused);
    CHECK_ERROR(UnixListener::bind(path("taken")), Errc::address_in_use);
    CHECK_OK(hws::remove_unix_file(path("taken")));
    CHECK_ERROR(hws::remove_unix_file(path("taken")), Errc::not_found);
    CHECK_ERROR(UnixStream::connect(path("taken")), Errc::not_found);
    CHECK_OK(UnixListener::bind(path("taken")));
    CHECK_OK(hws::remove_unix_file(path("taken")));
}

SENTENCE("Unix datagrams go to a path and come with the name of their sender") {
    REQUIRE_OK(auto a, UnixDatagram::bind(path("a")));
    REQUIRE_OK(auto b, UnixDatagram::bind(path("b")));
    CHECK(b.send_to("hello", path("a")) == 5);
    std::array<std::byte, 4> buffer;
    REQUIRE_OK(const auto peeked, a.peek_from(buffer));
    CHECK(peeked.from.as_pathname() == path("b"));
    REQUIRE_OK(const auto received, a.recv_from(buffer));
    CHECK(received.bytes == 4 && received.is_truncated && text_of(buffer) == "hell");
    CHECK(received.from == peeked.from);
    CHECK(a.send_to(hws::bytes_of("back"), received.from) == 4);
    CHECK(receive_text(b) == "back");
    REQUIRE_OK(auto nobody, UnixDatagram::unbound());
    CHECK(nobody.send_to("anonymous", path("a")) == 9);
    REQUIRE_OK(const auto anonymous, a.recv_from(buffer));
    CHECK(anonymous.from.is_unnamed());
    CHECK_OK(hws::remove_unix_file(path("a")));
    CHECK_OK(hws::remove_unix_file(path("b")));
}

SENTENCE("a Unix datagram socket with a peer sends to it and hears nobody else") {
    REQUIRE_OK(auto server, UnixDatagram::bind(path("server")));
    REQUIRE_OK(auto client, UnixDatagram::unbound());
    CHECK_ERROR(client.send("x"), Errc::not_connected);
    CHECK_OK(client.connect_to(path("server")));
    REQUIRE_OK(const auto peer, client.peer_addr());
    CHECK(peer.as_pathname() == path("server"));
    CHECK(client.send("x") == 1);
    std::array<std::byte, 8> buffer;
    CHECK(server.peek(buffer) == 1);
    CHECK(receive_text(server) == "x");
    CHECK(client.send("") == 0);
    CHECK(server.recv(buffer) == 0);
    CHECK_OK(server.set_read_timeout(10ms));
    CHECK_ERROR(receive_text(server), Errc::timed_out);
    CHECK_ERROR(UnixStream::connect(path("server")), Errc::wrong_type);
    CHECK_OK(hws::remove_unix_file(path("server")));
    REQUIRE_OK(auto pair, UnixDatagram::pair());
    CHECK(pair.first.send("to the other") == 12);
    CHECK(receive_text(pair.second) == "to the other");
}

SENTENCE("an abstract name of a Unix socket is gone with its socket") {
    REQUIRE_OK(const auto name, UnixAddr::from_abstract_name("hws-conformance"));
    {
        REQUIRE_OK(auto listener, UnixListener::bind(name));
        REQUIRE_OK(const auto local, listener.local_addr());
        CHECK(local == name);
        REQUIRE_OK(auto client, UnixStream::connect(name));
        REQUIRE_OK(const auto peer, client.peer_addr());
        CHECK(peer == name);
    }
    CHECK_ERROR(UnixStream::connect(name), Errc::refused);
}

SENTENCE("a poller tells of a Unix listener with a connection and of a stream with data") {
    REQUIRE_OK(auto listener, UnixListener::bind(path("polled")));
    hws::Poller poller;
    CHECK_OK(poller.add(listener, hws::Interest::read, 1));
    REQUIRE_OK(const auto none, poller.wait(0ms));
    CHECK(none.empty());
    REQUIRE_OK(auto client, UnixStream::connect(path("polled")));
    REQUIRE_OK(const auto some, poller.wait(10s));
    CHECK(some.size() == 1 && some[0].key == 1 && some[0].is_readable);
    REQUIRE_OK(auto accepted, listener.accept());
    CHECK_OK(poller.add(accepted.stream, hws::Interest::read, 2));
    CHECK_OK(client.write_all("x"));
    REQUIRE_OK(const auto data, poller.wait(10s));
    CHECK(data.size() == 1 && data[0].key == 2 && data[0].is_readable);
    CHECK_OK(hws::remove_unix_file(path("polled")));
}

SENTENCE_OF_V2("a Unix socket outside of the policy is denied") {
    CHECK_ERROR(UnixStream::connect("/run/hws-conformance.sock"), Errc::denied);
    CHECK_ERROR(UnixStream::connect(path("x/../../x")), Errc::denied);
    CHECK_ERROR(UnixListener::bind("/run/hws-conformance.sock"), Errc::denied);
    CHECK_ERROR(hws::remove_unix_file("/run/hws-conformance.sock"), Errc::denied);
}

SENTENCE_OF_V1("dialect v1 has no Unix sockets") {
    CHECK_ERROR(UnixStream::connect("/x"), Errc::unsupported);
    CHECK_ERROR(UnixStream::pair(), Errc::unsupported);
    CHECK_ERROR(UnixListener::bind("/x"), Errc::unsupported);
    CHECK_ERROR(UnixDatagram::bind("/x"), Errc::unsupported);
    CHECK_ERROR(UnixDatagram::unbound(), Errc::unsupported);
    CHECK_ERROR(hws::remove_unix_file("/x"), Errc::unsupported);
}
