#include "../backend/unix_socket.hpp"
#include "socket_option_access.hpp"

#include <hws/unix_datagram.hpp>

namespace hws {

using backend::SocketOption;
using backend::UnixKeep;
using backend::UnixKind;

namespace {

UnixDatagram made(backend::UnixSocket socket) {
    return UnixDatagram(std::make_unique<backend::UnixSocket>(std::move(socket)));
}

} // namespace

UnixDatagram::UnixDatagram(std::unique_ptr<backend::UnixSocket> socket) : socket_(std::move(socket)) {}
UnixDatagram::UnixDatagram(UnixDatagram&&) noexcept = default;
UnixDatagram& UnixDatagram::operator=(UnixDatagram&&) noexcept = default;
UnixDatagram::~UnixDatagram() = default;

Result<UnixDatagram> UnixDatagram::bind(std::string_view path) {
    HWS_TRY(const UnixAddr local, UnixAddr::from_pathname(path));
    return bind(local);
}

Result<UnixDatagram> UnixDatagram::bind(const UnixAddr& local) {
    HWS_TRY(auto socket, backend::UnixSocket::open(UnixKind::datagram));
    HWS_CHECK(socket.bind(local));
    return made(std::move(socket));
}

Result<UnixDatagram> UnixDatagram::unbound() {
    HWS_TRY(auto socket, backend::UnixSocket::open(UnixKind::datagram));
    return made(std::move(socket));
}

Result<std::pair<UnixDatagram, UnixDatagram>> UnixDatagram::pair() {
    HWS_TRY(auto ends, backend::UnixSocket::pair(UnixKind::datagram));
    return std::pair(made(std::move(ends.first)), made(std::move(ends.second)));
}

Result<void> UnixDatagram::connect_to(std::string_view path) {
    HWS_TRY(const UnixAddr peer, UnixAddr::from_pathname(path));
    return connect_to(peer);
}

Result<void> UnixDatagram::connect_to(const UnixAddr& peer) {
    return socket_->connect(peer);
}

Result<std::size_t> UnixDatagram::send(std::span<const std::byte> datagram) {
    return socket_->send(datagram);
}

Result<std::size_t> UnixDatagram::send_to(std::span<const std::byte> datagram, const UnixAddr& peer) {
    return socket_->send_to(datagram, peer);
}

Result<std::size_t> UnixDatagram::send_to(std::span<const std::byte> datagram, std::string_view path) {
    HWS_TRY(const UnixAddr peer, UnixAddr::from_pathname(path));
    return send_to(datagram, peer);
}

Result<std::size_t> UnixDatagram::recv(std::span<std::byte> into) {
    return socket_->receive(into, UnixKeep::takes);
}

Result<UnixDatagram::Received> UnixDatagram::recv_from(std::span<std::byte> into) {
    return socket_->receive_from(into, UnixKeep::takes);
}

Result<std::size_t> UnixDatagram::peek(std::span<std::byte> into) {
    return socket_->receive(into, UnixKeep::peeks);
}

Result<UnixDatagram::Received> UnixDatagram::peek_from(std::span<std::byte> into) {
    return socket_->receive_from(into, UnixKeep::peeks);
}

Result<void> UnixDatagram::shutdown(Shutdown how) {
    return socket_->shutdown(how);
}

Result<UnixAddr> UnixDatagram::local_addr() const {
    return socket_->local_addr();
}

Result<UnixAddr> UnixDatagram::peer_addr() const {
    return socket_->peer_addr();
}

Result<UnixDatagram> UnixDatagram::try_clone() const {
    HWS_TRY(auto socket, socket_->duplicate());
    return made(std::move(socket));
}

Result<void> UnixDatagram::set_blocking(Blocking blocking) {
    return socket_->set_blocking(blocking);
}

Result<std::optional<Error>> UnixDatagram::take_error() {
    return guest::take_error(*socket_);
}

int UnixDatagram::as_raw_fd() const {
    return socket_->fd();
}

int UnixDatagram::into_raw_fd() && {
    return std::exchange(socket_, nullptr)->release();
}

Result<UnixDatagram> UnixDatagram::from_raw_fd(int fd) {
    HWS_TRY(auto socket, backend::UnixSocket::from_fd(fd));
    return made(std::move(socket));
}

Result<void> UnixDatagram::set_read_timeout(std::optional<std::chrono::nanoseconds> timeout) {
    return guest::set_timeout(*socket_, SocketOption::read_timeout, timeout);
}

Result<void> UnixDatagram::set_write_timeout(std::optional<std::chrono::nanoseconds> timeout) {
    return guest::set_timeout(*socket_, SocketOption::write_timeout, timeout);
}

Result<std::optional<std::chrono::nanoseconds>> UnixDatagram::read_timeout() const {
    return guest::timeout(*socket_, SocketOption::read_timeout);
}

Result<std::optional<std::chrono::nanoseconds>> UnixDatagram::write_timeout() const {
    return guest::timeout(*socket_, SocketOption::write_timeout);
}

} // namespace hws
