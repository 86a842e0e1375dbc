#include "common/machine.hpp"
#include "instantiate/instantiate.hpp"

#include <latch>
#include <thread>

namespace hws::bench::instantiate {

Round run_native_lives(std::uint64_t count) {
    Round round{.operations = count};
    const double begin = now_ns();
    double last = begin;
    for (std::uint64_t i = 0; i < count; ++i) {
        std::thread([] {}).join();
        const double now = now_ns();
        round.operation_ns.push_back(now - last);
        last = now;
    }
    round.seconds = (last - begin) / 1e9;
    return round;
}

Round run_native_idle(std::uint64_t count) {
    Round round{.operations = count};
    const auto resident = static_cast<double>(resident_bytes());
    const auto mappings = static_cast<double>(mapping_count());
    std::latch all_stand(static_cast<std::ptrdiff_t>(count));
    std::latch over(1);
    std::vector<std::jthread> threads;
    threads.reserve(count);
    const double begin = now_ns();
    double last = begin;
    for (std::uint64_t i = 0; i < count; ++i) {
        threads.emplace_back([&] {
            all_stand.count_down();
            over.wait();
        });
        const double now = now_ns();
        round.operation_ns.push_back(now - last);
        last = now;
    }
    all_stand.wait();
    round.seconds = (now_ns() - begin) / 1e9;
    round.plugin_bytes = (static_cast<double>(resident_bytes()) - resident) / static_cast<double>(count);
    round.plugin_mappings = (static_cast<double>(mapping_count()) - mappings) / static_cast<double>(count);
    over.count_down();
    return round;
}

} // namespace hws::bench::instantiate
