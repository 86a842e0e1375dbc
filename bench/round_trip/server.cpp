#include "common/machine.hpp"
#include "common/socket.hpp"
#include "round_trip/round_trip.hpp"

#include <unistd.h>

namespace hws::bench::round_trip {

void serve(int listener, Board& board) {
    for (;;) {
        const int connection = accept_from(listener);
        char message[message_bytes];
        std::uint64_t count = 0;
        while (receive_all(connection, message, sizeof message)) {
            if (count < max_stamps) board.stamps_ns[count++] = now_ns();
            if (!send_all(connection, message, sizeof message)) break;
        }
        ::close(connection);
        board.stamp_count = count;
        ++board.finished;
    }
}

} // namespace hws::bench::round_trip
