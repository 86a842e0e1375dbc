#include "common/host.hpp"
#include "common/machine.hpp"
#include "common/question.hpp"
#include "round_trip/round_trip.hpp"

namespace hws::bench {
namespace {

using namespace round_trip;
using Run = std::function<Result<std::string>(std::uint64_t count)>;

Result<Round> time_round(Server& server, const Run& run, std::uint64_t count) {
    const std::uint32_t rounds_before = server.board().finished.load();
    HWS_CHECK(run(count));
    wait_until(server.board().finished, rounds_before + 1);
    return round_of_stamps(server.board());
}

} // namespace

Result<void> ask_round_trip(const Options& options) {
    Server server(&serve, cpu(0));
    HWS_TRY(host::Runtime runtime, make_runtime(cpu(0)));
    // The plugin's input begins with its peer: text for those of v1, as its host functions take it, and for the SDK.
    std::vector<host::Plugin> plugins;
    const auto plugin = [&](std::string_view name, std::string peer) -> Result<Run> {
        HWS_TRY(const host::Module module, runtime.load_file(guest_file(name)));
        plugins.push_back(runtime.make_plugin(module, plugin_options()));
        return [&plugins, i = plugins.size() - 1, peer = std::move(peer)](std::uint64_t count) {
            return call(plugins[i], "run", peer + " " + std::to_string(count));
        };
    };
    HWS_TRY(const Run v1, plugin("bench_round_trip_v1", server.address()));
    HWS_TRY(const Run v1_sdk, plugin("bench_round_trip_sdk_v1", server.address()));
    HWS_TRY(const Run v2, plugin("bench_round_trip_v2", std::to_string(server.port())));
    HWS_TRY(const Run v2_sdk, plugin("bench_round_trip_sdk_v2", server.address()));

    const auto contender = [&](std::string name, Run run) {
        return Contender{.name = std::move(name),
                         .run = [&server, run, &options] { return time_round(server, run, options.scaled(10'000)); },
                         .answer = [run] { return run(1000); }};
    };
    Comparison comparison{
        .title = "round trip, one CPU",
        .operation = "64 B there and back over TCP",
        .measure = Measure::latency,
        .targets = {{Bound::ratio_at_most, 1.10, 2}, {Bound::ratio_at_most, 1.10, 3}, {Bound::ratio_at_most, 1.05, 4}, {Bound::ratio_at_most, 1.05, 5}},
        .contenders = {
            contender("native, blocking send and recv",
                      [&](std::uint64_t count) { return Result<std::string>(run_native(server.port(), count)); }),
            contender("native, epoll",
                      [&](std::uint64_t count) { return Result<std::string>(run_native_epoll(server.port(), count)); }),
            contender("v1, C on the imports", v1),
            contender("v1, C++ SDK", v1_sdk),
            contender("v2, on the imports", v2),
            contender("v2, C++ SDK", v2_sdk),
        }};
    if (has_uring())
        comparison.contenders.push_back(
            contender("native, io_uring",
                      [&](std::uint64_t count) { return Result<std::string>(run_native_uring(server.port(), count)); }));
    HWS_CHECK(measure(comparison, options));
    server.move_to(cpu(1));
    comparison.title = "round trip, two CPUs";
    return measure(comparison, options);
}

} // namespace hws::bench
