#include "plugin_fixture.hpp"
#include "support/canned_server.hpp"
#include "support/echo_server.hpp"
#include "support/nginx_server.hpp"
#include "support/ports.hpp"

#include <doctest/doctest.h>
#include <set>
#include <sstream>

using namespace hws;
using namespace hws::host;
using namespace hws::test;
using namespace std::chrono_literals;

namespace {

/// The numbers of the connections that nginx served requests on.
std::set<std::string> connections_in(const NginxServer& nginx) {
    std::set<std::string> numbers;
    std::istringstream lines(nginx.access_log());
    for (std::string line; std::getline(lines, line);)
        numbers.insert(line.substr(0, line.find(' ')));
    return numbers;
}

/// Text as an argument of net_raw's script.
std::string argument(std::string_view text) {
    std::string encoded = "@";
    for (const char c : text) {
        if (static_cast<unsigned char>(c) > 0x20 && c != '%' && static_cast<unsigned char>(c) < 0x7f) {
            encoded += c;
        } else {
            encoded += '%';
            encoded += "0123456789abcdef"[static_cast<unsigned char>(c) >> 4];
            encoded += "0123456789abcdef"[static_cast<unsigned char>(c) & 15];
        }
    }
    return encoded;
}

constexpr const char* locations =
    "location /cookies { add_header set-cookie a=1; add_header x-MIXED-case-name y; "
    "add_header Set-Cookie b=2; return 200 ok; }"
    "location /chunked { sub_filter_types *; sub_filter nothing something; }"
    "location ~ ^/r/1$ { return 302 /done; }"
    "location ~ ^/r/(?<n>1?)(?<d>[0-9])$ { return 302 /r/$next; }"
    "location /done { return 200 done; }"
    "location /loop { return 301 /loop; }"
    "location /500 { return 500 sorry; }"
    "location /echo { client_body_in_single_buffer on; client_max_body_size 64m; "
    "client_body_buffer_size 16m; proxy_pass http://127.0.0.1:@PORT@/done; "
    "add_header X-Method $request_method; add_header X-Length $content_length; "
    "add_header X-Type $content_type; add_header X-Body $request_body; }"
    "location /large { proxy_pass http://127.0.0.1:@PORT@/done; add_header X-Length $content_length; }";
constexpr const char* maps = "map $uri $next { /r/2 1; /r/3 2; /r/4 3; /r/5 4; /r/6 5; /r/7 6; /r/8 7; "
                             "/r/9 8; /r/10 9; /r/11 10; }";

} // namespace

TEST_SUITE_BEGIN("http");

TEST_CASE("nginx answers plugins of every kind, over one connection each") {
    NginxServer nginx;
    TestPlugin sdk("net_sdk");
    CHECK(sdk.call("http_text", nginx.url("/index.html")) == "hello from nginx\n");
    CHECK(sdk.call("http_many", "50 " + nginx.url()) == "50 of 50");
    CHECK(connections_in(nginx).size() == 1);

    TestPlugin raw("net_raw");
    for (int i = 0; i < 5; ++i) {
        const std::string json = raw.call("http", "GET " + nginx.url("/index.html"));
        CAPTURE(json);
        CHECK(contains(json, "\"status\":200"));
        CHECK(contains(json, "\"Content-Length\":[\"17\"]"));
        CHECK(contains(json, "\"body\":\"aGVsbG8gZnJvbSBuZ2lueAo=\""));
    }
    CHECK(connections_in(nginx).size() == 2);

    if (!has_module("rust_v1")) return;
    TestPlugin rust("rust_v1");
    CHECK(contains(rust.call("execute", "http GET " + nginx.url()), "\"status\":200"));
}

TEST_CASE("IPv6 and names of this machine work as 127.0.0.1 does") {
    NginxServer nginx;
    TestPlugin plugin("net_sdk");
    const std::string port = std::to_string(nginx.port());
    CHECK(plugin.call("http_text", "http://localhost:" + port) == "hello from nginx\n");
    if (has_ipv6_loopback())
        CHECK(plugin.call("http_text", "http://[::1]:" + port + "/") == "hello from nginx\n");
}

TEST_CASE("all values of a header are kept in order, under its canonical name") {
    NginxServer nginx({.server = locations, .http = maps});
    TestPlugin raw("net_raw");
    const std::string json = raw.call("http", "GET " + nginx.url("/cookies"));
    CAPTURE(json);
    CHECK(contains(json, "\"Set-Cookie\":[\"a=1\",\"b=2\"]"));
    CHECK(contains(json, "\"X-Mixed-Case-Name\":[\"y\"]"));
    TestPlugin sdk("net_sdk");
    const std::string text = sdk.call("http", "GET " + nginx.url("/cookies"));
    CHECK(contains(text, "status=200\n"));
    CHECK(contains(text, "Set-Cookie: a=1\nSet-Cookie: b=2\n"));
}

TEST_CASE("chunked bodies arrive whole") {
    NginxServer nginx({.server = locations, .http = maps});
    const std::string content = pattern(300'000);
    nginx.write("chunked/file", content);
    TestPlugin sdk("net_sdk");
    const std::string text =
        sdk.call("http", "GET " + nginx.url("/chunked/file") + "\nAccept-Encoding: identity");
    CAPTURE(text);
    CHECK(contains(text, "Transfer-Encoding: chunked"));
    CHECK(contains(text, "bytes=300000 digest=" + digest(content)));
}

TEST_CASE("an 8 MiB body arrives whole") {
    NginxServer nginx;
    const std::string content = pattern(8 << 20);
    nginx.write("big", content);
    for (int i = 0; i < 2; ++i) {
        TestPlugin sdk("net_sdk");
        CHECK(contains(sdk.call("http", "GET " + nginx.url("/big")), "bytes=8388608 digest=" + digest(content)));
    }
}

TEST_CASE("ten redirects are followed, the eleventh is an error") {
    NginxServer nginx({.server = locations, .http = maps});
    for (const char* module : {"net_sdk", "net_raw"}) {
        TestPlugin plugin(module);
        CHECK(contains(plugin.call("http", "GET " + nginx.url("/r/10")), "200"));
        CHECK(contains(plugin.call("http", "GET " + nginx.url("/r/11")), "plugin_failed: "));
        CHECK(contains(plugin.last_remark(), "http_request"));
        CHECK(contains(plugin.last_remark(), "too_many_redirects"));
        CHECK(contains(plugin.call("http", "GET " + nginx.url("/loop")), "plugin_failed: "));
    }
}

TEST_CASE("404 and 500 are answers") {
    NginxServer nginx({.server = locations, .http = maps});
    TestPlugin raw("net_raw");
    CHECK(contains(raw.call("http", "GET " + nginx.url("/nothing")), "\"status\":404"));
    CHECK(contains(raw.call("http", "GET " + nginx.url("/500")), "\"status\":500"));
    TestPlugin sdk("net_sdk");
    CHECK(sdk.call("http", "GET " + nginx.url("/nothing")).starts_with("status=404\n"));
}

TEST_CASE("method, headers and body arrive at the server") {
    NginxServer nginx({.server = locations, .http = maps});
    for (const char* module : {"net_sdk", "net_raw"}) {
        TestPlugin plugin(module);
        const std::string answer =
            plugin.call("http", "POST " + nginx.url("/echo") + "\nContent-Type: text/x\n\nhello body");
        CAPTURE(answer);
        CHECK(contains(answer, "hello body"));
        CHECK(contains(answer, "text/x"));
        CHECK(contains(answer, "POST"));
        CHECK(contains(plugin.call("http", "PUT " + nginx.url("/echo") + "\n\nx"), "PUT"));
    }
    TestPlugin sdk("net_sdk");
    const std::string large(8 << 20, 'b');
    CHECK(contains(sdk.call("http", "POST " + nginx.url("/large") + "\n\n" + large), "X-Length: 8388608"));
    EchoServer server({.behaviour = Behaviour::say_nothing});
    Limits limits;
    limits.v1_http_wait = 300ms;
    TestPlugin json("net_sdk", {.limits = limits});
    CHECK(contains(json.call("http_json", "http://" + server.address() + "/j\n{\"a\":1}"), "plugin_failed"));
    const std::string request = server.received_on(0);
    CAPTURE(request);
    CHECK(contains(request, "POST /j HTTP/1.1\r\n"));
    CHECK(contains(request, "Content-Type: application/json\r\n"));
    CHECK(request.ends_with("\r\n\r\n{\"a\":1}"));
}

TEST_CASE("a line break in a method, a header or a URL sends nothing") {
    EchoServer server({.behaviour = Behaviour::say_nothing});
    Limits limits;
    limits.v1_http_wait = 500ms;
    TestPlugin raw("net_raw", {.limits = limits});
    const std::string url = "http://" + server.address() + "/";
    const auto request = [&](std::string_view method, std::string_view to, std::string_view headers) {
        return raw.script({"http_request " + argument(method) + " " + argument(to) + " " + argument(headers)})[0];
    };
    for (const char* method : {"", "GET / HTTP/1.1\r\nX: y\r\n\r\nGET", "GET\r\n", "G T", "GET\n", "GET\t", "CONNECT", "G\x80T"}) {
        CAPTURE(method);
        CHECK(request(method, url, "[]") == "0");
        CHECK(contains(raw.last_remark(), "http_request"));
    }
    for (const char* line :
         {"X: a\\r\\nInjected: 1", "X: a\\nInjected: 1", "X: a\\rInjected: 1", "X\\r\\nInjected: 1", "X: a\\u0000b",
          " X: a", "X : a", ": a", "X", "", "X Y: a", "X: a\\u007f", "Transfer-Encoding: chunked",
          "Content-Length: 5", "Host: elsewhere.test", "Connection: close", "Proxy-Authorization: x"}) {
        CAPTURE(line);
        CHECK(request("GET", url, std::string("[\"") + line + "\"]") == "0");
        CHECK(contains(raw.last_remark(), "invalid_argument"));
    }
    for (const char* tail : {"a b", "a\r\nX: y", "a\nb", "a\tb", "\x01"})
        CHECK(request("GET", url + tail, "[]") == "0");
    CHECK(server.received_bytes() == 0);
    CHECK(server.connections() == 0);
}

TEST_CASE("a bad URL is an error that the log explains") {
    TestPlugin raw("net_raw");
    for (const char* url :
         {"", "/", "127.0.0.1", "http:", "http://", "http:///x", "http://:80/", "//127.0.0.1/", "ftp://127.0.0.1/",
          "file:///etc/passwd", "gopher://127.0.0.1/", "http://127.0.0.1:0/", "http://127.0.0.1:99999/",
          "http://127.0.0.1:x/", "http://127.0.0.1:80:80/", "http://[::1/", "http://::1/", "http://[::1]x/",
          "http://127.1/", "http://0x7f000001/", "http://2130706433/", "http://0177.0.0.1/", "http://user@127.0.0.1/",
          "http://user:pw@127.0.0.1/", "http://127.0.0.1\\@example.com/", "http://127.0.0.1%00.example.com/",
          "http://127.0.0.1%2f/", "http://a..b/", "http://exa mple.com/", "javascript:alert(1)", "HTTP//x"}) {
        CAPTURE(url);
        CHECK(raw.script({"http_request @GET " + argument(url) + " 0 0"})[0] == "0");
        CAPTURE(raw.last_remark());
        CHECK((contains(raw.last_remark(), "bad_url") || contains(raw.last_remark(), "bad_name")));
    }
    CHECK(raw.script({"http_request @GET " + argument("http://127.0.0.1/" + std::string(1 << 20, 'a')) + " 0 0"})[0] ==
          "0");
    NginxServer nginx;
    CHECK(contains(raw.call("http", "GET " + nginx.url()), "\"status\":200"));
}

TEST_CASE("headers that are not a JSON array of lines are an error") {
    EchoServer server({.behaviour = Behaviour::say_nothing});
    TestPlugin raw("net_raw");
    for (const std::string& headers :
         {std::string("["), std::string("[\"X: y\""), std::string("{}"), std::string("{\"X\":\"y\"}"),
          std::string("\"X: y\""), std::string("[1]"), std::string("[null]"), std::string("[[\"X: y\"]]"),
          std::string("[\"no colon\"]"), std::string("X: y"), std::string("[\"\\ud800: x\"]"),
          std::string("[\"a: b\"]]"), std::string("\xff\xfe"), std::string(100'000, '[')}) {
        CAPTURE(headers.substr(0, 40));
        CHECK(raw.script({"http_request @GET @http://" + server.address() + "/ " + argument(headers)})[0] == "0");
        CHECK(contains(raw.last_remark(), "invalid_argument"));
    }
    CHECK(server.connections() == 0);
    // None at all, and none in the array, are fine.
    NginxServer nginx;
    for (const char* headers : {"0", "@", "@[]", "@null"})
        CHECK(raw.script({"http_request @GET @" + nginx.url() + " " + headers + " 0"})[0] != "0");
}

TEST_CASE("an answer beyond the limits is an error") {
    NginxServer nginx({.server = "location /many { add_header X $long; return 200 ok; }",
                       .http = "map $uri $long { default " + std::string(3000, 'h') + "; }"});
    nginx.write("large", std::string(100'001, 'x'));
    nginx.write("fits", std::string(100'000, 'x'));
    Limits limits;
    limits.http_body_bytes = 100'000;
    limits.http_header_bytes = 2000;
    TestPlugin plugin("net_sdk", {.limits = limits});
    CHECK(contains(plugin.call("http", "GET " + nginx.url("/fits")), "bytes=100000"));
    CHECK(contains(plugin.call("http", "GET " + nginx.url("/large")), "plugin_failed"));
    CHECK(contains(plugin.last_remark(), "too_large"));
    CHECK(contains(plugin.call("http", "GET " + nginx.url("/many")), "plugin_failed"));
    CHECK(contains(plugin.last_remark(), "too_large"));
}

TEST_CASE("silence, a broken answer and a closed port are errors, told apart in the log") {
    Limits limits;
    limits.v1_http_wait = 300ms;
    TestPlugin raw("net_raw", {.limits = limits});
    EchoServer silent({.behaviour = Behaviour::say_nothing});
    CHECK(raw.call("http", "GET http://" + silent.address() + "/") == "plugin_failed: http_request");
    CHECK(contains(raw.last_remark(), "timed_out"));
    TestPlugin patient("net_raw");
    EchoServer closing({.behaviour = Behaviour::close});
    CHECK(patient.call("http", "GET http://" + closing.address() + "/") == "plugin_failed: http_request");
    CannedServer broken("HTTP/9.9 what\r\n\r\n");
    CHECK(patient.call("http", "GET " + broken.url()) == "plugin_failed: http_request");
    CannedServer cut("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort");
    CHECK(patient.call("http", "GET " + cut.url()) == "plugin_failed: http_request");
    CHECK(patient.call("http", "GET http://127.0.0.1:" + std::to_string(free_port()) + "/") ==
          "plugin_failed: http_request");
    CHECK(contains(patient.last_remark(), "refused"));
}

TEST_CASE("bytes that are not UTF-8 in a header do not break the JSON") {
    CannedServer server("HTTP/1.1 200 OK\r\nX-Odd: caf\xe9 \"quoted\" back\\slash\r\nContent-Length: 2\r\n\r\n\xff\xfe");
    TestPlugin raw("net_raw");
    const std::string json = raw.call("http", "GET " + server.url());
    CAPTURE(json);
    CHECK(contains(json, "caf\xef\xbf\xbd \\\"quoted\\\" back\\\\slash"));
    CHECK(contains(json, "\"body\":\"//4=\""));
    TestPlugin sdk("net_sdk");
    CHECK(contains(sdk.call("http", "GET " + server.url()), "bytes=2"));
}

TEST_SUITE_END();
