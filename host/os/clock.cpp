#include "os/clock.hpp"

#include "os/fd.hpp"

#include <cerrno>
#include <sys/random.h>
#include <time.h>

namespace hws::host::os {
namespace {

clockid_t native(SystemClock clock) {
    return clock == SystemClock::realtime ? CLOCK_REALTIME : CLOCK_MONOTONIC;
}

std::chrono::nanoseconds duration(const timespec& time) {
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

} // namespace

std::chrono::nanoseconds time_of(SystemClock clock) {
    timespec time{};
    ::clock_gettime(native(clock), &time);
    return duration(time);
}

std::chrono::nanoseconds resolution_of(SystemClock clock) {
    timespec time{};
    ::clock_getres(native(clock), &time);
    return duration(time);
}

Result<void> fill_random(std::span<std::byte> into) {
    while (!into.empty()) {
        const ssize_t count = ::getrandom(into.data(), into.size(), 0);
        if (count < 0) {
            if (errno == EINTR) continue;
            return std::unexpected(last_error("getrandom"));
        }
        into = into.subspan(static_cast<std::size_t>(count));
    }
    return {};
}

} // namespace hws::host::os
