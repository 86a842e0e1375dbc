// getsockopt(2) and setsockopt(2): a table of the options there are. What is not in it is
// ENOPROTOOPT; nothing a program says reaches the host's system unread.

#include "ancillary.hpp"
#include "wire.hpp"

#include <algorithm>
#include <climits>
#include <cstring>
#include <hws/tls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/time.h>

using namespace hws::posix;

namespace {

using v2::Option;

constexpr std::uint64_t microsecond = 1'000, millisecond = 1'000'000, second = 1'000'000'000;

/// How a program has the value of an option.
enum class Form : std::uint8_t {
    number,       ///< int; IP's may be one byte
    seconds,      ///< int
    milliseconds, ///< int
    linger,       ///< struct linger
    time,         ///< struct timeval
    error,        ///< int, an errno
    type,         ///< int, SOCK_*
    family,       ///< int, AF_*
};

struct Row {
    int level;
    int name;
    Option option;
    Form form;
};

constexpr Row rows[] = {
    {SOL_SOCKET, SO_ERROR, Option::error, Form::error},
    {SOL_SOCKET, SO_TYPE, Option::type, Form::type},
    {SOL_SOCKET, SO_DOMAIN, Option::family, Form::family},
    {SOL_SOCKET, SO_PROTOCOL, Option::protocol, Form::number},
    {SOL_SOCKET, SO_ACCEPTCONN, Option::listening, Form::number},
    {SOL_SOCKET, SO_REUSEADDR, Option::reuse_address, Form::number},
    {SOL_SOCKET, SO_REUSEPORT, Option::reuse_port, Form::number},
    {SOL_SOCKET, SO_KEEPALIVE, Option::keep_alive, Form::number},
    {SOL_SOCKET, SO_LINGER, Option::linger, Form::linger},
    {SOL_SOCKET, SO_RCVTIMEO, Option::receive_timeout, Form::time},
    {SOL_SOCKET, SO_SNDTIMEO, Option::send_timeout, Form::time},
    {SOL_SOCKET, SO_RCVBUF, Option::receive_buffer, Form::number},
    {SOL_SOCKET, SO_SNDBUF, Option::send_buffer, Form::number},
    {SOL_SOCKET, SO_BROADCAST, Option::broadcast, Form::number},
    {SOL_SOCKET, SO_OOBINLINE, Option::out_of_band_inline, Form::number},
    {SOL_SOCKET, SO_RCVLOWAT, Option::receive_low_water, Form::number},
    {SOL_SOCKET, SO_TIMESTAMP, Option::timestamp, Form::number},
    {SOL_SOCKET, SO_TIMESTAMPNS, Option::timestamp_nanoseconds, Form::number},
    {IPPROTO_TCP, TCP_NODELAY, Option::no_delay, Form::number},
    {IPPROTO_TCP, TCP_MAXSEG, Option::max_segment, Form::number},
    {IPPROTO_TCP, TCP_CORK, Option::cork, Form::number},
    {IPPROTO_TCP, TCP_KEEPIDLE, Option::keep_alive_idle, Form::seconds},
    {IPPROTO_TCP, TCP_KEEPINTVL, Option::keep_alive_interval, Form::seconds},
    {IPPROTO_TCP, TCP_KEEPCNT, Option::keep_alive_count, Form::number},
    {IPPROTO_TCP, TCP_QUICKACK, Option::quick_ack, Form::number},
    {IPPROTO_TCP, TCP_USER_TIMEOUT, Option::user_timeout, Form::milliseconds},
    {IPPROTO_IP, IP_TTL, Option::ipv4_ttl, Form::number},
    {IPPROTO_IP, IP_TOS, Option::ipv4_tos, Form::number},
    {IPPROTO_IP, IP_MULTICAST_TTL, Option::ipv4_multicast_ttl, Form::number},
    {IPPROTO_IP, IP_MULTICAST_LOOP, Option::ipv4_multicast_loop, Form::number},
    {IPPROTO_IP, IP_MULTICAST_ALL, Option::ipv4_multicast_all, Form::number},
    {IPPROTO_IP, IP_PKTINFO, Option::ipv4_receive_info, Form::number},
    {IPPROTO_IP, IP_RECVTTL, Option::ipv4_receive_ttl, Form::number},
    {IPPROTO_IP, IP_RECVTOS, Option::ipv4_receive_tos, Form::number},
    {IPPROTO_IPV6, IPV6_V6ONLY, Option::ipv6_only, Form::number},
    {IPPROTO_IPV6, IPV6_UNICAST_HOPS, Option::ipv6_hops, Form::number},
    {IPPROTO_IPV6, IPV6_TCLASS, Option::ipv6_traffic_class, Form::number},
    {IPPROTO_IPV6, IPV6_MULTICAST_HOPS, Option::ipv6_multicast_hops, Form::number},
    {IPPROTO_IPV6, IPV6_MULTICAST_LOOP, Option::ipv6_multicast_loop, Form::number},
    {IPPROTO_IPV6, IPV6_MULTICAST_IF, Option::ipv6_multicast_interface, Form::number},
    {IPPROTO_IPV6, IPV6_RECVPKTINFO, Option::ipv6_receive_info, Form::number},
    {IPPROTO_IPV6, IPV6_RECVHOPLIMIT, Option::ipv6_receive_hops, Form::number},
    {IPPROTO_IPV6, IPV6_RECVTCLASS, Option::ipv6_receive_traffic_class, Form::number},
};

const Row* find_row(int level, int name) {
    for (const Row& row : rows) {
        if (row.level == level && row.name == name) return &row;
    }
    return nullptr;
}

/// The errno of a call for an option that is not there: first whether the socket is.
int missing_option(int fd) {
    std::uint64_t type = 0;
    const auto status = v2::socket_get_option({fd}, Option::type, v2::at(&type));
    return failed(status) ? errno_of(status) : ENOPROTOOPT;
}

int clamp_to_int(std::int64_t value) {
    return static_cast<int>(std::clamp<std::int64_t>(value, INT_MIN, INT_MAX));
}

int socket_type_of(std::uint64_t type) {
    return static_cast<v2::SocketType>(type) == v2::SocketType::stream ? SOCK_STREAM : SOCK_DGRAM;
}

/// As Linux: what fits is written, and how much that was.
int put(const void* value, socklen_t value_bytes, void* into, socklen_t* bytes) {
    *bytes = std::min(*bytes, value_bytes);
    std::memcpy(into, value, *bytes);
    return 0;
}

int get_option(int fd, const Row& row, void* into, socklen_t* bytes) {
    std::uint64_t value = 0;
    const auto status = v2::socket_get_option({fd}, row.option, v2::at(&value));
    if (failed(status)) return errno_of(status);
    int number = 0;
    switch (row.form) {
    case Form::number:
        number = clamp_to_int(static_cast<std::int64_t>(value));
        // Linux gives one byte where there is no room for four.
        if (row.level == IPPROTO_IP && *bytes > 0 && *bytes < sizeof number && number >= 0 &&
            number <= 255) {
            const auto byte = static_cast<unsigned char>(number);
            return put(&byte, 1, into, bytes);
        }
        break;
    case Form::seconds:
        number = clamp_to_int(static_cast<std::int64_t>(value / second));
        break;
    case Form::milliseconds:
        number = clamp_to_int(static_cast<std::int64_t>(value / millisecond));
        break;
    case Form::error:
        number = value ? errno_of(static_cast<v2::Status>(value)) : 0;
        break;
    case Form::type:
        number = socket_type_of(value);
        break;
    case Form::family:
        number = family_of(static_cast<std::uint16_t>(value));
        break;
    case Form::linger: {
        const bool on = value != v2::no_limit;
        const linger lingering{on,
                               on ? clamp_to_int(static_cast<std::int64_t>(value / second)) : 0};
        return put(&lingering, sizeof lingering, into, bytes);
    }
    case Form::time: {
        timeval time{};
        if (value != v2::no_limit) {
            const std::uint64_t micros = (value + microsecond - 1) / microsecond;
            time.tv_sec = static_cast<time_t>(micros / 1'000'000);
            time.tv_usec = static_cast<suseconds_t>(micros % 1'000'000);
        }
        return put(&time, sizeof time, into, bytes);
    }
    }
    return put(&number, sizeof number, into, bytes);
}

/// A structure out of a program's bytes; false if it is shorter.
template <class T> bool take(const void* value, socklen_t bytes, T& into) {
    if (bytes < sizeof into) return false;
    std::memcpy(&into, value, sizeof into);
    return true;
}

/// The host's form of a program's value, or an errno.
int value_of(const Row& row, const void* from, socklen_t bytes, std::uint64_t& value) {
    if (row.form == Form::linger) {
        linger lingering{};
        if (!take(from, bytes, lingering)) return EINVAL;
        value = v2::no_limit;
        if (lingering.l_onoff)
            value = static_cast<std::uint64_t>(std::max(lingering.l_linger, 0)) * second;
        return 0;
    }
    if (row.form == Form::time) {
        timeval time{};
        if (!take(from, bytes, time)) return EINVAL;
        if (time.tv_usec < 0 || time.tv_usec >= 1'000'000) return EDOM;
        // A negative time is over at once, as on Linux; 0 is none.
        if (time.tv_sec < 0) {
            value = 1;
        } else {
            value = duration_of(
                {.tv_sec = time.tv_sec, .tv_nsec = static_cast<long>(time.tv_usec * 1000)});
        }
        return 0;
    }
    int number = 0;
    if (!take(from, bytes, number)) {
        // IP's options may be one byte, ip(7).
        if (row.level != IPPROTO_IP || bytes < 1) return EINVAL;
        number = *static_cast<const unsigned char*>(from);
    }
    switch (row.form) {
    case Form::seconds:
        if (number < 0) return EINVAL;
        value = static_cast<std::uint64_t>(number) * second;
        return 0;
    case Form::milliseconds:
        if (number < 0) return EINVAL;
        value = static_cast<std::uint64_t>(number) * millisecond;
        return 0;
    default:
        value = static_cast<std::uint64_t>(static_cast<std::int64_t>(number));
        return 0;
    }
}

v2::Address ipv4_address(in_addr address) {
    v2::Address wire;
    wire.family = static_cast<std::uint16_t>(v2::Family::ipv4);
    std::memcpy(wire.octets, &address, 4);
    return wire;
}

/// Joining and leaving groups, in the three forms that programs use.
bool is_membership(int level, int name) {
    if (level == IPPROTO_IP && (name == IP_ADD_MEMBERSHIP || name == IP_DROP_MEMBERSHIP))
        return true;
    if (level == IPPROTO_IPV6 && (name == IPV6_JOIN_GROUP || name == IPV6_LEAVE_GROUP)) return true;
    return (level == IPPROTO_IP || level == IPPROTO_IPV6) &&
           (name == MCAST_JOIN_GROUP || name == MCAST_LEAVE_GROUP);
}

int membership_of(int level, int name, const void* value, socklen_t bytes,
                  v2::Membership& membership) {
    if (name == MCAST_JOIN_GROUP || name == MCAST_LEAVE_GROUP) {
        group_req request;
        if (!take(value, bytes, request)) return EINVAL;
        membership.interface_index = request.gr_interface;
        return read_address(reinterpret_cast<const sockaddr*>(&request.gr_group),
                            sizeof request.gr_group, membership.group);
    }
    if (level == IPPROTO_IPV6) {
        ipv6_mreq request;
        if (!take(value, bytes, request)) return EINVAL;
        membership.group.family = static_cast<std::uint16_t>(v2::Family::ipv6);
        std::memcpy(membership.group.octets, &request.ipv6mr_multiaddr, 16);
        membership.interface_index = request.ipv6mr_interface;
        return 0;
    }
    ip_mreqn request{};
    if (!take(value, bytes, request)) {
        ip_mreq shorter;
        if (!take(value, bytes, shorter)) return EINVAL;
        request.imr_multiaddr = shorter.imr_multiaddr;
        request.imr_address = shorter.imr_interface;
    }
    membership.group = ipv4_address(request.imr_multiaddr);
    membership.interface_index = static_cast<std::uint32_t>(request.imr_ifindex);
    if (request.imr_ifindex == 0 && request.imr_address.s_addr != INADDR_ANY)
        membership.interface = ipv4_address(request.imr_address);
    return 0;
}

/// IP_MULTICAST_IF: an address, or a membership whose group does not count.
int set_ipv4_multicast_interface(int fd, const void* value, socklen_t bytes) {
    in_addr address{};
    int index = 0;
    ip_mreqn request;
    ip_mreq shorter;
    if (take(value, bytes, request)) {
        address = request.imr_address;
        index = request.imr_ifindex;
    } else if (take(value, bytes, shorter)) {
        address = shorter.imr_interface;
    } else if (!take(value, bytes, address)) {
        return EINVAL;
    }
    const auto status = index != 0 ? v2::socket_set_option({fd}, Option::ipv4_multicast_interface,
                                                           static_cast<std::uint64_t>(index))
                                   : v2::socket_set_option({fd}, Option::ipv4_multicast_address,
                                                           ntohl(address.s_addr));
    return failed(status) ? errno_of(status) : 0;
}

/// HWS_TLS_CLIENT: a name, and behind a NUL each a protocol.
int start_tls(int fd, const char* text, std::size_t bytes) {
    v2::TlsOptions wire;
    const auto* const end = static_cast<const char*>(std::memchr(text, 0, bytes));
    wire.name = {v2::at(text).address, static_cast<std::uint32_t>(end ? end - text : bytes)};
    // A length stands before each protocol of ALPN's list where the text has a NUL.
    char list[v2::max_protocols_bytes];
    const std::size_t list_bytes = bytes - wire.name.size;
    if (list_bytes > sizeof list) return EINVAL;
    std::memcpy(list, text + wire.name.size, list_bytes);
    for (std::size_t at = 0; at < list_bytes;) {
        const void* const next = std::memchr(list + at + 1, 0, list_bytes - at - 1);
        const std::size_t stop =
            next ? static_cast<std::size_t>(static_cast<const char*>(next) - list) : list_bytes;
        if (stop - at - 1 > 255) return EINVAL;
        list[at] = static_cast<char>(stop - at - 1);
        at = stop;
    }
    wire.protocols = {v2::at(list).address, static_cast<std::uint32_t>(list_bytes)};
    const auto status = v2::tls_start({fd}, v2::at<const v2::TlsOptions>(&wire));
    return failed(status) ? errno_of(status) : 0;
}

int tls_info(int fd, void* into, socklen_t* bytes) {
    v2::TlsInfo wire;
    const auto status = v2::tls_info({fd}, v2::at(&wire));
    if (failed(status)) return errno_of(status);
    hws_tls_info info{};
    info.version = wire.version;
    info.cipher = wire.cipher;
    static_assert(sizeof info.cipher_name == sizeof wire.cipher_name);
    std::memcpy(info.cipher_name, wire.cipher_name, sizeof info.cipher_name);
    std::memcpy(info.fingerprint, wire.fingerprint, sizeof info.fingerprint);
    std::memcpy(info.protocol, wire.protocol,
                std::min<std::size_t>(wire.protocol_bytes, sizeof info.protocol - 1));
    return put(&info, sizeof info, into, bytes);
}

} // namespace

extern "C" {

int getsockopt(int fd, int level, int name, void* __restrict value, socklen_t* __restrict bytes) {
    if (!value || !bytes) return fail(EFAULT);
    if (*bytes > INT_MAX) return fail(EINVAL);
    if (level == IPPROTO_IP && name == IP_MULTICAST_IF) {
        std::uint64_t address = 0;
        const auto status =
            v2::socket_get_option({fd}, Option::ipv4_multicast_address, v2::at(&address));
        if (failed(status)) return fail(errno_of(status));
        const in_addr shown{htonl(static_cast<std::uint32_t>(address))};
        return put(&shown, sizeof shown, value, bytes);
    }
    if (level == SOL_HWS_TLS && name == HWS_TLS_INFO) {
        const int error = tls_info(fd, value, bytes);
        return error ? fail(error) : 0;
    }
    const Row* row = find_row(level, name);
    const int error = row ? get_option(fd, *row, value, bytes) : missing_option(fd);
    return error ? fail(error) : 0;
}

int setsockopt(int fd, int level, int name, const void* value, socklen_t bytes) {
    if (bytes > INT_MAX) return fail(EINVAL);
    if (level == SOL_HWS_TLS && name == HWS_TLS_CLIENT) {
        if (!value) return fail(EFAULT);
        const int error = start_tls(fd, static_cast<const char*>(value), bytes);
        return error ? fail(error) : 0;
    }
    const Row* row = find_row(level, name);
    const bool membership = is_membership(level, name);
    const bool multicast_interface = level == IPPROTO_IP && name == IP_MULTICAST_IF;
    if (!row && !membership && !multicast_interface) return fail(missing_option(fd));
    if (!value) return fail(EFAULT);
    if (multicast_interface) {
        const int error = set_ipv4_multicast_interface(fd, value, bytes);
        return error ? fail(error) : 0;
    }
    if (membership) {
        v2::Membership wire{};
        if (int error = membership_of(level, name, value, bytes, wire)) return fail(error);
        const bool joins = name == MCAST_JOIN_GROUP ||
                           (level == IPPROTO_IP && name == IP_ADD_MEMBERSHIP) ||
                           (level == IPPROTO_IPV6 && name == IPV6_JOIN_GROUP);
        const auto place = v2::at<const v2::Membership>(&wire);
        return answer(joins ? v2::multicast_join({fd}, place) : v2::multicast_leave({fd}, place));
    }
    std::uint64_t wire = 0;
    if (int error = value_of(*row, value, bytes, wire)) return fail(error);
    const auto status = v2::socket_set_option({fd}, row->option, wire);
    if (!failed(status) && v2::tells_of_datagrams(row->option)) tells_of_datagrams = true;
    return answer(status);
}
}
