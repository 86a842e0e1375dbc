#pragma once
/// ICMP over dialect v1 (icmp_send, icmp_recv).

#include "v1.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <hws/icmp_socket.hpp>
#include <hws/result.hpp>
#include <span>
#include <string_view>

namespace hws::backend {

/// v1 has one ICMP socket for each plugin, which is always open.
class IcmpSocket : public Socket {
public:
    static Result<IcmpSocket> open() { return IcmpSocket(); }

    Result<void> send(std::string_view target, std::span<const std::byte> payload,
                      std::uint16_t sequence);
    Result<void> send(const IpAddr& target, std::span<const std::byte> payload,
                      std::uint16_t sequence) {
        return send(target.to_string(), payload, sequence);
    }
    /// Nothing: for weeks, which is the most that the host can be told.
    Result<IcmpResponse> receive(std::optional<std::chrono::nanoseconds> timeout);
    Result<void> set_hops(std::uint8_t hops);

private:
    IcmpSocket() : Socket("icmp", Peer{}) {}
};

} // namespace hws::backend
