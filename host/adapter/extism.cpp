#include "adapter/extism.hpp"

#include "adapter/http_json.hpp"
#include "adapter/kernel_block.hpp"
#include "core/http_client.hpp"

#include <limits>

namespace hws::host::adapter::extism {
namespace {

/// A value by its key; 0 where there is none, which is no failure.
template <class Map>
Result<Block> look_up(PluginState& state, const Map& map, Block key) {
    HWS_TRY(const std::string_view name, text_of(state, key));
    const auto found = map.find(name);
    if (found == map.end()) return Block{};
    return make_block(state, std::string_view(found->second));
}

Result<void> log(PluginState& state, LogLevel level, Block message) {
    const auto text = text_of(state, message);
    if (text)
        state.log(level, [&] { return std::string(text->substr(0, state.limits.log_line_bytes)); });
    release_block(state, message);
    if (!text) return std::unexpected(text.error());
    return {};
}

} // namespace

Result<Block> config_get(PluginState& state, Block key) {
    auto value = look_up(state, state.config, key);
    release_block(state, key);
    return value;
}

Result<Block> var_get(PluginState& state, Block key) { return look_up(state, state.variables, key); }

Result<void> var_set(PluginState& state, Block key, Block value) {
    HWS_TRY(const std::string_view name, text_of(state, key));
    const auto old = state.variables.find(name);
    const std::size_t old_bytes = old == state.variables.end() ? 0 : name.size() + old->second.size();
    if (!value) {
        if (old != state.variables.end()) state.variables.erase(old);
        state.variable_bytes -= old_bytes;
        return {};
    }
    HWS_TRY(const std::span<const std::byte> bytes, bytes_of(state, value));
    const std::size_t total = state.variable_bytes - old_bytes + name.size() + bytes.size();
    if (total > state.limits.variable_bytes) {
        // The plugin would go on with a value it believes to be kept; ending the call is what it can notice.
        state.trap_text = "var_set: the plugin's variables would exceed " +
                          std::to_string(state.limits.variable_bytes) + " bytes";
        return fail(Errc::out_of_memory, *state.trap_text);
    }
    state.variables.insert_or_assign(std::string(name),
                                     std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
    state.variable_bytes = total;
    return {};
}

os::Task<Block> http_request(PluginState& state, Block request_block, Block body) {
    state.http_status = 0;
    state.http_headers_json.clear();
    HWS_CO_TRY(const std::string_view text, text_of(state, request_block));
    HWS_CO_TRY(core::HttpRequest request, parse_extism_request(text));
    release_block(state, request_block);
    if (body) {
        HWS_CO_TRY(request.body, copy_of(state, body, state.limits.http_request_bytes));
        release_block(state, body);
    }
    request.max_redirects = state.limits.v1_http_redirects;
    state.statistics.bytes_sent += request.body.size();
    // Extism's request has no deadline of its own; the call's wall-clock limit ends it.
    HWS_CO_TRY(const core::HttpResponse response,
               co_await state.http().fetch(std::move(request), os::no_deadline));
    state.statistics.bytes_received += response.body.size();
    state.http_status = response.status;
    state.http_headers_json = format_extism_headers(response);
    co_return make_block(state, std::as_bytes(std::span(response.body)));
}

std::int32_t http_status_code(PluginState& state) { return state.http_status; }

Result<Block> http_headers(PluginState& state) {
    if (state.http_headers_json.empty()) return Block{};
    return make_block(state, std::string_view(state.http_headers_json));
}

Result<void> log_trace(PluginState& state, Block m) { return log(state, LogLevel::trace, m); }
Result<void> log_debug(PluginState& state, Block m) { return log(state, LogLevel::debug, m); }
Result<void> log_info(PluginState& state, Block m) { return log(state, LogLevel::info, m); }
Result<void> log_warn(PluginState& state, Block m) { return log(state, LogLevel::warn, m); }
Result<void> log_error(PluginState& state, Block m) { return log(state, LogLevel::error, m); }

std::int32_t get_log_level(PluginState& state) {
    if (!state.log_sink || state.log_level == LogLevel::off)
        return std::numeric_limits<std::int32_t>::max();
    return static_cast<std::int32_t>(state.log_level);
}

void append_rows(std::vector<HostFunction>& rows) {
#define ABI_FUNCTION(name, signature, wait, sentence)                                              \
    rows.push_back(bind<signature, &extism::name, abi::wait, ZeroAndLog, #name>("extism:host/env", sentence));
#include "extism.def"
#undef ABI_FUNCTION
}

} // namespace hws::host::adapter::extism
