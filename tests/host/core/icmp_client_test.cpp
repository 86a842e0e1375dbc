#include "core/icmp_client.hpp"
#include "os/icmp_socket.hpp"
#include "support/network_namespace.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

using namespace hws;
using namespace hws::host;
using namespace hws::host::core;
using namespace std::chrono_literals;

namespace {

std::vector<std::byte> bytes_of(std::string_view text) {
    const auto* data = reinterpret_cast<const std::byte*>(text.data());
    return {data, data + text.size()};
}
std::string text_of(const std::vector<std::byte>& bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Vetted vetted(std::string_view address, Use use = Use::icmp) {
    static const Policy policy = Policy::parse({"allow icmp:loopback", "allow icmp:10.0.0.0/8",
                                                "allow icmp:[fd00::/8]", "allow tcp:loopback:*"})
                                     .value();
    return policy.check(use, SocketAddr(IpAddr::parse(address).value(), use == Use::tcp ? 1 : 0))
        .value();
}

/// A client on a loop, and what one does with it.
struct Pinger {
    explicit Pinger(IcmpSockets sockets, const Limits& limits = {})
        : allowance(limits), client(*loop, limits, allowance, sockets) {}

    Result<void> send(std::string_view target, std::string_view payload, std::uint16_t sequence,
                      std::optional<std::uint8_t> ttl = {}) {
        return client.send(vetted(target), bytes_of(payload), sequence, ttl);
    }
    Result<IcmpReply> receive(std::chrono::nanoseconds wait = 5s) {
        return os::run(*loop, client.receive(os::deadline_after(wait)));
    }
    /// Lets the loop read until `count` replies are there.
    bool wait_for_replies(std::size_t count) {
        const auto deadline = os::deadline_after(5s);
        while (client.ready_count() < count && os::Clock::now() < deadline)
            turn();
        return client.ready_count() == count;
    }
    void turn() { (void)os::run(*loop, pause(*loop)); }
    static os::Task<> pause(os::Loop& loop) {
        co_await os::sleep_until(loop, os::deadline_after(1ms));
        co_return Result<void>();
    }

    std::unique_ptr<os::Loop> loop = os::Loop::create().value();
    IcmpAllowance allowance;
    IcmpClient client;
};

bool may_open_raw_sockets() {
    const int socket = ::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
    if (socket >= 0) ::close(socket);
    return socket >= 0;
}

bool is_missing(const test::NetworkNamespace& network) {
    if (network.is_available()) return false;
    MESSAGE("not tested: this process may not make network namespaces");
    return true;
}

/// Runs `test` in a new network namespace where ping sockets are open to everyone, once with each
/// kind of socket.
void with_each_kind(const std::function<void(test::NetworkNamespace&, IcmpSockets)>& test) {
    for (const IcmpSockets kind : {IcmpSockets::ping_only, IcmpSockets::raw_only}) {
        test::NetworkNamespace network;
        if (is_missing(network)) return;
        REQUIRE(network.set("ipv4/ping_group_range", "0 2147483647"));
        CAPTURE(static_cast<int>(kind));
        test(network, kind);
    }
}

void check_own_echo(Pinger& pinger) {
    for (const std::string_view address : {"127.0.0.1", "::1", "127.0.0.9"}) {
        CAPTURE(address);
        const bool is_v4 = address != "::1";
        const auto sent = pinger.send(address, "hello", 7);
        REQUIRE_MESSAGE(sent, (sent ? "" : sent.error().message()));
        CHECK(pinger.client.pending_count() == 1);
        const auto reply = pinger.receive();
        REQUIRE(reply);
        CHECK(reply->source == IpAddr::parse(address).value());
        CHECK(reply->target == reply->source);
        CHECK(reply->type == (is_v4 ? 0 : 129));
        CHECK(reply->code == 0);
        CHECK(reply->id.value_or(0) != 0);
        CHECK(reply->sequence == std::uint16_t{7});
        CHECK(reply->request_sequence == 7);
        CHECK(text_of(reply->data) == "hello");
        CHECK(reply->ttl == std::uint8_t{64});
        CHECK(reply->round_trip > 0ns);
        CHECK(reply->round_trip < 5s);
        CHECK(pinger.client.pending_count() == 0);
    }
}

/// A raw socket of the test, to look at requests and to forge replies.
class Forger {
public:
    explicit Forger(const char* own_address = nullptr)
        : socket_(::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP)) {
        timeval limit{5, 0};
        ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        if (own_address) {
            const sockaddr_in own = native(own_address);
            REQUIRE(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&own), sizeof own) ==
                    0);
        }
    }
    /// The identifier of the next echo request this machine sees.
    std::uint16_t next_identifier() {
        unsigned char packet[2048];
        for (;;) {
            const ssize_t size = ::recv(socket_.get(), packet, sizeof packet, 0);
            REQUIRE(size >= 28);
            if (packet[20] == 8) return static_cast<std::uint16_t>(packet[24] << 8 | packet[25]);
        }
    }
    void send_reply(std::uint16_t identifier, std::uint16_t sequence, std::string_view payload,
                    int damage = 0) {
        auto message = bytes_of(payload);
        const auto header = echo_request_header(IcmpFamily::v4, identifier, sequence, message);
        message.insert(message.begin(), header.begin(), header.end());
        message[0] = message[2] = message[3] = std::byte{0};
        const int sum = internet_checksum(message) + damage;
        message[2] = static_cast<std::byte>(sum >> 8);
        message[3] = static_cast<std::byte>(sum);
        const sockaddr_in target = native("127.0.0.1");
        CHECK(::sendto(socket_.get(), message.data(), message.size(), 0,
                       reinterpret_cast<const sockaddr*>(&target),
                       sizeof target) == static_cast<ssize_t>(message.size()));
    }

private:
    static sockaddr_in native(const char* address) {
        sockaddr_in out{};
        out.sin_family = AF_INET;
        ::inet_pton(AF_INET, address, &out.sin_addr);
        return out;
    }
    os::Fd socket_;
};

/// Two namespaces, client and router, with a cable between them. The router forwards nothing
/// to 10.8.0.0/16 and fd08::/16 (unreachable) and would forward to 10.9.0.0/16 and fd09::/16.
bool connect_through_router(test::NetworkNamespace& client, test::NetworkNamespace& router) {
    return client.shell(
               "ip link add cable type veth peer name plug && ip link set plug netns " +
               std::to_string(router.thread_id()) +
               " && ip addr add 10.0.0.1/24 dev cable && ip addr add fd00::1/64 dev cable nodad"
               " && ip link set cable up") &&
           router.shell(
               "ip addr add 10.0.0.2/24 dev plug && ip addr add fd00::2/64 dev plug nodad && ip "
               "link set plug up"
               " && ip route add 10.9.0.0/16 dev plug && ip -6 route add fd09::/16 dev plug"
               " && ip route add unreachable 10.8.0.0/16 && ip -6 route add unreachable "
               "fd08::/16") &&
           router.set("ipv4/ip_forward", "1") && router.set("ipv6/conf/all/forwarding", "1") &&
           // Not icmp_ratelimit 0: that takes away the allowance that errors of unreachable routes
           // need.
           router.set("ipv4/icmp_ratemask", "0") && router.set("ipv6/icmp/ratelimit", "0") &&
           client.shell("ip route add default via 10.0.0.2 && ip -6 route add default via fd00::2");
}

} // namespace

TEST_CASE("a raw socket pings this machine over IPv4 and IPv6") {
    if (!may_open_raw_sockets()) {
        MESSAGE("not tested: this process has no CAP_NET_RAW");
        return;
    }
    Pinger pinger(IcmpSockets::raw_only);
    check_own_echo(pinger);
}

TEST_CASE("each kind of socket pings this machine over IPv4 and IPv6") {
    with_each_kind([](test::NetworkNamespace& network, IcmpSockets kind) {
        network.run([&] {
            Pinger pinger(kind);
            check_own_echo(pinger);
        });
    });
}

TEST_CASE("where the kernel refuses ping sockets a raw one is used, unless the operator allows "
          "ping sockets only") {
    test::NetworkNamespace network;
    if (is_missing(network)) return;
    REQUIRE(network.set("ipv4/ping_group_range", "1 0"));
    network.run([] {
        Pinger either(IcmpSockets::any);
        check_own_echo(either);
        Pinger ping_only(IcmpSockets::ping_only);
        CHECK(ping_only.send("127.0.0.1", "x", 1).error() == Errc::not_permitted);
    });
}

TEST_CASE(
    "where the kernel refuses both kinds the error names what to grant, and nothing is pending") {
    test::NetworkNamespace network;
    if (is_missing(network)) return;
    REQUIRE(network.set("ipv4/ping_group_range", "1 0"));
    network.run([] {
        // The system call itself changes this thread only, unlike the C library's function; the
        // capabilities go with root.
        REQUIRE(::syscall(SYS_setresgid, 65534, 65534, 65534) == 0);
        REQUIRE(::syscall(SYS_setresuid, 65534, 65534, 65534) == 0);
        Pinger pinger(IcmpSockets::any);
        for (const char* target : {"127.0.0.1", "::1"}) {
            const auto sent = pinger.send(target, "x", 1);
            REQUIRE_FALSE(sent);
            CHECK(sent.error() == Errc::not_permitted);
            CHECK(sent.error().message().find("net.ipv4.ping_group_range=\"65534 65534\"") !=
                  std::string::npos);
            CHECK(sent.error().message().find("CAP_NET_RAW") != std::string::npos);
        }
        CHECK(pinger.client.pending_count() == 0);
        CHECK(pinger.receive(0ns).error() == Errc::timed_out);
    });
}

TEST_CASE("an unprivileged user within ping_group_range pings") {
    test::NetworkNamespace network;
    if (is_missing(network)) return;
    REQUIRE(network.set("ipv4/ping_group_range", "65534 65534"));
    network.run([] {
        REQUIRE(::syscall(SYS_setresgid, 65534, 65534, 65534) == 0);
        REQUIRE(::syscall(SYS_setresuid, 65534, 65534, 65534) == 0);
        Pinger pinger(IcmpSockets::any);
        check_own_echo(pinger);
    });
}

TEST_CASE(
    "two clients that ping the same target with the same numbers get their own replies only") {
    with_each_kind([](test::NetworkNamespace& network, IcmpSockets kind) {
        network.run([&] {
            Pinger one(kind), other(kind);
            for (const char* target : {"127.0.0.1", "::1"}) {
                for (std::uint16_t sequence = 0; sequence < 50; ++sequence) {
                    CHECK(one.send(target, "one", sequence));
                    CHECK(other.send(target, "other", sequence));
                }
                REQUIRE(one.wait_for_replies(50));
                REQUIRE(other.wait_for_replies(50));
                std::optional<std::uint16_t> id_of_one, id_of_other;
                for (std::uint16_t sequence = 0; sequence < 50; ++sequence) {
                    const auto to_one = one.receive(), to_other = other.receive();
                    REQUIRE(to_one);
                    REQUIRE(to_other);
                    CHECK(text_of(to_one->data) == "one");
                    CHECK(text_of(to_other->data) == "other");
                    CHECK(to_one->sequence == sequence);
                    CHECK(to_other->sequence == sequence);
                    id_of_one = to_one->id;
                    id_of_other = to_other->id;
                }
                CHECK(id_of_one != id_of_other);
            }
            // Nothing is left over, and a third one that sent nothing has nothing.
            CHECK(one.receive(0ns).error() == Errc::timed_out);
            Pinger idle(kind);
            CHECK(idle.receive(0ns).error() == Errc::timed_out);
        });
    });
}

TEST_CASE("replies that arrive before receive is called are kept in order, the newest as many as "
          "the limit says") {
    with_each_kind([](test::NetworkNamespace& network, IcmpSockets kind) {
        network.run([&] {
            Limits limits;
            limits.icmp_replies = 2;
            Pinger pinger(kind, limits);
            for (std::uint16_t sequence = 1; sequence <= 5; ++sequence)
                REQUIRE(pinger.send("127.0.0.1", "x", sequence));
            while (pinger.client.pending_count() > 0)
                pinger.turn();
            CHECK(pinger.client.ready_count() == 2);
            CHECK(pinger.receive(0ns)->sequence == std::uint16_t{4});
            CHECK(pinger.receive(0ns)->sequence == std::uint16_t{5});
            CHECK(pinger.receive(0ns).error() == Errc::timed_out);
        });
    });
}

TEST_CASE("the bytes of kept replies are bounded") {
    with_each_kind([](test::NetworkNamespace& network, IcmpSockets kind) {
        network.run([&] {
            const Limits limits;
            Pinger pinger(kind, limits);
            const std::string payload(60'000, 'x');
            for (std::uint16_t sequence = 0; sequence < 40; ++sequence) {
                REQUIRE(pinger.send("127.0.0.1", payload, sequence));
                while (pinger.client.pending_count() > 0)
                    pinger.turn();
            }
            CHECK(pinger.client.ready_count() == limits.icmp_reply_bytes / payload.size());
            CHECK(pinger.receive(0ns)->sequence.value() > 0);
        });
    });
}

TEST_CASE("an echo carries nothing, or as much as an IP packet can, and not a byte more") {
    with_each_kind([](test::NetworkNamespace& network, IcmpSockets kind) {
        network.run([&] {
            Pinger pinger(kind);
            for (const char* target : {"127.0.0.1", "::1"}) {
                CAPTURE(std::string(target));
                const std::size_t most = target[0] == ':' ? 65'527 : 65'507;
                std::string payload(most, '\0');
                for (std::size_t i = 0; i < most; ++i)
                    payload[i] = static_cast<char>(i * 7);
                for (const std::string& text : {std::string(), std::string("x"), payload}) {
                    const auto sent = pinger.send(target, text, 1);
                    REQUIRE_MESSAGE(sent, (sent ? "" : sent.error().message()));
                    const auto reply = pinger.receive();
                    REQUIRE(reply);
                    CHECK((text_of(reply->data) == text));
                }
                CHECK(pinger.send(target, payload + "x", 1).error() == Errc::message_too_long);
            }
        });
    });
}

TEST_CASE("more requests than the limit allows are refused until one is answered") {
    with_each_kind([](test::NetworkNamespace& network, IcmpSockets kind) {
        REQUIRE(network.set("ipv4/icmp_echo_ignore_all", "1"));
        network.run([&] {
            Limits limits;
            limits.icmp_pending = 2;
            Pinger pinger(kind, limits);
            Forger forger;
            REQUIRE(pinger.send("127.0.0.1", "x", 1));
            REQUIRE(pinger.send("127.0.0.1", "x", 2));
            CHECK(pinger.send("127.0.0.1", "x", 3).error() == Errc::rate_limited);
            forger.send_reply(forger.next_identifier(), 1, "x");
            CHECK(pinger.receive()->sequence == std::uint16_t{1});
            CHECK(pinger.send("127.0.0.1", "x", 3));
        });
    });
}

TEST_CASE("forged, foreign and repeated replies are dropped") {
    with_each_kind([](test::NetworkNamespace& network, IcmpSockets kind) {
        REQUIRE(network.set("ipv4/icmp_echo_ignore_all", "1"));
        network.run([&] {
            Pinger pinger(kind);
            Forger target, stranger("127.0.0.5");
            REQUIRE(pinger.send("127.0.0.1", "x", 9));
            const std::uint16_t id = target.next_identifier();
            stranger.send_reply(id, 9, "from another address");
            target.send_reply(static_cast<std::uint16_t>(id + 1), 9, "with another identifier");
            target.send_reply(id, 10, "with another sequence number");
            target.send_reply(id, 9, "with a broken checksum", 1);
            CHECK(pinger.receive(50ms).error() == Errc::timed_out);
            CHECK(pinger.client.pending_count() == 1);
            target.send_reply(id, 9, "the true one");
            target.send_reply(id, 9, "once more");
            const auto reply = pinger.receive();
            REQUIRE(reply);
            CHECK(text_of(reply->data) == "the true one");
            CHECK(reply->id == id);
            CHECK(pinger.receive(50ms).error() == Errc::timed_out);
        });
    });
}

TEST_CASE("a destination this machine has no way to is an error of send") {
    with_each_kind([](test::NetworkNamespace& network, IcmpSockets kind) {
        const bool has_ip = network.shell(
            "ip route add unreachable 10.7.0.0/16 && ip route add prohibit 10.6.0.0/16"
            " && ip -6 route add unreachable fd07::/16");
        network.run([&] {
            Pinger pinger(kind);
            CHECK(pinger.send("10.1.2.3", "x", 1).error() == Errc::network_unreachable);
            CHECK(pinger.send("fd01::1", "x", 1).error() == Errc::network_unreachable);
            if (has_ip) {
                CHECK(pinger.send("10.7.0.1", "x", 1).error() == Errc::host_unreachable);
                CHECK(pinger.send("fd07::1", "x", 1).error() == Errc::host_unreachable);
                CHECK(pinger.send("10.6.0.1", "x", 1).error() == Errc::not_permitted);
            } else {
                MESSAGE("unreachable routes not tested: no iproute2");
            }
            CHECK(pinger.client.pending_count() == 0);
            check_own_echo(pinger);
        });
    });
}

TEST_CASE("ICMP errors about a request come with who sent them and which request they are about") {
    with_each_kind([](test::NetworkNamespace& network, IcmpSockets kind) {
        test::NetworkNamespace router;
        if (!connect_through_router(network, router)) {
            MESSAGE("not tested: no iproute2 or no veth devices");
            return;
        }
        network.run([&] {
            Pinger pinger(kind), bystander(kind);
            struct {
                const char* target;
                std::optional<std::uint8_t> ttl;
                const char* router;
                int type;
                int code;
            } const cases[] = {
                {"10.9.0.1", 1, "10.0.0.2", 11, 0}, // time exceeded
                {"10.8.0.1", {}, "10.0.0.2", 3, 1}, // host unreachable
                {"fd09::1", 1, "fd00::2", 3, 0},    // time exceeded
                {"fd08::1", {}, "fd00::2", 1, 0},   // no route
            };
            std::uint16_t sequence = 40;
            for (const auto& expected : cases) {
                CAPTURE(std::string(expected.target));
                ++sequence;
                const bool is_v4 = expected.target[0] == '1';
                // The bystander has sent too, so it has sockets through which it could see what is
                // not its own.
                REQUIRE(bystander.send(is_v4 ? "10.0.0.2" : "fd00::2", "mine", sequence));
                const auto sent = pinger.send(expected.target, "payload", sequence, expected.ttl);
                REQUIRE_MESSAGE(sent, (sent ? "" : sent.error().message()));
                const auto reply = pinger.receive();
                REQUIRE(reply);
                CHECK(reply->source == IpAddr::parse(expected.router).value());
                CHECK(reply->target == IpAddr::parse(expected.target).value());
                CHECK(reply->type == expected.type);
                CHECK(reply->code == expected.code);
                CHECK_FALSE(reply->id);
                CHECK_FALSE(reply->sequence);
                CHECK(reply->request_sequence == sequence);
                CHECK(reply->round_trip > 0ns);
                REQUIRE(reply->data.size() >= 8);
                const int first = std::to_integer<int>(reply->data[0]);
                if (kind == IcmpSockets::raw_only) CHECK((first >> 4) == (is_v4 ? 4 : 6));
                if (kind == IcmpSockets::ping_only) CHECK(first == (is_v4 ? 8 : 128));
                CHECK(text_of(reply->data).ends_with("payload"));
                CHECK(pinger.client.pending_count() == 0);
                CHECK(text_of(bystander.receive()->data) == "mine");
                CHECK(bystander.receive(0ns).error() == Errc::timed_out);
            }
            // An error not yet taken does not spoil the next send, and its ttl does not stay.
            REQUIRE(pinger.send("10.8.0.1", "x", 1, 5));
            for (std::uint16_t i = 2; i < 5; ++i)
                REQUIRE(pinger.send("10.0.0.2", "x", i));
            REQUIRE(pinger.wait_for_replies(4));
            REQUIRE(pinger.send("10.9.0.1", "x", 6, 1));
            REQUIRE(pinger.send("10.0.0.2", "still fine", 7));
            REQUIRE(pinger.wait_for_replies(6));
        });
    });
}

TEST_CASE("a receive that was given up loses no reply") {
    with_each_kind([](test::NetworkNamespace& network, IcmpSockets kind) {
        network.run([&] {
            Pinger pinger(kind);
            {
                auto given_up = pinger.client.receive(os::no_deadline);
                given_up.start(*pinger.loop);
                REQUIRE(pinger.send("127.0.0.1", "x", 1));
            }
            CHECK(pinger.receive()->sequence == std::uint16_t{1});
        });
    });
}

TEST_CASE("two receives at once get a reply each") {
    with_each_kind([](test::NetworkNamespace& network, IcmpSockets kind) {
        network.run([&] {
            Pinger pinger(kind);
            auto first = pinger.client.receive(os::deadline_after(5s));
            auto second = pinger.client.receive(os::deadline_after(5s));
            first.start(*pinger.loop);
            second.start(*pinger.loop);
            REQUIRE(pinger.send("127.0.0.1", "x", 1));
            REQUIRE(pinger.send("127.0.0.1", "x", 2));
            pinger.loop->run_until([&] { return first.is_done() && second.is_done(); });
            CHECK(first.take_result()->sequence == std::uint16_t{1});
            CHECK(second.take_result()->sequence == std::uint16_t{2});
        });
    });
}

TEST_CASE(
    "an address vetted for another use, and a ttl of 0, are refused before any socket is opened") {
    Pinger pinger(IcmpSockets::any);
    CHECK(pinger.client.send(vetted("127.0.0.1", Use::tcp), {}, 1).error() == Errc::denied);
    CHECK(pinger.send("127.0.0.1", "x", 1, 0).error() == Errc::invalid_argument);
    CHECK(pinger.client.pending_count() == 0);
}

TEST_CASE("a raw socket's filter keeps other programs' replies from waking the loop") {
    test::NetworkNamespace network;
    if (is_missing(network)) return;
    network.run([] {
        auto mine = os::IcmpSocket::open(os::IcmpSocketKind::raw, Ipv4Addr(), 1000);
        auto mine_v6 = os::IcmpSocket::open(os::IcmpSocketKind::raw, Ipv6Addr(), 1000);
        REQUIRE(mine);
        REQUIRE(mine_v6);
        Pinger foreign(IcmpSockets::raw_only);
        REQUIRE(foreign.send("127.0.0.1", "x", 1));
        REQUIRE(foreign.send("::1", "x", 2));
        REQUIRE(foreign.wait_for_replies(2));
        std::array<std::byte, 256> buffer;
        CHECK(mine->receive(buffer).error() == Errc::would_block);
        CHECK(mine_v6->receive(buffer).error() == Errc::would_block);
        Forger forger;
        forger.send_reply(1000, 1, "");
        CHECK(mine->receive(buffer)->size == 28);
    });
}

TEST_CASE("requests are allowed in a burst, then one each interval, and a pause brings the burst "
          "back") {
    Limits limits;
    limits.icmp_burst = 3;
    limits.icmp_interval = 10ms;
    IcmpAllowance allowance(limits);
    const auto start = os::Clock::now();
    const auto taken_at = [&](std::chrono::nanoseconds later) {
        int taken = 0;
        while (taken < 10 && allowance.take_request(start + later))
            ++taken;
        return taken;
    };
    CHECK(taken_at(0ms) == 3);
    CHECK(taken_at(9ms) == 0);
    CHECK(taken_at(10ms) == 1);
    CHECK(taken_at(10ms) == 0);
    CHECK(taken_at(30ms) == 2);
    CHECK(taken_at(10s) == 3);
    // Numbers that an operator may write without harm.
    limits.icmp_interval = 0ns;
    IcmpAllowance without(limits);
    for (int i = 0; i < 1000; ++i)
        CHECK(without.take_request(start));
    limits.icmp_interval = std::chrono::nanoseconds::max();
    limits.icmp_burst = static_cast<std::size_t>(-1);
    IcmpAllowance extreme(limits);
    CHECK(extreme.take_request(start));
    CHECK(extreme.take_request(start));
    limits.icmp_burst = 0;
    IcmpAllowance one(limits);
    CHECK(one.take_request(start));
    CHECK_FALSE(one.take_request(start + 1h));
}

TEST_CASE("a flood of strangers' replies neither fills the memory nor hides the true one") {
    with_each_kind([](test::NetworkNamespace& network, IcmpSockets kind) {
        REQUIRE(network.set("ipv4/icmp_echo_ignore_all", "1"));
        network.run([&] {
            Pinger pinger(kind);
            Forger target, stranger("127.0.0.5");
            REQUIRE(pinger.send("127.0.0.1", "x", 1));
            const std::uint16_t id = target.next_identifier();
            for (int round = 0; round < 20; ++round) {
                for (int i = 0; i < 200; ++i)
                    stranger.send_reply(id, 1, "not from the target");
                pinger.turn();
            }
            CHECK(pinger.client.ready_count() == 0);
            CHECK(pinger.client.pending_count() == 1);
            target.send_reply(id, 1, "the true one");
            const auto reply = pinger.receive();
            REQUIRE(reply);
            CHECK(text_of(reply->data) == "the true one");
            // What came behind the last answer is found with the next, and is nobody's.
            target.send_reply(id, 2, "too early");
            REQUIRE(pinger.send("127.0.0.1", "x", 3));
            target.send_reply(id, 3, "the third");
            CHECK(text_of(pinger.receive()->data) == "the third");
            CHECK(pinger.receive(0ns).error() == Errc::timed_out);
        });
    });
}
