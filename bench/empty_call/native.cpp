#include "common/machine.hpp"
#include "empty_call/empty_call.hpp"

#include <condition_variable>
#include <functional>
#include <future>
#include <mutex>
#include <thread>

namespace hws::bench::empty_call {
namespace {

[[gnu::noinline]] int empty() {
    asm volatile("");
    return 0;
}

class Worker {
public:
    ~Worker() { hand_over({}); }
    void hand_over(std::move_only_function<void()> work) {
        std::lock_guard lock(mutex_);
        work_ = std::move(work);
        has_work_ = true;
        changed_.notify_one();
    }

private:
    void run() {
        for (;;) {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [this] { return has_work_; });
            has_work_ = false;
            auto work = std::move(work_);
            lock.unlock();
            if (!work) return;
            work();
        }
    }
    std::mutex mutex_;
    std::condition_variable changed_;
    std::move_only_function<void()> work_;
    bool has_work_ = false;
    std::jthread thread_{[this] { run(); }};
};

} // namespace

Round run_native_call(std::uint64_t count) {
    constexpr std::uint64_t batch = 1000;
    std::move_only_function<int()> function = &empty;
    Round round;
    const double begin = now_ns();
    double last = begin;
    for (std::uint64_t done = 0; done < count; done += batch) {
        for (std::uint64_t i = 0; i < batch; ++i) function();
        const double now = now_ns();
        round.operation_ns.push_back((now - last) / batch);
        round.operations += batch;
        last = now;
    }
    round.seconds = (last - begin) / 1e9;
    return round;
}

Round run_native_hand_over(std::uint64_t count) {
    Worker worker;
    Round round{.operations = count};
    const double begin = now_ns();
    double last = begin;
    for (std::uint64_t i = 0; i < count; ++i) {
        std::promise<int> promise;
        auto future = promise.get_future();
        worker.hand_over([&promise] { promise.set_value(empty()); });
        future.get();
        const double now = now_ns();
        round.operation_ns.push_back(now - last);
        last = now;
    }
    round.seconds = (last - begin) / 1e9;
    return round;
}

} // namespace hws::bench::empty_call
