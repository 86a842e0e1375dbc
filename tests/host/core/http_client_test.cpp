#include "core/http_client.hpp"
#include "core/lookups.hpp"
#include "core/resolver.hpp"
#include "support/canned_server.hpp"
#include "support/dns_server.hpp"
#include "support/dnsmasq_server.hpp"
#include "support/echo_server.hpp"
#include "support/nginx_server.hpp"
#include "support/packing.hpp"
#include "support/ports.hpp"
#include "support/process.hpp"
#include "support/temporary_folder.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <set>
#include <span>
#include <sstream>
#include <string_view>

using namespace hws;
using namespace hws::host;
using namespace hws::host::core;
using namespace hws::test;
using namespace std::chrono_literals;
using namespace std::string_literals;

namespace {

std::vector<std::byte> bytes_of(std::string_view text) {
    const auto* data = reinterpret_cast<const std::byte*>(text.data());
    return {data, data + text.size()};
}

std::string text_of(const std::vector<std::byte>& bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// All values of a header, in their order.
std::vector<std::string> values_of(const HttpHeaders& headers, std::string_view name) {
    std::vector<std::string> values;
    for (const auto& header : headers)
        if (header.first == name) values.push_back(header.second);
    return values;
}

/// The numbers of the connections that nginx served requests on.
std::set<std::string> connections_in(const std::string& access_log) {
    std::set<std::string> numbers;
    std::istringstream lines(access_log);
    for (std::string line; std::getline(lines, line);)
        numbers.insert(line.substr(0, line.find(' ')));
    return numbers;
}

/// A plugin's client on a loop.
struct Browser {
    explicit Browser(std::initializer_list<std::string_view> rules = {"allow http:127.0.0.1:*"},
                     Limits with_limits = {}, ResolverOptions resolver_options = {},
                     HttpClientOptions options = {})
        : policy(Policy::parse(rules).value()), limits(with_limits),
          resolver(Resolver::create(*loop, std::move(resolver_options)).value()),
          lookups(*resolver, limits),
          client(
              std::make_unique<HttpClient>(*loop, lookups, policy, limits, std::move(options))) {}

    Result<HttpResponse> fetch(HttpRequest request, std::chrono::milliseconds wait = 20s) {
        return os::run(*loop, client->fetch(std::move(request), os::deadline_after(wait)));
    }
    Result<HttpResponse> get(std::string url, std::chrono::milliseconds wait = 20s) {
        return fetch({.method = "GET", .url = std::move(url), .headers = {}, .body = {}}, wait);
    }
    Errc error_of_get(std::string url, std::chrono::milliseconds wait = 20s) {
        const auto response = get(std::move(url), wait);
        REQUIRE_FALSE(response.has_value());
        INFO(response.error().message());
        return response.error().code();
    }
    template <class T> void run_all(std::vector<os::Task<T>>& tasks) {
        for (auto& task : tasks)
            task.start(*loop);
        loop->run_until([&] { return std::ranges::all_of(tasks, &os::Task<T>::is_done); });
    }

    std::unique_ptr<os::Loop> loop = os::Loop::create().value();
    Policy policy;
    Limits limits;
    std::unique_ptr<Resolver> resolver;
    Lookups lookups;
    std::unique_ptr<HttpClient> client;
};

std::string redirects_to(std::string_view location) {
    return "HTTP/1.1 302 Found\r\nLocation: " + std::string(location) +
           "\r\nContent-Length: 0\r\n\r\n";
}

} // namespace

TEST_SUITE_BEGIN("http");

TEST_CASE("a GET gives status, headers and body") {
    NginxServer nginx;
    Browser browser;

    const auto response = browser.get(nginx.url("/index.html"));

    REQUIRE(response.has_value());
    CHECK(response->status == 200);
    CHECK(text_of(response->body) == "hello from nginx\n");
    CHECK(values_of(response->headers, "Content-Length") == std::vector<std::string>{"17"});
    CHECK(response->url == nginx.url("/index.html"));
}

TEST_CASE("requests in turn use one connection") {
    NginxServer nginx;
    Browser browser;
    for (int i = 0; i < 20; ++i)
        CHECK(browser.get(nginx.url())->status == 200);
    CHECK(connections_in(nginx.access_log()).size() == 1);
}

TEST_CASE("two plugins never share a connection") {
    NginxServer nginx;
    Browser one;
    Browser other;
    for (int i = 0; i < 3; ++i) {
        CHECK(one.get(nginx.url())->status == 200);
        CHECK(other.get(nginx.url())->status == 200);
    }
    CHECK(connections_in(nginx.access_log()).size() == 2);
}

TEST_CASE("a connection that the server has closed meanwhile is replaced") {
    NginxServer nginx({.server = "keepalive_requests 2;", .http = ""});
    Browser browser;
    for (int i = 0; i < 6; ++i)
        CHECK(browser.get(nginx.url())->status == 200);
    CHECK(connections_in(nginx.access_log()).size() == 3);
}

TEST_CASE("a request whose kept connection dies is sent again, as it was, on a new one") {
    CannedServer server([](CannedConnection& connection) {
        const std::string head = connection.read_head();
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        if (connection.number() == 0) connection.read_head(); // and hangs up
    });
    Browser browser;
    CHECK(browser.get(server.url("/first")).value().status == 200);
    CHECK(browser.get(server.url("/second?x")).value().status == 200);
    std::vector<std::string> lines;
    for (const std::string& head : server.heads())
        lines.push_back(head.substr(0, head.find('\r')));
    CHECK(lines == std::vector<std::string>{"GET /first HTTP/1.1", "GET /second?x HTTP/1.1",
                                            "GET /second?x HTTP/1.1"});
}

TEST_CASE("connections that die one after the other spoil no request, however many they are") {
    CannedServer server([](CannedConnection& connection) {
        connection.read_head();
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        connection.read_head(); // and hangs up
    });
    Browser browser;
    for (int i = 0; i < 20; ++i) {
        CAPTURE(i);
        const auto response = browser.get(server.url());
        REQUIRE(response.has_value());
        CHECK(response->status == 200);
    }
    CHECK(server.connections() == 20);
}

TEST_CASE("fifty requests at once are all answered, and their connections are kept for the next") {
    NginxServer nginx;
    nginx.write("one", std::string(100'000, 'x'));
    Browser browser;
    for (int round = 0; round < 2; ++round) {
        std::vector<os::Task<HttpResponse>> tasks;
        for (int i = 0; i < 50; ++i)
            tasks.push_back(browser.client->fetch(
                {.method = "GET", .url = nginx.url("/one"), .headers = {}, .body = {}},
                os::deadline_after(20s)));
        browser.run_all(tasks);
        for (auto& task : tasks)
            CHECK(task.take_result()->body.size() == 100'000);
    }
    CHECK(connections_in(nginx.access_log()).size() <= 50);
}

TEST_CASE("an exchange beyond the limit is an error at once, until one of the others has ended") {
    NginxServer nginx;
    nginx.write("large", std::string(std::size_t{2} << 20, 'x'));
    Limits limits;
    limits.http_exchanges = 3;
    Browser browser({"allow http:127.0.0.1:*"}, limits);
    const auto start = [&] {
        return os::run(*browser.loop,
                       browser.client->start(
                           {.method = "GET", .url = nginx.url("/large"), .headers = {}, .body = {}},
                           os::deadline_after(20s)));
    };
    // Unread, each of them waits for its reader.
    std::vector<std::unique_ptr<HttpExchange>> unread;
    for (int i = 0; i < 3; ++i)
        unread.push_back(start().value());
    const auto fourth = start();
    REQUIRE_FALSE(fourth.has_value());
    CHECK(fourth.error() == Errc::too_many_handles);
    CHECK(fourth.error().context() == "more than 3 HTTP exchanges at once; read or close some");
    unread.pop_back();
    CHECK(start().has_value());
    CHECK(connections_in(nginx.access_log()).size() <= 5);
}

TEST_CASE("IPv6 literals work as IPv4 ones do") {
    if (!has_ipv6_loopback()) return;
    NginxServer nginx;
    Browser browser({"allow http:[::1]:*"});
    const auto response = browser.get("http://[::1]:" + std::to_string(nginx.port()) + "/");
    REQUIRE(response.has_value());
    CHECK(text_of(response->body) == "hello from nginx\n");
}

TEST_CASE("a header that comes twice is kept twice, in order") {
    NginxServer nginx({.server = "location /c { add_header Set-Cookie a=1; add_header X y; "
                                 "add_header Set-Cookie b=2; return 200 ok; }",
                       .http = ""});
    Browser browser;
    const auto response = browser.get(nginx.url("/c"));
    CHECK(values_of(response->headers, "Set-Cookie") == std::vector<std::string>{"a=1", "b=2"});
    // And no cookie is ever sent back.
    CHECK(browser.get(nginx.url("/c"))->status == 200);
}

TEST_CASE("a status such as 404 or 500 is an answer, not an error") {
    NginxServer nginx({.server = "location /500 { return 500 sorry; }", .http = ""});
    Browser browser;
    CHECK(browser.get(nginx.url("/nothing"))->status == 404);
    const auto response = browser.get(nginx.url("/500"));
    CHECK(response->status == 500);
    CHECK(text_of(response->body) == "sorry");
}

TEST_CASE("an 8 MiB body arrives whole") {
    NginxServer nginx;
    std::string body(std::size_t{8} << 20, '\0');
    for (std::size_t i = 0; i < body.size(); ++i)
        body[i] = static_cast<char>(i * 31 % 251);
    nginx.write("big", body);
    Browser browser;
    CHECK(text_of(browser.get(nginx.url("/big"))->body) == body);
}

TEST_CASE("chunked bodies and answers that end with the connection are read") {
    CannedServer chunked("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: T\r\n\r\n"
                         "5\r\nhello\r\n6\r\n world\r\n0\r\nT: 1\r\n\r\n");
    CannedServer closing("HTTP/1.0 200 OK\r\n\r\nhello world");
    Browser browser;
    CHECK(text_of(browser.get(chunked.url())->body) == "hello world");
    CHECK(values_of(browser.get(chunked.url())->headers, "T").empty());
    CHECK(text_of(browser.get(closing.url())->body) == "hello world");
}

TEST_CASE("what comes before the answer is not taken for it") {
    CannedServer server("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
                        "HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n");
    Browser browser;
    const auto response = browser.get(server.url());
    CHECK(response->status == 200);
    CHECK(values_of(response->headers, "Link").empty());
    CHECK(values_of(response->headers, "X") == std::vector<std::string>{"a b"});
}

TEST_CASE("a body beyond the limit is too large, packed or not") {
    NginxServer nginx(
        {.server =
             "location /packed { gzip on; gzip_types *; gzip_min_length 1; alias @PREFIX@/www; }",
         .http = ""});
    nginx.write("big", std::string(200'000, 'x'));
    Limits limits;
    limits.http_body_bytes = 100'000;
    Browser browser({"allow http:127.0.0.1:*"}, limits);
    CHECK(browser.error_of_get(nginx.url("/big")) == Errc::too_large);
    CHECK(browser.error_of_get(nginx.url("/packed/big")) == Errc::too_large);
    nginx.write("fits", std::string(100'000, 'x'));
    CHECK(browser.get(nginx.url("/fits"))->body.size() == 100'000);
}

TEST_CASE("headers beyond the limit are too large, in one line or in many") {
    std::string many = "HTTP/1.1 200 OK\r\n";
    for (int i = 0; i < 2000; ++i)
        many += "X-Padding: " + std::string(50, 'x') + "\r\n";
    CannedServer many_lines(many + "\r\n");
    CannedServer one_line("HTTP/1.1 200 OK\r\nX: " + std::string(200'000, 'x') + "\r\n\r\n");
    Limits limits;
    limits.http_header_bytes = 64 << 10;
    Browser browser({"allow http:127.0.0.1:*"}, limits);
    CHECK(browser.error_of_get(many_lines.url()) == Errc::too_large);
    CHECK(browser.error_of_get(one_line.url()) == Errc::too_large);
}

TEST_CASE("gzip is asked for and unpacked unless the request says itself what it accepts") {
    NginxServer nginx(
        {.server = "gzip on; gzip_types *; gzip_min_length 1; gzip_http_version 1.0;", .http = ""});
    nginx.write("text", std::string(10'000, 'x'));
    Browser browser;

    const auto unpacked = browser.get(nginx.url("/text"));
    CHECK(text_of(unpacked->body) == std::string(10'000, 'x'));
    CHECK(values_of(unpacked->headers, "Content-Encoding").empty());
    CHECK(values_of(unpacked->headers, "Content-Length").empty());

    const auto packed = browser.fetch({.method = "GET",
                                       .url = nginx.url("/text"),
                                       .headers = {{"accept-encoding", "gzip"}},
                                       .body = {}});
    CHECK(values_of(packed->headers, "Content-Encoding") == std::vector<std::string>{"gzip"});
    CHECK(packed->body.size() < 1'000);

    const auto plain = browser.fetch({.method = "GET",
                                      .url = nginx.url("/text"),
                                      .headers = {{"Accept-Encoding", "identity"}},
                                      .body = {}});
    CHECK(plain->body.size() == 10'000);
}

TEST_CASE("what was not asked for is unpacked all the same, and must come whole") {
    const std::string text(10'000, 'x');
    const auto answer = [](std::string_view coding, const std::string& packed) {
        return "HTTP/1.1 200 OK\r\nContent-Encoding: " + std::string(coding) +
               "\r\nContent-Length: " + std::to_string(packed.size()) + "\r\n\r\n" + packed;
    };
    Browser browser;
    CannedServer with_brotli(answer("br", brotli(text)));
    CHECK(text_of(browser.get(with_brotli.url())->body) == text);
    const std::string packed = gzip(text);
    CannedServer cut(answer("gzip", packed.substr(0, packed.size() - 1)));
    CHECK(browser.error_of_get(cut.url()) == Errc::protocol);
    CannedServer longer(answer("gzip", packed + "more"));
    CHECK(browser.error_of_get(longer.url()) == Errc::protocol);
    CannedServer unknown(answer("compress", packed));
    CHECK(browser.error_of_get(unknown.url()) == Errc::protocol);
}

TEST_CASE("method, headers and body arrive as they were given") {
    EchoServer server({.behaviour = Behaviour::say_nothing});
    Browser browser({"allow http:127.0.0.1:*"});
    const std::string url = "http://" + server.address() + "/path?q=1";
    const auto sent_by = [&](HttpRequest request, std::size_t connection) {
        request.url = url;
        const auto response = browser.fetch(std::move(request), 100ms);
        CHECK(response.error() == Errc::timed_out);
        return server.received_on(connection);
    };

    CHECK(sent_by({.method = "POST",
                   .url = {},
                   .headers = {{"X-A", "1"}, {"X-Empty", ""}, {"X-A", " 2 "}},
                   .body = bytes_of("hello")},
                  0) == "POST /path?q=1 HTTP/1.1\r\nHost: " + server.address() +
                            "\r\nUser-Agent: hws/0.1\r\nAccept: */*\r\nAccept-Encoding: "
                            "gzip\r\nX-A: 1\r\nX-Empty:\r\nX-A: 2\r\n"
                            "Content-Length: 5\r\n\r\nhello");
    CHECK(sent_by({.method = "PUT",
                   .url = {},
                   .headers = {{"Content-Type", "t/t"},
                               {"content-length", "0"},
                               {"User-Agent", "me"},
                               {"Accept", "x/y"},
                               {"Accept-Encoding", "identity"},
                               {"host", server.address()}},
                   .body = {}},
                  1) == "PUT /path?q=1 HTTP/1.1\r\nHost: " + server.address() +
                            "\r\nContent-Type: t/t\r\nUser-Agent: me\r\nAccept: "
                            "x/y\r\nAccept-Encoding: identity\r\n"
                            "Content-Length: 0\r\n\r\n");
    const std::string tail = " /path?q=1 HTTP/1.1\r\nHost: " + server.address() +
                             "\r\nUser-Agent: hws/0.1\r\nAccept: */*\r\nAccept-Encoding: gzip\r\n";
    CHECK(sent_by({.method = "GET", .url = {}, .headers = {}, .body = {}}, 2) ==
          "GET" + tail + "\r\n");
    CHECK(sent_by({.method = "GET", .url = {}, .headers = {}, .body = bytes_of("x")}, 3) ==
          "GET" + tail + "Content-Length: 1\r\n\r\nx");
    CHECK(sent_by({.method = "DELETE", .url = {}, .headers = {}, .body = {}}, 4) ==
          "DELETE" + tail + "\r\n");
    CHECK(sent_by({.method = "purge", .url = {}, .headers = {}, .body = bytes_of("y")}, 5) ==
          "purge" + tail + "Content-Length: 1\r\n\r\ny");
    CHECK(sent_by({.method = "HEAD", .url = {}, .headers = {}, .body = {}}, 6) ==
          "HEAD /path?q=1 HTTP/1.1\r\nHost: " + server.address() +
              "\r\nUser-Agent: hws/0.1\r\nAccept: */*\r\n\r\n");
}

TEST_CASE("a large body is sent without waiting for 100 Continue") {
    NginxServer nginx(
        {.server = "location /up { proxy_pass http://127.0.0.1:@PORT@/down; } location /down { "
                   "client_body_in_single_buffer on; return 200 $content_length; }",
         .http = ""});
    Browser browser;
    const auto start = os::Clock::now();
    const auto response = browser.fetch({.method = "POST",
                                         .url = nginx.url("/up"),
                                         .headers = {},
                                         .body = std::vector<std::byte>(std::size_t{4} << 20)});
    CHECK(text_of(response->body) == "4194304");
    CHECK(os::Clock::now() - start < 5s);
}

TEST_CASE("HEAD and 204 have no body, and the connection goes on") {
    NginxServer nginx({.server = "location /204 { return 204; }", .http = ""});
    Browser browser;
    const auto head =
        browser.fetch({.method = "HEAD", .url = nginx.url(), .headers = {}, .body = {}});
    CHECK(head->status == 200);
    CHECK(head->body.empty());
    CHECK(values_of(head->headers, "Content-Length") == std::vector<std::string>{"17"});
    const auto none = browser.get(nginx.url("/204"));
    CHECK(none->status == 204);
    CHECK(none->body.empty());
    CHECK(browser.get(nginx.url())->body.size() == 17);
    CHECK(connections_in(nginx.access_log()).size() == 1);
}

TEST_CASE("ten redirects are followed and the eleventh is an error") {
    NginxServer nginx(
        {.server = "location ~ ^/r/1$ { return 302 /done; } location ~ ^/r/(?<n>1?)(?<d>[0-9])$ { "
                   "return 302 /r/$next; } location /done { return 200 done; }",
         .http = "map $uri $next { /r/2 1; /r/3 2; /r/4 3; /r/5 4; /r/6 5; /r/7 6; /r/8 7; /r/9 8; "
                 "/r/10 9; /r/11 10; }"});
    Browser browser;
    const auto response = browser.get(nginx.url("/r/10"));
    REQUIRE(response.has_value());
    CHECK(text_of(response->body) == "done");
    CHECK(response->url == nginx.url("/done"));
    CHECK(browser.error_of_get(nginx.url("/r/11")) == Errc::too_many_redirects);
    CHECK(connections_in(nginx.access_log()).size() <= 2);
}

TEST_CASE("a redirect loop ends, and without a limit a redirect is an answer") {
    NginxServer nginx({.server = "location /loop { return 301 /loop; }", .http = ""});
    Browser browser;
    CHECK(browser.error_of_get(nginx.url("/loop")) == Errc::too_many_redirects);
    const auto response = browser.fetch({.method = "GET",
                                         .url = nginx.url("/loop"),
                                         .headers = {},
                                         .body = {},
                                         .max_redirects = {}});
    CHECK(response->status == 301);
    const auto none = browser.fetch({.method = "GET",
                                     .url = nginx.url("/loop"),
                                     .headers = {},
                                     .body = {},
                                     .max_redirects = 0});
    CHECK(none.error() == Errc::too_many_redirects);
}

TEST_CASE("a redirect to a denied address is denied, and nothing arrives there") {
    EchoServer canary({.behaviour = Behaviour::say_nothing});
    for (const std::string& location : {"http://" + canary.address() + "/",
                                        "http://localhost:" + std::to_string(canary.port()) + "/",
                                        "//" + canary.address() + "/"}) {
        CannedServer server(redirects_to(location));
        Browser browser({"allow http:127.0.0.1:" + std::to_string(server.port())});
        CHECK(browser.error_of_get(server.url()) == Errc::denied);
    }
    // Nor by a scheme that only https rules know.
    CannedServer server(redirects_to("https://" + canary.address() + "/"));
    Browser browser;
    CHECK(browser.error_of_get(server.url()) == Errc::denied);
    CHECK(canary.connections() == 0);
}

TEST_CASE("a redirect to what is no http URL is refused") {
    for (const char* location :
         {"ftp://127.0.0.1/", "file:///etc/passwd", "http://2130706433/", "http://u@127.0.0.1/"}) {
        CannedServer server(redirects_to(location));
        Browser browser;
        const Errc error = browser.error_of_get(server.url());
        CHECK((error == Errc::bad_url || error == Errc::bad_name));
    }
}

TEST_CASE("credentials stay with the origin they were given for") {
    EchoServer other({.behaviour = Behaviour::say_nothing});
    CannedServer server(redirects_to("http://" + other.address() + "/x"));
    Browser browser;
    const auto response = browser.fetch(
        {.method = "GET",
         .url = server.url(),
         .headers = {{"authorization", "secret"}, {"Cookie", "secret"}, {"X-Other", "1"}},
         .body = {}},
        200ms);
    CHECK(response.error() == Errc::timed_out);
    const std::string seen = other.received_on(0);
    CHECK(seen.find("X-Other: 1") != seen.npos);
    CHECK(seen.find("secret") == seen.npos);
}

TEST_CASE("303 turns a POST into a GET, 307 repeats it") {
    NginxServer nginx(
        {.server = "location /303 { return 303 /seen; } location /302 { return 302 /seen; } "
                   "location /307 { return 307 /seen; } location /seen { return 200 "
                   "\"$request_method $http_authorization $content_length\"; }",
         .http = ""});
    Browser browser;
    const auto post = [&](const char* path) {
        const auto response =
            browser.fetch({.method = "POST",
                           .url = nginx.url(path),
                           .headers = {{"Authorization", "mine"}, {"Content-Type", "text/plain"}},
                           .body = bytes_of("body")});
        return response ? text_of(response->body) : response.error().message();
    };
    CHECK(post("/303") == "GET mine ");
    CHECK(post("/302") == "GET mine ");
    CHECK(post("/307") == "POST mine 4");
}

TEST_CASE("a redirect with a long body is followed all the same") {
    CannedServer server(
        "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 1000000\r\n\r\n" +
        std::string(1'000'000, 'x'));
    Browser browser;
    CHECK(browser.error_of_get(server.url()) == Errc::too_many_redirects);
    CHECK(server.connections() == 11);
}

TEST_CASE("a header or method that would end its line is refused before anything is sent") {
    EchoServer canary({.behaviour = Behaviour::say_nothing});
    Browser browser;
    const std::string url = "http://" + canary.address() + "/";
    using namespace std::string_literals;
    for (const auto& [name, value] : {std::pair{"X"s, "a\r\nHost: evil"s},
                                      {"X"s, "a\nb"s},
                                      {"X"s, "a\rb"s},
                                      {"X"s, "a\0b"s},
                                      {"X\r\nY"s, "a"s},
                                      {"X: y"s, "a"s},
                                      {"X Y"s, "a"s},
                                      {""s, "a"s},
                                      {"X\0"s, "a"s},
                                      {"X\xc3\xa4"s, "a"s},
                                      {"X"s, "a\x01"s},
                                      {"X"s, "a\x7f"s},
                                      {"Host"s, "evil.test"s},
                                      {"Content-Length"s, "5"s},
                                      {"Transfer-Encoding"s, "chunked"s},
                                      {"Connection"s, "close"s},
                                      {"Proxy-Authorization"s, "x"s},
                                      {"upgrade"s, "h2c"s},
                                      {"TE"s, "gzip"s}}) {
        CAPTURE(name);
        const auto response =
            browser.fetch({.method = "GET", .url = url, .headers = {{name, value}}, .body = {}});
        CHECK(response.error() == Errc::invalid_argument);
        CHECK(response.error().context().find_first_of("\r\n"s + '\0') == std::string::npos);
    }
    for (const std::string& method :
         {""s, "GET /x HTTP/1.1\r\n\r\nGET"s, "G ET"s, "GET\0"s, "CONNECT"s}) {
        const auto response =
            browser.fetch({.method = method, .url = url, .headers = {}, .body = {}});
        CHECK(response.error() == Errc::invalid_argument);
    }
    CHECK(browser.error_of_get(url + "\r\nX: y") == Errc::bad_url);
    CHECK(browser.error_of_get("ftp://" + canary.address()) == Errc::bad_url);
    CHECK(canary.connections() == 0);
}

TEST_CASE("a silent server times out, and the connection is gone at once") {
    EchoServer server({.behaviour = Behaviour::say_nothing});
    Browser browser;
    const auto start = os::Clock::now();
    CHECK(browser.error_of_get("http://" + server.address() + "/", 100ms) == Errc::timed_out);
    CHECK(os::Clock::now() - start < 2s);
}

TEST_CASE("a request can be given up while it is in flight, and the client goes on") {
    EchoServer silent({.behaviour = Behaviour::say_nothing});
    NginxServer nginx;
    Browser browser;
    {
        auto task = browser.client->fetch(
            {.method = "GET", .url = "http://" + silent.address() + "/", .headers = {}, .body = {}},
            os::no_deadline);
        task.start(*browser.loop);
        const auto arrival = [](const EchoServer& server) -> os::Task<> {
            while (server.received_bytes() == 0)
                co_await os::yield_now();
            co_return {};
        };
        CHECK(os::run(*browser.loop, arrival(silent)));
        CHECK_FALSE(task.is_done());
    }
    CHECK(browser.get(nginx.url())->status == 200);
    // Before its first step, too.
    browser.client
        ->fetch({.method = "GET", .url = nginx.url(), .headers = {}, .body = {}}, os::no_deadline)
        .start(*browser.loop);
    CHECK(browser.get(nginx.url())->status == 200);
}

TEST_CASE("a server that closes early or breaks the protocol is told apart from one that refuses") {
    Browser browser;
    EchoServer closing({.behaviour = Behaviour::close});
    CHECK(browser.error_of_get("http://" + closing.address() + "/") == Errc::reset);
    EchoServer resetting({.behaviour = Behaviour::reset});
    CHECK(browser.error_of_get("http://" + resetting.address() + "/") == Errc::reset);
    CannedServer cut("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    CHECK(browser.error_of_get(cut.url()) == Errc::reset);
    CannedServer cut_chunk("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n100\r\nhalf");
    CHECK(browser.error_of_get(cut_chunk.url()) == Errc::reset);
    CannedServer no_chunk("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n");
    CHECK(browser.error_of_get(no_chunk.url()) == Errc::protocol);
    CannedServer babbling("SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n");
    CHECK(browser.error_of_get(babbling.url()) == Errc::protocol);
    CHECK(browser.error_of_get("http://127.0.0.1:" + std::to_string(free_port()) + "/") ==
          Errc::refused);
}

TEST_CASE("an https URL asks for an https rule, and a server without TLS fails the handshake") {
    NginxServer nginx;
    Browser without;
    CHECK(without.error_of_get("https://" + nginx.address() + "/") == Errc::denied);
    Browser browser({"allow https:127.0.0.1:*"});
    CHECK(browser.error_of_get("https://" + nginx.address() + "/") == Errc::tls_failed);
    CHECK(browser.error_of_get(nginx.url()) == Errc::denied);
}

TEST_CASE("TLS is verified: the issuer, the name and the address") {
    TemporaryFolder folder;
    const std::string key = folder.path() / "key.pem";
    const std::string certificate = folder.path() / "certificate.pem";
    REQUIRE(run_process({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                         "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", certificate,
                         "-days", "2", "-subj", "/CN=web.test", "-addext",
                         "subjectAltName=DNS:web.test,IP:127.0.0.1"})
                .wait(1s) == 0);
    const std::string port = std::to_string(free_port());
    NginxServer nginx({.server = "",
                       .http = "server { listen 127.0.0.1:" + port +
                               " ssl http2; ssl_certificate " + certificate +
                               "; ssl_certificate_key " + key + "; root @PREFIX@/www; }"});
    DnsmasqServer dns({"--address=/test/127.0.0.1"});
    const ResolverOptions resolver{
        .servers = {dns.address()}, .search_domains = {}, .timeout = 2s, .tries = 1};
    const std::string by_name = "https://web.test:" + port + "/";

    Browser trusting({"allow https:127.0.0.1:*", "allow https:*.test:*"}, {}, resolver,
                     {.tls = {.ca_file = certificate}});
    const auto response = trusting.get(by_name);
    REQUIRE(response.has_value());
    CHECK(text_of(response->body) == "hello from nginx\n");
    CHECK(trusting.get("https://127.0.0.1:" + port + "/").has_value());
    CHECK(trusting.error_of_get("https://other.test:" + port + "/") == Errc::tls_failed);
    auto exchange =
        os::run(*trusting.loop,
                trusting.client->start({.method = "GET", .url = by_name, .headers = {}, .body = {}},
                                       os::deadline_after(20s)));
    REQUIRE(exchange.has_value());
    CHECK((*exchange)->head().version == 20);

    Browser strict({"allow https:127.0.0.1:*", "allow https:*.test:*"}, {}, resolver);
    CHECK(strict.error_of_get(by_name) == Errc::tls_failed);
}

TEST_CASE("names are resolved by our resolver, and their addresses need a rule of their own") {
    NginxServer nginx;
    DnsmasqServer dns({"--host-record=web.test,127.0.0.1", "--address=/nowhere.test/"});
    const ResolverOptions options{
        .servers = {dns.address()}, .search_domains = {}, .timeout = 2s, .tries = 1};
    const std::string port = ":" + std::to_string(nginx.port());

    Browser by_name({"allow http:*.test:*"}, {}, options);
    CHECK(by_name.error_of_get("http://web.test" + port + "/") == Errc::denied);
    CHECK(by_name.error_of_get("http://nowhere.test" + port + "/") == Errc::name_not_found);
    CHECK(nginx.access_log().empty());

    Browser by_both({"allow http:web.test:*", "allow http:127.0.0.1:*"}, {}, options);
    for (int i = 0; i < 3; ++i) {
        const auto response = by_both.get("http://Web.test" + port + "/");
        REQUIRE(response.has_value());
        CHECK(text_of(response->body) == "hello from nginx\n");
    }
    CHECK(connections_in(nginx.access_log()).size() == 1);

    Browser unnamed({"deny http:*:*"}, {}, options);
    CHECK(unnamed.error_of_get("http://secret.test/") == Errc::denied);
    CHECK(dns.query_log().find("secret.test") == std::string::npos);
}

TEST_CASE("requests in a row ask for their name once, and after a while again") {
    namespace wire = hws::test::dns;
    DnsServer dns([](const DnsQuestion& question) {
        if (question.type != wire::a) return std::vector{wire::answer(question, {})};
        return std::vector{wire::answer(question, {wire::record(wire::a, "\x7f\0\0\1"s)})};
    });
    NginxServer nginx;
    const std::string url = "http://web.test:" + std::to_string(nginx.port()) + "/";
    Limits limits;
    for (const auto reuse : {5min, 0min}) {
        limits.http_name_reuse = reuse;
        const auto asked_before = std::ranges::count(dns.questions(), "A web.test");
        Browser browser({"allow http:web.test:*", "allow http:127.0.0.1:*"}, limits,
                        {.servers = {dns.address()}, .search_domains = {}});
        for (int i = 0; i < 3; ++i)
            CHECK(browser.get(url).value().status == 200);
        CHECK(std::ranges::count(dns.questions(), "A web.test") - asked_before ==
              (reuse == 0min ? 3 : 1));
    }
}

TEST_CASE("a name's look-ups for HTTP count with the plugin's others") {
    DnsServer silent([](const auto&) { return std::vector<std::string>(); });
    Limits limits;
    limits.lookups = 1;
    Browser browser({"allow http:*:*"}, limits,
                    {.servers = {silent.address()}, .search_domains = {}});
    auto waiting = browser.client->fetch(
        {.method = "GET", .url = "http://a.test/", .headers = {}, .body = {}}, os::no_deadline);
    waiting.start(*browser.loop);
    CHECK(browser.lookups.pending() == 1);
    CHECK(browser.error_of_get("http://b.test/") == Errc::rate_limited);
}

TEST_CASE("of too many cookies some are forgotten, those of other hosts first") {
    NginxServer nginx({.server = "location /set { add_header Set-Cookie $arg_c; return 200 ok; } "
                                 "location /show { return 200 '$http_cookie'; }",
                       .http = ""});
    Limits limits;
    limits.http_cookie_bytes = 2000;
    Browser browser({"allow http:loopback:*"}, limits);
    const auto at = [&](std::string_view host, std::string path) {
        const auto response = browser.fetch(
            {.url = "http://" + std::string(host) + ":" + std::to_string(nginx.port()) + path,
             .headers = {},
             .body = {},
             .keeps_cookies = true});
        return text_of(response.value().body);
    };
    const auto cookies_of = [&](std::string_view host) {
        const std::string sent = at(host, "/show");
        return sent.empty() ? 0 : std::ranges::count(sent, '=');
    };
    const std::string value(300, 'v'); // a cookie takes 331 bytes
    for (int i = 0; i < 3; ++i)
        CHECK(at("a.localhost", "/set?c=a" + std::to_string(i) + "=" + value) == "ok");
    CHECK(cookies_of("a.localhost") == 3);
    for (int i = 0; i < 4; ++i)
        CHECK(at("b.localhost", "/set?c=b" + std::to_string(i) + "=" + value) == "ok");
    CHECK(cookies_of("b.localhost") == 4);
    CHECK(cookies_of("a.localhost") == 2);
    for (int i = 4; i < 20; ++i)
        CHECK(at("b.localhost", "/set?c=b" + std::to_string(i) + "=" + value) == "ok");
    CHECK(cookies_of("b.localhost") == 6);
    CHECK(cookies_of("a.localhost") == 0);
}

TEST_CASE("a streamed body makes the server wait for its reader") {
    NginxServer nginx;
    std::string body(std::size_t{4} << 20, '\0');
    for (std::size_t i = 0; i < body.size(); ++i)
        body[i] = static_cast<char>(i * 7 % 253);
    nginx.write("big", body);
    Browser browser;
    auto exchange = os::run(
        *browser.loop, browser.client->start(
                           {.method = "GET", .url = nginx.url("/big"), .headers = {}, .body = {}},
                           os::deadline_after(20s)));
    REQUIRE(exchange.has_value());
    CHECK((*exchange)->head().status == 200);
    CHECK((*exchange)->head().version == 11);

    // Nobody reads: the buffer fills, and stays bounded.
    (void)os::run(*browser.loop, [](os::Loop& loop) -> os::Task<> {
        co_await os::sleep_until(loop, os::deadline_after(100ms));
        co_return Result<void>();
    }(*browser.loop));
    CHECK((*exchange)->readable_bytes() >= std::size_t{256} << 10);
    CHECK((*exchange)->readable_bytes() < std::size_t{320} << 10);

    std::string seen;
    std::vector<std::byte> piece(10'000);
    for (;;) {
        const auto bytes =
            os::run(*browser.loop, (*exchange)->read(piece, os::deadline_after(20s)));
        REQUIRE(bytes.has_value());
        if (*bytes == 0) break;
        seen.append(reinterpret_cast<const char*>(piece.data()), *bytes);
    }
    CHECK(seen == body);
    CHECK((*exchange)->is_complete());
    // The other exchanges of the client were not held up meanwhile, and the connection is used
    // again.
    CHECK(browser.get(nginx.url())->status == 200);
    CHECK(connections_in(nginx.access_log()).size() == 1);
}

TEST_CASE("an exchange that outlives its client is canceled") {
    NginxServer nginx;
    nginx.write("big", std::string(std::size_t{4} << 20, 'x'));
    Browser browser;
    auto exchange = os::run(
        *browser.loop, browser.client->start(
                           {.method = "GET", .url = nginx.url("/big"), .headers = {}, .body = {}},
                           os::deadline_after(20s)));
    REQUIRE(exchange.has_value());
    browser.client.reset();
    std::vector<std::byte> piece(1'000'000);
    Result<std::size_t> bytes = std::size_t{1};
    while (bytes && *bytes > 0)
        bytes = (*exchange)->try_read(piece);
    REQUIRE_FALSE(bytes.has_value());
    CHECK(bytes.error() == Errc::canceled);
}

TEST_CASE("an idle client does nothing") {
    NginxServer nginx;
    Browser browser;
    CHECK(browser.get(nginx.url())->status == 200);
    nginx.process().stop(); // the idle connection hangs up
    int rounds = 0;
    const auto until = os::deadline_after(200ms);
    auto sleep = [](os::Loop& loop, os::Deadline deadline) -> os::Task<> {
        co_await os::sleep_until(loop, deadline);
        co_return Result<void>();
    }(*browser.loop, until);
    sleep.start(*browser.loop);
    browser.loop->run_until([&] {
        ++rounds;
        return sleep.is_done();
    });
    CHECK(rounds < 20);
    CHECK(browser.error_of_get(nginx.url()) == Errc::refused);
}

TEST_SUITE_END();
