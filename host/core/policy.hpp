#pragma once
/// The network policy: who may talk to whom. docs/policy.md tells operators how to write one.
///
/// Deny by default; a deny rule wins over every allow rule, whatever their order. Names and `*`
/// never reach special addresses (all classes but `public`): those need an address, a CIDR or the
/// class word.

#include "core/host_name.hpp"
#include "core/unix_name.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <hws/ip_addr.hpp>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hws::host::core {

/// What a plugin wants to do. In rules with `-` for `_`.
enum class Use : std::uint8_t {
    tcp,
    udp,
    icmp,
    http,
    https,
    ws,
    wss,
    tcp_listen, ///< the question's address is the local one
    udp_bind,   ///< the question's address is the local one
    accept,     ///< the question's address is the peer's
    resolve,    ///< look a name up and see its addresses
    multicast,  ///< join a group
    unix_connect, ///< in rules `unix`: connect and send to Unix sockets; asked with a UnixName
    unix_listen,  ///< bind and remove Unix sockets; asked with a UnixName
};

/// As it is written in a rule: `tcp-listen`.
std::string_view name_of(Use use);
std::optional<Use> find_use(std::string_view name);
/// Asked with the name of a Unix socket instead of an address.
constexpr bool is_of_unix(Use use) {
    return use == Use::unix_connect || use == Use::unix_listen;
}
/// The rules and questions of the others have no port.
constexpr bool has_ports(Use use) {
    return use != Use::icmp && use != Use::resolve && !is_of_unix(use);
}

/// What kind of address it is. All but `public_unicast` are special. Source: IANA's special-purpose
/// address registries (RFC 6890 and its updates) for IPv4 and IPv6, and the providers' manuals for
/// metadata services.
enum class AddressClass : std::uint8_t {
    public_unicast,  ///< rule word `public`
    private_network, ///< rule word `private`: RFC 1918, 100.64.0.0/10, fc00::/7, fec0::/10
    loopback,        ///< rule word `loopback`
    link_local,      ///< rule word `link-local`
    metadata,        ///< rule word `metadata`: addresses where clouds hand out credentials
    multicast,       ///< rule word `multicast`
    broadcast,       ///< rule word `broadcast`: 255.255.255.255
    unspecified,     ///< 0.0.0.0 and ::
    documentation,
    benchmarking,
    reserved, ///< every other special-purpose block, and what IANA has not given out
    embedded, ///< IPv6 that carries an IPv4 address (see embedded_ipv4)
};

/// `public`, `link-local`, `embedded`, ...
std::string_view name_of(AddressClass address_class);
AddressClass classify(const IpAddr& address);

/// The IPv4 addresses inside an IPv6 address: IPv4-mapped, -compatible and -translated, NAT64,
/// 6to4, Teredo (client and server), ISATAP. Where the place depends on the gateway's configuration
/// (64:ff9b:1::/48), all that it may be.
class EmbeddedIpv4 {
public:
    void add(Ipv4Addr address) { addresses_[count_++] = address; }
    const Ipv4Addr* begin() const { return addresses_.data(); }
    const Ipv4Addr* end() const { return addresses_.data() + count_; }
    bool empty() const { return count_ == 0; }

private:
    std::array<Ipv4Addr, 4> addresses_;
    std::size_t count_ = 0;
};
EmbeddedIpv4 embedded_ipv4(const IpAddr& address);

/// An address that the policy let pass for one use. Only a Policy makes one, and a socket is
/// opened, bound or connected only with one: the path that forgot to ask does not compile.
class Vetted {
public:
    const SocketAddr& address() const { return address_; }
    Use use() const { return use_; }

private:
    friend class Policy;
    Vetted(const SocketAddr& address, Use use) : address_(address), use_(use) {}
    SocketAddr address_;
    Use use_;
};

/// A name of a Unix socket that the policy let pass for one use; as Vetted is for addresses.
class VettedUnixName {
public:
    const UnixName& name() const { return name_; }
    Use use() const { return use_; }

private:
    friend class Policy;
    VettedUnixName(const UnixName& name, Use use) : name_(name), use_(use) {}
    UnixName name_;
    Use use_;
};

/// What an HTTP request asks of its server; refers to it.
struct HttpTarget {
    std::string_view method;
    std::string_view path; ///< as it is sent, without the query
};

/// What one plugin may do on the network. An immutable value, cheap to copy, asked from any thread.
/// The default denies everything.
class Policy {
public:
    static constexpr std::size_t max_rules =
        4096; // a question looks at each; a longer list is a mistake

    Policy() = default;
    static Policy deny_all() { return {}; }

    /// `Policy::parse({"allow tcp:127.0.0.1:6379", "deny tcp:*:25"})`.
    /// Errors: bad_policy, with the rule and the column.
    static Result<Policy> parse(std::initializer_list<std::string_view> rules);
    static Result<Policy> parse(std::span<const std::string> rules);

    /// This policy with http and https allowed on every port of each of an Extism manifest's
    /// `allowed_hosts`: a name,
    /// `*.suffix`, an address, or `*` (every public host). Deny rules still win.
    /// Errors: bad_manifest for a pattern that cannot be said in these rules; it is never widened.
    Result<Policy> with_allowed_hosts(std::span<const std::string> globs) const;

    /// May this use be made of this address and port, reached under this name (null: the plugin
    /// gave the address)? For tcp_listen and udp_bind the address is the local one, for accept the
    /// peer's. icmp and resolve ignore the port. What a rule of tcp, udp or icmp lets be reached
    /// under a name at some port may be seen in its look-up (resolve) too. Errors: denied. Its context has use, target and
    /// reason: it is for the log. A plugin sees the code only.
    /// `http`: of http and https, what is asked for there. Rules that name methods or a path need
    /// it: without it, or with a path that servers may read in several ways, one that allows does
    /// not, and one that denies does.
    Result<Vetted> check(Use use, const SocketAddr& address,
                         const HostName* reached_under = nullptr,
                         const HttpTarget* http = nullptr) const;

    /// As `check`, for an address that the plugin gave after it was told it under each of these names
    /// (lookups.hpp): allowed if it is allowed without a name or under one of them. A rule that
    /// denies one of the names denies the address.
    Result<Vetted> check_told(Use use, const SocketAddr& address,
                              std::span<const HostName> told_under) const;

    /// May this peer's connection be accepted by a socket that listens with leave of a tcp_listen
    /// rule? Rules of use accept narrow whom it serves: where none allows anything, only those that
    /// deny count. Errors: denied, as `check`.
    Result<void> check_accepted(const SocketAddr& peer) const;

    /// May this name be looked up in order to make this use of this port? To be asked before any
    /// query leaves: false where no answer could be allowed. Each address of the answer still needs
    /// `check`. The port counts as in `check`. For resolve: a rule of that use, or one of tcp, udp
    /// or icmp by which the name could be reached at some port. Errors: denied, as `check`.
    Result<void> check_name(Use use, const HostName& name, std::uint16_t port = 0,
                            const HttpTarget* http = nullptr) const;

    /// May this use, unix_connect or unix_listen, be made of this name? A path says nothing of where
    /// it leads: it is asked about again as soon as that is known (unix_socket.cpp).
    /// Errors: denied, as `check`.
    Result<VettedUnixName> check(Use use, const UnixName& name) const;

    std::size_t rule_count() const;
    /// Every rule as one line, `allow tcp:127.0.0.1:6379`, in the order given.
    std::vector<std::string> rules() const;

private:
    friend class PolicyBuilder;
    struct Rules;
    explicit Policy(std::shared_ptr<const Rules> rules) : rules_(std::move(rules)) {}
    std::shared_ptr<const Rules> rules_; // null: no rule
};

/// Where a rule stands in a file, for messages. Line and column count from 1; the column is that of
/// its first character.
struct RulePlace {
    std::string_view file;
    std::size_t line = 0;
    std::size_t column = 0;
};

/// Gathers rules one by one. After a rule that was refused, build refuses the whole policy: a
/// mistake never widens.
class PolicyBuilder {
public:
    PolicyBuilder();
    /// Goes on from an existing policy.
    explicit PolicyBuilder(const Policy& base);
    PolicyBuilder(PolicyBuilder&&) noexcept;
    PolicyBuilder& operator=(PolicyBuilder&&) noexcept;
    ~PolicyBuilder();

    /// `tcp:127.0.0.1:6379`: a rule without its first word.
    /// Errors: bad_policy, `rule "tpc:*:80", column 1: ...`, or `policy.toml:3:12: ...` with a
    /// place.
    Result<void> allow(std::string_view rule, std::optional<RulePlace> place = {});
    Result<void> deny(std::string_view rule, std::optional<RulePlace> place = {});

    /// The policy of all rules so far. Errors: the first error of allow and deny.
    Result<Policy> build() const;

private:
    Result<void> add(bool is_allow, std::string_view rule, std::optional<RulePlace> place);
    std::unique_ptr<Policy::Rules> rules_;
    std::optional<Error> first_error_;
};

} // namespace hws::host::core
