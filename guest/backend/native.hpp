#pragma once
/// Linux's addresses, errors and deadlines in the SDK's terms: for the native backend only.

#include "system.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <limits>
#include <netinet/in.h>
#include <optional>
#include <sys/socket.h>

namespace hws::backend::native {

using Clock = std::chrono::steady_clock;

/// As the host translates: of several codes that share an errno the first row counts.
inline Errc code_of(int number) {
#define HWS_ERROR(name, code, posix, sentence)                                                     \
    if (number == posix) return Errc::name;
#include <errors.def>
#undef HWS_ERROR
    return Errc::io;
}

inline std::unexpected<Error> failed(int number) {
    const Errc code = code_of(number);
    if (code == Errc::io) return fail(code, std::strerror(number));
    return fail(code);
}
inline std::unexpected<Error> failed() {
    return failed(errno);
}

inline Result<void> result_of(int status) {
    if (status < 0) return failed();
    return {};
}

/// Calls again what a signal interrupted.
template <class Call> auto again(Call call) {
    while (true) {
        const auto result = call();
        if (result >= 0 || errno != EINTR) return result;
    }
}

union Address {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
};
/// An address as the system calls take it; empty, as they give it.
struct NativeAddress {
    NativeAddress() { std::memset(&address, 0, sizeof address); }
    explicit NativeAddress(const SocketAddr& from) : NativeAddress() {
        if (from.is_ipv4()) {
            address.v4.sin_family = AF_INET;
            address.v4.sin_port = htons(from.port());
            std::memcpy(&address.v4.sin_addr, from.ip().v4().octets().data(), 4);
            size = sizeof address.v4;
            return;
        }
        address.v6.sin6_family = AF_INET6;
        address.v6.sin6_port = htons(from.port());
        address.v6.sin6_flowinfo = from.flowinfo();
        address.v6.sin6_scope_id = from.scope_id();
        std::memcpy(&address.v6.sin6_addr, from.ip().v6().octets().data(), 16);
        size = sizeof address.v6;
    }

    std::optional<SocketAddr> value() const {
        if (size < sizeof address.any.sa_family) return std::nullopt;
        if (address.any.sa_family == AF_INET) {
            std::array<std::uint8_t, 4> octets;
            std::memcpy(octets.data(), &address.v4.sin_addr, 4);
            return SocketAddr(Ipv4Addr(octets), ntohs(address.v4.sin_port));
        }
        if (address.any.sa_family == AF_INET6) {
            std::array<std::uint8_t, 16> octets;
            std::memcpy(octets.data(), &address.v6.sin6_addr, 16);
            return SocketAddr(Ipv6Addr(octets), ntohs(address.v6.sin6_port),
                              address.v6.sin6_scope_id, address.v6.sin6_flowinfo);
        }
        return std::nullopt;
    }

    Address address;
    socklen_t size = sizeof(Address);
};

/// What is left until a moment, in poll's milliseconds, rounded up so that it is never too early.
inline int milliseconds_until(std::optional<Clock::time_point> deadline) {
    if (!deadline) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - Clock::now());
    return static_cast<int>(
        std::clamp<std::int64_t>(left.count(), 0, std::numeric_limits<int>::max()));
}

inline std::optional<Clock::time_point> deadline_of(system::Timeout timeout) {
    const auto now = Clock::now();
    // Centuries are no limit.
    if (!timeout || *timeout > Clock::time_point::max() - now) return std::nullopt;
    return now + *timeout;
}

} // namespace hws::backend::native
