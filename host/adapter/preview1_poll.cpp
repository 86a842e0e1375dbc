// poll_oneoff: waiting for clocks and descriptors at once.

#include "adapter/preview1_guest.hpp"
#include "os/clock.hpp"

#include <algorithm>
#include <chrono>
#include <limits>

namespace hws::host::adapter::preview1 {
namespace {

using core::Descriptor;
using os::Ready;
using std::chrono::nanoseconds;

/// A number of the guest as a duration; what does not fit is the longest there is.
nanoseconds duration(Timestamp count) {
    constexpr auto longest = static_cast<Timestamp>(std::numeric_limits<std::int64_t>::max());
    return nanoseconds(static_cast<std::int64_t>(std::min(count, longest)));
}

os::Deadline later(os::Deadline moment, nanoseconds wait) {
    if (wait >= os::no_deadline - moment) return os::no_deadline;
    return moment + wait;
}

/// When a clock's subscription is due, on the loop's clock. `started` is when the call began.
/// Errors: unsupported, invalid_argument.
Result<os::Deadline> due(const Subscription& wish, os::Deadline started) {
    const auto clock = static_cast<ClockId>(wish.subject);
    if (clock == ClockId::process_cpu_time || clock == ClockId::thread_cpu_time)
        return fail(Errc::unsupported);
    if (clock != ClockId::realtime && clock != ClockId::monotonic)
        return fail(Errc::invalid_argument);
    if (!(wish.clock_flags & absolute_time)) return later(started, duration(wish.timeout));
    if (clock == ClockId::monotonic) return os::Deadline(duration(wish.timeout));
    const nanoseconds now = os::time_of(os::SystemClock::realtime);
    return later(os::Clock::now(), std::max(duration(wish.timeout) - now, nanoseconds(0)));
}

/// One call of poll_oneoff.
class Poll {
public:
    Poll(PluginState& state, std::uint32_t in, std::uint32_t out, std::uint32_t count)
        : state_(state), in_(in), out_(out), count_(count) {}

    /// Looks at every subscription and writes an event for each that is due. Whatever is not is
    /// noted for wait(). Errors: fault, invalid_argument for an unknown kind of subscription.
    Result<std::uint32_t> look() {
        interests_.clear();
        deadline_ = os::no_deadline;
        events_ = 0;
        for (std::uint32_t i = 0; i < count_; ++i) {
            HWS_TRY(const Subscription wish, state_.memory->load<Subscription>(
                                                 in_ + std::uint64_t{i} * sizeof(Subscription)));
            Event event;
            event.user_data = wish.user_data;
            event.type = wish.type;
            HWS_TRY(const bool happened, look_at(wish, event));
            if (!happened) continue;
            HWS_CHECK(state_.memory->store(out_ + std::uint64_t{events_} * sizeof(Event), event));
            ++events_;
        }
        is_first_look_ = false;
        return events_;
    }

    os::Task<os::Wake> wait() { return os::wait_any(state_.loop, interests_, deadline_); }

private:
    Result<bool> look_at(const Subscription& wish, Event& event) {
        switch (wish.type) {
        case EventType::clock: {
            const auto moment = due(wish, started_);
            if (!moment) return failed(event, moment.error());
            if (*moment <= os::Clock::now()) return true;
            deadline_ = std::min(deadline_, *moment);
            return false;
        }
        case EventType::fd_read:
            return look_at(wish, Ready::read, event);
        case EventType::fd_write:
            return look_at(wish, Ready::write, event);
        }
        return fail(Errc::invalid_argument);
    }

    Result<bool> look_at(const Subscription& wish, Ready what, Event& event) {
        auto found = find(state_, Fd{static_cast<std::int32_t>(wish.subject)});
        if (!found) return failed(event, found.error());
        Descriptor& descriptor = **found;
        if (!intersects(descriptor.directions(), what)) return failed(event, Errc::not_capable);
        // The first look asks the system. Later ones need not where no event has come since: a
        // clear bit is certain.
        const bool may_be_ready = is_first_look_ || descriptor.readiness().is(what);
        if (may_be_ready && intersects(descriptor.poll_now(what), what)) {
            event.bytes = what == Ready::read ? descriptor.readable_bytes() : 1;
            event.flags = descriptor.has_hung_up() ? hung_up : 0;
            return true;
        }
        interests_.push_back({&descriptor.readiness(), what});
        return false;
    }

    static bool failed(Event& event, const Error& error) {
        event.error = wasi_number_of(error.code());
        return true;
    }

    PluginState& state_;
    const std::uint64_t in_;
    const std::uint64_t out_;
    const std::uint32_t count_;
    const os::Deadline started_ = os::Clock::now();
    bool is_first_look_ = true;
    std::uint32_t events_ = 0;
    std::vector<os::Interest> interests_; // at most count_, so max_subscriptions
    os::Deadline deadline_ = os::no_deadline;
};

} // namespace

os::Task<> poll_oneoff(PluginState& state, GuestPointer<Subscription> in, GuestPointer<Event> out,
                       std::uint32_t count, GuestPointer<std::uint32_t> events) {
    if (count == 0 || count > max_subscriptions) co_return fail(Errc::invalid_argument);
    HWS_CO_CHECK(guest_bytes(state, in.address, std::uint64_t{count} * sizeof(Subscription)));
    HWS_CO_CHECK(guest_bytes(state, out.address, std::uint64_t{count} * sizeof(Event)));
    HWS_CO_CHECK(check_room(state, events));
    Poll poll(state, in.address, out.address, count);
    for (;;) {
        HWS_CO_TRY(const std::uint32_t happened, poll.look());
        if (happened > 0) co_return store(state, events, happened);
        HWS_CO_CHECK(co_await poll.wait());
    }
}

} // namespace hws::host::adapter::preview1
