#pragma once
/// ICMP over Linux's ping sockets (icmp(7)), one for each family.

#include "descriptor_socket.hpp"

#include <array>
#include <chrono>
#include <deque>
#include <hws/icmp_socket.hpp>
#include <memory>

namespace hws::backend {

/// Its descriptor is an epoll instance with both sockets in it, so that a Poller waits for either.
class IcmpSocket : public Socket {
public:
    /// For targets of both families. Errors: not_permitted (net.ipv4.ping_group_range has no group
    /// of this process).
    static Result<IcmpSocket> open();

    Result<void> send(std::string_view target, std::span<const std::byte> payload,
                      std::uint16_t sequence);
    Result<void> send(const IpAddr& target, std::span<const std::byte> payload,
                      std::uint16_t sequence);
    /// Nothing: as long as the socket's read timeout says.
    Result<IcmpResponse> receive(system::Timeout timeout);
    /// Of targets of both families.
    Result<void> set_hops(std::uint8_t hops);
    /// The read timeout, which an epoll instance has none of.
    Result<void> set_option(SocketOption option, std::int64_t value);

private:
    using Clock = std::chrono::steady_clock;
    enum class Family : std::uint8_t { v4, v6 };
    struct Pending {
        IpAddr target;
        std::uint16_t sequence;
        Clock::time_point sent;
    };

    using Socket::Socket;
    static Family family_of(const IpAddr& address) {
        return address.is_ipv4() ? Family::v4 : Family::v6;
    }
    std::optional<Socket>& socket_of(Family family) { return sockets_[std::size_t(family)]; }
    Result<void> open(Family family);
    /// The next that answers a request; nothing has come: would_block.
    Result<IcmpResponse> receive_now();
    Result<IcmpResponse> receive_from(Family family, int flags);
    std::optional<Pending> take_pending(const IpAddr& target, std::uint16_t sequence);

    std::array<std::optional<Socket>, 2> sockets_; ///< by family; opened at the first send to it
    std::optional<std::uint8_t> hops_;
    system::Timeout read_timeout_;
    std::deque<Pending> pending_;
    /// For one message, not zeroed: what it never reached takes no memory. Made at the first receive.
    std::unique_ptr<std::byte[]> room_;
};

} // namespace hws::backend
