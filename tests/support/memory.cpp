#include "support/memory.hpp"

#include <fstream>
#include <string>
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
