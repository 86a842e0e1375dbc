// Sockets of Linux itself: what dialect v2 is held against, and a way to run network code of a
// plugin without a sandbox.

#include "native.hpp"
#include "poll_room.hpp"
#include "system.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <limits>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

namespace hws::backend::system {

using namespace native;

namespace {

int type_of(Kind kind) {
    return kind == Kind::stream ? SOCK_STREAM : SOCK_DGRAM;
}

/// A socket connected to the address, or the reason; the wait ends at the deadline.
Result<int> open_connected(const SocketAddr& peer, Kind kind,
                           std::optional<Clock::time_point> deadline) {
    HWS_TRY(const int fd, open(peer, kind));
    auto connected = [&]() -> Result<void> {
        HWS_CHECK(set_blocking(fd, Blocking::never_waits));
        if (auto begun = connect(fd, peer); !begun) {
            if (begun.error() != Errc::in_progress) return begun;
            pollfd entry{fd, POLLOUT, 0};
            const int ready =
                again([&] { return ::poll(&entry, 1, milliseconds_until(deadline)); });
            if (ready < 0) return failed();
            if (ready == 0) return fail(Errc::timed_out);
            HWS_TRY(const std::int64_t code, option(fd, SocketOption::error));
            if (code != 0) return fail(static_cast<Errc>(code));
        }
        return set_blocking(fd, Blocking::waits);
    }();
    if (connected) return fd;
    close(fd);
    return std::unexpected(std::move(connected).error());
}

struct NativeOption {
    int level;
    int name;
};

Result<int> family_of(int fd) {
    int family = 0;
    socklen_t size = sizeof family;
    if (::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &size) < 0) return failed();
    return family;
}

Result<NativeOption> number_of(int fd, SocketOption option) {
    switch (option) {
    case SocketOption::read_timeout:
        return NativeOption{SOL_SOCKET, SO_RCVTIMEO};
    case SocketOption::write_timeout:
        return NativeOption{SOL_SOCKET, SO_SNDTIMEO};
    case SocketOption::no_delay:
        return NativeOption{IPPROTO_TCP, TCP_NODELAY};
    case SocketOption::linger:
        return NativeOption{SOL_SOCKET, SO_LINGER};
    case SocketOption::time_to_live: {
        HWS_TRY(const int family, family_of(fd));
        if (family == AF_INET6) return NativeOption{IPPROTO_IPV6, IPV6_UNICAST_HOPS};
        return NativeOption{IPPROTO_IP, IP_TTL};
    }
    case SocketOption::only_v6:
        return NativeOption{IPPROTO_IPV6, IPV6_V6ONLY};
    case SocketOption::broadcast:
        return NativeOption{SOL_SOCKET, SO_BROADCAST};
    case SocketOption::multicast_loop_v4:
        return NativeOption{IPPROTO_IP, IP_MULTICAST_LOOP};
    case SocketOption::multicast_ttl_v4:
        return NativeOption{IPPROTO_IP, IP_MULTICAST_TTL};
    case SocketOption::multicast_loop_v6:
        return NativeOption{IPPROTO_IPV6, IPV6_MULTICAST_LOOP};
    case SocketOption::reuse_address:
        return NativeOption{SOL_SOCKET, SO_REUSEADDR};
    case SocketOption::error:
        return NativeOption{SOL_SOCKET, SO_ERROR};
    }
    return fail(Errc::option_not_supported);
}

template <class Value> Result<Value> get(int fd, NativeOption option) {
    Value value{};
    socklen_t size = sizeof value;
    if (::getsockopt(fd, option.level, option.name, &value, &size) < 0) return failed();
    return value;
}

template <class Value> Result<void> set(int fd, NativeOption option, const Value& value) {
    return result_of(::setsockopt(fd, option.level, option.name, &value, sizeof value));
}

template <class Byte> struct NativeBuffers {
    explicit NativeBuffers(std::span<const std::span<Byte>> buffers)
        : count(std::min(buffers.size(), max_buffers)) {
        for (std::size_t i = 0; i < count; ++i)
            all[i] = {const_cast<std::byte*>(buffers[i].data()), buffers[i].size()};
    }
    msghdr message() {
        msghdr header{};
        header.msg_iov = all.data();
        header.msg_iovlen = count;
        return header;
    }

    std::array<iovec, max_buffers> all;
    std::size_t count;
};

constexpr std::int64_t second = 1'000'000'000;

} // namespace

Result<int> open(const SocketAddr& family_of, Kind kind) {
    const int fd =
        ::socket(family_of.is_ipv4() ? AF_INET : AF_INET6, type_of(kind) | SOCK_CLOEXEC, 0);
    if (fd < 0) return failed();
    return fd;
}

void close(int fd) {
    ::close(fd);
}

Result<int> duplicate(int fd) {
    const int copy = ::fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (copy < 0) return failed();
    return copy;
}

Result<void> bind(int fd, const SocketAddr& local) {
    const NativeAddress native(local);
    return result_of(::bind(fd, &native.address.any, native.size));
}

Result<void> listen(int fd, std::uint32_t backlog) {
    return result_of(::listen(fd, static_cast<int>(backlog)));
}

Result<std::pair<int, SocketAddr>> accept(int fd) {
    NativeAddress peer;
    const int connection =
        again([&] { return ::accept4(fd, &peer.address.any, &peer.size, SOCK_CLOEXEC); });
    if (connection < 0) return failed();
    return std::pair(connection, peer.value().value_or(SocketAddr()));
}

Result<void> connect(int fd, const SocketAddr& peer) {
    const NativeAddress native(peer);
    return result_of(::connect(fd, &native.address.any, native.size));
}

Result<int> connect_name(std::string_view host, std::uint16_t port, Kind kind, Timeout timeout) {
    const auto deadline = deadline_of(timeout);
    HWS_TRY(const auto addresses, resolve(host, port));
    Error last = Errc::name_not_found;
    for (const SocketAddr& address : addresses) {
        auto fd = open_connected(address, kind, deadline);
        if (fd) return fd;
        last = std::move(fd).error();
    }
    return std::unexpected(std::move(last));
}

Result<std::vector<SocketAddr>> resolve(std::string_view host, std::uint16_t port) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM; // else each address comes once for each type
    addrinfo* list = nullptr;
    switch (const int answer = ::getaddrinfo(std::string(host).c_str(), nullptr, &hints, &list)) {
    case 0:
        break;
    case EAI_NONAME:
    case EAI_NODATA:
        return fail(Errc::name_not_found);
    case EAI_SYSTEM:
        return failed();
    case EAI_MEMORY:
        return fail(Errc::out_of_memory);
    default:
        return fail(Errc::resolver_failed, ::gai_strerror(answer));
    }
    std::vector<SocketAddr> addresses;
    for (const addrinfo* entry = list; entry; entry = entry->ai_next) {
        NativeAddress native;
        native.size = std::min<socklen_t>(entry->ai_addrlen, sizeof native.address);
        std::memcpy(&native.address, entry->ai_addr, native.size);
        auto address = native.value();
        if (!address) continue;
        address->set_port(port);
        addresses.push_back(*address);
    }
    ::freeaddrinfo(list);
    return addresses;
}

Result<std::size_t> receive(int fd, std::span<std::byte> into, Keep keep) {
    const int flags = keep == Keep::peeks ? MSG_PEEK : 0;
    const ssize_t count = again([&] { return ::recv(fd, into.data(), into.size(), flags); });
    if (count < 0) return failed();
    return static_cast<std::size_t>(count);
}

Result<std::size_t> receive(int fd, std::span<const std::span<std::byte>> into) {
    NativeBuffers buffers(into);
    msghdr message = buffers.message();
    const ssize_t count = again([&] { return ::recvmsg(fd, &message, 0); });
    if (count < 0) return failed();
    return static_cast<std::size_t>(count);
}

Result<Datagram> receive_from(int fd, std::span<std::byte> into, Keep keep) {
    NativeAddress sender;
    iovec buffer{into.data(), into.size()};
    msghdr message{};
    message.msg_iov = &buffer;
    message.msg_iovlen = 1;
    message.msg_name = &sender.address;
    message.msg_namelen = sender.size;
    const int flags = keep == Keep::peeks ? MSG_PEEK : 0;
    const ssize_t count = again([&] { return ::recvmsg(fd, &message, flags); });
    if (count < 0) return failed();
    sender.size = message.msg_namelen;
    return Datagram{static_cast<std::size_t>(count), sender.value().value_or(SocketAddr()),
                    (message.msg_flags & MSG_TRUNC) != 0};
}

Result<std::size_t> send(int fd, std::span<const std::byte> from) {
    const ssize_t count = again([&] { return ::send(fd, from.data(), from.size(), MSG_NOSIGNAL); });
    if (count < 0) return failed();
    return static_cast<std::size_t>(count);
}

Result<std::size_t> send(int fd, std::span<const std::span<const std::byte>> from) {
    NativeBuffers buffers(from);
    const msghdr message = buffers.message();
    const ssize_t count = again([&] { return ::sendmsg(fd, &message, MSG_NOSIGNAL); });
    if (count < 0) return failed();
    return static_cast<std::size_t>(count);
}

Result<std::size_t> send_to(int fd, std::span<const std::byte> datagram, const SocketAddr& to) {
    const NativeAddress native(to);
    const ssize_t count = again([&] {
        return ::sendto(fd, datagram.data(), datagram.size(), MSG_NOSIGNAL, &native.address.any,
                        native.size);
    });
    if (count < 0) return failed();
    return static_cast<std::size_t>(count);
}

Result<void> shutdown(int fd, Shutdown how) {
    const int half = how == Shutdown::read ? SHUT_RD : how == Shutdown::write ? SHUT_WR : SHUT_RDWR;
    return result_of(::shutdown(fd, half));
}

Result<SocketAddr> local_addr(int fd) {
    NativeAddress native;
    HWS_CHECK(result_of(::getsockname(fd, &native.address.any, &native.size)));
    if (auto address = native.value()) return *address;
    return fail(Errc::family_not_supported, "the socket has no internet address");
}

Result<SocketAddr> peer_addr(int fd) {
    NativeAddress native;
    HWS_CHECK(result_of(::getpeername(fd, &native.address.any, &native.size)));
    if (auto address = native.value()) return *address;
    return fail(Errc::family_not_supported, "the socket has no internet address");
}

Result<void> set_blocking(int fd, Blocking blocking) {
    const int flags = ::fcntl(fd, F_GETFL);
    if (flags < 0) return failed();
    return result_of(::fcntl(
        fd, F_SETFL, blocking == Blocking::waits ? flags & ~O_NONBLOCK : flags | O_NONBLOCK));
}

Result<Blocking> blocking(int fd) {
    const int flags = ::fcntl(fd, F_GETFL);
    if (flags < 0) return failed();
    return flags & O_NONBLOCK ? Blocking::never_waits : Blocking::waits;
}

Result<void> set_option(int fd, SocketOption option, std::int64_t value) {
    HWS_TRY(const NativeOption native, number_of(fd, option));
    switch (option) {
    case SocketOption::read_timeout:
    case SocketOption::write_timeout: {
        // Rounded up to microseconds, so that a short one does not become none.
        const std::int64_t whole = value / 1000 + (value % 1000 != 0);
        return set(fd, native, timeval{whole / 1'000'000, whole % 1'000'000});
    }
    case SocketOption::linger: {
        const std::int64_t seconds = value / second + (value % second > 0);
        return set(fd, native,
                   ::linger{value >= 0, static_cast<int>(std::max<std::int64_t>(seconds, 0))});
    }
    default:
        return set(fd, native, static_cast<int>(value));
    }
}

Result<std::int64_t> option(int fd, SocketOption option) {
    HWS_TRY(const NativeOption native, number_of(fd, option));
    switch (option) {
    case SocketOption::read_timeout:
    case SocketOption::write_timeout: {
        HWS_TRY(const timeval time, get<timeval>(fd, native));
        return time.tv_sec * second + time.tv_usec * 1000;
    }
    case SocketOption::linger: {
        HWS_TRY(const ::linger linger, get<::linger>(fd, native));
        return linger.l_onoff ? linger.l_linger * second : -1;
    }
    case SocketOption::error: {
        HWS_TRY(const int number, get<int>(fd, native));
        return number == 0 ? 0 : static_cast<std::int64_t>(code_of(number));
    }
    default: {
        HWS_TRY(const int number, get<int>(fd, native));
        return number;
    }
    }
}

Result<void> change_membership(int fd, Membership change, Ipv4Addr group, Ipv4Addr interface) {
    ip_mreq membership{};
    std::memcpy(&membership.imr_multiaddr, group.octets().data(), 4);
    std::memcpy(&membership.imr_interface, interface.octets().data(), 4);
    return set(fd,
               {IPPROTO_IP, change == Membership::join ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP},
               membership);
}

Result<void> change_membership(int fd, Membership change, Ipv6Addr group, std::uint32_t interface) {
    ipv6_mreq membership{};
    std::memcpy(&membership.ipv6mr_multiaddr, group.octets().data(), 16);
    membership.ipv6mr_interface = interface;
    return set(
        fd, {IPPROTO_IPV6, change == Membership::join ? IPV6_ADD_MEMBERSHIP : IPV6_DROP_MEMBERSHIP},
        membership);
}

Result<std::size_t> poll(std::span<PollItem> items, Timeout timeout) {
    PollRoom<pollfd> room(items.size());
    const auto entries = room.entries();
    for (std::size_t i = 0; i < items.size(); ++i) {
        int wanted = 0;
        if (items[i].wants_read) wanted |= POLLIN | POLLRDHUP;
        if (items[i].wants_write) wanted |= POLLOUT;
        entries[i] = {items[i].fd, static_cast<short>(wanted), 0};
    }
    const auto deadline = deadline_of(timeout);
    const int ready =
        again([&] { return ::poll(entries.data(), entries.size(), milliseconds_until(deadline)); });
    if (ready < 0) return failed();
    for (std::size_t i = 0; i < items.size(); ++i) {
        const short told = entries[i].revents;
        items[i].happened = {.read = (told & POLLIN) != 0,
                             .write = (told & POLLOUT) != 0,
                             .peer_ended = (told & POLLRDHUP) != 0,
                             .error = (told & POLLERR) != 0,
                             .hung_up = (told & POLLHUP) != 0,
                             .bad_handle = (told & POLLNVAL) != 0};
    }
    return static_cast<std::size_t>(ready);
}

} // namespace hws::backend::system
