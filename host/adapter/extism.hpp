#pragma once
/// The host's half of the Extism plugin convention (module `extism:host/env`, rows of abi/extism.def): configuration,
/// variables, logging and Extism's own HTTP. The other half is the kernel, which is wasm.

#include "adapter/host_function.hpp"

#include <vector>

namespace hws::host::adapter::extism {

using abi::Block;

Result<Block> config_get(PluginState& state, Block key);
Result<Block> var_get(PluginState& state, Block key);
Result<void> var_set(PluginState& state, Block key, Block value);
os::Task<Block> http_request(PluginState& state, Block request, Block body);
std::int32_t http_status_code(PluginState& state);
Result<Block> http_headers(PluginState& state);
Result<void> log_trace(PluginState& state, Block message);
Result<void> log_debug(PluginState& state, Block message);
Result<void> log_info(PluginState& state, Block message);
Result<void> log_warn(PluginState& state, Block message);
Result<void> log_error(PluginState& state, Block message);
std::int32_t get_log_level(PluginState& state);

/// Appends the table of this convention.
void append_rows(std::vector<HostFunction>& rows);

} // namespace hws::host::adapter::extism
