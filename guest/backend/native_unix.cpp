// Unix sockets of Linux itself.

#include "native.hpp"
#include "unix_system.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace hws::backend::system {
namespace {

using native::again;
using native::failed;
using native::result_of;

int type_of(Kind kind) {
    return (kind == Kind::stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC;
}

/// A name as the system calls take it; empty, as they give it.
struct NativeName {
    NativeName() { std::memset(&address, 0, sizeof address); }
    explicit NativeName(const UnixAddr& from) : NativeName() {
        address.sun_family = AF_UNIX;
        const std::size_t bytes = std::min(from.raw().size(), sizeof address.sun_path);
        std::memcpy(address.sun_path, from.raw().data(), bytes);
        size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + bytes);
    }
    sockaddr* any() { return reinterpret_cast<sockaddr*>(&address); }
    UnixAddr value() const {
        constexpr socklen_t before = offsetof(sockaddr_un, sun_path);
        if (size <= before) return {};
        const std::string_view all(address.sun_path,
                                   std::min<std::size_t>(size - before, sizeof address.sun_path));
        return UnixAddr::from_raw(all[0] == '\0' ? all : all.substr(0, all.find('\0')));
    }

    sockaddr_un address;
    socklen_t size = sizeof(sockaddr_un);
};

} // namespace

Result<int> open_unix(Kind kind) {
    const int fd = ::socket(AF_UNIX, type_of(kind), 0);
    if (fd < 0) return failed();
    return fd;
}

Result<std::pair<int, int>> open_unix_pair(Kind kind) {
    int fds[2];
    if (::socketpair(AF_UNIX, type_of(kind), 0, fds) < 0) return failed();
    return std::pair(fds[0], fds[1]);
}

Result<void> bind_unix(int fd, const UnixAddr& local) {
    NativeName name(local);
    return result_of(::bind(fd, name.any(), name.size));
}

Result<std::pair<int, UnixAddr>> accept_unix(int fd) {
    NativeName peer;
    const int connection = again([&] { return ::accept4(fd, peer.any(), &peer.size, SOCK_CLOEXEC); });
    if (connection < 0) return failed();
    return std::pair(connection, peer.value());
}

Result<void> connect_unix(int fd, const UnixAddr& peer) {
    NativeName name(peer);
    return result_of(again([&] { return ::connect(fd, name.any(), name.size); }));
}

Result<std::size_t> send_to_unix(int fd, std::span<const std::byte> datagram, const UnixAddr& to) {
    NativeName name(to);
    const ssize_t count = again([&] {
        return ::sendto(fd, datagram.data(), datagram.size(), MSG_NOSIGNAL, name.any(), name.size);
    });
    if (count < 0) return failed();
    return static_cast<std::size_t>(count);
}

Result<UnixDatagram::Received> receive_from_unix(int fd, std::span<std::byte> into, Keep keep) {
    NativeName sender;
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
    return UnixDatagram::Received{static_cast<std::size_t>(count), sender.value(),
                                  (message.msg_flags & MSG_TRUNC) != 0};
}

Result<UnixAddr> unix_local_addr(int fd) {
    NativeName name;
    if (::getsockname(fd, name.any(), &name.size) < 0) return failed();
    return name.value();
}

Result<UnixAddr> unix_peer_addr(int fd) {
    NativeName name;
    if (::getpeername(fd, name.any(), &name.size) < 0) return failed();
    return name.value();
}

Result<void> remove_unix_file(std::string_view path) {
    const std::string name(path);
    struct stat about;
    if (::lstat(name.c_str(), &about) < 0) return failed();
    if (!S_ISSOCK(about.st_mode)) return fail(Errc::not_permitted, "it is no socket");
    return result_of(::unlink(name.c_str()));
}

} // namespace hws::backend::system
