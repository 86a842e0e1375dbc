#include "statistics.hpp"

#include <cstdio>
#include <string>

namespace hws::cli {
namespace {

std::string text_of(std::chrono::nanoseconds time) {
    char text[32];
    const double nanoseconds = static_cast<double>(time.count());
    if (nanoseconds < 1e6)
        std::snprintf(text, sizeof text, "%.1f us", nanoseconds / 1e3);
    else if (nanoseconds < 1e9)
        std::snprintf(text, sizeof text, "%.2f ms", nanoseconds / 1e6);
    else
        std::snprintf(text, sizeof text, "%.2f s", nanoseconds / 1e9);
    return text;
}

void line(const char* name, const std::string& value) {
    std::fprintf(stderr, "  %-14s %s\n", name, value.c_str());
}

} // namespace

void print_statistics(const Times& times, const host::Module& module,
                      const host::PluginStatistics& figures) {
    std::fputs("hws: statistics\n", stderr);
    line("start", text_of(times.start));
    line("load", text_of(times.load) + (module.was_cached() ? " (cached)" : " (compiled)"));
    line("instantiate", text_of(times.instantiate));
    line("calls", std::to_string(figures.calls) + ", " + text_of(figures.call_time));
    line("host calls", std::to_string(figures.host_calls));
    line("sent", std::to_string(figures.bytes_sent) + " bytes");
    line("received", std::to_string(figures.bytes_received) + " bytes");
    line("denials", std::to_string(figures.denials));
    line("memory", std::to_string(figures.memory_bytes / 1024) + " KiB");
}

} // namespace hws::cli
