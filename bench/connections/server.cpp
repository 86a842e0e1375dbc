#include "common/socket.hpp"
#include "connections/connections.hpp"

#include <sys/socket.h>
#include <unistd.h>

namespace hws::bench::connections {
namespace {

void connect_windows(int control, Board& board) {
    unsigned char port[2];
    if (!receive_all(control, port, sizeof port)) return;
    int sockets[window];
    for (std::uint64_t i = 0; i < board.amount; ++i) {
        for (int& socket : sockets) socket = connect_to(static_cast<std::uint16_t>(port[0] << 8 | port[1]));
        if (!time_window(control, board)) return;
        for (const int socket : sockets) {
            char end = 0;
            board.digest += ::recv(socket, &end, 1, 0) == 0;
            ::close(socket);
        }
    }
}

void accept_windows(int control, Board& board) {
    std::uint16_t port = 0;
    const int listener = listen_on_every_address(port);
    const unsigned char bytes[] = {static_cast<unsigned char>(port >> 8), static_cast<unsigned char>(port)};
    send_all(control, bytes, sizeof bytes);
    for (std::uint64_t i = 0; i < board.amount; ++i) {
        if (!time_window(control, board)) break;
        for (std::size_t j = 0; j < window; ++j) {
            const int socket = accept_from(listener);
            char end = 0;
            board.digest += ::recv(socket, &end, 1, 0) == 0;
            ::close(socket);
        }
    }
    ::close(listener);
}

} // namespace

void serve(int listener, Board& board) {
    for (;;) {
        const int control = accept_from(listener);
        char mode = 0;
        receive_all(control, &mode, 1);
        board.stamp_count = 0;
        board.digest = 0;
        if (mode == 'a') connect_windows(control, board);
        if (mode == 'c') accept_windows(control, board);
        char end = 0;
        while (receive_all(control, &end, 1)) {}
        ::close(control);
        ++board.finished;
    }
}

} // namespace hws::bench::connections
