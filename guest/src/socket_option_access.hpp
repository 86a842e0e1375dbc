#pragma once
/// Options as the public classes have them, over a backend's plain numbers. The same for every kind
/// of socket.
#include "socket_option.hpp"

#include <chrono>
#include <hws/result.hpp>
#include <hws/socket.hpp>
#include <optional>
#include <string>

namespace hws::guest {

template <class Socket>
Result<void> set_timeout(Socket& socket, backend::SocketOption option,
                         std::optional<std::chrono::nanoseconds> timeout) {
    if (timeout && timeout->count() <= 0)
        return fail(Errc::invalid_argument, "set_" + std::string(name_of(option)) +
                                                ": a timeout must be longer than nothing");
    return socket.set_option(option, timeout ? timeout->count() : 0);
}

template <class Socket>
Result<std::optional<std::chrono::nanoseconds>> timeout(const Socket& socket,
                                                        backend::SocketOption option) {
    HWS_TRY(const std::int64_t count, socket.option(option));
    if (count == 0) return std::nullopt;
    return std::chrono::nanoseconds(count);
}

template <class Socket>
Result<Switch> switch_of(const Socket& socket, backend::SocketOption option) {
    HWS_TRY(const std::int64_t value, socket.option(option));
    return value ? Switch::on : Switch::off;
}

template <class Socket>
Result<void> set_switch(Socket& socket, backend::SocketOption option, Switch value) {
    return socket.set_option(option, value == Switch::on);
}

template <class Socket>
Result<std::uint32_t> number_of(const Socket& socket, backend::SocketOption option) {
    HWS_TRY(const std::int64_t value, socket.option(option));
    return static_cast<std::uint32_t>(value);
}

template <class Socket> Result<void> set_ttl(Socket& socket, std::uint32_t hops) {
    // 0 would leave no packet out at all, and Linux refuses it for IPv4 only.
    if (hops == 0 || hops > 255)
        return fail(Errc::invalid_argument, "set_ttl: packets pass 1 to 255 routers");
    return socket.set_option(backend::SocketOption::time_to_live, hops);
}

template <class Socket> Result<std::optional<Error>> take_error(const Socket& socket) {
    HWS_TRY(const std::int64_t number, socket.option(backend::SocketOption::error));
    if (number == 0) return std::nullopt;
    return Error(static_cast<Errc>(number));
}

} // namespace hws::guest
