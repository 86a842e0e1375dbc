#include "arguments.hpp"

#include "report.hpp"

#include <CLI/CLI.hpp>

namespace hws::cli {
namespace {

constexpr const char* call_exit_codes = R"(Exit codes:
  0  the plugin succeeded
  1  the plugin reported a failure
  2  bad usage: options, input file, policy, manifest or configuration
  3  the plugin trapped
  4  the plugin failed after the policy had refused it something
  5  the call's time was over
  6  the plugin cannot be loaded or called: no wasm, unknown import, missing export
)";

constexpr const char* run_exit_codes = R"(Exit codes:
  0..125  the program's own
  241     the program's own code is above 125; stderr tells it
  242     bad usage: options or policy
  243     the program trapped
  245     its time was over
  246     it cannot be loaded
)";

constexpr const char* rule_help = "A rule is use:host:ports, for example tcp:127.0.0.1:6379, "
                                  "https:*.example.com:443, icmp:10.0.0.0/8, "
                                  "unix:/run/app.sock";

/// An option that may be given often and takes one value each time: `--allow a plugin.wasm` leaves
/// plugin.wasm alone.
CLI::Option* add_repeated(CLI::App& app, const std::string& names, std::vector<std::string>& values,
                          const std::string& help) {
    return app.add_option(names, values, help)->allow_extra_args(false)->take_all();
}

void add_no_cache(CLI::App& app, Arguments& to) {
    app.add_flag_callback(
        "--no-cache", [&to] { to.use_cache = false; }, "Compile anew, and keep nothing on disk");
}

void add_sandbox_options(CLI::App& app, Arguments& to) {
    add_repeated(app, "--allow", to.allow, std::string("Allow what the rule says. ") + rule_help)
        ->type_name("RULE");
    add_repeated(app, "--deny", to.deny, "Forbid what the rule says; wins over every --allow")
        ->type_name("RULE");
    add_repeated(app, "--allow-host", to.allow_hosts,
                 "Allow http and https to the host, as a manifest's allowed_hosts")
        ->type_name("GLOB");
    app.add_option("--policy", to.policy_file,
                   "Read rules from a TOML file; --allow and --deny add to them")
        ->type_name("FILE");
    app.add_option("--timeout", to.timeout_ms,
                   "Limit of a call in milliseconds, 0 for none [30000]")
        ->type_name("MS");
    app.add_option("--memory-max", to.memory_pages,
                   "Limit of each of its memories in pages of 64 KiB [4096]")
        ->type_name("PAGES");
    app.add_option("--http-response-max", to.http_response_bytes,
                   "Limit of an HTTP response's body in bytes")
        ->type_name("BYTES");
    app.add_option("--var-max", to.variable_bytes, "Limit of its variables in bytes")
        ->type_name("BYTES");
    app.add_option("--icmp-rate", to.icmp_per_second,
                   "Echo requests a second, beyond a first burst of 256; 0: no limit")
        ->check(CLI::Range(std::uint32_t{0}, std::uint32_t{1'000'000'000}))
        ->type_name("COUNT");
    add_repeated(app, "--config", to.config, "A configuration value for the plugin")
        ->type_name("KEY=VALUE");
    app.add_option("--set-config", to.set_config, "Configuration values as a JSON object of texts")
        ->type_name("JSON");
    add_repeated(app, "--env", to.environment, "An environment variable for the plugin")
        ->type_name("NAME=VALUE");
    app.add_option("--log-level", to.log_level,
                   "Least level of log lines: off, error, warn, info, debug, trace [info]")
        ->check(CLI::IsMember({"off", "error", "warn", "info", "debug", "trace"}).description(""))
        ->type_name("LEVEL");
    add_repeated(app, "--dns-server", to.dns_servers,
                 "Ask this name server instead of the system's")
        ->type_name("ADDRESS[:PORT]");
    add_repeated(app, "--dns-search", to.dns_search_domains,
                 "Append this domain to names that are not found")
        ->type_name("DOMAIN");
    app.add_option("--proxy", to.proxy,
                   "Send HTTP through this proxy: http://, https:// or socks5://[USER:PASSWORD@]HOST:PORT")
        ->type_name("URL");
    app.add_option("--ca-file", to.ca_file,
                   "Certificates that TLS trusts, in PEM form, instead of the system's")
        ->type_name("FILE");
    auto* const certificate = app.add_option(
        "--client-certificate", to.client_certificate,
        "Certificate and chain for TLS servers that ask for one, in PEM form");
    certificate->type_name("FILE");
    app.add_option("--client-key", to.client_key,
                   "Its private key, in PEM form [in the certificate's file]")
        ->needs(certificate)
        ->type_name("FILE");
    app.add_flag_callback(
        "--wasi", [] {}, "Accepted for those who are used to it; WASI is always there");
    app.add_flag("--stats", to.shows_stats,
                 "Print host calls, bytes, times, memory and denials to stderr");
    add_no_cache(app, to);
}

} // namespace

std::pair<Arguments, std::optional<int>> parse_arguments(int count, const char* const* texts) {
    Arguments to;
    std::vector<std::string> positionals;
    CLI::App app("Runs WebAssembly plugins that talk to the network, under a policy.", "hws");
    app.set_version_flag("--version", "hws " HWS_VERSION " (Wasmtime " HWS_WASMTIME_VERSION ")");
    app.require_subcommand(1);
    app.get_formatter()->column_width(34);

    CLI::App& call = *app.add_subcommand("call", "Call an export of a plugin");
    call.add_option("PLUGIN EXPORT [-]", positionals,
                    "The .wasm file, the export, and - to read the input from stdin");
    call.add_option("--input,-i", to.input, "The input")->type_name("TEXT");
    call.add_option("--input-file", to.input_file, "A file with the input")->type_name("FILE");
    call.add_flag("--stdin", to.reads_stdin, "Read the input from stdin, as - does");
    call.add_option("--loop", to.loop, "Call it so often, in the same instance")
        ->check(CLI::Range(std::uint32_t{1}, UINT32_MAX).description(""))
        ->type_name("N");
    call.add_flag("--manifest,-m", to.is_manifest, "PLUGIN is an Extism manifest in JSON");
    add_sandbox_options(call, to);
    call.footer(call_exit_codes);

    CLI::App& run =
        *app.add_subcommand("run", "Run a WASI program: hws run APP.wasm [-- ARGUMENTS]");
    run.add_option("APP", positionals, "The .wasm file; what follows -- goes to the program");
    add_sandbox_options(run, to);
    run.footer(run_exit_codes);

    CLI::App& inspect =
        *app.add_subcommand("inspect", "Tell what a plugin exports, imports and would need");
    inspect.add_option("PLUGIN", positionals, "The .wasm file");
    inspect.add_flag("--manifest,-m", to.is_manifest, "PLUGIN is an Extism manifest in JSON");
    add_no_cache(inspect, to);

    CLI::App& abi = *app.add_subcommand("abi", "List every host function");
    abi.add_flag("--markdown", to.as_markdown, "As docs/abi.md");

    CLI::App& check = *app.add_subcommand("check", "Check policy files");
    check.add_option("FILE", to.policy_files, "Policy files in TOML")->required();

    // What follows -- is the program's, whatever it looks like; CLI11 never sees it.
    std::vector<std::string> words(texts + 1, texts + count);
    std::vector<std::string> rest;
    const bool is_run = !words.empty() && words.front() == "run";
    if (is_run) {
        const auto mark = std::ranges::find(words, "--");
        if (mark != words.end()) {
            rest.assign(mark + 1, words.end());
            words.erase(mark, words.end());
        }
    }
    const int usage = static_cast<int>(Exit::usage) + (is_run ? run_offset : 0);
    std::ranges::reverse(words); // as CLI11 wants it
    try {
        app.parse(std::move(words));
    } catch (const CLI::Success& success) { // help and version
        return {to, app.exit(success)};
    } catch (const CLI::ParseError& error) {
        report("bad usage", error.what());
        return {to, usage};
    }
    const auto wrong = [&](std::string_view why) {
        report("bad usage", why);
        return std::pair(to, std::optional(usage));
    };

    if (call.parsed()) {
        to.command = Command::call;
        if (positionals.size() == 3 && positionals[2] == "-") {
            to.reads_stdin = true;
            positionals.pop_back();
        }
        if (positionals.size() != 2)
            return wrong("hws call takes PLUGIN EXPORT, and perhaps - for the input");
        to.export_name = positionals[1];
        if (to.reads_stdin + to.input.has_value() + to.input_file.has_value() > 1)
            return wrong("the input comes from one place: --input, --input-file or -");
    } else if (run.parsed()) {
        to.command = Command::run;
        positionals.insert(positionals.end(), rest.begin(), rest.end());
        if (positionals.empty()) return wrong("hws run takes APP.wasm");
        if (positionals.size() > rest.size() + 1)
            return wrong("the program's own arguments stand after --: hws run " + positionals[0] +
                         " -- " + positionals[1]);
        to.program_arguments = positionals;
    } else if (inspect.parsed()) {
        to.command = Command::inspect;
        if (positionals.size() != 1) return wrong("hws inspect takes PLUGIN");
    } else if (abi.parsed()) {
        to.command = Command::abi;
    } else {
        to.command = Command::check;
    }
    if (!positionals.empty()) to.file = positionals[0];
    return {to, {}};
}

} // namespace hws::cli
