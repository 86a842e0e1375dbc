#include "common/host.hpp"
#include "common/machine.hpp"
#include "common/question.hpp"

#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <spawn.h>
#include <sys/wait.h>

extern char** environ;

namespace hws::bench {
namespace {

/// Runs the command to its end, `count` times, without its output.
Result<Round> run_commands(std::vector<std::string> words, std::uint64_t count) {
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    Round round{.operations = count};
    int failures = 0;
    const double begin = now_ns();
    double last = begin;
    for (std::uint64_t i = 0; i < count; ++i) {
        pid_t process = -1;
        int status = -1;
        if (::posix_spawn(&process, arguments[0], &actions, nullptr, arguments.data(), environ) == 0)
            ::waitpid(process, &status, 0);
        failures += status != 0;
        const double now = now_ns();
        round.operation_ns.push_back(now - last);
        last = now;
    }
    round.seconds = (last - begin) / 1e9;
    ::posix_spawn_file_actions_destroy(&actions);
    if (failures > 0) return fail(Errc::io, words[0] + " failed " + std::to_string(failures) + " times");
    return round;
}

} // namespace

Result<void> ask_start(const Options& options) {
    const std::string command = HWS_BUILD_DIR "/bin/hws";
    if (!std::filesystem::exists(command)) return fail(Errc::not_found, command + ", build it first");
    // A cache of its own; the first round fills it.
    ::setenv("XDG_CACHE_HOME", HWS_BUILD_DIR "/bench-cache", 1);
    ::setenv("XDG_STATE_HOME", HWS_BUILD_DIR "/bench-state", 1);
    pin(cpu(0));
    const std::uint64_t count = options.scaled(30);
    return measure(
        {.title = "start",
         .operation = "a process from its start to its end, module in the cache",
         .measure = Measure::latency,
         .targets = {{Bound::median_at_most_ns, 20e6}},
         .contenders = {{.name = "native, /bin/true", .run = [&] { return run_commands({"/bin/true"}, count); }},
                        {.name = "hws call", .run = [&] {
                             return run_commands({command, "call", guest_file("bench_small"), "empty"}, count);
                         }}}},
        options);
}

} // namespace hws::bench
