#include "wire.hpp"

#include <algorithm>
#include <climits>
#include <cstddef>
#include <cstring>
#include <netinet/in.h>
#include <sys/un.h>

namespace hws::posix {

bool has_unix_datagrams = false;

bool is_unix(const sockaddr* address, socklen_t bytes) {
    return address && bytes >= sizeof(sa_family_t) && address->sa_family == AF_UNIX;
}

int read_unix_name(const sockaddr* address, socklen_t bytes, v2::GuestSpan<const char>& name) {
    if (bytes > sizeof(sockaddr_un)) return EINVAL;
    const char* const path = reinterpret_cast<const sockaddr_un*>(address)->sun_path;
    const std::size_t room = bytes - offsetof(sockaddr_un, sun_path);
    // A path ends at its NUL; of an abstract name every byte counts (unix(7)).
    const bool is_path = room > 0 && path[0] != '\0';
    name = v2::span_at(path, is_path ? strnlen(path, room) : room);
    return 0;
}

void write_unix_name(const UnixName& name, sockaddr* into, socklen_t* bytes) {
    if (!into || !bytes) return;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::size_t length = std::min<std::size_t>(name.length, sizeof address.sun_path);
    std::memcpy(address.sun_path, name.text, length);
    socklen_t size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length);
    if (length > 0 && name.text[0] != '\0') ++size; // the NUL of a path counts
    std::memcpy(into, &address, std::min<std::size_t>({size, *bytes, sizeof address}));
    *bytes = size;
}

int read_address(const sockaddr* address, socklen_t bytes, v2::Address& into) {
    into = {};
    if (!address) return EFAULT;
    // Linux takes lengths as int.
    if (bytes < sizeof(sa_family_t) || bytes > INT_MAX) return EINVAL;
    switch (address->sa_family) {
    case AF_UNSPEC:
        return 0;
    case AF_INET: {
        sockaddr_in ipv4;
        if (bytes < sizeof ipv4) return EINVAL;
        std::memcpy(&ipv4, address, sizeof ipv4);
        into.family = static_cast<std::uint16_t>(v2::Family::ipv4);
        into.port = ntohs(ipv4.sin_port);
        std::memcpy(into.octets, &ipv4.sin_addr, 4);
        return 0;
    }
    case AF_INET6: {
        // Linux takes the shape of RFC 2133, which ends before the scope.
        constexpr socklen_t without_scope =
            sizeof(sockaddr_in6) - sizeof(sockaddr_in6::sin6_scope_id);
        if (bytes < without_scope) return EINVAL;
        sockaddr_in6 ipv6{};
        std::memcpy(&ipv6, address, std::min<std::size_t>(bytes, sizeof ipv6));
        if (bytes < sizeof ipv6) ipv6.sin6_scope_id = 0;
        into.family = static_cast<std::uint16_t>(v2::Family::ipv6);
        into.port = ntohs(ipv6.sin6_port);
        into.flowinfo = ipv6.sin6_flowinfo;
        into.scope_id = ipv6.sin6_scope_id;
        std::memcpy(into.octets, &ipv6.sin6_addr, 16);
        return 0;
    }
    default:
        return EAFNOSUPPORT;
    }
}

void write_address(const v2::Address& address, sockaddr* into, socklen_t* bytes) {
    if (!into || !bytes) return;
    union {
        sockaddr any;
        sockaddr_in ipv4;
        sockaddr_in6 ipv6;
        sockaddr_un local;
    } text;
    std::memset(&text, 0, sizeof text);
    socklen_t size = sizeof(sa_family_t);
    text.any.sa_family = static_cast<sa_family_t>(family_of(address.family));
    switch (text.any.sa_family) {
    case AF_INET:
        text.ipv4.sin_port = htons(address.port);
        std::memcpy(&text.ipv4.sin_addr, address.octets, 4);
        size = sizeof text.ipv4;
        break;
    case AF_INET6:
        text.ipv6.sin6_port = htons(address.port);
        text.ipv6.sin6_flowinfo = address.flowinfo;
        text.ipv6.sin6_scope_id = address.scope_id;
        std::memcpy(&text.ipv6.sin6_addr, address.octets, 16);
        size = sizeof text.ipv6;
        break;
    case AF_UNSPEC:
        // A connected stream has no sender to tell; recvfrom then leaves the address alone.
        *bytes = 0;
        return;
    default: // a local socket has no name: only its family
        break;
    }
    std::memcpy(into, &text, std::min(size, *bytes));
    *bytes = size;
}

int check_room(const sockaddr* address, const socklen_t* bytes) {
    if (!address) return 0;
    if (!bytes) return EFAULT;
    return *bytes > INT_MAX ? EINVAL : 0;
}

int family_of(std::uint16_t wire_family) {
    switch (static_cast<v2::Family>(wire_family)) {
    case v2::Family::ipv4:
        return AF_INET;
    case v2::Family::ipv6:
        return AF_INET6;
    case v2::Family::local:
        return AF_UNIX;
    default:
        return AF_UNSPEC;
    }
}

v2::Duration duration_of(const timespec& time) {
    constexpr std::uint64_t second = 1'000'000'000;
    const auto seconds = static_cast<std::uint64_t>(time.tv_sec);
    if (seconds >= v2::no_limit / second - 1) return v2::no_limit;
    return seconds * second + static_cast<std::uint64_t>(time.tv_nsec);
}

} // namespace hws::posix
