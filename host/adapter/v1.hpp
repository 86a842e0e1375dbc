#pragma once
/// Dialect v1 (module `env`): one function a row of abi/v1.def, over host/core. A failure reaches the plugin as 0 and the
/// log as a sentence. Deadlines: Limits::v1_*.

#include "adapter/host_function.hpp"

#include <vector>

namespace hws::host::adapter::v1 {

using abi::Block;

os::Task<std::int32_t> tcp_connect(PluginState& state, Block address);
os::Task<std::uint32_t> tcp_send(PluginState& state, std::int32_t id, Block data, std::uint64_t length);
os::Task<Block> tcp_recv(PluginState& state, std::int32_t id, std::uint32_t max);
Result<void> tcp_close(PluginState& state, std::int32_t id);
os::Task<std::int32_t> udp_connect(PluginState& state, Block address);
os::Task<std::uint32_t> udp_send(PluginState& state, std::int32_t id, Block data, std::uint64_t length);
os::Task<Block> udp_recv(PluginState& state, std::int32_t id, std::uint32_t max);
Result<void> udp_close(PluginState& state, std::int32_t id);
os::Task<std::uint32_t> icmp_send(PluginState& state, Block target, Block payload, std::uint64_t length,
                                  std::uint32_t sequence);
os::Task<Block> icmp_recv(PluginState& state, std::uint32_t timeout_ms);
os::Task<Block> http_request(PluginState& state, Block method, Block url, Block headers, Block body);

/// Appends the table of this dialect.
void append_rows(std::vector<HostFunction>& rows);

} // namespace hws::host::adapter::v1
