#include "commands.hpp"
#include "interruption.hpp"
#include "output.hpp"
#include "report.hpp"
#include "sandbox.hpp"
#include "statistics.hpp"

namespace hws::cli {
namespace {

Result<std::vector<std::byte>> read_input(const Arguments& arguments) {
    if (arguments.reads_stdin) return read_stdin();
    if (arguments.input_file) return host::read_file(*arguments.input_file);
    const auto bytes =
        std::as_bytes(std::span(arguments.input ? std::string_view(*arguments.input) : ""));
    return std::vector(bytes.begin(), bytes.end());
}

int report_as(Exit code, const Error& error) {
    report(error);
    return static_cast<int>(code);
}

/// A plugin's own output is what output_set names; what it prints is for its author.
class Prints {
public:
    host::Stdio stdio() { return {{}, sink(out_), sink(error_)}; }
    void finish() {
        out_.finish();
        error_.finish();
    }

private:
    static host::StdioSink sink(LineWriter& writer) {
        return host::StdioSink::call([&writer](std::string_view text) { writer.write(text); });
    }
    LineWriter out_{"stdout"};
    LineWriter error_{"stderr"};
};

Result<void> call_once(host::Plugin& plugin, const std::string& export_name,
                       std::span<const std::byte> input) {
    HWS_TRY(const host::Output output, plugin.call(export_name, input));
    return write_output(output.bytes);
}

} // namespace

int call(const Arguments& arguments) {
    Denials denials(log_level_of(arguments));
    auto options = make_plugin_options(arguments, denials);
    if (!options) return report_as(Exit::usage, options.error());
    const auto input = read_input(arguments);
    if (!input) return report_as(Exit::usage, input.error());

    Times times;
    Stopwatch watch;
    auto runtime = make_runtime(arguments);
    if (!runtime) return report_as(Exit::cannot_load, runtime.error());
    times.start = watch.lap();
    const auto loaded = load(*runtime, arguments);
    if (!loaded) return report_as(Exit::cannot_load, loaded.error());
    times.load = watch.lap();
    if (loaded->manifest)
        if (const auto applied = loaded->manifest->apply_to(*options); !applied)
            return report_as(Exit::usage, applied.error());
    Prints prints;
    if (arguments.log_level != "off") options->stdio = prints.stdio();

    host::Plugin plugin = runtime->make_plugin(loaded->module, *std::move(options));
    Result<void> outcome;
    {
        const Interruptible interruptible(plugin);
        watch.lap();
        outcome = plugin.instantiate();
        times.instantiate = watch.lap();
        for (std::uint32_t i = 0; outcome && i < arguments.loop; ++i)
            outcome = call_once(plugin, arguments.export_name, *input);
    }
    prints.finish();
    if (arguments.shows_stats) print_statistics(times, loaded->module, plugin.statistics());
    if (outcome) leave(static_cast<int>(Exit::ok));

    Exit code = exit_of(outcome.error());
    report(outcome.error());
    if (!denials.empty()) {
        denials.explain();
        if (code == Exit::plugin_failed || code == Exit::trapped) code = Exit::denied;
    }
    leave(static_cast<int>(code));
}

} // namespace hws::cli
