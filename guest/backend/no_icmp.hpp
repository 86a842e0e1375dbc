#pragma once
/// For backends that have no ICMP: opening says so, and nothing more can be asked for.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <hws/icmp_socket.hpp>
#include <hws/result.hpp>
#include <span>
#include <string_view>

namespace hws::backend {

class IcmpSocket {
public:
    static Result<IcmpSocket> open() { return unsupported(); }

    Result<void> send(std::string_view, std::span<const std::byte>, std::uint16_t) {
        return unsupported();
    }
    Result<IcmpResponse> receive(std::chrono::nanoseconds) { return unsupported(); }

private:
    static std::unexpected<Error> unsupported() {
        return fail(Errc::unsupported, "icmp: this backend of the SDK has no ICMP");
    }
};

} // namespace hws::backend
