#include "common/host.hpp"
#include "common/machine.hpp"
#include "common/question.hpp"
#include "udp/udp.hpp"

namespace hws::bench {
namespace {

using namespace udp;
using Run = std::function<Result<std::string>(std::uint64_t count)>;

/// The client's sum and the server's: a datagram that was lost is missing in one of them.
Result<std::string> run_round(Server& server, const Run& run, std::uint64_t count) {
    const std::uint32_t rounds_before = server.board().finished.load();
    server.board().amount = count;
    HWS_TRY(const std::string sum, run(count));
    wait_until(server.board().finished, rounds_before + 1);
    return sum + " and " + std::to_string(server.board().digest);
}

Result<Round> time_round(Server& server, const Run& run, std::uint64_t count, const std::string& expected) {
    HWS_TRY(const std::string sums, run_round(server, run, count));
    if (sums != expected) return fail(Errc::io, "sums " + sums + " instead of " + expected + ": datagrams were lost");
    return round_of_windows(server.board());
}

Result<Round> time_trips(Server& server, const Run& run, std::uint64_t count) {
    HWS_CHECK(run_round(server, run, count));
    return round_of_stamps(server.board());
}

} // namespace

Result<void> ask_udp(const Options& options) {
    Server server(&serve, cpu(0));
    HWS_TRY(host::Runtime runtime, make_runtime(cpu(0)));
    HWS_TRY(const host::Module module, runtime.load_file(guest_file("bench_udp_v2")));
    host::Plugin plugin = runtime.make_plugin(module, plugin_options());
    const std::uint64_t windows = options.scaled(100);
    const std::uint64_t last = windows * window;
    const std::string sum = std::to_string(last * (last + 1) / 2);

    struct Part {
        const char* export_name;
        char mode;
        std::string title;
        std::string operation;
        Target target;
        std::string native;
        std::string plugin;
    };
    for (const Part& part : {
             Part{"echo", 'e', "UDP round trip, one CPU", "64 B there and back", {Bound::ratio_at_most, 1.05},
                  "native, blocking send and recv", "v2, on the imports"},
             Part{"send", 's', "UDP, sending batches", "64 B, 64 a call (mean of 256), one CPU",
                  {Bound::ratio_at_least, 0.9}, "native, sendmmsg", "v2, send_batch"},
             Part{"receive", 'r', "UDP, receiving batches", "64 B, 64 a call (mean of 256), one CPU",
                  {Bound::ratio_at_least, 0.9}, "native, recvmmsg", "v2, receive_batch"},
         }) {
        const bool is_echo = part.mode == 'e';
        const std::string expected = part.mode == 's' ? "0 and " + sum : sum + " and 0";
        const auto contender = [&](std::string name, Run run) {
            return Contender{.name = std::move(name),
                             .run =
                                 [&, run] {
                                     return is_echo ? time_trips(server, run, options.scaled(10'000))
                                                    : time_round(server, run, windows, expected);
                                 },
                             .answer = [&server, run] { return run_round(server, run, 3); }};
        };
        HWS_CHECK(measure({.title = part.title,
                           .operation = part.operation,
                           .measure = is_echo ? Measure::latency : Measure::rate,
                           .targets = {part.target},
                           .contenders = {contender(part.native,
                                                    [&](std::uint64_t count) {
                                                        return Result<std::string>(
                                                            run_native(server.port(), part.mode, count));
                                                    }),
                                          contender(part.plugin,
                                                    [&](std::uint64_t count) {
                                                        return call(plugin, part.export_name,
                                                                    std::to_string(server.port()) + " " +
                                                                        std::to_string(count));
                                                    })}},
                          options));
    }
    return {};
}

} // namespace hws::bench
