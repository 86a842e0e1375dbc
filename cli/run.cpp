#include "commands.hpp"
#include "interruption.hpp"
#include "report.hpp"
#include "sandbox.hpp"
#include "statistics.hpp"

#include <filesystem>

namespace hws::cli {
namespace {

int report_as(Exit code, const Error& error) {
    report(error);
    return run_offset + static_cast<int>(code);
}

} // namespace

int run(const Arguments& arguments) {
    Denials denials(log_level_of(arguments));
    auto options = make_plugin_options(arguments, denials);
    if (!options) return report_as(Exit::usage, options.error());
    options->stdio = host::Stdio::inherit();
    // As a program finds itself called, by the file's name and not by the way to it, which is none
    // of its business.
    options->arguments.front() = std::filesystem::path(arguments.file).filename();
    // A program runs for as long as it likes unless it was said otherwise.
    if (!arguments.timeout_ms) options->limits.call_time = std::chrono::nanoseconds::max();

    Times times;
    Stopwatch watch;
    auto runtime = make_runtime(arguments);
    if (!runtime) return report_as(Exit::cannot_load, runtime.error());
    times.start = watch.lap();
    const auto loaded = load(*runtime, arguments);
    if (!loaded) return report_as(Exit::cannot_load, loaded.error());
    times.load = watch.lap();
    if (!loaded->module.has_export("_start"))
        return report_as(Exit::cannot_load,
                         Error(Errc::missing_export,
                               arguments.file + " has no _start: it is no program; hws call calls "
                                                "a plugin's exports"));

    host::Plugin plugin = runtime->make_plugin(loaded->module, *std::move(options));
    Result<std::uint32_t> outcome;
    {
        const Interruptible interruptible(plugin);
        watch.lap();
        const auto made = plugin.instantiate();
        times.instantiate = watch.lap();
        outcome = made ? plugin.run() : std::unexpected(made.error());
    }
    if (arguments.shows_stats) print_statistics(times, loaded->module, plugin.statistics());
    if (!outcome) {
        const Error& error = outcome.error();
        const int code = report_as(exit_of(error), error);
        denials.explain();
        leave(code);
    }
    if (*outcome != 0) denials.explain();
    if (*outcome > max_program_code) {
        report("the program's exit code is above " + std::to_string(max_program_code),
               std::to_string(static_cast<std::int32_t>(*outcome)));
        leave(code_too_large);
    }
    leave(static_cast<int>(*outcome));
}

} // namespace hws::cli
