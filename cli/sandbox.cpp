#include "sandbox.hpp"

#include <algorithm>

namespace hws::cli {
namespace {

constexpr std::size_t page_bytes = 64 * 1024;

Result<host::Policy> make_policy(const Arguments& arguments) {
    host::PolicyBuilder builder;
    if (!arguments.policy_file.empty()) {
        auto from_file = host::read_policy_file(arguments.policy_file);
        if (!from_file) return fail(Errc::bad_policy, from_file.error().context());
        builder = host::PolicyBuilder(*from_file);
    }
    for (const std::string& rule : arguments.allow)
        HWS_CHECK(builder.allow(rule));
    for (const std::string& rule : arguments.deny)
        HWS_CHECK(builder.deny(rule));
    HWS_TRY(host::Policy policy, builder.build());
    if (arguments.allow_hosts.empty()) return policy;
    auto widened = policy.with_allowed_hosts(arguments.allow_hosts);
    if (!widened) return fail(Errc::bad_policy, "--allow-host: " + widened.error().context());
    return widened;
}

host::Limits make_limits(const Arguments& arguments) {
    host::Limits limits;
    if (arguments.timeout_ms)
        limits.call_time = *arguments.timeout_ms == 0
                               ? std::chrono::nanoseconds::max()
                               : std::chrono::milliseconds(*arguments.timeout_ms);
    if (arguments.memory_pages) limits.memory_bytes = *arguments.memory_pages * page_bytes;
    if (arguments.http_response_bytes) limits.http_body_bytes = *arguments.http_response_bytes;
    if (arguments.variable_bytes) limits.variable_bytes = *arguments.variable_bytes;
    if (const auto rate = arguments.icmp_per_second)
        limits.icmp_interval = *rate == 0 ? std::chrono::nanoseconds(0)
                                          : std::chrono::nanoseconds(std::chrono::seconds(1)) / *rate;
    return limits;
}

} // namespace

host::LogLevel log_level_of(const Arguments& arguments) {
    static constexpr std::string_view names[] = {"trace", "debug", "info", "warn", "error", "off"};
    return static_cast<host::LogLevel>(std::ranges::find(names, arguments.log_level) -
                                       std::begin(names));
}

Result<host::Runtime> make_runtime(const Arguments& arguments) {
    host::RuntimeOptions options;
    options.max_plugins = arguments.is_manifest ? 16 : 1; // each module of a manifest takes a place
    options.use_cache = arguments.use_cache;
    options.dns_servers = arguments.dns_servers;
    options.dns_search_domains = arguments.dns_search_domains;
    return host::Runtime::create(std::move(options));
}

Result<Loaded> load(host::Runtime& runtime, const Arguments& arguments) {
    if (!arguments.is_manifest) {
        HWS_TRY(host::Module module, runtime.load_file(arguments.file));
        return Loaded{std::move(module), {}};
    }
    HWS_TRY(const std::vector<std::byte> bytes, host::read_file(arguments.file));
    const std::string_view json(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    auto manifest =
        host::Manifest::parse(json, std::filesystem::path(arguments.file).parent_path());
    if (!manifest)
        return fail(manifest.error().code(), arguments.file + ": " + manifest.error().context());
    HWS_TRY(host::Module module, runtime.load(*manifest));
    return Loaded{std::move(module), *std::move(manifest)};
}

Result<host::PluginOptions> make_plugin_options(const Arguments& arguments, Denials& denials) {
    host::PluginOptions options;
    HWS_TRY(options.policy, make_policy(arguments));
    options.limits = make_limits(arguments);
    if (!arguments.set_config.empty()) {
        HWS_TRY(options.config, parse_config(arguments.set_config));
    }
    for (const std::string& pair : arguments.config) {
        const std::size_t equals = pair.find('=');
        if (equals == 0 || equals == pair.npos)
            return fail(Errc::invalid_argument, "--config " + pair + " is not KEY=VALUE");
        options.config.insert_or_assign(pair.substr(0, equals), pair.substr(equals + 1));
    }
    for (const std::string& variable : arguments.environment) {
        const std::size_t equals = variable.find('=');
        if (equals == 0 || equals == variable.npos)
            return fail(Errc::invalid_argument, "--env " + variable + " is not NAME=VALUE");
    }
    options.environment = arguments.environment;
    options.arguments = arguments.program_arguments;
    if (!arguments.proxy.empty()) {
        HWS_TRY(options.proxy, host::HttpProxy::parse(arguments.proxy));
    }
    options.tls = {.ca_file = arguments.ca_file,
                   .certificate_file = arguments.client_certificate,
                   .key_file = arguments.client_key};
    options.log_level = log_level_of(arguments);
    options.log = [](host::LogLevel level, std::string_view text) {
        log_line("plugin", level, text);
    };
    options.remark = [](host::LogLevel level, std::string_view text) {
        log_line("hws", level, text);
    };
    options.on_denial = [&denials](const host::Denial& denial) { denials.add(denial); };
    return options;
}

} // namespace hws::cli
