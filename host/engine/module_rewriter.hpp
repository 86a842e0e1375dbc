#pragma once
/// What is changed in a plugin's module before it is compiled, so that its calls cost less: those
/// to the byte-wise functions of its Extism kernel become plain memory instructions, and those to
/// host functions that may wait take the way of those that cannot as long as they need not.

#include "adapter/host_function.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace hws::host::engine {

/// The memory import that a module with inlined kernel calls has besides those it had: the kernel
/// instance's exported memory. Its limits are "1 page or more".
inline constexpr std::string_view kernel_memory_module = "extism:host/env";
inline constexpr std::string_view kernel_memory_name = "memory";

/// What a wrapped host function `env.tcp_send` of type P -> R is imported as: `begin:env.tcp_send`
/// of type P -> R i32, which runs it to its first wait. The i32 is 1 when that was its end and R is
/// the result; else R is anything and one call of the function of `finish` with that result gives
/// it when it is there.
inline constexpr std::string_view begin_prefix = "begin:";
inline constexpr std::string_view finish_module = "finish";

struct FinishFunction {
    std::string_view name;
    std::span<const abi::WasmType> results;
};
inline constexpr abi::WasmType finish_results[] = {abi::WasmType::i32, abi::WasmType::i64};
inline constexpr std::array<FinishFunction, 3> finish_functions = {
    {{"nothing", {}}, {"i32", {finish_results, 1}}, {"i64", {finish_results + 1, 1}}}};

/// A change of what `rewrite` makes changes this number: part of the key of cached compilations.
inline constexpr unsigned module_rewriter_version = 2;

/// Whether it is worth trying, by a look at the imports. Where it is, the module imports none of the
/// above by itself: what of them it imports when it is compiled, or comes compiled from a cache, was
/// added here.
bool may_be_rewritten(std::span<const std::byte> module);

/// The module with two kinds of calls replaced.
///
/// Calls to `extism:host/env` load_u8, load_u64, store_u8 and store_u64 become loads and stores in
/// the kernel's memory, imported as above; it becomes memory 0, the plugin's own becomes memory 1.
/// A call into another instance costs 3 to 5 ns, a load less than one.
///
/// Imports of those of `host_functions` that may wait are imported as above instead, and each gets
/// a function of the module that calls the two in turn and stands for the import wherever the
/// module names it: in calls, tables, exports, as its start. An async call of Wasmtime costs 110 to
/// 190 ns, this way 10 to 20 until something has to be waited for. The caller of `begin:` and
/// `finish` is always this module, also when another module calls the function that it exports.
///
/// Nothing: there are no such imports, may_be_rewritten() says no, or the module holds something this decoder does not know
/// (a memory import, several memories, 64-bit or shared memory, GC types, any malformed byte). Then
/// the original is to be used: it is never wrong, only slower.
///
/// What keeps its meaning: type, global, table and data indices, exports, and the names of
/// functions, types, tables, globals and segments. The function imports stay, called or not. With
/// wrappers, the module's own functions move by one for each `finish` import, and locals and labels
/// lose their names. Custom sections that speak of code offsets (DWARF, source maps, branch hints)
/// are left out, since they would be wrong.
/// A kernel offset's high 32 bits are dropped, as the kernel itself does; what is then reached is
/// the same plugin's memory. A valid module gives a valid module, an invalid one never a valid one.
///
/// For untrusted bytes: linear time, no recursion, a result of at most 8 times the size.
/// Source: WebAssembly 3.0, binary format; multi-memory, multi-value.
std::optional<std::vector<std::byte>>
rewrite(std::span<const std::byte> module, std::span<const adapter::HostFunction> host_functions);

} // namespace hws::host::engine
