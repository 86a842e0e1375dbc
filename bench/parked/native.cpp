#include "common/machine.hpp"
#include "common/socket.hpp"
#include "parked/parked.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace hws::bench::parked {
namespace {

void echo_until_closed(int epoll, std::size_t open) {
    epoll_event events[256];
    while (open > 0) {
        const int count = ::epoll_wait(epoll, events, 256, -1);
        for (int i = 0; i < count; ++i) {
            const int socket = events[i].data.fd;
            char message[message_bytes];
            const ssize_t got = ::recv(socket, message, sizeof message, 0);
            if (got > 0) {
                send_all(socket, message, static_cast<std::size_t>(got));
            } else {
                ::close(socket);
                --open;
            }
        }
    }
    ::close(epoll);
}

} // namespace

Result<Round> run_native(Server& server) {
    const std::uint32_t rounds_before = server.board().finished.load();
    const std::size_t count = server.board().amount;
    const auto bytes = static_cast<double>(resident_bytes());
    const auto mappings = static_cast<double>(mapping_count());
    const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
    for (std::size_t i = 0; i < count; ++i) {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.fd = connect_to(server.port());
        ::epoll_ctl(epoll, EPOLL_CTL_ADD, event.data.fd, &event);
    }
    const std::jthread thread([=] { echo_until_closed(epoll, count); });
    return follow_round(server, rounds_before, bytes, mappings);
}

} // namespace hws::bench::parked
