#pragma once
/// ICMP over dialect v1 (icmp_send, icmp_recv).

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <hws/icmp_socket.hpp>
#include <hws/result.hpp>
#include <span>
#include <string_view>

namespace hws::backend {

/// v1 has one ICMP socket for each plugin, which is always open.
class IcmpSocket {
public:
    static Result<IcmpSocket> open() { return IcmpSocket(); }

    Result<void> send(std::string_view target, std::span<const std::byte> payload,
                      std::uint16_t sequence);
    Result<IcmpResponse> receive(std::chrono::nanoseconds timeout);
};

} // namespace hws::backend
