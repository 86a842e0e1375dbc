#pragma once
/// The host under measurement, as an embedder uses it.

#include <hws/host/runtime.hpp>

#include <string>
#include <string_view>

namespace hws::bench {

/// A runtime whose threads stay on `cpu`; the calling thread is moved there too.
Result<host::Runtime> make_runtime(int cpu, std::uint32_t max_plugins = 100);
/// `build/guest/<name>.wasm`
std::string guest_file(std::string_view name);
/// May connect to loopback over TCP and UDP, listen there, and wait for minutes.
host::PluginOptions plugin_options();
/// thread_cpu_ns of the loop's thread.
double loop_cpu_ns(host::Runtime& runtime);
/// Calls an export and gives its output as text.
Result<std::string> call(host::Plugin& plugin, std::string_view export_name, std::string_view input);

} // namespace hws::bench
