// Unix sockets where the backend has none.

#include "unix_socket.hpp"

namespace hws::backend {
namespace {

std::unexpected<Error> none() {
    return fail(Errc::unsupported, "this backend has no Unix sockets");
}

} // namespace

UnixSocket::~UnixSocket() = default;
Result<UnixSocket> UnixSocket::open(UnixKind) {
    return none();
}
Result<std::pair<UnixSocket, UnixSocket>> UnixSocket::pair(UnixKind) {
    return none();
}
Result<UnixSocket> UnixSocket::from_fd(int) {
    return none();
}
Result<UnixSocket> UnixSocket::duplicate() const {
    return none();
}
Result<void> UnixSocket::bind(const UnixAddr&) {
    return none();
}
Result<void> UnixSocket::listen() {
    return none();
}
Result<std::pair<UnixSocket, UnixAddr>> UnixSocket::accept() {
    return none();
}
Result<void> UnixSocket::connect(const UnixAddr&) {
    return none();
}
Result<std::size_t> UnixSocket::receive(std::span<std::byte>, UnixKeep) {
    return none();
}
Result<std::size_t> UnixSocket::receive(std::span<const std::span<std::byte>>) {
    return none();
}
Result<UnixDatagram::Received> UnixSocket::receive_from(std::span<std::byte>, UnixKeep) {
    return none();
}
Result<std::size_t> UnixSocket::send(std::span<const std::byte>) {
    return none();
}
Result<std::size_t> UnixSocket::send(std::span<const std::span<const std::byte>>) {
    return none();
}
Result<std::size_t> UnixSocket::send_to(std::span<const std::byte>, const UnixAddr&) {
    return none();
}
Result<void> UnixSocket::shutdown(Shutdown) {
    return none();
}
Result<UnixAddr> UnixSocket::local_addr() const {
    return none();
}
Result<UnixAddr> UnixSocket::peer_addr() const {
    return none();
}
Result<void> UnixSocket::set_blocking(Blocking) {
    return none();
}
Result<void> UnixSocket::set_option(SocketOption, std::int64_t) {
    return none();
}
Result<std::int64_t> UnixSocket::option(SocketOption) const {
    return none();
}
Result<void> remove_unix_file(std::string_view) {
    return none();
}

} // namespace hws::backend
