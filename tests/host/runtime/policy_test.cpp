#include "plugin_fixture.hpp"
#include "support/canned_server.hpp"
#include "support/dnsmasq_server.hpp"
#include "support/echo_server.hpp"
#include "support/nginx_server.hpp"
#include "support/ports.hpp"

#include <doctest/doctest.h>

using namespace hws;
using namespace hws::host;
using namespace hws::test;
using namespace std::chrono_literals;

namespace {

/// What saw nothing: neither a connection nor a datagram.
bool is_untouched(const EchoServer& canary) {
    return canary.connections() == 0 && canary.datagrams() == 0;
}

} // namespace

TEST_SUITE_BEGIN("policy");

TEST_CASE("without a rule nothing leaves, whatever the use") {
    EchoServer canary;
    TestPlugin plugin("net_raw", {.rules = {}});
    const std::string address = canary.address();
    for (const std::string& call :
         {"tcp_connect @" + address, "udp_connect @" + address, std::string("icmp_send @127.0.0.1 @x 1 1"),
          "http_request @GET @http://" + address + "/ 0 0", "http_request @GET @https://" + address + "/ 0 0",
          "extism_http_request @{\"url\":\"http://" + address + "/\"}"}) {
        CAPTURE(call);
        CHECK(plugin.script({call})[0] == "0");
        CAPTURE(plugin.last_remark());
        CHECK(contains(plugin.last_remark(), "denied"));
        CHECK(contains(plugin.last_remark(), "127.0.0.1"));
    }
    CHECK(is_untouched(canary));
    CHECK(plugin.plugin().statistics().denials == 6);
    TestPlugin sdk("net_sdk", {.rules = {}});
    CHECK(contains(sdk.call("tcp_echo", address + "\nx"), "plugin_failed: tcp_connect"));
    if (has_module("rust_v1")) {
        TestPlugin rust("rust_v1", {.rules = {}});
        CHECK(rust.call("execute", "tcp " + address + " x") == "plugin_failed: tcp_connect");
    }
    CHECK(is_untouched(canary));
}

TEST_CASE("leave for one use is no leave for another") {
    EchoServer canary;
    const std::string address = canary.address();
    const std::vector<std::pair<std::string, std::string>> uses = {
        {"allow tcp:" + address, "tcp_connect @" + address},
        {"allow udp:" + address, "udp_connect @" + address},
        {"allow icmp:127.0.0.1", "icmp_send @127.0.0.1 @x 1 1"},
        {"allow https:" + address, "http_request @GET @https://" + address + "/ 0 0"},
        {"allow http:" + address, "http_request @GET @http://" + address + "/ 0 0"}};
    for (const auto& [rule, _] : uses) {
        TestPlugin plugin("net_raw", {.rules = {rule}});
        for (const auto& [other_rule, call] : uses) {
            if (rule == other_rule) continue;
            CAPTURE(rule);
            CAPTURE(call);
            CHECK(plugin.script({call})[0] == "0");
            CHECK(contains(plugin.last_remark(), "denied"));
        }
    }
    CHECK(is_untouched(canary));
}

TEST_CASE("another port, a deny rule, and a name where an address was allowed: denied") {
    EchoServer canary;
    const std::string port = std::to_string(canary.port());
    const std::vector<std::vector<std::string>> policies = {
        {"allow tcp:127.0.0.1:" + std::to_string(canary.port() == 1000 ? 1001 : 1000)},
        {"allow tcp:127.0.0.2:*"},
        {"allow tcp:*:*"},
        {"allow tcp:public:*"},
        {"allow tcp:loopback:*", "deny tcp:127.0.0.1:" + port},
        {"deny tcp:127.0.0.0/8:*", "allow tcp:127.0.0.1:" + port},
    };
    for (const auto& rules : policies) {
        CAPTURE(rules[0]);
        TestPlugin plugin("net_raw", {.rules = rules});
        CHECK(plugin.script({"tcp_connect @127.0.0.1:" + port})[0] == "0");
        CHECK(contains(plugin.last_remark(), "denied"));
        CHECK(plugin.script({"tcp_connect @localhost:" + port})[0] == "0");
        if (has_ipv6_loopback())
            CHECK(plugin.script({"tcp_connect @[::ffff:127.0.0.1]:" + port})[0] == "0");
        CHECK(plugin.script({"tcp_connect @0.0.0.0:" + port})[0] == "0");
    }
    CHECK(is_untouched(canary));
}

TEST_CASE("a name that leads to loopback is denied to a rule for names") {
    EchoServer canary;
    DnsmasqServer dns({"--host-record=inside.test,127.0.0.1,::1", "--host-record=mixed.test,127.0.0.1"});
    RuntimeOptions options = runtime_options();
    options.dns_servers = {dns.address()};
    Runtime there = Runtime::create(options).value();
    const std::string port = std::to_string(canary.port());
    for (const char* rules : {"inside.test", "*.test", "*"}) {
        TestPlugin plugin("net_raw",
                          {.rules = {std::string("allow tcp:") + rules + ":*", std::string("allow udp:") + rules + ":*",
                                     std::string("allow icmp:") + rules, std::string("allow http:") + rules + ":*"},
                           .runtime = &there});
        for (const std::string& call :
             {"tcp_connect @inside.test:" + port, "udp_connect @inside.test:" + port,
              std::string("icmp_send @inside.test @x 1"), "http_request @GET @http://inside.test:" + port + "/ 0 0",
              "tcp_connect @INSIDE.test.:" + port}) {
            CAPTURE(call);
            CHECK(plugin.script({call})[0] == "0");
            CHECK(contains(plugin.last_remark(), "denied"));
        }
    }
    CHECK(is_untouched(canary));
    // Leave to look the name up, and a rule for the network it leads to, grant it.
    TestPlugin allowed("net_raw",
                       {.rules = {"allow tcp:127.0.0.0/8:*", "allow resolve:inside.test"}, .runtime = &there});
    CHECK(allowed.script({"tcp_connect @inside.test:" + port})[0] != "0");
    CHECK(canary.wait_for_connections(1));
}

TEST_CASE("no question about a name leaves that no rule could allow") {
    DnsmasqServer dns({"--host-record=secret.test,192.0.2.1"});
    RuntimeOptions options = runtime_options();
    options.dns_servers = {dns.address()};
    Runtime there = Runtime::create(options).value();
    TestPlugin plugin("net_raw", {.rules = {"allow tcp:other.test:*"}, .runtime = &there});
    CHECK(plugin.script({"tcp_connect @secret.test:80"})[0] == "0");
    CHECK(contains(plugin.last_remark(), "denied"));
    CHECK_FALSE(contains(dns.query_log(), "secret.test"));
}

TEST_CASE("a redirect to a denied host is denied, and nothing arrives there") {
    EchoServer canary({.behaviour = Behaviour::say_nothing});
    for (const std::string& location :
         {"http://" + canary.address() + "/", "https://" + canary.address() + "/",
          "http://localhost:" + std::to_string(canary.port()) + "/"}) {
        NginxServer nginx({.server = "location /away { return 302 " + location + "; }", .http = ""});
        for (const char* call : {"http", "extism_http"}) {
            TestPlugin plugin("net_raw", {.rules = {"allow http:" + nginx.address()}});
            const std::string answer = plugin.call(call, "GET " + nginx.url("/away"));
            CAPTURE(answer);
            CHECK((contains(answer, "plugin_failed: http_request") || contains(answer, "status=0\n")));
            CHECK(contains(plugin.last_remark(), "denied"));
        }
    }
    CHECK(is_untouched(canary));
}

TEST_CASE("a denial tells the plugin nothing and the operator use, target and reason") {
    EchoServer canary;
    std::vector<std::string> denials;
    PluginOptions options;
    options.policy = Policy::parse({"allow tcp:loopback:*", "deny tcp:" + canary.address()}).value();
    options.on_denial = [&](const Denial& denial) {
        denials.push_back(std::string(denial.operation) + " | " + std::string(denial.reason));
    };
    Plugin plugin = runtime().make_plugin(module_of("net_raw"), std::move(options));
    const std::string closed = "127.0.0.1:" + std::to_string(free_port());
    const std::string denied = text_of(plugin.call("tcp_wait", canary.address()));
    CHECK(denied == text_of(plugin.call("tcp_wait", closed)));
    REQUIRE(denials.size() == 1);
    CHECK(denials[0].starts_with("tcp_connect | tcp " + canary.address()));
    CHECK(contains(denials[0], "deny tcp:" + canary.address()));
    CHECK(is_untouched(canary));
}

TEST_CASE("policies of two plugins on one loop stay apart") {
    EchoServer server;
    TestPlugin allowed("net_raw");
    TestPlugin denied("net_raw", {.rules = {}});
    for (int i = 0; i < 3; ++i) {
        CHECK(allowed.call("tcp_echo", server.address() + "\nhi") == "hi");
        CHECK(denied.call("tcp_echo", server.address() + "\nhi") == "plugin_failed: tcp_connect");
    }
    CHECK(server.connections() == 3);
}

TEST_SUITE_END();
