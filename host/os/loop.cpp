#include "loop.hpp"

#include <algorithm>
#include <cerrno>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

namespace hws::host::os {
namespace {

constexpr std::uint64_t wake_up_token = ~std::uint64_t{0};
constexpr std::uint64_t alarm_token = wake_up_token - 1;
constexpr int events_per_wait = 256;

constexpr std::uint64_t token_of(std::uint32_t slot, std::uint32_t generation) {
    return (std::uint64_t{generation} << 32) | slot;
}

} // namespace

Deadline deadline_after(std::chrono::nanoseconds wait) {
    const Deadline now = Clock::now();
    if (wait >= no_deadline - now) return no_deadline;
    return now + wait;
}

// --- what is to run ---

Runnable::~Runnable() {
    if (queued_in_) queued_in_->remove(*this);
}

void RunQueue::add(Runnable& runnable) {
    if (runnable.queued_in_) return;
    runnable.queued_in_ = this;
    runnable.previous_ = last_;
    runnable.next_ = nullptr;
    (last_ ? last_->next_ : first_) = &runnable;
    last_ = &runnable;
    ++size_;
}

void RunQueue::remove(Runnable& runnable) {
    if (runnable.queued_in_ != this) return;
    (runnable.previous_ ? runnable.previous_->next_ : first_) = runnable.next_;
    (runnable.next_ ? runnable.next_->previous_ : last_) = runnable.previous_;
    runnable.previous_ = runnable.next_ = nullptr;
    runnable.queued_in_ = nullptr;
    --size_;
}

void RunQueue::run_once() {
    for (std::size_t count = size_; count > 0 && first_; --count) {
        Runnable* const runnable = first_;
        remove(*runnable);
        runnable->run();
    }
}

// --- timers: a binary heap that knows each timer's place, so that disarming is logarithmic too ---

void Timer::arm(Deadline deadline) {
    if (deadline == no_deadline) return disarm();
    deadline_ = deadline;
    if (slot_ == not_in_heap) {
        loop_->heap_.push_back(this);
        slot_ = loop_->heap_.size() - 1;
        loop_->heap_up(slot_);
        return;
    }
    loop_->heap_up(slot_);
    loop_->heap_down(slot_);
}

void Timer::disarm() {
    if (slot_ == not_in_heap) return;
    const std::size_t hole = std::exchange(slot_, not_in_heap);
    Timer* const moved = loop_->heap_.back();
    loop_->heap_.pop_back();
    if (moved == this) return;
    loop_->heap_place(hole, moved);
    loop_->heap_up(hole);
    loop_->heap_down(moved->slot_);
}

void Loop::heap_place(std::size_t slot, Timer* timer) {
    heap_[slot] = timer;
    timer->slot_ = slot;
}

void Loop::heap_up(std::size_t slot) {
    Timer* const timer = heap_[slot];
    while (slot > 0) {
        const std::size_t parent = (slot - 1) / 2;
        if (heap_[parent]->deadline_ <= timer->deadline_) break;
        heap_place(slot, heap_[parent]);
        slot = parent;
    }
    heap_place(slot, timer);
}

void Loop::heap_down(std::size_t slot) {
    Timer* const timer = heap_[slot];
    for (;;) {
        std::size_t child = 2 * slot + 1;
        if (child >= heap_.size()) break;
        if (child + 1 < heap_.size() && heap_[child + 1]->deadline_ < heap_[child]->deadline_)
            ++child;
        if (timer->deadline_ <= heap_[child]->deadline_) break;
        heap_place(slot, heap_[child]);
        slot = child;
    }
    heap_place(slot, timer);
}

void Loop::set_alarm() {
    if (heap_.empty() || heap_.front()->deadline_ >= alarm_set_to_) return;
    alarm_set_to_ = heap_.front()->deadline_;
    // 0 would disarm it; a moment that is over goes off at once.
    const auto since_epoch = std::max(alarm_set_to_.time_since_epoch(), Clock::duration(1));
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since_epoch);
    itimerspec moment{};
    moment.it_value.tv_sec = seconds.count();
    moment.it_value.tv_nsec = std::chrono::nanoseconds(since_epoch - seconds).count();
    ::timerfd_settime(alarm_.get(), TFD_TIMER_ABSTIME, &moment, nullptr);
}

void Loop::expire_timers() {
    if (heap_.empty() || alarm_set_to_ != no_deadline) return;
    const Deadline now = Clock::now();
    while (!heap_.empty() && heap_.front()->deadline_ <= now) {
        Timer* const timer = heap_.front();
        timer->disarm();
        timer->on_expiry();
    }
}

// --- readiness ---

void Waiter::wait_for(Readiness& source, Ready what) {
    leave();
    source_ = &source;
    what_ = what;
    previous_ = source.last_;
    next_ = nullptr;
    (source.last_ ? source.last_->next_ : source.first_) = this;
    source.last_ = this;
}

void Waiter::leave() {
    if (!source_) return;
    (previous_ ? previous_->next_ : source_->first_) = next_;
    (next_ ? next_->previous_ : source_->last_) = previous_;
    source_ = nullptr;
    previous_ = next_ = nullptr;
}

Readiness::~Readiness() { set(Ready::both); }

void Readiness::clear(Ready what) {
    ready_ = static_cast<Ready>(static_cast<unsigned>(ready_) & ~static_cast<unsigned>(what));
}

void Readiness::set(Ready what) {
    ready_ = ready_ | what;
    // A notified waiter only queues work, it never runs any, so the list can change here but not under us.
    for (Waiter* waiter = first_; waiter;) {
        Waiter* const next = waiter->next_;
        if (intersects(waiter->what_, what)) {
            waiter->leave();
            waiter->on_ready();
        }
        waiter = next;
    }
}

bool Readiness::is_awaited(Ready what) const {
    for (const Waiter* waiter = first_; waiter; waiter = waiter->next_)
        if (intersects(waiter->what_, what)) return true;
    return false;
}

namespace {

constexpr std::uint32_t edge_events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;

constexpr std::uint32_t level_events(Ready interest) {
    return (intersects(interest, Ready::read) ? EPOLLIN : 0u) |
           (intersects(interest, Ready::write) ? EPOLLOUT : 0u);
}

} // namespace

Result<std::unique_ptr<Watch>> Watch::create(Loop& loop, int fd) {
    return create(loop, fd, Ready::both, edge_events);
}

Result<std::unique_ptr<Watch>> Watch::create_repeating(Loop& loop, int fd) {
    HWS_TRY(auto watch, create(loop, fd, Ready::both, EPOLLIN));
    watch->repeats_ = true;
    return watch;
}

void Watch::stop_repeating() {
    if (!std::exchange(repeats_, false)) return;
    // Cannot fail: the descriptor is registered, and the kernel allocates nothing.
    modify(edge_events);
}

Result<std::unique_ptr<Watch>> Watch::create_level_triggered(Loop& loop, int fd, Ready interest) {
    return create(loop, fd, Ready::none, level_events(interest));
}

Result<void> Watch::set_interest(Ready interest) {
    if (!modify(level_events(interest))) return std::unexpected(last_error("epoll_ctl"));
    return {};
}

bool Watch::modify(std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.u64 = token_of(slot_, loop().watches_[slot_].generation);
    return ::epoll_ctl(loop().epoll_.get(), EPOLL_CTL_MOD, fd_, &event) == 0;
}

Result<std::unique_ptr<Watch>> Watch::create(Loop& loop, int fd, Ready initially,
                                             std::uint32_t events) {
    std::unique_ptr<Watch> watch(new Watch(loop, fd, initially));
    std::uint32_t slot;
    if (loop.free_watches_.empty()) {
        slot = static_cast<std::uint32_t>(loop.watches_.size());
        loop.watches_.emplace_back();
    } else {
        slot = loop.free_watches_.back();
        loop.free_watches_.pop_back();
    }
    epoll_event event{};
    event.events = events;
    event.data.u64 = token_of(slot, loop.watches_[slot].generation);
    watch->slot_ = slot;
    loop.watches_[slot].watch = watch.get();
    if (::epoll_ctl(loop.epoll_.get(), EPOLL_CTL_ADD, fd, &event) < 0) {
        Error error = last_error("epoll_ctl");
        return std::unexpected(std::move(error));
    }
    return watch;
}

Watch::~Watch() {
    if (!is_closed_next_) ::epoll_ctl(loop().epoll_.get(), EPOLL_CTL_DEL, fd_, nullptr);
    auto& entry = loop().watches_[slot_];
    entry.watch = nullptr;
    ++entry.generation;
    loop().free_watches_.push_back(slot_);
}

// --- the loop ---

Result<std::unique_ptr<Loop>> Loop::create() {
    std::unique_ptr<Loop> loop(new Loop);
    loop->epoll_ = Fd(::epoll_create1(EPOLL_CLOEXEC));
    if (!loop->epoll_.is_open()) return std::unexpected(last_error("epoll_create1"));
    loop->wake_up_ = Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!loop->wake_up_.is_open()) return std::unexpected(last_error("eventfd"));
    epoll_event event{};
    event.events = EPOLLIN | EPOLLET;
    event.data.u64 = wake_up_token;
    if (::epoll_ctl(loop->epoll_.get(), EPOLL_CTL_ADD, loop->wake_up_.get(), &event) < 0)
        return std::unexpected(last_error("epoll_ctl"));
    loop->alarm_ = Fd(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
    if (!loop->alarm_.is_open()) return std::unexpected(last_error("timerfd_create"));
    event.data.u64 = alarm_token;
    if (::epoll_ctl(loop->epoll_.get(), EPOLL_CTL_ADD, loop->alarm_.get(), &event) < 0)
        return std::unexpected(last_error("epoll_ctl"));
    return loop;
}

Loop::~Loop() {
    // Work that was posted but never ran is released here, while the loop it may refer to still stands.
    std::vector<std::move_only_function<void()>> leftover;
    {
        std::lock_guard lock(posted_mutex_);
        leftover.swap(posted_);
    }
}

bool Loop::is_loop_thread() const { return thread_ == std::this_thread::get_id(); }

void Loop::post(std::move_only_function<void()> work) {
    bool must_wake = false;
    {
        std::lock_guard lock(posted_mutex_);
        posted_.push_back(std::move(work));
        must_wake = !woken_.exchange(true);
    }
    if (must_wake) {
        const std::uint64_t one = 1;
        // The counter cannot overflow: it is written at most once between two reads.
        [[maybe_unused]] auto written = ::write(wake_up_.get(), &one, sizeof one);
    }
}

void Loop::stop() {
    post([this] { stopped_ = true; });
}

void Loop::run_posted() {
    if (!woken_) return;
    std::vector<std::move_only_function<void()>> work;
    {
        std::lock_guard lock(posted_mutex_);
        // Under the lock: read after it, the counter could hold the wake-up of work that is not in this batch, and an
        // edge-triggered event whose counter has been read is no event.
        std::uint64_t count;
        [[maybe_unused]] auto read = ::read(wake_up_.get(), &count, sizeof count);
        woken_ = false;
        work.swap(posted_);
    }
    for (auto& item : work) item();
}

void Loop::run_queued() {
    // Only as many as were ready at the start of the round: who queues itself again waits for events, timers and the others
    // first, so nobody starves.
    queue_.run_once();
    for (auto& work : std::exchange(deferred_, {})) work();
}

void YieldGauge::note(bool has_helped, Clock::time_point before, Clock::time_point after) {
    // Longer than the way to another thread and back by far, shorter than a time slice.
    constexpr auto too_long = std::chrono::microseconds(500);
    constexpr auto pause = std::chrono::seconds(1);
    constexpr unsigned most_skips = 256;
    is_paused_ = after - before > too_long;
    if (is_paused_) paused_until_ = after + pause;
    if (has_helped) {
        next_skips_ = 1;
        return;
    }
    skips_left_ = next_skips_;
    next_skips_ = std::min(2 * next_skips_, most_skips);
}

int Loop::fetch_events(std::span<epoll_event> events, bool may_wait) {
    const auto fetch = [&](int timeout) {
        return ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), timeout);
    };
    if (!may_wait) return fetch(0);
    if (yield_.is_worthwhile()) {
        const auto before = Clock::now();
        ::sched_yield();
        const int count = fetch(0);
        yield_.note(count != 0, before, Clock::now());
        if (count != 0) return count;
    }
    return fetch(-1);
}

void Loop::wait_for_events(bool may_wait) {
    set_alarm();
    epoll_event events[events_per_wait];
    const int count = fetch_events(events, may_wait);
    for (int i = 0; i < count; ++i) {
        const std::uint64_t token = events[i].data.u64;
        if (token == wake_up_token) continue; // run_posted looks for itself
        if (token == alarm_token) {
            alarm_set_to_ = no_deadline; // expire_timers looks
            continue;
        }
        const auto& entry = watches_[static_cast<std::uint32_t>(token)];
        if (!entry.watch || entry.generation != static_cast<std::uint32_t>(token >> 32)) continue;
        const std::uint32_t bits = events[i].events;
        Ready ready = Ready::none;
        if (bits & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) ready = ready | Ready::read;
        if (bits & (EPOLLOUT | EPOLLHUP | EPOLLERR)) ready = ready | Ready::write;
        if (bits & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) entry.watch->hung_up_ = true;
        // Or every round of the loop would come by it.
        if (entry.watch->repeats_ && !entry.watch->is_awaited(ready)) entry.watch->stop_repeating();
        entry.watch->set(ready);
    }
}

void Loop::run() {
    run_until([this] { return stopped_; });
    stopped_ = false;
}

void Loop::run_until(const std::function<bool()>& done) {
    const std::thread::id outer = thread_.exchange(std::this_thread::get_id());
    for (;;) {
        run_posted();
        run_queued();
        if (done()) break;
        const bool idle = queue_.is_empty() && deferred_.empty();
        wait_for_events(idle);
        expire_timers();
    }
    thread_ = outer;
}

namespace {

/// Many waiters, one coroutine: the first that is notified resumes it.
class AnyAwait : private Timer {
public:
    AnyAwait(Loop& loop, std::span<const Interest> interests, Deadline deadline)
        : Timer(loop), interests_(interests), deadline_(deadline), entries_(interests.size()) {}

    bool await_ready() const {
        return std::ranges::any_of(interests_, [](const Interest& i) { return i.source->is(i.what); });
    }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> handle) {
        resumption_.bind(handle);
        for (std::size_t i = 0; i < interests_.size(); ++i) {
            entries_[i].owner = this;
            entries_[i].wait_for(*interests_[i].source, interests_[i].what);
        }
        Timer::arm(deadline_);
    }
    Wake await_resume() const { return wake_; }

private:
    struct Entry final : Waiter {
        AnyAwait* owner = nullptr;
        void on_ready() override { owner->finish(Wake::ready); }
    };
    void on_expiry() override { finish(Wake::timed_out); }
    void finish(Wake wake) {
        if (finished_) return;
        finished_ = true;
        wake_ = wake;
        Timer::disarm();
        resumption_.soon();
    }

    std::span<const Interest> interests_;
    Deadline deadline_;
    std::vector<Entry> entries_;
    Resumption resumption_;
    Wake wake_ = Wake::ready;
    bool finished_ = false;
};

} // namespace

Task<Wake> wait_any(Loop& loop, std::span<const Interest> interests, Deadline deadline) {
    AnyAwait any(loop, interests, deadline);
    co_return co_await any;
}

} // namespace hws::host::os
