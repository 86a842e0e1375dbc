#include "support/resources.hpp"

#include <algorithm>
#include <fstream>
#include <string>
#include <sys/resource.h>
#include <unistd.h>

namespace hws::test {
namespace {

std::size_t peak_bytes() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("VmHWM:")) return std::stoul(line.substr(6)) << 10;
    return 0;
}

} // namespace

std::size_t raise_descriptor_limit(std::size_t wanted) {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur >= wanted) return limit.rlim_cur;
    const rlimit higher{.rlim_cur = wanted, .rlim_max = std::max<rlim_t>(limit.rlim_max, wanted)};
    if (::setrlimit(RLIMIT_NOFILE, &higher) == 0) return wanted; // root may go beyond the maximum
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur;
}

std::size_t resident_bytes() {
    std::ifstream statm("/proc/self/statm");
    std::size_t pages = 0;
    std::size_t resident = 0;
    statm >> pages >> resident;
    return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

ResidentPeak::ResidentPeak() : before_(resident_bytes()) {
    std::ofstream file("/proc/self/clear_refs");
    file << "5" << std::flush;
    is_reset_ = file.good();
}

std::size_t ResidentPeak::growth_bytes() const {
    const std::size_t peak = peak_bytes();
    return is_sanitized || !is_reset_ || peak < before_ ? 0 : peak - before_;
}

} // namespace hws::test
