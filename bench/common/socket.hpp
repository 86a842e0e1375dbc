#pragma once
/// Plain blocking sockets, for the servers and the native contenders. What cannot fail on loopback ends the program when it does.

#include <cstddef>
#include <cstdint>

namespace hws::bench {

int listen_on_loopback(std::uint16_t& port);
/// TCP_NODELAY is set, as the host does.
int accept_from(int listener);
int connect_to(std::uint16_t port);

/// False: the stream ended before.
bool send_all(int socket, const void* data, std::size_t size);
bool receive_all(int socket, void* data, std::size_t size);

/// FNV-1a, 64 bits; begin with digest_start.
inline constexpr std::uint64_t digest_start = 0xcbf29ce484222325u;
std::uint64_t digest_of(std::uint64_t digest, const void* data, std::size_t size);
/// Byte number i is (i * 31 + 7) % 251.
void fill_pattern(void* data, std::size_t size);

} // namespace hws::bench
