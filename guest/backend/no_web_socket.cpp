// For backends that have no WebSockets: none is ever opened.

#include "web_socket.hpp"

namespace hws::backend::web_socket {

namespace {
std::unexpected<Error> unsupported() {
    return fail(Errc::unsupported, "this backend of the SDK has no WebSockets");
}
} // namespace

Result<int> start(std::string_view, const WebSocketOptions&) {
    return unsupported();
}
Result<void> opened(int) {
    return unsupported();
}
void drop(int) {}
Result<std::size_t> send(int, Sent, std::span<const std::byte>, WebSocket::Part) {
    return unsupported();
}
Result<WebSocket::Piece> receive(int, std::span<std::byte>) {
    return unsupported();
}
Result<void> close(int, std::uint16_t, std::string_view) {
    return unsupported();
}
Result<std::string> protocol(int) {
    return unsupported();
}
Result<std::string> head(int) {
    return unsupported();
}
Result<void> set_blocking(int, Blocking) {
    return unsupported();
}
Result<void> set_timeout(int, Direction, std::optional<std::chrono::nanoseconds>) {
    return unsupported();
}

} // namespace hws::backend::web_socket
