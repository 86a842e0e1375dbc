#pragma once
/// Sockets of the operating system, always non-blocking: each function is one system call and its errno as our error.
/// Source: socket(2), connect(2), send(2), recv(2), socket(7), tcp(7), udp(7).

#include "os/fd.hpp"

#include <hws/ip_addr.hpp>

#include <cstddef>
#include <span>

namespace hws::host::os {

enum class Transport : std::uint8_t { tcp, udp };
enum class Half : std::uint8_t { read, write, both };

/// A non-blocking, close-on-exec socket of the address's family. Errors: family_not_supported, too_many_handles, io.
Result<Fd> open_socket(Transport transport, const IpAddr& family_of);

/// Starts connecting (tcp) or sets the peer (udp). Errors: in_progress (wait until writable, then take_error), refused,
/// network_unreachable, host_unreachable, address_not_available, not_permitted, ...
Result<void> connect(int socket, const SocketAddr& peer);

/// The pending error of the socket (SO_ERROR), cleared by asking.
Result<void> take_error(int socket);

/// One send or receive; scatter/gather over the buffers, at most 1024 of them are used. A signal never comes of it
/// (MSG_NOSIGNAL). Errors: would_block, reset, broken_pipe, refused (udp), message_too_long, ...
Result<std::size_t> send(int socket, std::span<const std::span<const std::byte>> from);
Result<std::size_t> receive(int socket, std::span<const std::span<std::byte>> into);
/// The same, but what was received stays there (MSG_PEEK).
Result<std::size_t> peek(int socket, std::span<const std::span<std::byte>> into);

/// Receives one datagram into the buffer and tells its whole length, which is larger than the buffer when it was cut.
Result<std::size_t> receive_datagram(int socket, std::span<std::byte> into);

Result<void> shut_down(int socket, Half half);
Result<void> set_no_delay(int socket, bool on);

/// Errors: not_connected.
Result<SocketAddr> local_address(int socket);
Result<SocketAddr> peer_address(int socket);

/// Bytes that can be read without waiting (FIONREAD); for a datagram socket the size of the next one.
std::size_t readable_bytes(int socket);

/// Bytes of a stream that the peer's system has not confirmed yet (SIOCOUTQ).
std::size_t unsent_bytes(int socket);

/// Asks poll(2), without waiting.
struct PollAnswer {
    bool readable = false;
    bool writable = false;
    bool hung_up = false;
};
PollAnswer poll_now(int fd);

} // namespace hws::host::os
