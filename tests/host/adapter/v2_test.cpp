#include "support/dnsmasq_server.hpp"
#include "support/echo_server.hpp"
#include "support/network_namespace.hpp"
#include "support/ports.hpp"
#include "v2_fixture.hpp"

#include <algorithm>
#include <thread>

using namespace hws;
using namespace hws::test;
using namespace hws::abi::v2;

namespace {

std::chrono::milliseconds took(const std::chrono::steady_clock::time_point& start) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                                 start);
}

core::ResolverOptions asking(const DnsmasqServer& server) {
    core::ResolverOptions options;
    options.servers = {server.address()};
    return options;
}

} // namespace

TEST_SUITE_BEGIN("v2");

TEST_CASE_FIXTURE(Plugin, "version tells 2 and what is there") {
    CHECK(number(v2::version(state, {result_at}, {data_at})) == ok);
    CHECK(result() == 2);
    CHECK((load<Features>(data_at) & (features::tcp | features::udp)) != 0);
}

// --- streams ---

TEST_CASE_FIXTURE(Plugin, "a client sends to an echo server and has it back") {
    EchoServer server;
    const Fd fd = connected(server.address());
    CHECK(fd.number == 0);
    CHECK(send(fd, "hello").bytes == 5);
    CHECK(receive_all(fd, 5) == "hello");
    CHECK(number(v2::socket_peer_address(state, fd, {result_at})) == ok);
    CHECK(unwire(load<Address>(result_at))->to_string() == server.address());
    CHECK(local(fd).ip() == Ipv4Addr::localhost);
}

TEST_CASE_FIXTURE(Plugin, "IPv6 works as IPv4 does") {
    if (!has_ipv6_loopback()) return;
    EchoServer server({.address = "::1"});
    const Fd fd = connected(server.address());
    send(fd, "six");
    CHECK(receive_all(fd, 3) == "six");
    CHECK(get(fd, Option::family) == 6);
}

TEST_CASE_FIXTURE(Plugin, "a listener accepts connections and tells who came") {
    const Fd listener = listening();
    NativeSocket client(SOCK_STREAM);
    REQUIRE(client.connect(local(listener)) == 0);
    CHECK(get(listener, Option::listening) == 1);
    CHECK(number(v2::socket_accept(state, listener, open_flags::non_blocking, {result_at},
                                   {address_at})) == ok);
    const Fd connection = load<Fd>(result_at);
    CHECK(unwire(load<Address>(address_at)) == client.local());
    CHECK(receive(connection).number == again);
    client.send("ping");
    CHECK(poll(connection, poll_events::read, 5s) == poll_events::read);
    CHECK(receive(connection).text == "ping");
    CHECK(send(connection, "pong").number == ok);
    CHECK(client.receive() == "pong");
    // Preview 1 takes the same connections.
    NativeSocket second(SOCK_STREAM);
    REQUIRE(second.connect(local(listener)) == 0);
    CHECK(number(preview1::sock_accept(state, listener, 0, {result_at})) == ok);
    second.send("x");
    CHECK(receive(load<Fd>(result_at)).text == "x");
}

TEST_CASE_FIXTURE(Plugin, "accept waits for the first connection") {
    const Fd listener = listening();
    const SocketAddr where = local(listener);
    std::thread client([&] {
        std::this_thread::sleep_for(20ms);
        NativeSocket socket(SOCK_STREAM);
        socket.connect(where);
        socket.receive();
    });
    CHECK(number(v2::socket_accept(state, listener, 0, {result_at}, {})) == ok);
    close(load<Fd>(result_at));
    client.join();
    set_non_blocking(listener);
    CHECK(number(v2::socket_accept(state, listener, 0, {result_at}, {})) == again);
}

TEST_CASE_FIXTURE(Plugin,
                  "a non-blocking connect is in progress, then writable, then without error") {
    EchoServer server;
    const Fd fd = open(SocketType::stream, Family::ipv4, open_flags::non_blocking);
    CHECK(poll(fd, poll_events::write) == (poll_events::write | poll_events::hung_up));
    const int started = connect(fd, server.address());
    CHECK((started == in_progress || started == ok));
    CHECK(poll(fd, poll_events::write, 5s) == poll_events::write);
    CHECK(get(fd, Option::error) == 0);
    CHECK(connect(fd, server.address()) == (started == ok ? is_connected : ok));
    CHECK(connect(fd, server.address()) == is_connected);
    CHECK(receive(fd).number == again);
    send(fd, "x");
    CHECK(poll(fd, poll_events::read, 5s) == poll_events::read);
    CHECK(receive(fd).text == "x");
}

TEST_CASE_FIXTURE(Plugin,
                  "a refused connection is refused, waiting or not, and can be tried again") {
    const std::string nobody = "127.0.0.1:" + std::to_string(free_port());
    const Fd fd = open();
    CHECK(connect(fd, nobody) == refused);
    CHECK(last_error().find("refused") != std::string::npos);
    const Fd other = open(SocketType::stream, Family::ipv4, open_flags::non_blocking);
    const int started = connect(other, nobody);
    if (started == in_progress) {
        const auto events = poll(other, poll_events::write, 5s);
        CHECK((events & poll_events::error) != 0);
        CHECK(get(other, Option::error) == refused);
        CHECK(get(other, Option::error) == 0);
    } else {
        CHECK(started == refused);
    }
    EchoServer server;
    CHECK(connect(fd, server.address()) == ok);
}

TEST_CASE_FIXTURE(Plugin, "each half closes by itself and leaves the other's data") {
    NativeSocket listener = NativeSocket::listener();
    const Fd fd = connected(listener.name());
    NativeSocket peer = listener.accept();
    SUBCASE("ours: the peer sees the end, we still read") {
        send(fd, "last words");
        CHECK(number(v2::socket_shutdown(state, fd, Half::write)) == ok);
        CHECK(peer.receive() == "last words");
        CHECK(peer.receive() == "");
        CHECK(send(fd, "x").number == broken_pipe);
        peer.send("answer");
        CHECK(receive_all(fd, 6) == "answer");
    }
    SUBCASE("the peer's: we see the end, and still write") {
        peer.send("bye");
        ::shutdown(peer.get(), SHUT_WR);
        CHECK(receive_all(fd, 3) == "bye");
        const Got end = receive(fd);
        CHECK(end.number == ok);
        CHECK(end.bytes == 0);
        CHECK((poll(fd, poll_events::read | poll_events::peer_ended) & poll_events::peer_ended) !=
              0);
        CHECK(send(fd, "more").number == ok);
        CHECK(peer.receive() == "more");
    }
    SUBCASE("reading: at its end at once") {
        CHECK(number(v2::socket_shutdown(state, fd, Half::read)) == ok);
        CHECK(receive(fd).number == ok);
        send(fd, "still");
        CHECK(peer.receive() == "still");
    }
    CHECK(number(v2::socket_shutdown(state, fd, static_cast<Half>(4))) == inval);
}

TEST_CASE_FIXTURE(Plugin, "end, timeout and failure are three answers") {
    NativeSocket listener = NativeSocket::listener();
    const Fd fd = connected(listener.name());
    NativeSocket peer = listener.accept();
    CHECK(set(fd, Option::receive_timeout, 30'000'000) == ok);
    CHECK(get(fd, Option::receive_timeout) == 30'000'000);
    const auto start = std::chrono::steady_clock::now();
    CHECK(receive(fd).number == again);
    CHECK(took(start) >= 29ms);
    // read() keeps the same time.
    iovecs({{data_at, 10}});
    CHECK(number(preview1::fd_read(state, fd, {iovecs_at, 1}, {result_at})) == again);
    SUBCASE("the end") {
        peer.close();
        const Got end = receive(fd);
        CHECK(end.number == ok);
        CHECK(end.bytes == 0);
    }
    SUBCASE("a failure") {
        peer.reset();
        CHECK(poll(fd, poll_events::read, 5s) != 0);
        CHECK(receive(fd).number == 15);
    }
}

TEST_CASE_FIXTURE(
    Plugin,
    "a sender that may wait sends all, though nobody reads for a while; a send timeout ends it") {
    NativeSocket listener = NativeSocket::listener();
    const Fd fd = connected(listener.name());
    NativeSocket peer = listener.accept();
    std::string piece(100'000, 'x');
    SUBCASE("all") {
        std::size_t received = 0;
        std::thread reader([&] {
            std::this_thread::sleep_for(20ms);
            while (received < 100 * piece.size()) {
                const auto got = peer.receive();
                if (!got || got->empty()) break;
                received += got->size();
            }
        });
        for (int i = 0; i < 100; ++i)
            CHECK(send(fd, piece).bytes == piece.size());
        reader.join();
        CHECK(received == 100 * piece.size());
        CHECK(state.statistics.bytes_sent == received);
    }
    SUBCASE("timeout") {
        CHECK(set(fd, Option::send_timeout, 20'000'000) == ok);
        Sent sent;
        for (int i = 0; i < 1000 && sent.number == ok; ++i)
            sent = send(fd, piece);
        CHECK(sent.number == again);
        // The system may still find room for some more.
        sent = {};
        for (int i = 0; i < 1000 && sent.number == ok; ++i)
            sent = send(fd, piece, send_flags::dont_wait);
        CHECK(sent.number == again);
    }
}

TEST_CASE_FIXTURE(Plugin,
                  "peek leaves the data, wait_all fills the buffers, dont_wait does not wait") {
    NativeSocket listener = NativeSocket::listener();
    const Fd fd = connected(listener.name());
    NativeSocket peer = listener.accept();
    CHECK(receive(fd, 10, receive_flags::dont_wait).number == again);
    std::thread slow([&] {
        for (const char* piece : {"ab", "cd", "ef"}) {
            peer.send(piece);
            std::this_thread::sleep_for(10ms);
        }
    });
    CHECK(receive(fd, 6, receive_flags::peek | receive_flags::wait_all).text == "abcdef");
    slow.join();
    CHECK(receive(fd, 3, receive_flags::peek).text == "abc");
    CHECK(number(v2::bytes_readable(state, fd, {result_at})) == ok);
    CHECK(result() == 6);
    CHECK(receive(fd, 6, receive_flags::wait_all).text == "abcdef");
    peer.send("xy");
    ::shutdown(peer.get(), SHUT_WR);
    CHECK(receive(fd, 6, receive_flags::wait_all).text == "xy");
    CHECK(receive(fd, 6, 1 << 9).number == notsup);
    CHECK(send(fd, "x", 1 << 9).number == notsup);
}

TEST_CASE_FIXTURE(Plugin, "preview 1 reads, writes, polls and closes the same descriptors") {
    EchoServer server;
    const Fd fd = connected(server.address());
    put(data_at, "hello");
    iovecs({{data_at, 2}, {data_at + 2, 3}});
    CHECK(number(preview1::fd_write(state, fd, {iovecs_at, 2}, {result_at})) == ok);
    CHECK(result() == 5);
    preview1::Subscription wish;
    wish.type = abi::preview1::EventType::fd_read;
    wish.subject = static_cast<std::uint32_t>(fd.number);
    put_value(data_at + 512, wish);
    CHECK(number(preview1::poll_oneoff(state, {data_at + 512}, {data_at + 1024}, 1, {result_at})) ==
          ok);
    put(data_at, "     ");
    CHECK(number(preview1::fd_read(state, fd, {iovecs_at, 2}, {result_at})) == ok);
    CHECK(text(data_at, 5) == "hello");
    CHECK(number(preview1::fd_fdstat_get(state, fd, {result_at})) == ok);
    CHECK(load<preview1::FdStat>(result_at).file_type == abi::preview1::FileType::socket_stream);
    CHECK(number(preview1::sock_shutdown(state, fd, 2)) == ok);
    CHECK(receive(fd).bytes == 0);
    CHECK(close(fd) == ok);
    CHECK(close(fd) == badf);
    CHECK(receive(fd).number == badf);
}

TEST_CASE_FIXTURE(Plugin,
                  "a copy of a descriptor is the same socket until the last one is closed") {
    EchoServer server;
    const Fd fd = connected(server.address());
    CHECK(number(v2::duplicate(state, fd, 7, {result_at})) == ok);
    const Fd copy = load<Fd>(result_at);
    CHECK(copy.number == 7);
    set_non_blocking(fd);
    CHECK(receive(copy).number == again);
    set_non_blocking(copy, false);
    CHECK(close(fd) == ok);
    send(copy, "x");
    CHECK(receive(copy).text == "x");
    CHECK(number(v2::duplicate(state, fd, 0, {result_at})) == badf);
    CHECK(number(v2::duplicate(state, copy, 1 << 20, {result_at})) == inval);
    CHECK(close(copy) == ok);
}

TEST_CASE_FIXTURE(Plugin, "a socket pair talks to itself") {
    auto [a, b] = pair();
    send(a, "over");
    CHECK(receive(b).text == "over");
    CHECK(get(a, Option::family) == 1);
    CHECK(number(v2::socket_local_address(state, a, {result_at})) == ok);
    CHECK(load<Address>(result_at).family == 1);
    CHECK(bind(a, "127.0.0.1:0") == inval);
    CHECK(connect(a, "127.0.0.1:9") == inval);
    CHECK(close(a) == ok);
    CHECK(receive(b).bytes == 0);
    auto [c, d] = pair(SocketType::datagram);
    send(c, "one");
    send(c, "two");
    CHECK(receive(d).text == "one");
    CHECK(receive(d).text == "two");
    CHECK(send(c, "x", 0, SocketAddr::parse("127.0.0.1:9").value()).number == inval);
}

// --- datagrams ---

TEST_CASE_FIXTURE(Plugin,
                  "an unconnected datagram socket sends to whom it names and tells who sent") {
    NativeSocket peer = NativeSocket::datagrams();
    const Fd fd = open_datagram();
    CHECK(send(fd, "nobody").number == destination_required);
    CHECK(send(fd, "hello", 0, peer.local()).bytes == 5);
    CHECK(peer.receive() == "hello");
    peer.send_to("back", SocketAddr(Ipv4Addr::localhost, local(fd).port()));
    const Got got = receive(fd);
    CHECK(got.text == "back");
    CHECK(got.sender == peer.local());
}

TEST_CASE_FIXTURE(Plugin, "an empty datagram is a message; a long one is cut and says so") {
    NativeSocket peer = NativeSocket::datagrams();
    const Fd fd = open_datagram();
    REQUIRE(bind(fd, "127.0.0.1:0") == ok);
    peer.send_to("", local(fd));
    peer.send_to("0123456789", local(fd));
    peer.send_to("0123456789", local(fd));
    peer.send_to("ab", local(fd));
    Got got = receive(fd);
    CHECK(got.number == ok);
    CHECK(got.bytes == 0);
    CHECK(got.sender == peer.local());
    got = receive(fd, 4);
    CHECK(got.text == "0123");
    CHECK(got.is_truncated);
    CHECK(got.bytes == 4);
    got = receive(fd, 4, receive_flags::whole_length);
    CHECK(got.bytes == 10);
    got = receive(fd, 4, receive_flags::peek);
    CHECK(got.text == "ab");
    CHECK_FALSE(got.is_truncated);
    CHECK(receive(fd, 0).number == ok); // without room the datagram is gone even so
    set_non_blocking(fd);
    CHECK(receive(fd).number == again);
    CHECK(send(fd, "", 0, peer.local()).number == ok);
    CHECK(peer.receive() == "");
    CHECK(send(fd, std::string(66'000, 'x'), 0, peer.local()).number == msgsize);
}

TEST_CASE_FIXTURE(Plugin, "preview 1 tells of a datagram that was cut, peeked at or taken") {
    auto [a, b] = pair(SocketType::datagram);
    NativeSocket native = NativeSocket::datagrams();
    const Fd fd = open_datagram();
    REQUIRE(connect(fd, native.name()) == ok);
    REQUIRE(send(fd, "hello").number == ok);
    for (const Fd from : {b, fd}) {
        const auto arrive = [&] {
            if (from == b)
                send(a, "longer");
            else
                native.send_to("longer", local(fd));
        };
        const auto take = [&](std::uint32_t size, std::uint16_t flags) {
            iovecs({{data_at, size}});
            put_value<std::uint16_t>(address_at, 99);
            REQUIRE(number(preview1::sock_recv(state, from, {iovecs_at, 1}, flags, {result_at},
                                               {address_at})) == ok);
            CHECK(result() == std::min(size, 6u));
            return load<std::uint16_t>(address_at);
        };
        arrive();
        CHECK(take(5, 1) == 1);
        CHECK(take(6, 1) == 0);
        CHECK(take(0, 0) == 1);
        arrive();
        CHECK(take(100, 0) == 0);
    }
    auto [c, d] = pair();
    send(c, "longer");
    iovecs({{data_at, 2}});
    CHECK(number(preview1::sock_recv(state, d, {iovecs_at, 1}, 0, {result_at}, {address_at})) ==
          ok);
    CHECK(load<std::uint16_t>(address_at) == 0); // the rest of a stream is still there
}

TEST_CASE_FIXTURE(Plugin, "a connected datagram socket hears its peer only, until it is connected "
                          "to another or to none") {
    NativeSocket a = NativeSocket::datagrams();
    NativeSocket b = NativeSocket::datagrams();
    const Fd fd = open_datagram();
    REQUIRE(bind(fd, "127.0.0.1:0") == ok);
    REQUIRE(connect(fd, a.name()) == ok);
    const SocketAddr here = local(fd);
    send(fd, "to a");
    CHECK(a.receive() == "to a");
    b.send_to("stranger", here);
    a.send_to("friend", here);
    CHECK(receive(fd).text == "friend");
    REQUIRE(connect(fd, b.name()) == ok);
    send(fd, "to b");
    CHECK(b.receive() == "to b");
    b.send_to("friend", here);
    CHECK(receive(fd).text == "friend");
    put_value(address_at, Address());
    CHECK(number(v2::socket_connect(state, fd, {address_at})) == ok);
    CHECK(number(v2::socket_peer_address(state, fd, {result_at})) == notconn);
    CHECK(send(fd, "x").number == destination_required);
}

TEST_CASE_FIXTURE(Plugin, "batches send and receive many datagrams in one call") {
    NativeSocket peer = NativeSocket::datagrams();
    const Fd fd = open_datagram();
    REQUIRE(bind(fd, "127.0.0.1:0") == ok);
    constexpr std::uint32_t count = 100;
    for (std::uint32_t i = 0; i < count; ++i) {
        put(data_at + i * 4, "m" + std::to_string(100 + i));
        put_value(iovecs_at + i * 8, Iovec{data_at + i * 4, 4});
        Message message;
        message.buffers = iovecs_at + i * 8;
        message.buffer_count = 1;
        message.address = wire(peer.local());
        put_value(messages_at + i * 48, message);
    }
    CHECK(number(v2::send_batch(state, fd, {messages_at, count}, 0, {result_at})) == ok);
    CHECK(result() == count);
    CHECK(load<Message>(messages_at + 99 * 48).bytes == 4);
    for (std::uint32_t i = 0; i < count; ++i)
        CHECK(peer.receive() == "m" + std::to_string(100 + i));

    for (std::uint32_t i = 0; i < 70; ++i)
        peer.send_to("r" + std::to_string(i), local(fd));
    CHECK(number(v2::receive_batch(state, fd, {messages_at, count}, receive_flags::wait_for_one,
                                   no_limit, {result_at})) == ok);
    CHECK(result() == 70);
    const auto last = load<Message>(messages_at + 69 * 48);
    CHECK(last.bytes == 3);
    CHECK(text(data_at + 69 * 4, 3) == "r69");
    CHECK(unwire(last.address) == peer.local());
    // The time passes with fewer than were asked for; with none, it is would_block.
    peer.send_to("late", local(fd));
    CHECK(number(v2::receive_batch(state, fd, {messages_at, 2}, 0, 20'000'000, {result_at})) == ok);
    CHECK(result() == 1);
    CHECK(number(v2::receive_batch(state, fd, {messages_at, 2}, 0, 1'000'000, {result_at})) ==
          again);
    CHECK(number(v2::receive_batch(state, fd, {messages_at, 0}, 0, 0, {result_at})) == ok);
    CHECK(result() == 0);
}

TEST_CASE_FIXTURE(Plugin, "a datagram's time to live, class, destination and time are told to who asked") {
    const Fd receiver = open(SocketType::datagram);
    const Fd sender = open(SocketType::datagram);
    REQUIRE(number(v2::socket_bind(state, receiver, at("127.0.0.1:0"))) == ok);
    const SocketAddr there = local(receiver);
    const auto room = iovecs({{data_at, 16}});
    const GuestPointer<abi::v2::Received> received{result_at};
    const GuestPointer<abi::v2::Ancillary> with{messages_at};
    const auto exchange = [&](const abi::v2::Ancillary& sent) {
        put_value(messages_at, sent);
        const auto to = at(there);
        const int outcome = number(v2::socket_send_with(
            state, sender, iovecs({{data_at, 3}}), 0, to, {messages_at}, {result_at}));
        if (outcome != ok) return outcome;
        return number(v2::socket_receive_with(state, receiver, room, 0, received, with));
    };

    REQUIRE(exchange({}) == ok);
    CHECK(load<abi::v2::Ancillary>(messages_at).fields == 0);

    for (const Option option : {Option::ipv4_receive_info, Option::ipv4_receive_ttl,
                                Option::ipv4_receive_tos, Option::timestamp_nanoseconds})
        REQUIRE(number(v2::socket_set_option(state, receiver, option, 1)) == ok);
    abi::v2::Ancillary sent;
    using namespace abi::v2::ancillary_fields;
    sent.fields = ipv4_ttl | ipv4_tos;
    sent.hops = 7;
    sent.traffic_class = 0x28;
    REQUIRE(exchange(sent) == ok);
    const auto told = load<abi::v2::Ancillary>(messages_at);
    CHECK(told.fields == (ipv4_info | ipv4_ttl | ipv4_tos | timestamp_nanoseconds));
    CHECK(told.hops == 7);
    CHECK(told.traffic_class == 0x28);
    CHECK(unwire(told.destination)->ip() == there.ip());
    CHECK(told.time > 1'700'000'000'000'000'000);

    sent.hops = 256;
    CHECK(exchange(sent) == inval);
    sent.fields = timestamp; // is received only
    CHECK(exchange(sent) == inval);
    sent.fields = 1 << 30;
    CHECK(exchange(sent) == inval);
    sent.fields = ipv4_info;
    sent.local = wire(*SocketAddr::parse("[::1]:0"));
    CHECK(exchange(sent) == inval);
    const Fd stream = open(SocketType::stream);
    CHECK(number(v2::socket_set_option(state, stream, Option::timestamp, 1)) == noprotoopt);
    CHECK(number(v2::socket_receive_with(state, receiver, room, 0, received, {0})) == fault);
}

TEST_CASE("a datagram's source is what the socket is bound to, or what use udp-bind allows") {
    Plugin plugin({"allow udp:127.0.0.0/8:*", "allow udp-bind:127.0.0.1:*",
                   "allow udp-bind:127.0.0.5:*", "allow udp-bind:0.0.0.0:*"});
    const Fd receiver = plugin.open(SocketType::datagram);
    REQUIRE(plugin.number(v2::socket_bind(plugin.state, receiver, plugin.at("127.0.0.1:0"))) == ok);
    const SocketAddr there = plugin.local(receiver);
    const auto send_from = [&](Fd socket, std::string_view source) {
        abi::v2::Ancillary with;
        with.fields = abi::v2::ancillary_fields::ipv4_info;
        with.local = Plugin::wire(SocketAddr(*IpAddr::parse(source), 0));
        plugin.put_value(messages_at, with);
        const auto to = plugin.at(there);
        return plugin.number(v2::socket_send_with(plugin.state, socket,
                                                  plugin.iovecs({{data_at, 3}}), 0, to,
                                                  {messages_at}, {result_at}));
    };
    const auto seen_from = [&] {
        const Got got = plugin.receive(receiver, 16, abi::v2::receive_flags::dont_wait);
        return got.number == ok ? got.sender->ip().to_string() : std::string("nobody");
    };

    const Fd unbound = plugin.open(SocketType::datagram);
    CHECK(send_from(unbound, "127.0.0.5") == ok);
    CHECK(seen_from() == "127.0.0.5");
    CHECK(send_from(unbound, "127.0.0.6") == denied);
    const Fd one = plugin.open(SocketType::datagram);
    REQUIRE(plugin.number(v2::socket_bind(plugin.state, one, plugin.at("127.0.0.1:0"))) == ok);
    CHECK(send_from(one, "127.0.0.1") == ok);
    CHECK(seen_from() == "127.0.0.1");
    CHECK(send_from(one, "127.0.0.6") == denied);
    CHECK(seen_from() == "nobody");
    CHECK(plugin.denials.size() == 2);
    // Whoever may hear what comes for all addresses may answer from each.
    const Fd all = plugin.open(SocketType::datagram);
    REQUIRE(plugin.number(v2::socket_bind(plugin.state, all, plugin.at("0.0.0.0:0"))) == ok);
    CHECK(send_from(all, "127.0.0.6") == ok);
    CHECK(seen_from() == "127.0.0.6");
}

TEST_CASE_FIXTURE(Plugin, "multicast reaches who has joined, and who has left no more") {
    const Fd fd = open_datagram();
    REQUIRE(set(fd, Option::reuse_address, 1) == ok);
    REQUIRE(bind(fd, "0.0.0.0:0") == ok);
    const auto port = local(fd).port();
    Membership membership;
    membership.group = wire(SocketAddr::parse("239.1.2.3:0").value());
    membership.interface = wire(SocketAddr::parse("127.0.0.1:0").value());
    put_value(data_at, membership);
    const int joined = number(v2::multicast_join(state, fd, {data_at}));
    if (joined != ok) {
        MESSAGE("no multicast on this machine's loopback: ", joined);
        return;
    }
    const Fd sender = open_datagram();
    REQUIRE(set(sender, Option::ipv4_multicast_address, 0x7f000001) == ok);
    const auto group = SocketAddr(Ipv4Addr(239, 1, 2, 3), port);
    REQUIRE(send(sender, "all", 0, group).number == ok);
    CHECK(set(fd, Option::receive_timeout, 2'000'000'000) == ok);
    CHECK(receive(fd).text == "all");
    put_value(data_at, membership);
    CHECK(number(v2::multicast_leave(state, fd, {data_at})) == ok);
    CHECK(number(v2::multicast_leave(state, fd, {data_at})) == 4);
    send(sender, "gone", 0, group);
    CHECK(set(fd, Option::receive_timeout, 50'000'000) == ok);
    CHECK(receive(fd).number == again);
    membership.group = wire(SocketAddr::parse("127.0.0.1:0").value());
    put_value(data_at, membership);
    CHECK(number(v2::multicast_join(state, fd, {data_at})) == inval);
    membership.group = wire(SocketAddr::parse("224.0.0.251:0").value());
    put_value(data_at, membership);
    CHECK(number(v2::multicast_join(state, fd, {data_at})) == denied);
}

TEST_CASE("IPv6: link-local addresses keep their zone, and groups are joined by interface") {
    NetworkNamespace network;
    if (!network.is_available()) return;
    if (!network.shell("ip -6 address add fe80::7/64 dev lo nodad && ip link set lo multicast on "
                       "&& ip -6 route add ff00::/8 dev lo table local"))
        return; // a machine without IPv6
    network.run([] {
        Plugin plugin({"allow tcp:[fe80::/10]:*", "allow tcp-listen:[fe80::7]:0",
                       "allow udp-bind:[::]:*", "allow udp:[ff02::1234]:*",
                       "allow udp:[fe80::/10]:*", "allow multicast:[ff02::1234]:*"});
        const Fd listener = plugin.listening("[fe80::7%1]:0");
        REQUIRE(plugin.set(listener, Option::receive_timeout, 5'000'000'000) == ok);
        const SocketAddr here = plugin.local(listener);
        CHECK(here.scope_id() == 1);
        const Fd client = plugin.open(SocketType::stream, Family::ipv6);
        REQUIRE(plugin.set(client, Option::send_timeout, 5'000'000'000) == ok);
        REQUIRE(plugin.connect(client, here.to_string()) == ok);
        REQUIRE(plugin.number(v2::socket_accept(plugin.state, listener, 0, {result_at},
                                                {address_at})) == ok);
        CHECK(Plugin::unwire(plugin.load<Address>(address_at)) == plugin.local(client));
        CHECK(plugin.local(client).scope_id() == 1);
        // Without its zone it is nowhere.
        CHECK(plugin.connect(plugin.open(SocketType::stream, Family::ipv6),
                             "[fe80::7]:" + std::to_string(here.port())) == inval);

        const Fd member = plugin.open(SocketType::datagram, Family::ipv6);
        REQUIRE(plugin.bind(member, "[::]:0") == ok);
        const auto group = SocketAddr(Ipv6Addr(0xff02, 0, 0, 0, 0, 0, 0, 0x1234),
                                      plugin.local(member).port(), 1);
        Membership membership;
        membership.group = Plugin::wire(SocketAddr(group.ip(), 0));
        membership.interface_index = 1;
        plugin.put_value(data_at, membership);
        REQUIRE(plugin.number(v2::multicast_join(plugin.state, member, {data_at})) == ok);
        CHECK(plugin.number(v2::multicast_join(plugin.state, member, {data_at})) ==
              address_in_use);
        const Fd sender = plugin.open(SocketType::datagram, Family::ipv6);
        CHECK(plugin.set(sender, Option::ipv6_multicast_interface, 1) == ok);
        CHECK(plugin.set(sender, Option::ipv6_multicast_hops, 1) == ok);
        CHECK(plugin.send(sender, "to all", 0, group).number == ok);
        plugin.put_value(data_at, membership);
        REQUIRE(plugin.number(v2::multicast_leave(plugin.state, member, {data_at})) == ok);
        CHECK(plugin.number(v2::multicast_leave(plugin.state, member, {data_at})) == 4);
    });
}

TEST_CASE_FIXTURE(Plugin, "a socket that lingers for no time is reset when it is closed") {
    NativeSocket server = NativeSocket::listener();
    const Fd fd = connected(server.name());
    NativeSocket accepted = server.accept();
    REQUIRE(set(fd, Option::linger, 0) == ok);
    CHECK(close(fd) == ok);
    char byte;
    CHECK(::recv(accepted.get(), &byte, 1, 0) == -1);
    CHECK(errno == ECONNRESET);
}

TEST_CASE_FIXTURE(Plugin, "a socket that lingers for a day holds up nobody when it is closed") {
    constexpr std::uint64_t day = std::uint64_t{24} * 3600 * 1'000'000'000;
    NativeSocket server = NativeSocket::listener();
    const Fd fd = connected(server.name());
    NativeSocket accepted = server.accept();
    REQUIRE(set(fd, Option::linger, day) == ok);
    CHECK(get(fd, Option::linger) == day);
    // More than the system takes, of which nothing is read.
    const std::string much(64 << 10, 'x');
    while (send(fd, much, abi::v2::send_flags::dont_wait).number == ok) {}
    CHECK(close(fd) == ok);
}

TEST_CASE("a port is shared with reuse_port by those who may name it") {
    const std::uint16_t port = free_port();
    const std::string name = "127.0.0.1:" + std::to_string(port);
    Plugin plugin({"allow tcp-listen:" + name, "allow udp-bind:" + name});
    for (const SocketType type : {SocketType::stream, SocketType::datagram}) {
        const Fd alone = plugin.open(type);
        REQUIRE(plugin.bind(alone, name) == ok);
        CHECK(plugin.bind(plugin.open(type), name) == address_in_use);
        plugin.close(alone);
        for (int i = 0; i < 2; ++i) {
            const Fd fd = plugin.open(type);
            REQUIRE(plugin.set(fd, Option::reuse_port, 1) == ok);
            CHECK(plugin.bind(fd, name) == ok);
            if (type == SocketType::stream)
                CHECK(plugin.number(v2::socket_listen(plugin.state, fd, 4)) == ok);
        }
    }
}

// --- options ---

TEST_CASE_FIXTURE(Plugin, "options keep what was set, in their units") {
    const Fd tcp = open();
    for (const Option flag :
         {Option::reuse_address, Option::reuse_port, Option::keep_alive, Option::no_delay,
          Option::cork, Option::broadcast, Option::out_of_band_inline}) {
        CAPTURE(static_cast<int>(flag));
        CHECK(get(tcp, flag) == 0);
        CHECK(set(tcp, flag, 7) == ok);
        CHECK(get(tcp, flag) == 1);
        CHECK(set(tcp, flag, 0) == ok);
        CHECK(get(tcp, flag) == 0);
    }
    constexpr std::uint64_t second = 1'000'000'000;
    for (const Option time :
         {Option::keep_alive_idle, Option::keep_alive_interval, Option::linger}) {
        CHECK(set(tcp, time, 3 * second + 1) == ok);
        CHECK(get(tcp, time) == 4 * second);
    }
    CHECK(set(tcp, Option::linger, no_limit) == ok);
    CHECK(get(tcp, Option::linger) == no_limit);
    CHECK(set(tcp, Option::keep_alive_count, 5) == ok);
    CHECK(get(tcp, Option::keep_alive_count) == 5);
    CHECK(set(tcp, Option::keep_alive_count, 1'000) == inval);
    CHECK(set(tcp, Option::keep_alive_idle, 0) == inval);
    CHECK(set(tcp, Option::user_timeout, 1'500'000) == ok);
    CHECK(get(tcp, Option::user_timeout) == 2'000'000);
    CHECK(get(tcp, Option::send_timeout) == no_limit);
    CHECK(set(tcp, Option::receive_buffer, 8192) == ok);
    CHECK(get(tcp, Option::receive_buffer) >= 8192);
    CHECK(set(tcp, Option::ipv4_ttl, 17) == ok);
    CHECK(get(tcp, Option::ipv4_ttl) == 17);
    CHECK(set(tcp, Option::ipv4_ttl, 300) == inval);
    CHECK(set(tcp, Option::ipv4_ttl, ~std::uint64_t{0}) == ok); // the default again
    CHECK(get(tcp, Option::type) == 1);
    CHECK(get(tcp, Option::family) == 4);
    CHECK(get(tcp, Option::protocol) == 6);
    CHECK(get(tcp, Option::listening) == 0);
    const Fd udp = open_datagram();
    CHECK(get(udp, Option::protocol) == 17);
    CHECK(set(udp, Option::ipv4_multicast_ttl, 9) == ok);
    CHECK(get(udp, Option::ipv4_multicast_ttl) == 9);
    CHECK(get(udp, Option::ipv4_multicast_loop) == 1);
    const Fd ipv6 = open(SocketType::datagram, Family::ipv6);
    CHECK(set(ipv6, Option::ipv6_only, 1) == ok);
    CHECK(get(ipv6, Option::ipv6_only) == 1);
    CHECK(set(ipv6, Option::ipv6_hops, 8) == ok);
    CHECK(get(ipv6, Option::ipv6_hops) == 8);
}

TEST_CASE_FIXTURE(
    Plugin,
    "an option outside the list, of another kind, or only to be asked is option_not_supported") {
    const Fd tcp = open();
    for (const std::uint32_t unknown : {0u, 25u, 31u, 100u, 0x80000000u, 0xffffffffu}) {
        CHECK(set(tcp, static_cast<Option>(unknown), 1) == noprotoopt);
        CHECK(get_number(tcp, static_cast<Option>(unknown)) == noprotoopt);
    }
    for (const Option option : {Option::error, Option::type, Option::family, Option::protocol,
                                Option::listening, Option::ipv4_multicast_all})
        CHECK(set(tcp, option, 1) == noprotoopt);
    CHECK(set(tcp, Option::ipv6_only, 1) == noprotoopt);
    CHECK(set(open_datagram(), Option::no_delay, 1) == noprotoopt);
}

// --- names ---

TEST_CASE("connect_name passes over an address that does not answer, and tells which one did") {
    if (!has_ipv6_loopback()) return;
    EchoServer server;
    const std::string port = std::to_string(server.port());
    // A full queue of connections drops every further attempt.
    NativeSocket black_hole = NativeSocket::listener("[::1]:" + port, 0);
    std::vector<NativeSocket> fillers;
    for (int i = 0; i < 3; ++i) {
        fillers.emplace_back(SOCK_STREAM | SOCK_NONBLOCK, AF_INET6);
        fillers.back().connect(black_hole.local());
    }
    DnsmasqServer names({"--host-record=race.test,127.0.0.1,::1"});
    Plugin plugin({"allow resolve:race.test", "allow tcp:127.0.0.1:*", "allow tcp:[::1]:*"}, {},
                  asking(names));
    plugin.put(data_at, "race.test");
    const auto start = std::chrono::steady_clock::now();
    CHECK(plugin.number(v2::connect_name(plugin.state, {data_at, 9}, server.port(),
                                         SocketType::stream, 5'000'000'000, 100'000'000,
                                         {result_at}, {address_at})) == ok);
    CHECK(took(start) >= 90ms);
    CHECK(took(start) < 3s);
    CHECK(Plugin::unwire(plugin.load<Address>(address_at))->to_string() == server.address());
    const Fd fd = plugin.load<Fd>(result_at);
    plugin.send(fd, "won");
    CHECK(plugin.receive_all(fd, 3) == "won");
    // Nobody answers within the time.
    Plugin patient({"allow resolve:race.test", "allow tcp:[::1]:*"}, {}, asking(names));
    patient.put(data_at, "race.test");
    CHECK(patient.number(v2::connect_name(patient.state, {data_at, 9}, server.port(),
                                          SocketType::stream, 50'000'000, 0, {result_at}, {})) ==
          timed_out);
}

TEST_CASE_FIXTURE(Plugin, "connect_name takes names and numbers, for streams and datagrams") {
    EchoServer server;
    for (const std::string host : {"127.0.0.1", "localhost"}) {
        put(data_at, host);
        CHECK(number(v2::connect_name(state, {data_at, static_cast<std::uint32_t>(host.size())},
                                      server.port(), SocketType::stream, no_limit, 0, {result_at},
                                      {})) == ok);
        const Fd fd = load<Fd>(result_at);
        send(fd, "x");
        CHECK(receive(fd).text == "x");
    }
    put(data_at, "127.0.0.1");
    CHECK(number(v2::connect_name(state, {data_at, 9}, server.port(), SocketType::datagram,
                                  no_limit, 0, {result_at}, {address_at})) == ok);
    const Fd fd = load<Fd>(result_at);
    send(fd, "d");
    CHECK(receive(fd).text == "d");
    put(data_at, "0177.0.0.1");
    CHECK(number(v2::connect_name(state, {data_at, 10}, 80, SocketType::stream, no_limit, 0,
                                  {result_at}, {})) == bad_name);
    CHECK(number(v2::connect_name(state, {data_at, 10}, 65'536 + 80, SocketType::stream, no_limit,
                                  0, {result_at}, {})) == inval);
}

TEST_CASE("resolve gives the addresses that the policy lets see, and their number") {
    DnsmasqServer names({"--host-record=two.test,192.168.7.1,fd00::7", "--address=/no.test/"});
    Plugin plugin(
        {"allow resolve:*.test", "allow resolve:192.168.0.0/16", "allow resolve:[fd00::/8]"}, {},
        asking(names));
    const auto resolve = [&](std::string_view name, Family family, std::uint32_t room = 4) {
        plugin.put(data_at, name);
        plugin.put_value<std::uint32_t>(result_at, 99);
        return plugin.number(v2::resolve(plugin.state,
                                         {data_at, static_cast<std::uint32_t>(name.size())}, family,
                                         5'000'000'000, {messages_at, room}, {result_at}));
    };
    CHECK(resolve("two.test", Family::any) == ok);
    CHECK(plugin.result() == 2);
    CHECK(resolve("two.test", Family::ipv4) == ok);
    CHECK(plugin.result() == 1);
    CHECK(Plugin::unwire(plugin.load<Address>(messages_at))->ip() == Ipv4Addr(192, 168, 7, 1));
    CHECK(resolve("two.test", Family::any, 0) == ok);
    CHECK(plugin.result() == 2);
    CHECK(resolve("no.test", Family::any) == name_not_found);
    CHECK(resolve("elsewhere.example", Family::any) == denied);
    CHECK(resolve("10.1.2.3", Family::any) == ok);
    CHECK(resolve("10.1.2.3", Family::ipv6) == name_not_found);
    CHECK(resolve("bad name", Family::any) == bad_name);
    CHECK(resolve("two.test", static_cast<Family>(9)) == family_wrong);
    CHECK(names.query_log().find("elsewhere") == std::string::npos);
    // And back.
    CHECK(plugin.number(v2::resolve_address(plugin.state, plugin.at("192.168.7.1:0"), 5'000'000'000,
                                            {data_at, 100}, {result_at})) == ok);
    CHECK(plugin.text(data_at, plugin.result()) == "two.test");
    CHECK(plugin.number(v2::resolve_address(plugin.state, plugin.at("10.0.0.1:0"), 5'000'000'000,
                                            {data_at, 100}, {result_at})) == denied);
}

TEST_CASE_FIXTURE(Plugin,
                  "the machine's name is hidden, its interfaces are told by number and name") {
    CHECK(number(v2::host_name(state, {data_at, 5}, {result_at})) == ok);
    CHECK(result() == 9);
    CHECK(text(data_at, 5) == "local");
    CHECK(number(v2::interfaces(state, {data_at, 8}, {result_at})) == ok);
    REQUIRE(result() >= 1);
    const auto first = load<Interface>(data_at);
    CHECK(std::string(first.name) == "lo");
    CHECK((first.flags & interface_flags::loopback) != 0);
}

// --- poll ---

TEST_CASE_FIXTURE(
    Plugin, "poll waits for any of many, and passes over who has only what nobody asked for") {
    auto [a, b] = pair();
    auto [c, d] = pair();
    send(a, "data"); // b is readable, but is asked for the end only
    put_value(data_at, PollEntry{b, poll_events::peer_ended, 0});
    put_value(data_at + 8, PollEntry{d, poll_events::read, 0});
    put_value(data_at + 16, PollEntry{Fd{-1}, poll_events::read, 0});
    const auto start = std::chrono::steady_clock::now();
    CHECK(number(v2::poll(state, {data_at, 3}, 30'000'000, {result_at})) == ok);
    CHECK(result() == 0);
    CHECK(took(start) >= 29ms);
    CHECK(receive(b).text == "data"); // the data is still found
    close(a);
    put_value(data_at, PollEntry{b, poll_events::peer_ended, 0});
    put_value(data_at + 8, PollEntry{Fd{77}, poll_events::read, 0});
    CHECK(number(v2::poll(state, {data_at, 2}, no_limit, {result_at})) == ok);
    CHECK(result() == 2);
    CHECK((load<PollEntry>(data_at).happened & poll_events::peer_ended) != 0);
    CHECK(load<PollEntry>(data_at + 8).happened == poll_events::bad_handle);
    CHECK(poll(c, poll_events::write) == poll_events::write);
    CHECK(number(v2::poll(state, {data_at, max_poll_entries + 1}, 0, {result_at})) == inval);
}

// --- policy ---

TEST_CASE("what no rule allows is denied, and the canary sees nobody") {
    NativeSocket canary = NativeSocket::listener();
    NativeSocket datagram_canary = NativeSocket::datagrams();
    Plugin plugin(std::vector<std::string>{"allow tcp:127.0.0.1:1", "allow udp:127.0.0.1:1"});
    const Fd tcp = plugin.open();
    CHECK(plugin.connect(tcp, canary.name()) == denied);
    CHECK(plugin.last_error().find("127.0.0.1") == std::string::npos);
    CHECK(plugin.connect(tcp, "0.0.0.0:" + std::to_string(canary.local().port())) == denied);
    plugin.put(data_at, "localhost");
    CHECK(plugin.number(v2::connect_name(plugin.state, {data_at, 9}, canary.local().port(),
                                         SocketType::stream, no_limit, 0, {result_at}, {})) ==
          denied);
    const Fd udp = plugin.open_datagram();
    CHECK(plugin.send(udp, "x", 0, datagram_canary.local()).number == denied);
    CHECK(plugin.connect(udp, datagram_canary.name()) == denied);
    CHECK(plugin.send(udp, "x").number == destination_required);
    Message message;
    message.address = Plugin::wire(datagram_canary.local());
    plugin.put_value(messages_at, message);
    CHECK(plugin.number(v2::send_batch(plugin.state, udp, {messages_at, 1}, 0, {result_at})) ==
          denied);
    CHECK(plugin.bind(plugin.open(), "127.0.0.1:0") == denied);
    CHECK(plugin.bind(plugin.open_datagram(), "127.0.0.1:0") == denied);
    CHECK(plugin.number(v2::socket_listen(plugin.state, plugin.open(), 1)) == denied);
    CHECK_FALSE(canary.has_visitor());
    CHECK_FALSE(datagram_canary.has_datagram());
    CHECK(plugin.state.statistics.denials >= 9);
    CHECK(plugin.denials.front().find(canary.name()) != std::string::npos);
}

TEST_CASE("a batch stops before the first datagram that is denied") {
    NativeSocket friendly = NativeSocket::datagrams();
    NativeSocket canary = NativeSocket::datagrams();
    Plugin plugin(std::vector<std::string>{"allow udp:" + friendly.name()});
    for (int i = 0; i < 3; ++i) {
        Message message;
        message.address = Plugin::wire(i == 1 ? canary.local() : friendly.local());
        plugin.put_value(messages_at + static_cast<std::uint32_t>(i) * 48, message);
    }
    CHECK(plugin.number(v2::send_batch(plugin.state, plugin.open_datagram(), {messages_at, 3}, 0,
                                       {result_at})) == ok);
    CHECK(plugin.result() == 1);
    CHECK(friendly.receive() == "");
    CHECK_FALSE(canary.has_datagram());
}

TEST_CASE("a datagram socket that was not bound by leave hears only whom it may talk to") {
    NativeSocket friendly = NativeSocket::datagrams();
    NativeSocket stranger = NativeSocket::datagrams();
    Plugin plugin(std::vector<std::string>{"allow udp:" + friendly.name()});
    const Fd fd = plugin.open_datagram();
    plugin.send(fd, "hello", 0, friendly.local());
    const SocketAddr here(Ipv4Addr::localhost, plugin.local(fd).port());
    stranger.send_to("secret", here);
    friendly.send_to("hi", here);
    const Got got = plugin.receive(fd);
    CHECK(got.text == "hi");
    CHECK(got.sender == friendly.local());
    plugin.set_non_blocking(fd);
    plugin.put(data_at, "......");
    stranger.send_to("secret", here);
    CHECK(plugin.receive(fd, 6, receive_flags::peek).number == again);
    CHECK(plugin.text(data_at, 6).find("secret") == std::string::npos);
    CHECK(plugin.receive(fd).number == again);
    stranger.send_to("secret", here);
    plugin.iovecs({{data_at, 100}});
    CHECK(plugin.number(preview1::fd_read(plugin.state, fd, {iovecs_at, 1}, {result_at})) == again);
    CHECK(plugin.denials.size() == 3);
}

TEST_CASE("a batch leaves strangers' datagrams out, and the others move up") {
    NativeSocket friendly = NativeSocket::datagrams();
    NativeSocket stranger = NativeSocket::datagrams();
    Plugin plugin(std::vector<std::string>{"allow udp:" + friendly.name()});
    const Fd fd = plugin.open_datagram();
    plugin.send(fd, "hello", 0, friendly.local());
    const SocketAddr here(Ipv4Addr::localhost, plugin.local(fd).port());
    constexpr std::uint32_t count = 5, room = 16;
    for (std::uint32_t i = 0; i < count; ++i) {
        // The third has two buffers, and less room than what moves there.
        plugin.put(data_at + i * room, "................");
        plugin.put_value(iovecs_at + i * 16, Iovec{data_at + i * room, i == 2 ? 3u : room});
        plugin.put_value(iovecs_at + i * 16 + 8, Iovec{data_at + i * room + 8, i == 2 ? 2u : 0u});
        Message message;
        message.buffers = iovecs_at + i * 16;
        message.buffer_count = 2;
        plugin.put_value(messages_at + i * 48, message);
    }
    friendly.send_to("one", here);
    stranger.send_to("secret", here);
    friendly.send_to("two", here);
    stranger.send_to("secret", here);
    friendly.send_to("the third", here);
    REQUIRE(plugin.number(v2::receive_batch(plugin.state, fd, {messages_at, count},
                                            receive_flags::wait_for_one, no_limit, {result_at})) == ok);
    CHECK(plugin.result() == 3);
    CHECK(plugin.text(data_at, 3) == "one");
    CHECK(plugin.text(data_at + room, 3) == "two");
    CHECK(plugin.text(data_at + 2 * room, 3) == "the");
    CHECK(plugin.text(data_at + 2 * room + 8, 2) == " t");
    const auto third = plugin.load<Message>(messages_at + 2 * 48);
    CHECK(third.bytes == 5);
    CHECK((third.flags & received_flags::truncated) != 0);
    CHECK(plugin.unwire(third.address) == friendly.local());
    CHECK(plugin.text(data_at, count * room).find("secret") == std::string::npos);
    CHECK(plugin.denials.size() == 2);
    // Strangers alone are nothing to wake up for.
    stranger.send_to("secret", here);
    CHECK(plugin.number(v2::receive_batch(plugin.state, fd, {messages_at, count}, 0, 20'000'000,
                                          {result_at})) == again);
}

TEST_CASE("a socket that was connected before anybody could send to it hears its peer, and knows it") {
    NativeSocket peer = NativeSocket::datagrams();
    NativeSocket stranger = NativeSocket::datagrams();
    Plugin plugin(std::vector<std::string>{"allow udp:" + peer.name()});
    const Fd fd = plugin.open_datagram();
    REQUIRE(plugin.connect(fd, peer.name()) == ok);
    stranger.send_to("secret", plugin.local(fd));
    peer.send_to("hello", plugin.local(fd));
    const Got got = plugin.receive(fd, 3);
    CHECK(got.text == "hel");
    CHECK(got.is_truncated);
    CHECK(got.sender == peer.local());
    plugin.set_non_blocking(fd);
    CHECK(plugin.receive(fd).number == again);
}

TEST_CASE_FIXTURE(Plugin, "one question may have several answers") {
    NativeSocket peer = NativeSocket::datagrams();
    const Fd fd = open_datagram();
    REQUIRE(connect(fd, peer.name()) == ok);
    // Twice, since the first wait makes the watch.
    for (const char* turn : {"first", "second"}) {
        CAPTURE(turn);
        send(fd, "how many?");
        CHECK(peer.receive() == "how many?");
        for (const char* answer : {"1", "2", "3"})
            peer.send_to(answer, local(fd));
        for (const char* answer : {"1", "2", "3"})
            CHECK(receive(fd).text == answer);
        set(fd, Option::receive_timeout, 1'000'000);
        CHECK(receive(fd).number == again);
        set(fd, Option::receive_timeout, 0);
    }
}

TEST_CASE("a port that was given back with the peer takes the leave to hear strangers with it") {
    NativeSocket friendly = NativeSocket::datagrams();
    NativeSocket stranger = NativeSocket::datagrams();
    Plugin plugin(
        std::vector<std::string>{"allow udp:" + friendly.name(), "allow udp-bind:127.0.0.1:0"});
    const Fd fd = plugin.open_datagram();
    REQUIRE(plugin.bind(fd, "127.0.0.1:0") == ok);
    stranger.send_to("heard", plugin.local(fd));
    CHECK(plugin.receive(fd).text == "heard");
    REQUIRE(plugin.connect(fd, friendly.name()) == ok);
    plugin.put_value(address_at, Address());
    REQUIRE(plugin.number(v2::socket_connect(plugin.state, fd, {address_at})) == ok);
    CHECK(plugin.local(fd).port() == 0);
    plugin.send(fd, "x", 0, friendly.local());
    stranger.send_to("unheard", SocketAddr(Ipv4Addr::localhost, plugin.local(fd).port()));
    plugin.set_non_blocking(fd);
    CHECK(plugin.receive(fd).number == again);
}

TEST_CASE_FIXTURE(Plugin, "memory that moves while a call is parked is found where it is then") {
    auto [a, b] = pair();
    const int sender = a.number;
    auto other = [](Plugin& plugin, Fd from) -> os::Task<> {
        for (int turn = 0; turn < 5; ++turn)
            co_await os::yield_now();
        plugin.memory.resize(std::size_t{4} << 20);
        plugin.memory.contents.shrink_to_fit();
        const std::string_view text = "moved";
        const std::span<const std::byte> buffers[] = {std::as_bytes(std::span(text))};
        core::Descriptor* const socket =
            *plugin.state.descriptors.find(static_cast<core::DescriptorNumber>(from.number));
        HWS_CO_CHECK(socket->try_write(buffers));
        co_return {};
    }(*this, Fd{sender});
    other.start(loop);
    CHECK(receive_all(b, 5) == "moved");
}

TEST_CASE("accept rules narrow whom a listener serves; without any, only deny rules count") {
    const auto serves = [](const std::vector<std::string>& more) {
        std::vector<std::string> rules = {"allow tcp-listen:127.0.0.1:0"};
        rules.insert(rules.end(), more.begin(), more.end());
        Plugin plugin(rules);
        const Fd listener = plugin.listening();
        NativeSocket client(SOCK_STREAM);
        REQUIRE(client.connect(plugin.local(listener)) == 0);
        plugin.set_non_blocking(listener);
        REQUIRE(plugin.poll(listener, poll_events::read, 5s) == poll_events::read);
        return plugin.number(v2::socket_accept(plugin.state, listener, 0, {result_at}, {}));
    };
    CHECK(serves({}) == ok);
    CHECK(serves({"allow accept:127.0.0.0/8:*"}) == ok);
    CHECK(serves({"allow accept:10.0.0.0/8:*"}) == again);
    CHECK(serves({"deny accept:127.0.0.1:*"}) == again);
}

TEST_CASE("binding to :: serves IPv4 only if 0.0.0.0 may be bound as well") {
    if (!has_ipv6_loopback()) return;
    Plugin narrow(std::vector<std::string>{"allow tcp-listen:[::]:0"});
    CHECK(narrow.get(narrow.listening("[::]:0"), Option::ipv6_only) == 1);
    Plugin wide(std::vector<std::string>{"allow tcp-listen:[::]:0", "allow tcp-listen:0.0.0.0:0"});
    const Fd listener = wide.listening("[::]:0");
    CHECK(wide.get(listener, Option::ipv6_only) == 0);
    NativeSocket client(SOCK_STREAM);
    CHECK(client.connect(SocketAddr(Ipv4Addr::localhost, wide.local(listener).port())) == 0);
    CHECK(wide.number(v2::socket_accept(wide.state, listener, 0, {result_at}, {address_at})) == ok);
    CHECK(Plugin::unwire(wide.load<Address>(address_at))->ip() ==
          Ipv4Addr::localhost.to_ipv6_mapped());
}

// --- bad input ---

TEST_CASE_FIXTURE(
    Plugin, "a closed descriptor is bad_handle and another kind not_a_socket, in every function") {
    const auto all = [&](Fd fd, int expected) {
        at("127.0.0.1:9");
        CAPTURE(fd.number);
        CHECK(number(v2::socket_bind(state, fd, {address_at})) == expected);
        CHECK(number(v2::socket_listen(state, fd, 1)) == expected);
        CHECK(number(v2::socket_accept(state, fd, 0, {result_at}, {})) == expected);
        CHECK(number(v2::socket_connect(state, fd, {address_at})) == expected);
        CHECK(send(fd, "x").number == expected);
        CHECK(receive(fd).number == expected);
        CHECK(number(v2::send_batch(state, fd, {messages_at, 1}, 0, {result_at})) == expected);
        CHECK(number(v2::receive_batch(state, fd, {messages_at, 1}, 0, 0, {result_at})) ==
              expected);
        CHECK(number(v2::socket_shutdown(state, fd, Half::both)) == expected);
        CHECK(number(v2::socket_local_address(state, fd, {result_at})) == expected);
        CHECK(number(v2::socket_peer_address(state, fd, {result_at})) == expected);
        CHECK(get_number(fd, Option::type) == expected);
        CHECK(set(fd, Option::no_delay, 1) == expected);
        CHECK(number(v2::multicast_join(state, fd, {data_at})) == expected);
        CHECK(number(v2::multicast_leave(state, fd, {data_at})) == expected);
        CHECK(number(v2::bytes_readable(state, fd, {result_at})) == expected);
    };
    for (const int closed : {0, 5, 1'000'000, -1, std::numeric_limits<int>::min()})
        all(Fd{closed}, badf);
    struct Other final : core::Descriptor {
        explicit Other(os::Loop& loop) : ready(loop, os::Ready::both) {}
        core::DescriptorKind kind() const override { return core::DescriptorKind::tcp_stream; }
        Result<std::size_t> try_read(core::ReadBuffers) override { return 0; }
        Result<std::size_t> try_write(core::WriteBuffers) override { return 0; }
        os::Readiness& readiness() override { return ready; }
        os::Ready poll_now(os::Ready what) override { return what; }
        os::Readiness ready;
    };
    // Its kind alone does not make it one.
    all(Fd{static_cast<int>(*state.descriptors.insert(std::make_unique<Other>(loop)))}, notsock);
}

TEST_CASE_FIXTURE(Plugin,
                  "a pointer that is null, beyond memory or wraps is fault, in every function") {
    auto [a, b] = pair();
    const Fd fd = a;
    const Fd listener = listening();
    const auto end = static_cast<std::uint32_t>(memory.contents.size());
    send(b, "waiting");
    for (const std::uint32_t bad : {0u, end - 1, end, 0x7fffffffu, 0xfffffff0u, 0xffffffffu}) {
        CAPTURE(bad);
        const std::size_t open_before = state.descriptors.open_count();
        CHECK(number(v2::version(state, {bad}, {data_at})) == fault);
        CHECK(number(v2::version(state, {result_at}, {bad})) == fault);
        CHECK(number(v2::last_error(state, {bad, 16}, {result_at})) == fault);
        CHECK(number(v2::last_error(state, {data_at, 16}, {bad})) == fault);
        CHECK(number(v2::socket_open(state, Family::ipv4, SocketType::stream, 0, {bad})) == fault);
        CHECK(number(v2::socket_pair(state, SocketType::stream, 0, {bad})) == fault);
        CHECK(number(v2::socket_bind(state, listener, {bad})) == fault);
        CHECK(number(v2::socket_accept(state, listener, 0, {bad}, {})) == fault);
        if (bad) CHECK(number(v2::socket_accept(state, listener, 0, {result_at}, {bad})) == fault);
        CHECK(number(v2::socket_connect(state, fd, {bad})) == fault);
        CHECK(number(v2::connect_name(state, {bad, 9}, 80, SocketType::stream, 0, 0, {result_at},
                                      {})) == fault);
        CHECK(number(v2::connect_name(state, {data_at, 9}, 80, SocketType::stream, 0, 0, {bad},
                                      {})) == fault);
        CHECK(number(v2::socket_send(state, fd, iovecs({{data_at, 1}}), 0, {}, {bad})) == fault);
        CHECK(number(v2::socket_send(state, fd, {bad, 1}, 0, {}, {result_at})) == fault);
        CHECK(number(v2::socket_send(state, fd, iovecs({{bad, 2}}), 0, {}, {result_at})) == fault);
        if (bad)
            CHECK(number(v2::socket_send(state, fd, iovecs({{data_at, 1}}), 0, {bad},
                                         {result_at})) == fault);
        CHECK(number(v2::socket_receive(state, fd, iovecs({{data_at, 1}}), 0, {bad})) == fault);
        CHECK(number(v2::socket_receive(state, fd, {bad, 1}, 0, {result_at})) == fault);
        CHECK(number(v2::socket_receive(state, fd, iovecs({{bad, 2}}), 0, {result_at})) == fault);
        CHECK(number(v2::send_batch(state, fd, {bad, 1}, 0, {result_at})) == fault);
        CHECK(number(v2::send_batch(state, fd, {messages_at, 1}, 0, {bad})) == fault);
        CHECK(number(v2::receive_batch(state, fd, {bad, 1}, 0, 0, {result_at})) == fault);
        CHECK(number(v2::receive_batch(state, fd, {messages_at, 1}, 0, 0, {bad})) == fault);
        put_value(messages_at, Message{bad, 1, 0, 0, {}});
        CHECK(number(v2::send_batch(state, fd, {messages_at, 1}, 0, {result_at})) == fault);
        CHECK(number(v2::receive_batch(state, fd, {messages_at, 1}, 0, 0, {result_at})) == fault);
        put_value(messages_at, Message{});
        CHECK(number(v2::socket_local_address(state, fd, {bad})) == fault);
        CHECK(number(v2::socket_peer_address(state, fd, {bad})) == fault);
        CHECK(number(v2::socket_get_option(state, fd, Option::error, {bad})) == fault);
        CHECK(number(v2::multicast_join(state, fd, {bad})) == fault);
        CHECK(number(v2::multicast_leave(state, fd, {bad})) == fault);
        CHECK(number(v2::bytes_readable(state, fd, {bad})) == fault);
        CHECK(number(v2::poll(state, {bad, 1}, 0, {result_at})) == fault);
        CHECK(number(v2::poll(state, {data_at, 1}, 0, {bad})) == fault);
        CHECK(number(v2::duplicate(state, fd, 0, {bad})) == fault);
        CHECK(number(v2::resolve(state, {bad, 9}, Family::any, 0, {messages_at, 1}, {result_at})) ==
              fault);
        CHECK(number(v2::resolve(state, {data_at, 9}, Family::any, 0, {bad, 1}, {result_at})) ==
              fault);
        CHECK(number(v2::resolve(state, {data_at, 9}, Family::any, 0, {messages_at, 1}, {bad})) ==
              fault);
        CHECK(number(v2::resolve_address(state, {bad}, 0, {data_at, 9}, {result_at})) == fault);
        CHECK(number(v2::resolve_address(state, at("127.0.0.1:0"), 0, {bad, 9}, {result_at})) ==
              fault);
        CHECK(number(v2::resolve_address(state, at("127.0.0.1:0"), 0, {data_at, 9}, {bad})) ==
              fault);
        CHECK(number(v2::host_name(state, {bad, 16}, {result_at})) == fault);
        CHECK(number(v2::host_name(state, {data_at, 16}, {bad})) == fault);
        CHECK(number(v2::interfaces(state, {bad, 1}, {result_at})) == fault);
        CHECK(number(v2::interfaces(state, {data_at, 1}, {bad})) == fault);
        CHECK(state.descriptors.open_count() == open_before);
    }
    // Nothing was taken by all that.
    CHECK(receive(fd).text == "waiting");
    // Spans whose size wraps.
    CHECK(number(v2::poll(state, {data_at, 0xffffffff}, 0, {result_at})) == inval);
    CHECK(number(v2::resolve(state, {data_at, 9}, Family::any, 0, {data_at, 0xffffffff},
                             {result_at})) == fault);
    CHECK(number(v2::interfaces(state, {data_at, 0xffffffff}, {result_at})) == fault);
    CHECK(number(v2::connect_name(state, {data_at, 0xffffffff}, 80, SocketType::stream, 0, 0,
                                  {result_at}, {})) == bad_name);
}

TEST_CASE_FIXTURE(
    Plugin,
    "buffers: none, as many as allowed, too many, overlapping, and more bytes than there are") {
    auto [a, b] = pair();
    CHECK(number(v2::socket_send(state, a, {0, 0}, 0, {}, {result_at})) == ok);
    CHECK(result() == 0);
    // As Linux, no room is no reason not to wait for a byte.
    CHECK(number(v2::socket_receive(state, b, {0, 0}, receive_flags::dont_wait, {result_at})) ==
          again);
    std::vector<Iovec> many(1024, Iovec{data_at, 2});
    put(data_at, "ab");
    CHECK(number(v2::socket_send(state, a, iovecs(many), 0, {}, {result_at})) == ok);
    CHECK(result() == 2048);
    CHECK(number(v2::socket_receive(state, b, iovecs(many), receive_flags::wait_all,
                                    {result_at})) == ok);
    CHECK(load<Received>(result_at).bytes == 2048);
    many.push_back({data_at, 2});
    CHECK(number(v2::socket_send(state, a, iovecs(many), 0, {}, {result_at})) == msgsize);
    CHECK(number(v2::socket_receive(state, a, iovecs(many), 0, {result_at})) == msgsize);
    CHECK(number(v2::socket_send(state, a, {iovecs_at, 1u << 31}, 0, {}, {result_at})) == msgsize);
    CHECK(number(v2::socket_receive(state, a, {iovecs_at, 0xffffffff}, 0, {result_at})) == msgsize);
    CHECK(number(v2::socket_send(state, a, iovecs({{data_at, 0xffffffff}}), 0, {}, {result_at})) ==
          fault);
    CHECK(number(v2::socket_send(state, a, iovecs({{data_at, 0x80000000}}), 0, {}, {result_at})) ==
          fault);
    CHECK(number(v2::send_batch(state, a, {messages_at, 0}, 0, {result_at})) == ok);
    CHECK(number(v2::send_batch(state, a, {messages_at, 0xffffffff}, 0, {result_at})) == ok);
    CHECK(result() == 1024); // empty ones; further ones are not looked at
}

TEST_CASE_FIXTURE(Plugin,
                  "families, types and flags that there are not, and addresses that do not fit") {
    CHECK(number(v2::socket_open(state, Family::any, SocketType::stream, 0, {result_at})) ==
          family_wrong);
    CHECK(number(v2::socket_open(state, static_cast<Family>(65'540), SocketType::stream, 0,
                                 {result_at})) == family_wrong);
    CHECK(number(v2::socket_open(state, Family::ipv4, static_cast<SocketType>(0), 0,
                                 {result_at})) == inval);
    CHECK(number(v2::socket_open(state, static_cast<Family>(65'540), SocketType::icmp_echo, 0,
                                 {result_at})) == family_wrong);
    CHECK(number(v2::socket_open(state, Family::ipv4, SocketType::stream, 2, {result_at})) ==
          notsup);
    const Fd fd = open();
    Address address;
    address.family = 9;
    put_value(address_at, address);
    CHECK(number(v2::socket_bind(state, fd, {address_at})) == family_wrong);
    CHECK(number(v2::socket_connect(state, fd, {address_at})) == family_wrong);
    CHECK(bind(fd, "[::1]:0") == family_wrong);
    CHECK(connect(fd, "[::1]:80") == family_wrong);
    CHECK(number(v2::socket_listen(state, open_datagram(), 1)) == notsup);
    CHECK(number(v2::socket_accept(state, fd, 0, {result_at}, {})) == inval);
    CHECK(receive(fd).number == notconn);
    CHECK(number(v2::socket_shutdown(state, fd, Half::both)) == notconn);
    REQUIRE(bind(fd, "127.0.0.1:0") == ok);
    CHECK(bind(fd, "127.0.0.1:0") == inval);
    CHECK(bind(open(), local(fd).to_string()) == address_in_use);
}

TEST_CASE("the limit of descriptors holds for every way to make one") {
    core::Limits limits;
    limits.descriptors = 2;
    Plugin plugin(everything_on_loopback, limits);
    const Fd listener = plugin.listening();
    NativeSocket client(SOCK_STREAM);
    REQUIRE(client.connect(plugin.local(listener)) == 0);
    plugin.open();
    CHECK(plugin.number(v2::socket_open(plugin.state, Family::ipv4, SocketType::stream, 0,
                                        {result_at})) == mfile);
    CHECK(plugin.number(v2::socket_pair(plugin.state, SocketType::stream, 0, {result_at})) ==
          mfile);
    CHECK(plugin.number(v2::socket_accept(plugin.state, listener, 0, {result_at}, {})) == mfile);
    CHECK(plugin.number(v2::duplicate(plugin.state, listener, 0, {result_at})) == mfile);
    plugin.put(data_at, "127.0.0.1");
    CHECK(plugin.number(v2::connect_name(plugin.state, {data_at, 9}, 9, SocketType::stream, 0, 0,
                                         {result_at}, {})) == mfile);
    CHECK(plugin.close(Fd{1}) == ok);
    // The connection that was not taken is still there.
    CHECK(plugin.number(v2::socket_accept(plugin.state, listener, 0, {result_at}, {})) == ok);
}

TEST_SUITE_END();
