#pragma once
/// For backends that have no ICMP: opening says so, and nothing more can be asked for.

#include "descriptor_socket.hpp"

#include <hws/icmp_socket.hpp>

namespace hws::backend {

class IcmpSocket : public Socket {
public:
    static Result<IcmpSocket> open() { return unsupported(); }

    Result<void> send(std::string_view, std::span<const std::byte>, std::uint16_t) {
        return unsupported();
    }
    Result<void> send(const IpAddr&, std::span<const std::byte>, std::uint16_t) {
        return unsupported();
    }
    Result<IcmpResponse> receive(system::Timeout) { return unsupported(); }
    Result<void> set_hops(std::uint8_t) { return unsupported(); }

private:
    using Socket::Socket;
    static std::unexpected<Error> unsupported() {
        return fail(Errc::unsupported, "icmp: this backend of the SDK has no ICMP");
    }
};

} // namespace hws::backend
