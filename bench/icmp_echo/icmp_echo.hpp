#pragma once
/// Echo requests of 56 bytes to loopback, one at a time, each reply awaited: what ping does.

#include <cstdint>
#include <string>

namespace hws::bench::icmp_echo {

inline constexpr std::size_t payload_bytes = 56;

/// The sum of the first words of all replies, in decimal: what the plugins give too. A text that is
/// no number where the system refuses a ping socket.
std::string run_native(std::uint64_t count);

} // namespace hws::bench::icmp_echo
