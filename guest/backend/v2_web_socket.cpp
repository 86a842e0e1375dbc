// WebSockets by dialect v2.

#include "v2_failure.hpp"
#include "web_socket.hpp"

#include <algorithm>
#include <utility>

namespace hws::backend::web_socket {

namespace {

v2::Iovec wire_text(std::string_view text) {
    return {v2::at(text.data()).address, static_cast<std::uint32_t>(text.size())};
}

v2::WsKind wire_kind(Sent kind) {
    switch (kind) {
    case Sent::text:
        return v2::WsKind::text;
    case Sent::binary:
        return v2::WsKind::binary;
    case Sent::ping:
        return v2::WsKind::ping;
    }
    return v2::WsKind::text;
}

WebSocket::Kind kind_of(v2::WsKind kind) {
    switch (kind) {
    case v2::WsKind::text:
        return WebSocket::Kind::text;
    case v2::WsKind::binary:
        return WebSocket::Kind::binary;
    case v2::WsKind::close:
        return WebSocket::Kind::close;
    case v2::WsKind::ping:
    case v2::WsKind::pong:
        break;
    }
    return WebSocket::Kind::pong;
}

Result<std::string> fields(int fd, v2::WsFields which) {
    std::string text(1024, '\0');
    for (;;) {
        std::uint32_t length = 0;
        HWS_CHECK(v2::result_of(
            v2::ws_fields({fd}, which, v2::span_at(text.data(), text.size()), v2::at(&length))));
        const bool is_whole = length <= text.size();
        text.resize(length);
        if (is_whole) return text;
    }
}

} // namespace

Result<int> start(std::string_view url, const WebSocketOptions& options) {
    std::string headers, protocols;
    for (const auto& [name, values] : options.headers) {
        for (const std::string& value : values) {
            headers.append(name).push_back('\0');
            headers.append(value).push_back('\0');
        }
    }
    for (const std::string& protocol : options.protocols)
        protocols.append(protocol).push_back('\0');
    v2::WsRequest wire;
    wire.url = wire_text(url);
    wire.fields = wire_text(headers);
    wire.protocols = wire_text(protocols);
    wire.max_message_bytes = options.max_message_bytes;
    if (options.timeout)
        wire.timeout = static_cast<v2::Duration>(
            std::max(*options.timeout, std::chrono::nanoseconds(0)).count());
    v2::Fd fd;
    HWS_CHECK(v2::result_of(v2::ws_connect(v2::at(&std::as_const(wire)), v2::at(&fd))));
    return fd.number;
}

Result<void> opened(int fd) {
    return v2::result_of(v2::ws_opened({fd}));
}

void drop(int fd) {
    preview1::fd_close({fd});
}

Result<std::size_t> send(int fd, Sent kind, std::span<const std::byte> bytes,
                         WebSocket::Part which) {
    const auto flags =
        which == WebSocket::Part::goes_on ? v2::ws_send_flags::goes_on : v2::WsSendFlags{0};
    std::uint32_t taken = 0;
    HWS_CHECK(v2::result_of(v2::ws_send(
        {fd}, wire_kind(kind), flags,
        v2::span_at(reinterpret_cast<const char*>(bytes.data()), bytes.size()), v2::at(&taken))));
    return taken;
}

Result<WebSocket::Piece> receive(int fd, std::span<std::byte> into) {
    v2::WsReceived wire;
    HWS_CHECK(v2::result_of(v2::ws_receive(
        {fd}, v2::ReceiveFlags{0}, v2::span_at(reinterpret_cast<char*>(into.data()), into.size()),
        v2::at(&wire))));
    return WebSocket::Piece{.kind = kind_of(wire.kind),
                            .bytes = std::min<std::size_t>(wire.bytes, into.size()),
                            .is_last = (wire.flags & v2::ws_received_flags::last) != 0,
                            .code = static_cast<std::uint16_t>(wire.code)};
}

Result<void> close(int fd, std::uint16_t code, std::string_view reason) {
    return v2::result_of(v2::ws_close({fd}, code, v2::span_at(reason.data(), reason.size())));
}

Result<std::string> protocol(int fd) {
    return fields(fd, v2::WsFields::protocol);
}

Result<std::string> head(int fd) {
    return fields(fd, v2::WsFields::head);
}

Result<void> set_blocking(int fd, Blocking blocking) {
    return v2::result_of(preview1::fd_fdstat_set_flags(
        {fd},
        blocking == Blocking::waits ? preview1::FdFlags{0} : preview1::fd_flags::non_blocking));
}

Result<void> set_timeout(int fd, Direction direction,
                         std::optional<std::chrono::nanoseconds> timeout) {
    const auto option =
        direction == Direction::read ? v2::Option::receive_timeout : v2::Option::send_timeout;
    return v2::result_of(v2::socket_set_option(
        {fd}, option,
        timeout
            ? static_cast<std::uint64_t>(std::max(*timeout, std::chrono::nanoseconds(1)).count())
            : v2::no_limit));
}

} // namespace hws::backend::web_socket
