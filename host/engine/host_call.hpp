#pragma once
/// Host functions as Wasmtime sees them: the row's wasm type, and the callbacks that unpack the arguments, run the function and
/// park the plugin while it waits.

#include "adapter/host_function.hpp"
#include "engine/handles.hpp"

#include <optional>

namespace hws::host::engine {

/// Adds the function to the linker under its module and name. The function must outlive the linker. Errors: bad_module.
Result<void> define(wasmtime_linker_t* linker, const adapter::HostFunction& function);
/// The two halves of a function that may wait, as module_rewriter.hpp has the module import them: what begins it, and what
/// gives the result of the one begun last. Errors: bad_module.
Result<void> define_begin(wasmtime_linker_t* linker, const adapter::HostFunction& function);
Result<void> define_finish(wasmtime_linker_t* linker, std::string_view name);

/// Whether the kernel serves `extism:host/env.<name>`.
bool is_kernel_export(std::string_view name);

/// The host call in which a plugin is parked, if any. One per instance: wasm has one thread.
class HostCall final : public os::Executor {
public:
    /// `wake` is queued when the coroutine that the call waits for can go on.
    HostCall(adapter::PluginState& state, os::Runnable& wake) : state_(state), wake_(wake) {}
    ~HostCall() { abandon(); }

    adapter::PluginState& state() { return state_; }

    /// Set where several modules are linked, and while they are instantiated: whose memory a host function means is then its
    /// caller's.
    std::optional<wasmtime_memory_t>* callers_memory = nullptr;

    /// Where the result goes. Wasmtime keeps `results` and `trap` alive until the continuation has answered true.
    struct Answer {
        wasmtime_context_t* context = nullptr;
        wasmtime_val_t* results = nullptr; ///< null: the function has none
        wasm_trap_t** trap = nullptr;
        bool is_i32 = false;
        bool has_parked = false;
    };
    Answer answer;

    /// The plugin has run since the last look at its memory.
    void forget_memory() {
        if (state_.memory) state_.memory->forget();
    }
    /// Runs the function to its first wait.
    void begin(const adapter::HostFunction& function, const std::uint64_t* slots) {
        function_ = &function;
        function.begin(state_, slots, *this, storage_);
    }
    /// The function under way, if there is one.
    const adapter::HostFunction* function() const { return function_; }
    /// Goes on if it can; true when the result is in `slot`.
    bool proceed(std::uint64_t& slot) {
        if (ready_) std::exchange(ready_, nullptr)->resume();
        return take_result(slot);
    }
    /// True when the function has ended: the result is in `slot`.
    bool take_result(std::uint64_t& slot) {
        if (!function_->is_done(storage_)) return false;
        slot = std::exchange(function_, nullptr)->finish(state_, storage_);
        return true;
    }
    /// Ends a call that still waits.
    void abandon() {
        ready_ = nullptr;
        if (function_) std::exchange(function_, nullptr)->abandon(storage_);
    }
    bool is_waiting() const { return function_ != nullptr; }

    /// The coroutine is resumed from inside Wasmtime's poll, where the plugin's memory may be touched.
    void resume_soon(os::Resumption& resumption) override {
        ready_ = &resumption;
        state_.loop.queue(wake_);
    }

private:
    adapter::PluginState& state_;
    os::Runnable& wake_;
    const adapter::HostFunction* function_ = nullptr;
    os::Resumption* ready_ = nullptr;
    adapter::TaskStorage storage_{};
};

} // namespace hws::host::engine
