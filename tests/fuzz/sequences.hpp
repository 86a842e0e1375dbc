#pragma once
/// What every test of random sequences needs: how an answer is told, so that Linux's and dialect v2's
/// can be compared, and which seeds are tried. HWS_FUZZ_SEED=n replays one, HWS_FUZZ_RUNS=n tries as
/// many.

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>

namespace hws::test {

/// What a call gave: the number of the error, and everything that was told.
struct Outcome {
    int error = 0;
    std::string told;
    friend bool operator==(const Outcome&, const Outcome&) = default;

    std::string text() const { return std::to_string(error) + ' ' + told; }
};

/// "v2 gave 14 "", Linux 0 "3"", and the calls before, which are `log`.
inline std::string tell_difference(const Outcome& got, const Outcome& expected, const std::string& log) {
    const auto say = [](const Outcome& outcome) {
        return std::to_string(outcome.error) + " \"" + outcome.told + '"';
    };
    return "v2 gave " + say(got) + ", Linux " + say(expected) + '\n' + log;
}

inline std::string payload(std::uint32_t size) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i < text.size(); ++i)
        text[i] = static_cast<char>('a' + (i + size) % 26);
    return text;
}

/// The number of errors.def for a number of Linux.
inline int number_of(int error) {
    if (error == 0) return 0;
#define HWS_ERROR(name, number, posix, sentence)                                                   \
    if (error == posix) return number;
#include <errors.def>
#undef HWS_ERROR
    return -error;
}

/// Calls `run(seed)` for the seed that the environment asks for, or for as many as it asks for,
/// beginning with 1.
template <class Run> void for_each_seed(std::uint64_t usual_runs, Run run) {
    const auto number_in = [](const char* variable) -> std::optional<std::uint64_t> {
        const char* const text = std::getenv(variable);
        if (!text) return {};
        return std::strtoull(text, nullptr, 10);
    };
    if (const auto seed = number_in("HWS_FUZZ_SEED")) return run(*seed);
    const std::uint64_t runs = number_in("HWS_FUZZ_RUNS").value_or(usual_runs);
    for (std::uint64_t seed = 1; seed <= runs; ++seed)
        run(seed);
}

} // namespace hws::test
