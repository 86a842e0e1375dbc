#include "os/fd.hpp"
#include "os/level_watch.hpp"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace hws;
using namespace hws::host::os;
using namespace std::chrono_literals;

namespace {

/// Both ends of a connection, one of them watched.
struct Fixture : LevelWatchOwner {
    Fixture() {
        int ends[2];
        REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
        near = Fd(ends[0]);
        far = Fd(ends[1]);
        watch = std::make_unique<LevelWatch>(*loop, near.get(), *this);
    }

    void on_ready(int fd, Ready ready) override {
        CHECK(fd == near.get());
        ++told;
        last = ready;
        if (is_destroying) watch.reset();
    }
    void run_rounds(int count) {
        int rounds = 0;
        // A round that waits for events would never end when none is due.
        auto sleep = [](Loop& on) -> Task<> {
            co_await sleep_until(on, deadline_after(50ms));
            co_return Result<void>();
        }(*loop);
        sleep.start(*loop);
        loop->run_until([&] { return sleep.is_done() || ++rounds > count; });
        rounds_run = rounds;
    }
    void say(const char* text) { REQUIRE(::write(far.get(), text, 1) == 1); }

    std::unique_ptr<Loop> loop = Loop::create().value();
    Fd near, far;
    std::unique_ptr<LevelWatch> watch;
    int told = 0;
    int rounds_run = 0;
    Ready last = Ready::none;
    bool is_destroying = false;
};

} // namespace

TEST_SUITE_BEGIN("level watch");

TEST_CASE_FIXTURE(Fixture, "the owner is told in every round as long as it is so") {
    REQUIRE(watch->want(Ready::read).has_value());
    run_rounds(10);
    CHECK(told == 0);
    say("x");
    run_rounds(10);
    CHECK(told >= 8);
    CHECK(last == Ready::read);
    char byte;
    REQUIRE(::read(near.get(), &byte, 1) == 1);
    told = 0;
    run_rounds(10);
    CHECK(told <= 1);
}

TEST_CASE_FIXTURE(Fixture, "it is told only what it wants, and wishes change at any time") {
    say("x");
    REQUIRE(watch->want(Ready::both).has_value());
    run_rounds(5);
    CHECK(last == Ready::both);
    REQUIRE(watch->want(Ready::write).has_value());
    run_rounds(5);
    CHECK(last == Ready::write);
    REQUIRE(watch->want(Ready::none).has_value());
    told = 0;
    run_rounds(5);
    CHECK(told == 0);
    REQUIRE(watch->want(Ready::read).has_value());
    run_rounds(5);
    CHECK(told > 0);
    CHECK(last == Ready::read);
}

TEST_CASE_FIXTURE(Fixture, "a hang-up that nobody wants to know of does not keep the loop busy") {
    REQUIRE(watch->want(Ready::read).has_value());
    REQUIRE(watch->want(Ready::none).has_value());
    far.reset();
    run_rounds(50);
    CHECK(rounds_run < 10);
    CHECK(told == 0);
    REQUIRE(watch->want(Ready::read).has_value());
    run_rounds(3);
    CHECK(told > 0);
}

TEST_CASE_FIXTURE(Fixture, "the owner may destroy the watch that tells it") {
    is_destroying = true;
    say("x");
    REQUIRE(watch->want(Ready::both).has_value());
    run_rounds(5);
    CHECK(told == 1);
}

TEST_SUITE_END();
