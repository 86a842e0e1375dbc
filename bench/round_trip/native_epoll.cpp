#include "common/socket.hpp"
#include "round_trip/round_trip.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace hws::bench::round_trip {

std::string run_native_epoll(std::uint16_t port, std::uint64_t count) {
    const int connection = connect_to(port);
    ::fcntl(connection, F_SETFL, O_NONBLOCK);
    const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    ::epoll_ctl(epoll, EPOLL_CTL_ADD, connection, &event);
    unsigned char message[message_bytes];
    unsigned char echo[message_bytes];
    fill_pattern(message, sizeof message);
    std::uint64_t sum = 0;
    bool is_broken = false;
    for (std::uint64_t i = 0; i < count && !is_broken; ++i) {
        std::memcpy(message, &i, sizeof i);
        if (!send_all(connection, message, sizeof message)) break;
        for (std::size_t got = 0; got < sizeof echo && !is_broken;) {
            ::epoll_wait(epoll, &event, 1, 5000);
            const ssize_t more = ::recv(connection, echo + got, sizeof echo - got, 0);
            if (more > 0) got += static_cast<std::size_t>(more);
            is_broken = more == 0 || (more < 0 && errno != EAGAIN);
        }
        if (std::memcmp(message, echo, sizeof echo) != 0) break;
        std::uint64_t word;
        std::memcpy(&word, echo, sizeof word);
        sum += word + 1;
    }
    ::close(epoll);
    ::close(connection);
    return std::to_string(sum);
}

} // namespace hws::bench::round_trip
