// Dialect v2's ICMP: descriptors of the type icmp_echo. What one client does on the network is
// tests/host/core/icmp_client_test.cpp.

#include "core/icmp_client.hpp"
#include "support/dnsmasq_server.hpp"
#include "support/network_namespace.hpp"
#include "v2_fixture.hpp"

#include <fstream>
#include <functional>
#include <sys/syscall.h>

using namespace hws;
using namespace hws::test;
using namespace hws::abi::v2;

namespace {

constexpr int not_permitted = 63, not_available = 4, host_unreachable = 23, already_over = 73;

const std::vector<std::string> everywhere = {"allow icmp:loopback", "allow icmp:10.0.0.0/8",
                                             "allow icmp:[fd00::/8]"};

/// A ping: what icmp_receive tells, with its data.
struct Ping {
    int number = 0;
    IcmpReceived told;
    std::string data;

    bool is_reply() const { return told.icmp_flags & icmp_flags::echo_reply; }
    std::string source() const {
        const auto address = Plugin::unwire(told.source);
        return address ? address->ip().to_string() : "none";
    }
    std::string target() const {
        const auto address = Plugin::unwire(told.target);
        return address ? address->ip().to_string() : "none";
    }
};

struct Pinger : Plugin {
    explicit Pinger(const std::vector<std::string>& rules = everywhere, core::Limits limits = {},
                    core::ResolverOptions resolving = {})
        : Plugin(rules, limits, std::move(resolving)) {}

    Fd open_icmp(Family family = Family::ipv4, OpenFlags flags = 0) {
        return open(SocketType::icmp_echo, family, flags);
    }
    static SocketAddr address(std::string_view text) {
        return SocketAddr(IpAddr::parse(text).value(), 0);
    }
    int ping(Fd fd, std::string_view target, std::string_view payload, std::uint32_t sequence) {
        put(data_at, payload);
        const auto list = iovecs({{data_at, static_cast<std::uint32_t>(payload.size())}});
        const GuestPointer<const Address> to =
            target.empty() ? GuestPointer<const Address>{} : at(address(target));
        return number(v2::icmp_send(state, fd, list, sequence, to));
    }
    int ping_name(Fd fd, std::string_view name, std::string_view payload, std::uint32_t sequence) {
        put(data_at, payload);
        const auto list = iovecs({{data_at, static_cast<std::uint32_t>(payload.size())}});
        put(messages_at, name);
        return number(v2::icmp_send_name(state, fd,
                                         {messages_at, static_cast<std::uint32_t>(name.size())},
                                         list, sequence, no_limit, {address_at}));
    }
    Ping pong(Fd fd, std::uint32_t room = 1024, ReceiveFlags flags = 0,
              std::chrono::nanoseconds wait = 10s) {
        Ping got;
        const auto list = iovecs({{data_at, room}});
        got.number = number(v2::icmp_receive(state, fd, list, flags,
                                             static_cast<Duration>(wait.count()), {result_at}));
        if (got.number != ok) return got;
        got.told = load<IcmpReceived>(result_at);
        got.data = text(data_at, std::min(got.told.bytes, room));
        return got;
    }
};

bool is_missing(const NetworkNamespace& network) {
    if (network.is_available()) return false;
    MESSAGE("not tested: this process may not make network namespaces");
    return true;
}

/// Runs `test` in a new network namespace, once where the system grants ping sockets and once where
/// it grants raw ones only.
void with_each_kind(const std::function<void()>& test) {
    for (const char* range : {"0 2147483647", "1 0"}) {
        NetworkNamespace network;
        if (is_missing(network)) return;
        REQUIRE(network.set("ipv4/ping_group_range", range));
        CAPTURE(std::string(range));
        network.run(test);
    }
}

/// client - first - second - target, each a namespace: 10.1.0.0/24, 10.2.0.0/24, 10.3.0.0/24 and
/// the same with fd01::/64 and so on. Behind `second` 10.8.0.0/16 and fd08::/16 are unreachable.
class Route {
public:
    NetworkNamespace client, first, second, target;

    bool is_ready() {
        return client.is_available() && cable(client, first, 1) && cable(first, second, 2) &&
               cable(second, target, 3) && forwards(first) && forwards(second) &&
               client.shell("ip route add default via 10.1.0.2 && ip -6 route add default via "
                            "fd01::2") &&
               first.shell("ip route add default via 10.2.0.2 && ip -6 route add default via "
                           "fd02::2") &&
               second.shell("ip route add 10.1.0.0/24 via 10.2.0.1 && ip -6 route add fd01::/64 "
                            "via fd02::1 && ip route add unreachable 10.8.0.0/16 && ip -6 route "
                            "add unreachable fd08::/16") &&
               target.shell("ip route add default via 10.3.0.1 && ip -6 route add default via "
                            "fd03::1");
    }

private:
    static bool cable(NetworkNamespace& from, NetworkNamespace& to, int number) {
        const std::string n = std::to_string(number);
        return from.shell("ip link add to" + n + " type veth peer name from" + n +
                          " && ip link set from" + n + " netns " + std::to_string(to.thread_id()) +
                          " && ip addr add 10." + n + ".0.1/24 dev to" + n + " && ip addr add fd0" +
                          n + "::1/64 dev to" + n + " nodad && ip link set to" + n + " up") &&
               to.shell("ip addr add 10." + n + ".0.2/24 dev from" + n + " && ip addr add fd0" + n +
                        "::2/64 dev from" + n + " nodad && ip link set from" + n + " up");
    }
    static bool forwards(NetworkNamespace& router) {
        return router.set("ipv4/ip_forward", "1") && router.set("ipv6/conf/all/forwarding", "1") &&
               router.set("ipv4/icmp_ratemask", "0") && router.set("ipv6/icmp/ratelimit", "0");
    }
};

std::string echo_message(std::uint8_t type, std::uint16_t sequence, std::string_view payload) {
    std::string message(8, '\0');
    message[0] = static_cast<char>(type);
    message[6] = static_cast<char>(sequence >> 8);
    message[7] = static_cast<char>(sequence);
    return message += payload;
}

} // namespace

TEST_SUITE_BEGIN("v2 icmp");

TEST_CASE("version tells of ICMP") {
    Pinger plugin;
    REQUIRE(plugin.number(v2::version(plugin.state, {result_at}, {data_at})) == ok);
    CHECK((plugin.load<Features>(data_at) & features::icmp) != 0);
}

TEST_CASE("an echo request over IPv4 and IPv6 comes back with all that is known of it") {
    with_each_kind([] {
        Pinger plugin;
        for (const std::string target : {"127.0.0.1", "::1"}) {
            const bool is_v4 = target != "::1";
            for (const Family family : {is_v4 ? Family::ipv4 : Family::ipv6, Family::any}) {
                const Fd fd = plugin.open_icmp(family);
                REQUIRE(plugin.ping(fd, target, "hello", 7) == ok);
                const Ping got = plugin.pong(fd);
                REQUIRE(got.number == ok);
                CHECK(got.is_reply());
                CHECK(got.data == "hello");
                CHECK(got.source() == target);
                CHECK(got.target() == target);
                CHECK(got.told.type == (is_v4 ? 0 : 129));
                CHECK(got.told.code == 0);
                CHECK(got.told.sequence == 7);
                CHECK(got.told.identifier != 0);
                CHECK((got.told.icmp_flags & icmp_flags::has_ttl) != 0);
                CHECK(got.told.ttl == 64);
                CHECK(got.told.round_trip > 0);
                CHECK(got.told.flags == 0);
                if (family != Family::any) CHECK(plugin.local(fd).port() == got.told.identifier);
                CHECK(plugin.close(fd) == ok);
            }
        }
        CHECK(plugin.state.statistics.bytes_sent == 20);
        CHECK(plugin.state.statistics.bytes_received == 20);
    });
}

TEST_CASE("replies go to the descriptor that asked and to no other, whatever their numbers") {
    with_each_kind([] {
        Pinger one, other;
        const Fd a = one.open_icmp(), b = one.open_icmp(), c = other.open_icmp();
        for (std::uint32_t sequence = 0; sequence < 20; ++sequence) {
            REQUIRE(one.ping(a, "127.0.0.1", "a", sequence) == ok);
            REQUIRE(one.ping(b, "127.0.0.1", "b", sequence) == ok);
            REQUIRE(other.ping(c, "127.0.0.1", "c", sequence) == ok);
        }
        std::array<std::uint16_t, 3> identifiers{};
        for (std::uint32_t sequence = 0; sequence < 20; ++sequence) {
            const Ping from_a = one.pong(a), from_b = one.pong(b), from_c = other.pong(c);
            CHECK(from_a.data == "a");
            CHECK(from_b.data == "b");
            CHECK(from_c.data == "c");
            CHECK(from_a.told.sequence == sequence);
            CHECK(from_b.told.sequence == sequence);
            CHECK(from_c.told.sequence == sequence);
            identifiers = {from_a.told.identifier, from_b.told.identifier, from_c.told.identifier};
        }
        CHECK(identifiers[0] != identifiers[1]);
        CHECK(identifiers[0] != identifiers[2]);
        CHECK(identifiers[1] != identifiers[2]);
        // Nothing is left over, dialect v1's own client has nothing, and a new descriptor neither.
        CHECK(one.pong(a, 16, 0, 0ns).number == timed_out);
        CHECK(one.state.icmp().ready_count() == 0);
        CHECK(one.pong(one.open_icmp(), 16, 0, 0ns).number == timed_out);
    });
}

TEST_CASE("a closed descriptor's replies are not given to the one that gets its number") {
    with_each_kind([] {
        Pinger plugin;
        const Fd first = plugin.open_icmp();
        REQUIRE(plugin.ping(first, "127.0.0.1", "old", 1) == ok);
        REQUIRE(plugin.close(first) == ok);
        const Fd second = plugin.open_icmp();
        REQUIRE(second.number == first.number);
        REQUIRE(plugin.ping(second, "127.0.0.1", "new", 1) == ok);
        CHECK(plugin.pong(second).data == "new");
        CHECK(plugin.pong(second, 16, 0, 0ns).number == timed_out);
    });
}

TEST_CASE("time exceeded and unreachable come as packets, which is what a traceroute needs") {
    Route route;
    if (!route.is_ready()) {
        MESSAGE("not tested: no network namespaces, iproute2 or veth devices");
        return;
    }
    for (const char* range : {"0 2147483647", "1 0"}) {
        CAPTURE(std::string(range));
        REQUIRE(route.client.set("ipv4/ping_group_range", range));
        route.client.run([] {
            Pinger plugin;
            struct {
                Family family;
                Option hops;
                std::string first, second, target, nowhere;
                int exceeded, unreachable, unreachable_code, reply;
            } const families[] = {{Family::ipv4, Option::ipv4_ttl, "10.1.0.2", "10.2.0.2",
                                   "10.3.0.2", "10.8.0.1", 11, 3, 1, 0},
                                  {Family::ipv6, Option::ipv6_hops, "fd01::2", "fd02::2", "fd03::2",
                                   "fd08::1", 3, 1, 0, 129}};
            for (const auto& with : families) {
                const Fd fd = plugin.open_icmp(with.family);
                const auto expect = [&](std::uint32_t sequence, const std::string& target,
                                        const std::string& source, int type, int code) {
                    CAPTURE(target);
                    REQUIRE(plugin.ping(fd, target, "payload", sequence) == ok);
                    const Ping got = plugin.pong(fd);
                    REQUIRE(got.number == ok);
                    CHECK(got.source() == source);
                    CHECK(got.target() == target);
                    CHECK(int(got.told.type) == type);
                    CHECK(int(got.told.code) == code);
                    CHECK(got.told.sequence == sequence);
                    CHECK(got.is_reply() == (type == with.reply));
                    CHECK((got.told.identifier != 0) == got.is_reply());
                    CHECK(got.data.ends_with("payload"));
                    CHECK(got.told.round_trip > 0);
                };
                REQUIRE(plugin.set(fd, with.hops, 1) == ok);
                expect(1, with.target, with.first, with.exceeded, 0);
                REQUIRE(plugin.set(fd, with.hops, 2) == ok);
                CHECK(plugin.get(fd, with.hops) == 2);
                expect(2, with.target, with.second, with.exceeded, 0);
                REQUIRE(plugin.set(fd, with.hops, 3) == ok);
                expect(3, with.target, with.target, with.reply, 0);
                REQUIRE(plugin.set(fd, with.hops, ~std::uint64_t{0}) == ok);
                expect(4, with.nowhere, with.second, with.unreachable, with.unreachable_code);
                expect(5, with.target, with.target, with.reply, 0);
            }
        });
    }
}

TEST_CASE("a packet filter's port and network unreachable come with their codes") {
    Route route;
    if (!route.is_ready() ||
        !route.second.shell("ip route add prohibit 10.9.0.0/16 && ip -6 route add prohibit "
                            "fd09::/16 && ip route add throw 10.10.0.0/16")) {
        MESSAGE("not tested: no network namespaces, iproute2 or veth devices");
        return;
    }
    route.client.run([] {
        Pinger plugin;
        const Fd fd = plugin.open_icmp(Family::any);
        REQUIRE(plugin.ping(fd, "10.9.0.1", "x", 1) == ok);
        Ping got = plugin.pong(fd);
        CHECK(int(got.told.type) == 3);
        CHECK(int(got.told.code) == 13); // administratively prohibited
        REQUIRE(plugin.ping(fd, "fd09::1", "x", 2) == ok);
        got = plugin.pong(fd);
        CHECK(int(got.told.type) == 1);
        CHECK(int(got.told.code) == 1);
        REQUIRE(plugin.ping(fd, "10.10.0.1", "x", 3) == ok);
        got = plugin.pong(fd);
        CHECK(int(got.told.type) == 3);
        CHECK(int(got.told.code) == 0); // network unreachable
    });
}

TEST_CASE("a plugin that may ping nobody gets no raw socket of the system") {
    NetworkNamespace network;
    if (is_missing(network)) return;
    REQUIRE(network.set("ipv4/ping_group_range", "1 0"));
    network.run([] {
        const auto raw_sockets = [] {
            std::ifstream table("/proc/thread-self/net/raw");
            std::string line;
            int count = -1; // the heading
            while (std::getline(table, line))
                ++count;
            return count;
        };
        Pinger nobody({"allow tcp:loopback:*"}), somebody;
        const Fd fd = nobody.open_icmp();
        CHECK(nobody.ping(fd, "127.0.0.1", "x", 1) == denied);
        CHECK(raw_sockets() == 0);
        REQUIRE(somebody.ping(somebody.open_icmp(), "127.0.0.1", "x", 1) == ok);
        CHECK(raw_sockets() == 1);
    });
}

TEST_CASE("the policy is asked about each target, and nothing leaves for one it denies") {
    with_each_kind([] {
        Pinger plugin({"allow icmp:127.0.0.2"});
        const Fd fd = plugin.open_icmp();
        // Everything that arrives in this namespace shows here.
        const NativeSocket canary(os::Fd(::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP)));
        CHECK(plugin.ping(fd, "127.0.0.1", "x", 1) == denied);
        CHECK(plugin.last_error().find("127.0.0.1") == std::string::npos);
        CHECK(plugin.number(v2::socket_connect(plugin.state, fd,
                                               plugin.at(Pinger::address("127.0.0.3")))) == denied);
        CHECK(plugin.send(fd, echo_message(8, 1, "x"), 0, Pinger::address("127.0.0.1")).number ==
              denied);
        CHECK(plugin.ping(fd, "0.0.0.0", "x", 1) == denied);
        CHECK(plugin.ping_name(fd, "localhost", "x", 1) == denied);
        char byte;
        CHECK(::recv(canary.get(), &byte, 1, MSG_DONTWAIT) < 0);
        REQUIRE(plugin.ping(fd, "127.0.0.2", "x", 1) == ok);
        CHECK(plugin.pong(fd).source() == "127.0.0.2");
        CHECK(plugin.denials.size() == 5);
        // A rule for other uses is none for this one.
        Pinger streams({"allow tcp:loopback:*", "allow udp:loopback:*"});
        CHECK(streams.ping(streams.open_icmp(), "127.0.0.1", "x", 1) == denied);
    });
}

TEST_CASE("a rule with a name grants the addresses of that name, by icmp_send_name and "
          "connect_name") {
    NetworkNamespace network;
    if (is_missing(network)) return;
    REQUIRE(network.set("ipv4/ping_group_range", "0 2147483647"));
    REQUIRE(network.shell("ip addr add 100.1.2.7/32 dev lo && ip addr add 2a00::7/128 dev "
                          "lo nodad"));
    network.run([] {
        DnsmasqServer server(
            {"--host-record=both.example,100.1.2.7,2a00::7", "--host-record=four.example,100.1.2.7",
             "--host-record=evil.example,127.0.0.1", "--address=/nobody.example/"});
        core::ResolverOptions resolving;
        resolving.servers = {server.address()};
        Pinger plugin({"allow icmp:*.example"}, {}, resolving);
        const Fd v4 = plugin.open_icmp(Family::ipv4), v6 = plugin.open_icmp(Family::ipv6);
        CHECK(plugin.ping(v4, "100.1.2.7", "x", 1) == denied);
        REQUIRE(plugin.ping_name(v4, "both.example", "x", 2) == ok);
        CHECK(Plugin::unwire(plugin.load<Address>(address_at))->ip().to_string() == "100.1.2.7");
        CHECK(plugin.pong(v4).told.sequence == 2);
        REQUIRE(plugin.ping_name(v6, "both.example", "x", 3) == ok);
        CHECK(plugin.pong(v6).source() == "2a00::7");
        CHECK(plugin.ping_name(v6, "four.example", "x", 4) == name_not_found);
        CHECK(plugin.ping_name(v4, "evil.example", "x", 5) == denied);
        CHECK(plugin.ping_name(v4, "nobody.example", "x", 6) == name_not_found);
        CHECK(plugin.ping_name(v4, "other.test", "x", 6) == denied);
        CHECK(plugin.ping_name(v4, "a b", "x", 6) == bad_name);

        plugin.put(data_at, "four.example");
        REQUIRE(
            plugin.number(v2::connect_name(plugin.state, {data_at, 12}, 0, SocketType::icmp_echo,
                                           no_limit, 0, {result_at}, {address_at})) == ok);
        const Fd fd = plugin.load<Fd>(result_at);
        REQUIRE(plugin.ping(fd, "", "to the peer", 9) == ok);
        CHECK(plugin.pong(fd).data == "to the peer");
        CHECK(plugin.number(v2::socket_peer_address(plugin.state, fd, {result_at})) == ok);
        CHECK(Plugin::unwire(plugin.load<Address>(result_at))->ip().to_string() == "100.1.2.7");
    });
}

TEST_CASE("without ping sockets and CAP_NET_RAW opening fails and tells what to grant") {
    NetworkNamespace network;
    if (is_missing(network)) return;
    REQUIRE(network.set("ipv4/ping_group_range", "1 0"));
    network.run([] {
        Pinger plugin;
        // The system call itself changes this thread only, unlike the C library's function.
        REQUIRE(::syscall(SYS_setresgid, 65534, 65534, 65534) == 0);
        REQUIRE(::syscall(SYS_setresuid, 65534, 65534, 65534) == 0);
        for (const Family family : {Family::ipv4, Family::ipv6, Family::any}) {
            CHECK(plugin.number(v2::socket_open(plugin.state, family, SocketType::icmp_echo, 0,
                                                {result_at})) == not_permitted);
            CHECK(plugin.last_error().find("net.ipv4.ping_group_range") != std::string::npos);
            CHECK(plugin.last_error().find("CAP_NET_RAW") != std::string::npos);
        }
        CHECK(plugin.state.descriptors.open_count() == 0);
    });
}

TEST_CASE("the rate of requests is one for all of a plugin's sockets") {
    with_each_kind([] {
        core::Limits limits;
        limits.icmp_burst = 3;
        limits.icmp_interval = 1h;
        Pinger plugin(everywhere, limits), unhurt(everywhere, limits);
        const Fd a = plugin.open_icmp(), b = plugin.open_icmp();
        CHECK(plugin.ping(a, "127.0.0.1", "x", 1) == ok);
        CHECK(plugin.ping(b, "127.0.0.1", "x", 2) == ok);
        CHECK(plugin.ping(a, "127.0.0.1", "x", 3) == ok);
        CHECK(plugin.ping(b, "127.0.0.1", "x", 4) == rate_limited);
        CHECK(plugin.last_error().find("icmp_interval") != std::string::npos);
        const Fd c = plugin.open_icmp();
        CHECK(plugin.ping(c, "127.0.0.1", "x", 5) == rate_limited);
        CHECK(unhurt.ping(unhurt.open_icmp(), "127.0.0.1", "x", 1) == ok);
        CHECK(plugin.pong(a).told.sequence == 1);
        CHECK(plugin.pong(a).told.sequence == 3);
        CHECK(plugin.pong(b).told.sequence == 2);
    });
}

TEST_CASE("replies that nobody fetches take no more memory than a plugin may have for them, on "
          "however many sockets") {
    with_each_kind([] {
        core::Limits limits;
        limits.icmp_reply_bytes = 100'000;
        Pinger plugin(everywhere, limits);
        const std::string payload(30'000, 'x');
        std::vector<Fd> sockets;
        for (int i = 0; i < 5; ++i)
            sockets.push_back(plugin.open_icmp());
        // Some of the replies are thrown away, of which nothing is seen: a later one tells that
        // they have come, and poll looks at them.
        const Fd later = plugin.open_icmp();
        for (const Fd fd : sockets) {
            REQUIRE(plugin.ping(fd, "127.0.0.1", payload, 1) == ok);
            REQUIRE(plugin.ping(later, "127.0.0.1", "later", 1) == ok);
            REQUIRE(plugin.pong(later).number == ok);
            plugin.poll(fd, poll_events::read);
        }
        int kept = 0;
        for (const Fd fd : sockets)
            kept += plugin.pong(fd, 64, 0, 0ns).number == ok;
        CHECK(kept == 3);
        // What was fetched makes room again, and so does closing.
        REQUIRE(plugin.ping(sockets[4], "127.0.0.1", payload, 2) == ok);
        CHECK(plugin.pong(sockets[4]).told.sequence == 2);
        for (int i = 0; i < 5; ++i) {
            const Fd fd = plugin.open_icmp();
            REQUIRE(plugin.ping(fd, "127.0.0.1", payload, 3) == ok);
            CHECK(plugin.poll(fd, poll_events::read, 10s) == poll_events::read);
            CHECK(plugin.close(fd) == ok);
        }
    });
}

TEST_CASE("poll tells when a reply is there, and a NONBLOCK descriptor would block until then") {
    with_each_kind([] {
        Pinger plugin;
        const Fd fd = plugin.open_icmp(Family::ipv4, open_flags::non_blocking);
        CHECK(plugin.pong(fd).number == again);
        CHECK(plugin.receive(fd).number == again);
        CHECK(plugin.poll(fd, poll_events::read | poll_events::write) == poll_events::write);
        CHECK(plugin.poll(fd, poll_events::read) == 0);
        REQUIRE(plugin.ping(fd, "127.0.0.1", "x", 1) == ok);
        CHECK(plugin.poll(fd, poll_events::read, 10s) == poll_events::read);
        CHECK(plugin.number(v2::bytes_readable(plugin.state, fd, {result_at})) == ok);
        CHECK(plugin.result() == 9);
        CHECK(plugin.pong(fd).data == "x");
        CHECK(plugin.poll(fd, poll_events::read) == 0);
        // Waiting ends at the time given, or at the descriptor's own.
        plugin.set_non_blocking(fd, false);
        CHECK(plugin.pong(fd, 16, 0, 1ms).number == already_over);
        CHECK(plugin.pong(fd, 16, receive_flags::dont_wait).number == again);
        REQUIRE(plugin.set(fd, Option::receive_timeout, 1'000'000) == ok);
        CHECK(plugin.get(fd, Option::receive_timeout) == 1'000'000);
        CHECK(plugin.pong(fd).number == again);
    });
}

TEST_CASE("a reply is cut to the room there is, and can be looked at first") {
    with_each_kind([] {
        Pinger plugin;
        const Fd fd = plugin.open_icmp();
        REQUIRE(plugin.ping(fd, "127.0.0.1", "0123456789", 1) == ok);
        Ping got = plugin.pong(fd, 4, receive_flags::peek | receive_flags::whole_length);
        CHECK(got.data == "0123");
        CHECK(got.told.bytes == 10);
        CHECK(got.told.flags == received_flags::truncated);
        got = plugin.pong(fd, 4);
        CHECK(got.told.bytes == 4);
        CHECK(got.told.flags == received_flags::truncated);
        // Several buffers, on either way, some of them empty.
        plugin.put(data_at, "abcdef");
        const auto from = plugin.iovecs({{data_at, 2}, {0, 0}, {data_at + 2, 4}});
        REQUIRE(plugin.number(v2::icmp_send(plugin.state, fd, from, 2,
                                            plugin.at(Pinger::address("127.0.0.1")))) == ok);
        const auto into = plugin.iovecs({{data_at + 100, 1}, {0, 0}, {data_at + 200, 100}});
        REQUIRE(plugin.number(v2::icmp_receive(plugin.state, fd, into, 0, no_limit, {result_at})) ==
                ok);
        CHECK(plugin.load<IcmpReceived>(result_at).bytes == 6);
        CHECK(plugin.text(data_at + 100, 1) == "a");
        CHECK(plugin.text(data_at + 200, 5) == "bcdef");
    });
}

TEST_CASE("as plain bytes it is a ping socket of Linux") {
    with_each_kind([] {
        Pinger plugin;
        const Fd fd = plugin.open_icmp();
        const std::string request = echo_message(8, 0x0102, "data");
        const auto sent = plugin.send(fd, request, 0, Pinger::address("127.0.0.1"));
        CHECK(sent.number == ok);
        CHECK(sent.bytes == request.size());
        const auto got = plugin.receive(fd);
        REQUIRE(got.number == ok);
        CHECK(got.sender == Pinger::address("127.0.0.1"));
        REQUIRE(got.text.size() == 12);
        CHECK(got.text[0] == 0);
        CHECK(got.text.substr(6) == std::string("\x01\x02") + "data");
        const auto id = static_cast<std::uint16_t>(static_cast<unsigned char>(got.text[4]) << 8 |
                                                   static_cast<unsigned char>(got.text[5]));
        CHECK(id == plugin.local(fd).port());
        // With a peer, read and write.
        REQUIRE(plugin.number(v2::socket_connect(plugin.state, fd,
                                                 plugin.at(Pinger::address("127.0.0.1")))) == ok);
        plugin.put(data_at, request);
        plugin.iovecs({{data_at, 12}});
        REQUIRE(plugin.number(preview1::fd_write(plugin.state, fd, {iovecs_at, 1}, {result_at})) ==
                ok);
        plugin.iovecs({{data_at + 512, 64}});
        REQUIRE(plugin.number(preview1::fd_read(plugin.state, fd, {iovecs_at, 1}, {result_at})) ==
                ok);
        CHECK(plugin.result() == 12);
        CHECK(plugin.text(data_at + 520, 4) == "data");
        // What is no echo request is refused.
        for (const std::string& bad : {std::string(), request.substr(0, 7), echo_message(0, 1, "x"),
                                       echo_message(13, 1, "x"), echo_message(128, 1, "x")})
            CHECK(plugin.send(fd, bad).number == inval);
    });
}

TEST_CASE("as plain bytes an error is a failure of the connected socket, and silence otherwise") {
    Route route;
    if (!route.is_ready()) {
        MESSAGE("not tested: no network namespaces, iproute2 or veth devices");
        return;
    }
    route.client.run([] {
        Pinger plugin;
        const Fd fd = plugin.open_icmp();
        REQUIRE(plugin.send(fd, echo_message(8, 1, "x"), 0, Pinger::address("10.8.0.1")).number ==
                ok);
        REQUIRE(plugin.send(fd, echo_message(8, 2, "x"), 0, Pinger::address("10.3.0.2")).number ==
                ok);
        CHECK(plugin.receive(fd).sender == Pinger::address("10.3.0.2"));
        REQUIRE(plugin.number(v2::socket_connect(plugin.state, fd,
                                                 plugin.at(Pinger::address("10.8.0.1")))) == ok);
        REQUIRE(plugin.send(fd, echo_message(8, 3, "x")).number == ok);
        CHECK(plugin.receive(fd).number == host_unreachable);
    });
}

TEST_CASE("wrong arguments have errors of their own, and nothing is lost by them") {
    with_each_kind([] {
        Pinger plugin;
        const Fd fd = plugin.open_icmp(), six = plugin.open_icmp(Family::ipv6);
        CHECK(plugin.ping(fd, "", "x", 1) == destination_required);
        CHECK(plugin.ping(fd, "::1", "x", 1) == family_wrong);
        CHECK(plugin.ping(six, "127.0.0.1", "x", 1) == family_wrong);
        CHECK(plugin.ping(fd, "127.0.0.1", "x", 0x10000) == inval);
        CHECK(plugin.ping({99}, "127.0.0.1", "x", 1) == badf);
        CHECK(plugin.ping(plugin.open_datagram(), "127.0.0.1", "x", 1) == notsock);
        CHECK(plugin.pong(plugin.open_datagram()).number == notsock);
        for (const Option hops : {Option::ipv4_ttl, Option::ipv6_hops}) {
            const Fd right = hops == Option::ipv4_ttl ? fd : six;
            CHECK(plugin.set(right, hops, 0) == inval);
            CHECK(plugin.set(right, hops, 256) == inval);
            CHECK(plugin.set(right, hops, 255) == ok);
            CHECK(plugin.set(right.number == fd.number ? six : fd, hops, 1) == noprotoopt);
        }
        CHECK(plugin.set(fd, Option::no_delay, 1) == noprotoopt);
        CHECK(plugin.get(fd, Option::type) == 3);
        CHECK(plugin.get(fd, Option::family) == 4);
        CHECK(plugin.get(fd, Option::protocol) == 1);
        CHECK(plugin.get(six, Option::protocol) == 58);
        CHECK(plugin.get(fd, Option::error) == 0);
        CHECK(plugin.bind(fd, "0.0.0.0:0") == ok);
        CHECK(plugin.bind(fd, "0.0.0.0:77") == not_available);
        CHECK(plugin.bind(fd, "127.0.0.1:0") == not_available);
        CHECK(plugin.number(v2::socket_listen(plugin.state, fd, 1)) == notsock);
        CHECK(plugin.number(v2::socket_peer_address(plugin.state, fd, {result_at})) == notconn);
        CHECK(plugin.number(v2::socket_pair(plugin.state, SocketType::icmp_echo, 0, {result_at})) ==
              66);
        CHECK(plugin.number(v2::socket_open(plugin.state, Family::local, SocketType::icmp_echo, 0,
                                            {result_at})) == family_wrong);
        // More than a packet carries, from one buffer or several.
        const auto huge = plugin.iovecs({{data_at, 65'508}});
        CHECK(plugin.number(v2::icmp_send(plugin.state, fd, huge, 1,
                                          plugin.at(Pinger::address("127.0.0.1")))) == msgsize);
        const auto many = plugin.iovecs({{data_at, 60'000}, {data_at, 60'000}, {data_at, 60'000}});
        CHECK(plugin.number(v2::icmp_send(plugin.state, fd, many, 1,
                                          plugin.at(Pinger::address("127.0.0.1")))) == msgsize);
        // Bad pointers of a receive take nothing away.
        REQUIRE(plugin.ping(fd, "127.0.0.1", "still here", 5) == ok);
        REQUIRE(plugin.poll(fd, poll_events::read, 10s) == poll_events::read);
        const auto outside = plugin.iovecs({{data_at, 4}, {0xffff'fff0, 16}});
        CHECK(plugin.number(v2::icmp_receive(plugin.state, fd, outside, 0, 0, {result_at})) ==
              fault);
        const auto inside = plugin.iovecs({{data_at, 16}});
        CHECK(plugin.number(v2::icmp_receive(plugin.state, fd, inside, 0, 0, {})) == fault);
        CHECK(plugin.number(v2::icmp_receive(plugin.state, fd, inside, 0, 0, {0xffff'fff0})) ==
              fault);
        CHECK(plugin.number(v2::icmp_receive(plugin.state, fd, {iovecs_at, 1025}, 0, 0,
                                             {result_at})) == msgsize);
        CHECK(plugin.number(v2::icmp_receive(plugin.state, fd, inside, receive_flags::wait_all, 0,
                                             {result_at})) == notsup);
        CHECK(plugin.number(v2::icmp_send(plugin.state, fd, outside, 1,
                                          plugin.at(Pinger::address("127.0.0.1")))) == fault);
        CHECK(plugin.number(v2::icmp_send(plugin.state, fd, inside, 1, {0xffff'fff0})) == fault);
        CHECK(plugin.pong(fd).data == "still here");
    });
}

TEST_CASE("a descriptor that is closed during a wait ends it, and its number's new owner loses "
          "nothing") {
    with_each_kind([] {
        Pinger plugin;
        const Fd fd = plugin.open_icmp();
        const auto list = plugin.iovecs({{data_at, 64}});
        auto waiting = v2::icmp_receive(plugin.state, fd, list, 0, no_limit, {result_at});
        waiting.start(plugin.loop);
        REQUIRE(plugin.close(fd) == ok);
        plugin.loop.run_until([&] { return waiting.is_done(); });
        CHECK(plugin.number(waiting.take_result()) == badf);
    });
}

TEST_SUITE_END();
