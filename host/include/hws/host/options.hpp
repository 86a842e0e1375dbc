#pragma once
/// What an embedder may set: of the runtime, and of each plugin. Every default is what `hws call` uses too.

#include <hws/result.hpp>

#include "core/http_proxy.hpp"
#include "core/limits.hpp"
#include "core/policy.hpp"
#include "core/stdio.hpp"
#include "core/tls_options.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hws::host {

using core::HttpProxy;
using core::Limits;
using core::Policy;
using core::PolicyBuilder;
using core::Stdio;
using core::StdioSink;
using core::StdioSource;
using core::TlsOptions;

enum class LogLevel : std::uint8_t { trace, debug, info, warn, error, off };

/// Something the policy refused. For the operator: the plugin learns nothing but `denied`.
struct Denial {
    std::string_view operation; ///< the host function: "tcp_connect"
    std::string_view reason;    ///< "tcp 127.0.0.1:6379 (localhost): no rule allows it"
};

/// Each member has an initializer, so that `{.policy = ...}` names what differs and warns about nothing.
struct RuntimeOptions {
    /// Plugins that can live at once. Reserves address space (8 GiB each), not memory.
    std::uint32_t max_plugins = 1000;
    /// How often a busy plugin lets the others on its loop go on.
    std::chrono::milliseconds tick = std::chrono::milliseconds(10);
    /// Compiled modules are kept in this folder, authenticated with the key in `cache_key_file` (made if absent). Nobody but this
    /// user may be able to write either. Without a value: the user's own place, or none where that cannot be used.
    std::optional<std::filesystem::path> cache_folder{};
    std::optional<std::filesystem::path> cache_key_file{};
    bool use_cache = true;
    /// DNS servers as `address` or `address:port`; none: the system's.
    std::vector<std::string> dns_servers{};
    /// Appended to a name that was not found, one after the other. None: a name means only itself, whatever the system's
    /// resolv.conf says. The policy is asked for the name as the plugin wrote it.
    std::vector<std::string> dns_search_domains{};
};

struct PluginOptions {
    Policy policy{}; ///< denies everything unless said otherwise
    Limits limits{};
    std::map<std::string, std::string, std::less<>> config{};
    /// For WASI commands; the first argument is the program's name.
    std::vector<std::string> arguments{};
    std::vector<std::string> environment{}; ///< "NAME=value"
    Stdio stdio{}; ///< no input and no output unless said otherwise
    /// The plugin's log lines, and the host's remarks about it: denials (warn), why a v1 call gave 0 (debug). Called on the
    /// loop's thread; must not block.
    std::function<void(LogLevel, std::string_view)> log{};
    /// The host's remarks go here instead of to `log` where it is set: then no plugin can write a line that looks like one.
    std::function<void(LogLevel, std::string_view)> remark{};
    /// Told of each denial, whatever the level, instead of a remark. On the loop's thread; must not block.
    std::function<void(const Denial&)> on_denial{};
    LogLevel log_level = LogLevel::info;
    /// What its TLS connections trust and show: https, and sockets it upgrades.
    TlsOptions tls{};
    /// What its HTTP goes through, and nothing else does: `HttpProxy::parse("http://proxy.example:3128")`. The policy is asked as
    /// without one. None: straight to the server, whatever the environment's variables say.
    std::optional<HttpProxy> proxy{};
};

} // namespace hws::host
