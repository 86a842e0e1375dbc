#include "../backend/backend.hpp"
#include "first_of.hpp"
#include "socket_option_access.hpp"

#include <hws/tcp_listener.hpp>
#include <utility>

namespace hws {

using backend::SocketOption;

TcpListener::TcpListener(std::unique_ptr<backend::TcpListener> socket)
    : socket_(std::move(socket)) {}
TcpListener::TcpListener(TcpListener&&) noexcept = default;
TcpListener& TcpListener::operator=(TcpListener&&) noexcept = default;
TcpListener::~TcpListener() = default;

Result<TcpListener> TcpListener::bind(std::string_view local) {
    HWS_TRY(const auto peer, backend::Peer::parse(local, backend::PortZero::allowed));
    if (peer.address) return bind(*peer.address);
    HWS_TRY(const auto addresses, backend::resolve(peer));
    return bind(addresses);
}

Result<TcpListener> TcpListener::bind(const SocketAddr& local) {
    HWS_TRY(auto socket, backend::TcpListener::bind(local));
    return TcpListener(std::make_unique<backend::TcpListener>(std::move(socket)));
}

Result<TcpListener> TcpListener::bind(std::span<const SocketAddr> locals) {
    return guest::first_of(locals, "tcp bind", [](const SocketAddr& local) { return bind(local); });
}

Result<TcpListener::Accepted> TcpListener::accept() {
    HWS_TRY(auto accepted, socket_->accept());
    return Accepted{TcpStream(std::make_unique<backend::TcpSocket>(std::move(accepted.first))),
                    accepted.second};
}

TcpListener::Incoming TcpListener::incoming() {
    return Incoming(*this);
}

Result<TcpStream> TcpListener::Incoming::Iterator::operator*() const {
    HWS_TRY(Accepted accepted, listener_->accept());
    return std::move(accepted.stream);
}

Result<SocketAddr> TcpListener::local_addr() const {
    return socket_->local_addr();
}

Result<TcpListener> TcpListener::try_clone() const {
    HWS_TRY(auto socket, socket_->duplicate());
    return TcpListener(std::make_unique<backend::TcpListener>(std::move(socket)));
}

Result<void> TcpListener::set_blocking(Blocking blocking) {
    return socket_->set_blocking(blocking);
}

Result<void> TcpListener::set_ttl(std::uint32_t hops) {
    return guest::set_ttl(*socket_, hops);
}

Result<std::uint32_t> TcpListener::ttl() const {
    return guest::number_of(*socket_, SocketOption::time_to_live);
}

Result<void> TcpListener::set_only_v6(Switch only_v6) {
    return guest::set_switch(*socket_, SocketOption::only_v6, only_v6);
}

Result<Switch> TcpListener::only_v6() const {
    return guest::switch_of(*socket_, SocketOption::only_v6);
}

Result<std::optional<Error>> TcpListener::take_error() {
    return guest::take_error(*socket_);
}

int TcpListener::as_raw_fd() const {
    return socket_->fd();
}

int TcpListener::into_raw_fd() && {
    return std::exchange(socket_, nullptr)->release();
}

Result<TcpListener> TcpListener::from_raw_fd(int fd) {
    HWS_TRY(auto socket, backend::TcpListener::from_fd(fd));
    return TcpListener(std::make_unique<backend::TcpListener>(std::move(socket)));
}

} // namespace hws
