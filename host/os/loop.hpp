#pragma once
/// The event loop: one thread, epoll (edge-triggered), timers, a queue of what is ready to run.
/// Everything here belongs to the loop's thread unless it says otherwise.
/// Source: epoll(7), eventfd(2). Why not Asio: docs/decisions/own-event-loop.md.

#include "fd.hpp"
#include "task.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

struct epoll_event;

namespace hws::host::os {

using Clock = std::chrono::steady_clock;
/// A moment to give up at. `no_deadline` never comes.
using Deadline = Clock::time_point;
inline constexpr Deadline no_deadline = Deadline::max();
/// Now plus `wait`, without overflow: a very long wait is `no_deadline`.
Deadline deadline_after(std::chrono::nanoseconds wait);

class Loop;

class RunQueue;

/// Something that can be queued to run once. In at most one queue; leaves it when destroyed.
class Runnable {
public:
    Runnable() = default;
    Runnable(const Runnable&) = delete;
    Runnable& operator=(const Runnable&) = delete;

protected:
    virtual ~Runnable();
    virtual void run() = 0;

private:
    friend class RunQueue;
    Runnable* previous_ = nullptr;
    Runnable* next_ = nullptr;
    RunQueue* queued_in_ = nullptr;
};

/// First in, first out. Outlives what is queued in it.
class RunQueue {
public:
    /// Queues at the back; nothing happens if it is queued already, here or elsewhere.
    void add(Runnable& runnable);
    /// Nothing happens if it is not in this queue.
    void remove(Runnable& runnable);
    bool is_empty() const { return first_ == nullptr; }
    /// Runs as many as are queued now. Who queues itself again waits for the next time.
    void run_once();

private:
    Runnable* first_ = nullptr;
    Runnable* last_ = nullptr;
    std::size_t size_ = 0;
};

/// A suspended coroutine that shall go on soon. Lives in the awaiter, so that a coroutine destroyed while it is queued leaves
/// the queue with it.
class Resumption final : public Runnable {
public:
    template <class Promise>
    void bind(std::coroutine_handle<Promise> handle) {
        handle_ = handle;
        executor_ = handle.promise().executor;
    }
    /// Asks the coroutine's executor to resume it.
    void soon() { executor_->resume_soon(*this); }
    void resume() { handle_.resume(); }

private:
    void run() override { resume(); }
    std::coroutine_handle<> handle_;
    Executor* executor_ = nullptr;
};

/// Calls `on_expiry` once when its deadline has passed. Disarms itself when destroyed.
class Timer {
public:
    explicit Timer(Loop& loop) : loop_(&loop) {}
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

    /// Sets or moves the deadline. `no_deadline` disarms.
    void arm(Deadline deadline);
    void disarm();
    bool is_armed() const { return slot_ != not_in_heap; }

protected:
    virtual ~Timer() { disarm(); }
    virtual void on_expiry() = 0;

private:
    friend class Loop;
    static constexpr std::size_t not_in_heap = static_cast<std::size_t>(-1);
    Loop* loop_;
    Deadline deadline_{};
    std::size_t slot_ = not_in_heap;
};

/// What a descriptor can be ready for.
enum class Ready : std::uint8_t { none = 0, read = 1, write = 2, both = 3 };
constexpr Ready operator|(Ready a, Ready b) {
    return static_cast<Ready>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}
constexpr bool intersects(Ready a, Ready b) {
    return (static_cast<unsigned>(a) & static_cast<unsigned>(b)) != 0;
}

class Readiness;

/// One who waits for a readiness. Leaves the list when destroyed or notified.
class Waiter {
public:
    Waiter() = default;
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;
    void wait_for(Readiness& source, Ready what);
    void leave();
    bool is_waiting() const { return source_ != nullptr; }

protected:
    virtual ~Waiter() { leave(); }
    /// Called on the loop thread once what was waited for is ready; the waiter has left the list by then.
    virtual void on_ready() = 0;

private:
    friend class Readiness;
    Readiness* source_ = nullptr;
    Ready what_ = Ready::none;
    Waiter* previous_ = nullptr;
    Waiter* next_ = nullptr;
};

/// How a wait ended.
enum class Wake : std::uint8_t { ready, timed_out };

/// What is believed to be ready, and who waits for it. A set bit is a hope: the caller tries, and clears the bit when told
/// "would block". A clear bit is certain: an event will come. The base of `Watch`; descriptors without a file descriptor
/// below them (an HTTP exchange) own one and set its bits themselves.
class Readiness {
public:
    explicit Readiness(Loop& loop, Ready initially) : loop_(&loop), ready_(initially) {}
    Readiness(const Readiness&) = delete;
    Readiness& operator=(const Readiness&) = delete;
    /// Wakes everyone who still waits.
    ~Readiness();

    bool is(Ready what) const { return intersects(ready_, what); }
    void clear(Ready what);
    /// Marks as ready and notifies who waited for it.
    void set(Ready what);
    /// Whether somebody waits for any of `what`.
    bool is_awaited(Ready what) const;
    Loop& loop() const { return *loop_; }

    /// `co_await readiness.until(Ready::read, deadline)`: waits until ready or until the deadline; gives a Wake.
    auto until(Ready what, Deadline deadline);

private:
    friend class Waiter;
    Loop* loop_;
    Ready ready_;
    Waiter* first_ = nullptr;
    Waiter* last_ = nullptr;
};

/// Watches one non-blocking file descriptor (not owned: destroy the watch first, then close).
/// Both bits start set: nothing is known yet, so the first call simply tries.
class Watch : public Readiness {
public:
    /// Registers with the loop. Errors: not_permitted for files epoll cannot watch (regular files are always ready), io.
    static Result<std::unique_ptr<Watch>> create(Loop& loop, int fd);
    /// The same, but level-triggered and for `interest` only, and both bits start clear: they are set anew in every round as
    /// long as the descriptor is ready. For LevelWatch; everything else is better off with edges.
    static Result<std::unique_ptr<Watch>> create_level_triggered(Loop& loop, int fd, Ready interest);
    /// Changes the interest of a level-triggered watch. Errors: io, out_of_memory.
    Result<void> set_interest(Ready interest);
    /// For sockets that give one message at a time, so that no short read tells that nothing is left: repeats its event as
    /// long as there is something to read. Whoever expects no more than one message clears the read bit and waits, instead of
    /// trying in vain first. Turns into a watch of create() for good when an event finds nobody waiting.
    static Result<std::unique_ptr<Watch>> create_repeating(Loop& loop, int fd);
    bool repeats() const { return repeats_; }
    /// Makes it a watch of create(); one that repeats tells of reading only.
    void stop_repeating();
    ~Watch();

    int fd() const { return fd_; }
    /// Says that the descriptor, of which there is no duplicate, is closed right after this: closing takes it out of epoll
    /// (epoll(7)), so that the destructor saves the system call.
    void leave_to_close() { is_closed_next_ = true; }
    /// True once the peer has finished sending or the connection has failed: from then on a short read no longer means
    /// that everything was read, so the read bit must stay until end of stream or the error was fetched.
    bool has_hung_up() const { return hung_up_; }

private:
    friend class Loop;
    Watch(Loop& loop, int fd, Ready initially) : Readiness(loop, initially), fd_(fd) {}
    static Result<std::unique_ptr<Watch>> create(Loop& loop, int fd, Ready initially,
                                                 std::uint32_t events);
    bool modify(std::uint32_t events);
    int fd_;
    bool hung_up_ = false;
    bool repeats_ = false;
    bool is_closed_next_ = false;
    // An event already fetched from the kernel may name a watch that an earlier event's handler destroyed; the loop
    // looks the watch up by slot and generation instead of trusting a pointer.
    std::uint32_t slot_ = 0;
};

/// Tells whether the loop should give its CPU away once (sched_yield(2)) before it sleeps. Where the answer to what was just sent is
/// made on the same CPU, it is there when the loop has the CPU back, and nobody was put to sleep and woken. Where it is not, a
/// yield is wasted, so it is tried ever more rarely; and where others want the CPU for long, no more for a second, since the
/// scheduler favours who wakes up over who yields. Why: docs/decisions/yield-before-sleep.md.
class YieldGauge {
public:
    bool is_worthwhile() {
        if (skips_left_ == 0) return !is_paused_ || Clock::now() >= paused_until_;
        --skips_left_;
        return false;
    }
    /// Of a yield that took from `before` to `after`.
    void note(bool has_helped, Clock::time_point before, Clock::time_point after);

private:
    unsigned next_skips_ = 1;
    unsigned skips_left_ = 0;
    bool is_paused_ = false;
    Clock::time_point paused_until_{};
};

/// See the head of this file.
class Loop : public Executor {
public:
    /// Errors: io, too_many_handles.
    static Result<std::unique_ptr<Loop>> create();
    virtual ~Loop();

    /// Runs on the calling thread until stop(). May be called again after it returned.
    void run();
    /// Runs until `done` says so; it is asked after each round of work.
    void run_until(const std::function<bool()>& done);
    /// Makes run() return. Any thread.
    void stop();
    /// Runs `work` on the loop thread. Any thread.
    void post(std::move_only_function<void()> work);
    /// Whether the calling thread is the one inside run().
    bool is_loop_thread() const;

    /// Queues at the back; nothing happens if it is queued already.
    void queue(Runnable& runnable) { queue_.add(runnable); }
    void unqueue(Runnable& runnable) { queue_.remove(runnable); }
    /// Runs `work` after what is queued now. Loop thread only; cheaper than post.
    void defer(std::move_only_function<void()> work) { deferred_.push_back(std::move(work)); }
    void resume_soon(Resumption& resumption) override { queue(resumption); }

private:
    friend class Timer;
    friend class Watch;
    Loop() = default;
    void run_posted();
    void run_queued();
    void set_alarm();
    void expire_timers();
    void wait_for_events(bool may_wait);
    int fetch_events(std::span<epoll_event> events, bool may_wait);
    void heap_place(std::size_t slot, Timer* timer);
    void heap_up(std::size_t slot);
    void heap_down(std::size_t slot);

    struct WatchSlot {
        Watch* watch = nullptr;
        std::uint32_t generation = 0;
    };

    Fd epoll_;
    Fd wake_up_;
    // A timerfd, which wakes us for the earliest deadline. It is not set anew when that deadline is dropped or put off, as each
    // receive does with its own; it then goes off once for nothing. That is cheaper than a timeout of epoll_wait, which costs
    // two readings of the clock and a timer of the kernel in every round.
    Fd alarm_;
    Deadline alarm_set_to_ = no_deadline;
    bool stopped_ = false;
    YieldGauge yield_;
    std::atomic<std::thread::id> thread_; // read from any thread
    RunQueue queue_;
    std::vector<std::move_only_function<void()>> deferred_;
    std::vector<Timer*> heap_;
    std::vector<WatchSlot> watches_;
    std::vector<std::uint32_t> free_watches_;
    std::mutex posted_mutex_;
    std::vector<std::move_only_function<void()>> posted_;
    std::atomic<bool> woken_ = false; // changed under posted_mutex_
};

namespace detail {

/// Suspends a coroutine until a readiness or a deadline.
class ReadyAwait : private Waiter, private Timer {
public:
    ReadyAwait(Readiness& source, Ready what, Deadline deadline)
        : Timer(source.loop()), source_(source), what_(what), deadline_(deadline) {}

    bool await_ready() const { return source_.is(what_); }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> handle) {
        resumption_.bind(handle);
        Waiter::wait_for(source_, what_);
        Timer::arm(deadline_);
    }
    Wake await_resume() const { return wake_; }

private:
    void on_ready() override {
        Timer::disarm();
        resumption_.soon();
    }
    void on_expiry() override {
        Waiter::leave();
        wake_ = Wake::timed_out;
        resumption_.soon();
    }

    Readiness& source_;
    Ready what_;
    Deadline deadline_;
    Resumption resumption_;
    Wake wake_ = Wake::ready;
};

class SleepAwait : private Timer {
public:
    SleepAwait(Loop& loop, Deadline deadline) : Timer(loop), deadline_(deadline) {}
    bool await_ready() const { return Clock::now() >= deadline_; }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> handle) {
        resumption_.bind(handle);
        Timer::arm(deadline_);
    }
    void await_resume() const {}

private:
    void on_expiry() override { resumption_.soon(); }
    Deadline deadline_;
    Resumption resumption_;
};

class YieldAwait {
public:
    bool await_ready() const { return false; }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> handle) {
        resumption_.bind(handle);
        resumption_.soon();
    }
    void await_resume() const {}

private:
    Resumption resumption_;
};

} // namespace detail

inline auto Readiness::until(Ready what, Deadline deadline) {
    return detail::ReadyAwait(*this, what, deadline);
}

/// `co_await sleep_until(loop, deadline)`.
inline auto sleep_until(Loop& loop, Deadline deadline) {
    return detail::SleepAwait(loop, deadline);
}

/// `co_await yield_now()`: lets everything else that is ready run first.
inline auto yield_now() { return detail::YieldAwait(); }

/// One readiness among several to wait for.
struct Interest {
    Readiness* source;
    Ready what;
};

/// Waits until any of the interests is ready, or the deadline. The caller finds out which by asking them.
Task<Wake> wait_any(Loop& loop, std::span<const Interest> interests, Deadline deadline);

/// A flag that coroutines can wait for: `co_await event.until(deadline)`.
class Event : public Readiness {
public:
    explicit Event(Loop& loop) : Readiness(loop, Ready::none) {}
    void raise() { set(Ready::read); }
    void reset() { clear(Ready::read); }
    bool is_raised() const { return is(Ready::read); }
    auto until(Deadline deadline) { return Readiness::until(Ready::read, deadline); }
};

/// Runs a task on `loop`, which the calling thread drives, until it is done. For tests and for blocking helpers.
template <class T>
Result<T> run(Loop& loop, Task<T> task) {
    task.start(loop);
    loop.run_until([&] { return task.is_done(); });
    return task.take_result();
}

} // namespace hws::host::os
