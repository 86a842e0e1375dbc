#pragma once
/// Backend v1: the eleven functions of module `env` (abi/v1.def). Runs on every host that existing
/// plugins run on. What these functions can't express is `unsupported`, with a sentence. They say
/// that something failed, not why: the code is then the likeliest one, and the reason is in the
/// host's log.

#include "../src/peer.hpp"
#include "../src/poll_item.hpp"
#include "../src/socket_option.hpp"
#include "import.hpp"

#include <chrono>
#include <cstdint>
#include <hws/ip_addr.hpp>
#include <hws/result.hpp>
#include <hws/socket.hpp>
#include <lower.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hws::backend {

namespace v1 {

using abi::Block;

namespace imports {
extern "C" {
#define ABI_FUNCTION(name, signature, wait, sentence)                                              \
    HWS_IMPORT("env", #name) abi::lowered_t<signature> hws_env_##name;
#include <v1.def>
#undef ABI_FUNCTION
}
} // namespace imports

#define ABI_FUNCTION(name, signature, wait, sentence)                                              \
    inline constexpr auto name = abi::typed_call<signature, &imports::hws_env_##name>;
#include <v1.def>
#undef ABI_FUNCTION

/// What v1 says of a failure: nothing but that there was one.
std::unexpected<Error> failed(Errc code, std::string_view operation, std::string_view target = {});
std::unexpected<Error> unsupported(std::string_view operation, std::string_view reason);

} // namespace v1

/// What v1 can't do with any socket.
class Socket {
public:
    int fd() const { return -1; }
    int release() { return -1; }

    Result<SocketAddr> local_addr() const;
    Result<void> set_blocking(Blocking blocking);
    Result<void> set_option(SocketOption option, std::int64_t value);
    Result<std::int64_t> option(SocketOption option) const;

protected:
    Socket(std::string_view kind, Peer peer) : kind_(kind), peer_(std::move(peer)) {}
    Result<SocketAddr> known_peer(std::string_view operation) const;
    std::unexpected<Error> unsupported(std::string_view operation, std::string_view reason) const;

    std::string_view kind_; // "tcp" or "udp"
    Peer peer_;
};

class TcpSocket : public Socket {
public:
    static Result<TcpSocket> connect(Peer peer, std::optional<std::chrono::nanoseconds> timeout);
    static Result<TcpSocket> from_fd(int fd);
    TcpSocket(TcpSocket&& other) noexcept
        : Socket(std::move(other)), id_(std::exchange(other.id_, 0)),
          arrived_(std::move(other.arrived_)), taken_(std::exchange(other.taken_, 0)) {}
    TcpSocket& operator=(TcpSocket&&) = delete;
    ~TcpSocket() { close(); }

    Result<TcpSocket> duplicate() const;
    Result<std::size_t> read(std::span<std::byte> into);
    /// Into the first buffer that has room.
    Result<std::size_t> read(std::span<const std::span<std::byte>> into);
    Result<std::size_t> peek(std::span<std::byte> into);
    Result<std::size_t> write(std::span<const std::byte> from);
    /// From the first buffer that has bytes.
    Result<std::size_t> write(std::span<const std::span<const std::byte>> from);
    Result<void> shutdown(Shutdown how);
    Result<SocketAddr> peer_addr() const { return known_peer("peer_addr"); }

private:
    TcpSocket(std::int32_t id, Peer peer) : Socket("tcp", std::move(peer)), id_(id) {}
    void close();
    bool fill(std::size_t wanted_bytes);

    std::int32_t id_;
    // What came beyond the caller's buffer. Kept in our memory and not as a kernel block: a stream
    // may outlive the call of an export, and the host frees all blocks at the next.
    std::vector<std::byte> arrived_;
    std::size_t taken_ = 0;
};

/// There are none.
class TcpListener : public Socket {
public:
    static Result<TcpListener> bind(const SocketAddr& local);
    static Result<TcpListener> from_fd(int fd);
    Result<TcpListener> duplicate() const;
    Result<std::pair<TcpSocket, SocketAddr>> accept();

private:
    TcpListener() : Socket("tcp", {}) {}
};

class UdpSocket : public Socket {
public:
    static Result<UdpSocket> connect(Peer peer);
    static Result<UdpSocket> bind(const SocketAddr& local);
    static Result<UdpSocket> from_fd(int fd);
    UdpSocket(UdpSocket&& other) noexcept
        : Socket(std::move(other)), id_(std::exchange(other.id_, 0)) {}
    UdpSocket& operator=(UdpSocket&&) = delete;
    ~UdpSocket();

    Result<UdpSocket> duplicate() const;
    Result<void> connect_to(const SocketAddr& peer);
    Result<std::size_t> send(std::span<const std::byte> datagram);
    Result<std::size_t> send_to(std::span<const std::byte> datagram, const SocketAddr& peer);
    Result<std::size_t> receive(std::span<std::byte> into);
    Result<std::size_t> peek(std::span<std::byte> into);
    /// From the peer, because only the peer's datagrams arrive.
    Result<Datagram> receive_from(std::span<std::byte> into);
    Result<Datagram> peek_from(std::span<std::byte> into);
    Result<SocketAddr> peer_addr() const { return known_peer("peer_addr"); }

    Result<void> join(Ipv4Addr group, Ipv4Addr interface);
    Result<void> join(Ipv6Addr group, std::uint32_t interface);
    Result<void> leave(Ipv4Addr group, Ipv4Addr interface);
    Result<void> leave(Ipv6Addr group, std::uint32_t interface);

private:
    UdpSocket(std::int32_t id, Peer peer) : Socket("udp", std::move(peer)), id_(id) {}

    std::int32_t id_;
};

/// An address is its own; names are looked up by connecting only.
Result<std::vector<SocketAddr>> resolve(const Peer& peer);

Result<std::size_t> poll(std::span<PollItem> items,
                         std::optional<std::chrono::nanoseconds> timeout);

} // namespace hws::backend
