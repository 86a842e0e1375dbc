#pragma once
/// Many connections that wait for a message, then all of them in traffic.

#include "common/question.hpp"
#include "common/server.hpp"

namespace hws::host {
class Module;
class Runtime;
} // namespace hws::host

namespace hws::bench::parked {

inline constexpr std::size_t message_bytes = 64;

/// Accepts `amount` connections and says that they stand; once the program lets the round begin, sends each a message (in random
/// order) and, whenever one has come back, the next, until each has answered `repetitions` times. Then it closes them all.
void serve(int listener, Board& board);

/// One thread with epoll that echoes on all its connections until they are closed.
Result<Round> run_native(Server& server);
/// As many plugins, each of which waits in its receive. Those of v1 are told the server in their input and tell how many messages
/// they had in their output; those of v2, which have no kernel, by PORT and MESSAGES in their environment, and succeed if it was
/// that many.
Result<Round> run_plugins(Server& server, host::Runtime& runtime, const host::Module& module, std::string_view dialect);

/// To be called when all clients have been started: waits until they are parked, measures, lets the round begin, waits for its end.
/// `bytes_before` and `mappings_before` are of before the first client.
Round follow_round(Server& server, std::uint32_t rounds_before, double bytes_before, double mappings_before);

} // namespace hws::bench::parked
