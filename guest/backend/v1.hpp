#pragma once
/// Backend v1: the eleven functions of module `env` (abi/v1.def). Runs on every host that existing
/// plugins run on. What these functions can't express is `unsupported`, with a sentence. They say
/// that something failed, not why: the code is then the likeliest one, and the reason is in the
/// host's log.

#include "../src/http_message.hpp"
#include "../src/socket_option.hpp"
#include "import.hpp"

#include <chrono>
#include <cstdint>
#include <hws/icmp_socket.hpp>
#include <hws/ip_addr.hpp>
#include <hws/result.hpp>
#include <hws/tcp_stream.hpp>
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

} // namespace v1

/// Where a connection was asked to go: the text the host gets, and the address if the text is one.
struct Peer {
    std::string text;
    std::optional<SocketAddr> address;

    /// Errors: invalid_argument when the text is not `host:port`.
    static Result<Peer> parse(std::string_view text);
    static Peer of(const SocketAddr& address);
    /// Errors: unsupported when a name was given: v1 does not tell which address the host chose.
    Result<SocketAddr> known_address(std::string_view operation) const;
};

class TcpSocket {
public:
    static Result<TcpSocket> connect(Peer peer, std::optional<std::chrono::nanoseconds> timeout);
    TcpSocket(TcpSocket&& other) noexcept
        : id_(std::exchange(other.id_, 0)), peer_(std::move(other.peer_)),
          arrived_(std::move(other.arrived_)), taken_(std::exchange(other.taken_, 0)) {}
    TcpSocket& operator=(TcpSocket&&) = delete;
    ~TcpSocket() { close(); }

    Result<std::size_t> read(std::span<std::byte> into);
    Result<std::size_t> peek(std::span<std::byte> into);
    Result<std::size_t> write(std::span<const std::byte> from);
    Result<void> shutdown(Shutdown how);
    Result<SocketAddr> peer_addr() const { return peer_.known_address("tcp peer_addr"); }
    Result<SocketAddr> local_addr() const;
    Result<void> set_option(SocketOption option, std::int64_t value);
    Result<std::int64_t> option(SocketOption option) const;

private:
    TcpSocket(std::int32_t id, Peer peer) : id_(id), peer_(std::move(peer)) {}
    void close();
    bool fill(std::size_t wanted_bytes);

    std::int32_t id_;
    Peer peer_;
    // What came beyond the caller's buffer. Kept in our memory and not as a kernel block: a stream
    // may outlive the call of an export, and the host frees all blocks at the next.
    std::vector<std::byte> arrived_;
    std::size_t taken_ = 0;
};

class UdpSocket {
public:
    static Result<UdpSocket> connect(Peer peer);
    static Result<UdpSocket> bind(std::string_view local);
    UdpSocket(UdpSocket&& other) noexcept
        : id_(std::exchange(other.id_, 0)), peer_(std::move(other.peer_)) {}
    UdpSocket& operator=(UdpSocket&&) = delete;
    ~UdpSocket();

    Result<std::size_t> send(std::span<const std::byte> datagram);
    Result<std::size_t> send_to(std::span<const std::byte> datagram, const SocketAddr& peer);
    Result<std::size_t> receive(std::span<std::byte> into);
    Result<SocketAddr> peer_addr() const { return peer_.known_address("udp peer_addr"); }
    Result<SocketAddr> local_addr() const;
    Result<void> set_option(SocketOption option, std::int64_t value);
    Result<std::int64_t> option(SocketOption option) const;

private:
    UdpSocket(std::int32_t id, Peer peer) : id_(id), peer_(std::move(peer)) {}

    std::int32_t id_;
    Peer peer_;
};

/// v1 has one ICMP socket for each plugin, which is always open.
class IcmpSocket {
public:
    static Result<IcmpSocket> open() { return IcmpSocket(); }

    Result<void> send(std::string_view target, std::span<const std::byte> payload,
                      std::uint16_t sequence);
    Result<IcmpResponse> receive(std::chrono::nanoseconds timeout);
};

/// One HTTP exchange, from the first byte out to the last byte in.
Result<HttpResponseMessage> exchange(const HttpRequestMessage& request);

} // namespace hws::backend
