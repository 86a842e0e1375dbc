#include "plugin_fixture.hpp"
#include "support/echo_server.hpp"
#include "support/ports.hpp"

#include <doctest/doctest.h>

using namespace hws;
using namespace hws::host;
using namespace hws::test;
using namespace std::chrono_literals;

TEST_SUITE_BEGIN("udp");

TEST_CASE("a datagram comes back, over IPv4 and IPv6") {
    for (const std::string& module : network_plugins()) {
        for (const char* host : {"127.0.0.1", "::1"}) {
            if (std::string_view(host) == "::1" && !has_ipv6_loopback()) continue;
            EchoServer server({.address = host});
            TestPlugin plugin(module);
            for (const std::size_t size : {1, 1472, 9000, 60'000}) {
                CAPTURE(module);
                CAPTURE(size);
                const std::string payload(size, 'u');
                CHECK((module == "rust_v1"
                           ? plugin.call("execute", "udp " + server.address() + " " + payload)
                           : plugin.call("udp_echo", server.address() + "\n" + payload)) == payload);
            }
        }
    }
}

TEST_CASE("an empty datagram is sent, and is a block of length 0 when it comes") {
    EchoServer server;
    for (const char* module : {"net_sdk", "net_raw"}) {
        CAPTURE(module);
        TestPlugin plugin(module);
        const std::string answer = plugin.call("udp_empty_datagram", server.address());
        CAPTURE(plugin.remarks());
        CHECK(answer == "received=0");
    }
    CHECK(server.datagrams() == 2);
    TestPlugin plugin("net_raw");
    const auto results = plugin.script({"udp_connect @" + server.address(), "alloc 0",
                                        "udp_send $1 $2 0", "udp_recv $1 100", "length $4", "show $4"});
    CHECK(results[3] != "0");
    CHECK(results[5] == "0:");
}

TEST_CASE("a datagram longer than max is cut, and the rest is gone") {
    EchoServer server;
    TestPlugin sdk("net_sdk");
    CHECK(sdk.call("udp_cut", server.address() + " 4\nabcdefgh") == "abcd");
    TestPlugin raw("net_raw", {.limits = impatient()});
    const auto results =
        raw.script({"udp_connect @" + server.address(), "udp_send $1 @abcdefgh 8", "udp_recv $1 3",
                    "show $3", "udp_recv $1 100", "udp_send $1 @ij 2", "udp_recv $1 0", "show $7",
                    "udp_recv $1 100"});
    CHECK(results[3] == "3:abc");
    CHECK(results[4] == "0");
    CHECK(results[7] == "0:");
    CHECK(results[8] == "0");
}

TEST_CASE("datagrams keep their borders") {
    EchoServer server;
    TestPlugin raw("net_raw");
    const auto results = raw.script({"udp_connect @" + server.address(), "udp_send $1 @one 3",
                                     "udp_send $1 @two! 4", "udp_recv $1 -1", "show $4",
                                     "udp_recv $1 0x7fffffff", "show $6"});
    CHECK(results[4] == "3:one");
    CHECK(results[6] == "4:two!");
}

TEST_CASE("what no datagram can hold is refused, and the log says so") {
    EchoServer server;
    TestPlugin raw("net_raw");
    const auto results = raw.script({"udp_connect @" + server.address(), "alloc 65508",
                                     "udp_send $1 $2 65508", "alloc 10000000", "udp_send $1 $4 10000000"});
    CHECK(results[2] == "0");
    CHECK(results[4] == "0");
    CHECK(contains(raw.last_remark(), "message_too_long"));
    CHECK(server.datagrams() == 0);
}

TEST_CASE("a closed port answers refused, once, and the socket goes on") {
    TestPlugin raw("net_raw", {.limits = impatient()});
    const std::string closed = "127.0.0.1:" + std::to_string(free_port());
    const auto results = raw.script({"udp_connect @" + closed, "udp_send $1 @x 1", "udp_recv $1 10"});
    CHECK(results[0] != "0");
    CHECK(results[1] == "1");
    CHECK(results[2] == "0");
    CHECK(contains(raw.last_remark(), "refused"));
    CHECK(raw.script({"udp_recv " + results[0] + " 10"})[0] == "0");
    CHECK(contains(raw.last_remark(), "timed_out"));

    TestPlugin sdk("net_sdk", {.limits = impatient()});
    CHECK(contains(sdk.call("udp_echo", closed + "\nx"), "plugin_failed: udp_recv"));
}

TEST_CASE("no answer is a timeout") {
    EchoServer silent({.behaviour = Behaviour::say_nothing});
    for (const char* module : {"net_sdk", "net_raw"}) {
        TestPlugin plugin(module, {.limits = impatient()});
        CHECK(contains(plugin.call("udp_echo", silent.address() + "\nx"), "plugin_failed: udp_recv"));
        CHECK(plugin.last_remark() == "udp_recv timed_out");
    }
}

TEST_CASE("the SDK tells where a datagram is from and what v1 cannot do") {
    EchoServer server;
    TestPlugin plugin("net_sdk");
    CHECK(plugin.call("udp_from", server.address() + "\nhello") == "5 from " + server.address());
    CHECK(contains(plugin.call("udp_unsupported", server.address()), "bind\tunsupported\t"));
}

TEST_SUITE_END();
