#include "common/host.hpp"
#include "common/machine.hpp"
#include "common/question.hpp"
#include "icmp_echo/icmp_echo.hpp"
#include "support/network_namespace.hpp"

#include <chrono>
#include <cstdio>

namespace hws::bench {
namespace {

using namespace icmp_echo;
using Run = std::function<Result<std::string>(std::uint64_t count)>;

/// Mean of each of these makes one operation's time: a single echo is too short to call a plugin for.
constexpr std::uint64_t batch = 500;

Result<Round> time_round(const Run& run, std::uint64_t count) {
    Round round;
    for (std::uint64_t done = 0; done < count; done += batch) {
        const auto start = std::chrono::steady_clock::now();
        HWS_CHECK(run(batch));
        const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
        round.operation_ns.push_back(took.count() / batch);
        round.operations += batch;
        round.seconds += took.count() / 1e9;
    }
    return round;
}

Result<void> ask(const Options& options) {
    HWS_TRY(host::Runtime runtime, make_runtime(cpu(0)));
    host::PluginOptions permissive = plugin_options();
    permissive.policy = host::Policy::parse({"allow icmp:127.0.0.1"}).value();
    permissive.limits.icmp_interval = std::chrono::nanoseconds(0);
    std::vector<host::Plugin> plugins;
    const auto plugin = [&](std::string_view name) -> Result<Run> {
        HWS_TRY(const host::Module module, runtime.load_file(guest_file(name)));
        plugins.push_back(runtime.make_plugin(module, permissive));
        return [&plugins, i = plugins.size() - 1](std::uint64_t count) {
            return call(plugins[i], "run", std::to_string(count));
        };
    };
    HWS_TRY(const Run v1_sdk, plugin("bench_icmp_echo_sdk_v1"));
    HWS_TRY(const Run v2, plugin("bench_icmp_echo_v2"));
    HWS_TRY(const Run v2_sdk, plugin("bench_icmp_echo_sdk_v2"));
    const auto contender = [&](std::string name, Run run) {
        return Contender{.name = std::move(name),
                         .run = [run, &options] { return time_round(run, options.scaled(10'000)); },
                         .answer = [run] { return run(1000); }};
    };
    return measure(
        Comparison{.title = "ICMP echo",
                   .operation = "56 B to loopback and back",
                   .measure = Measure::latency,
                   .targets = {{Bound::ratio_at_most, 1.10, 3}, {Bound::ratio_at_most, 1.10, 4}},
                   .contenders = {contender("native, ping socket",
                                            [](std::uint64_t count) { return Result<std::string>(run_native(count)); }),
                                  contender("v1, C++ SDK", v1_sdk), contender("v2, on the imports", v2),
                                  contender("v2, C++ SDK", v2_sdk)}},
        options);
}

} // namespace

Result<void> ask_icmp_echo(const Options& options) {
    // A network of its own, where ping sockets are open whatever the machine's setting is; the runtime's threads are
    // made from this thread and live in it.
    test::NetworkNamespace network;
    if (!network.is_available() || !network.set("ipv4/ping_group_range", "0 2147483647")) {
        std::printf("\nICMP echo: not measured, this process may not make network namespaces\n");
        return {};
    }
    Result<void> outcome;
    network.run([&] { outcome = ask(options); });
    return outcome;
}

} // namespace hws::bench
