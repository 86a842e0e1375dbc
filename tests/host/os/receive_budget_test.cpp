#include "os/receive_budget.hpp"

#include <array>
#include <cerrno>
#include <doctest/doctest.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

using hws::host::os::ReceiveBudget;

extern "C" ssize_t hws_receive_within_budget(int socket, void* into, std::size_t size);

namespace {

struct Stream {
    Stream() { REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()) == 0); }
    ~Stream() {
        for (const int end : ends)
            ::close(end);
    }
    void fill(std::size_t bytes) {
        const std::string text(bytes, 'x');
        REQUIRE(::send(ends[0], text.data(), bytes, 0) == static_cast<ssize_t>(bytes));
    }
    ssize_t receive(std::size_t bytes) {
        std::string text(bytes, '\0');
        return hws_receive_within_budget(ends[1], text.data(), bytes);
    }
    std::array<int, 2> ends{};
};

} // namespace

TEST_CASE("beyond the budget nothing seems to be there, until it is over") {
    Stream stream;
    stream.fill(1000);
    {
        const ReceiveBudget budget(300);
        CHECK(stream.receive(200) == 200);
        CHECK(stream.receive(200) == 100);
        CHECK(stream.receive(200) == -1);
        CHECK(errno == EAGAIN);
    }
    CHECK(stream.receive(1000) == 700);
    CHECK(stream.receive(1) == -1);
    CHECK(errno == EAGAIN);
}

TEST_CASE("a budget within another adds nothing to it, and other threads have their own") {
    Stream stream;
    stream.fill(1000);
    const ReceiveBudget outer(300);
    {
        const ReceiveBudget inner(800);
        CHECK(stream.receive(200) == 200);
    }
    CHECK(stream.receive(200) == 100);
    std::thread([&] { CHECK(stream.receive(500) == 500); }).join();
    const ReceiveBudget later(800);
    CHECK(stream.receive(200) == -1);
}

TEST_CASE("the end of a stream is told within a budget") {
    Stream stream;
    ::shutdown(stream.ends[0], SHUT_WR);
    const ReceiveBudget budget(1);
    CHECK(stream.receive(100) == 0);
}
