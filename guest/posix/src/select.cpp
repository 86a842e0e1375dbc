// select(2) and pselect(2) over the set of bits of __fd_set.h; wasi-libc's own are for its list.

#include "wire.hpp"

#include <sys/select.h>
#include <sys/time.h>

using namespace hws::posix;

namespace {

bool is_in(int fd, const fd_set* set) {
    return set && FD_ISSET(fd, set);
}

/// The sets are told anew in place. A set of exceptions is always empty: no data is urgent.
int select_for(int limit, fd_set* reading, fd_set* writing, fd_set* excepting,
               v2::Duration timeout) {
    if (limit < 0 || limit > FD_SETSIZE) return fail(EINVAL);
    v2::PollEntry entries[FD_SETSIZE];
    std::uint32_t count = 0;
    for (int fd = 0; fd < limit; ++fd) {
        v2::PollEvents wanted = 0;
        if (is_in(fd, reading)) wanted |= v2::poll_events::read;
        if (is_in(fd, writing)) wanted |= v2::poll_events::write;
        if (wanted || is_in(fd, excepting)) entries[count++] = {{fd}, wanted, 0};
    }
    // An exceptional descriptor alone would wake us at its end and be told as nothing: it is waited
    // for no more.
    std::uint32_t happened = 0;
    const auto status = v2::poll(v2::span_at(entries, count), timeout, v2::at(&happened));
    if (failed(status)) return fail(errno_of(status));
    for (std::uint32_t i = 0; i < count; ++i) {
        if (entries[i].happened & v2::poll_events::bad_handle) return fail(EBADF);
    }
    if (reading) FD_ZERO(reading);
    if (writing) FD_ZERO(writing);
    if (excepting) FD_ZERO(excepting);
    constexpr v2::PollEvents over = v2::poll_events::error | v2::poll_events::hung_up;
    int ready = 0;
    for (std::uint32_t i = 0; i < count; ++i) {
        const v2::PollEntry& entry = entries[i];
        const int fd = entry.descriptor.number;
        if (entry.wanted & v2::poll_events::read &&
            entry.happened & (v2::poll_events::read | over)) {
            FD_SET(fd, reading);
            ++ready;
        }
        if (entry.wanted & v2::poll_events::write &&
            entry.happened & (v2::poll_events::write | v2::poll_events::error)) {
            FD_SET(fd, writing);
            ++ready;
        }
    }
    return ready;
}

} // namespace

extern "C" {

int pselect(int limit, fd_set* __restrict reading, fd_set* __restrict writing,
            fd_set* __restrict excepting, const timespec* __restrict timeout,
            const sigset_t* __restrict) {
    if (!timeout) return select_for(limit, reading, writing, excepting, v2::no_limit);
    if (timeout->tv_sec < 0 || timeout->tv_nsec < 0 || timeout->tv_nsec >= 1'000'000'000)
        return fail(EINVAL);
    return select_for(limit, reading, writing, excepting, duration_of(*timeout));
}

int select(int limit, fd_set* __restrict reading, fd_set* __restrict writing,
           fd_set* __restrict excepting, timeval* __restrict timeout) {
    if (!timeout) return select_for(limit, reading, writing, excepting, v2::no_limit);
    if (timeout->tv_sec < 0 || timeout->tv_usec < 0) return fail(EINVAL);
    // More than a second of microseconds is taken, as on Linux.
    const timespec time{.tv_sec = timeout->tv_sec + timeout->tv_usec / 1'000'000,
                        .tv_nsec = static_cast<long>(timeout->tv_usec % 1'000'000 * 1000)};
    timespec before, after;
    clock_gettime(CLOCK_MONOTONIC, &before);
    const int result = select_for(limit, reading, writing, excepting, duration_of(time));
    clock_gettime(CLOCK_MONOTONIC, &after);
    // Linux tells what is left of the time, select(2), and programs that loop rely on it.
    long long left = (time.tv_sec - (after.tv_sec - before.tv_sec)) * 1'000'000LL +
                     (time.tv_nsec - (after.tv_nsec - before.tv_nsec)) / 1000;
    if (left < 0 || result == 0) left = 0;
    timeout->tv_sec = left / 1'000'000;
    timeout->tv_usec = static_cast<suseconds_t>(left % 1'000'000);
    return result;
}
}
