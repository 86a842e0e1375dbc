#include "common/report.hpp"

#include "common/machine.hpp"
#include "common/statistics.hpp"

#include <algorithm>
#include <cstdio>

namespace hws::bench {
namespace {

std::string number(double value, const char* unit) {
    char text[64];
    const int digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
    std::snprintf(text, sizeof text, "%.*f%s", digits, value, unit);
    return text;
}

std::string duration(double ns) {
    if (ns < 1e3) return number(ns, " ns");
    if (ns < 1e6) return number(ns / 1e3, " us");
    return number(ns / 1e6, " ms");
}

std::string size(double bytes) {
    if (bytes < 1024.0 * 1024) return number(bytes / 1024, " KiB");
    if (bytes < 1024.0 * 1024 * 1024) return number(bytes / (1024.0 * 1024), " MiB");
    return number(bytes / (1024.0 * 1024 * 1024), " GiB");
}

std::string rate(double per_second) {
    if (per_second >= 1e6) return number(per_second / 1e6, " M/s");
    if (per_second >= 1e4) return number(per_second / 1e3, " k/s");
    return number(per_second, " /s");
}

/// The median of ratios, with the least and the greatest.
std::string spread(const std::vector<double>& ratios) {
    return number(median(ratios), "") + " (" + number(*std::ranges::min_element(ratios), "") + " to " +
           number(*std::ranges::max_element(ratios), "") + ")";
}

double measure_of(const Comparison& comparison, const Round& round) {
    switch (comparison.measure) {
    case Measure::latency:
        return median(round.operation_ns);
    case Measure::rate:
        return static_cast<double>(round.operations) / round.seconds;
    case Measure::bandwidth:
        return static_cast<double>(round.bytes) / round.seconds;
    }
    return 0;
}

struct Summary {
    std::uint64_t operations = 0;
    double p50 = 0;
    double p99 = 0;
    double per_second = 0;
    std::vector<double> ratios; ///< one a round
    std::vector<double> cpu_ns_per_byte;
    std::vector<double> cpu_ratios;
    std::vector<double> plugin_bytes;
    std::vector<double> plugin_mappings;
};

Summary summarize(const Comparison& comparison, const std::vector<Round>& native, const std::vector<Round>& rounds) {
    Summary summary;
    std::vector<double> operation_ns;
    std::vector<double> per_second;
    for (std::size_t i = 0; i < rounds.size(); ++i) {
        const Round& round = rounds[i];
        summary.operations += round.operations;
        operation_ns.insert(operation_ns.end(), round.operation_ns.begin(), round.operation_ns.end());
        const double amount = static_cast<double>(
            comparison.measure == Measure::bandwidth ? round.bytes : round.operations);
        per_second.push_back(amount / round.seconds);
        summary.ratios.push_back(measure_of(comparison, round) / measure_of(comparison, native[i]));
        if (round.cpu_ns && native[i].cpu_ns) {
            const auto per_byte = [](const Round& one) { return *one.cpu_ns / static_cast<double>(one.bytes); };
            summary.cpu_ns_per_byte.push_back(per_byte(round));
            summary.cpu_ratios.push_back(per_byte(round) / per_byte(native[i]));
        }
        if (round.plugin_bytes) summary.plugin_bytes.push_back(*round.plugin_bytes);
        if (round.plugin_mappings) summary.plugin_mappings.push_back(*round.plugin_mappings);
    }
    summary.p50 = median(operation_ns);
    summary.p99 = quantile(operation_ns, 0.99);
    summary.per_second = median(per_second);
    return summary;
}

std::string describe(const Target& target, const Summary& summary) {
    const double ratio = median(summary.ratios);
    const double bytes = median(summary.plugin_bytes);
    bool met = false;
    std::string wanted;
    switch (target.bound) {
    case Bound::none:
        return "";
    case Bound::ratio_at_most:
        met = ratio <= target.value;
        wanted = "≤ " + number(target.value, " x");
        break;
    case Bound::ratio_at_least:
        met = ratio >= target.value;
        wanted = "≥ " + number(target.value, " x");
        break;
    case Bound::median_at_most_ns:
        met = summary.p50 <= target.value;
        wanted = "≤ " + duration(target.value);
        break;
    case Bound::cpu_ratio_at_most:
        met = median(summary.cpu_ratios) <= target.value;
        wanted = "CPU ≤ " + number(target.value, " x");
        break;
    case Bound::plugin_at_most_bytes:
        if (summary.plugin_bytes.empty()) return "";
        met = bytes <= target.value;
        wanted = "≤ " + size(target.value);
        break;
    }
    return wanted + (met ? " met" : " **missed**");
}

} // namespace

void print_head(const Options& options) {
    const Machine machine = this_machine();
    std::printf("%s, %d CPUs, Linux %s; commit %s, %s, Wasmtime %s; %d interleaved rounds.\n\n",
                machine.processor.c_str(), machine.cpus, machine.kernel.c_str(), machine.commit.c_str(),
                machine.compiler.c_str(), machine.wasmtime.c_str(), options.rounds);
    std::printf("| question | contender | n | p50 | p99 | throughput | memory per plugin | CPU per GiB | ratio | target |\n");
    std::printf("|---|---|--:|--:|--:|--:|--:|--:|--:|---|\n");
    std::fflush(stdout);
}

void print_rows(const Comparison& comparison, const std::vector<std::vector<Round>>& rounds) {
    for (std::size_t i = 0; i < rounds.size(); ++i) {
        const Summary summary = summarize(comparison, rounds.front(), rounds[i]);
        std::string memory = summary.plugin_bytes.empty() ? "" : size(median(summary.plugin_bytes));
        if (!summary.plugin_mappings.empty())
            memory += ", " + number(median(summary.plugin_mappings), " mappings");
        std::string cpu;
        if (!summary.cpu_ns_per_byte.empty()) {
            cpu = duration(median(summary.cpu_ns_per_byte) * 1024 * 1024 * 1024);
            if (i > 0) cpu += ", " + spread(summary.cpu_ratios) + " x";
        }
        std::string ratio;
        std::string targets;
        if (i > 0) {
            ratio = spread(summary.ratios);
            for (const Target& target : comparison.targets) {
                if (target.contender != 0 && target.contender != i) continue;
                const std::string text = describe(target, summary);
                if (!targets.empty() && !text.empty()) targets += ", ";
                targets += text;
            }
        }
        std::printf("| %s | %s | %llu | %s | %s | %s | %s | %s | %s | %s |\n",
                    i == 0 ? (comparison.title + ": " + comparison.operation).c_str() : "",
                    comparison.contenders[i].name.c_str(), static_cast<unsigned long long>(summary.operations),
                    duration(summary.p50).c_str(), duration(summary.p99).c_str(),
                    (comparison.measure == Measure::bandwidth ? size(summary.per_second) + "/s" : rate(summary.per_second)).c_str(),
                    memory.c_str(), cpu.c_str(), ratio.c_str(), targets.c_str());
    }
    std::fflush(stdout);
}

} // namespace hws::bench
