#pragma once
/// Coroutines of the host. A `Task<T>` is lazily started, runs on one loop thread and finishes with a `Result<T>`.
///
///     Task<std::size_t> read_some(TcpSocket& socket, std::span<std::byte> into) {
///         HWS_CO_TRY(auto n, co_await socket.receive(into, deadline));
///         co_return n;
///     }
///
/// Waiting: a coroutine is resumed by its *executor*, which it inherits from the coroutine that awaits it. The loop resumes
/// its tasks directly; a plugin's call resumes them from inside Wasmtime's poll, where guest memory may be touched.
/// Cancelling: destroying a Task that has not finished destroys its frame, and with it every waiter and resource in it.

#include <hws/result.hpp>

#include <cassert>
#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

namespace hws::host::os {

class Resumption;

/// Resumes coroutines on behalf of somebody. Loop thread only.
class Executor {
public:
    /// Arranges that `resumption.resume()` is called soon, never from inside this call, unless it is destroyed before.
    virtual void resume_soon(Resumption& resumption) = 0;

protected:
    ~Executor() = default;
};

namespace detail {

struct PromiseBase {
    Executor* executor = nullptr;
    std::coroutine_handle<> continuation = std::noop_coroutine();

    struct FinalAwaiter {
        bool await_ready() const noexcept { return false; }
        template <class Promise>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) noexcept {
            return self.promise().continuation;
        }
        void await_resume() const noexcept {}
    };

    std::suspend_always initial_suspend() noexcept { return {}; }
    FinalAwaiter final_suspend() noexcept { return {}; }
    // Nothing in the host throws on purpose; what a library throws ends the process unless its caller catches it there.
    [[noreturn]] void unhandled_exception() { std::terminate(); }
};

template <class T>
struct Promise : PromiseBase {
    std::optional<Result<T>> result;

    template <class U = Result<T>>
    void return_value(U&& value) {
        result.emplace(std::forward<U>(value));
    }
};

/// Where a Task points to that was done when it was made.
inline char done_mark;

} // namespace detail

template <class T = void>
class [[nodiscard]] Task {
public:
    struct promise_type : detail::Promise<T> {
        Task get_return_object() {
            return Task(std::coroutine_handle<promise_type>::from_promise(*this));
        }
    };

    Task() = default;
    /// One that has succeeded: who knows the outcome at once needs no coroutine's frame.
    static Task done()
        requires std::is_void_v<T>
    {
        return Task(std::coroutine_handle<promise_type>::from_address(&detail::done_mark));
    }
    Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
    Task& operator=(Task&& other) noexcept {
        if (this != &other) {
            cancel();
            handle_ = std::exchange(other.handle_, {});
        }
        return *this;
    }
    ~Task() { cancel(); }

    /// Runs the task up to its first wait, or to its end. Call once, on the loop thread; `executor` must outlive the task.
    void start(Executor& executor) {
        if (is_frameless()) return;
        handle_.promise().executor = &executor;
        handle_.resume();
    }
    bool is_valid() const { return static_cast<bool>(handle_); }
    bool is_done() const { return handle_ && (is_frameless() || handle_.done()); }
    /// The outcome of a task that is done. Takes it out.
    Result<T> take_result() {
        assert(is_done());
        if constexpr (std::is_void_v<T>)
            if (is_frameless()) return {};
        return *std::move(handle_.promise().result);
    }
    /// Ends the task where it waits; everything it owns is released. A task must not cancel itself.
    void cancel() {
        if (is_frameless()) handle_ = {};
        if (handle_) std::exchange(handle_, {}).destroy();
    }

    struct Awaiter {
        std::coroutine_handle<promise_type> task;
        bool await_ready() const noexcept { return is_mark(task); }
        template <class Promise>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> awaiting) {
            task.promise().executor = awaiting.promise().executor;
            task.promise().continuation = awaiting;
            return task;
        }
        Result<T> await_resume() {
            if constexpr (std::is_void_v<T>)
                if (is_mark(task)) return {};
            return *std::move(task.promise().result);
        }
    };
    Awaiter operator co_await() && { return Awaiter{handle_}; }

private:
    explicit Task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
    static bool is_mark(std::coroutine_handle<promise_type> handle) {
        return handle.address() == &detail::done_mark;
    }
    bool is_frameless() const { return is_mark(handle_); }
    std::coroutine_handle<promise_type> handle_;
};

/// One that fails at once.
template <class T = void> Task<T> failed(Error error) {
    co_return std::unexpected(std::move(error));
}

} // namespace hws::host::os
