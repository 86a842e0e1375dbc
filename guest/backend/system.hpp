#pragma once
/// Sockets as descriptors, one function for each thing that dialect v2 and Linux can do with them:
/// v2_system.cpp and native_system.cpp. Errors carry the text of whoever refused, or none;
/// would_block and in_progress never carry any.

#include "../src/poll_item.hpp"
#include "../src/socket_option.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <hws/ip_addr.hpp>
#include <hws/result.hpp>
#include <hws/socket.hpp>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace hws::backend::system {

enum class Kind : std::uint8_t { stream, datagram };

/// No timeout: as long as it takes.
using Timeout = std::optional<std::chrono::nanoseconds>;

Result<int> open(const SocketAddr& family_of, Kind kind);
void close(int fd);
Result<int> duplicate(int fd);

Result<void> bind(int fd, const SocketAddr& local);
Result<void> listen(int fd, std::uint32_t backlog);
Result<std::pair<int, SocketAddr>> accept(int fd);
/// Errors: in_progress where the descriptor does not wait.
Result<void> connect(int fd, const SocketAddr& peer);
/// A new socket that is connected to a name.
Result<int> connect_name(std::string_view host, std::uint16_t port, Kind kind, Timeout timeout);
/// The addresses of a name, with the port.
Result<std::vector<SocketAddr>> resolve(std::string_view host, std::uint16_t port);

enum class Keep : std::uint8_t { takes, peeks };

Result<std::size_t> receive(int fd, std::span<std::byte> into, Keep keep);
Result<std::size_t> receive(int fd, std::span<const std::span<std::byte>> into);
/// With the sender; not_connected for what has none.
Result<Datagram> receive_from(int fd, std::span<std::byte> into, Keep keep);
Result<std::size_t> send(int fd, std::span<const std::byte> from);
Result<std::size_t> send(int fd, std::span<const std::span<const std::byte>> from);
Result<std::size_t> send_to(int fd, std::span<const std::byte> datagram, const SocketAddr& to);
/// Buffers of one vectored call that are looked at; the caller comes again with the rest.
inline constexpr std::size_t max_buffers = 64;

Result<void> shutdown(int fd, Shutdown how);
Result<SocketAddr> local_addr(int fd);
Result<SocketAddr> peer_addr(int fd);

Result<void> set_blocking(int fd, Blocking blocking);
Result<Blocking> blocking(int fd);

Result<void> set_option(int fd, SocketOption option, std::int64_t value);
Result<std::int64_t> option(int fd, SocketOption option);

enum class Membership : std::uint8_t { join, leave };

Result<void> change_membership(int fd, Membership change, Ipv4Addr group, Ipv4Addr interface);
Result<void> change_membership(int fd, Membership change, Ipv6Addr group, std::uint32_t interface);

/// How many items something has happened to; 0 when the time is over.
Result<std::size_t> poll(std::span<PollItem> items, Timeout timeout);

} // namespace hws::backend::system
