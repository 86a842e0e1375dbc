#include "os/socket_address.hpp"

#include <cstring>
#include <netinet/in.h>
#include <sys/socket.h>

namespace hws::host::os {

std::uint32_t to_native(const SocketAddr& address, sockaddr_storage& native) {
    return to_native(address, reinterpret_cast<sockaddr_in6&>(native));
}

std::uint32_t to_native(const SocketAddr& address, sockaddr_in6& native) {
    static_assert(sizeof(sockaddr_in) <= sizeof native);
    if (address.is_ipv4()) {
        sockaddr_in ipv4{};
        ipv4.sin_family = AF_INET;
        ipv4.sin_port = htons(address.port());
        const auto octets = address.ip().v4().octets();
        std::memcpy(&ipv4.sin_addr, octets.data(), octets.size());
        std::memcpy(&native, &ipv4, sizeof ipv4);
        return sizeof ipv4;
    }
    sockaddr_in6 ipv6{};
    ipv6.sin6_family = AF_INET6;
    ipv6.sin6_port = htons(address.port());
    ipv6.sin6_flowinfo = htonl(address.flowinfo());
    ipv6.sin6_scope_id = address.scope_id();
    const auto octets = address.ip().v6().octets();
    std::memcpy(&ipv6.sin6_addr, octets.data(), octets.size());
    native = ipv6;
    return sizeof ipv6;
}

Result<SocketAddr> from_native(const sockaddr* native, std::uint32_t length) {
    // Copied out: a sockaddr may come from a library's buffer of any alignment.
    if (native && length >= sizeof(sockaddr_in) && native->sa_family == AF_INET) {
        sockaddr_in ipv4;
        std::memcpy(&ipv4, native, sizeof ipv4);
        std::array<std::uint8_t, 4> octets;
        std::memcpy(octets.data(), &ipv4.sin_addr, octets.size());
        return SocketAddr(Ipv4Addr(octets), ntohs(ipv4.sin_port));
    }
    if (native && length >= sizeof(sockaddr_in6) && native->sa_family == AF_INET6) {
        sockaddr_in6 ipv6;
        std::memcpy(&ipv6, native, sizeof ipv6);
        std::array<std::uint8_t, 16> octets;
        std::memcpy(octets.data(), &ipv6.sin6_addr, octets.size());
        return SocketAddr(Ipv6Addr(octets), ntohs(ipv6.sin6_port), ipv6.sin6_scope_id,
                          ntohl(ipv6.sin6_flowinfo));
    }
    return fail(Errc::family_not_supported);
}

Result<SocketAddr> from_native(const sockaddr_storage& native) {
    return from_native(reinterpret_cast<const sockaddr*>(&native), sizeof native);
}

} // namespace hws::host::os
