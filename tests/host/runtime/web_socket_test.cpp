// WebSockets of the SDK in the sandbox, against a real server.
#include "plugin_fixture.hpp"
#include "support/certificates.hpp"
#include "support/web_socket_peer.hpp"
#include "support/web_socket_server.hpp"

#include <doctest/doctest.h>
#include <future>

using namespace hws;
using namespace hws::host;
using namespace hws::test;

namespace {

Setup on_loopback() {
    return {.rules = {"allow ws:loopback:*", "allow wss:loopback:*"}};
}

} // namespace

TEST_SUITE_BEGIN("WebSockets by the SDK");

TEST_CASE("messages go to a real server and come back") {
    WebSocketServer server;
    TestPlugin plugin("ws_sdk", on_loopback());
    CHECK(plugin.call("echo", server.url("/echo") + "\nhello") == "text:hello");
    CHECK(plugin.call("echo", server.url("/echo") + "\n") == "text:");
    CHECK(plugin.call("echo", server.url("/fragments") + "\nx") == "text:one two th\xe2\x82\xac"
                                                                   "ee");
    const std::string large(200'000, 'x');
    CHECK(plugin.call("echo", server.url("/echo") + "\n" + large) == "text:" + large);
    CHECK(plugin.call("pieces", server.url("/echo")) == "one t|wo th|ree|");
    CHECK(plugin.call("ping", server.url("/echo")) == "pong:alive?");
    CHECK(contains(plugin.call("echo", server.url("/echo") + "\n\xff"), "invalid_argument"));
}

TEST_CASE("over TLS the host verifies the server, for the plugin") {
    CertificateAuthority authority;
    WebSocketServer server(authority.issue("IP:127.0.0.1"));
    // Without more the host trusts the system's store only.
    TestPlugin stranger("ws_sdk", on_loopback());
    CHECK(contains(stranger.call("echo", server.url("/echo") + "\nhello"), "tls_failed"));

    PluginOptions options;
    options.policy = Policy::parse(on_loopback().rules).value();
    options.tls.ca_file = authority.file();
    Plugin plugin = runtime().make_plugin(module_of("ws_sdk"), options);
    const auto call = [&](std::string_view name, const std::string& input) {
        const auto output = plugin.call(name, std::as_bytes(std::span(input)));
        return output ? std::string(output->text()) : output.error().message();
    };
    CHECK(call("echo", server.url("/echo") + "\nhello") == "text:hello");
    CHECK(call("large", server.url("/echo") + " 1000000") == "1000000 bytes, same");
}

TEST_CASE("headers, subprotocol and status are the plugin's to choose and to see") {
    WebSocketServer server;
    TestPlugin plugin("ws_sdk", on_loopback());
    const std::string answer = plugin.call("facts", server.url("/request"));
    CHECK(contains(answer, "101 superchat websocket\n"));
    CHECK(contains(answer, R"(["X-Test", "a"], ["X-Test", "b"])"));
}

TEST_CASE("many WebSockets open, speak and listen at once in one plugin") {
    WebSocketServer server;
    TestPlugin plugin("ws_sdk", on_loopback());
    std::string input;
    for (int i = 0; i < 20; ++i)
        input += (i > 0 ? " " : "") + server.url("/echo");
    const std::string output = plugin.call("many", input);
    for (int i = 0; i < 20; ++i)
        CHECK(contains(output, std::to_string(i) + ":hello " + std::to_string(i) + "\n"));
}

TEST_CASE("a message larger than all buffers goes both ways without waiting") {
    WebSocketServer server;
    TestPlugin plugin("ws_sdk", on_loopback());
    CHECK(plugin.call("large", server.url("/echo") + " 5000000") == "5000000 bytes, same");
}

TEST_CASE("the end is told both ways") {
    WebSocketServer server;
    TestPlugin plugin("ws_sdk", on_loopback());
    CHECK(plugin.call("closed", server.url("/close?code=4321&reason=enough")) ==
          "close:4321 enough\nclose:4321 enough");
    CHECK(plugin.call("goodbye", server.url("/echo?id=bye")) == "text:last\nbroken_pipe");
    CHECK(plugin.call("echo", server.url("/closed?of=bye") + "\n") == R"(text:[4000, "goodbye"])");
    CHECK(contains(plugin.call("impatient", server.url("/silence")), "timed_out"));
}

TEST_CASE("what was sent before the plugin let go has arrived, and the server is told") {
    std::promise<std::vector<Frame>> seen;
    WebSocketPeerServer server([&](WebSocketPeer& peer) {
        peer.agree();
        std::vector<Frame> frames{peer.receive(), peer.receive()};
        seen.set_value(std::move(frames));
    });
    TestPlugin plugin("ws_sdk", on_loopback());
    CHECK(plugin.call("dropped", server.url()).empty());
    const auto frames = seen.get_future().get();
    CHECK(frames[0].payload == "last words");
    CHECK(frames[1].opcode == Op::close);
    CHECK(frames[1].code() == 1001);
}

TEST_CASE("the policy decides, and a denial is the operator's to read") {
    WebSocketServer server;
    TestPlugin plugin("ws_sdk", {.rules = {"allow tcp:loopback:*", "allow http:loopback:*",
                                           "allow wss:loopback:*"}});
    const std::string answer = plugin.call("echo", server.url("/echo") + "\nhello");
    CHECK(contains(answer, "denied"));
    CHECK(contains(plugin.remarks(), "ws 127.0.0.1:" + std::to_string(server.port())));
}

TEST_CASE("over backend v1 there is none") {
    TestPlugin plugin("ws_sdk_v1", on_loopback());
    CHECK(contains(plugin.call("echo", "ws://127.0.0.1:1/\nhello"), "unsupported"));
}

TEST_CASE("the example holds its conversation") {
    WebSocketServer server;
    TestPlugin plugin("web_socket", on_loopback());
    CHECK(plugin.call("execute", server.url("/echo") + "\nhello\nhow are you?") ==
          "hello\nhow are you?\n");
    CHECK(plugin.call("execute", server.url("/close?code=1001&reason=later") + "\nhello") ==
          "closed: 1001 later\n");
}

TEST_SUITE_END();
