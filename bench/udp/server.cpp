#include "common/machine.hpp"
#include "common/socket.hpp"
#include "udp/udp.hpp"

#include <cstring>
#include <sys/socket.h>
#include <unistd.h>

namespace hws::bench::udp {
namespace {

std::uint64_t first_word(const char* datagram) {
    std::uint64_t word;
    std::memcpy(&word, datagram, sizeof word);
    return word;
}

void echo(int socket, Board& board) {
    char datagram[datagram_bytes];
    for (std::uint64_t i = 0; i < board.amount; ++i) {
        Peer peer;
        if (receive_datagram(socket, datagram, sizeof datagram, peer) != sizeof datagram) return;
        if (board.stamp_count < max_stamps) board.stamps_ns[board.stamp_count++] = now_ns();
        board.digest += first_word(datagram) + 1;
        send_datagram(socket, datagram, sizeof datagram, peer);
    }
}

void take_windows(int control, int socket, Board& board) {
    for (std::uint64_t i = 0; i < board.amount; ++i) {
        if (!time_window(control, board)) return;
        char datagram[datagram_bytes + 1];
        while (::recv(socket, datagram, sizeof datagram, MSG_DONTWAIT) == datagram_bytes)
            board.digest += first_word(datagram) + 1;
    }
}

void send_windows(int control, int socket, Board& board) {
    char datagram[datagram_bytes];
    fill_pattern(datagram, sizeof datagram);
    Peer peer;
    receive_datagram(socket, datagram, sizeof datagram, peer);
    for (std::uint64_t i = 0; i < board.amount; ++i) {
        for (std::uint64_t j = 0; j < window; ++j) {
            const std::uint64_t number = i * window + j;
            std::memcpy(datagram, &number, sizeof number);
            send_datagram(socket, datagram, sizeof datagram, peer);
        }
        if (!time_window(control, board)) return;
    }
}

} // namespace

void serve(int listener, Board& board) {
    const int socket = bind_datagrams(port_of(listener));
    for (;;) {
        const int control = accept_from(listener);
        char mode = 0;
        receive_all(control, &mode, 1);
        board.stamp_count = 0;
        board.digest = 0;
        if (mode == 'e') echo(socket, board);
        if (mode == 's') take_windows(control, socket, board);
        if (mode == 'r') send_windows(control, socket, board);
        char end = 0;
        while (receive_all(control, &end, 1)) {}
        ::close(control);
        ++board.finished;
    }
}

} // namespace hws::bench::udp
