#include "common/host.hpp"
#include "common/machine.hpp"
#include "common/question.hpp"
#include "connections/connections.hpp"

namespace hws::bench {
namespace {

using namespace connections;
using Run = std::function<Result<std::string>(std::uint64_t windows)>;

/// The client's count and the server's.
Result<std::string> run_round(Server& server, const Run& run, std::uint64_t windows) {
    const std::uint32_t rounds_before = server.board().finished.load();
    server.board().amount = windows;
    HWS_TRY(const std::string count, run(windows));
    wait_until(server.board().finished, rounds_before + 1);
    return count + " and " + std::to_string(server.board().digest);
}

Result<Round> time_round(Server& server, const Run& run, std::uint64_t windows) {
    HWS_TRY(const std::string counts, run_round(server, run, windows));
    const std::string all = std::to_string(windows * window);
    if (counts != all + " and " + all) return fail(Errc::io, counts + " connections instead of " + all);
    return round_of_windows(server.board());
}

} // namespace

Result<void> ask_connections(const Options& options) {
    Server server(&serve, cpu(0));
    HWS_TRY(host::Runtime runtime, make_runtime(cpu(0)));
    HWS_TRY(const host::Module module, runtime.load_file(guest_file("bench_connections_v2")));
    host::Plugin plugin = runtime.make_plugin(module, plugin_options());
    for (const bool accepts : {true, false}) {
        const auto contender = [&](std::string name, Run run) {
            return Contender{
                .name = std::move(name),
                .run = [&server, run, &options] { return time_round(server, run, options.scaled(20)); },
                .answer = [&server, run] { return run_round(server, run, 1); }};
        };
        HWS_CHECK(measure({.title = accepts ? "accepting" : "connecting",
                           .operation = accepts ? "accept from a full queue, and close (mean of 256), one CPU"
                                                : "connect, and close (mean of 256), one CPU",
                           .measure = Measure::rate,
                           .targets = {{Bound::ratio_at_least, 0.9}},
                           .contenders = {contender(accepts ? "native, accept4 and close" : "native, socket, connect, close",
                                                    [&](std::uint64_t windows) {
                                                        return Result<std::string>(run_native(
                                                            server.port(), accepts ? 'a' : 'c', windows));
                                                    }),
                                          contender("v2, on the imports",
                                                    [&](std::uint64_t windows) {
                                                        return call(plugin, accepts ? "accept" : "connect",
                                                                    std::to_string(server.port()) + " " +
                                                                        std::to_string(windows));
                                                    })}},
                          options));
    }
    return {};
}

} // namespace hws::bench
