#include "check.hpp"
#include "servers.hpp"

#include <array>

using namespace conformance;
using namespace std::chrono_literals;
using hws::Blocking;
using hws::bytes_of;
using hws::Errc;
using hws::Shutdown;
using hws::SocketAddr;
using hws::Switch;
using hws::TcpListener;
using hws::TcpStream;
using hws::text_of;

// --- every backend, against servers outside

SENTENCE_OF_EVERY_BACKEND(
    "a stream connects to the text of an address, and what it writes comes back") {
    REQUIRE_OK(auto stream, TcpStream::connect(servers().tcp_echo));
    CHECK_OK(stream.write_all("hello"));
    std::array<std::byte, 5> answer;
    CHECK_OK(stream.read_exact(answer));
    CHECK(text_of(answer) == "hello");
}

SENTENCE_OF_EVERY_BACKEND("a stream connects to an address value and knows its peer") {
    REQUIRE_OK(const auto peer, SocketAddr::parse(servers().tcp_echo));
    REQUIRE_OK(auto stream, TcpStream::connect(peer));
    CHECK(stream.peer_addr() == peer);
}

SENTENCE_OF_EVERY_BACKEND("a stream connects to a name") {
    REQUIRE_OK(const auto peer, SocketAddr::parse(servers().tcp_echo));
    REQUIRE_OK(auto stream, TcpStream::connect("localhost:" + std::to_string(peer.port())));
    CHECK_OK(stream.write_all("by name"));
    CHECK(read_text(stream) == "by name");
}

SENTENCE_OF_EVERY_BACKEND("of several addresses a stream connects to the first that accepts") {
    REQUIRE_OK(const auto nobody, SocketAddr::parse(servers().nobody));
    REQUIRE_OK(const auto peer, SocketAddr::parse(servers().tcp_echo));
    const std::array peers{nobody, peer, nobody};
    REQUIRE_OK(auto stream, TcpStream::connect(peers));
    CHECK(stream.peer_addr() == peer);
    CHECK_ERROR(TcpStream::connect(std::span<const SocketAddr>()), Errc::invalid_argument);
}

SENTENCE_OF_EVERY_BACKEND("text that is no host:port is connected to nowhere") {
    for (const char* text : {"", "localhost", "localhost:", ":80", "localhost:65536", "::1:80"})
        CHECK_ERROR(TcpStream::connect(text), Errc::invalid_argument);
}

SENTENCE_OF_EVERY_BACKEND("a peek leaves the bytes for the next read") {
    REQUIRE_OK(auto stream, TcpStream::connect(servers().tcp_echo));
    CHECK_OK(stream.write_all("abc"));
    std::array<std::byte, 2> peeked;
    CHECK(stream.peek(std::span(peeked).first(1)) == 1);
    std::array<std::byte, 3> all;
    CHECK_OK(stream.read_exact(all));
    CHECK(text_of(all) == "abc");
}

SENTENCE_OF_EVERY_BACKEND("everything is written and read exactly, whatever pieces it travels in") {
    REQUIRE_OK(auto stream, TcpStream::connect(servers().tcp_echo));
    std::string sent(100'000, '\0');
    for (std::size_t i = 0; i < sent.size(); ++i)
        sent[i] = static_cast<char>((i * 31 + 7) % 251);
    CHECK_OK(stream.write_all(sent));
    std::string back(sent.size(), '\0');
    CHECK_OK(stream.read_exact(std::as_writable_bytes(std::span(back))));
    CHECK(back == sent);
}

SENTENCE_OF_EVERY_BACKEND("reading into nothing and writing nothing give nothing") {
    REQUIRE_OK(auto stream, TcpStream::connect(servers().tcp_echo));
    CHECK(stream.write("") == 0);
    CHECK(stream.read({}) == 0);
    CHECK(stream.read_vectored({}) == 0);
    CHECK_OK(stream.write_all(""));
    CHECK_OK(stream.flush());
}

// --- v2 and native

SENTENCE("where nobody listens a stream is refused, and the error names the address") {
    const auto stream = TcpStream::connect(servers().nobody);
    CHECK_ERROR(stream, Errc::refused);
    CHECK(!stream && stream.error().context().contains(servers().nobody));
}

SENTENCE("connecting within a time gives an ordinary stream, or the reason why not") {
    REQUIRE_OK(const auto peer, SocketAddr::parse(servers().tcp_echo));
    REQUIRE_OK(auto stream, TcpStream::connect_timeout(peer, 60s));
    CHECK_OK(stream.write_all("x"));
    CHECK(read_text(stream) == "x");
    REQUIRE_OK(const auto nobody, SocketAddr::parse(servers().nobody));
    CHECK_ERROR(TcpStream::connect_timeout(nobody, 60s), Errc::refused);
    CHECK_ERROR(TcpStream::connect_timeout(peer, 0s), Errc::invalid_argument);
    CHECK_OK(TcpStream::connect_timeout("localhost:" + std::to_string(peer.port()), 60s));
}

SENTENCE("a stream that does not get through in time has timed out") {
    // A full queue of a listener that never accepts: Linux drops what comes then.
    REQUIRE_OK(auto listener, TcpListener::bind("127.0.0.1:0"));
    REQUIRE_OK(const auto address, listener.local_addr());
    std::vector<TcpStream> waiting;
    while (waiting.size() < 1000) {
        auto stream = TcpStream::connect_timeout(address, 50ms);
        if (!stream) {
            CHECK_ERROR(stream, Errc::timed_out);
            return;
        }
        waiting.push_back(std::move(*stream));
    }
    CHECK(false);
}

SENTENCE("both ends of a connection know both addresses") {
    REQUIRE_OK(auto pair, connected_pair());
    CHECK(same(pair.client.local_addr(), pair.server.peer_addr()));
    CHECK(same(pair.client.peer_addr(), pair.server.local_addr()));
    CHECK(pair.client.local_addr()->ip() == hws::IpAddr(hws::Ipv4Addr::localhost));
}

SENTENCE("vectored reads and writes take their buffers in order") {
    REQUIRE_OK(auto pair, connected_pair());
    const std::array<std::span<const std::byte>, 4> from{
        bytes_of("he"), {}, bytes_of("ll"), bytes_of("o!")};
    CHECK(pair.client.write_vectored(from) == 6);
    std::array<std::byte, 4> first;
    std::array<std::byte, 100> second;
    const std::array<std::span<std::byte>, 2> into{first, second};
    CHECK(pair.server.read_vectored(into) == 6);
    CHECK(text_of(first) == "hell");
    CHECK(text_of(std::span(second).first(2)) == "o!");
    // More buffers than one call takes: the rest is for the next one.
    const std::string many(100, 'z');
    std::vector<std::span<const std::byte>> single;
    for (std::size_t i = 0; i < many.size(); ++i)
        single.push_back(bytes_of(many).subspan(i, 1));
    REQUIRE_OK(const std::size_t taken, pair.client.write_vectored(single));
    CHECK(taken > 0);
    CHECK(read_text(pair.server) == many.substr(0, taken));
}

SENTENCE("after the end of the sending half the peer reads the end and can still answer") {
    REQUIRE_OK(auto pair, connected_pair());
    CHECK_OK(pair.client.write_all("question"));
    CHECK_OK(pair.client.shutdown(Shutdown::write));
    std::string question;
    CHECK(pair.server.read_to_end(question) == 8);
    CHECK(question == "question");
    CHECK_ERROR(pair.client.write("more"), Errc::broken_pipe);
    CHECK_OK(pair.server.write_all("answer"));
    CHECK(read_text(pair.client) == "answer");
}

SENTENCE("after the end of the receiving half reads give the end, and writes go on") {
    REQUIRE_OK(auto pair, connected_pair());
    CHECK_OK(pair.client.shutdown(Shutdown::read));
    std::array<std::byte, 1> byte;
    CHECK(pair.client.read(byte) == 0);
    CHECK_OK(pair.client.write_all("x"));
    CHECK(read_text(pair.server) == "x");
}

SENTENCE("after the end of both halves neither end hears of the other") {
    REQUIRE_OK(auto pair, connected_pair());
    CHECK_OK(pair.client.shutdown(Shutdown::both));
    std::array<std::byte, 1> byte;
    CHECK(pair.client.read(byte) == 0);
    CHECK_ERROR(pair.client.write("x"), Errc::broken_pipe);
    CHECK(pair.server.read(byte) == 0);
}

SENTENCE("reading exactly more than comes is a reset") {
    REQUIRE_OK(auto pair, connected_pair());
    CHECK_OK(pair.client.write_all("ab"));
    CHECK_OK(pair.client.shutdown(Shutdown::write));
    std::array<std::byte, 3> three;
    CHECK_ERROR(pair.server.read_exact(three), Errc::reset);
}

SENTENCE("reading to the end keeps what was there, and stops at its limit") {
    REQUIRE_OK(auto pair, connected_pair());
    CHECK_OK(pair.client.write_all("12345"));
    CHECK_OK(pair.client.shutdown(Shutdown::write));
    std::string text = "0";
    CHECK(pair.server.read_to_end(text) == 5);
    CHECK(text == "012345");
    CHECK_OK(pair.server.write_all("12345"));
    CHECK_OK(pair.server.shutdown(Shutdown::write));
    std::vector<std::byte> bytes;
    CHECK_ERROR(pair.client.read_to_end(bytes, 4), Errc::too_large);
}

SENTENCE("a read whose time is over has timed out, and the stream goes on") {
    REQUIRE_OK(auto pair, connected_pair());
    CHECK(pair.server.read_timeout() == std::nullopt);
    CHECK_OK(pair.server.set_read_timeout(10ms));
    REQUIRE_OK(const auto timeout, pair.server.read_timeout());
    CHECK(timeout >= 10ms && timeout <= 20ms); // Linux keeps whole ticks of its clock
    std::array<std::byte, 1> byte;
    CHECK_ERROR(pair.server.read(byte), Errc::timed_out);
    CHECK_ERROR(pair.server.peek(byte), Errc::timed_out);
    CHECK_OK(pair.client.write_all("x"));
    CHECK_OK(pair.server.set_read_timeout(std::nullopt));
    CHECK(pair.server.read_timeout() == std::nullopt);
    CHECK(read_text(pair.server) == "x");
    CHECK_ERROR(pair.server.set_read_timeout(0s), Errc::invalid_argument);
    CHECK_ERROR(pair.server.set_read_timeout(-1s), Errc::invalid_argument);
}

SENTENCE("a write that nobody takes in time has timed out") {
    REQUIRE_OK(auto pair, connected_pair());
    CHECK_OK(pair.client.set_write_timeout(10ms));
    REQUIRE_OK(const auto timeout, pair.client.write_timeout());
    CHECK(timeout >= 10ms && timeout <= 20ms); // Linux keeps whole ticks of its clock
    const std::vector<std::byte> much(1 << 20);
    hws::Result<void> outcome;
    for (int i = 0; i < 100 && outcome; ++i)
        outcome = pair.client.write_all(much);
    CHECK_ERROR(outcome, Errc::timed_out);
    CHECK_OK(pair.client.set_write_timeout(std::nullopt));
    CHECK(pair.client.write_timeout() == std::nullopt);
    CHECK_ERROR(pair.client.set_write_timeout(0s), Errc::invalid_argument);
}

SENTENCE(
    "a stream that does not wait would block where there is nothing, and waits again when told") {
    REQUIRE_OK(auto pair, connected_pair());
    CHECK_OK(pair.server.set_blocking(Blocking::never_waits));
    std::array<std::byte, 1> byte;
    CHECK_ERROR(pair.server.read(byte), Errc::would_block);
    CHECK_ERROR(pair.server.peek(byte), Errc::would_block);
    const std::vector<std::byte> much(1 << 20);
    CHECK_OK(pair.client.set_blocking(Blocking::never_waits));
    hws::Result<std::size_t> outcome = 0;
    for (int i = 0; i < 100 && outcome; ++i)
        outcome = pair.client.write(much);
    CHECK_ERROR(outcome, Errc::would_block);
    REQUIRE_OK(auto other, connected_pair());
    CHECK_OK(other.server.set_blocking(Blocking::never_waits));
    CHECK_OK(other.server.set_blocking(Blocking::waits));
    CHECK_OK(other.client.write_all("x"));
    CHECK(read_text(other.server) == "x");
}

SENTENCE("options of a stream keep what they were set to") {
    REQUIRE_OK(auto pair, connected_pair());
    CHECK(pair.client.nodelay() == Switch::off);
    CHECK_OK(pair.client.set_nodelay(Switch::on));
    CHECK(pair.client.nodelay() == Switch::on);
    CHECK_OK(pair.client.set_ttl(42));
    CHECK(pair.client.ttl() == 42u);
    CHECK_ERROR(pair.client.set_ttl(0), Errc::invalid_argument);
    CHECK_ERROR(pair.client.set_ttl(256), Errc::invalid_argument);
    CHECK(pair.client.linger() == std::nullopt);
    CHECK_OK(pair.client.set_linger(5s));
    CHECK(pair.client.linger() == std::chrono::nanoseconds(5s));
    CHECK_OK(pair.client.set_linger(std::nullopt));
    CHECK(pair.client.linger() == std::nullopt);
    CHECK_ERROR(pair.client.set_linger(-1s), Errc::invalid_argument);
    CHECK(pair.client.take_error() == std::nullopt);
}

SENTENCE(
    "a stream that closes without lingering resets its peer, and the pending error is told once") {
    REQUIRE_OK(auto pair, connected_pair());
    {
        TcpStream client = std::move(pair.client);
        CHECK_OK(client.set_linger(0s));
    }
    hws::Poller poller;
    CHECK_OK(poller.add(pair.server, hws::Interest::read, 0));
    REQUIRE_OK(const auto events, poller.wait());
    CHECK(events.size() == 1 && events[0].has_error);
    REQUIRE_OK(const auto error, pair.server.take_error());
    CHECK(error && *error == Errc::reset);
    CHECK(pair.server.take_error() == std::nullopt);
}

SENTENCE("a clone is the same stream, which lives as long as one of them") {
    REQUIRE_OK(auto pair, connected_pair());
    {
        REQUIRE_OK(auto clone, pair.client.try_clone());
        CHECK(clone.as_raw_fd() != pair.client.as_raw_fd());
        CHECK(same(clone.local_addr(), pair.client.local_addr()));
        CHECK_OK(clone.write_all("from the clone"));
        CHECK_OK(clone.set_nodelay(Switch::on));
    }
    CHECK(read_text(pair.server) == "from the clone");
    CHECK(pair.client.nodelay() == Switch::on);
    CHECK_OK(pair.client.write_all("from the first"));
    CHECK(read_text(pair.server) == "from the first");
}

SENTENCE("a descriptor leaves one stream and lives on in another") {
    REQUIRE_OK(auto pair, connected_pair());
    const int fd = std::move(pair.client).into_raw_fd();
    CHECK(fd >= 0);
    REQUIRE_OK(auto stream, TcpStream::from_raw_fd(fd));
    CHECK(stream.as_raw_fd() == fd);
    CHECK_OK(stream.write_all("x"));
    CHECK(read_text(pair.server) == "x");
}

SENTENCE("a stream that goes closes its connection") {
    REQUIRE_OK(auto pair, connected_pair());
    std::array<std::byte, 1> byte;
    {
        TcpStream gone = std::move(pair.client);
        TcpStream assigned = std::move(gone);
    }
    CHECK(pair.server.read(byte) == 0);
}

SENTENCE("streams over IPv6 are like those over IPv4") {
    REQUIRE_OK(auto listener, TcpListener::bind("[::1]:0"));
    REQUIRE_OK(const auto address, listener.local_addr());
    CHECK(address.is_ipv6());
    REQUIRE_OK(auto client, TcpStream::connect(address.to_string()));
    REQUIRE_OK(auto accepted, listener.accept());
    CHECK(client.peer_addr() == address);
    CHECK_OK(client.set_ttl(9));
    CHECK(client.ttl() == 9u);
    CHECK_OK(accepted.stream.write_all("six"));
    CHECK(read_text(client) == "six");
}

// --- v2 alone

SENTENCE_OF_V2("what the policy denies is denied, before it is known whether anybody is there") {
    // The test denies this address and allows all of loopback besides.
    const auto denied = TcpStream::connect("127.9.9.9:80");
    CHECK_ERROR(denied, Errc::denied);
    CHECK(!denied && denied.error().message() == "tcp connect 127.9.9.9:80: denied");
    CHECK_ERROR(TcpStream::connect_timeout("127.9.9.9:80", 1s), Errc::denied);
    CHECK_ERROR(TcpListener::bind("192.0.2.1:80"), Errc::denied);
}

SENTENCE_OF_V2("a failure has the code's name once, and the host's word for it in brackets") {
    const auto refused = TcpStream::connect(servers().nobody);
    CHECK(!refused && refused.error().message() == "tcp connect " + servers().nobody + ": refused");
    const auto unknown = TcpStream::connect("no..name:80");
    CHECK_ERROR(unknown, Errc::bad_name);
    CHECK(!unknown && unknown.error().context().starts_with("tcp connect no..name:80 ("));
}

// --- v1

SENTENCE_OF_V1("what dialect v1 can't do with a stream is unsupported") {
    REQUIRE_OK(auto stream, TcpStream::connect(servers().tcp_echo));
    CHECK_ERROR(stream.local_addr(), Errc::unsupported);
    CHECK_ERROR(stream.try_clone(), Errc::unsupported);
    CHECK_ERROR(stream.set_read_timeout(1s), Errc::unsupported);
    CHECK_ERROR(stream.set_blocking(Blocking::never_waits), Errc::unsupported);
    CHECK_ERROR(stream.set_linger(1s), Errc::unsupported);
    CHECK_ERROR(stream.shutdown(Shutdown::write), Errc::unsupported);
    CHECK_ERROR(TcpStream::from_raw_fd(3), Errc::unsupported);
    CHECK_ERROR(TcpStream::connect_timeout(servers().tcp_echo, 1s), Errc::unsupported);
    CHECK(stream.as_raw_fd() == -1);
}
