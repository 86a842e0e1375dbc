#include "../backend/backend.hpp"

#include <hws/icmp_socket.hpp>

namespace hws {

IcmpSocket::IcmpSocket(std::unique_ptr<backend::IcmpSocket> socket) : socket_(std::move(socket)) {}
IcmpSocket::IcmpSocket(IcmpSocket&&) noexcept = default;
IcmpSocket& IcmpSocket::operator=(IcmpSocket&&) noexcept = default;
IcmpSocket::~IcmpSocket() = default;

Result<IcmpSocket> IcmpSocket::open() {
    HWS_TRY(auto socket, backend::IcmpSocket::open());
    return IcmpSocket(std::make_unique<backend::IcmpSocket>(std::move(socket)));
}

Result<void> IcmpSocket::send(std::string_view target, std::span<const std::byte> payload,
                              std::uint16_t seq) {
    return socket_->send(target, payload, seq);
}

Result<void> IcmpSocket::send(const IpAddr& target, std::span<const std::byte> payload,
                              std::uint16_t seq) {
    return socket_->send(target.to_string(), payload, seq);
}

Result<IcmpResponse> IcmpSocket::recv(std::chrono::nanoseconds timeout) {
    return socket_->receive(timeout);
}

} // namespace hws
