// What the policy keeps from happening, seen from the other side: a canary stands at the forbidden
// place, and nobody comes.

#include "support/network_namespace.hpp"
#include "v2_fixture.hpp"

#include <arpa/inet.h>
#include <poll.h>

using namespace hws;
using namespace hws::test;
using namespace hws::abi::v2;

namespace {

/// Whoever connects or sends to an address and port.
struct Canary {
    explicit Canary(const std::string& address)
        : stream(NativeSocket::listener(address)), datagrams(NativeSocket::datagrams(address)) {}
    bool is_untouched() {
        pollfd both[] = {{stream.get(), POLLIN, 0}, {datagrams.get(), POLLIN, 0}};
        return ::poll(both, 2, 20) == 0;
    }
    NativeSocket stream, datagrams;
};

/// Every way to reach an address; the number of the first that is not denied, 0: none.
int ways_to(Plugin& plugin, const std::string& text) {
    const SocketAddr target = SocketAddr::parse(text).value();
    const Family family = target.is_ipv4() ? Family::ipv4 : Family::ipv6;
    if (plugin.connect(plugin.open(SocketType::stream, family), text) != denied) return 1;
    const Fd udp = plugin.open(SocketType::datagram, family);
    if (plugin.connect(udp, text) != denied) return 2;
    if (plugin.send(udp, "x", 0, target).number != denied) return 3;
    Message message;
    message.address = Plugin::wire(target);
    plugin.put_value(messages_at, message);
    if (plugin.number(v2::send_batch(plugin.state, udp, {messages_at, 1}, 0, {result_at})) !=
        denied)
        return 4;
    std::string host = target.ip().to_string();
    plugin.put(data_at, host);
    for (const SocketType type : {SocketType::stream, SocketType::datagram})
        if (plugin.number(v2::connect_name(plugin.state,
                                           {data_at, static_cast<std::uint32_t>(host.size())},
                                           target.port(), type, 1'000'000'000, 0, {result_at},
                                           {})) != denied)
            return 5;
    return 0;
}

} // namespace

TEST_SUITE_BEGIN("v2 policy");

TEST_CASE("no rule for names or * reaches a special address, in whatever form it is written") {
    NetworkNamespace network;
    if (!network.is_available()) return;
    const char* const special[] = {"169.254.169.254", "169.254.170.2", "10.0.0.5",  "172.16.0.1",
                                   "192.168.1.1",     "100.64.0.1",    "192.0.2.1", "198.18.0.1",
                                   "192.0.0.192",     "240.0.0.1"};
    for (const char* address : special)
        REQUIRE(network.shell(std::string("ip address add ") + address + "/32 dev lo"));
    const bool has_ipv6 = network.shell("ip -6 address add fd00:ec2::254/128 dev lo nodad");
    network.run([&] {
        std::vector<std::string> all;
        for (const char* address : special)
            all.push_back(std::string(address) + ":80");
        all.push_back("127.0.0.1:80");
        if (has_ipv6) all.insert(all.end(), {"[fd00:ec2::254]:80", "[::1]:80"});
        for (const std::string& text : all) {
            CAPTURE(text);
            Canary canary(text);
            Plugin plugin({"allow tcp:*:*", "allow udp:*:*", "allow tcp:example.com:*",
                           "allow udp:public:*", "allow tcp:public:*"});
            CHECK(ways_to(plugin, text) == 0);
            if (!text.starts_with('[')) {
                const std::string address = text.substr(0, text.find(':'));
                for (const char* prefix : {"[::ffff:", "[::", "[64:ff9b::"}) {
                    const std::string form = prefix + address + "]:80";
                    CAPTURE(form);
                    CHECK(ways_to(plugin, form) == 0);
                }
            }
            CHECK(canary.is_untouched());
            // And the canary is no stuffed one.
            Plugin allowed(std::vector<std::string>{"allow tcp:" + text});
            const Family family = text.starts_with('[') ? Family::ipv6 : Family::ipv4;
            CHECK(allowed.connect(allowed.open(SocketType::stream, family), text) == ok);
            CHECK_FALSE(canary.is_untouched());
        }
        // The unspecified address is loopback to Linux.
        Canary canary("127.0.0.1:81");
        Plugin plugin({"allow tcp:*:*", "allow udp:*:*", "allow tcp:0.0.0.0/0:*",
                       "allow udp:0.0.0.0/0:*", "allow tcp:[::/0]:*"});
        CHECK(ways_to(plugin, "0.0.0.0:81") == 0);
        CHECK(ways_to(plugin, "[::]:81") == 0);
        CHECK(ways_to(plugin, "[::ffff:0.0.0.0]:81") == 0);
        CHECK(canary.is_untouched());
    });
}

TEST_CASE("a socket that is bound by leave reaches no more than another") {
    Canary canary("127.0.0.1:0");
    NativeSocket friendly = NativeSocket::listener();
    Plugin plugin({"allow tcp-listen:127.0.0.1:0", "allow udp-bind:127.0.0.1:0",
                   "allow tcp:" + friendly.name()});
    const Fd stream = plugin.open();
    REQUIRE(plugin.bind(stream, "127.0.0.1:0") == ok);
    CHECK(plugin.connect(stream, canary.stream.name()) == denied);
    const Fd datagrams = plugin.open_datagram();
    REQUIRE(plugin.bind(datagrams, "127.0.0.1:0") == ok);
    CHECK(plugin.connect(datagrams, canary.datagrams.name()) == denied);
    CHECK(plugin.send(datagrams, "x", 0, canary.datagrams.local()).number == denied);
    CHECK(canary.is_untouched());
    const SocketAddr bound = plugin.local(stream);
    CHECK(plugin.connect(stream, friendly.name()) == ok);
    CHECK(plugin.local(stream) == bound);
}

TEST_CASE("listening without bind needs leave for any port, and what is refused does not listen") {
    Plugin plugin({"allow tcp-listen:127.0.0.1:*", "allow tcp-listen:0.0.0.0:8080"});
    const Fd fd = plugin.open();
    CHECK(plugin.number(v2::socket_listen(plugin.state, fd, 1)) == denied);
    CHECK(plugin.get(fd, Option::listening) == 0);
    CHECK(plugin.local(fd).port() == 0);
    CHECK(plugin.bind(fd, "0.0.0.0:8081") == denied);
    CHECK(plugin.bind(plugin.open(), "[::ffff:127.0.0.1]:0") == family_wrong);
    Plugin allowed(std::vector<std::string>{"allow tcp-listen:0.0.0.0:0"});
    const Fd listener = allowed.open();
    CHECK(allowed.number(v2::socket_listen(allowed.state, listener, 1)) == ok);
    NativeSocket client(SOCK_STREAM);
    CHECK(client.connect(SocketAddr(Ipv4Addr::localhost, allowed.local(listener).port())) == 0);
}

TEST_CASE("reuse_port takes nothing from a socket whose port the plugin may not name") {
    const int on = 1;
    NativeSocket canary(SOCK_DGRAM);
    ::setsockopt(canary.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    REQUIRE(canary.bind("127.0.0.1:0") == 0);
    NativeSocket listener(SOCK_STREAM);
    ::setsockopt(listener.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    REQUIRE(listener.bind("127.0.0.1:0") == 0);
    Plugin plugin({"allow udp-bind:127.0.0.1:0", "allow tcp-listen:127.0.0.1:0",
                   "allow udp:127.0.0.0/8:*"});
    const Fd datagrams = plugin.open_datagram();
    const Fd stream = plugin.open();
    for (const Option option : {Option::reuse_port, Option::reuse_address}) {
        CHECK(plugin.set(datagrams, option, 1) == ok);
        CHECK(plugin.set(stream, option, 1) == ok);
    }
    CHECK(plugin.bind(datagrams, canary.name()) == denied);
    CHECK(plugin.bind(stream, listener.name()) == denied);
    // Nor by chance: a port that the system chooses is its own.
    for (int i = 0; i < 50; ++i) {
        const Fd another = plugin.open_datagram();
        REQUIRE(plugin.set(another, Option::reuse_port, 1) == ok);
        REQUIRE(plugin.bind(another, "127.0.0.1:0") == ok);
        CHECK(plugin.local(another).port() != canary.local().port());
    }
    for (int i = 0; i < 20; ++i) {
        NativeSocket sender(SOCK_DGRAM);
        sender.send_to("mine", canary.local());
        CHECK(canary.receive() == "mine");
    }
}

TEST_CASE("groups are joined and sent to by leave only") {
    NetworkNamespace network;
    if (!network.is_available()) return;
    REQUIRE(network.shell("ip link set lo multicast on && "
                          "ip route add 224.0.0.0/4 dev lo"));
    network.run([] {
        const auto group = SocketAddr::parse("239.1.2.3:7000").value();
        NativeSocket canary(SOCK_DGRAM);
        REQUIRE(canary.bind("0.0.0.0:7000") == 0);
        const ip_mreqn membership{{inet_addr("239.1.2.3")}, {htonl(INADDR_LOOPBACK)}, 0};
        REQUIRE(::setsockopt(canary.get(), IPPROTO_IP, IP_ADD_MEMBERSHIP, &membership,
                             sizeof membership) == 0);
        NativeSocket sender = NativeSocket::datagrams("127.0.0.1:0");
        const auto join = [&](Plugin& plugin, Fd fd) {
            Membership wire;
            wire.group = Plugin::wire(SocketAddr(group.ip(), 0));
            wire.interface = Plugin::wire(SocketAddr(Ipv4Addr::localhost, 0));
            plugin.put_value(data_at, wire);
            return plugin.number(v2::multicast_join(plugin.state, fd, {data_at}));
        };
        Plugin plugin({"allow udp-bind:0.0.0.0:*", "allow udp:*:*", "allow multicast:*:*",
                       "allow multicast:239.9.0.0/16:*"});
        const Fd fd = plugin.open_datagram();
        plugin.set_non_blocking(fd);
        REQUIRE(plugin.bind(fd, "0.0.0.0:7001") == ok);
        CHECK(join(plugin, fd) == denied);
        CHECK(plugin.set(fd, Option::ipv4_multicast_address, 0x7f000001) == ok);
        CHECK(plugin.send(fd, "x", 0, group).number == denied);
        sender.send_to("to all", SocketAddr(group.ip(), 7001));
        CHECK(plugin.receive(fd).number == again);
        pollfd entry{canary.get(), POLLIN, 0};
        CHECK(::poll(&entry, 1, 20) == 0);

        Plugin member({"allow udp-bind:0.0.0.0:7002", "allow udp:239.1.2.3:7000",
                       "allow multicast:239.1.2.3:7002"});
        const Fd joined = member.open_datagram();
        REQUIRE(member.bind(joined, "0.0.0.0:7002") == ok);
        CHECK(join(member, joined) == ok);
        sender.send_to("to all", SocketAddr(group.ip(), 7002));
        CHECK(member.receive(joined).text == "to all");
        REQUIRE(member.set(joined, Option::ipv4_multicast_address, 0x7f000001) == ok);
        CHECK(member.send(joined, "x", 0, group).number == ok);
        CHECK(canary.receive() == "x");
        // Leave for one port of the socket is none for another.
        const Fd elsewhere = member.open_datagram();
        CHECK(join(member, elsewhere) == denied);
    });
}

TEST_CASE("broadcasts need a rule for their address, besides the option") {
    NetworkNamespace network;
    if (!network.is_available()) return;
    network.run([] {
        NativeSocket canary = NativeSocket::datagrams("0.0.0.0:7000");
        const int on = 1;
        ::setsockopt(canary.get(), SOL_SOCKET, SO_BROADCAST, &on, sizeof on);
        Plugin plugin({"allow udp:*:*", "allow udp:public:*"});
        const Fd fd = plugin.open_datagram();
        REQUIRE(plugin.set(fd, Option::broadcast, 1) == ok);
        for (const char* to : {"255.255.255.255:7000", "127.255.255.255:7000", "0.0.0.0:7000"})
            CHECK(plugin.send(fd, "x", 0, SocketAddr::parse(to).value()).number == denied);
        pollfd entry{canary.get(), POLLIN, 0};
        CHECK(::poll(&entry, 1, 20) == 0);

        Plugin allowed(std::vector<std::string>{"allow udp:127.255.255.255:7000"});
        const Fd sender = allowed.open_datagram();
        const auto everybody = SocketAddr::parse("127.255.255.255:7000").value();
        CHECK(allowed.send(sender, "x", 0, everybody).number != ok); // without the option
        REQUIRE(allowed.set(sender, Option::broadcast, 1) == ok);
        CHECK(allowed.send(sender, "x", 0, everybody).number == ok);
        CHECK(canary.receive() == "x");
    });
}

TEST_SUITE_END();
