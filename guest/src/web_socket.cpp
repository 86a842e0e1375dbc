#include "../backend/web_socket.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <hws/web_socket.hpp>
#include <utility>

namespace hws {

namespace host = backend::web_socket;

namespace {

/// What one call of the host's may bring; the buffer lies on the plugin's stack.
constexpr std::size_t piece_bytes = std::size_t{8} << 10;

Result<host::Sent> sent_kind(WebSocket::Kind kind) {
    if (kind == WebSocket::Kind::text) return host::Sent::text;
    if (kind == WebSocket::Kind::binary) return host::Sent::binary;
    return fail(Errc::invalid_argument, "websocket: only text and bytes are sent as messages");
}

} // namespace

// --- opening and ending ---

WebSocket::WebSocket(WebSocket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), never_waits_(other.never_waits_),
      what_(std::move(other.what_)), partial_(std::move(other.partial_)),
      unsent_(std::move(other.unsent_)), unsent_kind_(other.unsent_kind_) {}

WebSocket& WebSocket::operator=(WebSocket&& other) noexcept {
    if (this == &other) return *this;
    if (fd_ >= 0) host::drop(fd_);
    fd_ = std::exchange(other.fd_, -1);
    never_waits_ = other.never_waits_;
    what_ = std::move(other.what_);
    partial_ = std::move(other.partial_);
    unsent_ = std::move(other.unsent_);
    unsent_kind_ = other.unsent_kind_;
    return *this;
}

WebSocket::~WebSocket() {
    if (fd_ >= 0) host::drop(fd_);
}

Error WebSocket::told(Error error, std::string_view operation) const {
    if (error == Errc::would_block)
        return never_waits_ ? error : Error(Errc::timed_out, what_ + ": " + std::string(operation));
    return Error(error.code(), error.context().empty() ? what_ + ": " + std::string(operation)
                                                       : what_ + ": " + error.context());
}

Result<WebSocket> WebSocket::start(std::string_view url, const WebSocketOptions& options) {
    auto fd = host::start(url, options);
    if (!fd) return std::unexpected(WebSocket(-1, std::string(url)).told(fd.error(), "websocket"));
    WebSocket socket(*fd, std::string(url));
    HWS_CHECK(socket.set_blocking(Blocking::never_waits));
    return socket;
}

Result<WebSocket> WebSocket::connect(std::string_view url, const WebSocketOptions& options) {
    HWS_TRY(WebSocket socket, start(url, options));
    HWS_CHECK(socket.set_blocking(Blocking::waits));
    HWS_CHECK(socket.opened());
    return socket;
}

Result<void> WebSocket::opened() {
    if (auto outcome = host::opened(fd_); !outcome)
        return std::unexpected(told(outcome.error(), "opening"));
    return {};
}

Result<void> WebSocket::close(std::uint16_t code, std::string_view reason) {
    // How sending fails otherwise, receiving tells, too.
    if (auto flushed = flush(); !flushed && flushed.error() == Errc::would_block) return flushed;
    unsent_.clear();
    if (auto begun = host::close(fd_, code, reason); !begun)
        return std::unexpected(told(begun.error(), "closing"));
    if (never_waits_) return {};
    std::array<std::byte, piece_bytes> dropped;
    for (;;) {
        HWS_TRY(const Piece piece, receive_piece(dropped));
        if (piece.kind == Kind::close) return {};
    }
}

// --- sending ---

Result<void> WebSocket::flush() {
    while (!unsent_.empty()) {
        HWS_TRY(const std::size_t taken, send_part(unsent_kind_, bytes_of(unsent_), Part::last));
        unsent_.erase(0, taken);
    }
    return {};
}

Result<std::size_t> WebSocket::send_part(Kind kind, std::span<const std::byte> part, Part which) {
    HWS_TRY(const host::Sent wire_kind, sent_kind(kind));
    auto taken = host::send(fd_, wire_kind, part, which);
    if (!taken) return std::unexpected(told(taken.error(), "sending"));
    // A call that waits takes all, unless its time is over.
    if (!never_waits_ && *taken < part.size()) return fail(Errc::timed_out, what_ + ": sending");
    return taken;
}

Result<void> WebSocket::send(Kind kind, std::span<const std::byte> bytes) {
    HWS_CHECK(flush());
    HWS_TRY(const std::size_t taken, send_part(kind, bytes, Part::last));
    unsent_.assign(text_of(bytes.subspan(taken)));
    unsent_kind_ = kind;
    return {};
}

Result<void> WebSocket::send_text(std::string_view text) {
    return send(Kind::text, bytes_of(text));
}

Result<void> WebSocket::send_binary(std::span<const std::byte> bytes) {
    return send(Kind::binary, bytes);
}

Result<void> WebSocket::ping(std::string_view payload) {
    auto taken = host::send(fd_, host::Sent::ping, bytes_of(payload), Part::last);
    if (!taken) return std::unexpected(told(taken.error(), "sending a ping"));
    return {};
}

// --- receiving ---

Result<WebSocket::Piece> WebSocket::receive_piece(std::span<std::byte> into) {
    auto piece = host::receive(fd_, into);
    if (!piece) return std::unexpected(told(piece.error(), "receiving"));
    return piece;
}

Result<WebSocket::Message> WebSocket::receive() {
    std::array<std::byte, piece_bytes> room;
    for (;;) {
        HWS_TRY(const Piece piece, receive_piece(room));
        const std::string_view data = text_of(std::span(room).first(piece.bytes));
        // These come whole, also in the middle of a message.
        if (piece.kind == Kind::pong || piece.kind == Kind::close)
            return Message{.kind = piece.kind, .data = std::string(data), .code = piece.code};
        partial_.kind = piece.kind;
        partial_.data.append(data);
        if (piece.is_last) return std::exchange(partial_, {});
    }
}

// --- facts and options ---

Result<std::string> WebSocket::protocol() const {
    auto name = host::protocol(fd_);
    if (!name) return std::unexpected(told(name.error(), "subprotocol"));
    return name;
}

Result<http::HeaderMap> WebSocket::answer() const {
    auto text = host::head(fd_);
    if (!text) {
        if (text.error() == Errc::would_block) return fail(Errc::would_block);
        return std::unexpected(told(text.error(), "headers"));
    }
    http::HeaderMap fields;
    std::string_view rest = *text;
    const auto take = [&rest] {
        const std::size_t end = std::min(rest.find('\0'), rest.size());
        const std::string_view front = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        return front;
    };
    while (!rest.empty()) {
        const std::string_view name = take();
        fields.append(name, take());
    }
    return fields;
}

Result<std::uint16_t> WebSocket::status() const {
    HWS_TRY(const http::HeaderMap fields, answer());
    const std::string_view text = fields.first(":status").value_or("0");
    std::uint16_t status = 0;
    std::from_chars(text.data(), text.data() + text.size(), status);
    return status;
}

Result<http::HeaderMap> WebSocket::headers() const {
    HWS_TRY(http::HeaderMap fields, answer());
    fields.remove(":status");
    return fields;
}

Result<void> WebSocket::set_blocking(Blocking blocking) {
    HWS_CHECK(host::set_blocking(fd_, blocking));
    never_waits_ = blocking == Blocking::never_waits;
    return {};
}

Result<void> WebSocket::set_read_timeout(std::optional<std::chrono::nanoseconds> timeout) {
    return host::set_timeout(fd_, host::Direction::read, timeout);
}

Result<void> WebSocket::set_write_timeout(std::optional<std::chrono::nanoseconds> timeout) {
    return host::set_timeout(fd_, host::Direction::write, timeout);
}

} // namespace hws
