#include "core/http_proxy.hpp"

#include "core/http_client.hpp"
#include "core/lookups.hpp"
#include "core/resolver.hpp"
#include "support/canned_server.hpp"
#include "support/certificates.hpp"
#include "support/dns_server.hpp"
#include "support/nginx_server.hpp"
#include "support/ports.hpp"
#include "support/proxy_server.hpp"
#include "support/tls_server.hpp"

#include <cstdlib>
#include <doctest/doctest.h>
#include <string>
#include <string_view>

using namespace hws;
using namespace hws::host;
using namespace hws::host::core;
using namespace hws::test;
using namespace std::chrono_literals;
using namespace std::string_literals;

namespace {

/// A plugin's client behind a proxy.
struct Behind {
    explicit Behind(const std::string& proxy,
                    std::initializer_list<std::string_view> rules = {"allow http:127.0.0.1:*"},
                    std::vector<std::string> name_servers = {}, TlsOptions tls = {})
        : policy(Policy::parse(rules).value()),
          resolver(Resolver::create(*loop, {.servers = std::move(name_servers), .search_domains = {}})
                       .value()),
          client(*loop, lookups, policy, limits, {.tls = std::move(tls), .proxy = HttpProxy::parse(proxy).value()}) {}

    Result<HttpResponse> get(std::string url, HttpHeaders headers = {}) {
        return os::run(*loop, client.fetch({.method = "GET",
                                            .url = std::move(url),
                                            .headers = std::move(headers),
                                            .body = {}},
                                           os::deadline_after(20s)));
    }
    Errc error_of_get(std::string url) {
        const auto response = get(std::move(url));
        REQUIRE_FALSE(response.has_value());
        return response.error().code();
    }

    std::unique_ptr<os::Loop> loop = os::Loop::create().value();
    Policy policy;
    Limits limits;
    std::unique_ptr<Resolver> resolver;
    Lookups lookups{*resolver, limits};
    HttpClient client;
};

std::string http_proxy(std::uint16_t port) {
    return "http://127.0.0.1:" + std::to_string(port);
}

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != text.npos;
}

std::string text_of(const HttpResponse& response) {
    return {reinterpret_cast<const char*>(response.body.data()), response.body.size()};
}

/// Says that web.test and proxy.test are this machine.
std::vector<std::string> this_machine(const DnsQuestion& question) {
    namespace wire = hws::test::dns;
    if (question.type != wire::a) return {wire::answer(question, {})};
    return {wire::answer(question, {wire::record(wire::a, "\x7f\0\0\1"s)})};
}

} // namespace

TEST_SUITE_BEGIN("http_proxy");

TEST_CASE("a proxy's URL is read with its kind, place and credentials, and anything else is refused") {
    const HttpProxy plain = HttpProxy::parse("http://Proxy.example:3128/").value();
    CHECK(plain.kind() == HttpProxy::Kind::http);
    CHECK(plain.target().to_string() == "proxy.example:3128");
    CHECK(plain.user().empty());
    const HttpProxy over_tls = HttpProxy::parse("https://proxy.example:3129").value();
    CHECK(over_tls.kind() == HttpProxy::Kind::https);
    CHECK(over_tls.target().to_string() == "proxy.example:3129");
    const HttpProxy socks = HttpProxy::parse("socks5://me:p%40ss%3a@[::1]:1080").value();
    CHECK(socks.kind() == HttpProxy::Kind::socks5);
    CHECK(socks.target().to_string() == "[::1]:1080");
    CHECK(socks.user() == "me");
    CHECK(socks.password() == "p@ss:");
    for (const char* text :
         {"", "proxy:3128", "ftp://proxy:3128", "https://proxy", "http://", "http://proxy", "http://proxy:0",
          "http://proxy:3128/path", "http://proxy:3128?x", "socks5h://proxy:1080", "http://0x7f.1:80",
          "http://:secret@proxy:3128", "http://a b:c@proxy:3128", "HTTP://proxy:80"}) {
        CAPTURE(text);
        const auto proxy = HttpProxy::parse(text);
        REQUIRE_FALSE(proxy.has_value());
        CHECK(proxy.error() == Errc::bad_url);
        CHECK_FALSE(contains(proxy.error().context(), "secret"));
    }
}

TEST_CASE("requests go through the proxy's tunnel, in a row through the same one") {
    NginxServer nginx;
    TinyproxyServer tinyproxy;
    Behind plugin(http_proxy(tinyproxy.port()));
    for (int i = 0; i < 3; ++i) {
        const auto response = plugin.get(nginx.url());
        REQUIRE(response.has_value());
        CHECK(text_of(*response) == "hello from nginx\n");
        // What the proxy says for itself is no header of the answer.
        for (const auto& [name, value] : response->headers)
            CHECK_FALSE(contains(name, "roxy"));
    }
    const std::string log = tinyproxy.log();
    const std::string connect = "CONNECT " + nginx.address();
    CHECK(contains(log, connect));
    CHECK(log.find(connect) == log.rfind(connect));
}

TEST_CASE("a name is resolved here, and the proxy is told the address that was judged") {
    NginxServer nginx;
    TinyproxyServer tinyproxy;
    DnsServer dns(&this_machine);
    const std::string url = "http://web.test:" + std::to_string(nginx.port()) + "/";
    const std::string proxy = "http://proxy.test:" + std::to_string(tinyproxy.port());

    Behind by_name(proxy, {"allow http:web.test:*"}, {dns.address()});
    CHECK(by_name.error_of_get(url) == Errc::denied); // since it is loopback
    CHECK_FALSE(contains(tinyproxy.log(), "Request ("));

    Behind plugin(proxy, {"allow http:web.test:*", "allow http:127.0.0.1:*"}, {dns.address()});
    const auto response = plugin.get(url);
    REQUIRE(response.has_value());
    CHECK(text_of(*response) == "hello from nginx\n");
    CHECK(contains(tinyproxy.log(), "CONNECT " + nginx.address()));
    CHECK_FALSE(contains(tinyproxy.log(), "web.test"));
}

TEST_CASE("what the policy denies never reaches the proxy, at a redirect neither") {
    NginxServer nginx({.server = "location /away { return 302 http://127.0.0.2/; }", .http = ""});
    TinyproxyServer tinyproxy;
    Behind plugin(http_proxy(tinyproxy.port()));
    CHECK(plugin.error_of_get("http://127.0.0.2/") == Errc::denied);
    CHECK(plugin.error_of_get("https://" + nginx.address() + "/") == Errc::denied);
    CHECK(plugin.error_of_get("http://secret.test/") == Errc::denied);
    // The proxy itself is nothing that a rule has to allow, nor that it makes reachable.
    Behind elsewhere(http_proxy(tinyproxy.port()), {"allow http:127.0.0.1:1"});
    CHECK(elsewhere.error_of_get(http_proxy(tinyproxy.port())) == Errc::denied);
    CHECK_FALSE(contains(tinyproxy.log(), "Request ("));

    CHECK(plugin.error_of_get(nginx.url("/away")) == Errc::denied);
    CHECK(contains(tinyproxy.log(), "CONNECT " + nginx.address()));
    CHECK_FALSE(contains(tinyproxy.log(), "127.0.0.2"));
}

TEST_CASE("what the proxy refuses is refused, and so is a proxy that is not there") {
    NginxServer nginx;
    TinyproxyServer strict("ConnectPort 1\n");
    Behind plugin(http_proxy(strict.port()));
    const auto response = plugin.get(nginx.url());
    REQUIRE_FALSE(response.has_value());
    CHECK(response.error() == Errc::refused);
    CHECK(contains(response.error().context(), "the proxy answers 403"));
    CHECK(nginx.access_log().empty());

    Behind nowhere(http_proxy(free_port()));
    CHECK(nowhere.error_of_get(nginx.url()) == Errc::refused);
    CHECK(nginx.access_log().empty());
}

TEST_CASE("the proxy sees its own credentials, and none of the plugin's headers") {
    CannedServer proxy("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
    Behind plugin("http://me:pass@" + proxy.address());
    const auto response =
        plugin.get("http://127.0.0.1:81/secret?path", {{"Authorization", "secret"}, {"X-Y", "z"}});
    REQUIRE_FALSE(response.has_value());
    CHECK(response.error() == Errc::refused);
    REQUIRE(proxy.heads().size() == 1);
    const std::string head = proxy.heads()[0];
    CHECK(head.starts_with("CONNECT 127.0.0.1:81 HTTP/1.1\r\n"));
    CHECK(contains(head, "Proxy-Authorization: Basic bWU6cGFzcw==\r\n"));
    CHECK_FALSE(contains(head, "secret"));
    CHECK_FALSE(contains(head, "X-Y"));
}

TEST_CASE("SOCKS 5 takes requests through as well, to the same addresses") {
    NginxServer nginx;
    SocksServer socks("me", "p@ss");
    DnsServer dns(&this_machine);
    const std::string place = "127.0.0.1:" + std::to_string(socks.port());
    Behind plugin("socks5://me:p%40ss@" + place,
                  {"allow http:web.test:*", "allow http:127.0.0.1:*"}, {dns.address()});
    const auto response = plugin.get("http://web.test:" + std::to_string(nginx.port()) + "/");
    REQUIRE(response.has_value());
    CHECK(text_of(*response) == "hello from nginx\n");
    CHECK(contains(socks.log(), nginx.address()));
    CHECK_FALSE(contains(socks.log(), "web.test"));
    CHECK(plugin.error_of_get("http://127.0.0.2:" + std::to_string(nginx.port()) + "/") ==
          Errc::denied);
    CHECK_FALSE(contains(socks.log(), "127.0.0.2"));

    Behind stranger("socks5://me:wrong@" + place);
    CHECK(stranger.error_of_get(nginx.url()) == Errc::refused);
}

TEST_CASE("the environment's variables for proxies count for nothing") {
    NginxServer nginx;
    TinyproxyServer tinyproxy;
    const std::string wrong = http_proxy(free_port());
    REQUIRE(::setenv("http_proxy", wrong.c_str(), 1) == 0);
    REQUIRE(::setenv("no_proxy", "*", 1) == 0);
    Behind plugin(http_proxy(tinyproxy.port()));
    const auto response = plugin.get(nginx.url());
    ::unsetenv("http_proxy");
    ::unsetenv("no_proxy");
    REQUIRE(response.has_value());
    CHECK(contains(tinyproxy.log(), "CONNECT " + nginx.address()));
}

TEST_CASE("where the proxy cannot reach an address, the next one is tried, and no other that is refused") {
    DnsServer dns([](const DnsQuestion& question) -> std::vector<std::string> {
        namespace wire = hws::test::dns;
        if (question.type != wire::a) return {wire::answer(question, {})};
        return {wire::answer(question, {wire::record(wire::a, "\x7f\0\0\1"s),
                                        wire::record(wire::a, "\x7f\0\0\2"s)})};
    });
    const auto behind = [&](const CannedServer& proxy) {
        return std::make_unique<Behind>("http://" + proxy.address(),
                                        std::initializer_list<std::string_view>{
                                            "allow http:web.test:*", "allow http:127.0.0.0/8:*"},
                                        std::vector{dns.address()});
    };
    CannedServer far([](CannedConnection& connection) {
        connection.read_head();
        if (connection.number() == 0) {
            connection.send("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
            return;
        }
        connection.send("HTTP/1.1 200 Connected\r\n\r\n");
        connection.read_head();
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    });
    const auto response = behind(far)->get("http://web.test:81/");
    REQUIRE(response.has_value());
    CHECK(text_of(*response) == "hello");
    const auto heads = far.heads();
    REQUIRE(heads.size() == 3);
    CHECK(heads[0].starts_with("CONNECT 127.0.0."));
    CHECK(heads[1].starts_with("CONNECT 127.0.0."));
    CHECK(heads[0].substr(0, 17) != heads[1].substr(0, 17));

    CannedServer nowhere("HTTP/1.1 504 Gateway Timeout\r\nContent-Length: 0\r\n\r\n");
    CHECK(behind(nowhere)->error_of_get("http://web.test:81/") == Errc::refused);
    CHECK(nowhere.heads().size() == 2);
    CannedServer strict("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    CHECK(behind(strict)->error_of_get("http://web.test:81/") == Errc::refused);
    CHECK(strict.heads().size() == 1);
}

TEST_CASE("a proxy over TLS is verified, and then asked like any other") {
    CertificateAuthority authority;
    std::string connect;
    const auto read_head = [](TlsPeer& peer) {
        std::string head;
        while (!head.ends_with("\r\n\r\n")) {
            const std::string more = peer.receive();
            if (more.empty()) break;
            head += more;
        }
        return head;
    };
    TlsServer proxy({.certificate = authority.issue("IP:127.0.0.1")}, [&](TlsPeer& peer) {
        connect = read_head(peer);
        peer.send("HTTP/1.1 200 Connected\r\n\r\n");
        read_head(peer);
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    });
    const std::string url = "https://" + proxy.address();
    Behind distrustful(url);
    CHECK(distrustful.error_of_get("http://127.0.0.1:81/") == Errc::tls_failed);
    Behind plugin(url, {"allow http:127.0.0.1:*"}, {}, {.ca_file = authority.file()});
    const auto response = plugin.get("http://127.0.0.1:81/");
    REQUIRE(response.has_value());
    CHECK(text_of(*response) == "hello");
    CHECK(contains(connect, "CONNECT 127.0.0.1:81 HTTP/1.1"));
}

TEST_SUITE_END();
