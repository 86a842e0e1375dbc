#include "core/web_socket_handshake.hpp"

#include <doctest/doctest.h>
#include <set>

using namespace hws;
using namespace hws::host::core;

namespace {

constexpr std::string_view key = "dGhlIHNhbXBsZSBub25jZQ=="; // RFC 6455, 1.3

WebSocketOffer offer(std::string_view url, HttpHeaders fields = {},
                     std::vector<std::string> protocols = {}) {
    return {Url::parse_web_socket(url).value(), std::move(fields), std::move(protocols)};
}

std::string opening(const WebSocketOffer& what) {
    return format_opening(what, key, 4096).value();
}

const std::string good_fields = "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                                "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";

Result<std::string> check(const std::string& head, const WebSocketOffer& what) {
    HWS_TRY(const ResponseHead parsed, parse_response_head(head));
    return check_opening(parsed, what, key);
}

} // namespace

TEST_CASE("the opening is RFC 6455's, to the host and path of the URL") {
    CHECK(opening(offer("ws://example.com/chat?room=1")) ==
          "GET /chat?room=1 HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\n"
          "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
          "Sec-WebSocket-Version: 13\r\n\r\n");
    CHECK(opening(offer("wss://EXAMPLE.com:8443"))
              .starts_with("GET / HTTP/1.1\r\nHost: example.com:8443\r\n"));
    CHECK(opening(offer("wss://[::1]:443/?q")).starts_with("GET /?q HTTP/1.1\r\nHost: [::1]\r\n"));
    CHECK(opening(offer("ws://a.test/", {{"Origin", " https://a.test "}, {"Cookie", "a=b"}},
                        {"chat", "superchat"}))
              .ends_with("Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: chat, superchat\r\n"
                         "Origin: https://a.test\r\nCookie: a=b\r\n\r\n"));
}

TEST_CASE("a URL of a WebSocket is ws or wss, has no fragment, and is canonical as any") {
    CHECK(Url::parse_web_socket("WSS://a.test/")->is_https());
    CHECK(Url::parse_web_socket("ws://a.test/")->target().port == 80);
    CHECK(Url::parse_web_socket("wss://a.test/")->target().port == 443);
    for (const char* bad :
         {"http://a.test/", "https://a.test/", "a.test", "ws:/a.test", "ws://", "ws://a.test/#top",
          "ws://user@a.test/", "ws://a.test:0/", "ws://a.test/ b", "ws://a.test/\r\nX: y",
          "wss://2130706433/", "ws://0177.0.0.1/", "ws://a.test:99999/", ""})
        CHECK_MESSAGE(!Url::parse_web_socket(bad), bad);
}

TEST_CASE("fields that end the line, are none, or are the handshake's own are refused") {
    const std::pair<std::string, std::string> bad[] = {
        {"X", "a\r\nHost: b"},
        {"X", "a\nb"},
        {"X", std::string("a\0b", 3)},
        {"X", "\x7f"},
        {"X\r\nY", "a"},
        {"X:", "a"},
        {"", "a"},
        {"X Y", "a"},
        {"host", "b.test"},
        {"Connection", "close"},
        {"UPGRADE", "h2c"},
        {"Sec-WebSocket-Key", "x"},
        {"sec-websocket-extensions", "permessage-deflate"},
        {"Content-Length", "5"},
        {"Transfer-Encoding", "chunked"},
        {"Proxy-Authorization", "x"},
        {"Expect", "100-continue"},
        {"TE", "trailers"}};
    for (const auto& field : bad) {
        CAPTURE(field.first);
        const auto text = format_opening(offer("ws://a.test/", {field}), key, 4096);
        REQUIRE_FALSE(text);
        CHECK(text.error() == Errc::invalid_argument);
    }
    for (const auto& protocols : std::vector<std::vector<std::string>>{
             {""}, {"a b"}, {"a,b"}, {"a\r\nX: y"}, {"a", "b", "a"}, {"\xc3\xa9"}})
        CHECK(format_opening(offer("ws://a.test/", {}, protocols), key, 4096).error() ==
              Errc::invalid_argument);
    CHECK(
        format_opening(offer("ws://a.test/", {{"X", std::string(5000, 'x')}}), key, 4096).error() ==
        Errc::too_large);
}

TEST_CASE("only an answer that proves it was meant opens the WebSocket") {
    const WebSocketOffer plain = offer("ws://a.test/");
    CHECK(check("HTTP/1.1 101 Switching Protocols\r\n" + good_fields + "\r\n", plain) == "");
    CHECK(check("HTTP/1.1 101\r\nupgrade: WebSocket\r\nCONNECTION: keep-alive, upgrade\r\n"
                "sec-websocket-accept:s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
                plain) == "");
    const struct {
        std::string head;
        Errc error;
    } cases[] = {
        {"HTTP/1.1 200 OK\r\n" + good_fields + "\r\n", Errc::bad_status},
        {"HTTP/1.1 301 Moved\r\nLocation: ws://b.test/\r\n\r\n", Errc::bad_status},
        {"HTTP/1.1 403 Forbidden\r\n\r\n", Errc::bad_status},
        {"HTTP/1.1 101 x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", Errc::protocol},
        {"HTTP/1.1 101 x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
         "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOO=\r\n\r\n",
         Errc::protocol},
        {"HTTP/1.1 101 x\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
         Errc::protocol},
        {"HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: close\r\n"
         "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
         Errc::protocol},
        {"HTTP/1.1 101 x\r\n" + good_fields +
             "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
         Errc::protocol},
        {"HTTP/1.1 101 x\r\n" + good_fields +
             "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
         Errc::protocol},
        {"HTTP/1.1 101 x\r\n" + good_fields + "Sec-WebSocket-Protocol: chat\r\n\r\n",
         Errc::protocol},
        {"HTTP/1.1 101 x\r\n" + good_fields + " folded\r\n\r\n", Errc::protocol},
        {"HTTP/1.1 101 x\r\n" + good_fields + "no colon\r\n\r\n", Errc::protocol},
        {"HTTP/1.1 101 x\r\n" + good_fields + "Bad : name\r\n\r\n", Errc::protocol},
        {"HTTP/2 101\r\n" + good_fields + "\r\n", Errc::protocol},
        {"HTTP/1.1 1x1 x\r\n" + good_fields + "\r\n", Errc::protocol},
        {"SSH-2.0-OpenSSH\r\n\r\n", Errc::protocol},
        {"\r\n\r\n", Errc::protocol},
    };
    for (const auto& one : cases) {
        CAPTURE(one.head);
        const auto outcome = check(one.head, plain);
        REQUIRE_FALSE(outcome);
        CHECK(outcome.error() == one.error);
    }
}

TEST_CASE("a subprotocol is one of those offered, or none") {
    const WebSocketOffer two = offer("ws://a.test/", {}, {"chat", "superchat"});
    const std::string head = "HTTP/1.1 101 x\r\n" + good_fields;
    CHECK(check(head + "\r\n", two) == "");
    CHECK(check(head + "Sec-WebSocket-Protocol: superchat\r\n\r\n", two) == "superchat");
    for (const char* bad : {"other", "chat, superchat", "Chat", ""})
        CHECK(check(head + "Sec-WebSocket-Protocol: " + bad + "\r\n\r\n", two).error() ==
              Errc::protocol);
    CHECK(check(head + "Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Protocol: chat\r\n\r\n", two)
              .error() == Errc::protocol);
}

TEST_CASE("no two handshakes have the same key") {
    std::set<std::string> keys;
    for (int i = 0; i < 100; ++i)
        keys.insert(make_web_socket_key().value());
    CHECK(keys.size() == 100);
    CHECK(keys.begin()->size() == 24);
}
