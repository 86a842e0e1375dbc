#pragma once
/// Reading and making blocks of a plugin's Extism kernel, with the checks and errors that every dialect over it needs.
/// A span or a view lives until the next wait: the plugin may free the block or the kernel's memory may grow.

#include "adapter/plugin_state.hpp"

#include <lower.hpp>

#include <span>
#include <string_view>

namespace hws::host::adapter {

/// The bytes of a block. Errors: fault for a number that is no block, unsupported for a plugin without a kernel.
Result<std::span<std::byte>> bytes_of(PluginState& state, abi::Block block);
/// The first `length` bytes of a block, or all of it if it is shorter.
Result<std::span<std::byte>> bytes_of(PluginState& state, abi::Block block, std::uint64_t length);
/// A copy of a block that outlives waits. Errors: too_large beyond `limit`.
Result<std::vector<std::byte>> copy_of(PluginState& state, abi::Block block, std::size_t limit);
/// A block as text, without the one trailing NUL that some plugins send.
Result<std::string_view> text_of(PluginState& state, abi::Block block);
/// A new block. Errors: out_of_memory.
Result<abi::Block> make_block(PluginState& state, std::uint64_t size);
Result<abi::Block> make_block(PluginState& state, std::span<const std::byte> content);
Result<abi::Block> make_block(PluginState& state, std::string_view content);
/// Cuts a block of ours to its first `size` bytes.
void shrink_block(PluginState& state, abi::Block block, std::uint64_t size);
/// What a function that "takes the block over" does with it.
void release_block(PluginState& state, abi::Block block);

} // namespace hws::host::adapter
