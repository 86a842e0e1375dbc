#pragma once
/// The plainest client: blocking sockets, for asking a server from outside what a plugin should
/// have seen.

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace hws::test {

/// Connects, sends `request`, closes its half, and returns all that comes until the server closes
/// its own. Throws std::runtime_error, with the reason, where the connection is refused or reset,
/// or `limit` passes.
std::string exchange(const std::string& address, std::uint16_t port, std::string_view request,
                     std::chrono::milliseconds limit = std::chrono::seconds(10));

/// Sends one datagram and returns the one that answers it. Throws std::runtime_error when none has
/// come after `limit`.
std::string exchange_datagram(const std::string& address, std::uint16_t port,
                              std::string_view datagram,
                              std::chrono::milliseconds limit = std::chrono::seconds(10));

} // namespace hws::test
