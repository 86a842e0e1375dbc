#pragma once
/// Windows: what would be disturbed by the other end's work is timed while that end does nothing. The client says on its control
/// connection when it is ready for one ('g' comes) and when it has done it ('d' goes), and both ends share a CPU. So nothing is
/// lost, nobody is woken while the clock runs, and what is timed is the client's work alone: the two letters cost 1 % of it.

#include "common/question.hpp"
#include "common/server.hpp"

namespace hws::bench {

/// What is in a window: datagrams, connections.
inline constexpr std::size_t window = 256;

/// The server's side: lets the client go, waits until it is done, and notes the time of one operation. False: it has gone.
bool time_window(int control, Board& board);
/// What was noted: `window` operations for each time.
Round round_of_windows(const Board& board);
/// The client's side, at the begin and the end of a window.
bool enter_window(int control);
bool leave_window(int control);

} // namespace hws::bench
