#include "core/policy.hpp"

#include "core/target.hpp"

#include <algorithm>
#include <charconv>
#include <hws/quote.hpp>
#include <utility>

namespace hws::host::core {
namespace {

struct UseName {
    Use use;
    std::string_view name;
};
constexpr UseName use_names[] = {
    {Use::tcp, "tcp"},           {Use::udp, "udp"},
    {Use::icmp, "icmp"},         {Use::http, "http"},
    {Use::https, "https"},       {Use::ws, "ws"},
    {Use::wss, "wss"},           {Use::tcp_listen, "tcp-listen"},
    {Use::udp_bind, "udp-bind"}, {Use::accept, "accept"},
    {Use::resolve, "resolve"},   {Use::multicast, "multicast"},
    {Use::unix_connect, "unix"}, {Use::unix_listen, "unix-listen"},
};

/// Uses whose address is one of this machine's: there 0.0.0.0 is a choice and 0 is a port.
bool is_local(Use use) {
    return use == Use::tcp_listen || use == Use::udp_bind;
}

/// Uses for which a program looks the name up first, and then gives the address. (Those of HTTP
/// take a URL.)
constexpr Use address_uses[] = {Use::tcp, Use::udp, Use::icmp};

/// A network: the first `prefix` bits of `address`.
struct Cidr {
    IpAddr address;
    unsigned prefix = 0;

    static unsigned bits(const IpAddr& address) { return address.is_ipv4() ? 32 : 128; }
    bool is_one_address() const { return prefix == bits(address); }

    bool contains(const IpAddr& other) const {
        if (address.is_ipv4() != other.is_ipv4()) return false;
        if (address.is_ipv4()) {
            const std::uint32_t difference = address.v4().to_bits() ^ other.v4().to_bits();
            return prefix == 0 || difference >> (32 - prefix) == 0;
        }
        const Ipv6Addr own = address.v6(), others = other.v6();
        const std::size_t whole_bytes = prefix / 8;
        for (std::size_t i = 0; i < whole_bytes; ++i)
            if (own.octets()[i] != others.octets()[i]) return false;
        if (prefix % 8 == 0) return true;
        return (own.octets()[whole_bytes] ^ others.octets()[whole_bytes]) >> (8 - prefix % 8) == 0;
    }

    bool has_host_bits() const {
        if (address.is_ipv4()) return prefix < 32 && (address.v4().to_bits() << prefix) != 0;
        const Ipv6Addr ipv6 = address.v6();
        for (unsigned bit = prefix; bit < 128; ++bit)
            if (ipv6.octets()[bit / 8] & 0x80 >> bit % 8) return true;
        return false;
    }
};

struct SpecialBlock {
    IpAddr network;
    unsigned prefix;
    AddressClass address_class;
};

using enum AddressClass;

// The first block that contains an address gives its class.
constexpr SpecialBlock special_ipv4[] = {
    {Ipv4Addr(0, 0, 0, 0), 32, unspecified},
    {Ipv4Addr(0, 0, 0, 0), 8, reserved}, // "this network", RFC 791
    {Ipv4Addr(10, 0, 0, 0), 8, private_network},
    {Ipv4Addr(100, 64, 0, 0), 10, private_network}, // carrier-grade NAT, RFC 6598
    {Ipv4Addr(127, 0, 0, 0), 8, loopback},
    {Ipv4Addr(169, 254, 0, 0), 16, link_local},
    {Ipv4Addr(172, 16, 0, 0), 12, private_network},
    {Ipv4Addr(192, 0, 0, 0), 24, reserved}, // IETF protocol assignments, RFC 6890
    {Ipv4Addr(192, 0, 2, 0), 24, documentation},
    {Ipv4Addr(192, 31, 196, 0), 24, reserved}, // AS112, RFC 7535
    {Ipv4Addr(192, 52, 193, 0), 24, reserved}, // AMT relays, RFC 7450
    {Ipv4Addr(192, 88, 99, 0), 24, reserved},  // 6to4 relays, RFC 7526
    {Ipv4Addr(192, 168, 0, 0), 16, private_network},
    {Ipv4Addr(192, 175, 48, 0), 24, reserved}, // AS112, RFC 7534
    {Ipv4Addr(198, 18, 0, 0), 15, benchmarking},
    {Ipv4Addr(198, 51, 100, 0), 24, documentation},
    {Ipv4Addr(203, 0, 113, 0), 24, documentation},
    {Ipv4Addr(224, 0, 0, 0), 4, multicast},
    {Ipv4Addr(255, 255, 255, 255), 32, broadcast},
    {Ipv4Addr(240, 0, 0, 0), 4, reserved},
};

// IPv6 with an IPv4 address inside was sorted out before (embedded_ipv4).
constexpr SpecialBlock special_ipv6[] = {
    {Ipv6Addr(0, 0, 0, 0, 0, 0, 0, 0), 128, unspecified},
    {Ipv6Addr(0, 0, 0, 0, 0, 0, 0, 1), 128, loopback},
    {Ipv6Addr(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, reserved}, // IETF protocol assignments, RFC 2928
    {Ipv6Addr(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, documentation},
    {Ipv6Addr(0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0), 48, reserved}, // AS112, RFC 7534
    {Ipv6Addr(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, documentation},    // RFC 9637
    {Ipv6Addr(0x2000, 0, 0, 0, 0, 0, 0, 0), 3, public_unicast},
    {Ipv6Addr(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, private_network},
    {Ipv6Addr(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10, link_local},
    {Ipv6Addr(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10, private_network}, // site-local, RFC 3879
    {Ipv6Addr(0xff00, 0, 0, 0, 0, 0, 0, 0), 8, multicast},
    // Only 2000::/3 is given out. The rest has 100::/64 (discard), 5f00::/16 (segment routing) and
    // nothing public.
    {Ipv6Addr(0, 0, 0, 0, 0, 0, 0, 0), 0, reserved},
};

// Benchmarking stands inside 2001::/23; it has a class of its own for the reader of a log only.
constexpr SpecialBlock benchmarking_ipv6 = {Ipv6Addr(0x2001, 2, 0, 0, 0, 0, 0, 0), 48,
                                            benchmarking};

// Where clouds hand credentials to whoever asks from inside. One of them looks like any public
// address.
constexpr IpAddr metadata_addresses[] = {
    Ipv4Addr(169, 254, 169, 254), // AWS, Azure, Google, Oracle, OpenStack, DigitalOcean and others
    Ipv4Addr(169, 254, 170, 2),   // AWS ECS task credentials
    Ipv4Addr(169, 254, 170, 23),  // AWS EKS pod identity
    Ipv4Addr(169, 254, 0, 23),    // Tencent
    Ipv4Addr(169, 254, 42, 42),   // Scaleway
    Ipv4Addr(100, 100, 100, 200), // Alibaba
    Ipv4Addr(168, 63, 129, 16),   // Azure's wire server
    Ipv4Addr(192, 0, 0, 192),     // Oracle, classic
    Ipv6Addr(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),   // AWS
    Ipv6Addr(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23),    // AWS EKS pod identity
    Ipv6Addr(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),    // Google
    Ipv6Addr(0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42),     // Scaleway
    Ipv6Addr(0xfe80, 0, 0, 0, 0, 0, 0xa9fe, 0xa9fe), // OpenStack
};

bool is_metadata(const IpAddr& address) {
    return std::ranges::find(metadata_addresses, address) != std::end(metadata_addresses);
}

/// The class that the address's block has, so that `deny link-local` denies the metadata service
/// there too.
AddressClass class_of_block(const IpAddr& address) {
    auto class_in = [&](const auto& blocks) {
        for (const SpecialBlock& block : blocks)
            if (Cidr{block.network, block.prefix}.contains(address)) return block.address_class;
        return public_unicast;
    };
    if (address.is_ipv4()) return class_in(special_ipv4);
    if (!embedded_ipv4(address).empty()) return embedded;
    if (Cidr{benchmarking_ipv6.network, benchmarking_ipv6.prefix}.contains(address))
        return benchmarking;
    return class_in(special_ipv6);
}

/// The words a rule may use for a host.
constexpr AddressClass class_words[] = {public_unicast, private_network, loopback, link_local,
                                        metadata,       multicast,       broadcast};

/// Whom a rule means.
struct HostPattern {
    enum class Kind { any, network, address_class, localhost, name, below_name };
    Kind kind = Kind::any;
    Cidr network{};
    AddressClass address_class = public_unicast;
    std::optional<HostName> name{};
};

/// Ports in ranges; without any, every port.
struct PortSet {
    struct Range {
        std::uint16_t first, last;
    };
    std::vector<Range> ranges;

    bool contains(std::uint16_t port) const {
        if (ranges.empty()) return true;
        return std::ranges::any_of(
            ranges, [=](const Range& range) { return range.first <= port && port <= range.last; });
    }
};

/// The path with the characters decoded that mean the same without their percent sign, and with the
/// others' digits in upper case (RFC 3986, 6.2.2). Nothing for one that servers read in different
/// ways: dot segments however they are written, an empty segment, a slash or backslash in
/// disguise, something encoded twice, a NUL.
std::optional<std::string> canonical_path(std::string_view path) {
    std::string out;
    const auto digit = [](char c) {
        return c >= '0' && c <= '9'   ? c - '0'
               : c >= 'a' && c <= 'f' ? c - 'a' + 10
               : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                      : -1;
    };
    for (std::size_t i = 0; i < path.size(); ++i) {
        if (path[i] == '\\') return {};
        if (path[i] != '%') {
            out += path[i];
            continue;
        }
        if (i + 2 >= path.size() || digit(path[i + 1]) < 0 || digit(path[i + 2]) < 0) return {};
        const char c = static_cast<char>(digit(path[i + 1]) << 4 | digit(path[i + 2]));
        if (c == '\0' || c == '/' || c == '\\' || c == '%') return {};
        const bool is_unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                   (c >= '0' && c <= '9') ||
                                   std::string_view("-._~").find(c) != std::string_view::npos;
        if (is_unreserved) {
            out += c;
        } else {
            out += '%';
            for (const char hex : path.substr(i + 1, 2))
                out += static_cast<char>(hex >= 'a' ? hex - 'a' + 'A' : hex);
        }
        i += 2;
    }
    if (!out.starts_with('/')) return {};
    for (std::size_t at = 0; at < out.size();) {
        const std::size_t end = std::min(out.find('/', at + 1), out.size());
        std::string_view segment = std::string_view(out).substr(at + 1, end - at - 1);
        if (segment.empty() && end < out.size()) return {};
        segment = segment.substr(0, segment.find(';')); // some servers cut parameters off
        if (segment == "." || segment == "..") return {};
        at = end;
    }
    return out;
}

struct Rule {
    bool is_allow = false;
    Use use = Use::tcp;
    HostPattern host;
    PortSet ports;
    std::vector<std::string> methods; // http, https: empty is every method
    std::string path;                 // and their prefix, canonical; empty is every path
    std::optional<UnixPattern> names; // unix, unix-listen: instead of host and ports
    std::string text;                 // as given, with its first word

    bool concerns(Use other_use, std::uint16_t port, const HttpTarget* http) const {
        return use == other_use && (!has_ports(use) || ports.contains(port)) && fits(http);
    }
    /// What cannot be told apart, an allow rule does not mean and a deny rule does.
    bool fits(const HttpTarget* http) const {
        if (methods.empty() && path.empty()) return true;
        if (!http) return !is_allow;
        if (!methods.empty() && std::ranges::find(methods, http->method) == methods.end())
            return false;
        if (path.empty()) return true;
        const auto asked = canonical_path(http->path);
        if (!asked) return !is_allow;
        return asked->starts_with(path) && (path.ends_with('/') || asked->size() == path.size() ||
                                            (*asked)[path.size()] == '/');
    }
};

/// A question about one address, classified once.
struct Question {
    IpAddr address;
    const HostName* name;
    AddressClass address_class;
    AddressClass block_class;

    Question(const IpAddr& ip, const HostName* reached_under)
        : address(ip), name(reached_under), block_class(class_of_block(ip)) {
        address_class = is_metadata(ip) ? metadata : block_class;
    }
    bool is_public() const { return address_class == public_unicast; }
};

const Cidr mapped_network{Ipv6Addr(0, 0, 0, 0, 0, 0xffff, 0, 0), 96};

/// Whether the rule speaks of this name, or of every name.
bool covers_name(const HostPattern& host, const HostName& name) {
    using Kind = HostPattern::Kind;
    switch (host.kind) {
    case Kind::any:
        return true;
    case Kind::localhost:
        return name.is_localhost();
    case Kind::name:
        return name == *host.name;
    case Kind::below_name:
        return name.is_below(*host.name);
    case Kind::network:
    case Kind::address_class:
        return false;
    }
    return false;
}

/// Whether an allow rule reaches the address: as narrow as the words can be read.
bool grants(const HostPattern& host, const Question& question) {
    using enum HostPattern::Kind;
    switch (host.kind) {
    case any:
        return question.is_public();
    case network:
        // 0.0.0.0 means every interface: only who writes it down wants that, not who writes
        // 0.0.0.0/0.
        if (question.address_class == unspecified && !host.network.is_one_address()) return false;
        return host.network.contains(question.address);
    case address_class:
        return host.address_class == question.address_class;
    case localhost:
        // Another name that resolves to loopback is an attack (DNS rebinding), not what the
        // operator meant.
        return question.address_class == loopback &&
               (question.name == nullptr || question.name->is_localhost());
    case name:
        return question.is_public() && question.name != nullptr && *question.name == *host.name;
    case below_name:
        return question.is_public() && question.name != nullptr &&
               question.name->is_below(*host.name);
    }
    return false;
}

/// Whether a deny rule stops the address: as wide as the words can be read.
bool stops(const HostPattern& host, const Question& question) {
    using enum HostPattern::Kind;
    switch (host.kind) {
    case any:
        return true;
    case network:
        if (host.network.contains(question.address)) return true;
        // For the kernel ::ffff:10.0.0.1 and 10.0.0.1 are one destination, however the rule spells
        // it.
        return mapped_network.contains(host.network.address) && host.network.prefix >= 96 &&
               question.address.is_ipv4() &&
               host.network.contains(question.address.v4().to_ipv6_mapped());
    case address_class:
        return host.address_class == question.address_class ||
               host.address_class == question.block_class;
    case localhost:
        return question.address_class == loopback ||
               (question.name != nullptr && question.name->is_localhost());
    case name:
    case below_name:
        return question.name != nullptr && covers_name(host, *question.name);
    }
    return true;
}

/// Whether an allow rule could reach an address of loopback when its name is `localhost`.
bool could_grant_localhost(const HostPattern& host) {
    using enum HostPattern::Kind;
    switch (host.kind) {
    case localhost:
        return true;
    case address_class:
        return host.address_class == loopback;
    case network: {
        const Cidr ipv4_loopback{Ipv4Addr(127, 0, 0, 0), 8};
        return host.network.contains(Ipv6Addr::localhost) ||
               host.network.contains(ipv4_loopback.address) ||
               ipv4_loopback.contains(host.network.address);
    }
    case any:
    case name:
    case below_name:
        return false;
    }
    return false;
}

/// A mistake in a rule, at a place counted from 0.
struct Mistake {
    std::size_t at = 0;
    std::string what;
};
template <class T> using Parsed = std::expected<T, Mistake>;

std::unexpected<Mistake> mistake(std::size_t at, std::string what) {
    return std::unexpected(Mistake{at, std::move(what)});
}

Parsed<Cidr> parse_network(std::string_view text, std::size_t at) {
    const std::size_t slash = text.find('/');
    const std::string_view address_text = text.substr(0, slash);
    if (address_text.find('%') != std::string_view::npos)
        return mistake(at, "a zone is never part of a rule: leave " +
                               quote(address_text.substr(address_text.find('%'))) + " out");
    auto address = IpAddr::parse(address_text);
    if (!address) return mistake(at, quote(address_text) + " is not an IP address");
    Cidr network{*address, Cidr::bits(*address)};
    if (slash == std::string_view::npos) return network;

    const std::string_view prefix_text = text.substr(slash + 1);
    unsigned prefix = 0;
    auto [end, error] =
        std::from_chars(prefix_text.data(), prefix_text.data() + prefix_text.size(), prefix);
    if (error != std::errc() || end != prefix_text.data() + prefix_text.size() ||
        (prefix_text.front() == '0' && prefix_text.size() > 1) || prefix > network.prefix)
        return mistake(at + slash + 1, quote(prefix_text) +
                                           " is no prefix length: plain decimal 0 to " +
                                           std::to_string(network.prefix));
    network.prefix = prefix;
    if (network.has_host_bits())
        return mistake(at, quote(text) + " has host bits set: is the address or the prefix meant?");
    return network;
}

std::string to_lower(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

/// A single-label name that is more likely a class word gone wrong; as a deny rule it would
/// silently stop nothing.
std::optional<std::string> correct_word(std::string_view lower) {
    std::string letters;
    for (char c : lower)
        if (c != '-' && c != '_') letters += c;
    if (letters == "any" || letters == "all") return "*";
    if (letters == "linklocal" || letters == "local") return "link-local";
    for (AddressClass word : class_words)
        if (letters == name_of(word) || letters == std::string(name_of(word)) + 's')
            return std::string(name_of(word));
    for (AddressClass no_word : {unspecified, documentation, benchmarking, reserved, embedded})
        if (letters == name_of(no_word)) return "an address or a CIDR";
    return {};
}

Parsed<HostPattern> parse_host_pattern(std::string_view text, std::size_t at) {
    using Kind = HostPattern::Kind;
    if (text.empty()) return mistake(at, "the host is empty");
    if (text == "*") return HostPattern{.kind = Kind::any};

    Kind kind = Kind::name;
    std::string_view name_text = text;
    if (text.starts_with("*.")) {
        kind = Kind::below_name;
        name_text.remove_prefix(2);
    } else {
        if (text.find('/') != std::string_view::npos || Ipv4Addr::parse(text)) {
            auto network = parse_network(text, at);
            if (!network) return std::unexpected(std::move(network).error());
            return HostPattern{.kind = Kind::network, .network = *network};
        }
        const std::string lower = to_lower(text);
        for (AddressClass word : class_words)
            if (lower == name_of(word))
                return HostPattern{.kind = Kind::address_class, .address_class = word};
        if (auto correct = correct_word(lower))
            return mistake(at, quote(text) + " is no class of addresses: write " + *correct);
    }
    if (name_text.find('*') != std::string_view::npos)
        return mistake(at, "* stands alone or for whole labels in front, as in *.example.com");
    auto name = HostName::parse(name_text);
    if (!name) return mistake(at, name.error().context());
    if (name->is_localhost()) return HostPattern{.kind = Kind::localhost};
    return HostPattern{.kind = kind, .name = *std::move(name)};
}

Parsed<PortSet> parse_ports(std::string_view text, std::size_t at, Use use) {
    if (text == "*") return PortSet{};
    if (!has_ports(use))
        return mistake(at, std::string(name_of(use)) + " has no ports: leave them out");
    const PortZero port_zero = is_local(use) ? PortZero::allowed : PortZero::refused;
    PortSet ports;
    while (true) {
        const std::size_t comma = text.find(',');
        const std::string_view item = text.substr(0, comma);
        const std::size_t dash = item.find('-');
        auto first = parse_port(item.substr(0, dash), port_zero);
        if (!first) return mistake(at, first.error().context());
        auto last = first;
        if (dash != std::string_view::npos) {
            last = parse_port(item.substr(dash + 1), port_zero);
            if (!last) return mistake(at + dash + 1, last.error().context());
            if (*last < *first) return mistake(at, quote(item) + " ends before it begins");
        }
        ports.ranges.push_back({*first, *last});
        if (comma == std::string_view::npos) return ports;
        text.remove_prefix(comma + 1);
        at += comma + 1;
    }
}

constexpr std::size_t max_rule_chars =
    1024; // the longest name and a hundred ports fit four times over

/// What may follow the ports of http and https: methods, a path prefix, or both.
Parsed<void> parse_restrictions(Rule& rule, std::string_view text, std::size_t at) {
    if (rule.use != Use::http && rule.use != Use::https)
        return mistake(at, "methods and paths are for http and https only");
    const auto skip_blanks = [&] {
        const std::size_t blanks = std::min(text.find_first_not_of(' '), text.size());
        text.remove_prefix(blanks);
        at += blanks;
    };
    skip_blanks();
    if (text.empty()) return mistake(at, "a blank at the end: methods or a path would follow");
    if (!text.starts_with('/')) {
        const std::size_t end = std::min(text.find(' '), text.size());
        for (std::size_t first = 0; first <= end;) {
            const std::size_t last = std::min(text.find(',', first), end);
            const std::string_view method = text.substr(first, last - first);
            const bool is_method = !method.empty() && std::ranges::all_of(method, [](char c) {
                return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
            });
            if (!is_method)
                return mistake(at + first, "a method is written in capitals, as in GET,HEAD; a "
                                           "path begins with a slash");
            rule.methods.emplace_back(method);
            first = last + 1;
        }
        text.remove_prefix(end);
        at += end;
        skip_blanks();
        if (text.empty()) return {};
    }
    const auto path = canonical_path(text);
    if (!path || text.find_first_of(" ?#*") != std::string_view::npos)
        return mistake(at, quote(text) + " is not a path prefix: it begins with a slash, and has "
                                         "no dot or empty segments, ?, #, * or blanks");
    rule.path = *path;
    return {};
}

/// What follows the use of unix and unix-listen: a path may have blanks and colons.
Parsed<Rule> parse_unix_rule(bool is_allow, Use use, std::string_view whole, std::size_t at) {
    auto names = UnixPattern::parse(whole.substr(at));
    if (!names) return mistake(at + names.error().at, std::move(names).error().what);
    Rule rule;
    rule.is_allow = is_allow;
    rule.use = use;
    rule.names = *std::move(names);
    rule.text = (is_allow ? "allow " : "deny ") + std::string(whole);
    return rule;
}

Parsed<Rule> parse_rule(bool is_allow, std::string_view text) {
    if (text.size() > max_rule_chars)
        return mistake(max_rule_chars, "the rule has more than 1024 characters");
    const std::string_view whole = text;
    // A blank was a mistake everywhere before it meant this.
    text = whole.substr(0, whole.find(' '));
    const std::size_t use_end = text.find(':');
    if (use_end == std::string_view::npos)
        return mistake(0, "a rule is use:host:ports, as in tcp:192.0.2.1:443");
    const auto use = find_use(text.substr(0, use_end));
    if (!use) {
        std::string known;
        for (const UseName& row : use_names)
            known.append(known.empty() ? "" : ", ").append(row.name);
        return mistake(0, "unknown use " + quote(text.substr(0, use_end)) + "; there are " + known);
    }

    if (is_of_unix(*use)) return parse_unix_rule(is_allow, *use, whole, use_end + 1);

    std::size_t at = use_end + 1; // where the host begins
    std::string_view rest = text.substr(at);
    Rule rule;
    rule.is_allow = is_allow;
    rule.use = *use;
    std::size_t host_chars = 0;
    if (rest.starts_with('[')) {
        const std::size_t close = rest.find(']');
        if (close == std::string_view::npos) return mistake(at, "the bracket is not closed");
        auto network = parse_network(rest.substr(1, close - 1), at + 1);
        if (!network) return std::unexpected(std::move(network).error());
        if (network->address.is_ipv4()) return mistake(at, "only IPv6 stands in brackets");
        rule.host = HostPattern{.kind = HostPattern::Kind::network, .network = *network};
        host_chars = close + 1;
        if (host_chars < rest.size() && rest[host_chars] != ':')
            return mistake(at + host_chars, "after ] comes a colon");
    } else {
        host_chars = std::min(rest.find(':'), rest.size());
        if (rest.find(':', host_chars + 1) != std::string_view::npos)
            return mistake(at, "too many colons: IPv6 stands in brackets, as in tcp:[::1]:80 or "
                               "tcp:[fd00::/8]:80");
        auto host = parse_host_pattern(rest.substr(0, host_chars), at);
        if (!host) return std::unexpected(std::move(host).error());
        rule.host = *std::move(host);
    }
    if (rule.host.kind == HostPattern::Kind::network && rule.host.network.is_one_address() &&
        rule.host.network.address.to_canonical().is_unspecified() && !is_local(*use))
        return mistake(
            at, "0.0.0.0 and :: are no destinations: only tcp-listen and udp-bind take them");

    if (host_chars == rest.size()) {
        if (has_ports(*use)) return mistake(text.size(), "the ports are missing: add :443 or :*");
    } else {
        auto ports = parse_ports(rest.substr(host_chars + 1), at + host_chars + 1, *use);
        if (!ports) return std::unexpected(std::move(ports).error());
        rule.ports = *std::move(ports);
    }
    if (text.size() < whole.size()) {
        auto restricted = parse_restrictions(rule, whole.substr(text.size()), text.size());
        if (!restricted) return std::unexpected(std::move(restricted).error());
    }
    rule.text = (is_allow ? "allow " : "deny ") + std::string(whole);
    return rule;
}

Error bad_rule(std::string_view rule, const Mistake& wrong, const std::optional<RulePlace>& place,
               std::size_t chars_before = 0) {
    const std::size_t column = wrong.at + chars_before + 1;
    if (place)
        return Error(Errc::bad_policy,
                     std::string(place->file) + ':' + std::to_string(place->line) + ':' +
                         std::to_string(place->column + column - 1) + ": " + wrong.what);
    return Error(Errc::bad_policy,
                 "rule " + quote(rule) + ", column " + std::to_string(column) + ": " + wrong.what);
}

std::string describe(Use use, const SocketAddr& address, const HostName* name) {
    std::string out(name_of(use));
    out += ' ';
    out += has_ports(use) ? address.to_string() : address.ip().to_string();
    if (name != nullptr) out += " (" + name->text() + ')';
    return out;
}

std::string describe(const HttpTarget* http) {
    if (!http) return {};
    constexpr std::size_t max_path_chars = 120; // one line of a log
    return std::string(" [").append(http->method).append(" ").append(
               http->path.substr(0, max_path_chars)) +
           (http->path.size() > max_path_chars ? "...]" : "]");
}

} // namespace

struct Policy::Rules {
    std::vector<Rule> list;

    /// The first rule that stops the address; null: none.
    const Rule* find_deny(Use use, std::uint16_t port, const HttpTarget* http,
                          const Question& question) const {
        for (const Rule& rule : list)
            if (!rule.is_allow && rule.concerns(use, port, http) && stops(rule.host, question))
                return &rule;
        return nullptr;
    }

    bool allows(Use use, std::uint16_t port, const HttpTarget* http,
                          const Question& question) const {
        // Whatever resolver said so: localhost is loopback and nothing else.
        if (question.name != nullptr && question.name->is_localhost() &&
            question.address_class != loopback)
            return false;
        return std::ranges::any_of(list, [&](const Rule& rule) {
            return rule.is_allow && rule.concerns(use, port, http) && grants(rule.host, question);
        });
    }

    /// The first rule that stops the name; null: none.
    const Rule* find_deny(Use use, std::uint16_t port, const HttpTarget* http,
                          const HostName& name) const {
        for (const Rule& rule : list)
            if (!rule.is_allow && rule.concerns(use, port, http) && stops_name(rule.host, name))
                return &rule;
        return nullptr;
    }

    /// Whether rules that allow this use leave some port that no rule denies, of the rules whose
    /// host is one of `grants`, or of `stops`.
    template <class Grants, class Stops>
    bool leaves_a_port(Use use, Grants grants, Stops stops) const {
        using Range = PortSet::Range;
        static const std::vector<Range> every_port{{1, 65'535}};
        std::vector<Range> denied;
        for (const Rule& rule : list) {
            if (rule.is_allow || rule.use != use || !stops(rule.host)) continue;
            if (rule.ports.ranges.empty()) return false;
            denied.insert(denied.end(), rule.ports.ranges.begin(), rule.ports.ranges.end());
        }
        std::ranges::sort(denied, {}, &Range::first);
        return std::ranges::any_of(list, [&](const Rule& rule) {
            if (!rule.is_allow || rule.use != use || !grants(rule.host)) return false;
            const auto& ranges = rule.ports.ranges.empty() ? every_port : rule.ports.ranges;
            return std::ranges::any_of(ranges, [&](const Range& range) {
                unsigned port = range.first;
                for (const Range& gap : denied) {
                    if (gap.first > port) break;
                    port = std::max(port, gap.last + 1u);
                }
                return port <= range.last;
            });
        });
    }

    /// Whether another use's rules speak of the name, so that its look-up tells nobody more than
    /// that use would.
    bool implies_lookup(const HostName& name) const {
        const auto could_grant = [&](const HostPattern& host) {
            if (name.is_localhost()) return could_grant_localhost(host);
            return covers_name(host, name) || is_public_word(host);
        };
        const auto stops = [&](const HostPattern& host) {
            return stops_name(host, name) || (!name.is_localhost() && is_public_word(host));
        };
        return std::ranges::any_of(
            address_uses, [&](Use use) { return leaves_a_port(use, could_grant, stops); });
    }

    /// Whether another use's rules let the address be reached under the question's name.
    bool implies_answer(const Question& question) const {
        if (question.name == nullptr || question.address_class == embedded ||
            (question.name->is_localhost() && question.address_class != loopback))
            return false;
        const auto grants_it = [&](const HostPattern& host) { return grants(host, question); };
        const auto stops_it = [&](const HostPattern& host) { return stops(host, question); };
        return std::ranges::any_of(
            address_uses, [&](Use use) { return leaves_a_port(use, grants_it, stops_it); });
    }

    /// Why a rule stops the address, itself or what it carries; nothing: none does.
    std::optional<std::string> reason_to_deny(Use use, const SocketAddr& address,
                                              const HttpTarget* http, const HostName* name) const {
        if (const Rule* rule = find_deny(use, address.port(), http, Question(address.ip(), name)))
            return "forbidden by " + describe(*rule);
        for (Ipv4Addr inner : embedded_ipv4(address.ip()))
            if (const Rule* rule = find_deny(use, address.port(), http, Question(inner, name)))
                return "it carries " + inner.to_string() + ", forbidden by " + describe(*rule);
        return {};
    }

    static bool is_public_word(const HostPattern& host) {
        return host.kind == HostPattern::Kind::address_class &&
               host.address_class == public_unicast;
    }

    template <class Accepts> bool any_allow(Use use, std::uint16_t port, const HttpTarget* http,
                                              Accepts accepts) const {
        return std::ranges::any_of(list, [&](const Rule& rule) {
            return rule.is_allow && rule.concerns(use, port, http) && accepts(rule.host);
        });
    }

    std::string describe(const Rule& rule) const {
        constexpr std::size_t max_chars = 120; // one line of a log
        std::string text = rule.text.substr(0, max_chars);
        if (rule.text.size() > max_chars) text += "...";
        return "rule " + std::to_string(&rule - list.data() + 1) + " (" + text + ')';
    }

    static bool stops_name(const HostPattern& host, const HostName& name) {
        if (host.kind == HostPattern::Kind::address_class)
            return host.address_class == loopback && name.is_localhost();
        return covers_name(host, name);
    }

    Parsed<void> add(bool is_allow, std::string_view text) {
        if (list.size() >= max_rules)
            return mistake(0, "the policy has more than " + std::to_string(max_rules) + " rules");
        auto rule = parse_rule(is_allow, text);
        if (!rule) return std::unexpected(std::move(rule).error());
        list.push_back(*std::move(rule));
        return {};
    }

    /// `allow tcp:...` or `deny tcp:...`.
    Result<void> add_line(std::string_view line) {
        const bool is_allow = line.starts_with("allow ");
        if (!is_allow && !line.starts_with("deny "))
            return std::unexpected(bad_rule(line, {0, "a rule begins with allow or deny"}, {}));
        const std::size_t rule_start =
            std::min(line.find_first_not_of(' ', line.find(' ')), line.size());
        if (auto added = add(is_allow, line.substr(rule_start)); !added)
            return std::unexpected(bad_rule(line, added.error(), {}, rule_start));
        return {};
    }
};

Result<Policy> Policy::parse(std::initializer_list<std::string_view> rules) {
    auto parsed = std::make_shared<Rules>();
    for (std::string_view rule : rules)
        HWS_CHECK(parsed->add_line(rule));
    return Policy(std::move(parsed));
}

Result<Policy> Policy::parse(std::span<const std::string> rules) {
    auto parsed = std::make_shared<Rules>();
    for (const std::string& rule : rules)
        HWS_CHECK(parsed->add_line(rule));
    return Policy(std::move(parsed));
}

Result<Policy> Policy::with_allowed_hosts(std::span<const std::string> globs) const {
    auto extended = rules_ ? std::make_shared<Rules>(*rules_) : std::make_shared<Rules>();
    for (const std::string& glob : globs) {
        auto refuse = [&](std::string_view reason) {
            return fail(Errc::bad_manifest,
                        "allowed_hosts " + quote(glob) + ": " + std::string(reason));
        };
        // A glob that would mean more as a rule's host than it does in a manifest must not get that
        // far.
        if (glob.find('/') != std::string::npos)
            return refuse("a pattern is a name, *.suffix, an address or *");
        for (AddressClass word : class_words)
            if (to_lower(glob) == name_of(word))
                return refuse("a class word stands in policies only");
        const bool is_bare_ipv6 = Ipv6Addr::parse(glob).has_value();
        const std::string host = is_bare_ipv6 ? '[' + glob + ']' : glob;
        for (std::string_view use : {"http:", "https:"})
            if (auto added = extended->add(true, std::string(use) + host + ":*"); !added)
                return refuse(added.error().what);
    }
    return Policy(std::move(extended));
}

Result<Vetted> Policy::check(Use use, const SocketAddr& asked, const HostName* name,
                             const HttpTarget* http) const {
    SocketAddr address = asked;
    // The kernel writes the IPv4 peer of a dual-stack listener as ::ffff:a.b.c.d. Nobody chose that
    // spelling.
    if (use == Use::accept) address.set_ip(asked.ip().to_canonical());

    auto denied = [&](std::string_view reason) {
        return fail(Errc::denied, describe(use, address, name) + ": " + std::string(reason) +
                                      describe(http));
    };
    const IpAddr ip = address.ip();
    const EmbeddedIpv4 inner_addresses = embedded_ipv4(ip);

    if (!is_local(use)) {
        // Linux takes 0.0.0.0 and :: (and their mapped form) for loopback.
        bool is_unspecified = ip.is_unspecified();
        for (Ipv4Addr inner : inner_addresses)
            is_unspecified = is_unspecified || inner.is_unspecified();
        if (is_unspecified) return denied("an unspecified address is no destination");
        if (address.port() == 0 && has_ports(use) && use != Use::multicast)
            return denied("port 0 is no destination");
    }
    if (address.scope_id() != 0 && !may_have_zone(ip))
        return denied("only link-local addresses have a zone");
    if (use == Use::multicast && !ip.is_multicast()) return denied("it is no multicast group");
    if (!rules_) return denied("the policy has no rules");

    const Question question(ip, name);
    if (const auto reason = rules_->reason_to_deny(use, address, http, name)) return denied(*reason);
    if (use == Use::resolve && rules_->implies_answer(question)) return Vetted(address, use);

    if (!rules_->allows(use, address.port(), http, question)) {
        if (question.is_public()) return denied("no rule allows it");
        return denied("no rule allows it; " + ip.to_string() + " is special (" +
                      std::string(name_of(question.address_class)) +
                      "), which names and * never reach");
    }
    for (Ipv4Addr inner : inner_addresses)
        if (!rules_->allows(use, address.port(), http, Question(inner, name)))
            return denied("it carries " + inner.to_string() + ", which no rule allows");
    return Vetted(address, use);
}

Result<Vetted> Policy::check_told(Use use, const SocketAddr& address,
                                  std::span<const HostName> told_under) const {
    auto verdict = check(use, address);
    for (const HostName& name : told_under)
        if (rules_ && rules_->reason_to_deny(use, address, nullptr, &name))
            return check(use, address, &name);
    for (const HostName& name : told_under) {
        if (verdict) break;
        verdict = check(use, address, &name);
    }
    return verdict;
}

Result<void> Policy::check_accepted(const SocketAddr& peer) const {
    const bool is_narrowed = rules_ && std::ranges::any_of(rules_->list, [](const Rule& rule) {
                                 return rule.is_allow && rule.use == Use::accept;
                             });
    if (!rules_ || is_narrowed) {
        HWS_CHECK(check(Use::accept, peer));
        return {};
    }
    const SocketAddr address(peer.ip().to_canonical(), peer.port());
    if (const Rule* rule =
            rules_->find_deny(Use::accept, peer.port(), nullptr, Question(address.ip(), nullptr)))
        return fail(Errc::denied, describe(Use::accept, address, nullptr) + ": forbidden by " +
                                      rules_->describe(*rule));
    return {};
}

Result<void> Policy::check_name(Use use, const HostName& name, std::uint16_t port,
                                const HttpTarget* http) const {
    auto denied = [&](const std::string& reason) {
        std::string context(name_of(use));
        context += ' ' + name.text();
        if (has_ports(use)) context += ':' + std::to_string(port);
        return fail(Errc::denied, context + ": " + reason + describe(http));
    };
    if (!rules_) return denied("the policy has no rules");
    if (const Rule* rule = rules_->find_deny(use, port, http, name))
        return denied("forbidden by " + rules_->describe(*rule));

    if (name.is_localhost()) {
        if (rules_->any_allow(use, port, http, could_grant_localhost)) return {};
        if (use == Use::resolve && rules_->implies_lookup(name)) return {};
        return denied("no rule allows loopback");
    }

    // Every query leaves this machine and can carry what the plugin knows: only for a name that a
    // rule speaks of.
    if (const Rule* rule = rules_->find_deny(Use::resolve, 0, nullptr, name))
        return denied("forbidden by " + rules_->describe(*rule));
    auto speaks_of_name = [&](const HostPattern& host) { return covers_name(host, name); };
    auto speaks_of_public = &Rules::is_public_word;
    const bool denies_public = std::ranges::any_of(rules_->list, [&](const Rule& rule) {
        return !rule.is_allow && rule.concerns(use, port, http) && speaks_of_public(rule.host);
    });
    if (!denies_public && (rules_->any_allow(use, port, http, speaks_of_name) ||
                           rules_->any_allow(use, port, http, speaks_of_public)))
        return {};
    // `resolve` lets the name be looked up; what it may then reach, rules with addresses say.
    auto speaks_of_addresses = [](const HostPattern& host) {
        return host.kind == HostPattern::Kind::network ||
               host.kind == HostPattern::Kind::address_class;
    };
    if (rules_->any_allow(Use::resolve, 0, nullptr, speaks_of_name) &&
        rules_->any_allow(use, port, http, speaks_of_addresses))
        return {};
    if (use == Use::resolve && rules_->implies_lookup(name)) return {};
    return denied("no rule allows this name");
}

Result<VettedUnixName> Policy::check(Use use, const UnixName& name) const {
    const auto denied = [&](const std::string& reason) {
        return fail(Errc::denied,
                    std::string(name_of(use)) + ' ' + name.to_string() + ": " + reason);
    };
    if (!rules_) return denied("the policy has no rules");
    const auto find = [&](bool is_allow) -> const Rule* {
        for (const Rule& rule : rules_->list)
            if (rule.is_allow == is_allow && rule.use == use && rule.names &&
                rule.names->matches(name))
                return &rule;
        return nullptr;
    };
    if (const Rule* rule = find(false)) return denied("forbidden by " + rules_->describe(*rule));
    if (!find(true)) return denied("no rule allows it");
    return VettedUnixName(name, use);
}

std::size_t Policy::rule_count() const {
    return rules_ ? rules_->list.size() : 0;
}

std::vector<std::string> Policy::rules() const {
    std::vector<std::string> out;
    if (rules_)
        for (const Rule& rule : rules_->list)
            out.push_back(rule.text);
    return out;
}

PolicyBuilder::PolicyBuilder() : rules_(std::make_unique<Policy::Rules>()) {}
PolicyBuilder::PolicyBuilder(const Policy& base)
    : rules_(base.rules_ ? std::make_unique<Policy::Rules>(*base.rules_)
                         : std::make_unique<Policy::Rules>()) {}
PolicyBuilder::PolicyBuilder(PolicyBuilder&&) noexcept = default;
PolicyBuilder& PolicyBuilder::operator=(PolicyBuilder&&) noexcept = default;
PolicyBuilder::~PolicyBuilder() = default;

Result<void> PolicyBuilder::allow(std::string_view rule, std::optional<RulePlace> place) {
    return add(true, rule, place);
}

Result<void> PolicyBuilder::deny(std::string_view rule, std::optional<RulePlace> place) {
    return add(false, rule, place);
}

Result<void> PolicyBuilder::add(bool is_allow, std::string_view rule,
                                std::optional<RulePlace> place) {
    if (auto added = rules_->add(is_allow, rule); !added) {
        Error error = bad_rule(rule, added.error(), place);
        if (!first_error_) first_error_ = error;
        return std::unexpected(std::move(error));
    }
    return {};
}

Result<Policy> PolicyBuilder::build() const {
    if (first_error_) return std::unexpected(*first_error_);
    return Policy(std::make_shared<const Policy::Rules>(*rules_));
}

std::string_view name_of(Use use) {
    for (const UseName& row : use_names)
        if (row.use == use) return row.name;
    return "unknown";
}

std::optional<Use> find_use(std::string_view name) {
    for (const UseName& row : use_names)
        if (row.name == name) return row.use;
    return {};
}

std::string_view name_of(AddressClass address_class) {
    switch (address_class) {
    case public_unicast:
        return "public";
    case private_network:
        return "private";
    case loopback:
        return "loopback";
    case link_local:
        return "link-local";
    case metadata:
        return "metadata";
    case multicast:
        return "multicast";
    case broadcast:
        return "broadcast";
    case unspecified:
        return "unspecified";
    case documentation:
        return "documentation";
    case benchmarking:
        return "benchmarking";
    case reserved:
        return "reserved";
    case embedded:
        return "embedded";
    }
    return "unknown";
}

AddressClass classify(const IpAddr& address) {
    return is_metadata(address) ? metadata : class_of_block(address);
}

EmbeddedIpv4 embedded_ipv4(const IpAddr& address) {
    EmbeddedIpv4 out;
    if (address.is_ipv4()) return out;
    const Ipv6Addr ipv6 = address.v6();
    const auto& bytes = ipv6.octets();
    const auto segments = ipv6.segments();
    auto starts_with = [&](std::initializer_list<std::uint16_t> wanted) {
        return std::equal(wanted.begin(), wanted.end(), segments.begin());
    };
    auto from = [&](std::size_t a, std::size_t b, std::size_t c, std::size_t d) {
        return Ipv4Addr(bytes[a], bytes[b], bytes[c], bytes[d]);
    };
    const Ipv4Addr last = from(12, 13, 14, 15);

    if (starts_with({0, 0, 0, 0, 0, 0})) { // ::a.b.c.d, RFC 4291, 2.5.5.1
        if (!ipv6.is_unspecified() && !ipv6.is_loopback()) out.add(last);
    } else if (starts_with({0, 0, 0, 0, 0, 0xffff}) ||    // ::ffff:a.b.c.d, RFC 4291, 2.5.5.2
               starts_with({0, 0, 0, 0, 0xffff, 0}) ||    // ::ffff:0:a.b.c.d, RFC 2765, 2.1
               starts_with({0x64, 0xff9b, 0, 0, 0, 0})) { // NAT64, RFC 6052, 2.1
        out.add(last);
    } else if (starts_with({0x64, 0xff9b, 1})) {
        // Local NAT64, RFC 8215. The gateway's prefix has 48, 56, 64 or 96 bits (RFC 6052, 2.2;
        // byte 8 is skipped), and which is not known here. Places that hold 0.x.y.z are the zeros
        // of another form, not an address.
        for (Ipv4Addr candidate :
             {from(6, 7, 9, 10), from(7, 9, 10, 11), from(9, 10, 11, 12), last})
            if (candidate.octets()[0] != 0) out.add(candidate);
        if (out.empty()) out.add(last);
    } else {
        if (starts_with({0x2002})) { // 6to4, RFC 3056, 2
            out.add(from(2, 3, 4, 5));
        } else if (starts_with(
                       {0x2001,
                        0})) { // Teredo, RFC 4380, 4: server, and client with its bits inverted
            out.add(from(4, 5, 6, 7));
            out.add(Ipv4Addr::from_bits(~last.to_bits()));
        }
        // ISATAP, RFC 5214, 6.1; the two bits left open are `universal` and `group`.
        if ((segments[4] & 0xfcff) == 0 && segments[5] == 0x5efe && !ipv6.is_multicast())
            out.add(last);
    }
    return out;
}

} // namespace hws::host::core
