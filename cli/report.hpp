#pragma once
/// What the command says to its operator, all of it on stderr: errors, log lines, denials, figures.
/// Text that came from a plugin is made printable first, so that a plugin can neither control the
/// terminal nor write a line that looks like the host's.

#include <cstdint>
#include <hws/host/runtime.hpp>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace hws::cli {

/// What `hws call` and the other commands exit with. `hws run` passes the program's own code
/// through and adds `run_offset` to these for failures of the host.
enum class Exit : std::uint8_t {
    ok = 0,
    plugin_failed = 1,
    usage = 2,
    trapped = 3,
    denied = 4,
    timed_out = 5,
    cannot_load = 6,
};
inline constexpr int run_offset = 240;
/// `hws run`: the program's code does not fit what is passed through.
inline constexpr int code_too_large = 241;
inline constexpr std::uint32_t max_program_code = 125;

Exit exit_of(const Error& error);

/// Control characters, invisible and direction-changing characters and what is not UTF-8 become \n,
/// \t, \xNN.
std::string printable(std::string_view text);

/// `hws: <what>: <why>` on stderr. Further lines of `why` (a back trace) are indented.
void report(std::string_view what, std::string_view why);
/// The same, from an error: its code in words, and its context.
void report(const Error& error);

/// The rules that would have allowed what was refused, `tcp:127.0.0.1:6379`; none where none would:
/// a deny rule forbids it, or the target is no destination at all.
std::vector<std::string> rules_that_allow(std::string_view denial_reason);

/// `plugin info: text`, `hws debug: text`.
void log_line(std::string_view origin, host::LogLevel level, std::string_view text);

/// What the policy refused during a command. Filled from the loop's thread.
class Denials {
public:
    explicit Denials(host::LogLevel level) : is_shown_(level <= host::LogLevel::warn) {}
    void add(const host::Denial& denial);
    bool empty() const;
    /// What was not shown as it happened, and the rules that would help.
    void explain() const;

private:
    static constexpr std::size_t max_kept = 16;
    mutable std::mutex mutex_;
    bool is_shown_;
    std::uint64_t count_ = 0;
    std::vector<std::string> lines_;
    std::set<std::string, std::less<>> rules_;
};

/// Gathers what a plugin writes to its WASI stdout or stderr into lines `plugin stdout: text`.
class LineWriter {
public:
    explicit LineWriter(std::string_view stream) : stream_(stream) {}
    void write(std::string_view text);
    /// Shows a last line that has no end.
    void finish();

private:
    static constexpr std::size_t max_line_bytes = 16 * 1024;
    void flush();
    std::string stream_;
    std::string line_;
};

} // namespace hws::cli
