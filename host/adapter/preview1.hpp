#pragma once
/// WASI preview 1 (module `wasi_snapshot_preview1`): one function a row of abi/preview1.def, over
/// the descriptor table. Our own and complete; no directories are granted, so that the functions on
/// paths and files answer as the table says.
///
/// A row that never waits is `Result<void> fd_close(PluginState&, Fd)`, one that waits `os::Task<>
/// fd_read(PluginState&, ...)`. Errors reach the plugin as `wasi_number_of(error.code())`. Guest
/// memory is asked for anew after each wait; nothing is allocated by the numbers a guest gave,
/// beyond the bounds below.

#include "adapter/host_function.hpp"

#include <preview1.hpp>
#include <vector>

namespace hws::host::adapter::preview1 {

using namespace abi;
using namespace abi::preview1;

/// Buffers of one read or write, as IOV_MAX. `invalid_argument` beyond.
inline constexpr std::uint32_t max_buffers = 1024;
/// Bytes one attempt to write takes from the plugin; the rest is left to the next attempt, as a
/// short write.
inline constexpr std::size_t max_write_bytes = std::size_t{1} << 20;
/// Subscriptions of one poll_oneoff: four times the default limit of descriptors.
/// `invalid_argument` beyond.
inline constexpr std::uint32_t max_subscriptions = 4096;
/// Random bytes made before others may run.
inline constexpr std::size_t random_piece_bytes = std::size_t{64} << 10;

namespace detail {
template <class Signature, Wait wait> struct Declared;
template <class... A> struct Declared<Errno(A...), never_waits> {
    using type = Result<void>(PluginState&, A...);
};
template <class... A> struct Declared<Errno(A...), waits> {
    using type = os::Task<>(PluginState&, A...);
};
template <class... A> struct Declared<void(A...), never_waits> {
    using type = Result<void>(PluginState&, A...);
};
} // namespace detail

#define ABI_FUNCTION(name, signature, wait, sentence) detail::Declared<signature, wait>::type name;
#include <preview1.def>
#undef ABI_FUNCTION

/// Appends the table of this dialect.
void append_rows(std::vector<HostFunction>& rows);

} // namespace hws::host::adapter::preview1
