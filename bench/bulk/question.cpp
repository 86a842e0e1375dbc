#include "bulk/bulk.hpp"
#include "common/host.hpp"
#include "common/machine.hpp"
#include "common/question.hpp"

#include <array>

namespace hws::bench {
namespace {

using namespace bulk;
using Run = std::function<Result<std::string>(std::uint64_t total, bool with_digest)>;

/// Runs with digests, outside of the timed rounds; both ends' digests together.
Result<std::string> check(Server& server, const Run& run) {
    constexpr std::uint64_t total = (std::uint64_t{3} << 20) + 12'345;
    const std::uint32_t rounds_before = server.board().finished.load();
    server.board().amount = total;
    server.board().checks = true;
    auto digest = run(total, true);
    server.board().checks = false;
    HWS_CHECK(digest);
    wait_until(server.board().finished, rounds_before + 1);
    return *digest + " and " + std::to_string(server.board().digest);
}

/// `cpu_ns`: of the thread that does the work.
Result<Round> time_round(Server& server, const Run& run, std::uint64_t total, const std::function<double()>& cpu_ns) {
    const std::uint32_t rounds_before = server.board().finished.load();
    server.board().amount = total;
    const double cpu_before_ns = cpu_ns();
    HWS_CHECK(run(total, false));
    const double used_cpu_ns = cpu_ns() - cpu_before_ns;
    wait_until(server.board().finished, rounds_before + 1);
    const double ns = server.board().end_ns - server.board().begin_ns;
    const std::uint64_t chunks = total / chunk_bytes;
    return Round{.operation_ns = {ns / static_cast<double>(chunks)},
                 .operations = chunks,
                 .seconds = ns / 1e9,
                 .bytes = total,
                 .cpu_ns = used_cpu_ns};
}

} // namespace

Result<void> ask_bulk(const Options& options) {
    Server server(&serve, cpu(1));
    HWS_TRY(host::Runtime runtime, make_runtime(cpu(0)));
    struct PluginContender {
        std::string name;
        host::Plugin plugin;
        std::string peer; // text for those of v1, as its host functions take it, and for the SDK
    };
    std::vector<PluginContender> plugins;
    for (const auto& [name, file, peer] : std::initializer_list<std::array<std::string, 3>>{
             {"v1, C on the imports", "bench_bulk_v1", server.address()},
             {"v1, C++ SDK", "bench_bulk_sdk_v1", server.address()},
             {"v2, on the imports", "bench_bulk_v2", std::to_string(server.port())},
             {"v2, C++ SDK", "bench_bulk_sdk_v2", server.address()}}) {
        HWS_TRY(const host::Module module, runtime.load_file(guest_file(file)));
        plugins.push_back({name, runtime.make_plugin(module, plugin_options()), peer});
    }
    const std::function<double()> loop_cpu = [&] { return loop_cpu_ns(runtime); };

    for (const bool sends : {true, false}) {
        const auto contender = [&](std::string name, Run run, std::function<double()> cpu_ns) {
            const std::uint64_t total = options.scaled(std::uint64_t{256} << 20);
            return Contender{.name = std::move(name),
                             .run = [&server, run, total, cpu_ns] { return time_round(server, run, total, cpu_ns); },
                             .answer = [&server, run] { return check(server, run); }};
        };
        Comparison comparison{.title = sends ? "bulk, sending" : "bulk, receiving",
                              .operation = "64 KiB over TCP (mean of a round), two CPUs",
                              .measure = Measure::bandwidth,
                              .targets = {},
                              .contenders = {contender(
                                  "native, blocking",
                                  [&](std::uint64_t total, bool with_digest) {
                                      return Result<std::string>(
                                          run_native(server.port(), sends ? 's' : 'r', total, with_digest));
                                  },
                                  &thread_cpu_ns)}};
        for (PluginContender& one : plugins) {
            const std::size_t number = comparison.contenders.size();
            if (one.name.starts_with("v1")) {
                comparison.targets.push_back({Bound::ratio_at_least, 0.5, number});
            } else {
                comparison.targets.push_back({Bound::ratio_at_least, 0.97, number});
                comparison.targets.push_back({Bound::cpu_ratio_at_most, 1.10, number});
            }
            comparison.contenders.push_back(contender(
                one.name,
                [&one, sends](std::uint64_t total, bool with_digest) {
                    return call(one.plugin, sends ? "send" : "receive",
                                one.peer + " " + std::to_string(total) + (with_digest ? " 1" : " 0"));
                },
                loop_cpu));
        }
        HWS_CHECK(measure(comparison, options));
    }
    return {};
}

} // namespace hws::bench
