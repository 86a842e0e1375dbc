#include "../backend/backend.hpp"
#include "socket_option_access.hpp"

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
    return socket_->send(target, payload, seq);
}

Result<IcmpResponse> IcmpSocket::recv(std::chrono::nanoseconds timeout) {
    return socket_->receive(timeout);
}

Result<IcmpResponse> IcmpSocket::recv() {
    return socket_->receive(std::nullopt);
}

Result<void> IcmpSocket::set_ttl(std::uint32_t hops) {
    if (hops == 0 || hops > 255)
        return fail(Errc::invalid_argument, "set_ttl: packets pass 1 to 255 routers");
    return socket_->set_hops(static_cast<std::uint8_t>(hops));
}

Result<void> IcmpSocket::set_read_timeout(std::optional<std::chrono::nanoseconds> timeout) {
    return guest::set_timeout(*socket_, backend::SocketOption::read_timeout, timeout);
}

Result<void> IcmpSocket::set_blocking(Blocking blocking) {
    return socket_->set_blocking(blocking);
}

int IcmpSocket::as_raw_fd() const {
    return socket_->fd();
}

} // namespace hws
