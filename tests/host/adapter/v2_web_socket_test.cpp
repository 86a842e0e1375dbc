#include "support/canned_server.hpp"
#include "support/dns_server.hpp"
#include "support/tls_server.hpp"
#include "support/web_socket_peer.hpp"
#include "support/web_socket_server.hpp"
#include "v2_fixture.hpp"

#include <atomic>
#include <future>
#include <poll.h>

using namespace hws;
using namespace hws::test;
using abi::v2::WsKind;

namespace {

constexpr int reset = 15, protocol = 65, too_large = 202, tls_failed = 205, bad_url = 206,
              bad_status = 217;
constexpr std::uint32_t request_at = 1024, url_at = 2048, fields_at = 3072, protocols_at = 3584,
                        received_at = 256;
constexpr std::uint16_t can_read = abi::v2::poll_events::read,
                        can_write = abi::v2::poll_events::write;

const std::vector<std::string> web_sockets_on_loopback = {"allow ws:127.0.0.1:*",
                                                          "allow wss:127.0.0.1:*"};

struct Opening {
    std::string fields{};    ///< name NUL value NUL
    std::string protocols{}; ///< name NUL
    std::chrono::nanoseconds timeout = 10s;
    std::uint64_t max_message_bytes = abi::v2::no_limit;
};

struct Message {
    int number = 0;
    WsKind kind = WsKind::text;
    std::string text;
    std::uint32_t code = 0;
    bool is_last = true;
};

struct WebPlugin : Plugin {
    explicit WebPlugin(const std::vector<std::string>& rules = web_sockets_on_loopback,
                       core::Limits limits = {}, core::ResolverOptions resolving = {})
        : Plugin(rules, limits, std::move(resolving)) {}

    int begin(std::string_view url, const Opening& opening = {}) {
        put(url_at, url);
        put(fields_at, opening.fields);
        put(protocols_at, opening.protocols);
        const auto at = [](std::uint32_t address, std::string_view text) {
            return abi::v2::Iovec{text.empty() ? 0 : address,
                                  static_cast<std::uint32_t>(text.size())};
        };
        put_value(request_at,
                  abi::v2::WsRequest{.url = at(url_at, url),
                                     .fields = at(fields_at, opening.fields),
                                     .protocols = at(protocols_at, opening.protocols),
                                     .timeout = static_cast<std::uint64_t>(opening.timeout.count()),
                                     .max_message_bytes = opening.max_message_bytes});
        return number(v2::ws_connect(state, {request_at}, {result_at}));
    }
    int opened(Fd fd) { return number(v2::ws_opened(state, fd)); }
    /// How it ends, whether at once or later.
    int outcome(std::string_view url, const Opening& opening = {}) {
        const int begun = begin(url, opening);
        return begun == ok ? opened(load<Fd>(result_at)) : begun;
    }
    Fd open_web_socket(std::string_view url, const Opening& opening = {}) {
        REQUIRE(begin(url, opening) == ok);
        const Fd fd = load<Fd>(result_at);
        const int number = opened(fd);
        INFO(last_error());
        REQUIRE(number == ok);
        return fd;
    }

    Sent send(Fd fd, std::string_view what, WsKind kind = WsKind::text, std::uint32_t flags = 0) {
        put(data_at, what);
        put_value<std::uint32_t>(result_at, 0);
        Sent sent;
        sent.number =
            number(v2::ws_send(state, fd, kind, flags,
                               {data_at, static_cast<std::uint32_t>(what.size())}, {result_at}));
        sent.bytes = result();
        return sent;
    }
    Message receive_piece(Fd fd, std::uint32_t room = 60'000, std::uint32_t flags = 0) {
        Message message;
        message.number = number(v2::ws_receive(state, fd, flags, {data_at, room}, {received_at}));
        if (message.number != ok) return message;
        const auto wire = load<abi::v2::WsReceived>(received_at);
        message.kind = wire.kind;
        message.text = text(data_at, std::min(wire.bytes, room));
        message.code = wire.code;
        message.is_last = wire.flags & abi::v2::ws_received_flags::last;
        return message;
    }
    Message receive(Fd fd) {
        Message whole = receive_piece(fd);
        while (whole.number == ok && !whole.is_last) {
            const Message more = receive_piece(fd);
            whole.number = more.number;
            whole.text += more.text;
            whole.is_last = more.is_last;
        }
        return whole;
    }
    int close_web_socket(Fd fd, std::uint32_t code, std::string_view reason = {}) {
        put(data_at, reason);
        return number(v2::ws_close(
            state, fd, code,
            {reason.empty() ? 0 : data_at, static_cast<std::uint32_t>(reason.size())}));
    }
    std::string fields(Fd fd, abi::v2::WsFields which) {
        REQUIRE(number(v2::ws_fields(state, fd, which, {data_at, 8000}, {result_at})) == ok);
        std::string all = text(data_at, result());
        std::ranges::replace(all, '\0', '|');
        return all;
    }
    /// How the server saw the connection with this id end.
    std::string seen_end(const WebSocketServer& server, const std::string& id) {
        const Fd fd = open_web_socket(server.url("/closed?of=" + id));
        return receive(fd).text;
    }
    /// Runs the loop until somebody else says so.
    void run_until(std::future<void>& done) {
        loop.run_until([&] { return done.wait_for(0s) == std::future_status::ready; });
    }
};

std::string pattern(std::size_t bytes) {
    std::string all(bytes, '\0');
    for (std::size_t i = 0; i < bytes; ++i)
        all[i] = static_cast<char>('a' + (i * 31 + i / 251) % 26);
    return all;
}

const std::string nul(1, '\0');

} // namespace

// --- a real server ---

TEST_CASE("text and bytes of any size come back from a real server, plain and over TLS") {
    CertificateAuthority authority;
    const Certificate certificate = authority.issue("IP:127.0.0.1");
    for (const bool is_secure : {false, true}) {
        CAPTURE(is_secure);
        WebSocketServer server(is_secure ? std::optional(certificate) : std::nullopt);
        WebPlugin plugin;
        plugin.state.http_options.tls.ca_file = authority.file();
        const Fd fd = plugin.open_web_socket(server.url("/echo"));
        for (const std::string& what :
             {std::string("hello"), std::string(), std::string("\xe2\x82\xac"), pattern(125),
              pattern(126), pattern(65'535), pattern(100'000)}) {
            CHECK(plugin.send(fd, what).bytes == what.size());
            const Message answer = plugin.receive(fd);
            REQUIRE(answer.number == ok);
            CHECK(answer.kind == WsKind::text);
            CHECK(answer.text == what);
        }
        CHECK(plugin.send(fd, "\xff\x00", WsKind::binary).number == ok);
        CHECK(plugin.receive(fd).kind == WsKind::binary);

        // A message that no buffer holds goes through in pieces, both ways at once.
        const std::string large = pattern(3 << 20);
        plugin.memory.resize(std::size_t{4} << 20);
        plugin.put(256 << 10, large);
        os::Task<> sending =
            v2::ws_send(plugin.state, fd, WsKind::binary, 0,
                        {256 << 10, static_cast<std::uint32_t>(large.size())}, {result_at});
        sending.start(plugin.loop);
        const Message answer = plugin.receive(fd);
        CHECK(answer.number == ok);
        CHECK(answer.text == large);
        REQUIRE(sending.is_done());
        CHECK(plugin.result() == large.size());
    }
}

TEST_CASE("a message that is sent in parts is one, and one that comes in fragments is one") {
    WebSocketServer server;
    WebPlugin plugin;
    const Fd fd = plugin.open_web_socket(server.url("/count"));
    constexpr auto goes_on = abi::v2::ws_send_flags::goes_on;
    CHECK(plugin.send(fd, "first ", WsKind::text, goes_on).number == ok);
    CHECK(plugin.send(fd, "second ", WsKind::text, goes_on).number == ok);
    CHECK(plugin.send(fd, "x", WsKind::binary).number == inval);
    CHECK(plugin.send(fd, "third").number == ok);
    CHECK(plugin.receive(fd).text == "str 18");
    CHECK(plugin.send(fd, "x", WsKind::binary).number == ok);
    CHECK(plugin.receive(fd).text == "bytes 1");

    const Fd fragments = plugin.open_web_socket(server.url("/fragments"));
    CHECK(plugin.receive(fragments).text == "one two th\xe2\x82\xac"
                                            "ee");
}

TEST_CASE("a ping is answered while nobody reads, and one of the plugin's brings a pong") {
    WebSocketServer server;
    WebPlugin plugin;
    const Fd fd = plugin.open_web_socket(server.url("/ping"));
    // Readable only by what the server says once its ping was answered.
    CHECK(plugin.poll(fd, can_read, 20s) == can_read);
    CHECK(plugin.receive(fd).text == "you are");

    const Fd echo = plugin.open_web_socket(server.url("/echo"));
    CHECK(plugin.send(echo, "are you?", WsKind::ping).number == ok);
    const Message answer = plugin.receive(echo);
    CHECK(answer.kind == WsKind::pong);
    CHECK(answer.text == "are you?");
}

TEST_CASE("the close is told both ways, with its code and reason") {
    WebSocketServer server;
    WebPlugin plugin;
    const Fd closed = plugin.open_web_socket(server.url("/close?code=4321&reason=enough"));
    for (int again = 0; again < 2; ++again) {
        const Message close = plugin.receive(closed);
        CHECK(close.number == ok);
        CHECK(close.kind == WsKind::close);
        CHECK(close.code == 4321);
        CHECK(close.text == "enough");
    }
    CHECK(plugin.send(closed, "x").number == broken_pipe);
    CHECK(plugin.poll(closed, can_read | can_write) == (can_read | can_write));
    CHECK(plugin.receive_piece(closed, 3).text == "eno");

    const Fd fd = plugin.open_web_socket(server.url("/echo?id=ours"));
    CHECK(plugin.close_web_socket(fd, 1005) == inval);
    CHECK(plugin.close_web_socket(fd, 1000, "done") == ok);
    CHECK(plugin.send(fd, "x").number == broken_pipe);
    const Message answer = plugin.receive(fd);
    CHECK(answer.kind == WsKind::close);
    CHECK(answer.code == 1000);
    CHECK(plugin.seen_end(server, "ours") == R"([1000, "done"])");
}

TEST_CASE("closing the descriptor tells the server that its client goes away") {
    WebSocketServer server;
    WebPlugin plugin;
    const Fd fd = plugin.open_web_socket(server.url("/silence?id=away"));
    CHECK(plugin.close(fd) == ok);
    CHECK(plugin.receive_piece(fd).number == badf);
    CHECK(plugin.seen_end(server, "away") == R"([1001, ""])");

    // So does the end of the plugin.
    auto tls = std::make_shared<core::TlsClient>(plugin.loop);
    {
        host::adapter::PluginState other(plugin.loop, *plugin.resolver, plugin.state.policy, {});
        other.shared_tls_client = tls;
        other.memory = &plugin.memory;
        const std::string url = server.url("/silence?id=ended");
        plugin.put(url_at, url);
        abi::v2::WsRequest request;
        request.url = {url_at, static_cast<std::uint32_t>(url.size())};
        plugin.put_value(request_at, request);
        REQUIRE(plugin.number(v2::ws_connect(other, {request_at}, {result_at})) == ok);
        REQUIRE(plugin.number(v2::ws_opened(other, plugin.load<Fd>(result_at))) == ok);
    }
    CHECK(plugin.seen_end(server, "ended") == R"([1001, ""])");
}

TEST_CASE("fields and subprotocols reach the server, and its choice the plugin") {
    WebSocketServer server;
    WebPlugin plugin;
    const std::string pair = "Origin" + nul + "https://a.test" + nul + "Cookie" + nul + "a=b" + nul;
    const Fd fd =
        plugin.open_web_socket(server.url("/request?q=1"),
                               {.fields = pair, .protocols = "other" + nul + "superchat" + nul});
    const std::string head = plugin.receive(fd).text;
    CHECK(head.find(R"(["Origin", "https://a.test"])") != head.npos);
    CHECK(head.find(R"(["Cookie", "a=b"])") != head.npos);
    CHECK(head.find(R"(["Sec-WebSocket-Protocol", "other, superchat"])") != head.npos);
    CHECK(plugin.fields(fd, abi::v2::WsFields::protocol) == "superchat");
    CHECK(plugin.fields(fd, abi::v2::WsFields::head).starts_with(":status|101|"));
}

TEST_CASE("opening does not wait where the plugin does not want it to") {
    WebSocketServer server;
    WebPlugin plugin;
    REQUIRE(plugin.begin(server.url("/echo")) == ok);
    const Fd fd = plugin.load<Fd>(result_at);
    plugin.set_non_blocking(fd);
    CHECK(plugin.opened(fd) == again);
    CHECK(plugin.send(fd, "too early").number == again);
    CHECK(plugin.receive_piece(fd).number == again);
    CHECK(plugin.poll(fd, can_read | can_write) == 0);
    CHECK(plugin.poll(fd, can_write, 20s) == can_write);
    CHECK(plugin.opened(fd) == ok);
    CHECK(plugin.send(fd, "now").number == ok);
    CHECK(plugin.receive_piece(fd).number == again);
    CHECK(plugin.poll(fd, can_read, 20s) == can_read);
    CHECK(plugin.receive_piece(fd).text == "now");
}

TEST_CASE("over TLS the server must prove its name, and what is spoken is HTTP/1.1") {
    CertificateAuthority authority, stranger("another authority");
    const Certificate good = authority.issue("IP:127.0.0.1");
    for (const Certificate& bad :
         {authority.issue("IP:127.0.0.2"), stranger.issue("IP:127.0.0.1")}) {
        WebSocketServer server(bad);
        WebPlugin plugin;
        plugin.state.http_options.tls.ca_file = authority.file();
        CHECK(plugin.outcome(server.url("/echo")) == tls_failed);
    }
    TlsServer server({.certificate = good, .protocol = "http/1.1"}, [](TlsPeer& peer) {
        peer.receive();
        peer.send("HTTP/1.1 403 No\r\n\r\n");
    });
    WebPlugin plugin;
    plugin.state.http_options.tls.ca_file = authority.file();
    CHECK(plugin.outcome("wss://" + server.address() + "/") == bad_status);
    // The other scheme is another language.
    CHECK(plugin.outcome("ws://" + server.address() + "/", {.timeout = 5s}) != ok);
}

TEST_CASE("messages to several WebSockets do not wait for each other") {
    WebSocketServer server;
    WebPlugin plugin;
    std::vector<Fd> all;
    for (int i = 0; i < 20; ++i)
        all.push_back(plugin.open_web_socket(server.url("/echo")));
    for (const Fd fd : all)
        CHECK(plugin.send(fd, std::to_string(fd.number)).number == ok);
    for (const Fd fd : all)
        CHECK(plugin.receive(fd).text == std::to_string(fd.number));
}

// --- waiting, room and ends ---

TEST_CASE("a server is not read from while nobody reads here, and nothing is lost") {
    constexpr std::size_t count = 400;
    const std::string one = pattern(100'000);
    std::promise<void> stuck;
    auto is_stuck = stuck.get_future();
    std::atomic<bool> was_stuck = false;
    WebPlugin plugin;
    WebSocketPeerServer server([&](WebSocketPeer& peer) {
        peer.agree();
        const std::string all = frame(Op::binary, one);
        for (std::size_t i = 0; i < count; ++i) {
            // The kernel's buffers are full and stay so: nobody reads on the other side.
            pollfd room{peer.socket(), POLLOUT, 0};
            if (!was_stuck && ::poll(&room, 1, 500) == 0) {
                was_stuck = true;
                stuck.set_value();
                plugin.loop.post([] {});
            }
            peer.send(all);
        }
        if (!was_stuck) stuck.set_value();
        peer.send(close_frame(1000));
        peer.receive();
    });
    plugin.memory.resize(std::size_t{1} << 20);
    const Fd fd = plugin.open_web_socket(server.url());
    plugin.run_until(is_stuck);
    CHECK(was_stuck);
    for (std::size_t i = 0; i < count; ++i)
        REQUIRE(plugin.receive(fd).text == one);
    CHECK(plugin.receive(fd).kind == WsKind::close);
}

TEST_CASE("sending ends where the server does not read, and goes on when it does") {
    WebPlugin plugin;
    std::promise<void> may_read;
    std::string got;
    std::promise<void> read_all;
    std::size_t fragments = 0;
    WebSocketPeerServer server([&](WebSocketPeer& peer) {
        peer.agree();
        may_read.get_future().wait();
        for (Frame next = peer.receive(); next.opcode != Op::close; next = peer.receive()) {
            CHECK(next.mask.size() == 4);
            got += next.payload;
            ++fragments;
        }
        read_all.set_value();
        plugin.loop.post([] {});
    });
    const Fd fd = plugin.open_web_socket(server.url());
    plugin.set_non_blocking(fd);
    const std::string part = pattern(50'000);
    std::string sent;
    for (;;) {
        const Sent one = plugin.send(fd, part, WsKind::binary, abi::v2::ws_send_flags::goes_on);
        if (one.number == again) break;
        REQUIRE(one.number == ok);
        sent += part.substr(0, one.bytes);
    }
    CHECK(plugin.poll(fd, can_write) == 0);
    may_read.set_value();
    CHECK(plugin.poll(fd, can_write, 20s) == can_write);
    CHECK(plugin.send(fd, "end", WsKind::binary).bytes == 3);
    CHECK(plugin.close_web_socket(fd, 1000) == ok);
    CHECK(plugin.close(fd) == ok); // what was taken is sent all the same
    auto done = read_all.get_future();
    plugin.run_until(done);
    CHECK(got == sent + "end");
    CHECK(fragments > 2);
}

TEST_CASE("over TLS as well, what was taken is sent after the descriptor is closed") {
    CertificateAuthority authority;
    WebPlugin plugin;
    plugin.state.http_options.tls.ca_file = authority.file();
    std::promise<void> may_read, read_all;
    std::string got;
    std::uint16_t code = 0;
    TlsServer server({.certificate = authority.issue("IP:127.0.0.1")}, [&](TlsPeer& peer) {
        std::string request;
        while (request.find("\r\n\r\n") == request.npos)
            request += peer.receive();
        peer.send(agreement_to(request));
        may_read.get_future().wait();
        std::string unread;
        for (std::string more = peer.receive(); !more.empty(); more = peer.receive())
            unread += more;
        while (const auto next = take_frame(unread)) {
            if (next->opcode == Op::close)
                code = next->code();
            else
                got += next->payload;
        }
        CHECK(unread.empty());
        CHECK(peer.has_farewell());
        read_all.set_value();
        plugin.loop.post([] {});
    });
    const Fd fd = plugin.open_web_socket("wss://" + server.address() + "/");
    plugin.set_non_blocking(fd);
    const std::string part = pattern(50'000);
    std::string sent;
    for (;;) {
        const Sent one = plugin.send(fd, part, WsKind::binary, abi::v2::ws_send_flags::goes_on);
        if (one.number == again) break;
        REQUIRE(one.number == ok);
        sent += part.substr(0, one.bytes);
    }
    CHECK(plugin.close(fd) == ok);
    may_read.set_value();
    auto done = read_all.get_future();
    plugin.run_until(done);
    CHECK(got == sent);
    CHECK(code == 1001);
}

TEST_CASE("a wait ends with the descriptor's timeout, and with the descriptor") {
    WebSocketServer server;
    WebPlugin plugin;
    const Fd fd = plugin.open_web_socket(server.url("/silence"));
    CHECK(plugin.set(fd, Option::receive_timeout, 20'000'000) == ok);
    CHECK(plugin.get(fd, Option::receive_timeout) == 20'000'000);
    CHECK(plugin.set(fd, Option::no_delay, 1) == noprotoopt);
    CHECK(plugin.receive_piece(fd).number == again);
    CHECK(plugin.set(fd, Option::receive_timeout, 0) == ok);
    CHECK(plugin.receive_piece(fd, 1000, abi::v2::receive_flags::dont_wait).number == again);

    os::Task<> waiting = v2::ws_receive(plugin.state, fd, 0, {data_at, 1000}, {received_at});
    waiting.start(plugin.loop);
    CHECK_FALSE(waiting.is_done());
    CHECK(plugin.close(fd) == ok);
    plugin.loop.run_until([&] { return waiting.is_done(); });
    CHECK(plugin.number(waiting.take_result()) == badf);

    REQUIRE(plugin.begin(server.url("/silence")) == ok);
    const Fd opening = plugin.load<Fd>(result_at);
    os::Task<> opened = v2::ws_opened(plugin.state, opening);
    opened.start(plugin.loop);
    CHECK(plugin.close(opening) == ok);
    plugin.loop.run_until([&] { return opened.is_done(); });
    CHECK(plugin.number(opened.take_result()) == badf);
}

TEST_CASE("bytes behind the head of the answer are the first message") {
    WebSocketPeerServer server([](WebSocketPeer& peer) {
        // Interim answers may come first; all of it may come at once.
        peer.send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + peer.agreement() +
                  frame(Op::text, "first") + fragment(Op::text, "sec"));
        peer.receive();
        peer.send(frame(Op::continuation, "ond"));
        peer.receive();
    });
    WebPlugin plugin;
    const Fd fd = plugin.open_web_socket(server.url());
    CHECK(plugin.receive(fd).text == "first");
    CHECK(plugin.receive_piece(fd).text == "sec");
    CHECK(plugin.send(fd, "go on").number == ok);
    const Message rest = plugin.receive_piece(fd);
    CHECK(rest.text == "ond");
    CHECK(rest.is_last);
}

TEST_CASE("a connection that ends without a close is an error, after what came before it") {
    for (const bool is_reset : {false, true}) {
        CAPTURE(is_reset);
        std::promise<void> was_read;
        WebSocketPeerServer server([&](WebSocketPeer& peer) {
            peer.agree();
            peer.send(frame(Op::text, "last words") + fragment(Op::text, "unfin"));
            if (!is_reset) return;
            was_read.get_future().wait();
            peer.reset();
        });
        WebPlugin plugin;
        const Fd fd = plugin.open_web_socket(server.url());
        CHECK(plugin.receive(fd).text == "last words");
        const Message half = plugin.receive_piece(fd);
        CHECK(half.text == "unfin");
        CHECK_FALSE(half.is_last);
        if (is_reset) was_read.set_value();
        CHECK(plugin.receive_piece(fd).number == reset);
        CHECK(plugin.receive_piece(fd).number == reset);
        CHECK(plugin.send(fd, "x").number == reset);
        CHECK(plugin.poll(fd, can_read) == (can_read | abi::v2::poll_events::hung_up));
        CHECK(plugin.get(fd, Option::error) == reset);
    }
}

TEST_CASE("the descriptor is one like others, but for reading and writing") {
    WebSocketServer server;
    WebPlugin plugin;
    const Fd fd = plugin.open_web_socket(server.url("/echo"));
    const auto list = plugin.iovecs({{data_at, 10}});
    CHECK(plugin.number(preview1::fd_read(plugin.state, fd, {list.address, list.count},
                                          {result_at})) == notsup);
    CHECK(plugin.number(preview1::fd_write(plugin.state, fd, {list.address, list.count},
                                           {result_at})) == notsup);
    CHECK(plugin.number(v2::socket_shutdown(plugin.state, fd, abi::v2::Half::both)) == notsock);
    CHECK(plugin.Plugin::receive(fd).number == notsock);
    CHECK(plugin.number(v2::duplicate(plugin.state, fd, 10, {result_at})) == ok);
    const Fd copy = plugin.load<Fd>(result_at);
    CHECK(plugin.close(fd) == ok);
    CHECK(plugin.send(copy, "still there").number == ok);
    CHECK(plugin.receive(copy).text == "still there");
    const Fd socket = plugin.open();
    CHECK(plugin.send(socket, "x").number == notsock);
    CHECK(plugin.opened(socket) == notsock);
    CHECK(plugin.receive_piece(socket).number == notsock);
    CHECK(plugin.close_web_socket(socket, 1000) == notsock);
    CHECK(plugin.opened(Fd{77}) == badf);
}

// --- servers that misbehave ---

TEST_CASE("a server that breaks the protocol is told so, and the plugin what it was") {
    const struct {
        const char* what;
        std::string input;
        int error;
        std::uint16_t code;
    } cases[] = {
        {"masked", frame_with(0x81, "x", "abcd"), protocol, 1002},
        {"reserved bits", frame_with(0xc1, "x"), protocol, 1002},
        {"unknown opcode", frame_with(0x83, "x"), protocol, 1002},
        {"fragmented ping", fragment(Op::ping, "x"), protocol, 1002},
        {"long ping", frame(Op::ping, std::string(126, 'x')), protocol, 1002},
        {"no UTF-8", frame(Op::text, "\xff"), protocol, 1007},
        {"UTF-8 cut across frames", fragment(Op::text, "\xe2") + frame(Op::continuation, "\x82"),
         protocol, 1007},
        {"message beyond the bound", frame(Op::binary, std::string(1001, 'x')), too_large, 1009},
        {"endless fragments",
         fragment(Op::binary, std::string(600, 'x')) +
             fragment(Op::continuation, std::string(600, 'x')),
         too_large, 1009},
        {"forbidden close code", close_frame(1006), protocol, 1002},
        {"half a close code", frame(Op::close, "\x03"), protocol, 1002},
    };
    for (const auto& one : cases) {
        CAPTURE(one.what);
        std::promise<Frame> told;
        std::promise<bool> ended;
        WebSocketPeerServer server([&](WebSocketPeer& peer) {
            peer.send(peer.agreement() + frame(Op::text, "before") + one.input +
                      frame(Op::text, "after"));
            told.set_value(peer.receive());
            ended.set_value(peer.is_ended());
        });
        WebPlugin plugin;
        const Fd fd = plugin.open_web_socket(server.url(), {.max_message_bytes = 1000});
        CHECK(plugin.receive(fd).text == "before");
        Message next = plugin.receive_piece(fd);
        if (next.number == ok) next = plugin.receive_piece(fd); // the beginning of a message
        CHECK(next.number == one.error);
        CHECK(plugin.receive_piece(fd).number == one.error);
        CHECK(plugin.send(fd, "x").number == one.error);
        const Frame answer = told.get_future().get();
        CHECK(answer.opcode == Op::close);
        CHECK(answer.code() == one.code);
        CHECK(ended.get_future().get());
    }
}

TEST_CASE("a flood of pings holds up neither the plugin nor the loop") {
    WebSocketPeerServer server([](WebSocketPeer& peer) {
        peer.agree();
        std::string flood;
        for (int i = 0; i < 200'000; ++i)
            flood += frame(Op::ping, "");
        // Nobody takes the answers out.
        peer.send(flood + frame(Op::text, "after the flood"));
        while (peer.receive().opcode != Op::close)
            ;
    });
    WebSocketServer other_server;
    WebPlugin plugin;
    const Fd fd = plugin.open_web_socket(server.url());
    const Fd other = plugin.open_web_socket(other_server.url("/echo"));
    CHECK(plugin.send(other, "meanwhile").number == ok);
    CHECK(plugin.receive(other).text == "meanwhile");
    CHECK(plugin.receive(fd).text == "after the flood");
    CHECK(plugin.send(fd, "bye").number == ok);
    CHECK(plugin.close(fd) == ok);
}

TEST_CASE("an answer that is no agreement opens nothing, and its status can be read") {
    const struct {
        std::string answer;
        int error;
    } cases[] = {
        {"HTTP/1.1 403 Forbidden\r\nX-Why: because\r\n\r\nbody", bad_status},
        {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", bad_status},
        {"HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n",
         protocol},
        {"HTTP/1.1 101 x\r\n\r\n", protocol},
        {"SSH-2.0-OpenSSH_9.2\r\n\r\n", protocol},
        {"HTTP/1.1 101 x\r\nX: " + std::string(70'000, 'x'), too_large},
        {"HTTP/1.1 101 x\r\nUpgrade: webso", reset},
        {"", reset},
    };
    for (const auto& one : cases) {
        CAPTURE(one.answer.substr(0, 80));
        CannedServer server(one.answer);
        WebPlugin plugin;
        CHECK(plugin.outcome("ws://127.0.0.1:" + std::to_string(server.port()) + "/") == one.error);
        CHECK(server.connections() == 1);
    }
    CannedServer server(cases[0].answer);
    WebPlugin plugin;
    REQUIRE(plugin.begin("ws://127.0.0.1:" + std::to_string(server.port()) + "/") == ok);
    const Fd fd = plugin.load<Fd>(result_at);
    CHECK(plugin.opened(fd) == bad_status);
    CHECK(plugin.last_error().find("403") != std::string::npos);
    CHECK(plugin.fields(fd, abi::v2::WsFields::head) == ":status|403|X-Why|because|");
    CHECK(plugin.send(fd, "x").number == bad_status);
    CHECK(plugin.receive_piece(fd).number == bad_status);
    CHECK(plugin.close_web_socket(fd, 1000) == notconn);
    CHECK(plugin.poll(fd, can_write) == (can_write | abi::v2::poll_events::hung_up));
}

TEST_CASE("a server that never comes to its point is given up") {
    std::promise<void> end;
    auto over = end.get_future().share();
    const struct {
        const char* what;
        std::string answer;
    } cases[] = {{"nothing", ""},
                 {"half a head", "HTTP/1.1 101 Switch"},
                 {"only interim answers", "HTTP/1.1 102 Processing\r\n\r\n"}};
    std::atomic<std::size_t> turn = 0;
    WebSocketPeerServer server([&](WebSocketPeer& peer) {
        peer.request();
        peer.send(cases[turn].answer);
        peer.is_ended();
    });
    for (turn = 0; turn < std::size(cases); ++turn) {
        CAPTURE(cases[turn].what);
        WebPlugin plugin;
        CHECK(plugin.outcome(server.url(), {.timeout = 50ms}) == timed_out);
        // The host's own bound holds where the plugin has none.
        core::Limits limits;
        limits.web_socket_opening = 50ms;
        WebPlugin bounded(web_sockets_on_loopback, limits);
        CHECK(bounded.outcome(server.url(), {.timeout = 1h}) == timed_out);
    }
}

TEST_CASE("where nobody listens the opening is refused") {
    WebPlugin plugin;
    NativeSocket gone = NativeSocket::listener();
    const std::string url = "ws://" + gone.name() + "/";
    gone.close();
    CHECK(plugin.outcome(url) == refused);
    CHECK(plugin.last_error().find(url.substr(5, url.size() - 6)) != std::string::npos);
}

// --- the policy, and bad input ---

TEST_CASE(
    "only a rule of the very use lets a WebSocket be opened, and a canary sees nothing else") {
    NativeSocket canary = NativeSocket::listener();
    const std::string ws = "ws://" + canary.name() + "/";
    const std::string wss = "wss://" + canary.name() + "/";
    const std::string port = std::to_string(canary.local().port());
    const struct {
        std::vector<std::string> rules;
        std::string url;
    } cases[] = {
        {{}, ws},
        {{"allow tcp:127.0.0.1:*", "allow http:127.0.0.1:*", "allow https:127.0.0.1:*",
          "allow wss:127.0.0.1:*"},
         ws},
        {{"allow ws:127.0.0.1:*", "allow https:127.0.0.1:*"}, wss},
        {{"allow ws:127.0.0.1:1"}, ws},
        {{"allow ws:127.0.0.2:*"}, ws},
        {{"allow ws:*:*"}, ws}, // public addresses only
        {{"allow ws:127.0.0.1:*", "deny ws:127.0.0.1:" + port}, ws},
        {{"allow ws:127.0.0.1:*"}, "ws://[::ffff:127.0.0.1]:" + port + "/"},
        {{"allow ws:a.test:*"}, "ws://b.test:" + port + "/"},
        {{"allow ws:*:*"}, "ws://localhost:" + port + "/"},
    };
    for (const auto& one : cases) {
        CAPTURE(one.url);
        WebPlugin plugin(one.rules);
        CHECK(plugin.begin(one.url) == denied);
        CHECK(plugin.last_error().find(port) == std::string::npos);
        REQUIRE(plugin.denials.size() == 1);
        CHECK(plugin.denials.front().find(one.url.substr(0, one.url.find(':'))) !=
              std::string::npos);
    }
    CHECK_FALSE(canary.has_visitor());
    // And nothing but a WebSocket is opened with it.
    WebPlugin plugin({"allow ws:127.0.0.1:*"});
    CHECK(plugin.connect(plugin.open(), canary.name()) == denied);
    CHECK_FALSE(canary.has_visitor());
}

TEST_CASE("a name that leads to a forbidden address is denied, and a redirect not followed") {
    NativeSocket canary = NativeSocket::listener();
    const std::string port = std::to_string(canary.local().port());
    // By the name the plugin may go to public addresses; localhost leads to loopback.
    WebPlugin plugin({"allow ws:*:*", "allow ws:public:*"});
    CHECK(plugin.outcome("ws://localhost:" + port + "/") == denied);
    CHECK(plugin.outcome("ws://sub.localhost:" + port + "/") == denied);
    for (const char* status : {"301", "302", "307", "308", "401"}) {
        CannedServer server(std::string("HTTP/1.1 ") + status + " Elsewhere\r\nLocation: ws://" +
                            canary.name() + "/\r\n\r\n");
        WebPlugin redirected(web_sockets_on_loopback);
        CHECK(redirected.outcome("ws://127.0.0.1:" + std::to_string(server.port()) + "/") ==
              bad_status);
        CHECK(server.connections() == 1);
    }
    CHECK_FALSE(canary.has_visitor());
}

TEST_CASE("a name is resolved by the host, and each of its addresses must be allowed") {
    CertificateAuthority authority;
    WebSocketServer server(authority.issue("DNS:web.test"));
    NativeSocket canary = NativeSocket::listener();
    DnsServer names([](const DnsQuestion& question) {
        std::vector<std::string> records;
        if (question.type == dns::a)
            records.push_back(dns::record(dns::a, std::string_view("\x7f\0\0\1", 4)));
        return std::vector{dns::answer(question, records)};
    });
    core::ResolverOptions asking;
    asking.servers = {names.address()};
    const auto url = [](const char* name, std::uint16_t port) {
        return std::string("wss://") + name + ":" + std::to_string(port) + "/echo";
    };
    // Rebinding: the names are allowed, loopback is not.
    WebPlugin stranger({"allow wss:web.test:*", "allow wss:*:*"}, {}, asking);
    REQUIRE(stranger.begin(url("web.test", canary.local().port())) == ok);
    const Fd rebound = stranger.load<Fd>(result_at);
    CHECK(stranger.poll(rebound, can_write, 20s) == (can_write | abi::v2::poll_events::hung_up));
    REQUIRE(stranger.denials.size() == 1); // told before the plugin asks
    CHECK(stranger.denials.front().find("web.test") != std::string::npos);
    CHECK(stranger.opened(rebound) == denied);
    CHECK(stranger.last_error().find("127.0.0.1") == std::string::npos);
    CHECK_FALSE(canary.has_visitor());
    // No query carries out what no rule speaks of.
    WebPlugin quiet({"allow wss:web.test:*", "allow ws:*:*"}, {}, asking);
    CHECK(quiet.begin(url("secret.test", 443)) == denied);
    for (const std::string& question : names.questions())
        CHECK(question.find("secret") == std::string::npos);

    WebPlugin plugin({"allow wss:127.0.0.1:*", "allow wss:web.test:*", "allow wss:other.test:*"},
                     {}, asking);
    plugin.state.http_options.tls.ca_file = authority.file();
    const Fd fd = plugin.open_web_socket(url("web.test", server.port()));
    CHECK(plugin.send(fd, "by name").number == ok);
    CHECK(plugin.receive(fd).text == "by name");
    CHECK(plugin.outcome(url("other.test", server.port())) == tls_failed);
}

TEST_CASE("a request that is malformed in any part is refused before anybody is connected to") {
    NativeSocket canary = NativeSocket::listener();
    const std::string url = "ws://" + canary.name() + "/";
    WebPlugin plugin;
    const auto field = [](const std::string& name, const std::string& value) {
        return name + nul + value + nul;
    };
    for (const std::string& bad :
         {std::string(), std::string("http://") + canary.name(), url + "#top", url + " ",
          url + "\r\nX: y", url + nul, "ws://user:secret@" + canary.name() + "/",
          std::string("ws://0x7f.1:80/"), std::string("ws://:80/")}) {
        CAPTURE(bad);
        const int number = plugin.begin(bad);
        CHECK((number == bad_url || number == bad_name));
    }
    for (const std::string& bad :
         {field("X", "a\r\nEvil: b"), field("X", "a\nb"), field("X\r\nEvil", "b"), field("", "x"),
          field("Host", "other.test"), field("Sec-WebSocket-Key", "x"),
          field("Connection", "close"), std::string("X"), std::string("X") + nul + "y"})
        CHECK(plugin.begin(url, {.fields = bad}) == inval);
    for (const std::string& bad : {std::string("chat"), nul, "a b" + nul, "a\r\nb" + nul,
                                   "a" + nul + "a" + nul, std::string(1025, 'x')})
        CHECK(plugin.begin(url, {.protocols = bad}) == inval);
    CHECK_FALSE(canary.has_visitor());
}

TEST_CASE("bad arguments are errors, and take nothing away") {
    WebSocketServer server;
    WebPlugin plugin;
    const Fd fd = plugin.open_web_socket(server.url("/echo"));
    constexpr std::uint32_t beyond = 0x7fff'ffff;
    auto& state = plugin.state;
    CHECK(plugin.number(v2::ws_send(state, fd, WsKind::text, 0, {beyond, 5}, {result_at})) ==
          fault);
    CHECK(plugin.number(v2::ws_send(state, fd, WsKind::text, 0, {data_at, 0xffff'ffff},
                                    {result_at})) == fault);
    CHECK(plugin.number(v2::ws_send(state, fd, WsKind::text, 0, {data_at, 5}, {})) == fault);
    CHECK(plugin.number(v2::ws_send(state, fd, WsKind::text, 2, {data_at, 5}, {result_at})) ==
          notsup);
    CHECK(plugin.send(fd, "x", static_cast<WsKind>(0)).number == inval);
    CHECK(plugin.send(fd, "x", WsKind::close).number == inval);
    CHECK(plugin.send(fd, "\xff").number == inval);
    CHECK(plugin.send(fd, std::string(126, 'x'), WsKind::ping).number == inval);
    CHECK(plugin.send(fd, "the only one").number == ok);
    CHECK(plugin.poll(fd, can_read, 20s) == can_read);
    CHECK(plugin.number(v2::ws_receive(state, fd, 0, {data_at, 100}, {beyond})) == fault);
    CHECK(plugin.number(v2::ws_receive(state, fd, 0, {beyond, 100}, {received_at})) == fault);
    CHECK(plugin.number(v2::ws_receive(state, fd, 1, {data_at, 100}, {received_at})) == notsup);
    CHECK(plugin.number(v2::ws_fields(state, fd, static_cast<abi::v2::WsFields>(9), {data_at, 1},
                                      {result_at})) == inval);
    CHECK(plugin.close_web_socket(fd, 77) == inval);
    CHECK(plugin.close_web_socket(fd, 0, "reason without code") == inval);
    CHECK(plugin.receive(fd).text == "the only one");
}

TEST_CASE("descriptors are counted, and a WebSocket is one") {
    WebSocketServer server;
    core::Limits limits;
    limits.descriptors = 2;
    WebPlugin plugin(web_sockets_on_loopback, limits);
    plugin.open_web_socket(server.url("/echo"));
    plugin.open_web_socket(server.url("/echo"));
    CHECK(plugin.begin(server.url("/echo")) == mfile);
}
