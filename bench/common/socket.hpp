#pragma once
/// Plain blocking sockets, for the servers and the native contenders. What cannot fail on loopback ends the program when it does.

#include <cstddef>
#include <cstdint>

namespace hws::bench {

int listen_on_loopback(std::uint16_t& port);
/// TCP_NODELAY is set, as the host does.
int accept_from(int listener);
int connect_to(std::uint16_t port);
/// On all addresses of 127.0.0.0/8; connects to 127.0.0.`host`, without any option.
int listen_on_every_address(std::uint16_t& port);
int connect_plainly(unsigned host, std::uint16_t port);

std::uint16_t port_of(int socket);

/// A datagram socket on 127.0.0.1:`port`; one with that peer.
int bind_datagrams(std::uint16_t port);
int connect_datagrams(std::uint16_t port);
struct Peer {
    alignas(8) unsigned char address[16] = {};
};
/// Waits for one; its size, of which `size` bytes are kept.
std::size_t receive_datagram(int socket, void* data, std::size_t size, Peer& from);
void send_datagram(int socket, const void* data, std::size_t size, const Peer& to);

/// False: the stream ended before.
bool send_all(int socket, const void* data, std::size_t size);
bool receive_all(int socket, void* data, std::size_t size);

/// FNV-1a, 64 bits; begin with digest_start.
inline constexpr std::uint64_t digest_start = 0xcbf29ce484222325u;
std::uint64_t digest_of(std::uint64_t digest, const void* data, std::size_t size);
/// Byte number i is (i * 31 + 7) % 251.
void fill_pattern(void* data, std::size_t size);

} // namespace hws::bench
