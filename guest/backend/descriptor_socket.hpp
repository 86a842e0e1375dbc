#pragma once
/// Sockets that are descriptors, owned: backends v2 and native, which differ only below system.hpp.

#include "../src/peer.hpp"
#include "system.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <hws/result.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hws::backend {

/// What all kinds have in common. Moves, does not copy; closes its descriptor.
class Socket {
public:
    explicit Socket(int fd) : fd_(fd) {}
    Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Socket& operator=(Socket&&) = delete;
    ~Socket() {
        if (fd_ >= 0) system::close(fd_);
    }

    int fd() const { return fd_; }
    int release() { return std::exchange(fd_, -1); }

    Result<SocketAddr> local_addr() const;
    Result<SocketAddr> peer_addr() const;
    Result<void> set_blocking(Blocking blocking);
    Result<void> set_option(SocketOption option, std::int64_t value);
    Result<std::int64_t> option(SocketOption option) const;

protected:
    Result<int> duplicate_fd() const;

    /// The error of an operation that may have waited: `timed_out` where the socket waits, for then
    /// it has waited as long as it may.
    [[gnu::noinline]] std::unexpected<Error> failed(Error error, std::string_view operation) const;
    template <class T> Result<T> checked(Result<T> result, std::string_view operation) const {
        if (!result) [[unlikely]]
            return failed(std::move(result).error(), operation);
        return result;
    }

private:
    int fd_;
};

class TcpSocket : public Socket {
public:
    using Socket::Socket;

    static Result<TcpSocket> connect(const Peer& peer, system::Timeout timeout);
    static Result<TcpSocket> from_fd(int fd) { return TcpSocket(fd); }
    Result<TcpSocket> duplicate() const;

    // Linux waits for a byte even where there is no room for one.
    Result<std::size_t> read(std::span<std::byte> into) {
        if (into.empty()) return 0;
        return checked(system::receive(fd(), into, system::Keep::takes), "tcp read");
    }
    Result<std::size_t> read(std::span<const std::span<std::byte>> into) {
        if (has_no_room(into)) return 0;
        return checked(system::receive(fd(), into), "tcp read");
    }
    Result<std::size_t> peek(std::span<std::byte> into) {
        if (into.empty()) return 0;
        return checked(system::receive(fd(), into, system::Keep::peeks), "tcp peek");
    }
    Result<std::size_t> write(std::span<const std::byte> from) {
        return checked(system::send(fd(), from), "tcp write");
    }
    Result<std::size_t> write(std::span<const std::span<const std::byte>> from) {
        return checked(system::send(fd(), from), "tcp write");
    }
    Result<void> shutdown(Shutdown how) {
        return checked(system::shutdown(fd(), how), "tcp shutdown");
    }

private:
    static bool has_no_room(std::span<const std::span<std::byte>> into) {
        return std::ranges::all_of(into, [](auto buffer) { return buffer.empty(); });
    }
};

class TcpListener : public Socket {
public:
    using Socket::Socket;

    static Result<TcpListener> bind(const SocketAddr& local);
    static Result<TcpListener> from_fd(int fd) { return TcpListener(fd); }
    Result<TcpListener> duplicate() const;
    Result<std::pair<TcpSocket, SocketAddr>> accept();
};

class UdpSocket : public Socket {
public:
    using Socket::Socket;

    /// A socket with that peer.
    static Result<UdpSocket> connect(const Peer& peer);
    static Result<UdpSocket> bind(const SocketAddr& local);
    static Result<UdpSocket> from_fd(int fd) { return UdpSocket(fd); }
    Result<UdpSocket> duplicate() const;

    /// Gives this socket a peer.
    Result<void> connect_to(const SocketAddr& peer);

    Result<std::size_t> send(std::span<const std::byte> datagram) {
        return checked(system::send(fd(), datagram), "udp send");
    }
    Result<std::size_t> send_to(std::span<const std::byte> datagram, const SocketAddr& peer) {
        return checked(system::send_to(fd(), datagram, peer), "udp send_to");
    }
    Result<std::size_t> receive(std::span<std::byte> into) {
        return checked(system::receive(fd(), into, system::Keep::takes), "udp recv");
    }
    Result<std::size_t> peek(std::span<std::byte> into) {
        return checked(system::receive(fd(), into, system::Keep::peeks), "udp peek");
    }
    Result<Datagram> receive_from(std::span<std::byte> into) {
        return checked(system::receive_from(fd(), into, system::Keep::takes), "udp recv_from");
    }
    Result<Datagram> peek_from(std::span<std::byte> into) {
        return checked(system::receive_from(fd(), into, system::Keep::peeks), "udp peek_from");
    }

    Result<void> join(Ipv4Addr group, Ipv4Addr interface);
    Result<void> join(Ipv6Addr group, std::uint32_t interface);
    Result<void> leave(Ipv4Addr group, Ipv4Addr interface);
    Result<void> leave(Ipv6Addr group, std::uint32_t interface);
};

/// The addresses of `host:port`, whose port may be 0.
Result<std::vector<SocketAddr>> resolve(const Peer& peer);

using system::poll;

} // namespace hws::backend
