#include "../backend/backend.hpp"
#include "first_of.hpp"
#include "read_to_end.hpp"
#include "socket_option_access.hpp"
#include "whole_transfer.hpp"

#include <hws/tcp_stream.hpp>

namespace hws {

using backend::SocketOption;

TcpStream::TcpStream(std::unique_ptr<backend::TcpSocket> socket) : socket_(std::move(socket)) {}
TcpStream::TcpStream(TcpStream&&) noexcept = default;
TcpStream& TcpStream::operator=(TcpStream&&) noexcept = default;
TcpStream::~TcpStream() = default;

namespace {

Result<std::unique_ptr<backend::TcpSocket>>
open(backend::Peer peer, std::optional<std::chrono::nanoseconds> timeout = std::nullopt) {
    if (timeout && timeout->count() <= 0)
        return fail(Errc::invalid_argument,
                    "connect_timeout: a timeout must be longer than nothing");
    HWS_TRY(auto socket, backend::TcpSocket::connect(std::move(peer), timeout));
    return std::make_unique<backend::TcpSocket>(std::move(socket));
}

} // namespace

Result<TcpStream> TcpStream::connect(std::string_view address) {
    HWS_TRY(auto peer, backend::Peer::parse(address));
    HWS_TRY(auto socket, open(std::move(peer)));
    return TcpStream(std::move(socket));
}

Result<TcpStream> TcpStream::connect(const SocketAddr& peer) {
    HWS_TRY(auto socket, open(backend::Peer::of(peer)));
    return TcpStream(std::move(socket));
}

Result<TcpStream> TcpStream::connect(std::span<const SocketAddr> peers) {
    return guest::first_of(peers, "tcp connect",
                           [](const SocketAddr& peer) { return connect(peer); });
}

Result<TcpStream> TcpStream::connect_timeout(const SocketAddr& peer,
                                             std::chrono::nanoseconds timeout) {
    HWS_TRY(auto socket, open(backend::Peer::of(peer), timeout));
    return TcpStream(std::move(socket));
}

Result<TcpStream> TcpStream::connect_timeout(std::string_view address,
                                             std::chrono::nanoseconds timeout) {
    HWS_TRY(auto peer, backend::Peer::parse(address));
    HWS_TRY(auto socket, open(std::move(peer), timeout));
    return TcpStream(std::move(socket));
}

Result<std::size_t> TcpStream::read(std::span<std::byte> into) {
    return socket_->read(into);
}

Result<std::size_t> TcpStream::read_vectored(std::span<const std::span<std::byte>> into) {
    return socket_->read(into);
}

Result<std::size_t> TcpStream::peek(std::span<std::byte> into) {
    return socket_->peek(into);
}

Result<void> TcpStream::read_exact(std::span<std::byte> into) {
    return guest::read_exact(*this, into);
}

Result<std::size_t> TcpStream::read_to_end(std::vector<std::byte>& into, std::size_t max_bytes) {
    return guest::append_to_end(*this, into, max_bytes);
}

Result<std::size_t> TcpStream::read_to_end(std::string& into, std::size_t max_bytes) {
    return guest::append_to_end(*this, into, max_bytes);
}

Result<std::size_t> TcpStream::write(std::span<const std::byte> from) {
    return socket_->write(from);
}

Result<std::size_t> TcpStream::write_vectored(std::span<const std::span<const std::byte>> from) {
    return socket_->write(from);
}

Result<void> TcpStream::write_all(std::span<const std::byte> from) {
    return guest::write_all(*this, from);
}

Result<void> TcpStream::shutdown(Shutdown how) {
    return socket_->shutdown(how);
}

Result<SocketAddr> TcpStream::peer_addr() const {
    return socket_->peer_addr();
}

Result<SocketAddr> TcpStream::local_addr() const {
    return socket_->local_addr();
}

Result<TcpStream> TcpStream::try_clone() const {
    HWS_TRY(auto socket, socket_->duplicate());
    return TcpStream(std::make_unique<backend::TcpSocket>(std::move(socket)));
}

Result<void> TcpStream::set_read_timeout(std::optional<std::chrono::nanoseconds> timeout) {
    return guest::set_timeout(*socket_, SocketOption::read_timeout, timeout);
}

Result<void> TcpStream::set_write_timeout(std::optional<std::chrono::nanoseconds> timeout) {
    return guest::set_timeout(*socket_, SocketOption::write_timeout, timeout);
}

Result<std::optional<std::chrono::nanoseconds>> TcpStream::read_timeout() const {
    return guest::timeout(*socket_, SocketOption::read_timeout);
}

Result<std::optional<std::chrono::nanoseconds>> TcpStream::write_timeout() const {
    return guest::timeout(*socket_, SocketOption::write_timeout);
}

Result<void> TcpStream::set_blocking(Blocking blocking) {
    return socket_->set_blocking(blocking);
}

Result<void> TcpStream::set_nodelay(Switch nodelay) {
    return socket_->set_option(SocketOption::no_delay, nodelay == Switch::on);
}

Result<Switch> TcpStream::nodelay() const {
    return guest::switch_of(*socket_, SocketOption::no_delay);
}

Result<void> TcpStream::set_linger(std::optional<std::chrono::nanoseconds> linger) {
    if (linger && linger->count() < 0)
        return fail(Errc::invalid_argument, "set_linger: a time must not be negative");
    return socket_->set_option(SocketOption::linger, linger ? linger->count() : -1);
}

Result<std::optional<std::chrono::nanoseconds>> TcpStream::linger() const {
    HWS_TRY(const std::int64_t time, socket_->option(SocketOption::linger));
    if (time < 0) return std::nullopt;
    return std::chrono::nanoseconds(time);
}

Result<void> TcpStream::set_ttl(std::uint32_t hops) {
    return guest::set_ttl(*socket_, hops);
}

Result<std::uint32_t> TcpStream::ttl() const {
    return guest::number_of(*socket_, SocketOption::time_to_live);
}

Result<std::optional<Error>> TcpStream::take_error() {
    return guest::take_error(*socket_);
}

int TcpStream::as_raw_fd() const {
    return socket_->fd();
}

int TcpStream::into_raw_fd() && {
    return std::exchange(socket_, nullptr)->release();
}

Result<TcpStream> TcpStream::from_raw_fd(int fd) {
    HWS_TRY(auto socket, backend::TcpSocket::from_fd(fd));
    return TcpStream(std::make_unique<backend::TcpSocket>(std::move(socket)));
}

} // namespace hws
