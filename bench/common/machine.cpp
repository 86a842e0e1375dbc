#include "common/machine.hpp"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sched.h>
#include <sys/utsname.h>
#include <time.h>
#include <vector>

namespace hws::bench {
namespace {

std::string output_of(const std::string& command) {
    std::string text;
    FILE* const pipe = ::popen(command.c_str(), "r");
    if (!pipe) return text;
    char line[256];
    while (std::fgets(line, sizeof line, pipe)) text += line;
    ::pclose(pipe);
    while (text.ends_with('\n')) text.pop_back();
    return text;
}

std::vector<int> allowed_cpus() {
    cpu_set_t set;
    CPU_ZERO(&set);
    ::sched_getaffinity(0, sizeof set, &set);
    std::vector<int> cpus;
    for (int i = 0; i < CPU_SETSIZE; ++i)
        if (CPU_ISSET(i, &set)) cpus.push_back(i);
    return cpus;
}

// As the program was started, before anything was pinned.
const std::vector<int> cpus_at_start = allowed_cpus();

} // namespace

Machine this_machine() {
    Machine machine;
    std::ifstream info("/proc/cpuinfo");
    for (std::string line; std::getline(info, line) && machine.processor.empty();)
        if (line.starts_with("model name")) machine.processor = line.substr(line.find(':') + 2);
    machine.cpus = static_cast<int>(cpus_at_start.size());
    utsname names{};
    ::uname(&names);
    machine.kernel = names.release;
    const std::string git = "git -C '" HWS_SOURCE_DIR "' ";
    machine.commit = output_of(git + "rev-parse --short HEAD 2>/dev/null");
    if (machine.commit.empty()) machine.commit = "unknown";
    if (!output_of(git + "status --porcelain --untracked-files=no 2>/dev/null").empty()) machine.commit += "+";
#ifdef __clang__
    machine.compiler = "clang " + std::to_string(__clang_major__);
#else
    machine.compiler = "g++ " + std::to_string(__GNUC__);
#endif
    machine.wasmtime = HWS_WASMTIME_VERSION;
    return machine;
}

int cpu(int n) {
    return static_cast<std::size_t>(n) < cpus_at_start.size() ? cpus_at_start[static_cast<std::size_t>(n)]
                                                              : cpus_at_start.front();
}

void pin(int cpu, pid_t thread) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    ::sched_setaffinity(thread, sizeof set, &set);
}

namespace {

/// The number behind `label`, in KiB.
std::size_t figure(const char* file, const std::string& label) {
    std::ifstream stream(file);
    for (std::string word; stream >> word;) {
        if (word != label) continue;
        std::size_t kibibytes = 0;
        stream >> kibibytes;
        return kibibytes * 1024;
    }
    return 0;
}

} // namespace

std::size_t resident_bytes() {
    // smaps_rollup walks the page tables; the counter in statm lags behind by some pages for each thread.
    return figure("/proc/self/smaps_rollup", "Rss:") + figure("/proc/self/status", "VmPTE:");
}

std::size_t mapping_count() {
    std::ifstream maps("/proc/self/maps");
    std::size_t lines = 0;
    for (std::string line; std::getline(maps, line);) ++lines;
    return lines;
}

namespace {

double clock_ns(clockid_t clock) {
    timespec now{};
    ::clock_gettime(clock, &now);
    return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

} // namespace

double now_ns() { return clock_ns(CLOCK_MONOTONIC); }
double thread_cpu_ns() { return clock_ns(CLOCK_THREAD_CPUTIME_ID); }

} // namespace hws::bench
