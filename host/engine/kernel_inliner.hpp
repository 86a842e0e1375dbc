#pragma once
/// Calls of a plugin to the byte-wise functions of its Extism kernel become plain memory
/// instructions, before compilation.

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace hws::host::engine {

/// The memory import that a rewritten module has besides those it had: the kernel instance's
/// exported memory. Its limits are "1 page or more".
inline constexpr std::string_view kernel_memory_module = "extism:host/env";
inline constexpr std::string_view kernel_memory_name = "memory";

/// A change of what `inline_kernel_calls` makes changes this number: part of the key of cached
/// compilations.
inline constexpr unsigned kernel_inliner_version = 1;

/// The module with its calls to `extism:host/env` load_u8, load_u64, store_u8 and store_u64
/// replaced by loads and stores in the kernel's memory, imported as above; it becomes memory 0, the
/// plugin's own becomes memory 1. A call into another instance costs 3 to 5 ns, a load less than
/// one.
///
/// Nothing: there is no such call, or the module holds something this decoder does not know
/// (a memory import, several memories, 64-bit or shared memory, GC types, any malformed byte). Then
/// the original is to be used: it is never wrong, only slower.
///
/// What keeps its meaning: function, type, global, table and data indices, exports, the `name`
/// section. The function imports stay, called or not. Custom sections that speak of code offsets
/// (DWARF, source maps, branch hints) are left out, since they would be wrong.
/// An offset's high 32 bits are dropped, as the kernel itself does; what is then reached is the
/// same plugin's memory. A valid module gives a valid module, an invalid one never a valid one.
///
/// For untrusted bytes: linear time, no recursion, a result of at most 8 times the size.
/// Source: WebAssembly 3.0, binary format; multi-memory.
std::optional<std::vector<std::byte>> inline_kernel_calls(std::span<const std::byte> module);

} // namespace hws::host::engine
