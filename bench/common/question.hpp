#pragma once
/// How a benchmark is put: a question, its contenders, and what one round of one of them gave.

#include <hws/result.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hws::bench {

/// What one round of one contender gave.
struct Round {
    std::vector<double> operation_ns = {}; ///< each operation; or the mean of a batch, where one is too short to time
    std::uint64_t operations = 0;
    double seconds = 0;                  ///< all of them together
    std::uint64_t bytes = 0;             ///< payload, where it is the question
    /// CPU time of the thread that does the work, where it is the question.
    std::optional<double> cpu_ns = {};
    std::optional<double> plugin_bytes = {}; ///< resident memory of one plugin, or of what stands for it natively
    std::optional<double> plugin_mappings = {};
};

struct Contender {
    std::string name;
    std::function<Result<Round>()> run;
    /// What it computes, compared with the first contender's before the clock starts. Without it there is nothing to compare.
    std::function<Result<std::string>()> answer = {};
};

/// What is divided by the first contender's in each round.
enum class Measure : std::uint8_t { latency, rate, bandwidth };

enum class Bound : std::uint8_t {
    none,
    ratio_at_most,
    ratio_at_least,
    median_at_most_ns,
    /// CPU time for the payload, as a ratio
    cpu_ratio_at_most,
    plugin_at_most_bytes
};
struct Target {
    Bound bound = Bound::none;
    double value = 0;
    /// The contender it speaks of, from 1; 0: all but the first.
    std::size_t contender = 0;
};

/// One block of the table. The first contender is the native one.
struct Comparison {
    std::string title;
    std::string operation; ///< what one operation is: "64 B there and back"
    Measure measure = Measure::latency;
    std::vector<Target> targets;
    std::vector<Contender> contenders;
};

struct Options {
    int rounds = 7;
    double scale = 1; ///< of the number of operations in a round
    /// `count` scaled, at least 1.
    std::uint64_t scaled(std::uint64_t count) const;
};

/// Compares the answers, runs each contender once for nothing, then all of them in turn for the rounds, and prints the rows.
/// Errors: those of a contender; io when two answers differ.
Result<void> measure(const Comparison& comparison, const Options& options);

/// A question: a folder here. Runs in a process of its own.
struct Question {
    std::string_view name;
    std::string_view sentence;
    Result<void> (*ask)(const Options& options);
};

Result<void> ask_round_trip(const Options& options);
Result<void> ask_connections(const Options& options);
Result<void> ask_http(const Options& options);
Result<void> ask_icmp_echo(const Options& options);
Result<void> ask_udp(const Options& options);
Result<void> ask_bulk(const Options& options);
Result<void> ask_empty_call(const Options& options);
Result<void> ask_host_call(const Options& options);
Result<void> ask_instantiate(const Options& options);
Result<void> ask_parked(const Options& options);
Result<void> ask_many(const Options& options);
Result<void> ask_start(const Options& options);

} // namespace hws::bench
