#pragma once
/// Sockets that send echo requests: unprivileged ping sockets and raw sockets, IPv4 and IPv6,
/// always non-blocking. Source: icmp(7) (ping_group_range), raw(7), ip(7) (IP_RECVERR, IP_RECVTTL),
/// ipv6(7), RFC 3542 (ICMP6_FILTER).

#include "os/fd.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <hws/ip_addr.hpp>
#include <optional>
#include <span>
#include <string>

namespace hws::host::os {

/// `ping`: SOCK_DGRAM; the kernel gives it only echo replies that carry its identifier, and errors
/// through a queue. `raw`: SOCK_RAW; sees copies of the whole machine's ICMP, so a filter in the
/// kernel narrows it to its identifier.
enum class IcmpSocketKind : std::uint8_t { ping, raw };

class IcmpSocket {
public:
    /// A socket of the family of `family_of` whose echo requests carry `identifier` (not 0).
    /// Errors: not_permitted (the kernel refuses this kind to this process),
    /// protocol_not_supported, family_not_supported, address_in_use (ping: another ping socket of
    /// the machine has the identifier), too_many_handles, io.
    static Result<IcmpSocket> open(IcmpSocketKind kind, const IpAddr& family_of,
                                   std::uint16_t identifier);

    int fd() const { return fd_.get(); }
    IcmpSocketKind kind() const { return kind_; }

    /// Sends the header and what follows as one message. `ttl`: hops of this packet, else the
    /// system's default. Errors: rate_limited (the socket's buffer is full), host_unreachable,
    /// network_unreachable, message_too_long, not_permitted (a packet filter), invalid_argument,
    /// ...
    Result<void> send(const SocketAddr& target, std::span<const std::byte> header,
                      std::span<const std::byte> payload, std::optional<std::uint8_t> ttl);

    /// Something that arrived. `size` bytes of the buffer are its message: a raw IPv4 socket's
    /// begin with the IP header.
    struct Arrival {
        std::size_t size = 0;
        SocketAddr source;
        std::optional<std::uint8_t> ttl;
        std::chrono::nanoseconds age{0}; ///< how long it lay in the kernel
    };
    /// Errors: would_block; any other one is a note about an earlier packet, and the next call may
    /// succeed.
    Result<Arrival> receive(std::span<std::byte> into);

    /// An ICMP error of the error queue; ping sockets only. The buffer has the request it is about,
    /// from its ICMP header on.
    struct QueuedError {
        std::size_t size = 0;
        SocketAddr offender; ///< who sent the error
        SocketAddr target;   ///< where the request went
        std::uint8_t type = 0;
        std::uint8_t code = 0;
        std::optional<std::uint8_t> ttl;
        std::chrono::nanoseconds age{0};
    };
    /// Errors: would_block; nothing that came from the network (a note of this machine's own) is
    /// skipped.
    Result<QueuedError> receive_error(std::span<std::byte> into);

private:
    IcmpSocket(Fd fd, IcmpSocketKind kind, bool is_ipv4)
        : fd_(std::move(fd)), kind_(kind), is_ipv4_(is_ipv4) {}
    Result<void> set_ttl(std::optional<std::uint8_t> ttl);

    Fd fd_;
    IcmpSocketKind kind_;
    bool is_ipv4_;
    std::optional<std::uint8_t> ttl_;
};

/// What to tell someone whose process may open neither kind: what is missing and how to grant it.
std::string icmp_permission_advice();

/// 16 bits nobody can guess, from the kernel.
std::uint16_t random_identifier();

} // namespace hws::host::os
