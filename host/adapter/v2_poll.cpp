// Dialect v2: poll, as poll(2) has it, on any descriptors.

#include "adapter/v2_guest.hpp"

#include <vector>

namespace hws::host::adapter::v2 {
namespace {

using core::Descriptor;
using os::Ready;
namespace events = poll_events;

/// What has happened to the descriptor, out of all that poll(2) can say.
PollEvents ask(Descriptor& descriptor) {
    PollEvents answer = 0;
    const auto add = [&](bool happened, PollEvents event) {
        if (happened) answer |= event;
    };
    if (auto* const socket = dynamic_cast<NetworkSocket*>(&descriptor)) {
        const os::PollState now = socket->poll_state();
        add(now.readable, events::read);
        add(now.writable, events::write);
        add(now.peer_ended, events::peer_ended);
        add(now.error, events::error);
        add(now.hung_up, events::hung_up);
        return answer;
    }
    const Ready directions = descriptor.directions();
    Ready now = Ready::none;
    for (const Ready one : {Ready::read, Ready::write})
        if (intersects(directions, one)) now = now | descriptor.poll_now(one);
    add(intersects(now, Ready::read), events::read);
    add(intersects(now, Ready::write), events::write);
    add(descriptor.has_hung_up(), events::hung_up);
    return answer;
}

/// One call of poll.
class Poll {
public:
    Poll(PluginState& state, GuestSpan<PollEntry> entries) : state_(state), entries_(entries) {}
    Poll(const Poll&) = delete;
    Poll& operator=(const Poll&) = delete;

    /// Looks at every entry, writes down what happened and counts those to which something has.
    Result<std::uint32_t> look() {
        interests_.clear();
        std::uint32_t ready = 0;
        for (std::uint32_t i = 0; i < entries_.count; ++i) {
            HWS_TRY(PollEntry entry, load(state_, element(entries_, i)));
            entry.happened = look_at(entry);
            if (entry.happened != 0) ++ready;
            HWS_CHECK(store(state_, element(entries_, i), entry));
        }
        is_first_look_ = false;
        return ready;
    }

    /// Waits for an event on any of what look() has found idle. Errors: would_block when the time
    /// is over.
    os::Task<> wait(os::Deadline deadline) {
        // A bit may be set by something that nobody asked for: data, say, where only the end of the
        // connection is awaited. Unset, the next event sets it again.
        std::vector<os::Interest> hidden;
        for (const os::Interest& interest : interests_) {
            if (!interest.source->is(interest.what)) continue;
            interest.source->clear(interest.what);
            hidden.push_back(interest);
        }
        const auto wake = co_await os::wait_any(state_.loop, interests_, deadline);
        // Others take an unset bit for certain.
        for (const os::Interest& interest : hidden)
            interest.source->set(interest.what);
        if (!wake) co_return std::unexpected(wake.error());
        if (*wake == os::Wake::timed_out) co_return fail(Errc::would_block);
        co_return {};
    }

private:
    PollEvents look_at(const PollEntry& entry) {
        if (entry.descriptor.number < 0) return 0;
        auto found =
            state_.descriptors.find(static_cast<core::DescriptorNumber>(entry.descriptor.number));
        if (!found) return events::bad_handle;
        Descriptor& descriptor = **found;
        Ready what = Ready::none;
        // The end of a connection sets both bits; without another wish, the one of reading tells.
        if (entry.wanted & (events::read | events::peer_ended) || entry.wanted == 0)
            what = what | Ready::read;
        if (entry.wanted & events::write) what = what | Ready::write;
        // The first look asks the system. Later ones need not where no event has come since.
        if (is_first_look_ || descriptor.readiness().is(what)) {
            const PollEvents told =
                ask(descriptor) & (entry.wanted | events::error | events::hung_up);
            if (told != 0) return told;
        }
        interests_.push_back({&descriptor.readiness(), what});
        return 0;
    }

    PluginState& state_;
    const GuestSpan<PollEntry> entries_;
    bool is_first_look_ = true;
    std::vector<os::Interest> interests_; // at most max_poll_entries
};

} // namespace

os::Task<> poll(PluginState& state, GuestSpan<PollEntry> entries, Duration timeout,
                GuestPointer<std::uint32_t> ready) {
    if (entries.count > max_poll_entries) co_return fail(Errc::invalid_argument);
    HWS_CO_CHECK(check_room(state, entries));
    HWS_CO_CHECK(check_room(state, ready));
    const os::Deadline deadline = deadline_of(timeout);
    Poll poll(state, entries);
    for (;;) {
        HWS_CO_TRY(const std::uint32_t count, poll.look());
        if (count > 0 || timeout == 0) co_return store(state, ready, count);
        auto waited = co_await poll.wait(deadline);
        if (waited) continue;
        if (waited.error() != Errc::would_block) co_return std::move(waited);
        co_return store(state, ready, 0);
    }
}

} // namespace hws::host::adapter::v2
