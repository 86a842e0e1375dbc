#include "bulk/bulk.hpp"
#include "common/machine.hpp"
#include "common/socket.hpp"

#include <algorithm>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace hws::bench::bulk {

void serve(int listener, Board& board) {
    std::vector<char> buffer(chunk_bytes);
    std::vector<char> pattern(chunk_bytes);
    fill_pattern(pattern.data(), pattern.size());
    for (;;) {
        const int connection = accept_from(listener);
        char letter = 0;
        receive_all(connection, &letter, 1);
        std::uint64_t digest = digest_start;
        std::uint64_t left = board.amount;
        board.begin_ns = now_ns();
        while (letter == 's' && left > 0) {
            const ssize_t count = ::recv(connection, buffer.data(), std::min<std::uint64_t>(left, buffer.size()), 0);
            if (count <= 0) break;
            if (board.checks) digest = digest_of(digest, buffer.data(), static_cast<std::size_t>(count));
            left -= static_cast<std::uint64_t>(count);
        }
        while (letter == 'r' && left > 0) {
            const std::size_t now = std::min<std::uint64_t>(left, pattern.size());
            if (!send_all(connection, pattern.data(), now)) break;
            left -= now;
        }
        if (letter == 'r') receive_all(connection, &letter, 1);
        board.end_ns = now_ns();
        send_all(connection, ".", 1);
        ::close(connection);
        board.digest = left == 0 ? digest : 0;
        ++board.finished;
    }
}

} // namespace hws::bench::bulk
