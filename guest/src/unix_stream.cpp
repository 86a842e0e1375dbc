#include "../backend/unix_socket.hpp"
#include "read_to_end.hpp"
#include "socket_option_access.hpp"
#include "whole_transfer.hpp"

#include <algorithm>
#include <hws/unix_stream.hpp>

namespace hws {

using backend::SocketOption;
using backend::UnixKeep;
using backend::UnixKind;

namespace {

/// The public class around what a backend has made.
template <class Public> Public made_as(backend::UnixSocket socket) {
    return Public(std::make_unique<backend::UnixSocket>(std::move(socket)));
}

} // namespace

// --- UnixStream

UnixStream::UnixStream(std::unique_ptr<backend::UnixSocket> socket) : socket_(std::move(socket)) {}
UnixStream::UnixStream(UnixStream&&) noexcept = default;
UnixStream& UnixStream::operator=(UnixStream&&) noexcept = default;
UnixStream::~UnixStream() = default;

Result<UnixStream> UnixStream::connect(std::string_view path) {
    HWS_TRY(const UnixAddr peer, UnixAddr::from_pathname(path));
    return connect(peer);
}

Result<UnixStream> UnixStream::connect(const UnixAddr& peer) {
    HWS_TRY(auto socket, backend::UnixSocket::open(UnixKind::stream));
    HWS_CHECK(socket.connect(peer));
    return made_as<UnixStream>(std::move(socket));
}

Result<std::pair<UnixStream, UnixStream>> UnixStream::pair() {
    HWS_TRY(auto ends, backend::UnixSocket::pair(UnixKind::stream));
    return std::pair(made_as<UnixStream>(std::move(ends.first)),
                     made_as<UnixStream>(std::move(ends.second)));
}

Result<std::size_t> UnixStream::read(std::span<std::byte> into) {
    // Linux waits for a byte even where there is no room for one.
    if (into.empty()) return 0;
    return socket_->receive(into, UnixKeep::takes);
}

Result<std::size_t> UnixStream::read_vectored(std::span<const std::span<std::byte>> into) {
    if (std::ranges::all_of(into, [](auto buffer) { return buffer.empty(); })) return 0;
    return socket_->receive(into);
}

Result<std::size_t> UnixStream::peek(std::span<std::byte> into) {
    if (into.empty()) return 0;
    return socket_->receive(into, UnixKeep::peeks);
}

Result<void> UnixStream::read_exact(std::span<std::byte> into) {
    return guest::read_exact(*this, into);
}

Result<std::size_t> UnixStream::read_to_end(std::vector<std::byte>& into, std::size_t max_bytes) {
    return guest::append_to_end(*this, into, max_bytes);
}

Result<std::size_t> UnixStream::read_to_end(std::string& into, std::size_t max_bytes) {
    return guest::append_to_end(*this, into, max_bytes);
}

Result<std::size_t> UnixStream::write(std::span<const std::byte> from) {
    return socket_->send(from);
}

Result<std::size_t> UnixStream::write_vectored(std::span<const std::span<const std::byte>> from) {
    return socket_->send(from);
}

Result<void> UnixStream::write_all(std::span<const std::byte> from) {
    return guest::write_all(*this, from);
}

Result<void> UnixStream::shutdown(Shutdown how) {
    return socket_->shutdown(how);
}

Result<UnixAddr> UnixStream::local_addr() const {
    return socket_->local_addr();
}

Result<UnixAddr> UnixStream::peer_addr() const {
    return socket_->peer_addr();
}

Result<UnixStream> UnixStream::try_clone() const {
    HWS_TRY(auto socket, socket_->duplicate());
    return made_as<UnixStream>(std::move(socket));
}

Result<void> UnixStream::set_blocking(Blocking blocking) {
    return socket_->set_blocking(blocking);
}

Result<std::optional<Error>> UnixStream::take_error() {
    return guest::take_error(*socket_);
}

int UnixStream::as_raw_fd() const {
    return socket_->fd();
}

int UnixStream::into_raw_fd() && {
    return std::exchange(socket_, nullptr)->release();
}

Result<UnixStream> UnixStream::from_raw_fd(int fd) {
    HWS_TRY(auto socket, backend::UnixSocket::from_fd(fd));
    return made_as<UnixStream>(std::move(socket));
}

Result<void> UnixStream::set_read_timeout(std::optional<std::chrono::nanoseconds> timeout) {
    return guest::set_timeout(*socket_, SocketOption::read_timeout, timeout);
}

Result<void> UnixStream::set_write_timeout(std::optional<std::chrono::nanoseconds> timeout) {
    return guest::set_timeout(*socket_, SocketOption::write_timeout, timeout);
}

Result<std::optional<std::chrono::nanoseconds>> UnixStream::read_timeout() const {
    return guest::timeout(*socket_, SocketOption::read_timeout);
}

Result<std::optional<std::chrono::nanoseconds>> UnixStream::write_timeout() const {
    return guest::timeout(*socket_, SocketOption::write_timeout);
}

// --- UnixListener

UnixListener::UnixListener(std::unique_ptr<backend::UnixSocket> socket) : socket_(std::move(socket)) {}
UnixListener::UnixListener(UnixListener&&) noexcept = default;
UnixListener& UnixListener::operator=(UnixListener&&) noexcept = default;
UnixListener::~UnixListener() = default;

Result<UnixListener> UnixListener::bind(std::string_view path) {
    HWS_TRY(const UnixAddr local, UnixAddr::from_pathname(path));
    return bind(local);
}

Result<UnixListener> UnixListener::bind(const UnixAddr& local) {
    HWS_TRY(auto socket, backend::UnixSocket::open(UnixKind::stream));
    HWS_CHECK(socket.bind(local));
    HWS_CHECK(socket.listen());
    return made_as<UnixListener>(std::move(socket));
}

Result<UnixListener::Accepted> UnixListener::accept() {
    HWS_TRY(auto accepted, socket_->accept());
    return Accepted{made_as<UnixStream>(std::move(accepted.first)), std::move(accepted.second)};
}

Result<UnixAddr> UnixListener::local_addr() const {
    return socket_->local_addr();
}

Result<UnixListener> UnixListener::try_clone() const {
    HWS_TRY(auto socket, socket_->duplicate());
    return made_as<UnixListener>(std::move(socket));
}

Result<void> UnixListener::set_blocking(Blocking blocking) {
    return socket_->set_blocking(blocking);
}

Result<std::optional<Error>> UnixListener::take_error() {
    return guest::take_error(*socket_);
}

int UnixListener::as_raw_fd() const {
    return socket_->fd();
}

int UnixListener::into_raw_fd() && {
    return std::exchange(socket_, nullptr)->release();
}

Result<UnixListener> UnixListener::from_raw_fd(int fd) {
    HWS_TRY(auto socket, backend::UnixSocket::from_fd(fd));
    return made_as<UnixListener>(std::move(socket));
}

Result<void> remove_unix_file(std::string_view path) {
    return backend::remove_unix_file(path);
}

} // namespace hws
