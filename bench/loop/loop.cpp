// What does the event loop cost in a round trip? 64 bytes to an echo thread and back over TCP on
// loopback, both pinned to one CPU.
//
//     bench-loop      every contender, interleaved runs; median time and system calls of a trip
//
// The calls are counted by functions that stand in front of the C library's: strace would change
// who runs when. Contenders: blocking (no loop), ours (host/os/loop.hpp), asio-wait (async_wait,
// then recv by ourselves: what a host function needs, which receives into memory that may have
// moved meanwhile), asio-receive (async_receive into a buffer that stays).
#include "os/loop.hpp"

#include <algorithm>
#include <array>
#include <asio.hpp>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

/// System calls of this thread since it started; the echo thread counts its own.
thread_local unsigned long receives = 0;
thread_local unsigned long sends = 0;
thread_local unsigned long waits = 0;
thread_local unsigned long controls = 0;

} // namespace

// In front of the C library's functions of the same names.
extern "C" {
ssize_t recv(int fd, void* into, size_t bytes, int flags) {
    ++receives;
    return syscall(SYS_recvfrom, fd, into, bytes, flags, nullptr, nullptr);
}
ssize_t recvmsg(int fd, msghdr* message, int flags) {
    ++receives;
    return syscall(SYS_recvmsg, fd, message, flags);
}
ssize_t send(int fd, const void* from, size_t bytes, int flags) {
    ++sends;
    return syscall(SYS_sendto, fd, from, bytes, flags, nullptr, 0);
}
ssize_t sendmsg(int fd, const msghdr* message, int flags) {
    ++sends;
    return syscall(SYS_sendmsg, fd, message, flags);
}
int epoll_wait(int epoll, epoll_event* events, int room, int milliseconds) {
    ++waits;
    return static_cast<int>(syscall(SYS_epoll_wait, epoll, events, room, milliseconds));
}
int epoll_pwait2(int epoll, epoll_event* events, int room, const timespec* timeout,
                 const sigset_t* mask) {
    ++waits;
    return static_cast<int>(
        syscall(SYS_epoll_pwait2, epoll, events, room, timeout, mask, _NSIG / 8));
}
int epoll_ctl(int epoll, int operation, int fd, epoll_event* event) noexcept {
    ++controls;
    return static_cast<int>(syscall(SYS_epoll_ctl, epoll, operation, fd, event));
}
}

namespace {

namespace os = hws::host::os;
using Message = std::array<char, 64>;

void require(bool is_true, const char* what) {
    if (is_true) return;
    std::perror(what);
    std::exit(1);
}

void pin_to_cpu_0() {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(0, &set);
    require(sched_setaffinity(0, sizeof set, &set) == 0, "sched_setaffinity");
}

/// The near end of a connection whose far end a thread echoes.
class Echo {
public:
    Echo() {
        const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* const raw = reinterpret_cast<sockaddr*>(&address);
        require(bind(listener, raw, size) == 0 && listen(listener, 1) == 0 &&
                    getsockname(listener, raw, &size) == 0,
                "listen");
        near_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        require(connect(near_, raw, size) == 0, "connect");
        const int far = accept(listener, nullptr, nullptr);
        require(far >= 0, "accept");
        close(listener);
        for (const int end : {near_, far}) {
            const int on = 1;
            require(setsockopt(end, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0, "TCP_NODELAY");
        }
        thread_ = std::thread([far] {
            Message message;
            for (ssize_t count; (count = recv(far, message.data(), message.size(), 0)) > 0;)
                require(send(far, message.data(), static_cast<std::size_t>(count), MSG_NOSIGNAL) ==
                            count,
                        "echo");
            close(far);
        });
    }
    ~Echo() {
        shutdown(near_, SHUT_RDWR);
        close(near_);
        thread_.join();
    }
    int fd() const { return near_; }

private:
    int near_ = -1;
    std::thread thread_;
};

void run_blocking(int fd, int trips) {
    Message message{};
    for (int i = 0; i < trips; ++i) {
        require(send(fd, message.data(), message.size(), MSG_NOSIGNAL) == 64, "send");
        require(recv(fd, message.data(), message.size(), MSG_WAITALL) == 64, "recv");
    }
}

os::Task<> trips_of_ours(os::Watch& watch, int trips) {
    Message message{};
    for (int i = 0; i < trips; ++i) {
        require(send(watch.fd(), message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT) == 64,
                "send");
        for (std::size_t received = 0; received < message.size();) {
            // The bit is certain when it is clear: no recv that would only say "would block".
            if (!watch.is(os::Ready::read))
                (void)co_await watch.until(os::Ready::read, os::no_deadline);
            const std::size_t wanted =
                message.size() + 1 - received; // one more than is to come, so that it is short
            std::array<char, 65> buffer;
            const ssize_t count = recv(watch.fd(), buffer.data(), wanted, MSG_DONTWAIT);
            if (count < static_cast<ssize_t>(wanted)) watch.clear(os::Ready::read);
            if (count < 0 && errno == EAGAIN) continue;
            require(count > 0, "recv");
            std::memcpy(message.data() + received, buffer.data(), static_cast<std::size_t>(count));
            received += static_cast<std::size_t>(count);
        }
    }
    co_return hws::Result<void>();
}

void run_ours(int fd, int trips) {
    auto loop = os::Loop::create().value();
    auto watch = os::Watch::create(*loop, fd).value();
    require(os::run(*loop, trips_of_ours(*watch, trips)).has_value(), "loop");
}

asio::awaitable<void> trips_with_wait(asio::ip::tcp::socket& socket, int trips) {
    Message message{};
    const int fd = socket.native_handle();
    for (int i = 0; i < trips; ++i) {
        require(send(fd, message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT) == 64,
                "send");
        for (std::size_t received = 0; received < message.size();) {
            const ssize_t count =
                recv(fd, message.data() + received, message.size() - received, MSG_DONTWAIT);
            if (count > 0) {
                received += static_cast<std::size_t>(count);
                continue;
            }
            require(errno == EAGAIN, "recv");
            co_await socket.async_wait(asio::ip::tcp::socket::wait_read, asio::use_awaitable);
        }
    }
}

asio::awaitable<void> trips_with_receive(asio::ip::tcp::socket& socket, int trips) {
    Message message{};
    for (int i = 0; i < trips; ++i) {
        co_await asio::async_write(socket, asio::buffer(message), asio::use_awaitable);
        co_await asio::async_read(socket, asio::buffer(message), asio::use_awaitable);
    }
}

void run_asio(int fd, int trips, asio::awaitable<void> (*body)(asio::ip::tcp::socket&, int)) {
    asio::io_context context(1);
    asio::ip::tcp::socket socket(context, asio::ip::tcp::v4(), dup(fd));
    socket.non_blocking(true);
    asio::co_spawn(context, body(socket, trips), asio::detached);
    context.run();
}

struct Contender {
    const char* name;
    void (*run)(int fd, int trips);
    std::vector<double> nanoseconds{};
    unsigned long receives = 0, sends = 0, waits = 0, controls = 0;
};

std::array<Contender, 4> contenders{{
    {"blocking", run_blocking},
    {"ours", run_ours},
    {"asio-wait", [](int fd, int trips) { run_asio(fd, trips, trips_with_wait); }},
    {"asio-receive", [](int fd, int trips) { run_asio(fd, trips, trips_with_receive); }},
}};

} // namespace

int main() {
    pin_to_cpu_0();
    constexpr int rounds = 21;
    constexpr int trips = 5000;
    for (int round = 0; round < rounds; ++round)
        for (Contender& contender : contenders) {
            contender.run(Echo().fd(), trips / 10); // warm
            const Echo echo;
            receives = sends = waits = controls = 0;
            const auto start = std::chrono::steady_clock::now();
            contender.run(echo.fd(), trips);
            const std::chrono::duration<double, std::nano> took =
                std::chrono::steady_clock::now() - start;
            contender.nanoseconds.push_back(took.count() / trips);
            contender.receives += receives;
            contender.sends += sends;
            contender.waits += waits;
            contender.controls += controls;
        }
    std::printf(
        "64 B round trip, TCP loopback, one CPU; median of %d interleaved runs of %d trips\n",
        rounds, trips);
    std::printf("  %-13s %9s %12s   calls a trip: %s\n", "contender", "time", "x blocking",
                " send  recv  epoll_wait  epoll_ctl");
    double blocking = 0;
    for (Contender& contender : contenders) {
        std::ranges::nth_element(contender.nanoseconds, contender.nanoseconds.begin() + rounds / 2);
        const double median = contender.nanoseconds[rounds / 2];
        if (blocking == 0) blocking = median;
        const auto a_trip = [](unsigned long calls) {
            return static_cast<double>(calls) / rounds / trips;
        };
        std::printf("  %-13s %6.2f us %12.2f %20.2f  %4.2f  %10.2f  %9.2f\n", contender.name,
                    median / 1000, median / blocking, a_trip(contender.sends),
                    a_trip(contender.receives), a_trip(contender.waits),
                    a_trip(contender.controls));
    }
}
