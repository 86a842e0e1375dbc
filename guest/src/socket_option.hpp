#pragma once
/// The options of sockets, as a backend is asked for them: switches are 0 and 1, times nanoseconds
/// with 0 for "no limit".
#include <cstdint>
#include <string_view>

namespace hws::backend {

enum class SocketOption : std::uint8_t {
    read_timeout,
    write_timeout,
    no_delay,
    linger, ///< -1: off
    time_to_live,
    only_v6,
    broadcast,
    multicast_loop_v4,
    multicast_ttl_v4,
    multicast_loop_v6,
    reuse_address,
    error, ///< get: the number of an Errc, 0 for none
};

constexpr std::string_view name_of(SocketOption option) {
    switch (option) {
    case SocketOption::read_timeout:
        return "read_timeout";
    case SocketOption::write_timeout:
        return "write_timeout";
    case SocketOption::no_delay:
        return "nodelay";
    case SocketOption::linger:
        return "linger";
    case SocketOption::time_to_live:
        return "ttl";
    case SocketOption::only_v6:
        return "only_v6";
    case SocketOption::broadcast:
        return "broadcast";
    case SocketOption::multicast_loop_v4:
        return "multicast_loop_v4";
    case SocketOption::multicast_ttl_v4:
        return "multicast_ttl_v4";
    case SocketOption::multicast_loop_v6:
        return "multicast_loop_v6";
    case SocketOption::reuse_address:
        return "reuse_address";
    case SocketOption::error:
        return "take_error";
    }
    return "option";
}

} // namespace hws::backend
