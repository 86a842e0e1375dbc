#include "../backend/backend.hpp"
#include "socket_option_access.hpp"

#include <hws/udp_socket.hpp>

namespace hws {

using backend::SocketOption;

namespace {
// 65,535 less the headers of IPv4 (20) and UDP (8); IPv6 would allow 20 more, which no path
// carries.
constexpr std::size_t max_datagram_bytes = 65507;
} // namespace

UdpSocket::UdpSocket(std::unique_ptr<backend::UdpSocket> socket) : socket_(std::move(socket)) {}
UdpSocket::UdpSocket(UdpSocket&&) noexcept = default;
UdpSocket& UdpSocket::operator=(UdpSocket&&) noexcept = default;
UdpSocket::~UdpSocket() = default;

Result<UdpSocket> UdpSocket::connect(std::string_view address) {
    HWS_TRY(auto peer, backend::Peer::parse(address));
    HWS_TRY(auto socket, backend::UdpSocket::connect(std::move(peer)));
    return UdpSocket(std::make_unique<backend::UdpSocket>(std::move(socket)));
}

Result<UdpSocket> UdpSocket::connect(const SocketAddr& peer) {
    HWS_TRY(auto socket, backend::UdpSocket::connect(backend::Peer::of(peer)));
    return UdpSocket(std::make_unique<backend::UdpSocket>(std::move(socket)));
}

Result<UdpSocket> UdpSocket::bind(std::string_view local) {
    HWS_TRY(auto socket, backend::UdpSocket::bind(local));
    return UdpSocket(std::make_unique<backend::UdpSocket>(std::move(socket)));
}

Result<std::size_t> UdpSocket::send(std::span<const std::byte> datagram) {
    if (datagram.size() > max_datagram_bytes)
        return fail(Errc::message_too_long,
                    "udp send: a datagram of " + std::to_string(datagram.size()) + " bytes");
    return socket_->send(datagram);
}

Result<std::size_t> UdpSocket::send_to(std::span<const std::byte> datagram,
                                       const SocketAddr& peer) {
    return socket_->send_to(datagram, peer);
}

Result<std::size_t> UdpSocket::recv(std::span<std::byte> into) {
    return socket_->receive(into);
}

Result<UdpSocket::Received> UdpSocket::recv_from(std::span<std::byte> into) {
    // Asked first, so that no datagram is lost when the sender can't be told.
    HWS_TRY(const SocketAddr from, peer_addr());
    HWS_TRY(const std::size_t bytes, recv(into));
    return Received{bytes, from};
}

Result<SocketAddr> UdpSocket::peer_addr() const {
    return socket_->peer_addr();
}

Result<SocketAddr> UdpSocket::local_addr() const {
    return socket_->local_addr();
}

Result<void> UdpSocket::set_read_timeout(std::optional<std::chrono::nanoseconds> timeout) {
    return guest::set_timeout(*socket_, SocketOption::read_timeout, timeout);
}

Result<void> UdpSocket::set_write_timeout(std::optional<std::chrono::nanoseconds> timeout) {
    return guest::set_timeout(*socket_, SocketOption::write_timeout, timeout);
}

Result<std::optional<std::chrono::nanoseconds>> UdpSocket::read_timeout() const {
    return guest::timeout(*socket_, SocketOption::read_timeout);
}

Result<std::optional<std::chrono::nanoseconds>> UdpSocket::write_timeout() const {
    return guest::timeout(*socket_, SocketOption::write_timeout);
}

Result<void> UdpSocket::set_blocking(Blocking blocking) {
    return socket_->set_option(SocketOption::blocking, blocking == Blocking::waits);
}

Result<void> UdpSocket::set_ttl(std::uint32_t hops) {
    return socket_->set_option(SocketOption::time_to_live, hops);
}

Result<std::uint32_t> UdpSocket::ttl() const {
    HWS_TRY(const std::int64_t hops, socket_->option(SocketOption::time_to_live));
    return static_cast<std::uint32_t>(hops);
}

Result<std::optional<Error>> UdpSocket::take_error() {
    return guest::take_error(*socket_);
}

Result<void> UdpSocket::set_broadcast(Switch broadcast) {
    return socket_->set_option(SocketOption::broadcast, broadcast == Switch::on);
}

Result<Switch> UdpSocket::broadcast() const {
    return guest::switch_of(*socket_, SocketOption::broadcast);
}

} // namespace hws
