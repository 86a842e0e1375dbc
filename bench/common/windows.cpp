#include "common/windows.hpp"

#include "common/machine.hpp"
#include "common/socket.hpp"

namespace hws::bench {

bool time_window(int control, Board& board) {
    char done = 0;
    const double begin_ns = now_ns();
    if (!send_all(control, "g", 1) || !receive_all(control, &done, 1)) return false;
    if (board.stamp_count < max_stamps) board.stamps_ns[board.stamp_count++] = (now_ns() - begin_ns) / window;
    return true;
}

Round round_of_windows(const Board& board) {
    Round round;
    round.operation_ns.assign(board.stamps_ns, board.stamps_ns + board.stamp_count);
    round.operations = board.stamp_count * window;
    for (const double each_ns : round.operation_ns) round.seconds += each_ns * window / 1e9;
    return round;
}

bool enter_window(int control) {
    char go = 0;
    return receive_all(control, &go, 1);
}

bool leave_window(int control) { return send_all(control, "d", 1); }

} // namespace hws::bench
