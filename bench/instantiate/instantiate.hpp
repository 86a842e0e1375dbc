#pragma once
/// Short lives, and idle ones.

#include "common/question.hpp"

namespace hws::host {
class Module;
class Runtime;
} // namespace hws::host

namespace hws::bench::instantiate {

/// A thread is made, runs an empty function and is joined, `count` times.
Round run_native_lives(std::uint64_t count);
/// `count` threads that wait; what each adds to resident memory and to the mappings.
Round run_native_idle(std::uint64_t count);

/// On the loop's thread: a plugin is made, called once and dropped, `count` times.
Result<Round> run_lives(host::Runtime& runtime, const host::Module& module, std::uint64_t count);
/// `count` plugins that were called once and stay.
Result<Round> run_idle(host::Runtime& runtime, const host::Module& module, std::uint64_t count);

} // namespace hws::bench::instantiate
