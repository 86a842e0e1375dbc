#include "../backend/block.hpp"
#include "../backend/extism.hpp"

#include <hws/plugin.hpp>

namespace hws {

namespace extism = backend::extism;
using backend::OwnedBlock;

std::size_t input_bytes() {
    return static_cast<std::size_t>(extism::input_length());
}

// The input is a block like any other, so that eight bytes of it cost one call.
std::vector<std::byte> input() {
    std::vector<std::byte> bytes(input_bytes());
    backend::load(extism::input_offset().offset, bytes);
    return bytes;
}

std::string input_text() {
    std::string text(input_bytes(), '\0');
    backend::load(extism::input_offset().offset, std::as_writable_bytes(std::span(text)));
    return text;
}

void output(std::span<const std::byte> bytes) {
    auto block = OwnedBlock::copy_of(bytes);
    if (!block) return set_error(block.error().message());
    // The block must live until the host has read it; the reset before the next call frees it.
    extism::output_set(block->release().offset, bytes.size());
}

void set_error(std::string_view text) {
    // An empty text would clear the error, and without memory there is still the return code.
    auto block = OwnedBlock::copy_of(text.empty() ? "failed" : text);
    if (block) extism::error_set(block->release());
}

std::optional<std::string> config(std::string_view key) {
    auto name = OwnedBlock::copy_of(key);
    if (!name || !*name) return std::nullopt;
    OwnedBlock value(extism::config_get(name->release()));
    if (!value) return std::nullopt;
    return value.text();
}

namespace var {

namespace {
OwnedBlock find(std::string_view name) {
    auto block = OwnedBlock::copy_of(name);
    if (!block || !*block) return OwnedBlock();
    return OwnedBlock(extism::var_get(block->get()));
}
} // namespace

std::optional<std::vector<std::byte>> get(std::string_view name) {
    OwnedBlock value = find(name);
    if (!value) return std::nullopt;
    return value.bytes();
}

std::optional<std::string> get_text(std::string_view name) {
    OwnedBlock value = find(name);
    if (!value) return std::nullopt;
    return value.text();
}

Result<void> set(std::string_view name, std::span<const std::byte> value) {
    HWS_TRY(OwnedBlock key, OwnedBlock::copy_of(name));
    // A value of no bytes is a value; only 0 removes.
    OwnedBlock block(extism::alloc(value.size()));
    if (!block) return fail(Errc::out_of_memory, "var " + std::string(name));
    backend::store(block.get().offset, value);
    extism::var_set(key.get(), block.get());
    return {};
}

void remove(std::string_view name) {
    auto key = OwnedBlock::copy_of(name);
    if (key) extism::var_set(key->get(), {});
}

} // namespace var

namespace log {

bool is_enabled(Level level) {
    return static_cast<std::int32_t>(level) >= extism::get_log_level();
}

void write(Level level, std::string_view message) {
    auto block = OwnedBlock::copy_of(message);
    if (!block || !*block) return;
    switch (level) {
    case Level::trace:
        return extism::log_trace(block->release());
    case Level::debug:
        return extism::log_debug(block->release());
    case Level::info:
        return extism::log_info(block->release());
    case Level::warn:
        return extism::log_warn(block->release());
    case Level::error:
        return extism::log_error(block->release());
    }
}

} // namespace log

std::int32_t detail::export_code(const Result<void>& result) {
    if (result) return 0;
    set_error(result.error().message());
    return 1;
}

} // namespace hws
