#include "common/machine.hpp"
#include "common/socket.hpp"
#include "parked/parked.hpp"

#include <algorithm>
#include <cstdio>
#include <random>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace hws::bench::parked {
namespace {

struct Connection {
    int socket = -1;
    std::uint64_t left = 0;
    std::size_t received = 0; // of the message that is on its way back
    double sent_ns = 0;
};

void send_message(Connection& connection) {
    char message[message_bytes];
    fill_pattern(message, sizeof message);
    connection.sent_ns = now_ns();
    send_all(connection.socket, message, sizeof message);
}

void serve_round(int epoll, std::vector<Connection>& connections, Board& board) {
    std::vector<std::size_t> order(connections.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::ranges::shuffle(order, std::mt19937(1));

    board.stamp_count = 0;
    board.begin_ns = now_ns();
    for (const std::size_t i : order) send_message(connections[i]);
    std::size_t busy = connections.size();
    epoll_event events[256];
    while (busy > 0) {
        const int count = ::epoll_wait(epoll, events, 256, -1);
        for (int i = 0; i < count; ++i) {
            Connection& connection = connections[events[i].data.u32];
            char echo[message_bytes];
            const ssize_t got = ::recv(connection.socket, echo, sizeof echo - connection.received, 0);
            if (got <= 0) {
                std::fprintf(stderr, "a client has gone\n");
                ::_exit(1);
            }
            connection.received += static_cast<std::size_t>(got);
            if (connection.received < sizeof echo) continue;
            connection.received = 0;
            if (board.stamp_count < max_stamps)
                board.stamps_ns[board.stamp_count++] = now_ns() - connection.sent_ns;
            if (--connection.left > 0)
                send_message(connection);
            else
                --busy;
        }
    }
    board.end_ns = now_ns();
}

} // namespace

void serve(int listener, Board& board) {
    for (std::uint32_t round = 1;; ++round) {
        const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
        std::vector<Connection> connections;
        do {
            Connection connection;
            connection.socket = accept_from(listener);
            connection.left = board.repetitions;
            epoll_event event{};
            event.events = EPOLLIN;
            event.data.u32 = static_cast<std::uint32_t>(connections.size());
            ::epoll_ctl(epoll, EPOLL_CTL_ADD, connection.socket, &event);
            connections.push_back(connection);
        } while (connections.size() < board.amount);
        ++board.ready;
        wait_until(board.begun, round);
        serve_round(epoll, connections, board);
        for (const Connection& connection : connections) ::close(connection.socket);
        ::close(epoll);
        ++board.finished;
    }
}

} // namespace hws::bench::parked
