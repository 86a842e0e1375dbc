#pragma once
/// What dialect v2 and Linux do with Unix sockets and their names: v2_unix.cpp and native_unix.cpp.
/// The rest of a Unix socket's life is that of every descriptor (system.hpp). Errors as there.

#include "system.hpp"

#include <hws/unix_addr.hpp>
#include <hws/unix_datagram.hpp>

namespace hws::backend::system {

Result<int> open_unix(Kind kind);
Result<std::pair<int, int>> open_unix_pair(Kind kind);
Result<void> bind_unix(int fd, const UnixAddr& local);
Result<std::pair<int, UnixAddr>> accept_unix(int fd);
Result<void> connect_unix(int fd, const UnixAddr& peer);
Result<std::size_t> send_to_unix(int fd, std::span<const std::byte> datagram, const UnixAddr& to);
Result<UnixDatagram::Received> receive_from_unix(int fd, std::span<std::byte> into, Keep keep);
Result<UnixAddr> unix_local_addr(int fd);
Result<UnixAddr> unix_peer_addr(int fd);
Result<void> remove_unix_file(std::string_view path);

} // namespace hws::backend::system
