#include "../backend/backend.hpp"
#include "first_of.hpp"
#include "socket_option_access.hpp"

#include <hws/udp_socket.hpp>
#include <utility>

namespace hws {

using backend::SocketOption;

namespace {

// 65,535 less the headers of IPv4 (20) and UDP (8); IPv6 would allow 20 more, which no path
// carries.
constexpr std::size_t max_datagram_bytes = 65507;

Result<void> check_size(std::span<const std::byte> datagram) {
    if (datagram.size() <= max_datagram_bytes) return {};
    return fail(Errc::message_too_long,
                "udp send: a datagram of " + std::to_string(datagram.size()) + " bytes");
}

/// The addresses of `host:port` as somebody to send to.
Result<std::vector<SocketAddr>> addresses_of(std::string_view peer) {
    HWS_TRY(const auto parsed, backend::Peer::parse(peer));
    return backend::resolve(parsed);
}

} // namespace

UdpSocket::UdpSocket(std::unique_ptr<backend::UdpSocket> socket) : socket_(std::move(socket)) {}
UdpSocket::UdpSocket(UdpSocket&&) noexcept = default;
UdpSocket& UdpSocket::operator=(UdpSocket&&) noexcept = default;
UdpSocket::~UdpSocket() = default;

Result<UdpSocket> UdpSocket::bind(std::string_view local) {
    HWS_TRY(const auto peer, backend::Peer::parse(local, backend::PortZero::allowed));
    if (peer.address) return bind(*peer.address);
    HWS_TRY(const auto addresses, backend::resolve(peer));
    return bind(addresses);
}

Result<UdpSocket> UdpSocket::bind(const SocketAddr& local) {
    HWS_TRY(auto socket, backend::UdpSocket::bind(local));
    return UdpSocket(std::make_unique<backend::UdpSocket>(std::move(socket)));
}

Result<UdpSocket> UdpSocket::bind(std::span<const SocketAddr> locals) {
    return guest::first_of(locals, "udp bind", [](const SocketAddr& local) { return bind(local); });
}

Result<UdpSocket> UdpSocket::connect(std::string_view address) {
    HWS_TRY(auto peer, backend::Peer::parse(address));
    HWS_TRY(auto socket, backend::UdpSocket::connect(std::move(peer)));
    return UdpSocket(std::make_unique<backend::UdpSocket>(std::move(socket)));
}

Result<UdpSocket> UdpSocket::connect(const SocketAddr& peer) {
    HWS_TRY(auto socket, backend::UdpSocket::connect(backend::Peer::of(peer)));
    return UdpSocket(std::make_unique<backend::UdpSocket>(std::move(socket)));
}

Result<UdpSocket> UdpSocket::connect(std::span<const SocketAddr> peers) {
    return guest::first_of(peers, "udp connect",
                           [](const SocketAddr& peer) { return connect(peer); });
}

Result<void> UdpSocket::connect_to(std::string_view address) {
    HWS_TRY(const auto addresses, addresses_of(address));
    return connect_to(addresses);
}

Result<void> UdpSocket::connect_to(const SocketAddr& peer) {
    return socket_->connect_to(peer);
}

Result<void> UdpSocket::connect_to(std::span<const SocketAddr> peers) {
    return guest::first_of(peers, "udp connect",
                           [this](const SocketAddr& peer) { return connect_to(peer); });
}

Result<std::size_t> UdpSocket::send(std::span<const std::byte> datagram) {
    HWS_CHECK(check_size(datagram));
    return socket_->send(datagram);
}

Result<std::size_t> UdpSocket::send_to(std::span<const std::byte> datagram,
                                       const SocketAddr& peer) {
    HWS_CHECK(check_size(datagram));
    return socket_->send_to(datagram, peer);
}

Result<std::size_t> UdpSocket::send_to(std::span<const std::byte> datagram, std::string_view peer) {
    HWS_TRY(const auto addresses, addresses_of(peer));
    // Only one of them: whether it arrives nobody knows.
    if (addresses.empty()) return fail(Errc::name_not_found, "udp send_to " + std::string(peer));
    return send_to(datagram, addresses.front());
}

Result<std::size_t> UdpSocket::recv(std::span<std::byte> into) {
    return socket_->receive(into);
}

Result<UdpSocket::Received> UdpSocket::recv_from(std::span<std::byte> into) {
    return socket_->receive_from(into);
}

Result<std::size_t> UdpSocket::peek(std::span<std::byte> into) {
    return socket_->peek(into);
}

Result<UdpSocket::Received> UdpSocket::peek_from(std::span<std::byte> into) {
    return socket_->peek_from(into);
}

Result<SocketAddr> UdpSocket::peer_addr() const {
    return socket_->peer_addr();
}

Result<SocketAddr> UdpSocket::local_addr() const {
    return socket_->local_addr();
}

Result<UdpSocket> UdpSocket::try_clone() const {
    HWS_TRY(auto socket, socket_->duplicate());
    return UdpSocket(std::make_unique<backend::UdpSocket>(std::move(socket)));
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
    return socket_->set_blocking(blocking);
}

Result<void> UdpSocket::set_ttl(std::uint32_t hops) {
    return guest::set_ttl(*socket_, hops);
}

Result<std::uint32_t> UdpSocket::ttl() const {
    return guest::number_of(*socket_, SocketOption::time_to_live);
}

Result<std::optional<Error>> UdpSocket::take_error() {
    return guest::take_error(*socket_);
}

Result<void> UdpSocket::set_broadcast(Switch broadcast) {
    return guest::set_switch(*socket_, SocketOption::broadcast, broadcast);
}

Result<Switch> UdpSocket::broadcast() const {
    return guest::switch_of(*socket_, SocketOption::broadcast);
}

Result<void> UdpSocket::join_multicast_v4(Ipv4Addr group, Ipv4Addr interface) {
    return socket_->join(group, interface);
}

Result<void> UdpSocket::join_multicast_v6(Ipv6Addr group, std::uint32_t interface) {
    return socket_->join(group, interface);
}

Result<void> UdpSocket::leave_multicast_v4(Ipv4Addr group, Ipv4Addr interface) {
    return socket_->leave(group, interface);
}

Result<void> UdpSocket::leave_multicast_v6(Ipv6Addr group, std::uint32_t interface) {
    return socket_->leave(group, interface);
}

Result<void> UdpSocket::set_multicast_loop_v4(Switch loop) {
    return guest::set_switch(*socket_, SocketOption::multicast_loop_v4, loop);
}

Result<Switch> UdpSocket::multicast_loop_v4() const {
    return guest::switch_of(*socket_, SocketOption::multicast_loop_v4);
}

Result<void> UdpSocket::set_multicast_loop_v6(Switch loop) {
    return guest::set_switch(*socket_, SocketOption::multicast_loop_v6, loop);
}

Result<Switch> UdpSocket::multicast_loop_v6() const {
    return guest::switch_of(*socket_, SocketOption::multicast_loop_v6);
}

Result<void> UdpSocket::set_multicast_ttl_v4(std::uint32_t hops) {
    if (hops > 255)
        return fail(Errc::invalid_argument, "set_multicast_ttl_v4: packets pass 0 to 255 routers");
    return socket_->set_option(SocketOption::multicast_ttl_v4, hops);
}

Result<std::uint32_t> UdpSocket::multicast_ttl_v4() const {
    return guest::number_of(*socket_, SocketOption::multicast_ttl_v4);
}

int UdpSocket::as_raw_fd() const {
    return socket_->fd();
}

int UdpSocket::into_raw_fd() && {
    return std::exchange(socket_, nullptr)->release();
}

Result<UdpSocket> UdpSocket::from_raw_fd(int fd) {
    HWS_TRY(auto socket, backend::UdpSocket::from_fd(fd));
    return UdpSocket(std::make_unique<backend::UdpSocket>(std::move(socket)));
}

} // namespace hws
