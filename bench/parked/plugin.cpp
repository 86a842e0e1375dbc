#include "common/host.hpp"
#include "common/machine.hpp"
#include "parked/parked.hpp"

namespace hws::bench::parked {

Result<Round> run_plugins(Server& server, host::Runtime& runtime, const host::Module& module, std::string_view dialect) {
    const std::string repetitions = std::to_string(server.board().repetitions);
    const std::string input = dialect == "v1" ? server.address() : std::string();
    const std::string answer = dialect == "v1" ? repetitions : std::string();
    host::PluginOptions options = plugin_options();
    if (dialect == "v2") options.environment = {"PORT=" + std::to_string(server.port()), "MESSAGES=" + repetitions};
    const std::uint32_t rounds_before = server.board().finished.load();
    const std::size_t count = server.board().amount;
    const auto bytes = static_cast<double>(resident_bytes());
    const auto mappings = static_cast<double>(mapping_count());
    std::vector<host::Plugin> plugins;
    std::vector<std::future<Result<host::Output>>> outcomes;
    for (std::size_t i = 0; i < count; ++i) {
        plugins.push_back(runtime.make_plugin(module, options));
        outcomes.push_back(plugins.back().call_async("echo", std::as_bytes(std::span(input))));
    }
    Round round = follow_round(server, rounds_before, bytes, mappings);
    for (auto& outcome : outcomes) {
        HWS_TRY(const host::Output output, outcome.get());
        if (output.text() != answer)
            return fail(Errc::io, "a plugin answered " + std::string(output.text()) + " messages");
    }
    return round;
}

} // namespace hws::bench::parked
