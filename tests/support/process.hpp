#pragma once
/// A child process of a test: started with its own output files, always stopped by its pid.

#include "support/temporary_folder.hpp"

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hws::test {

struct ProcessOptions {
    /// What it reads; nothing (/dev/null) by default.
    std::string input;
    /// Set in addition to the caller's environment, in place of variables of the same name.
    std::vector<std::pair<std::string, std::string>> environment;
    /// Where it runs; the caller's folder when empty.
    std::filesystem::path working_folder;
};

/// A running or finished child. The destructor stops it. Moves, does not copy.
/// The kernel kills the child when the thread that started it ends, so that a crashing test leaves
/// nothing behind: start it from a thread that outlives it.
class Process {
public:
    /// Starts `arguments[0]` (looked up in PATH), with stdout and stderr each going to a file of
    /// its own. Throws std::runtime_error naming the program and the reason where it cannot be
    /// started.
    explicit Process(const std::vector<std::string>& arguments, const ProcessOptions& options = {});
    Process(Process&& other) noexcept;
    Process& operator=(Process&& other) noexcept;
    ~Process();

    /// Waits until it ends. Returns its exit code, 128 + N after signal N, or nothing when `limit`
    /// passed first.
    std::optional<int> wait(std::chrono::milliseconds limit);

    /// SIGTERM, at most `grace` to end, then SIGKILL. Returns like `wait`. Does nothing to a
    /// process that has ended.
    int stop(std::chrono::milliseconds grace = std::chrono::seconds(3));

    /// Sends a signal to it; nothing once it has ended.
    void signal(int number) const;

    bool is_running() { return !wait(std::chrono::milliseconds(0)).has_value(); }
    /// What it has written so far.
    std::string output() const { return read_file(folder_.path() / "stdout"); }
    std::string errors() const { return read_file(folder_.path() / "stderr"); }
    int pid() const { return pid_; }
    /// Becomes readable when the process ends; for ppoll(2).
    int pid_descriptor() const { return pid_descriptor_; }

private:
    void reap();

    TemporaryFolder folder_;
    int pid_ = -1;
    int pid_descriptor_ = -1;
    std::optional<int> exit_code_;
};

/// Runs a program to its end and returns it, with its output; throws std::runtime_error when it
/// takes longer than `limit`.
Process run_process(const std::vector<std::string>& arguments, const ProcessOptions& options = {},
                    std::chrono::milliseconds limit = std::chrono::seconds(60));

} // namespace hws::test
