#include "common/host.hpp"
#include "common/machine.hpp"
#include "parked/parked.hpp"

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

} // namespace parked

using namespace parked;

Result<void> ask_parked(const Options& options) {
    constexpr std::uint32_t count = 2000;
    Server server(&serve, cpu(1));
    server.board().amount = count;
    server.board().repetitions = options.scaled(50);
    HWS_TRY(host::Runtime runtime, make_runtime(cpu(0), count + 100));
    HWS_TRY(const host::Module module, runtime.load_file(guest_file("bench_parked_v1")));
    Comparison comparison{
        .title = "2,000 parked, two CPUs",
        .operation = "64 B there and back on all at once",
        .measure = Measure::rate,
        .targets = {{Bound::ratio_at_least, 0.9}, {Bound::plugin_at_most_bytes, 64 << 10}},
        .contenders = {
            {.name = "native, one thread with epoll", .run = [&] { return run_native(server); }},
            {.name = "v1, 2,000 plugins in tcp_recv", .run = [&] { return run_plugins(server, runtime, module); }}}};
    HWS_CHECK(measure(comparison, options));
    server.move_to(cpu(0));
    comparison.title = "2,000 parked, one CPU";
    return measure(comparison, options);
}

} // namespace hws::bench
