#pragma once
/// A host function as the engine registers it, made from a row of a table and the C++ function of that name.
///
/// The C++ function takes the PluginState and the row's typed arguments and returns what fits it best: a value, a
/// `Result<T>`, or, if it may wait, an `os::Task<T>`. How a failure looks to the plugin is the dialect's affair and stands
/// once, in its *answer* type: dialect v1 returns 0 and logs the reason, preview 1 returns the errno.

#include "adapter/plugin_state.hpp"

#include <hws/wasi_number.hpp>
#include <lower.hpp>

#include <concepts>
#include <cstdint>
#include <new>
#include <span>
#include <string_view>

namespace hws::host::adapter {

/// Where a waiting function keeps its task while the plugin is parked. A Task is one pointer, whatever its type.
struct TaskStorage {
    alignas(void*) std::byte bytes[sizeof(void*)];
};

struct HostFunction {
    std::string_view module;
    std::string_view name;
    std::string_view sentence;
    std::span<const abi::WasmType> params;
    std::span<const abi::WasmType> results;

    /// Functions that never wait: `slots` hold the arguments and receive the result in [0].
    void (*call)(PluginState& state, std::uint64_t* slots) = nullptr;

    /// Functions that may wait. `begin` makes the task in `storage` and runs it to its first wait; when `is_done`, `finish`
    /// gives the result slot and destroys the task; `abandon` destroys it before its end.
    void (*begin)(PluginState& state, const std::uint64_t* slots, os::Executor& executor,
                  TaskStorage& storage) = nullptr;
    bool (*is_done)(const TaskStorage& storage) = nullptr;
    std::uint64_t (*finish)(PluginState& state, TaskStorage& storage) = nullptr;
    void (*abandon)(TaskStorage& storage) = nullptr;

    bool may_wait() const { return begin != nullptr; }
};

/// The dialects that convert a failure to 0; the reason goes to the log.
struct ZeroAndLog {
    template <class RowResult, class T>
    static std::uint64_t lower(PluginState& state, std::string_view name, const Result<T>& result) {
        if (!result) {
            state.note_failure(name, result.error());
            return 0;
        }
        if constexpr (std::is_void_v<RowResult>)
            return 0;
        else
            return abi::lower_result<RowResult>(*result);
    }
};

/// The dialects whose result is always an error number; values go through pointers. What they have
/// no number for, dialect v2's `last_error` tells.
struct ErrorNumber {
    template <class RowResult>
    static std::uint64_t lower(PluginState& state, std::string_view name, const Result<void>& result) {
        if (result) return 0;
        if (result.error() == Errc::denied) state.note_failure(name, result.error());
        if (result.error() != Errc::would_block) {
            state.failed_operation = name;
            state.last_failure = result.error();
        }
        return wasi_number_of(result.error().code());
    }
};

namespace detail {

template <class T>
struct TaskTraits {
    static constexpr bool is_task = false;
};
template <class T>
struct TaskTraits<os::Task<T>> {
    static constexpr bool is_task = true;
};

/// A row's name as a template argument.
template <std::size_t n>
struct Name {
    char text[n];
    constexpr Name(const char (&literal)[n]) { std::copy_n(literal, n, text); }
    constexpr std::string_view view() const { return {text, n - 1}; }
};

template <class Signature, auto function, class Answer, Name name>
struct Binding {
    using Arguments = abi::arguments_t<Signature>;
    using RowResult = abi::result_t<Signature>;
    static constexpr std::size_t param_count = abi::params_of<Signature>.size();

    static auto invoke(PluginState& state, const std::uint64_t* slots) {
        ++state.statistics.host_calls;
        return std::apply(
            [&](auto... arguments) { return function(state, arguments...); },
            abi::lift_arguments<Signature>(std::span<const std::uint64_t, param_count>(slots, param_count)));
    }
    using Returned = decltype(invoke(std::declval<PluginState&>(), nullptr));

    static void call(PluginState& state, std::uint64_t* slots) {
        if constexpr (std::is_void_v<Returned>) {
            invoke(state, slots);
        } else if constexpr (requires(Returned r) { r.error(); }) {
            slots[0] = Answer::template lower<RowResult>(state, name.view(), invoke(state, slots));
        } else {
            slots[0] = abi::lower_result<RowResult>(invoke(state, slots));
        }
    }

    static Returned& task_in(TaskStorage& storage) {
        return *std::launder(reinterpret_cast<Returned*>(storage.bytes));
    }
    static void begin(PluginState& state, const std::uint64_t* slots, os::Executor& executor,
                      TaskStorage& storage) {
        static_assert(sizeof(Returned) <= sizeof(TaskStorage));
        (new (storage.bytes) Returned(invoke(state, slots)))->start(executor);
    }
    static bool is_done(const TaskStorage& storage) {
        return task_in(const_cast<TaskStorage&>(storage)).is_done();
    }
    static std::uint64_t finish(PluginState& state, TaskStorage& storage) {
        Returned& task = task_in(storage);
        const std::uint64_t slot =
            Answer::template lower<RowResult>(state, name.view(), task.take_result());
        abandon(storage);
        return slot;
    }
    static void abandon(TaskStorage& storage) { task_in(storage).~Returned(); }
};

} // namespace detail

/// Binds a row to its function; expands from a table:
/// `ABI_FUNCTION(name, signature, wait, sentence)` -> `bind<signature, &name, abi::wait, ZeroAndLog, #name>("env", sentence)`.
template <class Signature, auto function, abi::Wait wait, class Answer, detail::Name name>
constexpr HostFunction bind(std::string_view module, std::string_view sentence) {
    using Binding = detail::Binding<Signature, function, Answer, name>;
    constexpr bool is_task = detail::TaskTraits<typename Binding::Returned>::is_task;
    // A row promises whether it may wait; a function that does otherwise does not compile.
    static_assert(is_task == (wait == abi::Wait::waits), "the row and its function disagree about waiting");
    HostFunction row{.module = module,
                     .name = name.view(),
                     .sentence = sentence,
                     .params = abi::params_of<Signature>,
                     .results = abi::results_of<Signature>};
    if constexpr (is_task) {
        row.begin = &Binding::begin;
        row.is_done = &Binding::is_done;
        row.finish = &Binding::finish;
        row.abandon = &Binding::abandon;
    } else {
        row.call = &Binding::call;
    }
    return row;
}

/// Every function of every dialect this host serves, in the order of the tables.
std::span<const HostFunction> host_functions();

} // namespace hws::host::adapter
