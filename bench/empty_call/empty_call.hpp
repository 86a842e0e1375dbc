#pragma once
/// Calls that do nothing: on the thread where they run, and handed over from another one.

#include "common/question.hpp"

namespace hws::host {
class Plugin;
class Runtime;
} // namespace hws::host

namespace hws::bench::empty_call {

/// `count` calls of a function that cannot be inlined, through std::move_only_function; in batches.
Round run_native_call(std::uint64_t count);
/// `count` times: a thread of our own is handed work and wakes us when it is done.
Round run_native_hand_over(std::uint64_t count);

/// On the loop's thread each call begins in the callback of the one before.
Result<Round> run_chained(host::Runtime& runtime, host::Plugin& plugin, std::uint64_t count);
/// The blocking helper, from this thread.
Result<Round> run_blocking(host::Plugin& plugin, std::uint64_t count);

} // namespace hws::bench::empty_call
