#include "core/policy.hpp"
#include "core/target.hpp"

#include <doctest/doctest.h>
#include <random>

using namespace hws;
using namespace hws::host::core;

namespace {

Policy policy(std::initializer_list<std::string_view> rules) {
    auto parsed = Policy::parse(rules);
    REQUIRE_MESSAGE(parsed, (parsed ? "" : parsed.error().message()));
    return *parsed;
}

SocketAddr address(std::string_view text) {
    auto parsed = SocketAddr::parse(text);
    REQUIRE_MESSAGE(parsed, text);
    return *parsed;
}

bool allows(const Policy& policy, Use use, std::string_view target) {
    return policy.check(use, address(target)).has_value();
}

/// The address of `target` reached under `name`.
bool allows(const Policy& policy, Use use, std::string_view target, std::string_view name) {
    const HostName host_name = *HostName::parse(name);
    return policy.check(use, address(target), &host_name).has_value();
}

bool allows_name(const Policy& policy, Use use, std::string_view name, std::uint16_t port = 443) {
    return policy.check_name(use, *HostName::parse(name), port).has_value();
}

std::string reason(const Policy& policy, Use use, std::string_view target,
                   std::string_view name = {}) {
    std::optional<HostName> host_name;
    if (!name.empty()) host_name = *HostName::parse(name);
    auto vetted = policy.check(use, address(target), host_name ? &*host_name : nullptr);
    REQUIRE_FALSE(vetted);
    CHECK(vetted.error() == Errc::denied);
    return vetted.error().context();
}

std::string mistake_in(std::string_view rule) {
    auto parsed = Policy::parse({rule});
    if (parsed) return "accepted";
    CHECK(parsed.error() == Errc::bad_policy);
    return parsed.error().context();
}

constexpr const char* public_targets[] = {"1.1.1.1:443", "8.8.8.8:443", "[2606:4700::1111]:443"};

// One and more of every class but public, and of every form that hides an IPv4 address.
constexpr const char* special_targets[] = {"0.0.0.0:443",
                                           "0.1.2.3:443",
                                           "10.0.0.1:443",
                                           "100.64.0.1:443",
                                           "100.127.255.255:443",
                                           "127.0.0.1:443",
                                           "127.255.255.254:443",
                                           "169.254.0.1:443",
                                           "169.254.169.254:443",
                                           "172.16.0.1:443",
                                           "172.31.255.255:443",
                                           "192.0.0.1:443",
                                           "192.0.0.192:443",
                                           "192.0.2.1:443",
                                           "192.31.196.1:443",
                                           "192.52.193.1:443",
                                           "192.88.99.1:443",
                                           "192.168.1.1:443",
                                           "192.175.48.1:443",
                                           "198.18.0.1:443",
                                           "198.19.255.255:443",
                                           "198.51.100.1:443",
                                           "203.0.113.1:443",
                                           "224.0.0.1:443",
                                           "239.255.255.255:443",
                                           "240.0.0.1:443",
                                           "255.255.255.255:443",
                                           "168.63.129.16:443",
                                           "100.100.100.200:443",
                                           "[::]:443",
                                           "[::1]:443",
                                           "[::2]:443",
                                           "[::127.0.0.1]:443",
                                           "[::8.8.8.8]:443",
                                           "[::ffff:127.0.0.1]:443",
                                           "[::ffff:8.8.8.8]:443",
                                           "[::ffff:0.0.0.0]:443",
                                           "[::ffff:0:127.0.0.1]:443",
                                           "[::ffff:0:8.8.8.8]:443",
                                           "[64:ff9b::127.0.0.1]:443",
                                           "[64:ff9b::8.8.8.8]:443",
                                           "[64:ff9b:1::127.0.0.1]:443",
                                           "[64:ff9b:1:7f00:0:100::]:443",
                                           "[100::1]:443",
                                           "[100:0:0:1::1]:443",
                                           "[2001::1]:443",
                                           "[2001:0:808:808::f7f7:f7f7]:443",
                                           "[2001:2::1]:443",
                                           "[2001:20::1]:443",
                                           "[2001:db8::1]:443",
                                           "[2002:7f00:1::1]:443",
                                           "[2002:808:808::1]:443",
                                           "[2620:4f:8000::1]:443",
                                           "[3fff::1]:443",
                                           "[5f00::1]:443",
                                           "[4000::1]:443",
                                           "[fc00::1]:443",
                                           "[fd00::1]:443",
                                           "[fd00:ec2::254]:443",
                                           "[fd20:ce::254]:443",
                                           "[fe80::1]:443",
                                           "[fe80::1%2]:443",
                                           "[fe80::a9fe:a9fe]:443",
                                           "[fec0::1]:443",
                                           "[ff02::1]:443",
                                           "[ff0e::1]:443",
                                           "[2606:4700::5efe:8.8.8.8]:443",
                                           "[2606:4700::200:5efe:127.0.0.1]:443"};

} // namespace

TEST_SUITE_BEGIN("policy");

TEST_CASE("without a rule everything is denied") {
    for (const char* target : public_targets)
        CHECK_FALSE(allows(Policy(), Use::tcp, target));
    CHECK_FALSE(allows(Policy::deny_all(), Use::tcp, "127.0.0.1:80"));
    CHECK_FALSE(allows(policy({}), Use::icmp, "1.1.1.1:0"));
    CHECK_FALSE(allows_name(Policy(), Use::tcp, "example.com"));
    CHECK_FALSE(allows_name(policy({}), Use::resolve, "localhost"));
}

TEST_CASE("an address rule allows that use of that address and port, and nothing else") {
    const Policy only = policy({"allow tcp:127.0.0.1:6379"});
    CHECK(allows(only, Use::tcp, "127.0.0.1:6379"));
    CHECK_FALSE(allows(only, Use::udp, "127.0.0.1:6379"));
    CHECK_FALSE(allows(only, Use::http, "127.0.0.1:6379"));
    CHECK_FALSE(allows(only, Use::https, "127.0.0.1:6379"));
    CHECK_FALSE(allows(only, Use::tcp_listen, "127.0.0.1:6379"));
    CHECK_FALSE(allows(only, Use::tcp, "127.0.0.1:6380"));
    CHECK_FALSE(allows(only, Use::tcp, "127.0.0.2:6379"));
    CHECK_FALSE(allows(only, Use::tcp, "[::1]:6379"));
}

TEST_CASE("http and https rules say nothing about tcp") {
    const Policy web = policy({"allow https:127.0.0.1:443", "allow http:127.0.0.1:443"});
    CHECK(allows(web, Use::https, "127.0.0.1:443"));
    CHECK_FALSE(allows(web, Use::tcp, "127.0.0.1:443"));
    CHECK_FALSE(allows(web, Use::wss, "127.0.0.1:443"));
}

TEST_CASE("what passed is the address that was asked about, and its use") {
    auto vetted = policy({"allow tcp:[fe80::1]:80"}).check(Use::tcp, address("[fe80::1%3]:80"));
    REQUIRE(vetted);
    CHECK(vetted->address() == address("[fe80::1%3]:80"));
    CHECK(vetted->use() == Use::tcp);
    static_assert(!std::is_default_constructible_v<Vetted>);
    static_assert(!std::is_constructible_v<Vetted, SocketAddr, Use>);
}

TEST_CASE("a network rule allows its addresses, of its family only") {
    const Policy networks =
        policy({"allow tcp:10.0.0.0/8:80", "allow tcp:[fd00::/8]:1-1024", "allow udp:0.0.0.0/0:53",
                "allow icmp:192.168.1.128/25", "allow tcp:[2001:db8:8000::/33]:*"});
    CHECK(allows(networks, Use::tcp, "10.255.255.255:80"));
    CHECK_FALSE(allows(networks, Use::tcp, "11.0.0.0:80"));
    CHECK(allows(networks, Use::tcp, "[fdff::1]:1024"));
    CHECK_FALSE(allows(networks, Use::tcp, "[fdff::1]:1025"));
    CHECK_FALSE(allows(networks, Use::tcp, "[fc00::1]:80"));
    CHECK(allows(networks, Use::udp, "127.0.0.1:53"));
    CHECK_FALSE(allows(networks, Use::udp, "[::1]:53"));
    CHECK(allows(networks, Use::icmp, "192.168.1.128:0"));
    CHECK_FALSE(allows(networks, Use::icmp, "192.168.1.127:0"));
    CHECK(allows(networks, Use::tcp, "[2001:db8:8000::1]:1"));
    CHECK_FALSE(allows(networks, Use::tcp, "[2001:db8:7fff::1]:1"));
}

TEST_CASE("ports are a number, a list, a range or all") {
    const Policy ports = policy({"allow tcp:1.1.1.1:80,443,8000-8100", "allow tcp:8.8.8.8:*"});
    for (const char* target : {"1.1.1.1:80", "1.1.1.1:443", "1.1.1.1:8000", "1.1.1.1:8100",
                               "8.8.8.8:1", "8.8.8.8:65535"})
        CHECK_MESSAGE(allows(ports, Use::tcp, target), target);
    for (const char* target :
         {"1.1.1.1:81", "1.1.1.1:7999", "1.1.1.1:8101", "8.8.8.8:0", "1.1.1.1:0"})
        CHECK_FALSE_MESSAGE(allows(ports, Use::tcp, target), target);
}

TEST_CASE("icmp and resolve rules need no ports and their questions have none") {
    const Policy ping = policy({"allow icmp:10.0.0.0/8", "allow icmp:[::1]:*"});
    CHECK(allows(ping, Use::icmp, "10.1.1.1:0"));
    CHECK(allows(ping, Use::icmp, "10.1.1.1:7"));
    CHECK(allows(ping, Use::icmp, "[::1]:0"));
    CHECK(mistake_in("allow icmp:10.0.0.0/8:7").contains("icmp has no ports"));
    CHECK(mistake_in("allow resolve:example.com:53").contains("resolve has no ports"));
    CHECK(mistake_in("allow tcp:10.0.0.0/8").contains("the ports are missing"));
}

TEST_CASE("deny wins over allow, whichever stands first and however narrow the allow is") {
    for (auto rules : {policy({"allow tcp:127.0.0.1:6379", "deny tcp:127.0.0.0/8:*"}),
                       policy({"deny tcp:127.0.0.0/8:*", "allow tcp:127.0.0.1:6379"})})
        CHECK_FALSE(allows(rules, Use::tcp, "127.0.0.1:6379"));
    CHECK_FALSE(
        allows(policy({"allow tcp:10.0.0.1:80", "deny tcp:*:80"}), Use::tcp, "10.0.0.1:80"));
    CHECK(allows(policy({"allow tcp:10.0.0.1:80", "deny tcp:*:81"}), Use::tcp, "10.0.0.1:80"));
    CHECK(allows(policy({"allow tcp:10.0.0.1:80", "deny udp:*:80"}), Use::tcp, "10.0.0.1:80"));
}

TEST_CASE("* reaches every public address and no special one") {
    for (Use use : {Use::tcp, Use::udp, Use::icmp, Use::http, Use::https, Use::ws, Use::wss,
                    Use::accept, Use::resolve}) {
        const std::string rule =
            "allow " + std::string(name_of(use)) + ":*" + (has_ports(use) ? ":*" : "");
        const Policy everything = policy({rule});
        for (const char* target : public_targets)
            CHECK_MESSAGE(allows(everything, use, target), rule << ' ' << target);
        for (const char* target : special_targets) {
            // A mapped peer is how the kernel spells an IPv4 peer.
            if (use == Use::accept && address(target).ip().to_canonical() == Ipv4Addr(8, 8, 8, 8))
                continue;
            CHECK_FALSE_MESSAGE(allows(everything, use, target), rule << ' ' << target);
            CHECK_FALSE_MESSAGE(allows(everything, use, target, "example.com"),
                                rule << ' ' << target);
        }
    }
}

TEST_CASE("a name rule never reaches a special address, whatever the resolver said") {
    const Policy names = policy({"allow tcp:example.com:443", "allow tcp:*.example.com:443"});
    for (const char* target : special_targets) {
        CHECK_FALSE_MESSAGE(allows(names, Use::tcp, target, "example.com"), target);
        CHECK_FALSE_MESSAGE(allows(names, Use::tcp, target, "a.example.com"), target);
    }
    CHECK(reason(names, Use::tcp, "127.0.0.1:443", "example.com") ==
          "tcp 127.0.0.1:443 (example.com): no rule allows it; 127.0.0.1 is special (loopback), "
          "which names and * never reach");
}

TEST_CASE("a name rule grants the public addresses reached under that very name") {
    const Policy name = policy({"allow https:Example.COM.:443"});
    CHECK(allows(name, Use::https, "1.1.1.1:443", "example.com"));
    CHECK_FALSE(allows(name, Use::https, "1.1.1.1:443"));
    CHECK_FALSE(allows(name, Use::https, "1.1.1.1:443", "example.org"));
    CHECK_FALSE(allows(name, Use::https, "1.1.1.1:443", "a.example.com"));
    CHECK_FALSE(allows(name, Use::https, "1.1.1.1:80", "example.com"));
}

TEST_CASE("a suffix rule takes whole labels and not the suffix itself") {
    const Policy suffix = policy({"allow https:*.example.com:443"});
    CHECK(allows(suffix, Use::https, "1.1.1.1:443", "a.example.com"));
    CHECK(allows(suffix, Use::https, "1.1.1.1:443", "a.b.example.com"));
    CHECK_FALSE(allows(suffix, Use::https, "1.1.1.1:443", "example.com"));
    CHECK_FALSE(allows(suffix, Use::https, "1.1.1.1:443", "notexample.com"));
    CHECK_FALSE(allows(suffix, Use::https, "1.1.1.1:443", "example.com.evil.test"));
    CHECK_FALSE(allows(suffix, Use::https, "1.1.1.1:443"));
}

TEST_CASE("a class word reaches its class alone") {
    struct Row {
        const char* word;
        std::vector<const char*> in;
        std::vector<const char*> out;
    };
    const Row rows[] = {
        {"public",
         {"1.1.1.1:9", "[2606:4700::1]:9"},
         {"10.0.0.1:9", "127.0.0.1:9", "168.63.129.16:9", "[::ffff:1.1.1.1]:9"}},
        {"private",
         {"10.0.0.1:9", "100.64.0.1:9", "192.168.0.1:9", "[fd00::1]:9", "[fec0::1]:9"},
         {"127.0.0.1:9", "100.100.100.200:9", "[fd00:ec2::254]:9", "1.1.1.1:9"}},
        {"loopback",
         {"127.0.0.1:9", "127.9.9.9:9", "[::1]:9"},
         {"0.0.0.0:9", "[::]:9", "[::ffff:127.0.0.1]:9", "[::127.0.0.1]:9", "10.0.0.1:9"}},
        {"link-local",
         {"169.254.1.1:9", "[fe80::1%2]:9"},
         {"169.254.169.254:9", "[fe80::a9fe:a9fe]:9", "127.0.0.1:9"}},
        {"metadata",
         {"169.254.169.254:9", "100.100.100.200:9", "[fd00:ec2::254]:9", "168.63.129.16:9"},
         {"169.254.1.1:9", "10.0.0.1:9"}},
        {"multicast", {"224.0.0.251:9", "[ff02::fb]:9"}, {"255.255.255.255:9"}},
        {"broadcast", {"255.255.255.255:9"}, {"224.0.0.1:9", "10.255.255.255:9"}},
        {"PRIVATE", {"10.0.0.1:9"}, {"1.1.1.1:9"}},
    };
    for (const Row& row : rows) {
        const Policy words = policy({"allow udp:" + std::string(row.word) + ":*"});
        for (const char* target : row.in)
            CHECK_MESSAGE(allows(words, Use::udp, target), row.word << ' ' << target);
        for (const char* target : row.out)
            CHECK_FALSE_MESSAGE(allows(words, Use::udp, target), row.word << ' ' << target);
    }
}

TEST_CASE("an address or a network in a rule reaches special addresses") {
    CHECK(allows(policy({"allow tcp:169.254.169.254:80"}), Use::tcp, "169.254.169.254:80"));
    CHECK(allows(policy({"allow tcp:169.254.0.0/16:80"}), Use::tcp, "169.254.169.254:80"));
    CHECK(allows(policy({"allow udp:[ff02::fb]:5353"}), Use::udp, "[ff02::fb%2]:5353"));
    CHECK(allows(policy({"allow tcp:203.0.113.0/24:80"}), Use::tcp, "203.0.113.9:80"));
    // Reached under a name too: the operator named the address, not who may point to it.
    CHECK(allows(policy({"allow tcp:10.0.0.5:80"}), Use::tcp, "10.0.0.5:80", "db.example"));
}

TEST_CASE("a deny rule reads its words as widely as they can be read") {
    CHECK_FALSE(allows(policy({"allow tcp:169.254.169.254:80", "deny tcp:link-local:*"}), Use::tcp,
                       "169.254.169.254:80"));
    CHECK_FALSE(allows(policy({"allow tcp:100.100.100.200:80", "deny tcp:private:*"}), Use::tcp,
                       "100.100.100.200:80"));
    CHECK_FALSE(allows(policy({"allow tcp:loopback:80", "deny tcp:localhost:80"}), Use::tcp,
                       "127.0.0.1:80"));
    CHECK_FALSE(
        allows(policy({"allow tcp:127.0.0.0/8:80", "deny tcp:*:*"}), Use::tcp, "127.0.0.1:80"));
    CHECK_FALSE(allows(policy({"allow tcp:*:80", "deny tcp:*.example.com:*"}), Use::tcp,
                       "1.1.1.1:80", "a.example.com"));
    CHECK_FALSE(allows(policy({"allow tcp:10.0.0.1:80", "deny tcp:[::ffff:10.0.0.1]:80"}), Use::tcp,
                       "10.0.0.1:80"));
    CHECK(allows(policy({"allow tcp:10.0.0.1:80", "deny tcp:[::/0]:*"}), Use::tcp, "10.0.0.1:80"));
}

TEST_CASE("an address that carries an IPv4 address needs a rule for either") {
    struct Row {
        const char* form;
        const char* target;
    };
    for (const Row& row :
         {Row{"[::ffff:0:0/96]", "[::ffff:10.0.0.1]:80"}, Row{"[::/96]", "[::10.0.0.1]:80"},
          Row{"[::ffff:0:0:0/96]", "[::ffff:0:10.0.0.1]:80"},
          Row{"[64:ff9b::/96]", "[64:ff9b::10.0.0.1]:80"},
          Row{"[64:ff9b:1::/48]", "[64:ff9b:1::10.0.0.1]:80"},
          Row{"[64:ff9b:1::/48]", "[64:ff9b:1:0a00:0:0100::]:80"},
          Row{"[64:ff9b:1::/48]", "[64:ff9b:1:0a:0:1::]:80"},
          Row{"[2002::/16]", "[2002:a00:1::1]:80"}, Row{"[2606::/16]", "[2606::5efe:10.0.0.1]:80"},
          Row{"[2606::/16]", "[2606::200:5efe:10.0.0.1]:80"}}) {
        const std::string outer = "allow tcp:" + std::string(row.form) + ":80";
        INFO(std::string(row.target));
        CHECK(classify(address(row.target).ip()) == AddressClass::embedded);
        CHECK_FALSE(allows(policy({outer}), Use::tcp, row.target));
        CHECK_FALSE(allows(policy({"allow tcp:10.0.0.1:80"}), Use::tcp, row.target));
        CHECK_FALSE(allows(policy({outer, "allow tcp:*:80"}), Use::tcp, row.target));
        CHECK(allows(policy({outer, "allow tcp:10.0.0.1:80"}), Use::tcp, row.target));
        CHECK_FALSE(allows(policy({outer, "allow tcp:10.0.0.1:80", "deny tcp:private:*"}), Use::tcp,
                           row.target));
    }
}

TEST_CASE("where a NAT64 gateway's prefix is not known, every place that may hold an IPv4 address "
          "counts") {
    // 10.0.0.1 for a prefix of 64 bits, 1.0.0.0 for one of 96.
    const char* target = "[64:ff9b:1:0:a:0:100:0]:80";
    const char* outer = "allow tcp:[64:ff9b:1::/48]:80";
    CHECK_FALSE(allows(policy({outer, "allow tcp:*:80"}), Use::tcp, target));
    CHECK_FALSE(allows(policy({outer, "allow tcp:10.0.0.1:80"}), Use::tcp, target));
    CHECK(allows(policy({outer, "allow tcp:10.0.0.1:80", "allow tcp:*:80"}), Use::tcp, target));
    // 127.0.0.1 for 48 bits must not hide behind 8.8.8.8 for 96.
    CHECK_FALSE(
        allows(policy({outer, "allow tcp:*:80"}), Use::tcp, "[64:ff9b:1:7f00:0:100:808:808]:80"));
}

TEST_CASE("of a Teredo address server and client are checked") {
    // Server 8.8.8.8; the client 10.0.0.1 stands with its bits inverted.
    const char* target = "[2001:0:808:808:0:0:f5ff:fffe]:80";
    CHECK_FALSE(allows(policy({"allow tcp:[2001::/32]:80", "allow tcp:*:80"}), Use::tcp, target));
    CHECK_FALSE(
        allows(policy({"allow tcp:[2001::/32]:80", "allow tcp:private:80"}), Use::tcp, target));
    CHECK(allows(policy({"allow tcp:[2001::/32]:80", "allow tcp:*:80", "allow tcp:private:80"}),
                 Use::tcp, target));
}

TEST_CASE("an unspecified address is no destination, with whatever rule") {
    const Policy wide =
        policy({"allow tcp:0.0.0.0/0:*", "allow tcp:[::/0]:*", "allow tcp:loopback:*"});
    for (const char* target :
         {"0.0.0.0:80", "[::]:80", "[::ffff:0.0.0.0]:80", "[64:ff9b::0.0.0.0]:80"})
        CHECK_FALSE_MESSAGE(allows(wide, Use::tcp, target), target);
    CHECK(mistake_in("allow tcp:0.0.0.0:80").contains("are no destinations"));
    CHECK(mistake_in("deny udp:[::]:80").contains("are no destinations"));
    CHECK(mistake_in("allow icmp:[::ffff:0.0.0.0]").contains("are no destinations"));
}

TEST_CASE("to listen on every interface, the rule says so by that very address") {
    const Policy every = policy({"allow tcp-listen:0.0.0.0:8080", "allow udp-bind:[::]:*"});
    CHECK(allows(every, Use::tcp_listen, "0.0.0.0:8080"));
    CHECK(allows(every, Use::udp_bind, "[::]:0"));
    CHECK_FALSE(allows(every, Use::tcp_listen, "[::]:8080"));
    CHECK_FALSE(allows(every, Use::tcp_listen, "127.0.0.1:8080"));
    const Policy wide = policy(
        {"allow tcp-listen:0.0.0.0/0:*", "allow tcp-listen:*:*", "allow tcp-listen:loopback:*"});
    CHECK_FALSE(allows(wide, Use::tcp_listen, "0.0.0.0:8080"));
    CHECK(allows(wide, Use::tcp_listen, "127.0.0.1:8080"));
}

TEST_CASE("port 0 is for local addresses only") {
    CHECK(allows(policy({"allow udp-bind:127.0.0.1:0"}), Use::udp_bind, "127.0.0.1:0"));
    CHECK(allows(policy({"allow tcp-listen:127.0.0.1:*"}), Use::tcp_listen, "127.0.0.1:0"));
    CHECK_FALSE(
        allows(policy({"allow tcp-listen:127.0.0.1:1-65535"}), Use::tcp_listen, "127.0.0.1:0"));
    CHECK_FALSE(allows(policy({"allow tcp:127.0.0.1:*"}), Use::tcp, "127.0.0.1:0"));
    CHECK(mistake_in("allow tcp:127.0.0.1:0").contains("is no port"));
}

TEST_CASE("a zone never takes part in matching and only link-local addresses have one") {
    const Policy link = policy({"allow tcp:[fe80::1]:80", "allow tcp:loopback:80",
                                "deny tcp:[fe80::2]:*", "allow tcp:[fe80::2]:80"});
    CHECK(allows(link, Use::tcp, "[fe80::1]:80"));
    CHECK(allows(link, Use::tcp, "[fe80::1%7]:80"));
    CHECK_FALSE(allows(link, Use::tcp, "[fe80::2%7]:80"));
    CHECK(allows(link, Use::tcp, "[::1]:80"));
    CHECK_FALSE(allows(link, Use::tcp, "[::1%1]:80"));
    CHECK(mistake_in("allow tcp:[fe80::1%1]:80").contains("a zone is never part of a rule"));
}

TEST_CASE("localhost means loopback, by address and by its own names") {
    const Policy local = policy({"allow tcp:localhost:8080"});
    for (const char* name : {"localhost", "LOCALHOST.", "app.localhost"}) {
        CHECK(allows(local, Use::tcp, "127.0.0.1:8080", name));
        CHECK(allows(local, Use::tcp, "[::1]:8080", name));
        CHECK(allows_name(local, Use::tcp, name, 8080));
    }
    CHECK(allows(local, Use::tcp, "127.0.0.1:8080"));
    CHECK_FALSE(allows(local, Use::tcp, "127.0.0.1:8081"));
    CHECK_FALSE(allows(local, Use::tcp, "10.0.0.1:8080", "localhost"));
    // DNS rebinding: another name that resolves to loopback.
    CHECK_FALSE(allows(local, Use::tcp, "127.0.0.1:8080", "evil.test"));
    CHECK_FALSE(allows(policy({"allow tcp:*:*"}), Use::tcp, "127.0.0.1:80", "localhost"));
    CHECK(allows(policy({"allow tcp:*.localhost:80"}), Use::tcp, "127.0.0.1:80", "a.localhost"));
}

TEST_CASE("the name localhost reaches nothing but loopback") {
    const Policy wide = policy({"allow tcp:*:*", "allow tcp:private:*", "allow tcp:loopback:*"});
    CHECK(allows(wide, Use::tcp, "127.0.0.1:80", "localhost"));
    CHECK_FALSE(allows(wide, Use::tcp, "1.1.1.1:80", "localhost"));
    CHECK_FALSE(allows(wide, Use::tcp, "10.0.0.1:80", "localhost"));
}

TEST_CASE("the peer of a dual-stack listener is checked as the IPv4 address it is") {
    auto vetted =
        policy({"allow accept:10.0.0.0/8:*"}).check(Use::accept, address("[::ffff:10.0.0.1]:5000"));
    REQUIRE(vetted);
    CHECK(vetted->address() == address("10.0.0.1:5000"));
    CHECK_FALSE(
        allows(policy({"allow accept:10.0.0.0/8:*"}), Use::accept, "[::ffff:127.0.0.1]:5000"));
}

TEST_CASE("only a multicast group can be joined") {
    const Policy groups = policy(
        {"allow multicast:*:*", "allow multicast:224.0.0.0/4:*", "allow multicast:loopback:*"});
    CHECK(allows(groups, Use::multicast, "224.0.0.251:0"));
    CHECK_FALSE(allows(groups, Use::multicast, "127.0.0.1:0"));
    CHECK_FALSE(allows(policy({"allow multicast:*:*"}), Use::multicast, "224.0.0.251:0"));
}

TEST_CASE("a name is looked up only if a rule speaks of it") {
    const Policy names = policy(
        {"allow tcp:example.com:443", "allow https:*.example.org:443", "allow udp:10.0.0.0/8:53"});
    CHECK(allows_name(names, Use::tcp, "example.com"));
    CHECK(allows_name(names, Use::https, "a.example.org"));
    CHECK_FALSE(allows_name(names, Use::tcp, "example.com", 80));
    CHECK_FALSE(allows_name(names, Use::udp, "example.com"));
    CHECK_FALSE(allows_name(names, Use::https, "example.org"));
    CHECK_FALSE(allows_name(names, Use::tcp, "secret.evil.test"));
    // An answer might lie in 10.0.0.0/8, but the question would have left the machine.
    CHECK_FALSE(allows_name(names, Use::udp, "secret.evil.test", 53));
    CHECK(allows_name(policy({"allow tcp:*:443"}), Use::tcp, "anything.example"));
    CHECK(allows_name(policy({"allow tcp:public:443"}), Use::tcp, "anything.example"));
}

TEST_CASE("a resolve rule lets a name be looked up for rules with addresses") {
    const Policy database = policy({"allow tcp:10.0.0.0/8:5432", "allow resolve:db.internal"});
    CHECK(allows_name(database, Use::resolve, "db.internal"));
    CHECK(allows_name(database, Use::tcp, "db.internal", 5432));
    CHECK_FALSE(allows_name(database, Use::tcp, "db.internal", 5433));
    CHECK_FALSE(allows_name(database, Use::udp, "db.internal", 5432));
    CHECK_FALSE(allows_name(database, Use::tcp, "other.internal", 5432));
    CHECK(allows(database, Use::tcp, "10.0.0.5:5432", "db.internal"));
}

TEST_CASE("a name that may be reached at some port may be looked up, and what was found be seen") {
    const Policy names = policy({"allow tcp:example.com:443", "allow udp:*.example.org:53",
                                 "allow icmp:ping.test", "allow https:web.test:443",
                                 "allow tcp:10.0.0.0/8:5432"});
    CHECK(allows_name(names, Use::resolve, "example.com"));
    CHECK(allows_name(names, Use::resolve, "a.example.org"));
    CHECK(allows_name(names, Use::resolve, "ping.test"));
    CHECK_FALSE(allows_name(names, Use::resolve, "a.example.com"));
    CHECK_FALSE(allows_name(names, Use::resolve, "example.org"));
    // A URL is all that HTTP takes.
    CHECK_FALSE(allows_name(names, Use::resolve, "web.test"));
    CHECK_FALSE(allows_name(names, Use::resolve, "secret.evil.test"));
    CHECK(allows_name(policy({"allow tcp:*:443"}), Use::resolve, "anything.example"));
    CHECK(allows_name(policy({"allow tcp:public:443"}), Use::resolve, "anything.example"));
    CHECK(allows_name(policy({"allow tcp:localhost:80"}), Use::resolve, "localhost"));
    CHECK(allows_name(policy({"allow tcp:127.0.0.1:80"}), Use::resolve, "localhost"));
    CHECK_FALSE(allows_name(policy({"allow tcp:10.0.0.1:80"}), Use::resolve, "localhost"));

    CHECK(allows(names, Use::resolve, "1.1.1.1:0", "example.com"));
    CHECK_FALSE(allows(names, Use::resolve, "1.1.1.1:0", "secret.evil.test"));
    // Without a name it is the reverse look-up, which no other rule implies.
    CHECK_FALSE(allows(names, Use::resolve, "10.0.0.1:0"));
    CHECK_FALSE(allows(names, Use::resolve, "127.0.0.1:0", "example.com"));
    CHECK_FALSE(allows(names, Use::resolve, "[::ffff:1.1.1.1]:0", "example.com"));
    // What resolve lets look up, and a rule with addresses lets reach, can be seen.
    const Policy database = policy({"allow tcp:10.0.0.0/8:5432", "allow resolve:db.internal"});
    CHECK(allows(database, Use::resolve, "10.0.0.5:0", "db.internal"));
    CHECK_FALSE(allows(database, Use::resolve, "192.168.0.5:0", "db.internal"));
}

TEST_CASE("a rule that denies every port left denies the look-up that would be implied") {
    const auto may_look_up = [](std::initializer_list<std::string_view> rules) {
        return allows_name(policy(rules), Use::resolve, "example.com");
    };
    CHECK(may_look_up({"allow tcp:*:*", "deny tcp:example.com:1-65534"}));
    CHECK_FALSE(may_look_up({"allow tcp:*:*", "deny tcp:example.com:1-65535"}));
    CHECK_FALSE(may_look_up({"allow tcp:*:*", "deny tcp:example.com:*"}));
    CHECK(may_look_up({"allow tcp:example.com:20-30", "deny tcp:*:25"}));
    CHECK_FALSE(may_look_up({"allow tcp:example.com:20-30", "deny tcp:*:26-40", "deny tcp:*:10-25"}));
    CHECK(may_look_up({"allow tcp:example.com:20-30", "deny tcp:*:27-40", "deny tcp:*:10-25"}));
    CHECK_FALSE(may_look_up({"allow tcp:example.com:443", "deny resolve:example.com"}));
    CHECK_FALSE(may_look_up({"allow tcp:example.com:443", "deny tcp:public:*"}));
    CHECK(may_look_up({"allow tcp:example.com:443", "allow udp:example.com:1", "deny udp:*:*"}));
    CHECK_FALSE(allows(policy({"allow tcp:example.com:443", "deny tcp:1.1.1.0/24:*"}), Use::resolve,
                       "1.1.1.1:0", "example.com"));
}

TEST_CASE("an address that was told under names is judged under each, and denying one wins") {
    const auto reaches = [](std::initializer_list<std::string_view> rules, std::string_view target,
                            std::initializer_list<std::string_view> told_under) {
        std::vector<HostName> names;
        for (const std::string_view text : told_under)
            names.push_back(*HostName::parse(text));
        return policy(rules).check_told(Use::tcp, address(target), names).has_value();
    };
    CHECK(reaches({"allow tcp:example.com:443"}, "1.1.1.1:443", {"other.test", "example.com"}));
    CHECK_FALSE(reaches({"allow tcp:example.com:443"}, "1.1.1.1:443", {"other.test"}));
    CHECK_FALSE(reaches({"allow tcp:example.com:443"}, "1.1.1.1:443", {}));
    CHECK_FALSE(reaches({"allow tcp:example.com:443"}, "1.1.1.1:80", {"example.com"}));
    CHECK(reaches({"allow tcp:1.1.1.1:443"}, "1.1.1.1:443", {"other.test"}));
    // Rebinding: a name never reaches a special address.
    for (const char* special : special_targets)
        CHECK_FALSE(reaches({"allow tcp:example.com:443", "allow tcp:*:443"}, special,
                            {"example.com"}));
    CHECK_FALSE(reaches({"allow tcp:*:443", "allow tcp:1.1.1.1:443", "deny tcp:bad.test:*"},
                        "1.1.1.1:443", {"example.com", "bad.test"}));
    CHECK(reaches({"allow tcp:*:443", "deny tcp:bad.test:80"}, "1.1.1.1:443", {"bad.test"}));
    CHECK_FALSE(reaches({"allow tcp:example.com:443", "deny tcp:1.1.1.1:*"}, "1.1.1.1:443",
                        {"example.com"}));
    CHECK_FALSE(Policy().check_told(Use::tcp, address("1.1.1.1:443"),
                                    std::vector{*HostName::parse("example.com")}));
}

TEST_CASE("a denied name is never looked up") {
    CHECK_FALSE(allows_name(policy({"allow tcp:*:443", "deny tcp:*.evil.test:*"}), Use::tcp,
                            "a.evil.test"));
    CHECK_FALSE(
        allows_name(policy({"allow tcp:*:443", "deny tcp:*:443"}), Use::tcp, "example.com"));
    CHECK_FALSE(
        allows_name(policy({"allow tcp:*:443", "deny resolve:*"}), Use::tcp, "example.com"));
    CHECK_FALSE(
        allows_name(policy({"allow tcp:*:443", "deny tcp:public:443"}), Use::tcp, "example.com"));
    CHECK(allows_name(policy({"allow tcp:*:443", "deny tcp:*.evil.test:80"}), Use::tcp,
                      "a.evil.test"));
}

TEST_CASE("the name localhost passes where some rule could reach loopback, and no query is needed "
          "for it") {
    CHECK(allows_name(policy({"allow tcp:127.0.0.1:6379"}), Use::tcp, "localhost", 6379));
    CHECK(allows_name(policy({"allow tcp:[::1]:6379"}), Use::tcp, "localhost", 6379));
    CHECK(allows_name(policy({"allow tcp:0.0.0.0/0:6379"}), Use::tcp, "localhost", 6379));
    CHECK(allows_name(policy({"allow tcp:loopback:6379"}), Use::tcp, "a.localhost", 6379));
    CHECK_FALSE(allows_name(policy({"allow tcp:127.0.0.1:6379"}), Use::tcp, "localhost", 6380));
    CHECK_FALSE(allows_name(policy({"allow tcp:10.0.0.1:6379", "allow tcp:*:*"}), Use::tcp,
                            "localhost", 6379));
    CHECK_FALSE(allows_name(policy({"allow tcp:localhost:80", "deny tcp:loopback:80"}), Use::tcp,
                            "localhost", 80));
}

TEST_CASE("a denial names use, target, name and rule") {
    const Policy rules =
        policy({"allow tcp:*:*", "allow tcp:loopback:*", "deny tcp:127.0.0.0/8:*"});
    CHECK(reason(rules, Use::tcp, "127.0.0.1:6379", "localhost") ==
          "tcp 127.0.0.1:6379 (localhost): forbidden by rule 3 (deny tcp:127.0.0.0/8:*)");
    CHECK(reason(rules, Use::udp, "1.1.1.1:53") == "udp 1.1.1.1:53: no rule allows it");
    CHECK(reason(rules, Use::icmp, "[::1]:0") ==
          "icmp ::1: no rule allows it; ::1 is special (loopback), which names and * never reach");
    CHECK(reason(policy({"allow tcp:[::ffff:0:0/96]:*"}), Use::tcp, "[::ffff:127.0.0.1]:80") ==
          "tcp [::ffff:127.0.0.1]:80: it carries 127.0.0.1, which no rule allows");
    CHECK(reason(Policy(), Use::tcp, "1.1.1.1:80") == "tcp 1.1.1.1:80: the policy has no rules");
    auto name = rules.check_name(Use::udp, *HostName::parse("example.com"), 53);
    REQUIRE_FALSE(name);
    CHECK(name.error().message() == "udp example.com:53: no rule allows this name: denied");
}

TEST_CASE("a rule that cannot be read refuses the whole policy and says where") {
    CHECK(mistake_in("allow tpc:1.1.1.1:80")
              .starts_with("rule \"allow tpc:1.1.1.1:80\", column 7: unknown use \"tpc\""));
    CHECK(mistake_in("deny  tcp:10.0.0.1/8:80") ==
          "rule \"deny  tcp:10.0.0.1/8:80\", column 11: \"10.0.0.1/8\" has host bits set: is the "
          "address or the prefix meant?");
    CHECK(mistake_in("allow tcp:1.1.1.1:80,x").contains("column 22: \"x\" is no port"));
    CHECK_FALSE(Policy::parse({"allow tcp:1.1.1.1:80", "deny tcp:1.1.1.1:8o"}));
    for (const char* rule : {"",
                             "allow",
                             "allow ",
                             "permit tcp:1.1.1.1:80",
                             "ALLOW tcp:1.1.1.1:80",
                             "allow\ttcp:1.1.1.1:80",
                             "allow TCP:1.1.1.1:80",
                             "allow tcp",
                             "allow tcp:",
                             "allow tcp::80",
                             "allow :1.1.1.1:80",
                             "allow tcp:1.1.1.1:",
                             "allow tcp:1.1.1.1:80 ",
                             "allow tcp: 1.1.1.1:80",
                             "allow tcp:1.1.1.1:80,",
                             "allow tcp:1.1.1.1:,80",
                             "allow tcp:1.1.1.1:80-",
                             "allow tcp:1.1.1.1:-80",
                             "allow tcp:1.1.1.1:90-80",
                             "allow tcp:1.1.1.1:80,*",
                             "allow tcp:1.1.1.1:65536",
                             "allow tcp:1.1.1.1:080",
                             "allow tcp:1.1.1.1:+80",
                             "allow tcp:1.1.1.1:1-2-3",
                             "allow tcp:1.1.1.1/33:80",
                             "allow tcp:1.1.1.1/:80",
                             "allow tcp:1.1.1.0/-1:80",
                             "allow tcp:1.1.1.0/024:80",
                             "allow tcp:1.1.1.0/24/24:80",
                             "allow tcp:127.0.0.1/8:80",
                             "allow tcp:0.0.0.1/0:80",
                             "allow tcp:127.1:80",
                             "allow tcp:0177.0.0.1:80",
                             "allow tcp:0x7f.0.0.1:80",
                             "allow tcp:2130706433:80",
                             "allow tcp:::1:80",
                             "allow tcp:[::1:80",
                             "allow tcp:[::1]80",
                             "allow tcp:[127.0.0.1]:80",
                             "allow tcp:[example.com]:80",
                             "allow tcp:[::1]/128:80",
                             "allow tcp:[fd00::1/8]:80",
                             "allow tcp:[::/129]:80",
                             "allow tcp:[]:80",
                             "allow tcp:[*]:80",
                             "allow tcp:*.:80",
                             "allow tcp:*..com:80",
                             "allow tcp:*com:80",
                             "allow tcp:a.*.com:80",
                             "allow tcp:example.*:80",
                             "allow tcp:**:80",
                             "allow tcp:*.*:80",
                             "allow tcp:exa mple.com:80",
                             "allow tcp:-a.com:80",
                             "allow tcp:b\xc3\xbc"
                             "cher.de:80",
                             "allow tcp:*.1:80",
                             "allow tcp:*.0x1:80",
                             "allow tcp:a..b:80",
                             "allow tcp:linklocal:80",
                             "allow tcp:link_local:80",
                             "allow tcp:privates:80",
                             "deny tcp:any:80",
                             "deny tcp:ALL:80",
                             "deny tcp:reserved:80",
                             "allow tcp:example.com:80:90",
                             "allow http:http://example.com:80",
                             "allow tcp:1.1.1.1:80\n"})
        CHECK_MESSAGE(mistake_in(rule) != "accepted", rule);
    CHECK(mistake_in("allow tcp:" + std::string(5000, 'a') + ":80").size() < 300);
}

TEST_CASE("a builder that refused a rule builds no policy") {
    PolicyBuilder builder;
    CHECK(builder.allow("tcp:127.0.0.1:80"));
    CHECK(builder.build()->rule_count() == 1);
    auto wrong = builder.deny("tcp:127.0.0.1:8o", RulePlace{"p.toml", 3, 12});
    REQUIRE_FALSE(wrong);
    CHECK(wrong.error().context() == "p.toml:3:26: \"8o\" is no port: plain decimal 1 to 65535");
    CHECK(builder.allow("tcp:127.0.0.1:81"));
    CHECK(builder.build().error() == Errc::bad_policy);
}

TEST_CASE("a builder goes on from a policy without changing it") {
    const Policy base = policy({"allow tcp:127.0.0.1:80"});
    PolicyBuilder builder(base);
    CHECK(builder.deny("tcp:*:*"));
    CHECK_FALSE(allows(*builder.build(), Use::tcp, "127.0.0.1:80"));
    CHECK(allows(base, Use::tcp, "127.0.0.1:80"));
    CHECK(builder.build()->rules() ==
          std::vector<std::string>{"allow tcp:127.0.0.1:80", "deny tcp:*:*"});
}

TEST_CASE("a policy has a bounded number of rules") {
    PolicyBuilder builder;
    for (std::size_t i = 0; i < Policy::max_rules; ++i)
        CHECK(builder.allow("icmp:127.0.0.1"));
    CHECK_FALSE(builder.allow("icmp:127.0.0.1"));
}

TEST_CASE("allowed_hosts of a manifest allow http and https of these hosts, on every port") {
    const std::vector<std::string> globs{"api.example.com", "*.example.org", "127.0.0.1", "::1"};
    auto extended = policy({"deny https:api.example.com:8443"}).with_allowed_hosts(globs);
    REQUIRE(extended);
    CHECK(allows(*extended, Use::http, "1.1.1.1:80", "api.example.com"));
    CHECK(allows(*extended, Use::https, "1.1.1.1:443", "a.b.example.org"));
    CHECK(allows(*extended, Use::http, "127.0.0.1:9999"));
    CHECK(allows(*extended, Use::http, "[::1]:80"));
    CHECK_FALSE(allows(*extended, Use::https, "1.1.1.1:8443", "api.example.com"));
    CHECK_FALSE(allows(*extended, Use::tcp, "1.1.1.1:80", "api.example.com"));
    CHECK_FALSE(allows(*extended, Use::http, "127.0.0.2:80", "a.example.org"));
    CHECK_FALSE(allows(*extended, Use::http, "1.1.1.1:80", "example.org"));

    auto everywhere = Policy().with_allowed_hosts(std::vector<std::string>{"*"});
    REQUIRE(everywhere);
    CHECK(allows(*everywhere, Use::https, "1.1.1.1:443", "example.com"));
    CHECK_FALSE(allows(*everywhere, Use::https, "10.0.0.1:443", "example.com"));
    CHECK(Policy().with_allowed_hosts({})->rule_count() == 0);
}

TEST_CASE("a pattern of allowed_hosts that no rule can say is an error, never widened") {
    for (const char* glob :
         {"", "example.*", "api-?.example.com", "a*.example.com", "**", "[ab].example.com",
          "{a,b}.example.com", "10.0.0.0/8", "example.com:80", "http://example.com", "private",
          "Loopback", "metadata", "127.1", "0.0.0.0", "::", "*."}) {
        auto extended = Policy().with_allowed_hosts(std::vector<std::string>{"ok.example", glob});
        CHECK_MESSAGE(!extended, glob);
        if (!extended) CHECK(extended.error() == Errc::bad_manifest);
    }
}

TEST_CASE("random rules either are refused or give a policy that reads back as itself") {
    std::mt19937 random(17);
    constexpr std::string_view alphabet = "a10.:*[]/-,%f \0\xff";
    constexpr std::string_view starts[] = {
        "allow tcp:",           "deny icmp:",   "allow udp-bind:", "", "allow tcp:10.0.0.0/8:",
        "deny tcp:[fd00::/8]:", "allow tcp:*.a"};
    int accepted = 0;
    for (int i = 0; i < 100000; ++i) {
        std::string rule(starts[random() % std::size(starts)]);
        for (std::size_t length = random() % 12; length > 0; --length)
            rule += alphabet[random() % alphabet.size()];
        auto parsed = Policy::parse({rule});
        if (!parsed) continue;
        ++accepted;
        CHECK(Policy::parse(parsed->rules())->rules() == parsed->rules());
        // An address no rule of these can mean.
        CHECK_FALSE(allows(*parsed, Use::https, "1.1.1.1:443"));
    }
    CHECK(accepted > 100);
}

TEST_CASE("no address inside another is let through by rules for public addresses") {
    std::mt19937 random(19);
    const Policy everything = policy({"allow tcp:*:*", "allow tcp:public:*"});
    for (int i = 0; i < 50000; ++i) {
        const IpAddr ip =
            random() % 2
                ? IpAddr(Ipv4Addr::from_bits(random()))
                : IpAddr(Ipv6Addr(static_cast<std::uint16_t>(random() % 2 ? 0x2001 : random()),
                                  static_cast<std::uint16_t>(random() % 2 ? 0 : random()), 1, 2, 3,
                                  4, 5, 6));
        CHECK(everything.check(Use::tcp, SocketAddr(ip, 1)).has_value() ==
              (classify(ip) == AddressClass::public_unicast));
    }
}

TEST_CASE("a rule of http may name methods and a path, compared by whole segments") {
    const Policy policy = Policy::parse({"allow https:192.88.1.1:443 GET,HEAD /v1",
                                         "allow https:192.88.1.1:443 POST /form/",
                                         "allow https:192.88.1.2:*",
                                         "deny https:192.88.1.2:* /admin",
                                         "deny https:192.88.1.2:* DELETE"})
                              .value();
    const auto may = [&](std::string_view host, std::string_view method, std::string_view path) {
        const HttpTarget http{method, path};
        return policy.check(Use::https, SocketAddr(IpAddr::parse(host).value(), 443), nullptr, &http)
            .has_value();
    };
    for (const char* path : {"/v1", "/v1/", "/v1/users", "/%76%31/x", "/v1/a%20b"})
        CHECK(may("192.88.1.1", "GET", path));
    for (const char* path :
         {"/", "/v10", "/V1", "/v1/../x", "/v1/%2e%2E/x", "/v1/..;a/x", "/v1%2fx", "/v1%5c..",
          "/v1\\x", "//v1", "/v1//x", "/v1/%252e", "/v1/%zz", "/v1/%2", "/v1/%00"})
        CHECK_FALSE(may("192.88.1.1", "GET", path));
    CHECK(may("192.88.1.1", "HEAD", "/v1"));
    CHECK_FALSE(may("192.88.1.1", "get", "/v1"));
    CHECK_FALSE(may("192.88.1.1", "POST", "/v1"));
    CHECK(may("192.88.1.1", "POST", "/form/1"));
    CHECK_FALSE(may("192.88.1.1", "POST", "/form"));
    CHECK(may("192.88.1.2", "PUT", "/"));
    CHECK(may("192.88.1.2", "PUT", "/administrator"));
    CHECK_FALSE(may("192.88.1.2", "DELETE", "/"));
    for (const char* path : {"/admin", "/admin/x", "/%61dmin", "//admin", "/x/../admin", "/x%2f.."})
        CHECK_FALSE(may("192.88.1.2", "GET", path));
    // Who does not say what he asks for gets no restricted leave.
    CHECK_FALSE(
        policy.check(Use::https, SocketAddr(IpAddr::parse("192.88.1.1").value(), 443)).has_value());
}

TEST_CASE("a method or path that cannot be read refuses the policy") {
    for (const char* rule :
         {"allow https:example.com:443 ", "allow https:example.com:443 get",
          "allow https:example.com:443 GET,", "allow https:example.com:443 GET v1",
          "allow https:example.com:443 /a/../b", "allow https:example.com:443 /a b",
          "allow https:example.com:443 /a?b", "allow https:example.com:443 /*",
          "allow tcp:example.com:443 GET", "allow https:example.com GET"})
        CHECK(Policy::parse({rule}).error() == Errc::bad_policy);
    CHECK(Policy::parse({"allow https:example.com:443 GET /v1/"})->rules().at(0) ==
          "allow https:example.com:443 GET /v1/");
}

TEST_CASE("a rule of unix means a path with written-out folders, or an abstract name") {
    const Policy rules = policy({"allow unix:/run/a/x.sock", "allow unix:/run/b/*",
                                 "allow unix:/run/c/p-*.so*", "allow unix:/run/d/**",
                                 "allow unix:@one", "allow unix:@two-*", "deny unix:/run/b/secret",
                                 "deny unix:/run/d/private/**", "allow unix-listen:/run/l/*"});
    const auto may = [&](std::string_view name, Use use = Use::unix_connect) {
        const auto parsed = UnixName::parse(name);
        return parsed && rules.check(use, *parsed).has_value();
    };
    for (const char* name :
         {"/run/a/x.sock", "//run///a/./x.sock", "run/a/x.sock", "/run/b/y", "/run/b/.hidden",
          "/run/c/p-.so", "/run/c/p-7.sock", "/run/d/e", "/run/d/e/f/g", "/run/d/privately"})
        CHECK_MESSAGE(may(name), name);
    for (const char* name :
         {"/run/a/x.soc", "/run/a/x.sockk", "/run/a", "/run/a/", "/", "/run/b", "/run/b/", "/run/b/y/z",
          "/run/b/secret", "/run/b//secret", "/run/c/p7.sock", "/run/c/p-7.s", "/run/c/p-/.so", "/run/d",
          "/run/d/private/x", "/run/d/x/../private/x", "/run/b/..", "/run/b/../a/x.sock", "/run/l/x",
          "/RUN/a/x.sock", "@one", ""})
        CHECK_MESSAGE(!may(name), name);
    CHECK(may(std::string_view("\0one", 4)));
    CHECK(may(std::string_view("\0two-\0\xff", 7)));
    CHECK_FALSE(may(std::string_view("\0one\0", 5)));
    CHECK_FALSE(may(std::string_view("\0two", 4)));
    CHECK_FALSE(may(std::string_view("\0/run/b/y", 9)));
    CHECK_FALSE(may(std::string_view("/run/b/y\0z", 10)));
    CHECK(may("/run/l/x", Use::unix_listen));
    CHECK_FALSE(may("/run/b/y", Use::unix_listen));
    CHECK_FALSE(may("", Use::unix_listen));
    CHECK(policy({"allow unix-listen:@*"}).check(Use::unix_listen, UnixName()).has_value());
    CHECK(Policy().check(Use::unix_connect, UnixName::parse("/x").value()).error() == Errc::denied);
}

TEST_CASE("a denial of a Unix socket names a rule that would allow it, and nothing wider") {
    const auto reason_for = [](std::string_view name) {
        return policy({"deny unix:/x"})
            .check(Use::unix_connect, UnixName::parse(name).value())
            .error()
            .context();
    };
    CHECK(reason_for("/run/x.sock") == "unix /run/x.sock: no rule allows it");
    CHECK(reason_for("/x") == "unix /x: forbidden by rule 1 (deny unix:/x)");
    CHECK(reason_for(std::string_view("\0a\n", 3)) == "unix \"@a\\x0a\": no rule allows it");
    CHECK(reason_for("/run/*") == "unix \"/run/*\": no rule allows it");
}

TEST_CASE("a name of a Unix socket that cannot be read refuses the policy and says where") {
    CHECK(mistake_in("allow unix:run/x").find("column 12: a path begins with /") != std::string::npos);
    CHECK(mistake_in("allow unix:/run//x").find("column 17: an empty segment") != std::string::npos);
    for (const char* rule :
         {"allow unix:", "allow unix:/", "allow unix:*", "allow unix:**", "allow unix:/run/x/",
          "allow unix:/run/../x", "allow unix:/./x", "allow unix:/*/x", "allow unix:/**/x", "allow unix:@",
          "allow unix:/a\tb", "allow unix", "allow unix-listen:x", "allow unix-connect:/x"})
        CHECK_MESSAGE(Policy::parse({rule}).error() == Errc::bad_policy, rule);
    CHECK(policy({"allow unix:/a b:c"}).rules().at(0) == "allow unix:/a b:c");
}

TEST_SUITE_END();
