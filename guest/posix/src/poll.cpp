// poll(2) and ppoll(2). wasi-libc's poll leaves negative descriptors, hang-ups and waits for
// nothing at all aside.

#include "wire.hpp"

#include <cstdlib>
#include <poll.h>

using namespace hws::posix;

namespace {

struct Pair {
    short event;
    v2::PollEvents wire;
};
constexpr Pair pairs[] = {
    {POLLIN, v2::poll_events::read},          {POLLOUT, v2::poll_events::write},
    {POLLRDHUP, v2::poll_events::peer_ended}, {POLLERR, v2::poll_events::error},
    {POLLHUP, v2::poll_events::hung_up},      {POLLNVAL, v2::poll_events::bad_handle},
};

v2::PollEvents wire_events(short events) {
    v2::PollEvents wire = 0;
    for (const Pair& pair : pairs) {
        if (events & pair.event) wire |= pair.wire;
    }
    constexpr v2::PollEvents asked =
        v2::poll_events::read | v2::poll_events::write | v2::poll_events::peer_ended;
    return wire & asked;
}

short program_events(v2::PollEvents wire) {
    int events = 0;
    for (const Pair& pair : pairs) {
        if (wire & pair.wire) events |= pair.event;
    }
    return static_cast<short>(events);
}

int poll_for(pollfd* descriptors, nfds_t count, v2::Duration timeout) {
    if (count > v2::max_poll_entries) return fail(EINVAL);
    if (count > 0 && !descriptors) return fail(EFAULT);
    constexpr nfds_t few = 128;
    v2::PollEntry on_stack[few];
    v2::PollEntry* entries = on_stack;
    if (count > few) {
        entries = static_cast<v2::PollEntry*>(std::malloc(count * sizeof *entries));
        if (!entries) return fail(ENOMEM);
    }
    for (nfds_t i = 0; i < count; ++i)
        entries[i] = {{descriptors[i].fd}, wire_events(descriptors[i].events), 0};
    std::uint32_t ready = 0;
    const auto status = v2::poll(v2::span_at(entries, count), timeout, v2::at(&ready));
    if (!failed(status)) {
        for (nfds_t i = 0; i < count; ++i)
            descriptors[i].revents =
                descriptors[i].fd < 0 ? short{0} : program_events(entries[i].happened);
    }
    if (entries != on_stack) std::free(entries);
    return failed(status) ? fail(errno_of(status)) : static_cast<int>(ready);
}

} // namespace

extern "C" {

int poll(pollfd* descriptors, nfds_t count, int milliseconds) {
    return poll_for(descriptors, count,
                    milliseconds < 0 ? v2::no_limit
                                     : static_cast<v2::Duration>(milliseconds) * 1'000'000);
}

// There are no signals that a mask could hold back.
int ppoll(pollfd* descriptors, nfds_t count, const timespec* timeout, const sigset_t*) {
    if (!timeout) return poll_for(descriptors, count, v2::no_limit);
    if (timeout->tv_sec < 0 || timeout->tv_nsec < 0 || timeout->tv_nsec >= 1'000'000'000)
        return fail(EINVAL);
    return poll_for(descriptors, count, duration_of(*timeout));
}
}
