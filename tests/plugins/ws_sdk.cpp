// clang-format off
// WebSockets by the SDK. An export's input is the URL, and what the table says. On failure an export returns 1 and the
// error's one-line message. Never waiting, where the table says so, by a Poller.
//
// export     input               output
// ---------- ------------------- -----------------------------------------------------------------------------------
// echo       URL LF text         the kind of the answer to the text, a colon, and its data
// facts      URL                 offers chat and superchat, sends X-Test: a, b; "<status> <protocol> <Upgrade>" LF answer
// pieces     URL                 sends "one two three" in parts; what comes back, by pieces of 5 bytes, "|" after each
// many       URL URL ...         all started at once, polled: "<index>:<answer>" LF as they come to "hello <index>"
// large      URL bytes           sends and receives so many bytes at once, never waiting: "<n> bytes, <same|other>"
// ping       URL                 pings, and tells what comes: "pong:<data>"
// closed     URL                 waits for the server's close: "<code> <reason>", two times
// goodbye    URL                 sends "last", reads the answer, closes with 4000 "goodbye", then sends: the error's name
// impatient  URL                 receives with a timeout of 20 ms
// dropped    URL                 sends "last words" and lets go of the socket
// clang-format on

#include <algorithm>
#include <array>
#include <charconv>
#include <hws/net.hpp>
#include <hws/plugin.hpp>
#include <vector>

using hws::Errc;
using hws::Result;
using hws::WebSocket;

namespace {

std::string_view take(std::string_view& text, char separator) {
    const std::size_t end = std::min(text.find(separator), text.size());
    const std::string_view front = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return front;
}

std::string shown(const WebSocket::Message& message) {
    if (message.is_text()) return "text:" + message.data;
    if (message.is_binary()) return "binary:" + message.data;
    if (message.is_pong()) return "pong:" + message.data;
    return "close:" + std::to_string(message.code) + " " + message.data;
}

} // namespace

Result<void> echo() {
    const std::string input = hws::input_text();
    std::string_view rest = input;
    HWS_TRY(auto socket, WebSocket::connect(take(rest, '\n')));
    HWS_CHECK(socket.send_text(rest));
    HWS_TRY(const auto answer, socket.receive());
    hws::output(shown(answer));
    return {};
}
HWS_PLUGIN_EXPORT(echo)

Result<void> facts() {
    hws::WebSocketOptions options{.protocols = {"other", "superchat"}};
    options.headers.append("X-Test", "a");
    options.headers.append("X-Test", "b");
    HWS_TRY(auto socket, WebSocket::connect(hws::input_text(), options));
    HWS_TRY(const std::uint16_t status, socket.status());
    HWS_TRY(const std::string protocol, socket.protocol());
    HWS_TRY(const auto headers, socket.headers());
    HWS_TRY(const auto answer, socket.receive());
    hws::output(std::to_string(status) + " " + protocol + " " +
                std::string(headers.first("upgrade").value_or("?")) + "\n" + answer.data);
    return {};
}
HWS_PLUGIN_EXPORT(facts)

Result<void> pieces() {
    HWS_TRY(auto socket, WebSocket::connect(hws::input_text()));
    for (const char* part : {"one ", "two ", "three"})
        HWS_CHECK(socket.send_part(WebSocket::Kind::text, hws::bytes_of(part),
                                   std::string_view(part) == "three" ? WebSocket::Part::last
                                                                     : WebSocket::Part::goes_on));
    std::array<std::byte, 5> room;
    std::string got;
    for (bool is_last = false; !is_last;) {
        HWS_TRY(const auto piece, socket.receive_piece(room));
        got += std::string(hws::text_of(std::span(room).first(piece.bytes))) + "|";
        is_last = piece.is_last;
    }
    hws::output(got);
    return {};
}
HWS_PLUGIN_EXPORT(pieces)

Result<void> many() {
    const std::string input = hws::input_text();
    std::string_view rest = input;
    std::vector<WebSocket> sockets;
    hws::Poller poller;
    while (!rest.empty()) {
        HWS_TRY(auto socket, WebSocket::start(take(rest, ' ')));
        HWS_CHECK(poller.add(socket, hws::Interest::write, sockets.size()));
        sockets.push_back(std::move(socket));
    }
    std::string out;
    for (std::size_t open = sockets.size(); open > 0;) {
        HWS_TRY(const auto events, poller.wait());
        for (const auto& event : events) {
            WebSocket& socket = sockets[event.key];
            if (event.is_writable) {
                HWS_CHECK(socket.opened());
                HWS_CHECK(socket.send_text("hello " + std::to_string(event.key)));
                HWS_CHECK(poller.modify(socket, hws::Interest::read));
                continue;
            }
            auto answer = socket.receive();
            if (!answer && answer.error() == Errc::would_block) continue;
            if (!answer) return std::unexpected(answer.error());
            out += std::to_string(event.key) + ":" + answer->data + "\n";
            HWS_CHECK(poller.remove(socket));
            --open;
        }
    }
    hws::output(out);
    return {};
}
HWS_PLUGIN_EXPORT(many)

Result<void> large() {
    const std::string input = hws::input_text();
    std::string_view rest = input;
    HWS_TRY(auto socket, WebSocket::connect(take(rest, ' ')));
    HWS_CHECK(socket.set_blocking(hws::Blocking::never_waits));
    std::size_t bytes = 0;
    std::from_chars(rest.data(), rest.data() + rest.size(), bytes);
    std::string message(bytes, '\0');
    for (std::size_t i = 0; i < message.size(); ++i)
        message[i] = static_cast<char>(i * 31 + i / 251);
    HWS_CHECK(socket.send_binary(hws::bytes_of(message)));
    hws::Poller poller;
    HWS_CHECK(poller.add(socket, hws::Interest::both, 0));
    for (;;) {
        HWS_CHECK(poller.wait());
        if (auto flushed = socket.flush(); !flushed && flushed.error() != Errc::would_block)
            return flushed;
        HWS_CHECK(
            poller.modify(socket, socket.has_unsent() ? hws::Interest::both : hws::Interest::read));
        auto answer = socket.receive();
        if (!answer && answer.error() == Errc::would_block) continue;
        if (!answer) return std::unexpected(answer.error());
        hws::output(std::to_string(answer->data.size()) + " bytes, " +
                    (answer->data == message ? "same" : "other"));
        return {};
    }
}
HWS_PLUGIN_EXPORT(large)

Result<void> ping() {
    HWS_TRY(auto socket, WebSocket::connect(hws::input_text()));
    HWS_CHECK(socket.ping("alive?"));
    HWS_TRY(const auto answer, socket.receive());
    hws::output(shown(answer));
    return {};
}
HWS_PLUGIN_EXPORT(ping)

Result<void> closed() {
    HWS_TRY(auto socket, WebSocket::connect(hws::input_text()));
    HWS_TRY(const auto first, socket.receive());
    HWS_TRY(const auto second, socket.receive());
    HWS_CHECK(socket.close());
    hws::output(shown(first) + "\n" + shown(second));
    return {};
}
HWS_PLUGIN_EXPORT(closed)

Result<void> goodbye() {
    HWS_TRY(auto socket, WebSocket::connect(hws::input_text()));
    HWS_CHECK(socket.send_text("last"));
    HWS_TRY(const auto answer, socket.receive());
    HWS_CHECK(socket.close(4000, "goodbye"));
    const auto after = socket.send_text("too late");
    hws::output(shown(answer) + "\n" +
                std::string(after ? "sent" : hws::name_of(after.error().code())));
    return {};
}
HWS_PLUGIN_EXPORT(goodbye)

Result<void> impatient() {
    HWS_TRY(auto socket, WebSocket::connect(hws::input_text()));
    HWS_CHECK(socket.set_read_timeout(std::chrono::milliseconds(20)));
    HWS_CHECK(socket.receive());
    return {};
}
HWS_PLUGIN_EXPORT(impatient)

Result<void> dropped() {
    HWS_TRY(auto socket, WebSocket::connect(hws::input_text()));
    return socket.send_text("last words");
}
HWS_PLUGIN_EXPORT(dropped)
