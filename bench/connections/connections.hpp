#pragma once
/// Short connections over TCP: taken from a listener, and made and closed.

#include "common/windows.hpp"

#include <string>

namespace hws::bench::connections {

/// TIME-WAIT keeps a pair of ports for a minute, and there are 28,000 for each address: who connects goes through
/// 127.0.0.2 to 127.0.0.65.
inline constexpr unsigned first_host = 2;
inline constexpr unsigned hosts = 64;

/// A control connection begins with a letter. 'a': two bytes follow, the port (network order) where the client listens; in each of
/// the `amount` windows all connections are in its queue before it may accept. 'c': two bytes are the answer, the port of any
/// address of 127.0.0.0/8 to which the client connects; what it made in a window is taken after it. `digest` counts them.
void serve(int listener, Board& board);
/// How many connections there were, in decimal: what the plugins give too.
std::string run_native(std::uint16_t port, char mode, std::uint64_t windows);

} // namespace hws::bench::connections
