#pragma once
/// Datagrams of 64 bytes: there and back one at a time, and many a call.

#include "common/windows.hpp"

#include <string>

namespace hws::bench::udp {

inline constexpr std::size_t datagram_bytes = 64;
/// Datagrams of one call, in batches.
inline constexpr std::size_t batch = 64;

/// A control connection begins with a letter; the datagrams' socket has the same port.
/// 'e': echoes `amount` datagrams and notes when each came. 's': takes `amount` windows, counts and sums them while the client
/// waits. 'r': sends `amount` windows to whoever sends the first datagram. `digest` is the sum of the first words received.
void serve(int listener, Board& board);
/// The sum of the first words received, in decimal: what the plugins give too.
std::string run_native(std::uint16_t port, char mode, std::uint64_t count);

} // namespace hws::bench::udp
