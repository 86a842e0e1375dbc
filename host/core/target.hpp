#pragma once
/// Whom a plugin wants to talk to: its text, parsed once. After this nobody looks at the text
/// again.

#include "core/host_name.hpp"

#include <cstdint>
#include <hws/ip_addr.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace hws::host::core {

/// An address or a name, with a port.
struct Target {
    std::variant<IpAddr, HostName> host;
    std::uint16_t port = 0;
    /// The zone, a number of an interface; 0: none. Only link-local addresses have one.
    std::uint32_t scope_id = 0;

    /// The name; null if the host is an address.
    const HostName* name() const { return std::get_if<HostName>(&host); }
    /// The address with its port and zone; nothing if the host is a name.
    std::optional<SocketAddr> address() const {
        if (const auto* ip = std::get_if<IpAddr>(&host)) return SocketAddr(*ip, port, scope_id);
        return {};
    }

    /// `1.2.3.4:80`, `[fe80::1%2]:80`, `example.com:80`: parse_target reads it again.
    std::string to_string() const;

    friend bool operator==(const Target&, const Target&) = default;
};

/// Finds the number of a network interface by its name; 0: there is none.
using FindInterface = std::uint32_t (*)(std::string_view name);

enum class PortZero { refused, allowed };

/// Reads `1.2.3.4:80`, `[::1]:80`, `[fe80::1%2]:80`, `name:80`. One NUL at the end is ignored
/// (dialect v1 sends it). A zone is a number 1..2^32-1 or, if `find_interface` is given, the name
/// of an interface; only for link-local addresses. Ports are plain decimal 1..65535; 0 only if
/// `port_zero` says so (to bind). Errors: bad_name.
Result<Target> parse_target(std::string_view text, FindInterface find_interface = nullptr,
                            PortZero port_zero = PortZero::refused);

/// The same without a port, for ICMP and for URLs: here IPv6 may stand with or without brackets.
/// The port is 0. Errors: bad_name.
Result<Target> parse_host(std::string_view text, FindInterface find_interface = nullptr);

/// A port as text: plain decimal without sign, blanks or leading zeros, 1..65535, or 0 if
/// `port_zero` says so. Errors: bad_name.
Result<std::uint16_t> parse_port(std::string_view text, PortZero port_zero = PortZero::refused);

/// Whether an address may have a zone: fe80::/10 and multicast within the interface or the link.
bool may_have_zone(const IpAddr& address);

} // namespace hws::host::core
