#pragma once
/// The other end of a connection: a plain process with plain sockets, on a CPU of its own choice, that takes the times itself.
/// So every contender is timed by the same code, and pays for no clock.

#include "common/question.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <sys/types.h>

namespace hws::bench {

inline constexpr std::size_t max_stamps = std::size_t{1} << 20;

/// What a server and the program share. Written by one side at a time, in the order of the counters.
struct Board {
    // The program's orders for the next round, written before it connects.
    std::uint64_t amount = 0;     ///< bytes, connections: the question knows
    std::uint64_t repetitions = 0;
    bool checks = false; ///< digest what arrives; such a round is not timed
    std::atomic<std::uint32_t> begun = 0; ///< rounds the program has let begin, where the server waits for that

    // The server's answers.
    std::atomic<std::uint32_t> ready = 0;    ///< rounds whose connections all stand
    std::atomic<std::uint32_t> finished = 0; ///< rounds that are over
    std::uint64_t digest = 0;
    double begin_ns = 0;
    double end_ns = 0;
    std::uint64_t stamp_count = 0;
    double stamps_ns[max_stamps];
};

/// Waits until the counter is at least `value`. Polls so rarely that who is measured on the same CPU does not feel it.
void wait_until(const std::atomic<std::uint32_t>& counter, std::uint32_t value);

/// A round of which the server has noted when each message came: an operation is the time between two. The first ones, which pay for
/// the connection, are left out.
Round round_of_stamps(const Board& board);

class Server {
public:
    /// Forks; the child calls `serve(listener, board)`, which never returns. Before any thread is made.
    Server(void (*serve)(int listener, Board& board), int cpu);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    void move_to(int cpu);
    std::uint16_t port() const { return port_; }
    /// "127.0.0.1:40001"
    std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
    Board& board() { return *board_; }

private:
    std::uint16_t port_ = 0;
    pid_t process_ = -1;
    Board* board_ = nullptr;
};

} // namespace hws::bench
