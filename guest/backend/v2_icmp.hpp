#pragma once
/// ICMP over dialect v2: a descriptor of the type icmp_echo.

#include "descriptor_socket.hpp"

#include <hws/icmp_socket.hpp>
#include <memory>

namespace hws::backend {

class IcmpSocket : public Socket {
public:
    /// For targets of both families.
    static Result<IcmpSocket> open();

    Result<void> send(std::string_view target, std::span<const std::byte> payload,
                      std::uint16_t sequence);
    Result<void> send(const IpAddr& target, std::span<const std::byte> payload,
                      std::uint16_t sequence);
    /// Nothing: as long as the socket's read timeout says.
    Result<IcmpResponse> receive(system::Timeout timeout);
    /// Of targets of both families.
    Result<void> set_hops(std::uint8_t hops);

private:
    using Socket::Socket;
    /// For one message, not zeroed: what it never reached takes no memory. Made at the first receive.
    std::unique_ptr<std::byte[]> room_;
};

} // namespace hws::backend
