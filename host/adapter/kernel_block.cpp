#include "adapter/kernel_block.hpp"

#include <algorithm>

namespace hws::host::adapter {

Result<std::span<std::byte>> bytes_of(PluginState& state, abi::Block block) {
    if (!state.kernel) return fail(Errc::unsupported, "the plugin has no kernel memory");
    const std::span<std::byte> bytes = state.kernel->view().bytes(block.offset);
    // A block of length 0 is a block; only a number that is none has null data.
    if (bytes.data() == nullptr) return fail(Errc::fault, "not a block");
    return bytes;
}

Result<std::span<std::byte>> bytes_of(PluginState& state, abi::Block block, std::uint64_t length) {
    HWS_TRY(const std::span<std::byte> bytes, bytes_of(state, block));
    return bytes.first(std::min<std::uint64_t>(bytes.size(), length));
}

Result<std::vector<std::byte>> copy_of(PluginState& state, abi::Block block, std::size_t limit) {
    HWS_TRY(const std::span<const std::byte> bytes, bytes_of(state, block));
    if (bytes.size() > limit) return fail(Errc::too_large, "more than " + std::to_string(limit) + " bytes");
    return std::vector<std::byte>(bytes.begin(), bytes.end());
}

Result<std::string_view> text_of(PluginState& state, abi::Block block) {
    HWS_TRY(const std::span<std::byte> bytes, bytes_of(state, block));
    std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (text.ends_with('\0')) text.remove_suffix(1);
    return text;
}

Result<abi::Block> make_block(PluginState& state, std::uint64_t size) {
    if (!state.kernel) return fail(Errc::unsupported, "the plugin has no kernel memory");
    const std::uint64_t offset = state.kernel->view().alloc(size);
    if (offset == 0) return fail(Errc::out_of_memory, "kernel block");
    return abi::Block{offset};
}

Result<abi::Block> make_block(PluginState& state, std::span<const std::byte> content) {
    if (!state.kernel) return fail(Errc::unsupported, "the plugin has no kernel memory");
    const std::uint64_t offset = state.kernel->view().store(content);
    if (offset == 0) return fail(Errc::out_of_memory, "kernel block");
    return abi::Block{offset};
}

Result<abi::Block> make_block(PluginState& state, std::string_view content) {
    return make_block(state, std::as_bytes(std::span(content)));
}

void shrink_block(PluginState& state, abi::Block block, std::uint64_t size) {
    state.kernel->view().shrink(block.offset, size);
}

void release_block(PluginState& state, abi::Block block) {
    if (state.kernel && block) state.kernel->view().free(block.offset);
}

} // namespace hws::host::adapter
