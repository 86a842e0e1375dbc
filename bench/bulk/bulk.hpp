#pragma once
/// Many bytes in one direction, 64 KiB a write or read.

#include "common/server.hpp"

#include <string>

namespace hws::bench::bulk {

inline constexpr std::size_t chunk_bytes = 64 << 10;

/// Each connection begins with one letter. 's': the client sends `amount` bytes and gets one byte back; 'r': it receives them and
/// sends one byte back. The clock runs from the letter to the last byte.
void serve(int listener, Board& board);
/// Sends or receives `total` bytes; the digest of what was received, in decimal, if it is wanted, else 0.
std::string run_native(std::uint16_t port, char direction, std::uint64_t total, bool with_digest);

} // namespace hws::bench::bulk
