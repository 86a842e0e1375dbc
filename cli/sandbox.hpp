#pragma once
/// From the command line to what the library takes.

#include "arguments.hpp"
#include "report.hpp"

#include <hws/host/runtime.hpp>
#include <map>
#include <optional>
#include <string>

namespace hws::cli {

host::LogLevel log_level_of(const Arguments& arguments);

/// Errors: those of Runtime::create.
Result<host::Runtime> make_runtime(const Arguments& arguments);

/// A module ready to run, and what its manifest asks for.
struct Loaded {
    host::Module module;
    std::optional<host::Manifest> manifest;
};
/// Errors: those of Runtime::load, not_found, io, bad_manifest.
Result<Loaded> load(host::Runtime& runtime, const Arguments& arguments);

/// Policy, limits, configuration, environment, log. `denials` must outlive the plugin.
/// Errors: bad_policy, bad_manifest, invalid_argument: all are bad usage.
Result<host::PluginOptions> make_plugin_options(const Arguments& arguments, Denials& denials);

/// The texts of a JSON object (config_json.cpp). Errors: invalid_argument.
Result<std::map<std::string, std::string, std::less<>>> parse_config(const std::string& json);

} // namespace hws::cli
