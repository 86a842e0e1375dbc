// The options of sockets that plugins may ask for or set: one row each.

#include "os/network_socket.hpp"

#include <cerrno>
#include <cstring>
#include <limits>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#ifndef IP_MULTICAST_ALL
#define IP_MULTICAST_ALL 49
#endif
#ifndef IPV6_MULTICAST_ALL
#define IPV6_MULTICAST_ALL 29
#endif

namespace hws::host::os {
namespace {

/// How the system's value becomes ours.
enum class Form : std::uint8_t {
    flag,            ///< int, 0 or 1
    number,          ///< int
    seconds,         ///< int; ours is nanoseconds
    milliseconds,    ///< unsigned; ours is nanoseconds
    linger,          ///< struct linger; ours is nanoseconds, no_limit is off
    interface_index, ///< struct ip_mreqn to set, nothing to ask
    interface_v4,    ///< struct in_addr
    read_only,       ///< int
};

struct Row {
    SocketOption option;
    int level;
    int name;
    Form form;
};

constexpr Row rows[] = {
    {SocketOption::protocol, SOL_SOCKET, SO_PROTOCOL, Form::read_only},
    {SocketOption::listening, SOL_SOCKET, SO_ACCEPTCONN, Form::read_only},
    {SocketOption::reuse_address, SOL_SOCKET, SO_REUSEADDR, Form::flag},
    {SocketOption::reuse_port, SOL_SOCKET, SO_REUSEPORT, Form::flag},
    {SocketOption::keep_alive, SOL_SOCKET, SO_KEEPALIVE, Form::flag},
    {SocketOption::keep_alive_idle, IPPROTO_TCP, TCP_KEEPIDLE, Form::seconds},
    {SocketOption::keep_alive_interval, IPPROTO_TCP, TCP_KEEPINTVL, Form::seconds},
    {SocketOption::keep_alive_count, IPPROTO_TCP, TCP_KEEPCNT, Form::number},
    {SocketOption::linger, SOL_SOCKET, SO_LINGER, Form::linger},
    {SocketOption::receive_buffer, SOL_SOCKET, SO_RCVBUF, Form::number},
    {SocketOption::send_buffer, SOL_SOCKET, SO_SNDBUF, Form::number},
    {SocketOption::no_delay, IPPROTO_TCP, TCP_NODELAY, Form::flag},
    {SocketOption::cork, IPPROTO_TCP, TCP_CORK, Form::flag},
    {SocketOption::user_timeout, IPPROTO_TCP, TCP_USER_TIMEOUT, Form::milliseconds},
    {SocketOption::max_segment, IPPROTO_TCP, TCP_MAXSEG, Form::number},
    {SocketOption::quick_ack, IPPROTO_TCP, TCP_QUICKACK, Form::flag},
    {SocketOption::broadcast, SOL_SOCKET, SO_BROADCAST, Form::flag},
    {SocketOption::out_of_band_inline, SOL_SOCKET, SO_OOBINLINE, Form::flag},
    {SocketOption::receive_low_water, SOL_SOCKET, SO_RCVLOWAT, Form::number},
    {SocketOption::timestamp, SOL_SOCKET, SO_TIMESTAMP, Form::flag},
    {SocketOption::timestamp_nanoseconds, SOL_SOCKET, SO_TIMESTAMPNS, Form::flag},
    {SocketOption::ipv4_ttl, IPPROTO_IP, IP_TTL, Form::number},
    {SocketOption::ipv4_tos, IPPROTO_IP, IP_TOS, Form::number},
    {SocketOption::ipv4_multicast_ttl, IPPROTO_IP, IP_MULTICAST_TTL, Form::number},
    {SocketOption::ipv4_multicast_loop, IPPROTO_IP, IP_MULTICAST_LOOP, Form::flag},
    {SocketOption::ipv4_multicast_interface, IPPROTO_IP, IP_MULTICAST_IF, Form::interface_index},
    {SocketOption::ipv4_multicast_address, IPPROTO_IP, IP_MULTICAST_IF, Form::interface_v4},
    {SocketOption::ipv4_multicast_all, IPPROTO_IP, IP_MULTICAST_ALL, Form::read_only},
    {SocketOption::ipv4_receive_info, IPPROTO_IP, IP_PKTINFO, Form::flag},
    {SocketOption::ipv4_receive_ttl, IPPROTO_IP, IP_RECVTTL, Form::flag},
    {SocketOption::ipv4_receive_tos, IPPROTO_IP, IP_RECVTOS, Form::flag},
    {SocketOption::ipv6_only, IPPROTO_IPV6, IPV6_V6ONLY, Form::flag},
    {SocketOption::ipv6_hops, IPPROTO_IPV6, IPV6_UNICAST_HOPS, Form::number},
    {SocketOption::ipv6_traffic_class, IPPROTO_IPV6, IPV6_TCLASS, Form::number},
    {SocketOption::ipv6_multicast_hops, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, Form::number},
    {SocketOption::ipv6_multicast_loop, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, Form::number},
    {SocketOption::ipv6_multicast_interface, IPPROTO_IPV6, IPV6_MULTICAST_IF, Form::number},
    {SocketOption::ipv6_receive_info, IPPROTO_IPV6, IPV6_RECVPKTINFO, Form::flag},
    {SocketOption::ipv6_receive_hops, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, Form::flag},
    {SocketOption::ipv6_receive_traffic_class, IPPROTO_IPV6, IPV6_RECVTCLASS, Form::flag},
};

Result<const Row*> find(SocketOption option) {
    for (const Row& row : rows)
        if (row.option == option) return &row;
    return fail(Errc::option_not_supported);
}

constexpr std::uint64_t second = 1'000'000'000;
constexpr std::uint64_t millisecond = 1'000'000;

std::uint64_t rounded_up(std::uint64_t nanoseconds, std::uint64_t unit) {
    return nanoseconds / unit + (nanoseconds % unit != 0);
}

template <class Value> Result<Value> get(int socket, const Row& row) {
    Value value{};
    socklen_t size = sizeof value;
    if (::getsockopt(socket, row.level, row.name, &value, &size) < 0)
        return std::unexpected(last_error());
    return value;
}

template <class Value> Result<void> set(int socket, const Row& row, const Value& value) {
    if (::setsockopt(socket, row.level, row.name, &value, sizeof value) < 0)
        return std::unexpected(last_error());
    return {};
}

} // namespace

Result<std::uint64_t> get_option(int socket, SocketOption option) {
    HWS_TRY(const Row* row, find(option));
    switch (row->form) {
    case Form::interface_index:
        return fail(Errc::option_not_supported);
    case Form::linger: {
        HWS_TRY(const ::linger value, get<::linger>(socket, *row));
        if (!value.l_onoff) return abi::v2::no_limit;
        return static_cast<std::uint64_t>(value.l_linger) * second;
    }
    case Form::interface_v4: {
        HWS_TRY(const in_addr value, get<in_addr>(socket, *row));
        return ntohl(value.s_addr);
    }
    default:
        break;
    }
    HWS_TRY(const int value, get<int>(socket, *row));
    if (row->form == Form::seconds) return static_cast<std::uint64_t>(value) * second;
    if (row->form == Form::milliseconds)
        return static_cast<std::uint64_t>(static_cast<unsigned>(value)) * millisecond;
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(value));
}

Result<std::uint64_t> whole_linger_time(std::uint64_t value) {
    if (value == abi::v2::no_limit) return value;
    const std::uint64_t seconds = rounded_up(value, second);
    if (seconds > std::numeric_limits<int>::max() / 1000) return fail(Errc::invalid_argument);
    return seconds * second;
}

Result<void> set_option(int socket, SocketOption option, std::uint64_t value) {
    HWS_TRY(const Row* row, find(option));
    std::int64_t number = 0;
    switch (row->form) {
    case Form::read_only:
        return fail(Errc::option_not_supported);
    case Form::flag:
        return set(socket, *row, value != 0 ? 1 : 0);
    case Form::linger: {
        ::linger wish{};
        HWS_TRY(const std::uint64_t time, whole_linger_time(value));
        if (value != abi::v2::no_limit) wish = {1, static_cast<int>(time / second)};
        return set(socket, *row, wish);
    }
    case Form::interface_index: {
        ip_mreqn wish{};
        if (value > static_cast<std::uint64_t>(std::numeric_limits<int>::max()))
            return fail(Errc::invalid_argument);
        wish.imr_ifindex = static_cast<int>(value);
        return set(socket, *row, wish);
    }
    case Form::interface_v4:
        if (value > std::numeric_limits<std::uint32_t>::max()) return fail(Errc::invalid_argument);
        return set(socket, *row, in_addr{htonl(static_cast<std::uint32_t>(value))});
    case Form::seconds:
        number = static_cast<std::int64_t>(rounded_up(value, second));
        break;
    case Form::milliseconds:
        number = static_cast<std::int64_t>(rounded_up(value, millisecond));
        break;
    case Form::number:
        number = static_cast<std::int64_t>(value);
        break;
    }
    // Which numbers an option takes the system says, and first whether the socket has it at all.
    if (number < std::numeric_limits<int>::min() || number > std::numeric_limits<int>::max())
        return fail(get<int>(socket, *row) ? Errc::invalid_argument : Errc::option_not_supported);
    return set(socket, *row, static_cast<int>(number));
}

namespace {

Result<void> change_membership(int socket, const GroupMembership& membership, int ipv4_name,
                               int ipv6_name) {
    if (membership.interface_index > static_cast<std::uint32_t>(std::numeric_limits<int>::max()))
        return fail(Errc::invalid_argument);
    int outcome;
    if (membership.group.is_ipv4()) {
        ip_mreqn wish{};
        const auto group = membership.group.v4().octets();
        std::memcpy(&wish.imr_multiaddr, group.data(), group.size());
        if (membership.interface_address) {
            const auto address = membership.interface_address->octets();
            std::memcpy(&wish.imr_address, address.data(), address.size());
        }
        wish.imr_ifindex = static_cast<int>(membership.interface_index);
        outcome = ::setsockopt(socket, IPPROTO_IP, ipv4_name, &wish, sizeof wish);
    } else {
        ipv6_mreq wish{};
        const auto group = membership.group.v6().octets();
        std::memcpy(&wish.ipv6mr_multiaddr, group.data(), group.size());
        wish.ipv6mr_interface = membership.interface_index;
        outcome = ::setsockopt(socket, IPPROTO_IPV6, ipv6_name, &wish, sizeof wish);
    }
    if (outcome < 0) return std::unexpected(last_error());
    return {};
}

} // namespace

Result<void> join_group(int socket, const GroupMembership& membership) {
    return change_membership(socket, membership, IP_ADD_MEMBERSHIP, IPV6_JOIN_GROUP);
}

Result<void> leave_group(int socket, const GroupMembership& membership) {
    return change_membership(socket, membership, IP_DROP_MEMBERSHIP, IPV6_LEAVE_GROUP);
}

Result<void> receive_own_groups_only(int socket, Family family) {
    const int off = 0;
    // A kernel without these switches (IPv6: before 4.20) has the wider meaning only.
    if (::setsockopt(socket, IPPROTO_IP, IP_MULTICAST_ALL, &off, sizeof off) < 0 &&
        errno != ENOPROTOOPT)
        return std::unexpected(last_error());
    if (family == Family::ipv6 &&
        ::setsockopt(socket, IPPROTO_IPV6, IPV6_MULTICAST_ALL, &off, sizeof off) < 0 &&
        errno != ENOPROTOOPT)
        return std::unexpected(last_error());
    return {};
}

} // namespace hws::host::os
