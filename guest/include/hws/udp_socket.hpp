#pragma once
/// `UdpSocket`: datagrams, to and from one peer or many.
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
/// Waiting is TcpStream's: operations wait for at most the read or write timeout and then fail with
/// `timed_out`; after `set_blocking(Blocking::never_waits)` with `would_block`.
///
/// Backend v1: the socket has one peer, given to connect; the deadline of a receive is the host's
/// (5 seconds unless the operator says otherwise). Methods marked (not v1) return `unsupported`
/// there.
class UdpSocket {
public:
    using Received = Datagram;

    /// (not v1) A socket with the given local address `host:port` and no peer; port 0 lets the
    /// system choose (see local_addr).
    /// Errors: denied, address_in_use, address_not_available, invalid_argument (not host:port).
    /// Source: abi socket_bind.
    static Result<UdpSocket> bind(std::string_view local);
    static Result<UdpSocket> bind(const char* local) { return bind(std::string_view(local)); }
    static Result<UdpSocket> bind(const SocketAddr& local);
    /// The first of the addresses that can be had.
    static Result<UdpSocket> bind(std::span<const SocketAddr> locals);

    /// A socket of any local address whose peer is `host:port`; as for TcpStream::connect the host
    /// may be a name.
    /// Errors: invalid_argument (not host:port), denied, name_not_found.
    /// Source: abi connect_name, socket_connect; udp_connect.
    static Result<UdpSocket> connect(std::string_view address);
    static Result<UdpSocket> connect(const char* address) {
        return connect(std::string_view(address));
    }
    static Result<UdpSocket> connect(const SocketAddr& peer);
    /// The first of the peers that there is a way to.
    static Result<UdpSocket> connect(std::span<const SocketAddr> peers);

    /// (not v1) Gives this socket a peer, or another one: `send` and `recv` are then to and from
    /// it, and only its datagrams come in. What Rust's `UdpSocket::connect` does.
    /// Errors: denied, name_not_found (or resolving is denied), family_not_supported.
    Result<void> connect_to(std::string_view address);
    Result<void> connect_to(const char* address) { return connect_to(std::string_view(address)); }
    Result<void> connect_to(const SocketAddr& peer);
    Result<void> connect_to(std::span<const SocketAddr> peers);

    UdpSocket(UdpSocket&& other) noexcept;
    UdpSocket& operator=(UdpSocket&& other) noexcept;
    ~UdpSocket();

    /// Sends one datagram to the peer; it may be empty. Returns its size.
    /// Errors: message_too_long beyond 65,507 bytes, destination_required without a peer, refused
    /// (an earlier datagram found nobody there), would_block.
    /// Source: abi socket_send; udp_send.
    Result<std::size_t> send(std::span<const std::byte> datagram);
    Result<std::size_t> send(std::string_view text) { return send(bytes_of(text)); }
    /// (not v1) Sends one datagram to `peer`, whether the socket has another one or none. The
    /// policy is asked for each. With text: to the first of its addresses.
    /// Errors: denied, and those of send.
    Result<std::size_t> send_to(std::span<const std::byte> datagram, const SocketAddr& peer);
    Result<std::size_t> send_to(std::span<const std::byte> datagram, std::string_view peer);
    Result<std::size_t> send_to(std::span<const std::byte> datagram, const char* peer) {
        return send_to(datagram, std::string_view(peer));
    }

    /// Receives one datagram, cut to `into.size()` bytes. 0 is an empty datagram.
    /// Errors: timed_out (backend v1: or the socket is broken; it can't tell), would_block,
    /// refused (nobody is there where the last one was sent).
    /// Source: abi socket_receive; udp_recv.
    Result<std::size_t> recv(std::span<std::byte> into);

    /// The same with the sender's address.
    /// Backend v1: it is the peer, because only the peer's datagrams arrive; unsupported if the
    /// peer was given by name (recv works).
    Result<Received> recv_from(std::span<std::byte> into);

    /// (not v1) As recv and recv_from, but the datagram stays and is received again.
    Result<std::size_t> peek(std::span<std::byte> into);
    Result<Received> peek_from(std::span<std::byte> into);

    /// The peer's address.
    /// Errors: not_connected without one. Backend v1: unsupported if it was given by name.
    Result<SocketAddr> peer_addr() const;
    /// (not v1) The address of this end.
    Result<SocketAddr> local_addr() const;

    /// (not v1) As TcpStream's.
    Result<UdpSocket> try_clone() const;
    Result<void> set_read_timeout(std::optional<std::chrono::nanoseconds> timeout);
    Result<void> set_write_timeout(std::optional<std::chrono::nanoseconds> timeout);
    Result<std::optional<std::chrono::nanoseconds>> read_timeout() const;
    Result<std::optional<std::chrono::nanoseconds>> write_timeout() const;
    Result<void> set_blocking(Blocking blocking);
    Result<void> set_ttl(std::uint32_t hops);
    Result<std::uint32_t> ttl() const;
    Result<std::optional<Error>> take_error();

    /// (not v1) Whether datagrams may go to a broadcast address.
    Result<void> set_broadcast(Switch broadcast);
    Result<Switch> broadcast() const;

    /// (not v1) Joins or leaves a group on the interface with that address (0.0.0.0: the system
    /// chooses) or index (0: likewise).
    /// Errors: denied (policy: multicast), address_not_available (leaving what was not joined),
    /// address_in_use (joined already).
    /// Source: abi multicast_join, multicast_leave.
    Result<void> join_multicast_v4(Ipv4Addr group, Ipv4Addr interface);
    Result<void> join_multicast_v6(Ipv6Addr group, std::uint32_t interface);
    Result<void> leave_multicast_v4(Ipv4Addr group, Ipv4Addr interface);
    Result<void> leave_multicast_v6(Ipv6Addr group, std::uint32_t interface);

    /// (not v1) Whether what is sent to a group comes to this machine's members, too.
    Result<void> set_multicast_loop_v4(Switch loop);
    Result<Switch> multicast_loop_v4() const;
    Result<void> set_multicast_loop_v6(Switch loop);
    Result<Switch> multicast_loop_v6() const;
    /// (not v1) How many routers a datagram to a group may pass; 1 unless set.
    Result<void> set_multicast_ttl_v4(std::uint32_t hops);
    Result<std::uint32_t> multicast_ttl_v4() const;

    /// As TcpStream's.
    int as_raw_fd() const;
    int into_raw_fd() &&;
    static Result<UdpSocket> from_raw_fd(int fd);

private:
    explicit UdpSocket(std::unique_ptr<backend::UdpSocket> socket);
    std::unique_ptr<backend::UdpSocket> socket_;
};

} // namespace hws
