// The SDK's HTTP in the sandbox, against real servers: dialect v2, and v1 where it can do the same.
#include "plugin_fixture.hpp"
#include "support/canned_server.hpp"
#include "support/echo_server.hpp"
#include "support/nginx_server.hpp"
#include "support/packing.hpp"
#include "support/ports.hpp"
#include "support/resources.hpp"

#include <doctest/doctest.h>
#include <filesystem>
#include <thread>

using namespace hws;
using namespace hws::host;
using namespace hws::test;

namespace {

const char* const both[] = {"http_sdk", "http_sdk_v1"};

constexpr const char* locations =
    "location /args { return 200 \"$args\"; }"
    "location /auth { return 200 \"$http_authorization\"; }"
    "location /agent { return 200 \"$http_accept $request_method\"; }"
    "location /cookie { add_header Set-Cookie a=1; add_header Set-Cookie b=2; return 200 \"[$http_cookie]\"; }"
    "location /to { return 302 /args?there; }"
    "location /loop { return 302 /loop; }"
    "location /away { return 302 http://127.0.0.1:1/; }"
    "location /404 { return 404 gone; }"
    "location /packed { gzip on; gzip_types *; gzip_min_length 1; return 200 packedpackedpackedpacked; }";

/// What stands between the head's end and the end of the text, chunks put together.
std::string unchunked(std::string_view request) {
    request.remove_prefix(request.find("\r\n\r\n") + 4);
    std::string body;
    while (!request.empty()) {
        const std::size_t end = request.find("\r\n");
        if (end == request.npos) return body + " (cut)";
        const std::size_t size = std::stoul(std::string(request.substr(0, end)), nullptr, 16);
        if (size == 0) return body;
        body += request.substr(end + 2, size);
        request.remove_prefix(std::min(request.size(), end + 2 + size + 2));
    }
    return body + " (cut)";
}

/// Waits until the first connection has sent what ends with `end`.
std::string request_until(EchoServer& server, std::string_view end) {
    for (std::size_t bytes = 1; server.wait_for_bytes(bytes); bytes = server.received_bytes() + 1) {
        std::string request = server.received_on(0);
        if (request.ends_with(end)) return request;
    }
    return server.received_on(0);
}

constexpr std::string_view answer_ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

} // namespace

TEST_SUITE_BEGIN("HTTP by the SDK");

TEST_CASE("a request's options reach the server, over either dialect") {
    NginxServer nginx({.server = locations, .http = ""});
    for (const char* module : both) {
        CAPTURE(module);
        TestPlugin plugin(module);
        CHECK(contains(plugin.call("request", "GET " + nginx.url("/args?x=1") + "\nquery a b=c&d"),
                       "\n\nx=1&a+b=c%26d"));
        CHECK(contains(plugin.call("request", "GET " + nginx.url("/auth") +
                                                  "\nuser Aladdin open sesame"),
                       "\n\nBasic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
        CHECK(contains(plugin.call("request", "GET " + nginx.url("/auth") + "\ntoken t.o"),
                       "\n\nBearer t.o"));
        for (const char* method : {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"}) {
            CAPTURE(method);
            CHECK(contains(plugin.call("request", method + (" " + nginx.url("/agent")) +
                                                      "\nheader Accept: a/b"),
                           std::string("\n\na/b ") + method));
        }
        const std::string head = plugin.call("request", "HEAD " + nginx.url("/index.html"));
        CHECK(contains(head, "status=200"));
        CHECK(contains(head, "length=17"));
        CHECK(head.ends_with("\n\n"));
    }
}

TEST_CASE("all values of a header come, in their order, and a status of 400 fails who asks for it") {
    NginxServer nginx({.server = locations, .http = ""});
    for (const char* module : both) {
        CAPTURE(module);
        TestPlugin plugin(module);
        CHECK(contains(plugin.call("request", "GET " + nginx.url("/cookie")),
                       ": a=1\nSet-Cookie: b=2\n"));
        CHECK(contains(plugin.call("request", "GET " + nginx.url("/404")), "status=404"));
        CHECK(contains(plugin.call("request", "GET " + nginx.url("/404") + "\nfail-status on"),
                       "GET " + nginx.url("/404") + ": status 404: bad_status"));
    }
}

TEST_CASE("a body longer than the plugin wants is too_large") {
    NginxServer nginx;
    nginx.write("large", std::string(100'001, 'x'));
    for (const char* module : both) {
        CAPTURE(module);
        TestPlugin plugin(module);
        const std::string request = "GET " + nginx.url("/large") + "\nmax ";
        CHECK(contains(plugin.call("request", request + "100000"), "too_large"));
        CHECK(contains(plugin.call("request", request + "100001"), "status=200"));
    }
}

TEST_CASE("a response tells its version, its URL after redirects, and how many there were") {
    NginxServer nginx({.server = locations, .http = ""});
    TestPlugin plugin("http_sdk");
    const std::string text = plugin.call("request", "GET " + nginx.url("/to"));
    CHECK(contains(text, "status=200 version=11 redirects=1 length=5\n"));
    CHECK(contains(text, "url=" + nginx.url("/args?there") + "\n"));
    CannedServer old("HTTP/1.0 200 OK\r\n\r\nuntil the end");
    const std::string ancient = plugin.call("request", "GET " + old.url());
    CHECK(contains(ancient, "version=10 redirects=0 length=-\n"));
    CHECK(ancient.ends_with("\n\nuntil the end"));
}

TEST_CASE("redirects are followed as the request wants") {
    NginxServer nginx({.server = locations, .http = ""});
    TestPlugin plugin("http_sdk");
    const auto with = [&](const char* path, const char* redirects) {
        return plugin.call("request", "GET " + nginx.url(path) + "\nredirects " + redirects);
    };
    CHECK(contains(with("/to", "none"), "status=302 version=11 redirects=0"));
    CHECK(contains(with("/to", "1"), "status=200"));
    CHECK(contains(with("/to", "0"), "too_many_redirects"));
    CHECK(contains(with("/loop", "5"), "too_many_redirects"));
    CHECK(contains(with("/to", "same"), "status=200"));
    CHECK(contains(with("/away", "same"), "status=302"));
    CHECK(contains(with("/away", "5"), "refused"));
}

TEST_CASE("cookies are kept only for requests that ask for it, and never for another plugin") {
    NginxServer nginx({.server = locations, .http = ""});
    const std::string request = "GET " + nginx.url("/cookie");
    TestPlugin plugin("http_sdk");
    CHECK(plugin.call("twice", request).ends_with("\n\n[]"));
    const std::string kept = plugin.call("twice", request + "\ncookies on");
    CAPTURE(kept);
    CHECK(contains(kept, "a=1"));
    CHECK((kept.ends_with("\n\n[a=1; b=2]") || kept.ends_with("\n\n[b=2; a=1]")));
    CHECK(plugin.call("request", request).ends_with("\n\n[]"));
    TestPlugin other("http_sdk");
    CHECK(other.call("request", request + "\ncookies on").ends_with("\n\n[]"));
}

TEST_CASE("a body is unpacked, or left as it is where the request says so") {
    NginxServer nginx({.server = locations, .http = ""});
    TestPlugin plugin("http_sdk");
    const std::string unpacked = plugin.call("request", "GET " + nginx.url("/packed"));
    CHECK(unpacked.ends_with("\n\npackedpackedpackedpacked"));
    CHECK_FALSE(contains(unpacked, "gzip"));
    const std::string packed = plugin.call(
        "request", "GET " + nginx.url("/packed") + "\npacked on\nheader Accept-Encoding: gzip");
    CHECK(contains(packed, "\n\n\x1f\x8b"));
    CHECK_FALSE(contains(packed, "packedpacked"));
}

TEST_CASE("HTTP/2 is spoken where the request wants it without asking") {
    const std::uint16_t port = free_port();
    NginxServer nginx({.server = "", .http = "server { listen 127.0.0.1:" + std::to_string(port) +
                               " http2; return 200 \"$server_protocol\"; }"});
    TestPlugin plugin("http_sdk");
    const std::string text =
        plugin.call("request", "GET http://127.0.0.1:" + std::to_string(port) + "/\nhttp2 on");
    CAPTURE(text);
    CHECK(contains(text, "version=20"));
    CHECK(text.ends_with("\n\nHTTP/2.0"));
}

TEST_CASE("trailers come after the body") {
    CannedServer server("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
                        "5\r\nhello\r\n0\r\nX-Sum: 5\r\nX-Sum: 6\r\n\r\n");
    TestPlugin plugin("http_sdk");
    const std::string text = plugin.call("request", "GET " + server.url());
    CAPTURE(text);
    CHECK((text.ends_with("\n\nhello\nX-Sum: 5\nX-Sum: 6\n") ||
           text.ends_with("\n\nhello\nx-sum: 5\nx-sum: 6\n")));
}

TEST_CASE("a large body is read in chunks no larger than the plugin's buffer") {
    NginxServer nginx;
    const std::string large = pattern(5'000'000);
    nginx.write("large", large);
    for (const char* module : both) {
        CAPTURE(module);
        TestPlugin plugin(module);
        const std::string text = plugin.call("download", nginx.url("/large") + " 1000");
        CHECK(contains(text, "bytes=5000000 digest=" + digest(large)));
        CHECK(contains(text, "largest=1000"));
    }
}

TEST_CASE("a download of 1 GiB through a buffer of 64 KiB leaves the host's memory as it was, packed "
          "or not") {
    NginxServer nginx({.server = "location /packed { add_header Content-Encoding gzip; } ",
                       .http = ""});
    constexpr std::size_t size = std::size_t{1} << 30;
    nginx.write("big", "");
    std::filesystem::resize_file(nginx.folder() / "www" / "big", size);
    {
        // Members in a row are one body (RFC 1952, 2.2).
        const std::string member = gzip(std::string(std::size_t{64} << 20, '\0'));
        std::string packed;
        for (int i = 0; i < 16; ++i)
            packed += member;
        nginx.write("packed", packed);
    }
    Setup setup;
    setup.limits.call_time = std::chrono::minutes(10);
    setup.limits.http_body_bytes = 2 * size; // of what is unpacked
    TestPlugin plugin("http_sdk", setup);
    CHECK(plugin.call("drain", nginx.url("/") + " 65536") == "bytes=17");
    for (const char* path : {"/big", "/packed"}) {
        CAPTURE(path);
        const ResidentPeak memory;
        CHECK(plugin.call("drain", nginx.url(path) + " 65536") == "bytes=" + std::to_string(size));
        CHECK(memory.growth_bytes() < std::size_t{8} << 20);
    }
}

TEST_CASE("a body from a source arrives whole, with its length or in chunks") {
    const std::string body = pattern(300'000);
    {
        EchoServer server({.behaviour = Behaviour::say_nothing});
        TestPlugin plugin("http_sdk");
        auto call = plugin.begin("upload", "http://" + server.address() + "/ 300000 known");
        const std::string request = request_until(server, body.substr(body.size() - 1000));
        CHECK(contains(request, "\r\nContent-Length: 300000\r\n"));
        CHECK(request.ends_with("\r\n\r\n" + body));
        server.send(0, answer_ok);
        CHECK(text_of(call.get()) == "ok");
    }
    EchoServer server({.behaviour = Behaviour::say_nothing});
    TestPlugin plugin("http_sdk");
    auto call = plugin.begin("upload", "http://" + server.address() + "/ 300000 unknown");
    const std::string request = request_until(server, "\r\n0\r\n\r\n");
    CHECK(contains(request, "\r\nTransfer-Encoding: chunked\r\n"));
    CHECK(unchunked(request) == body);
    server.send(0, answer_ok);
    CHECK(text_of(call.get()) == "ok");
}

TEST_CASE("an answer before the body was sent ends the sending, and counts") {
    EchoServer server({.behaviour = Behaviour::say_nothing});
    TestPlugin plugin("http_sdk");
    auto call = plugin.begin("upload", "http://" + server.address() + "/ 1000000000000 unknown");
    REQUIRE(server.wait_for_bytes(100'000));
    server.send(0, "HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nno!");
    CHECK(text_of(call.get()) == "no!");
}

TEST_CASE("a source that fails cancels the request") {
    EchoServer server({.behaviour = Behaviour::say_nothing});
    TestPlugin plugin("http_sdk");
    CHECK(contains(plugin.call("broken_source", "http://" + server.address() + "/"),
                   "the source is dry: not_found"));
    CHECK_FALSE(server.received_on(0).ends_with("0\r\n\r\n"));
}

TEST_CASE("a plugin writes a body itself, and not beyond its end") {
    EchoServer server({.behaviour = Behaviour::say_nothing});
    TestPlugin plugin("http_sdk");
    auto call = plugin.begin("dialogue", "http://" + server.address() + "/");
    CHECK(unchunked(request_until(server, "0\r\n\r\n")) == "onetwo");
    server.send(0, answer_ok);
    CHECK(text_of(call.get()) == "ok");
}

TEST_CASE("a form with a file is what the server expects of one") {
    for (const char* module : both) {
        CAPTURE(module);
        EchoServer server({.behaviour = Behaviour::say_nothing});
        TestPlugin plugin(module);
        auto call = plugin.begin("multipart", "http://" + server.address() + "/");
        const std::string request = request_until(server, "--\r\n");
        CHECK(contains(request, "\r\nContent-Type: multipart/form-data; boundary=hws-"));
        CHECK(contains(request, "filename=\"beach.png\"\r\nContent-Type: image/png\r\n\r\n"
                                "not a picture\r\n--hws-"));
        server.send(0, answer_ok);
        CHECK(text_of(call.get()) == "ok");
    }
}

TEST_CASE("a form with a file from a source arrives whole, with its length or in chunks") {
    for (const char* length : {"known", "unknown"}) {
        CAPTURE(std::string(length));
        EchoServer server({.behaviour = Behaviour::say_nothing});
        TestPlugin plugin("http_sdk");
        auto call = plugin.begin("multipart_from", "http://" + server.address() + "/ " + length);
        const bool is_known = length == std::string_view("known");
        const std::string request = request_until(server, is_known ? "--\r\n" : "\r\n0\r\n\r\n");
        const std::string body =
            is_known ? request.substr(request.find("\r\n\r\n") + 4) : unchunked(request);
        CHECK(contains(request, is_known ? "\r\nContent-Length: " + std::to_string(body.size())
                                         : "\r\nTransfer-Encoding: chunked"));
        CHECK(contains(body, "\r\nContent-Type: image/png\r\n\r\n" + pattern(100'000) +
                                 "\r\n--hws-"));
        CHECK(contains(body, "name=\"last\"\r\n\r\none\r\n--hws-"));
        CHECK(body.ends_with("--\r\n"));
        server.send(0, answer_ok);
        CHECK(text_of(call.get()) == "ok");
    }
}

TEST_CASE("informational responses are there with the response") {
    CannedServer server("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n"
                        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    TestPlugin plugin("http_sdk");
    CHECK(plugin.call("early", server.url()) == "100 \n103 <a>\nhello");
}

TEST_CASE("what ended a body is told in the host's words") {
    TestPlugin plugin("http_sdk");
    CannedServer chunk("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n");
    CHECK(contains(plugin.call("drain", chunk.url() + " 100"), "not a hex digit"));
    CannedServer packed("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nnothing of the kind");
    const std::string text = plugin.call("drain", packed.url() + " 100");
    CHECK(contains(text, "gzip: incorrect header check"));
    CHECK(contains(text, "protocol"));
}

TEST_CASE("a body streams from one server to another through the plugin") {
    NginxServer nginx;
    const std::string large = pattern(1'000'000);
    nginx.write("large", large);
    EchoServer server({.behaviour = Behaviour::say_nothing});
    TestPlugin plugin("http_sdk");
    auto call = plugin.begin("relay", nginx.url("/large") + " http://" + server.address() + "/");
    CHECK(request_until(server, large.substr(large.size() - 1000)).ends_with("\r\n\r\n" + large));
    server.send(0, answer_ok);
    CHECK(text_of(call.get()) == "ok");
}

TEST_CASE("lines are read from a response") {
    NginxServer nginx;
    std::string text;
    for (int i = 0; i < 10'000; ++i)
        text += "line " + std::to_string(i) + "\n";
    nginx.write("lines", text);
    for (const char* module : both)
        CHECK(TestPlugin(module).call("lines", nginx.url("/lines")) == "10000");
}

TEST_CASE("several exchanges are polled, and the one that is answered first ends first") {
    EchoServer slow({.behaviour = Behaviour::say_nothing});
    NginxServer nginx({.server = locations, .http = ""});
    TestPlugin plugin("http_sdk");
    auto call = plugin.begin("parallel", "http://" + slow.address() + "/ " + nginx.url("/args?b") +
                                             " " + nginx.url("/404"));
    REQUIRE(slow.wait_for_connections(1));
    request_until(slow, "\r\n\r\n");
    // The others are done when nginx has answered both: only then comes the first's answer.
    while (!contains(nginx.access_log(), "/args?b") || !contains(nginx.access_log(), "/404"))
        std::this_thread::yield();
    slow.send(0, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nsl");
    slow.send(0, "ow");
    const std::string text = text_of(call.get());
    CAPTURE(text);
    CHECK(contains(text, "0:200:slow\n"));
    CHECK(contains(text, "1:200:b\n"));
    CHECK(contains(text, "2:404:gone\n"));
}

TEST_CASE("a head that is not there yet is would_block, and the descriptor tells when it is") {
    EchoServer slow({.behaviour = Behaviour::say_nothing});
    TestPlugin plugin("http_sdk");
    auto call = plugin.begin("head_later", "http://" + slow.address() + "/");
    request_until(slow, "\r\n\r\n");
    slow.send(0, "HTTP/1.1 204 No Content\r\n\r\n");
    CHECK(text_of(call.get()) == "would_block\n204");
}

TEST_CASE("a response that is dropped closes its connection, and the next call finds another") {
    NginxServer nginx;
    nginx.write("large", std::string(50'000'000, 'x'));
    TestPlugin plugin("http_sdk");
    for (int i = 0; i < 20; ++i)
        CHECK(plugin.call("abandon", nginx.url("/large")) == "dropped");
    CHECK(contains(plugin.call("request", "GET " + nginx.url("/")), "status=200"));
}

TEST_CASE("timeouts of all and of silence end a request") {
    EchoServer silent({.behaviour = Behaviour::say_nothing});
    TestPlugin plugin("http_sdk");
    const std::string url = "http://" + silent.address() + "/";
    CHECK(contains(plugin.call("request", "GET " + url + "\ntimeout 200"), "timed_out"));
    CHECK(contains(plugin.call("request", "GET " + url + "\nidle 200"), "timed_out"));
    EchoServer stalling({.behaviour = Behaviour::say_nothing});
    auto call = plugin.begin("request", "GET http://" + stalling.address() + "/\nidle 200");
    request_until(stalling, "\r\n\r\n");
    stalling.send(0, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    const std::string text = text_of(call.get());
    CHECK(contains(text, "reading the body: "));
    CHECK(contains(text, "the server was silent for too long): timed_out"));
}

TEST_CASE("what goes wrong has its own error, which names the request") {
    TestPlugin plugin("http_sdk");
    const std::string nobody = "http://127.0.0.1:" + std::to_string(free_port()) + "/";
    const std::string refused = plugin.call("request", "GET " + nobody);
    CHECK(contains(refused, "GET " + nobody));
    CHECK(contains(refused, "refused"));
    const std::string denied = plugin.call("request", "GET http://192.0.2.1/");
    CHECK(contains(denied, "denied"));
    CHECK(contains(plugin.call("request", "GET ftp://127.0.0.1/"), "bad_url"));
    CannedServer cut("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort");
    const std::string broken = plugin.call("request", "GET " + cut.url());
    CAPTURE(broken);
    CHECK((contains(broken, "reset") || contains(broken, "protocol")));
    CannedServer nonsense("what?\r\n\r\n");
    CHECK(contains(plugin.call("request", "GET " + nonsense.url()), "protocol"));
    CHECK(contains(plugin.call("request", "GET " + nobody + "\nheader Host: elsewhere"),
                   "invalid_argument"));
}

TEST_CASE("a plugin can't have the host keep more request bodies than one may be large") {
    EchoServer silent({.behaviour = Behaviour::say_nothing});
    Limits limits;
    limits.http_request_bytes = 100'000;
    TestPlugin plugin("http_sdk", {.limits = limits});
    const std::string url = "http://" + silent.address() + "/";
    CHECK(contains(plugin.call("hoard", url + " 200 30000"),
                   "request bodies under way beyond 100000 bytes together: no_buffers"));
    // What was let go of counts no more.
    CHECK(plugin.call("hoard", url + " 200 30000").starts_with("3 "));
    CHECK(contains(plugin.call("hoard", url + " 1 100001"), "0 "));
    CHECK(plugin.call("hoard", url + " 1 100000") == "1 ");
    CHECK(plugin.call("hoard", url + " 20 0") == "20 ");
}

TEST_CASE("the example counts the lines of a large file and reports them as JSON") {
    NginxServer nginx;
    nginx.write("log", std::string(10'000'000, 'x') + "\nline\n");
    EchoServer server({.behaviour = Behaviour::say_nothing});
    TestPlugin plugin("http_stream");
    auto call =
        plugin.begin("execute", nginx.url("/log") + " http://" + server.address() + "/report");
    const std::string request = request_until(server, "}");
    CHECK(contains(request, "POST /report HTTP/1.1\r\n"));
    CHECK(contains(request, "Content-Type: application/json\r\n"));
    CHECK(request.ends_with("\r\n\r\n{\"url\":\"" + nginx.url("/log") +
                            "\",\"bytes\":10000006,\"lines\":2}"));
    server.send(0, answer_ok);
    CHECK(text_of(call.get()) == "ok");
    CHECK(contains(plugin.call("execute", nginx.url("/none") + " http://" + server.address() + "/"),
                   "status 404: bad_status"));
}

TEST_CASE("what dialect v1 can't do is unsupported in the sandbox, too") {
    TestPlugin plugin("http_sdk_v1");
    const std::string url = "http://127.0.0.1:1/";
    CHECK(contains(plugin.call("request", "GET " + url + "\ntimeout 100"), "unsupported"));
    CHECK(contains(plugin.call("dialogue", url), "unsupported"));
    CHECK(contains(plugin.call("upload", url + " 1 known"), "unsupported"));
    CHECK(contains(plugin.call("relay", url + " " + url), "plugin_failed"));
}

TEST_SUITE_END();
