#include "plugin_fixture.hpp"
#include "support/ports.hpp"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace hws;
using namespace hws::host;
using namespace hws::test;
using namespace std::chrono_literals;

namespace {

/// Whether the system grants a ping socket or a raw one. Where neither: the clear error is tested.
bool may_ping() {
    for (const int kind : {SOCK_DGRAM, SOCK_RAW}) {
        const int socket = ::socket(AF_INET, kind | SOCK_CLOEXEC, IPPROTO_ICMP);
        if (socket < 0) continue;
        ::close(socket);
        return true;
    }
    MESSAGE("not tested: the system grants this user no ICMP");
    return false;
}

std::vector<std::string> targets() {
    std::vector<std::string> addresses = {"127.0.0.1"};
    if (has_ipv6_loopback()) addresses.emplace_back("::1");
    return addresses;
}

} // namespace

TEST_SUITE_BEGIN("icmp");

TEST_CASE("127.0.0.1 and ::1 answer an echo request") {
    if (!may_ping()) return;
    for (const std::string& target : targets()) {
        const std::string type = target == "::1" ? "129" : "0";
        TestPlugin sdk("net_sdk");
        const std::string reply = sdk.call("icmp_echo", target + " 7 hello");
        CAPTURE(reply);
        CHECK(reply.starts_with("source=" + target + " type=" + type + " code=0 id="));
        CHECK(reply.ends_with(" seq=7 data=hello"));

        for (const char* module : {"net_raw", "rust_v1"}) {
            if (!has_module(module)) continue;
            TestPlugin plugin(module);
            const std::string json = std::string_view(module) == "net_raw"
                                         ? plugin.call("icmp_echo", target + " 7 hi")
                                         : plugin.call("execute", "icmp " + target + " hi");
            CAPTURE(json);
            CHECK(json.starts_with("{\"source\":\"" + target + "\",\"type\":" + type +
                                   ",\"code\":0,\"id\":"));
            CHECK(json.ends_with(",\"seq\":7,\"data\":[104,105]}"));
        }
    }
}

TEST_CASE("a name and every sequence number and size of payload work") {
    if (!may_ping()) return;
    TestPlugin plugin("net_raw");
    CHECK(contains(plugin.call("icmp_echo", "localhost 1 x"), "\"data\":[120]"));
    const auto results = plugin.script(
        {"icmp_send @127.0.0.1 0 0 0", "icmp_recv 5000", "show $2", "icmp_send @127.0.0.1%00 @x 1 65535",
         "icmp_recv 5000", "show $5", "alloc 1472", "icmp_send @127.0.0.1 $7 1472 1", "icmp_recv 5000",
         "length $9", "icmp_send @127.0.0.1 @hello 2 3", "icmp_recv 5000", "show $12"});
    CHECK(results[0] == "1");
    CHECK(contains(results[2], "\"seq\":0,\"data\":[]"));
    CHECK(contains(results[5], "\"seq\":65535,"));
    CHECK(results[7] == "1");
    CHECK(std::stoul(results[9]) > 1472 * 2);
    CHECK(contains(results[12], "\"data\":[104,101]"));
}

TEST_CASE("replies are kept until they are fetched, in order, also from call to call") {
    if (!may_ping()) return;
    TestPlugin plugin("net_sdk");
    for (const char* sequence : {"1", "2", "3"})
        CHECK(plugin.call("icmp_send_only", std::string("127.0.0.1 ") + sequence + " kept") == "sent");
    for (const char* sequence : {"1", "2", "3"})
        CHECK(contains(plugin.call("icmp_wait", "5000"), std::string(" seq=") + sequence + " data=kept"));
    CHECK(contains(plugin.call("icmp_wait", "0"), "plugin_failed: icmp_recv"));
    CHECK(contains(plugin.call("icmp_wait", "50"), "plugin_failed: icmp_recv"));
    CHECK(contains(plugin.remarks(), "icmp_recv timed_out"));
}

TEST_CASE("no plugin sees another's replies") {
    if (!may_ping()) return;
    TestPlugin sender("net_sdk");
    TestPlugin eavesdropper("net_sdk");
    // It has a socket of its own, and its own reply fetched.
    CHECK(contains(eavesdropper.call("icmp_echo", "127.0.0.1 1 own"), "data=own"));
    CHECK(sender.call("icmp_send_only", "127.0.0.1 1 secret") == "sent");
    CHECK(contains(eavesdropper.call("icmp_wait", "100"), "plugin_failed"));
    CHECK(contains(sender.call("icmp_wait", "5000"), "data=secret"));
}

TEST_CASE("replies that are awaited beyond the limit, and payloads that no packet holds, are refused") {
    if (!may_ping()) return;
    TestPlugin plugin("net_raw");
    const auto results =
        plugin.script({"alloc 65536", "icmp_send @127.0.0.1 $1 65536 1", "alloc 20000000",
                       "icmp_send @127.0.0.1 $3 20000000 1", "icmp_send @127.0.0.1 @x 1 2",
                       "icmp_recv 5000", "show $6"});
    CHECK(results[1] == "0");
    CHECK(results[3] == "0");
    CHECK(contains(plugin.remarks(), "message_too_long"));
    CHECK(contains(results[6], "\"seq\":2,"));

    Limits limits;
    limits.icmp_pending = 4;
    limits.icmp_replies = 4;
    TestPlugin narrow("net_raw", {.limits = limits});
    std::vector<std::string> lines;
    for (int i = 0; i < 64; ++i)
        lines.push_back("icmp_send @127.0.0.1 @x 1 " + std::to_string(i));
    for (const std::string& sent : narrow.script(lines))
        CHECK((sent == "1" || sent == "0"));
    // Once a reply has come there is room for one more request.
    CHECK(contains(narrow.call("icmp_wait", "5000"), "\"source\""));
    CHECK(contains(narrow.call("icmp_echo", "127.0.0.1 99"), "\"source\""));
}

TEST_CASE("a target that does not parse is an error") {
    TestPlugin plugin("net_raw");
    for (const char* target :
         {"", "127.1", "0177.0.0.1", "2130706433", "127.0.0.1:80", "[127.0.0.1]", "[::1", "::1%25lo", "a%20b",
          "127.0.0.1%0a", "127.0.0.1%00x", "0x7f000001", "::ffff:127.0.0.1", "0.0.0.0", "::"}) {
        CAPTURE(target);
        CHECK(plugin.script({std::string("icmp_send @") + target + " @x 1 1"})[0] == "0");
        CAPTURE(plugin.last_remark());
        CHECK((contains(plugin.last_remark(), "bad_name") || contains(plugin.last_remark(), "denied") ||
               contains(plugin.last_remark(), "icmp")));
    }
}

TEST_CASE("the call's limit ends an icmp_recv that would wait for weeks") {
    Limits limits;
    limits.call_time = 200ms;
    TestPlugin plugin("net_raw", {.limits = limits});
    const auto result = plugin.plugin().call("icmp_wait", std::string_view("4294967295"));
    CHECK(result.error() == Errc::timed_out);
    CHECK(plugin.call("echo", "alive") == "alive");
}

TEST_SUITE_END();
