#include "common/host.hpp"
#include "common/machine.hpp"
#include "host_call/host_call.hpp"

namespace hws::bench {

using namespace host_call;

Result<void> ask_host_call(const Options& options) {
    HWS_TRY(host::Runtime runtime, make_runtime(cpu(0)));
    HWS_TRY(const host::Module module, runtime.load_file(guest_file("bench_host_call")));
    host::Plugin plugin = runtime.make_plugin(module, plugin_options());
    HWS_CHECK(plugin.instantiate());
    const std::uint64_t batches = options.scaled(50);
    const auto contender = [&](std::string name, std::string export_name) {
        return Contender{.name = std::move(name), .run = [&plugin, export_name, batches] {
                             return run_plugin(plugin, export_name, batches);
                         }};
    };
    HWS_CHECK(measure({.title = "host call that cannot wait",
                       .operation = "nothing to do (mean of 10,000)",
                       .measure = Measure::latency,
                       .targets = {{Bound::median_at_most_ns, 60}},
                       .contenders = {{.name = "native, close(-1)",
                                       .run = [&] { return Result<Round>(run_native(false, batches)); }},
                                      contender("v1 tcp_close of no connection", "close"),
                                      contender("get_log_level", "log_level")}},
                      options));
    return measure({.title = "host call that may wait",
                    .operation = "nothing to do (mean of 10,000)",
                    .measure = Measure::latency,
                    .targets = {{Bound::median_at_most_ns, 250}},
                    .contenders = {{.name = "native, send(-1)",
                                    .run = [&] { return Result<Round>(run_native(true, batches)); }},
                                   contender("v1 tcp_send to no connection", "send")}},
                   options);
}

} // namespace hws::bench
