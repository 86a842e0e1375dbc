#include "os/socket.hpp"

#include "os/socket_address.hpp"

#include <array>
#include <cerrno>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

namespace hws::host::os {
namespace {

// All that a system call takes (IOV_MAX). With fewer a datagram would be cut, and a stream's short read or write would look
// as if the socket had no more.
constexpr std::size_t max_buffers = 1024;

/// The system's scatter/gather list for our spans; as many as fit.
template <class Byte>
class BufferList {
public:
    explicit BufferList(std::span<const std::span<Byte>> buffers) {
        for (const std::span<Byte>& buffer : buffers) {
            if (count_ == max_buffers) break;
            list_[count_++] = {const_cast<std::byte*>(buffer.data()), buffer.size()};
        }
    }
    msghdr message() {
        msghdr header{};
        header.msg_iov = list_.data();
        header.msg_iovlen = count_;
        return header;
    }

private:
    std::array<iovec, max_buffers> list_;
    std::size_t count_ = 0;
};

Result<std::size_t> counted(ssize_t count) {
    if (count < 0) return std::unexpected(last_error());
    return static_cast<std::size_t>(count);
}

Result<void> checked(int outcome) {
    if (outcome < 0) return std::unexpected(last_error());
    return {};
}

using AddressCall = int (*)(int, sockaddr*, socklen_t*);
Result<SocketAddr> ask_address(int socket, AddressCall call) {
    sockaddr_storage native{};
    socklen_t size = sizeof native;
    HWS_CHECK(checked(call(socket, reinterpret_cast<sockaddr*>(&native), &size)));
    return from_native(native);
}

} // namespace

Result<Fd> open_socket(Transport transport, const IpAddr& family_of) {
    const int family = family_of.is_ipv4() ? AF_INET : AF_INET6;
    const int type = transport == Transport::tcp ? SOCK_STREAM : SOCK_DGRAM;
    Fd fd(::socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd.is_open()) return std::unexpected(last_error("socket"));
    return fd;
}

Result<void> connect(int socket, const SocketAddr& peer) {
    sockaddr_storage native{};
    const socklen_t size = to_native(peer, native);
    int outcome;
    do outcome = ::connect(socket, reinterpret_cast<const sockaddr*>(&native), size);
    while (outcome < 0 && errno == EINTR);
    // The kernel's own EACCES (a prohibiting route, a broadcast address) must not look like our policy's `denied`.
    if (outcome < 0 && (errno == EACCES || errno == EPERM))
        return fail(Errc::not_permitted, "the system prohibits this destination");
    return checked(outcome);
}

Result<void> take_error(int socket) {
    int number = 0;
    socklen_t size = sizeof number;
    HWS_CHECK(checked(::getsockopt(socket, SOL_SOCKET, SO_ERROR, &number, &size)));
    if (number != 0) {
        errno = number;
        return std::unexpected(last_error());
    }
    return {};
}

Result<std::size_t> send(int socket, std::span<const std::span<const std::byte>> from) {
    // One buffer is the rule; sendto is measurably cheaper than sendmsg.
    if (from.size() == 1)
        return counted(::send(socket, from[0].data(), from[0].size(), MSG_NOSIGNAL));
    BufferList<const std::byte> list(from);
    const msghdr header = list.message();
    return counted(::sendmsg(socket, &header, MSG_NOSIGNAL));
}

Result<std::size_t> receive(int socket, std::span<const std::span<std::byte>> into) {
    if (into.size() == 1) return counted(::recv(socket, into[0].data(), into[0].size(), 0));
    BufferList<std::byte> list(into);
    msghdr header = list.message();
    return counted(::recvmsg(socket, &header, 0));
}

Result<std::size_t> peek(int socket, std::span<const std::span<std::byte>> into) {
    BufferList<std::byte> list(into);
    msghdr header = list.message();
    return counted(::recvmsg(socket, &header, MSG_PEEK));
}

Result<std::size_t> receive_datagram(int socket, std::span<std::byte> into) {
    return counted(::recv(socket, into.data(), into.size(), MSG_TRUNC));
}

Result<void> shut_down(int socket, Half half) {
    const int how = half == Half::read ? SHUT_RD : half == Half::write ? SHUT_WR : SHUT_RDWR;
    return checked(::shutdown(socket, how));
}

Result<void> set_no_delay(int socket, bool on) {
    const int value = on;
    return checked(::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &value, sizeof value));
}

Result<SocketAddr> local_address(int socket) {
    return ask_address(socket,
                       [](int s, sockaddr* a, socklen_t* n) { return ::getsockname(s, a, n); });
}

Result<SocketAddr> peer_address(int socket) {
    return ask_address(socket,
                       [](int s, sockaddr* a, socklen_t* n) { return ::getpeername(s, a, n); });
}

std::size_t readable_bytes(int socket) {
    int count = 0;
    return ::ioctl(socket, FIONREAD, &count) == 0 && count > 0 ? static_cast<std::size_t>(count) : 0;
}

std::size_t unsent_bytes(int socket) {
    int count = 0;
    return ::ioctl(socket, SIOCOUTQ, &count) == 0 && count > 0 ? static_cast<std::size_t>(count) : 0;
}

PollAnswer poll_now(int fd) {
    pollfd query{fd, POLLIN | POLLOUT | POLLRDHUP, 0};
    PollAnswer answer;
    if (::poll(&query, 1, 0) <= 0) return answer;
    answer.readable = (query.revents & (POLLIN | POLLRDHUP | POLLHUP | POLLERR)) != 0;
    answer.writable = (query.revents & (POLLOUT | POLLHUP | POLLERR)) != 0;
    answer.hung_up = (query.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
    return answer;
}

} // namespace hws::host::os
