#pragma once
/// Owning handles for Wasmtime's C objects, and its errors and traps as ours.

#include <hws/result.hpp>

#include <wasmtime.h>

#include <memory>
#include <string>
#include <string_view>

namespace hws::host::engine {

template <auto destroy>
struct Deleter {
    template <class T>
    void operator()(T* object) const {
        destroy(object);
    }
};

using EngineHandle = std::unique_ptr<wasm_engine_t, Deleter<&wasm_engine_delete>>;
using ModuleHandle = std::unique_ptr<wasmtime_module_t, Deleter<&wasmtime_module_delete>>;
using LinkerHandle = std::unique_ptr<wasmtime_linker_t, Deleter<&wasmtime_linker_delete>>;
using StoreHandle = std::unique_ptr<wasmtime_store_t, Deleter<&wasmtime_store_delete>>;
using InstancePreHandle = std::unique_ptr<wasmtime_instance_pre_t, Deleter<&wasmtime_instance_pre_delete>>;
using FutureHandle = std::unique_ptr<wasmtime_call_future_t, Deleter<&wasmtime_call_future_delete>>;
using ErrorHandle = std::unique_ptr<wasmtime_error_t, Deleter<&wasmtime_error_delete>>;
using TrapHandle = std::unique_ptr<wasm_trap_t, Deleter<&wasm_trap_delete>>;
using FunctypeHandle = std::unique_ptr<wasm_functype_t, Deleter<&wasm_functype_delete>>;

/// What Wasmtime says. Takes the error over.
std::string take_message(wasmtime_error_t* error);

/// The names and indices of the wasm functions on the stack, innermost first, one a line; empty where there are none.
std::string trace_of(const wasm_trap_t* trap);
std::string trace_of(const wasmtime_error_t* error);

/// The wasm back trace may be as long as the stack is deep; messages keep this many frames.
inline constexpr std::size_t max_trace_frames = 16;

} // namespace hws::host::engine
