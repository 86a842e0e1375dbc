#pragma once
/// The options of sockets, as a backend is asked for them: switches are 0 and 1, times nanoseconds
/// with 0 for "no limit".
#include <cstdint>
#include <string_view>

namespace hws::backend {

enum class SocketOption : std::uint8_t {
    read_timeout,
    write_timeout,
    blocking,
    no_delay,
    time_to_live,
    broadcast,
    error,
};

constexpr std::string_view name_of(SocketOption option) {
    switch (option) {
    case SocketOption::read_timeout:
        return "read_timeout";
    case SocketOption::write_timeout:
        return "write_timeout";
    case SocketOption::blocking:
        return "blocking";
    case SocketOption::no_delay:
        return "nodelay";
    case SocketOption::time_to_live:
        return "ttl";
    case SocketOption::broadcast:
        return "broadcast";
    case SocketOption::error:
        return "take_error";
    }
    return "option";
}

} // namespace hws::backend
