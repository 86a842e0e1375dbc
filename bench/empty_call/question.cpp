#include "common/host.hpp"
#include "common/machine.hpp"
#include "empty_call/empty_call.hpp"

namespace hws::bench {

using namespace empty_call;

Result<void> ask_empty_call(const Options& options) {
    HWS_TRY(host::Runtime runtime, make_runtime(cpu(0)));
    HWS_TRY(const host::Module module, runtime.load_file(guest_file("bench_small")));
    host::Plugin plugin = runtime.make_plugin(module, plugin_options());
    HWS_CHECK(plugin.instantiate());

    HWS_CHECK(measure(
        {.title = "empty call, on the loop's thread",
         .operation = "an export that returns 0",
         .measure = Measure::latency,
         .targets = {{Bound::median_at_most_ns, 2000}},
         .contenders = {{.name = "native, std::move_only_function (mean of 1,000)",
                         .run = [&] { return Result<Round>(run_native_call(options.scaled(10'000'000))); }},
                        {.name = "plugin, each from the callback before",
                         .run = [&] { return run_chained(runtime, plugin, options.scaled(200'000)); }}}},
        options));
    return measure(
        {.title = "empty call, from another thread",
         .operation = "the same, waited for, one CPU",
         .measure = Measure::latency,
         .targets = {},
         .contenders = {{.name = "native, hand-over to a thread and back",
                         .run = [&] { return Result<Round>(run_native_hand_over(options.scaled(20'000))); }},
                        {.name = "plugin, blocking helper",
                         .run = [&] { return run_blocking(plugin, options.scaled(20'000)); }}}},
        options);
}

} // namespace hws::bench
