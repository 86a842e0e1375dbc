#include "common/server.hpp"

#include "common/machine.hpp"
#include "common/socket.hpp"

#include <csignal>
#include <cstdlib>
#include <new>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace hws::bench {

void wait_until(const std::atomic<std::uint32_t>& counter, std::uint32_t value) {
    while (counter.load() < value) ::usleep(2000);
}

Round round_of_stamps(const Board& board) {
    Round round;
    const std::uint64_t skipped = board.stamp_count / 20;
    for (std::uint64_t i = skipped + 1; i < board.stamp_count; ++i)
        round.operation_ns.push_back(board.stamps_ns[i] - board.stamps_ns[i - 1]);
    round.operations = round.operation_ns.size();
    round.seconds = (board.stamps_ns[board.stamp_count - 1] - board.stamps_ns[skipped]) / 1e9;
    return round;
}

Server::Server(void (*serve)(int listener, Board& board), int cpu) {
    void* const memory =
        ::mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) std::abort();
    board_ = new (memory) Board;
    const int listener = listen_on_loopback(port_);
    process_ = ::fork();
    if (process_ == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        pin(cpu);
        serve(listener, *board_);
        ::_exit(1);
    }
    ::close(listener);
}

Server::~Server() {
    if (process_ > 0) {
        ::kill(process_, SIGKILL);
        ::waitpid(process_, nullptr, 0);
    }
    ::munmap(board_, sizeof(Board));
}

void Server::move_to(int cpu) { pin(cpu, process_); }

} // namespace hws::bench
