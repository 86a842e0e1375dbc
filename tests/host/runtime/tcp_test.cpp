#include "plugin_fixture.hpp"
#include "support/dnsmasq_server.hpp"
#include "support/echo_server.hpp"
#include "support/network_namespace.hpp"
#include "support/ports.hpp"

#include <doctest/doctest.h>
#include <poll.h>
#include <sys/socket.h>

using namespace hws;
using namespace hws::host;
using namespace hws::test;
using namespace std::chrono_literals;

namespace {

/// Sends a payload with the plugin's own kind of call; what came back.
std::string echo_by(TestPlugin& plugin, const std::string& module, const std::string& address,
                    const std::string& payload) {
    if (module == "rust_v1") return plugin.call("execute", "tcp " + address + " " + payload);
    return plugin.call("tcp_echo", address + "\n" + payload);
}

/// Ends when the peer, or the fixture, ends the connection; reads nothing.
void ignore(int socket) {
    pollfd ends{.fd = socket, .events = POLLRDHUP, .revents = 0};
    ::poll(&ends, 1, -1);
}

std::string error_of(const std::string& module, const std::string& function,
                     const std::string& address) {
    if (module == "net_sdk")
        return "plugin_failed: " + function + " " + address +
               " (the reason is in the host's log): io";
    return "plugin_failed: " + function;
}

} // namespace

TEST_SUITE_BEGIN("tcp");

TEST_CASE("dialect v1 waits 5 s for sockets and 10 s for HTTP, and follows 10 redirects, unless the "
          "host says otherwise") {
    CHECK(Limits().v1_socket_wait == 5s);
    CHECK(Limits().v1_http_wait == 10s);
    CHECK(Limits().v1_http_redirects == 10);
}

TEST_CASE("what a plugin sends comes back, over IPv4 and IPv6") {
    for (const std::string& module : network_plugins()) {
        for (const char* host : {"127.0.0.1", "::1"}) {
            if (std::string_view(host) == "::1" && !has_ipv6_loopback()) continue;
            EchoServer server({.address = host});
            TestPlugin plugin(module);
            for (const std::size_t size : {1, 5, 1000, 70'000}) {
                CAPTURE(module);
                CAPTURE(size);
                std::string payload = pattern(size);
                // The plugins read their input as text.
                for (char& c : payload)
                    c = static_cast<char>('a' + static_cast<unsigned char>(c) % 26);
                CHECK(echo_by(plugin, module, server.address(), payload) == payload);
            }
            CHECK(server.connections() == 4);
            CHECK(plugin.remarks() == "");
        }
    }
}

TEST_CASE("a name of this machine leads to loopback") {
    EchoServer server;
    for (const char* module : {"net_sdk", "net_raw"}) {
        TestPlugin plugin(module);
        CHECK(plugin.call("tcp_echo", "localhost:" + std::to_string(server.port()) + "\nhello") ==
              "hello");
    }
}

TEST_CASE("reads smaller than what has arrived lose nothing") {
    EchoServer server;
    TestPlugin sdk("net_sdk");
    CHECK(sdk.call("tcp_small_reads", server.address() + "\nbyte by byte") == "byte by byte");

    TestPlugin raw("net_raw");
    const auto results =
        raw.script({"tcp_connect @" + server.address(), "tcp_send $1 @hello%20world 11",
                    "tcp_recv $1 1", "show $3", "tcp_recv $1 4", "show $5"});
    CHECK(results[1] == "11");
    CHECK(results[3] == "1:h");
    CHECK(results[5].substr(2) == std::string("ello").substr(0, results[5].size() - 2));
}

TEST_CASE("8 MiB go out whole") {
    constexpr std::size_t size = 8 << 20;
    for (const char* module : {"net_sdk", "net_raw"}) {
        for (const char* chunk : {" 65536", " 1048576", " 9999"}) {
            CAPTURE(module);
            EchoServer server({.behaviour = Behaviour::say_nothing});
            TestPlugin plugin(module);
            auto sent =
                plugin.begin("tcp_bulk_send", server.address() + " " + std::to_string(size) + chunk);
            REQUIRE(server.wait_for_bytes(size, 60s));
            const std::string hex = digest(server.received_on(0));
            server.send(0, "got it\n");
            CHECK(text_of(sent.get()) ==
                  "sent=" + std::to_string(size) + " digest=" + hex + " answer=got it");
            CHECK(hex == digest(pattern(size)));
        }
    }
}

TEST_CASE("8 MiB come in whole, however large the pieces") {
    const std::string content = pattern(8 << 20);
    for (const char* module : {"net_sdk", "net_raw"}) {
        for (const char* chunk : {" 65536", " 3000", " 1048576"}) {
            CAPTURE(module);
            OneConnection server([&](int socket) {
                write_all(socket, content);
                wait_for_end(socket);
            });
            TestPlugin plugin(module);
            CHECK(plugin.call("tcp_bulk_recv",
                              server.address() + " " + std::to_string(content.size()) + chunk) ==
                  "received=" + std::to_string(content.size()) + " digest=" + digest(content));
        }
    }
}

TEST_CASE("the end of the stream comes after all that was sent, and the log tells it from an error") {
    const std::string content = pattern(100'000);
    for (const char* module : {"net_sdk", "net_raw"}) {
        OneConnection server([&](int socket) { write_all(socket, content); });
        TestPlugin plugin(module);
        CHECK(plugin.call("tcp_read_all", server.address()) == content);
        CHECK(contains(plugin.last_remark(), "end of stream"));

        EchoServer closing({.behaviour = Behaviour::close});
        CHECK(plugin.call("tcp_read_all", closing.address()) == "");
    }
}

TEST_CASE("a server that accepts and says nothing is a timeout, and the log says so") {
    EchoServer server({.behaviour = Behaviour::say_nothing});
    TestPlugin raw("net_raw", {.limits = impatient()});
    CHECK(raw.call("tcp_wait", server.address()) == "plugin_failed: tcp_recv");
    CHECK(raw.last_remark() == "tcp_recv timed_out");
    TestPlugin sdk("net_sdk", {.limits = impatient()});
    CHECK(contains(sdk.call("tcp_wait", server.address()), "plugin_failed: "));
    CHECK(contains(sdk.remarks(), "tcp_recv timed_out"));
}

TEST_CASE("a peer that does not read is a timeout of the sender") {
    for (const char* module : {"net_sdk", "net_raw"}) {
        OneConnection server(ignore);
        TestPlugin plugin(module, {.limits = impatient()});
        CHECK(contains(plugin.call("tcp_bulk_send", server.address() + " 100000000 1000000"),
                       "plugin_failed: tcp_send"));
        CHECK(plugin.last_remark() == "tcp_send timed_out");
    }
}

TEST_CASE("a reset in mid-stream is an error, told apart in the log") {
    for (const char* module : {"net_sdk", "net_raw"}) {
        EchoServer server({.behaviour = Behaviour::reset, .reset_after_bytes = 5});
        TestPlugin plugin(module);
        CHECK(contains(plugin.call("tcp_echo", server.address() + "\nhello"), "plugin_failed: "));
        CHECK(contains(plugin.remarks(), "reset"));
        // The next connection has nothing to do with it.
        EchoServer good;
        CHECK(plugin.call("tcp_echo", good.address() + "\nhello") == "hello");
    }
}

TEST_CASE("a write to a connection that the peer has reset fails and ends nothing else") {
    OneConnection server([](int socket) {
        const linger at_once{.l_onoff = 1, .l_linger = 0};
        ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    });
    TestPlugin raw("net_raw");
    const auto results = raw.script({"tcp_connect @" + server.address(), "tcp_recv $1 10",
                                     "tcp_send $1 @x 1", "tcp_send $1 @x 1", "tcp_close $1"});
    CHECK(results[1] == "0");
    CHECK(results[2] == "0");
    CHECK(results[3] == "0");
    CHECK(raw.script({"alloc 5"})[0] != "0");
}

TEST_CASE("nobody listens: refused") {
    for (const std::string& module : network_plugins()) {
        TestPlugin plugin(module);
        const std::string address = "127.0.0.1:" + std::to_string(free_port());
        CHECK(echo_by(plugin, module, address, "x") == error_of(module, "tcp_connect", address));
        CHECK(contains(plugin.remarks(), "refused"));
    }
}

TEST_CASE("no route: unreachable") {
    NetworkNamespace network;
    if (!network.is_available()) {
        MESSAGE("not tested: this process may not make network namespaces");
        return;
    }
    network.run([] {
        // Its loop's thread lives in the network of the thread that made it.
        Runtime there = Runtime::create(runtime_options()).value();
        TestPlugin plugin("net_raw", {.rules = {"allow tcp:192.0.2.0/24:*", "allow udp:192.0.2.0/24:*",
                                                "allow icmp:192.0.2.0/24"},
                                      .runtime = &there});
        CHECK(plugin.script({"tcp_connect @192.0.2.1:80"})[0] == "0");
        CHECK(contains(plugin.last_remark(), "network_unreachable"));
        CHECK(plugin.script({"udp_connect @192.0.2.1:80"})[0] == "0");
        CHECK(contains(plugin.last_remark(), "network_unreachable"));
        CHECK(plugin.script({"icmp_send @192.0.2.1 @x 1 1"})[0] == "0");
    });
}

TEST_CASE("a name that does not exist is an error for every use") {
    DnsmasqServer dns({"--address=/nowhere.test/"});
    RuntimeOptions options = runtime_options();
    options.dns_servers = {dns.address()};
    Runtime there = Runtime::create(options).value();
    TestPlugin plugin("net_raw",
                      {.rules = {"allow tcp:*:*", "allow udp:*:*", "allow icmp:*", "allow http:*:*"},
                       .runtime = &there});
    for (const char* call :
         {"tcp_connect @nowhere.test:80", "udp_connect @nowhere.test:80", "icmp_send @nowhere.test @x 1",
          "http_request @GET @http://nowhere.test/ 0 0"}) {
        CAPTURE(call);
        CHECK(plugin.script({call})[0] == "0");
        CHECK(contains(plugin.last_remark(), "name_not_found"));
    }
    CHECK(contains(dns.query_log(), "nowhere.test"));
}

TEST_CASE("an address that does not parse is an error, and no plugin's end") {
    const std::vector<std::string> bad = {"",
                                          "127.0.0.1",
                                          ":80",
                                          "127.0.0.1:",
                                          "127.0.0.1:0",
                                          "127.0.0.1:65536",
                                          "127.0.0.1:99999999999999999999",
                                          "127.0.0.1:-1",
                                          "127.0.0.1:+80",
                                          "127.0.0.1:080",
                                          "127.0.0.1:80x",
                                          "127.0.0.1:80:80",
                                          "127.0.0.1:80/",
                                          "%20127.0.0.1:80",
                                          "127.0.0.1%20:80",
                                          "127.0.0.1:80%0a",
                                          "127.0.0.1%00:80",
                                          "127.0.0.1%00.example.com:80",
                                          "127.0.0.1.:80",
                                          "127.1:80",
                                          "0177.0.0.1:80",
                                          "0x7f.0.0.1:80",
                                          "2130706433:80",
                                          "127.0.0.256:80",
                                          "::1:80",
                                          "[::1]",
                                          "[::1]80",
                                          "[::1:80",
                                          "[]:80",
                                          "[127.0.0.1]:80",
                                          "[::1%25lo]:80",
                                          "[::1%251]:80",
                                          "[:::1]:80",
                                          "a%20b:80",
                                          "exa_mple..com:80",
                                          "ex%e3%80%82com:80",
                                          "%ff%fe:80",
                                          "user@127.0.0.1:80",
                                          "http://127.0.0.1:80",
                                          std::string(300, 'a') + ":80",
                                          std::string(100'000, '1') + ":80"};
    TestPlugin plugin("net_raw", {.limits = impatient()});
    for (const std::string& address : bad) {
        CAPTURE(address.substr(0, 80));
        for (const char* function : {"tcp_connect @", "udp_connect @"}) {
            CHECK(plugin.script({function + address})[0] == "0");
            const std::string reason = plugin.last_remark();
            CAPTURE(reason);
            CHECK((contains(reason, "bad_name") || contains(reason, "name_too_long")));
            CHECK(reason.size() < 500);
        }
    }
    EchoServer server;
    // With and without its NUL.
    const auto good = plugin.script({"tcp_connect @" + server.address(),
                                     "tcp_connect @" + server.address() + "%00", "tcp_close $1",
                                     "tcp_close $2"});
    CHECK(good[0] != "0");
    CHECK(good[1] != "0");
}

TEST_CASE("an id that was never given, is closed or is of another kind is an error") {
    EchoServer server;
    TestPlugin plugin("net_raw", {.limits = impatient()});
    for (const char* id : {"0", "1", "2", "3", "64", "1023", "1024", "99999", "-1", "-2", "0x7fffffff",
                           "0x80000000", "0xffffffff"}) {
        CAPTURE(id);
        const std::string n = id;
        const auto results = plugin.script({"tcp_send " + n + " @x 1", "tcp_recv " + n + " 10",
                                            "udp_send " + n + " @x 1", "udp_recv " + n + " 10",
                                            "tcp_close " + n, "udp_close " + n, "tcp_recv " + n + " 0"});
        CHECK(results == std::vector<std::string>{"0", "0", "0", "0", "-", "-", "0"});
    }
    const auto closed = plugin.script(
        {"tcp_connect @" + server.address(), "tcp_close $1", "tcp_send $1 @x 1", "tcp_recv $1 10",
         "tcp_close $1", "udp_connect @" + server.address(), "udp_close $6", "udp_send $6 @x 1",
         "udp_recv $6 10", "udp_close $6"});
    CHECK(closed == std::vector<std::string>{closed[0], "-", "0", "0", "-", closed[5], "-", "0", "0",
                                             "-"});
    CHECK(closed[0] != "0");
    CHECK(contains(plugin.remarks(), "bad_handle"));

    const auto other_kind = plugin.script(
        {"tcp_connect @" + server.address(), "udp_connect @" + server.address(), "udp_send $1 @x 1",
         "udp_recv $1 10", "udp_close $1", "tcp_send $2 @x 1", "tcp_recv $2 10", "tcp_close $2",
         "tcp_send $1 @x 1", "udp_send $2 @x 1"});
    CHECK(std::vector<std::string>(other_kind.begin() + 2, other_kind.end()) ==
          std::vector<std::string>{"0", "0", "-", "0", "0", "-", "1", "1"});
}

TEST_CASE("one plugin's ids mean nothing in another") {
    EchoServer server;
    TestPlugin owner("net_raw", {.limits = impatient()});
    TestPlugin other("net_raw", {.limits = impatient()});
    const std::string tcp = owner.script({"tcp_connect @" + server.address()})[0];
    const std::string udp = owner.script({"udp_connect @" + server.address()})[0];
    REQUIRE(tcp != "0");
    REQUIRE(udp != "0");
    for (const std::string& id : {tcp, udp})
        CHECK(other.script({"tcp_send " + id + " @x 1", "tcp_recv " + id + " 1", "udp_send " + id + " @x 1",
                            "udp_recv " + id + " 1", "close_all"}) ==
              std::vector<std::string>{"0", "0", "0", "0", "-"});
    CHECK(server.received_bytes() == 0);
    // Ids live across calls, and the other's close_all has closed nothing.
    const auto echo = owner.script({"tcp_send " + tcp + " @mine 4", "tcp_recv " + tcp + " 4", "show $2"});
    CHECK(echo[2] == "4:mine");
}

TEST_CASE("a wild offset or length is an error of that call only") {
    EchoServer server;
    TestPlugin plugin("net_raw", {.limits = impatient()});
    const std::string tcp = plugin.script({"tcp_connect @" + server.address()})[0];
    const std::string udp = plugin.script({"udp_connect @" + server.address()})[0];
    std::vector<std::string> wild = {"0", "1", "7", "15", "17", "4096", "65536", "0x7fffffff",
                                     "0x80000000", "0xffffffff", "0x100000000", "0x100000010",
                                     "0x7fffffffffffffff", "0x8000000000000000",
                                     "0xfffffffffffffff0", "-1", "-16"};
    // Beside a real block, and that block's offset with high bits set.
    const std::uint64_t block = std::stoull(plugin.script({"alloc 100"})[0]);
    for (const std::uint64_t near :
         std::vector<std::uint64_t>{block + 1, block - 1, block + 8, block + 99, block + 100,
                                     block | 1ull << 32, block | 1ull << 63})
        wild.push_back(std::to_string(near));
    for (const std::string& offset : wild) {
        CAPTURE(offset);
        const auto results = plugin.script(
            {"alloc 100", "tcp_connect " + offset, "udp_connect " + offset,
             "tcp_send " + tcp + " " + offset + " 10", "tcp_send " + tcp + " " + offset + " -1",
             "udp_send " + udp + " " + offset + " 10", "icmp_send " + offset + " @x 1 1",
             "http_request " + offset + " " + offset + " " + offset + " " + offset,
             "http_request @GET " + offset + " 0 0",
             "http_request " + offset + " @http://" + server.address() + "/ 0 0", "config_get " + offset,
             "var_get " + offset, "var_set " + offset + " " + offset,
             "extism_http_request " + offset + " " + offset, "log_info " + offset, "log_error " + offset,
             "length " + offset, "free " + offset});
        for (std::size_t i = 1; i < results.size(); ++i) {
            CAPTURE(i);
            CHECK((results[i] == "0" || results[i] == "-"));
        }
    }
    // The payload of a ping and the body of a request may be absent, but not wild.
    for (std::size_t i = 1; i < wild.size(); ++i) {
        const auto results = plugin.script(
            {"alloc 100", "icmp_send @127.0.0.1 " + wild[i] + " 4 1",
             "http_request @GET @http://" + server.address() + "/ " + wild[i] + " 0",
             "http_request @POST @http://" + server.address() + "/ 0 " + wild[i],
             "extism_http_request @{\"url\":\"http://" + server.address() + "/\"} " + wild[i]});
        CHECK(results[1] == "0");
        CHECK(results[2] == "0");
        CHECK(results[3] == "0");
        CHECK(results[4] == "0");
    }
    CHECK(contains(plugin.remarks(), "fault"));
    CHECK(server.received_bytes() == 0);
    CHECK(server.datagrams() == 0);
    const auto good = plugin.script({"tcp_send " + tcp + " @good 4", "tcp_recv " + tcp + " 4", "show $2"});
    CHECK(good[2] == "4:good");
}

TEST_CASE("of a length and a block the smaller counts") {
    EchoServer server;
    TestPlugin plugin("net_raw");
    const auto results = plugin.script(
        {"tcp_connect @" + server.address(), "tcp_send $1 @hello -1", "tcp_send $1 @hello 0x100000003",
         "tcp_send $1 @hello 2", "tcp_send $1 @hello 0", "udp_connect @" + server.address(),
         "udp_send $6 @hello 0x8000000000000000", "udp_recv $6 100", "show $8", "udp_send $6 @hello 3",
         "udp_recv $6 100", "show $11"});
    CHECK(results[1] == "5");
    CHECK(results[2] == "5");
    CHECK(results[3] == "2");
    CHECK(results[4] == "0");
    CHECK(results[6] == "5");
    CHECK(results[8] == "5:hello");
    CHECK(results[11] == "3:hel");
    REQUIRE(server.wait_for_bytes(12));
    CHECK(server.received_bytes() == 12);
}

TEST_CASE("a huge max is as much as there is, and a max of 0 is nothing and waits for nothing") {
    EchoServer server;
    TestPlugin plugin("net_raw");
    for (const char* max : {"0x7fffffff", "0x80000000", "0xffffffff", "-1"}) {
        const auto results =
            plugin.script({"tcp_connect @" + server.address(), "tcp_send $1 @hello 5",
                           std::string("tcp_recv $1 ") + max, "show $3", "tcp_close $1"});
        CHECK(results[3].substr(0, 3) == results[3].substr(0, 1) + ":h");
    }
    EchoServer silent({.behaviour = Behaviour::say_nothing});
    Limits endless;
    endless.v1_socket_wait = 1h;
    TestPlugin patient("net_raw", {.limits = endless});
    CHECK(patient.script({"tcp_connect @" + silent.address(), "tcp_recv $1 0"})[1] == "0");
    CHECK(contains(patient.last_remark(), "max is 0"));
}

TEST_CASE("descriptors beyond the limit are refused, and closing makes room") {
    EchoServer server;
    Limits limits;
    limits.descriptors = 5; // three of them are standard streams
    TestPlugin plugin("net_raw", {.limits = limits});
    const std::string connect = "tcp_connect @" + server.address();
    const auto results = plugin.script({connect, connect, connect, "udp_connect @" + server.address(),
                                        "tcp_close $1", connect});
    CHECK(results[0] != "0");
    CHECK(results[1] != "0");
    CHECK(results[2] == "0");
    CHECK(results[3] == "0");
    CHECK(results[5] == results[0]);
    CHECK(contains(plugin.remarks(), "too_many_handles"));
}

TEST_CASE("a connection in a plugin's global lives from call to call") {
    EchoServer server;
    TestPlugin plugin("net_sdk");
    CHECK(plugin.call("session_open", server.address()) == "open");
    for (const char* line : {"one", "two", "three"})
        CHECK(plugin.call("session_exchange", std::string(line) + "\n") == line);
    CHECK(plugin.call("session_close") == "closed");
    CHECK(server.connections() == 1);
}

TEST_CASE("what v1 cannot do is the error unsupported with a sentence, and peer_addr works") {
    EchoServer server;
    TestPlugin plugin("net_sdk");
    CHECK(contains(plugin.call("tcp_addresses", server.address()), "peer=" + server.address() + "\n"));
    const std::string lines = plugin.call("tcp_unsupported", server.address());
    CAPTURE(lines);
    CHECK(contains(lines, "set_nodelay\tunsupported\t"));
    CHECK(contains(lines, "shutdown(write)\tunsupported\t"));
    CHECK(contains(plugin.call("tcp_shutdown", server.address()), "read: "));
}

TEST_CASE("a destroyed plugin's connections are closed") {
    EchoServer server;
    OneConnection peer(wait_for_end); // its thread ends only with the connection
    {
        TestPlugin plugin("net_raw");
        CHECK(plugin.script({"tcp_connect @" + peer.address()})[0] != "0");
    }
}

TEST_SUITE_END();
