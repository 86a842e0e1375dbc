#pragma once
/// 64 bytes there and back, one at a time.

#include "common/server.hpp"

#include <string>

namespace hws::bench::round_trip {

inline constexpr std::size_t message_bytes = 64;

/// Echoes; notes when each message has arrived, so that two stamps are a round trip apart, whoever the client is.
void serve(int listener, Board& board);
/// The sum of the first words of all echoes, in decimal: what the plugins give too.
std::string run_native(std::uint16_t port, std::uint64_t count);
/// The same through epoll and non-blocking calls: what an event loop costs by itself.
std::string run_native_epoll(std::uint16_t port, std::uint64_t count);
/// The same with io_uring, which waits and receives in one system call; for where the system lets us have one.
bool has_uring();
std::string run_native_uring(std::uint16_t port, std::uint64_t count);

} // namespace hws::bench::round_trip
