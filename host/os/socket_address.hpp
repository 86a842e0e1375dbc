#pragma once
/// Our addresses as the operating system's, and back. Source: ip(7), ipv6(7).

#include <cstdint>
#include <hws/ip_addr.hpp>

struct sockaddr;
struct sockaddr_in6;
struct sockaddr_storage;

namespace hws::host::os {

/// Fills `native` and gives the length that bind, connect and sendto want.
std::uint32_t to_native(const SocketAddr& address, sockaddr_storage& native);
/// The same in a quarter of the room, which is enough for an IPv4 address too.
std::uint32_t to_native(const SocketAddr& address, sockaddr_in6& native);

/// Errors: family_not_supported for what is neither IPv4 nor IPv6, or shorter than its family says.
Result<SocketAddr> from_native(const sockaddr* native, std::uint32_t length);
Result<SocketAddr> from_native(const sockaddr_storage& native);

} // namespace hws::host::os
