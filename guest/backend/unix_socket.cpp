// Unix sockets over descriptors: backends v2 and native.

#include "unix_socket.hpp"

#include "unix_system.hpp"

#include <string>

namespace hws::backend {
namespace {

system::Kind kind_of(UnixKind kind) {
    return kind == UnixKind::stream ? system::Kind::stream : system::Kind::datagram;
}

system::Keep keep_of(UnixKeep keep) {
    return keep == UnixKeep::peeks ? system::Keep::peeks : system::Keep::takes;
}

/// The error of an operation: `timed_out` where the socket waits, for then it has waited as long as
/// it may.
template <class T> Result<T> told(Result<T> result, int fd, const char* operation) {
    if (result || result.error() == Errc::in_progress) return result;
    Error& error = result.error();
    if (error == Errc::would_block) {
        const auto blocking = system::blocking(fd);
        if (blocking && *blocking == Blocking::waits)
            return fail(Errc::timed_out, std::string(operation) + ": nothing in time");
        return result;
    }
    if (!error.context().empty()) return result;
    return fail(error.code(), operation);
}

constexpr std::uint32_t backlog = 128;

} // namespace

UnixSocket::~UnixSocket() {
    if (fd_ >= 0) system::close(fd_);
}

Result<UnixSocket> UnixSocket::open(UnixKind kind) {
    HWS_TRY(const int fd, system::open_unix(kind_of(kind)));
    return UnixSocket(fd);
}

Result<std::pair<UnixSocket, UnixSocket>> UnixSocket::pair(UnixKind kind) {
    HWS_TRY(const auto fds, system::open_unix_pair(kind_of(kind)));
    return std::pair(UnixSocket(fds.first), UnixSocket(fds.second));
}

Result<UnixSocket> UnixSocket::from_fd(int fd) {
    return UnixSocket(fd);
}

Result<UnixSocket> UnixSocket::duplicate() const {
    HWS_TRY(const int copy, system::duplicate(fd_));
    return UnixSocket(copy);
}

Result<void> UnixSocket::bind(const UnixAddr& local) {
    return told(system::bind_unix(fd_, local), fd_, "unix bind");
}

Result<void> UnixSocket::listen() {
    return told(system::listen(fd_, backlog), fd_, "unix listen");
}

Result<std::pair<UnixSocket, UnixAddr>> UnixSocket::accept() {
    HWS_TRY(auto accepted, told(system::accept_unix(fd_), fd_, "unix accept"));
    return std::pair(UnixSocket(accepted.first), std::move(accepted.second));
}

Result<void> UnixSocket::connect(const UnixAddr& peer) {
    return told(system::connect_unix(fd_, peer), fd_, "unix connect");
}

Result<std::size_t> UnixSocket::receive(std::span<std::byte> into, UnixKeep keep) {
    return told(system::receive(fd_, into, keep_of(keep)), fd_, "unix read");
}

Result<std::size_t> UnixSocket::receive(std::span<const std::span<std::byte>> into) {
    return told(system::receive(fd_, into), fd_, "unix read");
}

Result<UnixDatagram::Received> UnixSocket::receive_from(std::span<std::byte> into, UnixKeep keep) {
    return told(system::receive_from_unix(fd_, into, keep_of(keep)), fd_, "unix recv_from");
}

Result<std::size_t> UnixSocket::send(std::span<const std::byte> from) {
    return told(system::send(fd_, from), fd_, "unix write");
}

Result<std::size_t> UnixSocket::send(std::span<const std::span<const std::byte>> from) {
    return told(system::send(fd_, from), fd_, "unix write");
}

Result<std::size_t> UnixSocket::send_to(std::span<const std::byte> datagram, const UnixAddr& peer) {
    return told(system::send_to_unix(fd_, datagram, peer), fd_, "unix send_to");
}

Result<void> UnixSocket::shutdown(Shutdown how) {
    return told(system::shutdown(fd_, how), fd_, "unix shutdown");
}

Result<UnixAddr> UnixSocket::local_addr() const {
    return told(system::unix_local_addr(fd_), fd_, "unix local_addr");
}

Result<UnixAddr> UnixSocket::peer_addr() const {
    return told(system::unix_peer_addr(fd_), fd_, "unix peer_addr");
}

Result<void> UnixSocket::set_blocking(Blocking blocking) {
    return system::set_blocking(fd_, blocking);
}

Result<void> UnixSocket::set_option(SocketOption option, std::int64_t value) {
    return system::set_option(fd_, option, value);
}

Result<std::int64_t> UnixSocket::option(SocketOption option) const {
    return system::option(fd_, option);
}

Result<void> remove_unix_file(std::string_view path) {
    return system::remove_unix_file(path);
}

} // namespace hws::backend
