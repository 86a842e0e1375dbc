#pragma once
/// Ports on loopback: one that is free, and one that has begun to answer.

#include <chrono>
#include <cstdint>

namespace hws::test {

class Process;

/// A TCP and UDP port that nobody has on 127.0.0.1 and ::1 at this moment. Another program may take
/// it before it is used, so a server which can bind to port 0 itself should; for the others, begin
/// anew with another port when one was taken. Throws std::runtime_error where none is found.
std::uint16_t free_port();

/// A TCP socket that listens on 127.0.0.1 at a port that the system chose. The caller closes it.
/// Throws std::runtime_error where none is to be had.
struct Listener {
    int socket;
    std::uint16_t port;
};
Listener listen_on_loopback();

/// Whether this machine has ::1; without it, tests of IPv6 have nothing to talk to.
bool has_ipv6_loopback();

/// Waits until 127.0.0.1:`port` accepts a connection. Throws std::runtime_error, with what the
/// process wrote to stderr, when the process ends first or `limit` passes.
void wait_until_accepting(std::uint16_t port, Process& server,
                          std::chrono::milliseconds limit = std::chrono::seconds(20));

} // namespace hws::test
