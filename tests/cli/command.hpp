#pragma once
/// Runs build/bin/hws with a cache of the tests' own.

#include "support/process.hpp"
#include "support/temporary_folder.hpp"

#include <string>
#include <vector>

namespace hws::test {

inline std::string guest(const std::string& name) {
    return HWS_GUEST_DIR "/" + name + ".wasm";
}

struct Outcome {
    int code;
    std::string out;
    std::string err;
};

/// Compiled modules are kept for the whole test run, so that each is compiled once.
inline ProcessOptions with_cache(std::string input = {}) {
    static const TemporaryFolder home;
    ProcessOptions options;
    options.input = std::move(input);
    options.environment.emplace_back("XDG_CACHE_HOME", home.path() / "cache");
    options.environment.emplace_back("XDG_STATE_HOME", home.path() / "state");
    return options;
}

inline Outcome run_hws(std::vector<std::string> arguments, std::string input = {}) {
    arguments.insert(arguments.begin(), HWS_BUILD_DIR "/bin/hws");
    Process process = run_process(arguments, with_cache(std::move(input)));
    return {process.wait(std::chrono::seconds(0)).value_or(-1), process.output(), process.errors()};
}

inline bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != text.npos;
}

} // namespace hws::test
