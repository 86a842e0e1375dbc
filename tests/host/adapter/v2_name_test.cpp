// Names of dialect v2: what is told of them, what may be reached with what was told, and what
// servers of bad will can do.

#include "support/dns_server.hpp"
#include "support/network_namespace.hpp"
#include "v2_fixture.hpp"

using namespace hws;
using namespace hws::test;
using namespace hws::abi::v2;

namespace {

constexpr std::string_view ipv4_bytes("\x5d\xb8\xd8\x22", 4); // 93.184.216.34
constexpr std::string_view other_ipv4_bytes("\x5d\xb8\xd8\x23", 4);
constexpr std::string_view loopback_bytes("\x7f\0\0\1", 4);
constexpr std::string_view ipv6_loopback_bytes("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16);

core::ResolverOptions asking(const DnsServer& server) {
    core::ResolverOptions options;
    options.servers = {server.address()};
    return options;
}

/// As `asking`, for a server whose answers are not believed: nobody waits long for another.
core::ResolverOptions briefly_asking(const DnsServer& server) {
    core::ResolverOptions options = asking(server);
    options.timeout = std::chrono::milliseconds(200);
    options.tries = 1;
    return options;
}

/// Every name has this address, and no other.
DnsServer::Answerer always(std::string_view ipv4) {
    return [ipv4](const DnsQuestion& question) {
        std::vector<std::string> records;
        if (question.type == dns::a) records.push_back(dns::record(dns::a, ipv4));
        return std::vector{dns::answer(question, records)};
    };
}

struct Resolved {
    int number = 0;
    std::uint32_t count = 0;
    std::vector<std::string> addresses;
};

Resolved resolve(Plugin& plugin, std::string_view name, Family family = Family::any,
                 std::uint32_t room = 128) {
    plugin.put(data_at, name);
    plugin.put_value<std::uint32_t>(result_at, 0);
    Resolved resolved;
    resolved.number = plugin.number(
        v2::resolve(plugin.state, {data_at, static_cast<std::uint32_t>(name.size())}, family,
                    no_limit, {messages_at, room}, {result_at}));
    if (resolved.number != ok) return resolved;
    resolved.count = plugin.result();
    for (std::uint32_t i = 0; i < std::min(room, resolved.count); ++i)
        resolved.addresses.push_back(
            Plugin::unwire(plugin.load<Address>(messages_at + i * 32))->ip().to_string());
    return resolved;
}

int connect_name(Plugin& plugin, std::string_view name, std::uint32_t port,
                 SocketType type = SocketType::stream, std::uint64_t attempt_delay = 0) {
    plugin.put(data_at, name);
    return plugin.number(v2::connect_name(
        plugin.state, {data_at, static_cast<std::uint32_t>(name.size())}, port, type,
        10'000'000'000, attempt_delay, {result_at}, {address_at}));
}

bool has_ipv6_loopback() {
    const os::Fd fd(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_addr = in6addr_loopback;
    return ::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
}

} // namespace

TEST_SUITE_BEGIN("v2 names");

// --- names reached by address ---

TEST_CASE("an address that a name gave is reached under the rule for the name, and no other is") {
    NetworkNamespace network;
    if (!network.is_available()) return;
    REQUIRE(network.shell("ip address add 93.184.216.34/32 dev lo && "
                          "ip address add 93.184.216.35/32 dev lo"));
    network.run([] {
        DnsServer names(always(ipv4_bytes));
        NativeSocket server = NativeSocket::listener("93.184.216.34:443");
        NativeSocket wrong_port = NativeSocket::listener("93.184.216.34:444");
        NativeSocket neighbour = NativeSocket::listener("93.184.216.35:443");
        NativeSocket datagrams = NativeSocket::datagrams("93.184.216.34:443");
        Plugin plugin({"allow tcp:example.com:443", "allow udp:example.com:443"}, {},
                      asking(names));
        // Known by its number only, it is nobody's.
        CHECK(plugin.connect(plugin.open(), "93.184.216.34:443") == denied);
        CHECK(resolve(plugin, "other.com").number == denied);
        CHECK(names.questions().empty());

        const Resolved resolved = resolve(plugin, "Example.COM.");
        CHECK(resolved.addresses == std::vector<std::string>{"93.184.216.34"});
        CHECK(plugin.connect(plugin.open(), "93.184.216.34:443") == ok);
        CHECK(plugin.connect(plugin.open(), "93.184.216.34:444") == denied);
        CHECK(plugin.connect(plugin.open(), "93.184.216.35:443") == denied);
        CHECK_FALSE(wrong_port.has_visitor());
        CHECK_FALSE(neighbour.has_visitor());
        // Datagrams to it, and answers from it.
        const Fd udp = plugin.open_datagram();
        CHECK(plugin.send(udp, "ping", 0, datagrams.local()).number == ok);
        CHECK(datagrams.receive() == "ping");
        datagrams.send_to("pong", SocketAddr(Ipv4Addr(93, 184, 216, 34), plugin.local(udp).port()));
        CHECK(plugin.receive(udp).text == "pong");

        // What one plugin was told is of no use to another.
        Plugin stranger({"allow tcp:example.com:443"}, {}, asking(names));
        CHECK(stranger.connect(stranger.open(), "93.184.216.34:443") == denied);
        // connect_name tells too.
        CHECK(connect_name(stranger, "example.com", 443) == ok);
        CHECK(stranger.connect(stranger.open(), "93.184.216.34:443") == ok);
    });
}

TEST_CASE("a rule that denies a name denies the address that it gave") {
    NetworkNamespace network;
    if (!network.is_available()) return;
    REQUIRE(network.shell("ip address add 93.184.216.34/32 dev lo"));
    network.run([] {
        DnsServer names(always(ipv4_bytes));
        NativeSocket canary = NativeSocket::listener("93.184.216.34:443");
        Plugin plugin({"allow tcp:*:443", "allow resolve:*", "deny tcp:bad.test:443"}, {},
                      asking(names));
        CHECK(resolve(plugin, "bad.test").number == ok);
        CHECK(plugin.connect(plugin.open(), "93.184.216.34:443") == denied);
        CHECK_FALSE(canary.has_visitor());
        CHECK(plugin.denials.back().find("bad.test") != std::string::npos);
    });
}

TEST_CASE("a name that leads to a special address gives nothing, and opens nothing") {
    NetworkNamespace network;
    if (!network.is_available()) return;
    REQUIRE(network.shell("ip address add 169.254.169.254/32 dev lo && "
                          "ip address add 10.0.0.5/32 dev lo"));
    network.run([] {
        std::string_view now = ipv4_bytes;
        DnsServer names([&](const DnsQuestion& question) { return always(now)(question); });
        for (const std::string_view special :
             {loopback_bytes, std::string_view("\xa9\xfe\xa9\xfe", 4),
              std::string_view("\x0a\0\0\5", 4), std::string_view("\0\0\0\0", 4)}) {
            std::array<std::uint8_t, 4> octets;
            std::memcpy(octets.data(), special.data(), 4);
            const SocketAddr target(Ipv4Addr(octets), 80);
            std::optional<NativeSocket> canary;
            if (!target.ip().is_unspecified())
                canary = NativeSocket::listener(target.to_string());
            Plugin plugin({"allow tcp:rebind.test:*", "allow udp:*:*", "allow resolve:rebind.test"},
                          {}, asking(names));
            // The first answer is good, the second is the attack.
            now = ipv4_bytes;
            CHECK(resolve(plugin, "rebind.test").number == ok);
            now = special;
            CHECK(resolve(plugin, "rebind.test").number == denied);
            CHECK(connect_name(plugin, "rebind.test", 80) == denied);
            CHECK(connect_name(plugin, "rebind.test", 80, SocketType::datagram) == denied);
            CHECK(plugin.connect(plugin.open(), target.to_string()) == denied);
            CHECK(plugin.send(plugin.open_datagram(), "x", 0, target).number == denied);
            if (canary) CHECK_FALSE(canary->has_visitor());
        }
    });
}

// --- the resolver through the rows ---

TEST_CASE("only the family that is wanted is asked for") {
    DnsServer names([](const DnsQuestion& question) {
        const bool is_ipv4 = question.type == dns::a;
        return std::vector{dns::answer(
            question, {is_ipv4 ? dns::record(dns::a, ipv4_bytes)
                               : dns::record(dns::aaaa, std::string("\x26\x06\x47\0", 4) +
                                                            std::string(12, '\1'))})};
    });
    Plugin plugin({"allow resolve:*"}, {}, asking(names));
    CHECK(resolve(plugin, "one.test", Family::ipv4).count == 1);
    CHECK(names.questions() == std::vector<std::string>{"A one.test"});
    CHECK(resolve(plugin, "two.test", Family::ipv6).count == 1);
    CHECK(names.questions().back() == "AAAA two.test");
    CHECK(names.questions().size() == 2);
    CHECK(resolve(plugin, "both.test").count == 2);
    CHECK(names.questions().size() == 4);
}

TEST_CASE("a truncated answer is fetched by TCP, and of very many addresses some are taken") {
    DnsServer names([](const DnsQuestion& question) {
        std::vector<std::string> records;
        if (!question.over_tcp) return std::vector{dns::answer(question, {}, 0x0200)};
        for (int i = 0; i < 3000; ++i)
            records.push_back(dns::record(
                dns::a, std::string{'\x5d', '\1', static_cast<char>(i >> 8), static_cast<char>(i)}));
        return std::vector{dns::answer(question, records)};
    });
    Plugin plugin({"allow resolve:*"}, {}, asking(names));
    const Resolved resolved = resolve(plugin, "big.test", Family::ipv4);
    CHECK(resolved.number == ok);
    CHECK(resolved.count == 64);
    CHECK(names.questions() == std::vector<std::string>{"A big.test", "tcp A big.test"});
}

TEST_CASE("answers that are none are not believed") {
    const auto good = [](const DnsQuestion& question) {
        return dns::answer(question, {dns::record(dns::a, ipv4_bytes)});
    };
    // What comes before the true answer, which must win.
    const std::function<std::string(const DnsQuestion&)> lies[] = {
        [&](const DnsQuestion& question) { // of another query
            std::string message =
                dns::answer(question, {dns::record(dns::a, other_ipv4_bytes)});
            message[0] = static_cast<char>(message[0] ^ 0x5a);
            return message;
        },
        [&](const DnsQuestion& question) { // to another question
            DnsQuestion other = question;
            other.message = question.message.substr(0, 12) + dns::name("evil.test") +
                            std::string("\0\1\0\1", 4);
            return dns::answer(other, {dns::record(dns::a, other_ipv4_bytes)});
        },
        [](const DnsQuestion&) { return std::string(); },
        [](const DnsQuestion&) { return std::string("\0", 1); },
    };
    for (const auto& lie : lies) {
        DnsServer names([&](const DnsQuestion& question) {
            return std::vector{lie(question), good(question)};
        });
        Plugin plugin({"allow resolve:*"}, {}, asking(names));
        CHECK(resolve(plugin, "asked.test", Family::ipv4).addresses ==
              std::vector<std::string>{"93.184.216.34"});
    }
}

TEST_CASE("hostile answers end in an error or in nothing but what is asked for") {
    const std::string self("\xc0\x0c", 2);
    const std::function<std::string(const DnsQuestion&)> attacks[] = {
        // cut in the middle of a record
        [](const DnsQuestion& question) {
            std::string whole = dns::answer(question, {dns::record(dns::a, ipv4_bytes)});
            whole.resize(whole.size() - 3);
            return whole;
        },
        // more records promised than there are
        [](const DnsQuestion& question) {
            std::string message = dns::answer(question, {dns::record(dns::a, ipv4_bytes)});
            message[6] = message[7] = '\xff';
            return message;
        },
        // a record that is longer than the message
        [&](const DnsQuestion& question) {
            return dns::answer(question, {self + std::string("\0\1\0\1\0\0\0\1\xff\xff", 10)});
        },
        // a name that is a pointer to itself
        [](const DnsQuestion& question) {
            const auto at = static_cast<char>(question.message.size());
            return dns::answer(
                question, {dns::record(std::string{'\xc0', at}, dns::a, ipv4_bytes)});
        },
        // aliases in a ring
        [](const DnsQuestion& question) {
            return dns::answer(question,
                               {dns::record(dns::cname, dns::name("b.test")),
                                dns::record(dns::name("b.test"), dns::cname, dns::name("a.test")),
                                dns::record(dns::name("a.test"), dns::cname, dns::name("b.test"))});
        },
        // an address of the wrong size
        [](const DnsQuestion& question) {
            return dns::answer(question, {dns::record(dns::a, std::string_view("\x5d\xb8", 2))});
        },
        // nothing but a header, and 60,000 bytes of anything
        [](const DnsQuestion& question) { return question.message.substr(0, 2) + "\x81\x80"; },
        [](const DnsQuestion& question) {
            return dns::answer(question, {}) + std::string(60'000, '\xc0');
        },
        // truncated over TCP as well
        [](const DnsQuestion& question) { return dns::answer(question, {}, 0x0200); },
        // an answer that is a query
        [](const DnsQuestion& question) { return question.message; },
    };
    int which = 0;
    for (const auto& attack : attacks) {
        CAPTURE(which++);
        DnsServer names([&](const DnsQuestion& question) {
            return std::vector{attack(question)};
        });
        Plugin plugin({"allow resolve:*"}, {}, briefly_asking(names));
        const Resolved resolved = resolve(plugin, "a.test", Family::ipv4);
        CHECK((resolved.number == name_not_found || resolved.number == resolver_failed ||
               resolved.number == timed_out));
        // The next plugin's question is answered as if nothing had been.
        CHECK(resolve(plugin, "localhost").number == denied);
        CHECK(resolve(plugin, "192.0.2.1").number == ok);
    }
}

TEST_CASE("the name behind an address is a name or an error, whoever wrote it") {
    const std::pair<std::string, std::string> answers[] = {
        {dns::name("host.test"), "host.test"},
        {dns::name("UPPER.Test"), "upper.test"},
        {std::string("\x04" "a\0b.", 5) + dns::name("test"), ""},
        {dns::name("a b.test"), ""},
        {dns::name("%s%n.test"), ""},
        {dns::name("127.0.0.1"), ""},
        {dns::name("x\xff.test"), ""},
        {dns::name("-.test"), ""},
        {std::string("\0", 1), ""},
    };
    for (const auto& [wire, expected] : answers) {
        CAPTURE(wire);
        DnsServer names([&](const DnsQuestion& question) {
            return std::vector{dns::answer(question, {dns::record(dns::ptr, wire)})};
        });
        Plugin plugin({"allow resolve:192.0.2.0/24"}, {}, briefly_asking(names));
        const int number =
            plugin.number(v2::resolve_address(plugin.state, plugin.at("192.0.2.1:0"), no_limit,
                                              {data_at, 100}, {result_at}));
        if (expected.empty()) {
            CHECK((number == resolver_failed || number == name_not_found || number == timed_out));
        } else {
            CHECK(number == ok);
            CHECK(plugin.text(data_at, plugin.result()) == expected);
        }
    }
}

TEST_CASE("a plugin that ends in the middle of a look-up leaves nothing behind") {
    DnsServer silent([](const DnsQuestion&) { return std::vector<std::string>(); });
    auto plugin = std::make_unique<Plugin>(std::vector<std::string>{"allow tcp:*:80"},
                                           core::Limits{}, asking(silent));
    plugin->put(data_at, "slow.test");
    for (int i = 0; i < 3; ++i) {
        auto task = v2::connect_name(plugin->state, {data_at, 9}, 80, SocketType::stream, no_limit,
                                     0, {result_at}, {});
        task.start(plugin->loop);
        CHECK_FALSE(task.is_done());
    }
    CHECK(plugin->state.lookups.pending() == 6);
    silent.wait_for(6);
    plugin.reset(); // with its resolver; the sanitizers look for what is left
}

TEST_CASE("a plugin cannot pile look-ups up by giving them up") {
    DnsServer silent([](const DnsQuestion&) { return std::vector<std::string>(); });
    core::Limits limits;
    limits.lookups = 4;
    Plugin plugin({"allow resolve:*"}, limits, asking(silent));
    plugin.put(data_at, "slow.test");
    const auto give_up = [&] {
        return plugin.number(v2::resolve(plugin.state, {data_at, 9}, Family::ipv4, 1'000'000,
                                         {messages_at, 4}, {result_at}));
    };
    for (int i = 0; i < 4; ++i)
        CHECK(give_up() == timed_out);
    CHECK(give_up() == rate_limited);
}

// --- connect_name: RFC 8305 ---

TEST_CASE("connect_name begins with the IPv6 answer while IPv4's is out") {
    if (!has_ipv6_loopback()) return;
    DnsServer names([](const DnsQuestion& question) {
        if (question.type == dns::a) return std::vector<std::string>(); // never
        return std::vector{dns::answer(question, {dns::record(dns::aaaa, ipv6_loopback_bytes)})};
    });
    NativeSocket server = NativeSocket::listener("[::1]:0");
    Plugin plugin({"allow resolve:half.test", "allow tcp:[::1]:*", "allow tcp:127.0.0.1:*"}, {},
                  asking(names));
    CHECK(connect_name(plugin, "half.test", server.local().port()) == ok);
    CHECK(Plugin::unwire(plugin.load<Address>(address_at)) == server.local());
}

TEST_CASE("connect_name waits a little for IPv6, and goes on with IPv4 alone") {
    DnsServer names([](const DnsQuestion& question) {
        if (question.type == dns::aaaa) return std::vector<std::string>(); // never
        return std::vector{dns::answer(question, {dns::record(dns::a, loopback_bytes)})};
    });
    NativeSocket server = NativeSocket::listener();
    Plugin plugin({"allow resolve:half.test", "allow tcp:[::1]:*", "allow tcp:127.0.0.1:*"}, {},
                  asking(names));
    const auto start = std::chrono::steady_clock::now();
    CHECK(connect_name(plugin, "half.test", server.local().port()) == ok);
    CHECK(std::chrono::steady_clock::now() - start >= 49ms);
    CHECK(Plugin::unwire(plugin.load<Address>(address_at)) == server.local());
}

TEST_CASE("connect_name says why there was nobody: the last refusal, or what the look-ups said") {
    Plugin plugin({"allow tcp:localhost:*", "allow resolve:*"});
    std::uint16_t unused = 0;
    {
        NativeSocket gone = NativeSocket::listener();
        unused = gone.local().port();
    }
    CHECK(connect_name(plugin, "localhost", unused) == refused);
    DnsServer names([](const DnsQuestion& question) {
        if (question.name == "none.test") return std::vector{dns::answer(question, {})};
        if (question.name == "broken.test") {
            return std::vector{question.type == dns::a ? dns::answer(question, {}, 2) // SERVFAIL
                                                       : dns::answer(question, {})};
        }
        return always(loopback_bytes)(question);
    });
    Plugin asker({"allow tcp:*:80"}, {}, briefly_asking(names));
    CHECK(connect_name(asker, "none.test", 80) == name_not_found);
    CHECK(connect_name(asker, "broken.test", 80) == resolver_failed);
    CHECK(connect_name(asker, "rebinding.test", 80) == denied);
}

TEST_SUITE_END();
