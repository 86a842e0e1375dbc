#include "common/host.hpp"
#include "common/machine.hpp"
#include "instantiate/instantiate.hpp"

namespace hws::bench {

using namespace instantiate;

Result<void> ask_instantiate(const Options& options) {
    constexpr std::uint64_t idle_plugins = 2000;
    const std::uint64_t lives = options.scaled(10'000);
    HWS_TRY(host::Runtime runtime, make_runtime(cpu(0), idle_plugins + 100));
    HWS_TRY(const host::Module module, runtime.load_file(guest_file("bench_small")));
    // First, while the pool has never been used.
    HWS_CHECK(measure(
        {.title = "idle",
         .operation = "make, call once, keep 2,000",
         .measure = Measure::latency,
         .targets = {{Bound::plugin_at_most_bytes, 64 << 10}},
         .contenders = {{.name = "native, a waiting thread",
                         .run = [&] { return Result<Round>(run_native_idle(idle_plugins)); }},
                        {.name = "plugin with its kernel",
                         .run = [&] { return run_idle(runtime, module, idle_plugins); }}}},
        options));
    return measure(
        {.title = "short life",
         .operation = "make, call once, drop",
         .measure = Measure::latency,
         .targets = {{Bound::median_at_most_ns, 40'000}},
         .contenders = {{.name = "native, a thread",
                         .run = [&] { return Result<Round>(run_native_lives(lives)); }},
                        {.name = "plugin with its kernel", .run = [&] { return run_lives(runtime, module, lives); }}}},
        options);
}

} // namespace hws::bench
