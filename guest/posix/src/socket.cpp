// Making and joining sockets: socket(2), socketpair(2), bind(2), listen(2), accept(2), connect(2),
// shutdown(2).

#include "close_on_exec.hpp"
#include "wire.hpp"

#include <netinet/in.h>

using namespace hws::posix;

namespace {

constexpr int creation_flags = SOCK_NONBLOCK | SOCK_CLOEXEC;

v2::OpenFlags open_flags_of(int type) {
    return type & SOCK_NONBLOCK ? v2::open_flags::non_blocking : 0;
}

/// What `socket` makes of a family, a type and a protocol, or an errno.
int kind_of(int family, int type, int protocol, v2::SocketType& kind) {
    switch (type) {
    case SOCK_STREAM:
        if (protocol != 0 && protocol != IPPROTO_TCP) return EPROTONOSUPPORT;
        kind = v2::SocketType::stream;
        return 0;
    case SOCK_DGRAM:
        if (protocol == (family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6)) {
            kind = v2::SocketType::icmp_echo;
            return 0;
        }
        if (protocol != 0 && protocol != IPPROTO_UDP) return EPROTONOSUPPORT;
        kind = v2::SocketType::datagram;
        return 0;
    case SOCK_RAW: // as for a process without CAP_NET_RAW
        return EPERM;
    default: // Linux has types up to 10
        return type >= 0 && type <= SOCK_PACKET ? ESOCKTNOSUPPORT : EINVAL;
    }
}

/// What `socket` makes of a type and a protocol of Unix sockets, or an errno.
int local_kind_of(int type, int protocol, v2::SocketType& kind) {
    if (protocol != 0 && protocol != PF_UNIX) return EPROTONOSUPPORT;
    switch (type) {
    case SOCK_STREAM:
        kind = v2::SocketType::stream;
        return 0;
    case SOCK_DGRAM:
    case SOCK_RAW: // Linux takes the one for the other
        kind = v2::SocketType::datagram;
        has_unix_datagrams = true;
        return 0;
    default:
        return type >= 0 && type <= SOCK_PACKET ? ESOCKTNOSUPPORT : EINVAL;
    }
}

/// The name of a Unix socket, or of its peer.
int answer_name(int fd, v2::UnixEnd end, sockaddr* into, socklen_t* bytes) {
    UnixName name;
    const auto status = v2::unix_name({fd}, end, name.room(), v2::at(&name.length));
    if (failed(status)) return fail(errno_of(status));
    if (!into || !bytes) return fail(EFAULT);
    if (int error = check_room(into, bytes)) return fail(error);
    write_unix_name(name, into, bytes);
    return 0;
}

bool is_local(const v2::Address& address) {
    return static_cast<v2::Family>(address.family) == v2::Family::local;
}

/// An address to a program that asked for nothing else. The socket was looked at before the
/// pointers, as on Linux.
int answer(const v2::Address& address, sockaddr* into, socklen_t* bytes) {
    if (!into || !bytes) return fail(EFAULT);
    if (int error = check_room(into, bytes)) return fail(error);
    write_address(address, into, bytes);
    return 0;
}

} // namespace

extern "C" {

int socket(int family, int type, int protocol) {
    if (family != AF_INET && family != AF_INET6 && family != AF_UNIX) return fail(EAFNOSUPPORT);
    if (family != AF_UNIX && (protocol < 0 || protocol >= IPPROTO_MAX)) return fail(EINVAL);
    v2::SocketType kind{};
    const int plain_type = type & ~creation_flags;
    if (int error = family == AF_UNIX ? local_kind_of(plain_type, protocol, kind)
                                      : kind_of(family, plain_type, protocol, kind))
        return fail(error);
    v2::Fd made;
    const auto wire_family = family == AF_UNIX   ? v2::Family::local
                             : family == AF_INET ? v2::Family::ipv4
                                                 : v2::Family::ipv6;
    const auto status = v2::socket_open(wire_family, kind, open_flags_of(type), v2::at(&made));
    if (failed(status)) return fail(errno_of(status));
    set_close_on_exec(made.number, type & SOCK_CLOEXEC);
    return made.number;
}

int socketpair(int family, int type, int protocol, int pair[2]) {
    if (family == AF_INET || family == AF_INET6) return fail(EOPNOTSUPP);
    if (family != AF_UNIX) return fail(EAFNOSUPPORT);
    v2::SocketType kind{};
    if (int error = local_kind_of(type & ~creation_flags, protocol, kind)) return fail(error);
    if (!pair) return fail(EFAULT);
    v2::FdPair made{};
    const auto status = v2::socket_pair(kind, open_flags_of(type), v2::at(&made));
    if (failed(status)) return fail(errno_of(status));
    pair[0] = made.first.number;
    pair[1] = made.second.number;
    for (int i = 0; i < 2; ++i)
        set_close_on_exec(pair[i], type & SOCK_CLOEXEC);
    return 0;
}

int bind(int fd, const sockaddr* address, socklen_t bytes) {
    if (is_unix(address, bytes)) {
        v2::GuestSpan<const char> name;
        if (int error = read_unix_name(address, bytes, name)) return fail(error);
        const auto status = v2::unix_bind({fd}, name);
        if (status == static_cast<v2::Status>(hws::Errc::not_permitted)) return fail(EACCES);
        return answer(status);
    }
    v2::Address local;
    if (int error = read_address(address, bytes, local)) return fail(error);
    return answer(v2::socket_bind({fd}, v2::at<const v2::Address>(&local)));
}

int listen(int fd, int backlog) {
    // A negative number asks for the most there is, as on Linux.
    const int pending = backlog < 0 ? SOMAXCONN : backlog;
    return answer(v2::socket_listen({fd}, static_cast<std::uint32_t>(pending)));
}

int accept4(int fd, sockaddr* __restrict address, socklen_t* __restrict bytes, int flags) {
    if (flags & ~creation_flags) return fail(EINVAL);
    if (int error = check_room(address, bytes)) return fail(error);
    v2::Fd connection;
    v2::Address peer;
    const auto status =
        v2::socket_accept({fd}, open_flags_of(flags), v2::at(&connection), v2::at(&peer));
    if (failed(status)) return fail(errno_of(status));
    set_close_on_exec(connection.number, flags & SOCK_CLOEXEC);
    if (address && is_local(peer))
        answer_name(connection.number, v2::UnixEnd::peer, address, bytes);
    else
        write_address(peer, address, bytes);
    return connection.number;
}

int accept(int fd, sockaddr* __restrict address, socklen_t* __restrict bytes) {
    return accept4(fd, address, bytes, 0);
}

int connect(int fd, const sockaddr* address, socklen_t bytes) {
    v2::Status status{};
    if (is_unix(address, bytes)) {
        v2::GuestSpan<const char> name;
        if (int error = read_unix_name(address, bytes, name)) return fail(error);
        status = v2::unix_connect({fd}, name);
    } else {
        v2::Address peer;
        if (int error = read_address(address, bytes, peer)) return fail(error);
        status = v2::socket_connect({fd}, v2::at<const v2::Address>(&peer));
    }
    // The host tells what its system refuses (a broadcast address) from what its policy does.
    if (status == static_cast<v2::Status>(hws::Errc::not_permitted)) return fail(EACCES);
    return answer(status);
}

int shutdown(int fd, int how) {
    if (how != SHUT_RD && how != SHUT_WR && how != SHUT_RDWR) return fail(EINVAL);
    static_assert(SHUT_RD == static_cast<int>(v2::Half::read) &&
                  SHUT_WR == static_cast<int>(v2::Half::write) &&
                  SHUT_RDWR == static_cast<int>(v2::Half::both));
    return answer(v2::socket_shutdown({fd}, static_cast<v2::Half>(how)));
}

int getsockname(int fd, sockaddr* __restrict address, socklen_t* __restrict bytes) {
    v2::Address local;
    const auto status = v2::socket_local_address({fd}, v2::at(&local));
    if (failed(status)) return fail(errno_of(status));
    if (is_local(local)) return answer_name(fd, v2::UnixEnd::local, address, bytes);
    return answer(local, address, bytes);
}

int getpeername(int fd, sockaddr* __restrict address, socklen_t* __restrict bytes) {
    v2::Address peer;
    const auto status = v2::socket_peer_address({fd}, v2::at(&peer));
    if (failed(status)) return fail(errno_of(status));
    if (is_local(peer)) return answer_name(fd, v2::UnixEnd::peer, address, bytes);
    return answer(peer, address, bytes);
}

// There is no urgent data, so that nothing is ever at its mark.
int sockatmark(int fd) {
    std::uint64_t type = 0;
    const auto status = v2::socket_get_option({fd}, v2::Option::type, v2::at(&type));
    if (!failed(status)) return 0;
    const int error = errno_of(status);
    return fail(error == ENOTSOCK ? ENOTTY : error);
}

// Reserved ports are for privileged programs.
int bindresvport(int, sockaddr_in*) {
    return fail(EACCES);
}
}
