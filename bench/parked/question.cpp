#include "common/host.hpp"
#include "common/machine.hpp"
#include "parked/parked.hpp"

#include <fstream>
#include <sys/resource.h>
#include <thread>

namespace hws::bench {

using namespace std::chrono_literals;

namespace parked {

Round follow_round(Server& server, std::uint32_t rounds_before, double bytes_before, double mappings_before) {
    Board& board = server.board();
    const auto count = static_cast<double>(board.amount);
    wait_until(board.ready, rounds_before + 1);
    std::this_thread::sleep_for(200ms); // the last ones are on their way from connect to receive
    Round round;
    round.plugin_bytes = (static_cast<double>(resident_bytes()) - bytes_before) / count;
    round.plugin_mappings = (static_cast<double>(mapping_count()) - mappings_before) / count;
    board.begun = rounds_before + 1;
    wait_until(board.finished, rounds_before + 1);
    round.operation_ns.assign(board.stamps_ns, board.stamps_ns + board.stamp_count);
    round.operations = board.amount * board.repetitions;
    round.seconds = (board.end_ns - board.begin_ns) / 1e9;
    return round;
}

namespace {

/// Whether the system has room for that many connected plugins, and if not, what would have to be raised.
Result<void> check_room(std::uint32_t count) {
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    if (files.rlim_cur < count + 100)
        return fail(Errc::too_many_handles, std::to_string(count) + " connections, but the limit of open files is " +
                                                std::to_string(files.rlim_cur) + " (ulimit -Hn)");
    std::uint64_t mappings = 0;
    std::ifstream("/proc/sys/vm/max_map_count") >> mappings;
    constexpr std::uint64_t mappings_of_plugin = 4;
    if (mappings < count * mappings_of_plugin + 1000)
        return fail(Errc::out_of_memory, std::to_string(count) + " plugins with 4 mappings each, but vm.max_map_count is " +
                                             std::to_string(mappings));
    return {};
}

/// "10,000"
std::string grouped(std::uint32_t count) {
    std::string digits = std::to_string(count);
    for (std::size_t i = digits.size(); i > 3;) digits.insert(i -= 3, ",");
    return digits;
}

/// One dialect a process: what the first one leaves in the pools would be the memory of the second.
Result<void> ask(const Options& options, std::uint32_t count, std::uint64_t repetitions, std::string_view dialect) {
    HWS_CHECK(check_room(count));
    const double most_bytes = dialect == "v2" ? 40 << 10 : 64 << 10;
    Server server(&serve, cpu(1));
    server.board().amount = count;
    server.board().repetitions = repetitions;
    HWS_TRY(host::Runtime runtime, make_runtime(cpu(0), count + 100));
    HWS_TRY(const host::Module module, runtime.load_file(guest_file("bench_parked_" + std::string(dialect))));
    Comparison comparison{
        .title = grouped(count) + " parked, two CPUs",
        .operation = "64 B there and back on all at once",
        .measure = Measure::rate,
        .targets = {{Bound::ratio_at_least, 0.9}, {Bound::plugin_at_most_bytes, most_bytes}},
        .contenders = {{.name = "native, one thread with epoll", .run = [&] { return run_native(server); }},
                       {.name = std::string(dialect) + ", on the imports",
                        .run = [&] { return run_plugins(server, runtime, module, dialect); }}}};
    HWS_CHECK(measure(comparison, options));
    server.move_to(cpu(0));
    comparison.title = grouped(count) + " parked, one CPU";
    return measure(comparison, options);
}

} // namespace
} // namespace parked

Result<void> ask_parked(const Options& options) {
    return parked::ask(options, 2'000, options.scaled(50), "v1");
}

Result<void> ask_many(const Options& options) {
    return parked::ask(options, 10'000, options.scaled(10), "v2");
}

} // namespace hws::bench
