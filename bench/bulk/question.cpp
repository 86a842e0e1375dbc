#include "bulk/bulk.hpp"
#include "common/host.hpp"
#include "common/machine.hpp"
#include "common/question.hpp"

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

Result<Round> time_round(Server& server, const Run& run, std::uint64_t total) {
    const std::uint32_t rounds_before = server.board().finished.load();
    server.board().amount = total;
    HWS_CHECK(run(total, false));
    wait_until(server.board().finished, rounds_before + 1);
    const double ns = server.board().end_ns - server.board().begin_ns;
    const std::uint64_t chunks = total / chunk_bytes;
    return Round{.operation_ns = {ns / static_cast<double>(chunks)},
                 .operations = chunks,
                 .seconds = ns / 1e9,
                 .bytes = total};
}

} // namespace

Result<void> ask_bulk(const Options& options) {
    Server server(&serve, cpu(1));
    HWS_TRY(host::Runtime runtime, make_runtime(cpu(0)));
    HWS_TRY(const host::Module c_module, runtime.load_file(guest_file("bench_bulk_c")));
    HWS_TRY(const host::Module sdk_module, runtime.load_file(guest_file("bench_bulk_sdk")));
    host::Plugin c_plugin = runtime.make_plugin(c_module, plugin_options());
    host::Plugin sdk_plugin = runtime.make_plugin(sdk_module, plugin_options());

    for (const bool sends : {true, false}) {
        const auto run_plugin = [&](host::Plugin& plugin) -> Run {
            return [&server, &plugin, sends](std::uint64_t total, bool with_digest) {
                return call(plugin, sends ? "send" : "receive",
                            server.address() + " " + std::to_string(total) + (with_digest ? " 1" : " 0"));
            };
        };
        const auto contender = [&](std::string name, Run run) {
            const std::uint64_t total = options.scaled(std::uint64_t{512} << 20);
            return Contender{.name = std::move(name),
                             .run = [&server, run, total] { return time_round(server, run, total); },
                             .answer = [&server, run] { return check(server, run); }};
        };
        HWS_CHECK(measure({.title = sends ? "bulk, sending" : "bulk, receiving",
                           .operation = "64 KiB over TCP (mean of a round), two CPUs",
                           .measure = Measure::bandwidth,
                           .targets = {{Bound::ratio_at_least, 0.5}},
                           .contenders = {contender("native, blocking",
                                                    [&](std::uint64_t total, bool with_digest) {
                                                        return Result<std::string>(run_native(
                                                            server.port(), sends ? 's' : 'r', total, with_digest));
                                                    }),
                                          contender("v1, C on the imports", run_plugin(c_plugin)),
                                          contender("v1, C++ SDK", run_plugin(sdk_plugin))}},
                          options));
    }
    return {};
}

} // namespace hws::bench
