#pragma once
/// Dialect v2 (module `hws`): one function a row of abi/functions.def, over host/core. A row that
/// never waits is `Result<void> socket_open(PluginState&, ...)`, one that waits `os::Task<>
/// socket_connect(PluginState&, ...)`. The plugin gets the number of the error, whole, and may ask
/// for its text. Guest memory is asked for anew after each wait; nothing is allocated by the
/// numbers a guest gave, beyond the bounds of v2.hpp.

#include "adapter/host_function.hpp"

#include <v2.hpp>
#include <vector>

namespace hws::host::adapter::v2 {

using namespace abi;
using namespace abi::v2;

/// Bytes of a stream that one attempt takes from the plugin before others may run.
inline constexpr std::size_t max_write_bytes = std::size_t{1} << 20;
/// A name longer than this is none, whatever it says.
inline constexpr std::uint32_t max_name_bytes = 1024;

namespace detail {
template <class Signature, Wait wait> struct Declared;
template <class... A> struct Declared<Status(A...), never_waits> {
    using type = Result<void>(PluginState&, A...);
};
template <class... A> struct Declared<Status(A...), waits> {
    using type = os::Task<>(PluginState&, A...);
};
} // namespace detail

#define ABI_FUNCTION(name, signature, wait, sentence) detail::Declared<signature, wait>::type name;
#include <functions.def>
#undef ABI_FUNCTION

/// The whole number of the error, and its text kept for `last_error`.
struct StatusAndText {
    template <class RowResult>
    static std::uint64_t lower(PluginState& state, std::string_view name,
                               const Result<void>& result) {
        if (result) return 0;
        if (result.error() == Errc::denied) state.note_failure(name, result.error());
        state.failed_operation = name;
        state.last_failure = result.error();
        return static_cast<std::uint64_t>(result.error().code());
    }
};

/// Appends the table of this dialect.
void append_rows(std::vector<HostFunction>& rows);

} // namespace hws::host::adapter::v2
