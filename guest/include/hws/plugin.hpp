#pragma once
/// The plugin's side of a call: its input and output, configuration, variables, log, and the macro
/// that exports a function. It is Extism's convention; any host of Extism plugins can call what is
/// exported here.
///
///     hws::Result<void> greet() {
///         hws::output("Hello, " + hws::input_text() + "!");
///         return {};
///     }
///     HWS_PLUGIN_EXPORT(greet)

#include <cstddef>
#include <cstdint>
#include <hws/result.hpp>
#include <hws/socket.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hws {

/// The input of this call, copied.
std::vector<std::byte> input();
std::string input_text();
std::size_t input_bytes();

/// Sets the output of this call; the last one counts.
void output(std::span<const std::byte> bytes);
inline void output(std::string_view text) {
    output(bytes_of(text));
}

/// Says why this call fails. It fails only if the export also returns a code that is not 0.
void set_error(std::string_view text);

/// The operator's setting of that name (`hws call --config key=value`), if there is one.
std::optional<std::string> config(std::string_view key);

/// Variables keep their values from one call to the next in the same plugin instance, and are not
/// shared with others. Their total size is limited by the host (1 MiB by default); a set beyond it
/// fails the call.
namespace var {
std::optional<std::vector<std::byte>> get(std::string_view name);
std::optional<std::string> get_text(std::string_view name);
/// Errors: out_of_memory.
Result<void> set(std::string_view name, std::span<const std::byte> value);
inline Result<void> set(std::string_view name, std::string_view text) {
    return set(name, bytes_of(text));
}
void remove(std::string_view name);
} // namespace var

/// Lines for the host's log.
namespace log {
enum class Level : std::uint8_t { trace, debug, info, warn, error };

/// Whether the host keeps messages of that level; when it does not, there is no need to make one
/// up.
bool is_enabled(Level level);
void write(Level level, std::string_view message);

inline void trace(std::string_view message) {
    write(Level::trace, message);
}
inline void debug(std::string_view message) {
    write(Level::debug, message);
}
inline void info(std::string_view message) {
    write(Level::info, message);
}
inline void warn(std::string_view message) {
    write(Level::warn, message);
}
inline void error(std::string_view message) {
    write(Level::error, message);
}
} // namespace log

namespace detail {
/// The code an export returns: 0, or 1 with the error's message as the text of the failure.
std::int32_t export_code(const Result<void>& result);
inline std::int32_t export_code(std::int32_t code) {
    return code;
}
} // namespace detail

} // namespace hws

/// Exports `function`, which takes nothing and returns `Result<void>` or an int (0: success; call
/// set_error before another). Stands after the function, outside of any namespace; the function may
/// stand in one if AS names the export.
#define HWS_PLUGIN_EXPORT(function) HWS_PLUGIN_EXPORT_AS(function, function)
#define HWS_PLUGIN_EXPORT_AS(export_id, function)                                                  \
    extern "C" HWS_EXPORT_ATTRIBUTE(#export_id) std::int32_t hws_export_##export_id() {            \
        return hws::detail::export_code(function());                                               \
    }
#ifdef __wasm__
#define HWS_EXPORT_ATTRIBUTE(name) __attribute__((export_name(name)))
#else
#define HWS_EXPORT_ATTRIBUTE(name)
#endif
