#include "common/question.hpp"

#include "common/report.hpp"

#include <algorithm>
#include <cstdio>

namespace hws::bench {

std::uint64_t Options::scaled(std::uint64_t count) const {
    return std::max<std::uint64_t>(1, static_cast<std::uint64_t>(static_cast<double>(count) * scale));
}

Result<void> measure(const Comparison& comparison, const Options& options) {
    const std::vector<Contender>& contenders = comparison.contenders;
    const auto name = [&](const Contender& contender) { return comparison.title + ", " + contender.name; };

    std::string expected;
    for (const Contender& contender : contenders) {
        if (!contender.answer) continue;
        auto answer = contender.answer();
        if (!answer) return std::unexpected(std::move(answer).error().with_context(name(contender)));
        if (expected.empty()) expected = *answer;
        if (*answer != expected)
            return fail(Errc::io, name(contender) + " answers " + *answer + " instead of " + expected);
    }

    struct Memory {
        std::optional<double> bytes;
        std::optional<double> mappings;
    };
    std::vector<Memory> first(contenders.size());
    std::vector<std::vector<Round>> rounds(contenders.size());
    // Round 0 warms caches and pools and is not counted. The order turns with the rounds, so that none always runs first.
    for (int round = 0; round <= options.rounds; ++round) {
        for (std::size_t i = 0; i < contenders.size(); ++i) {
            const std::size_t who = (i + static_cast<std::size_t>(round)) % contenders.size();
            std::fprintf(stderr, "\r\033[K%s, round %d of %d", name(contenders[who]).c_str(), round, options.rounds);
            auto outcome = contenders[who].run();
            if (!outcome)
                return fail(outcome.error().code(), name(contenders[who]) + ": " + outcome.error().context());
            if (round == 0) {
                first[who] = {outcome->plugin_bytes, outcome->plugin_mappings};
            } else {
                // Later rounds live in what the first has left in the pools, so memory is the first one's.
                outcome->plugin_bytes = first[who].bytes;
                outcome->plugin_mappings = first[who].mappings;
                rounds[who].push_back(*std::move(outcome));
            }
        }
    }
    std::fprintf(stderr, "\r\033[K");
    print_rows(comparison, rounds);
    return {};
}

} // namespace hws::bench
