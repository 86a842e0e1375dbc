#include "os/fd.hpp"
#include "os/loop.hpp"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace hws;
using namespace hws::host::os;
using namespace std::chrono_literals;

namespace {

/// Two datagram sockets that are connected; `near` has a watch that repeats.
struct Fixture {
    Fixture() {
        int ends[2];
        REQUIRE(::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
        near = Fd(ends[0]);
        far = Fd(ends[1]);
        watch = Watch::create_repeating(*loop, near.get()).value();
    }
    ~Fixture() { watch.reset(); }

    void say(char text) { REQUIRE(::write(far.get(), &text, 1) == 1); }
    char hear() {
        char text = 0;
        REQUIRE(::read(near.get(), &text, 1) == 1);
        return text;
    }
    Wake wait() {
        auto task = [](Watch& source) -> Task<Wake> {
            co_return co_await source.until(Ready::read, deadline_after(50ms));
        }(*watch);
        return run(*loop, std::move(task)).value();
    }
    /// Rounds of the loop until 50 ms are over.
    int rounds() {
        int count = 0;
        auto sleep = [](Loop& on) -> Task<> {
            co_await sleep_until(on, deadline_after(50ms));
            co_return Result<void>();
        }(*loop);
        sleep.start(*loop);
        loop->run_until([&] { return sleep.is_done() || ++count > 100; });
        return count;
    }

    std::unique_ptr<Loop> loop = Loop::create().value();
    Fd near, far;
    std::unique_ptr<Watch> watch;
};

} // namespace

TEST_SUITE_BEGIN("loop");

TEST_CASE_FIXTURE(Fixture, "a watch that repeats tells of each message that is left, without a try in vain") {
    say('a');
    say('b');
    for (const char expected : {'a', 'b'}) {
        watch->clear(Ready::read);
        REQUIRE(wait() == Wake::ready);
        CHECK(hear() == expected);
    }
    watch->clear(Ready::read);
    CHECK(wait() == Wake::timed_out);
    CHECK(watch->repeats());
}

TEST_CASE_FIXTURE(Fixture, "it stops repeating when nobody waits, so that the loop does not spin, and loses nothing") {
    watch->clear(Ready::both);
    say('a');
    CHECK(rounds() < 10);
    CHECK_FALSE(watch->repeats());
    CHECK(watch->is(Ready::read));
    CHECK(hear() == 'a');
    watch->clear(Ready::both);
    say('b');
    CHECK(wait() == Wake::ready);
    CHECK(watch->is(Ready::write)); // which it tells of from now on
}

TEST_CASE("the loop yields before each sleep as long as that brings events") {
    YieldGauge gauge;
    const Clock::time_point now = Clock::now();
    for (int i = 0; i < 1000; ++i) {
        REQUIRE(gauge.is_worthwhile());
        gauge.note(true, now, now + 5us);
    }
}

TEST_CASE("yields that bring nothing are tried ever more rarely, and again each time once one has brought something") {
    YieldGauge gauge;
    const Clock::time_point now = Clock::now();
    const auto count_yields = [&](int sleeps, bool have_helped) {
        int yields = 0;
        for (int i = 0; i < sleeps; ++i) {
            if (!gauge.is_worthwhile()) continue;
            ++yields;
            gauge.note(have_helped, now, now + 1us);
        }
        return yields;
    };
    CHECK(count_yields(512, false) == 9);
    CHECK(count_yields(2560, false) == 10);
    CHECK(count_yields(512, true) > 256);
    CHECK(count_yields(512, true) == 512);
}

TEST_CASE("who had to wait a time slice for the CPU does not give it away for a second") {
    YieldGauge gauge;
    const Clock::time_point now = Clock::now();
    REQUIRE(gauge.is_worthwhile());
    gauge.note(true, now + 1h, now + 1h + 3ms);
    CHECK_FALSE(gauge.is_worthwhile());
    gauge.note(true, now - 2s, now - 2s + 3ms);
    CHECK(gauge.is_worthwhile());
}

TEST_SUITE_END();
