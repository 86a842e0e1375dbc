#pragma once
/// What `--stats` prints, to stderr.

#include <chrono>
#include <hws/host/runtime.hpp>

namespace hws::cli {

class Stopwatch {
public:
    std::chrono::nanoseconds lap() {
        const auto now = std::chrono::steady_clock::now();
        return now - std::exchange(start_, now);
    }

private:
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

struct Times {
    std::chrono::nanoseconds start{0}; ///< the runtime
    std::chrono::nanoseconds load{0};  ///< read and compile, or take from the cache
    std::chrono::nanoseconds instantiate{0};
};

void print_statistics(const Times& times, const host::Module& module,
                      const host::PluginStatistics& figures);

} // namespace hws::cli
