#pragma once
/// Unix sockets, owned: the same class with every backend. Backend v1 has none (no_unix.cpp).

#include "../src/socket_option.hpp"

#include <cstddef>
#include <cstdint>
#include <hws/result.hpp>
#include <hws/socket.hpp>
#include <hws/unix_addr.hpp>
#include <hws/unix_datagram.hpp>
#include <span>
#include <string_view>
#include <utility>

namespace hws::backend {

enum class UnixKind : std::uint8_t { stream, datagram };
enum class UnixKeep : std::uint8_t { takes, peeks };

/// Moves, does not copy; closes its descriptor.
class UnixSocket {
public:
    static Result<UnixSocket> open(UnixKind kind);
    static Result<std::pair<UnixSocket, UnixSocket>> pair(UnixKind kind);
    static Result<UnixSocket> from_fd(int fd);
    UnixSocket(UnixSocket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    UnixSocket& operator=(UnixSocket&&) = delete;
    ~UnixSocket();

    int fd() const { return fd_; }
    int release() { return std::exchange(fd_, -1); }
    Result<UnixSocket> duplicate() const;

    Result<void> bind(const UnixAddr& local);
    Result<void> listen();
    Result<std::pair<UnixSocket, UnixAddr>> accept();
    Result<void> connect(const UnixAddr& peer);

    Result<std::size_t> receive(std::span<std::byte> into, UnixKeep keep);
    Result<std::size_t> receive(std::span<const std::span<std::byte>> into);
    Result<UnixDatagram::Received> receive_from(std::span<std::byte> into, UnixKeep keep);
    Result<std::size_t> send(std::span<const std::byte> from);
    Result<std::size_t> send(std::span<const std::span<const std::byte>> from);
    Result<std::size_t> send_to(std::span<const std::byte> datagram, const UnixAddr& peer);
    Result<void> shutdown(Shutdown how);

    Result<UnixAddr> local_addr() const;
    Result<UnixAddr> peer_addr() const;
    Result<void> set_blocking(Blocking blocking);
    Result<void> set_option(SocketOption option, std::int64_t value);
    Result<std::int64_t> option(SocketOption option) const;

private:
    explicit UnixSocket(int fd) : fd_(fd) {}
    int fd_;
};

Result<void> remove_unix_file(std::string_view path);

} // namespace hws::backend
