#pragma once
/// `UdpSocket`: datagrams to and from one peer.
///
///     HWS_TRY(auto socket, hws::UdpSocket::connect("127.0.0.1:6000"));
///     HWS_CHECK(socket.send("Hello, UDP!"));
///     std::array<std::byte, 1500> buffer;
///     HWS_TRY(auto received, socket.recv_from(buffer));

#include <chrono>
#include <cstddef>
#include <hws/ip_addr.hpp>
#include <hws/result.hpp>
#include <hws/socket.hpp>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

namespace hws {

namespace backend {
class UdpSocket;
}

/// A UDP socket. Moves, does not copy; the destructor closes it. A socket that was moved from may
/// only be destroyed or assigned to.
///
/// Backend v1: the socket has one peer, given to connect; the deadline of a receive is the host's
/// (5 seconds unless the operator says otherwise). Methods marked (v2) return `unsupported` with
/// it.
class UdpSocket {
public:
    /// What recv_from has received: so many bytes, and from whom.
    struct Received {
        std::size_t bytes;
        SocketAddr from;
    };

    /// A socket whose peer is `host:port`; as for TcpStream::connect the host may be a name.
    /// Errors: invalid_argument (not host:port), io (denied, unknown name, ...: see the host's
    /// log).
    /// Source: abi udp_connect.
    static Result<UdpSocket> connect(std::string_view address);
    static Result<UdpSocket> connect(const SocketAddr& peer);
    /// (v2) A socket with the given local address `host:port` and no peer; port 0 lets the host
    /// choose.
    static Result<UdpSocket> bind(std::string_view local);

    UdpSocket(UdpSocket&& other) noexcept;
    UdpSocket& operator=(UdpSocket&& other) noexcept;
    ~UdpSocket();

    /// Sends one datagram to the peer; it may be empty. Returns its size.
    /// Errors: message_too_long beyond 65,507 bytes, io.
    /// Source: abi udp_send.
    Result<std::size_t> send(std::span<const std::byte> datagram);
    Result<std::size_t> send(std::string_view text) { return send(bytes_of(text)); }
    /// (v2) Sends one datagram to `peer`.
    Result<std::size_t> send_to(std::span<const std::byte> datagram, const SocketAddr& peer);

    /// Receives one datagram, cut to `into.size()` bytes. 0 is an empty datagram.
    /// Errors: timed_out (backend v1: or the socket is broken; it can't tell).
    /// Source: abi udp_recv.
    Result<std::size_t> recv(std::span<std::byte> into);

    /// The same with the sender's address.
    /// Backend v1: it is the peer, because only the peer's datagrams arrive; unsupported if the
    /// peer was given by name (recv works).
    Result<Received> recv_from(std::span<std::byte> into);

    /// The peer's address.
    /// Backend v1: unsupported if it was given by name.
    Result<SocketAddr> peer_addr() const;
    /// (v2) The address of this end.
    Result<SocketAddr> local_addr() const;

    /// (v2) As TcpStream's.
    Result<void> set_read_timeout(std::optional<std::chrono::nanoseconds> timeout);
    Result<void> set_write_timeout(std::optional<std::chrono::nanoseconds> timeout);
    Result<std::optional<std::chrono::nanoseconds>> read_timeout() const;
    Result<std::optional<std::chrono::nanoseconds>> write_timeout() const;
    Result<void> set_blocking(Blocking blocking);
    Result<void> set_ttl(std::uint32_t hops);
    Result<std::uint32_t> ttl() const;
    Result<std::optional<Error>> take_error();

    /// (v2) Whether datagrams may go to a broadcast address.
    Result<void> set_broadcast(Switch broadcast);
    Result<Switch> broadcast() const;

private:
    explicit UdpSocket(std::unique_ptr<backend::UdpSocket> socket);
    std::unique_ptr<backend::UdpSocket> socket_;
};

} // namespace hws
