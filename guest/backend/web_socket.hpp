#pragma once
/// WebSockets, by the host: v2_web_socket.cpp, no_web_socket.cpp.

#include <chrono>
#include <hws/result.hpp>
#include <hws/web_socket.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace hws::backend::web_socket {

/// Begins to open one: its descriptor.
Result<int> start(std::string_view url, const WebSocketOptions& options);
Result<void> opened(int fd);
void drop(int fd);

enum class Sent : std::uint8_t { text, binary, ping };
/// How much was taken.
Result<std::size_t> send(int fd, Sent kind, std::span<const std::byte> bytes,
                         WebSocket::Part which);
Result<WebSocket::Piece> receive(int fd, std::span<std::byte> into);
Result<void> close(int fd, std::uint16_t code, std::string_view reason);

Result<std::string> protocol(int fd);
/// name NUL value NUL, ...; the first is `:status`.
Result<std::string> head(int fd);

Result<void> set_blocking(int fd, Blocking blocking);
enum class Direction : std::uint8_t { read, write };
Result<void> set_timeout(int fd, Direction direction,
                         std::optional<std::chrono::nanoseconds> timeout);

} // namespace hws::backend::web_socket
