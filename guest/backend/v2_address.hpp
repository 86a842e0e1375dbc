#pragma once
/// Addresses as dialect v2 has them.

#include "v2.hpp"

#include <algorithm>
#include <array>
#include <hws/ip_addr.hpp>
#include <optional>

namespace hws::backend::v2 {

inline Address to_wire(const SocketAddr& address) {
    Address wire;
    wire.port = address.port();
    if (address.is_ipv4()) {
        wire.family = static_cast<std::uint16_t>(Family::ipv4);
        std::ranges::copy(address.ip().v4().octets(), wire.octets);
        return wire;
    }
    wire.family = static_cast<std::uint16_t>(Family::ipv6);
    wire.scope_id = address.scope_id();
    wire.flowinfo = address.flowinfo();
    std::ranges::copy(address.ip().v6().octets(), wire.octets);
    return wire;
}

inline std::optional<SocketAddr> from_wire(const Address& wire) {
    switch (static_cast<Family>(wire.family)) {
    case Family::ipv4:
        return SocketAddr(Ipv4Addr(wire.octets[0], wire.octets[1], wire.octets[2], wire.octets[3]),
                          wire.port);
    case Family::ipv6: {
        std::array<std::uint8_t, 16> octets;
        std::ranges::copy(wire.octets, octets.begin());
        return SocketAddr(Ipv6Addr(octets), wire.port, wire.scope_id, wire.flowinfo);
    }
    default:
        return std::nullopt;
    }
}

} // namespace hws::backend::v2
