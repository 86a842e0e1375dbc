#include "engine/host_call.hpp"

#include "engine/module_rewriter.hpp"

#include <cassert>
#include <string>

namespace hws::host::engine {
namespace {

constexpr std::size_t max_slots = 16;

HostCall& call_in(wasmtime_caller_t* caller) {
    return *static_cast<HostCall*>(wasmtime_context_get_data(wasmtime_caller_context(caller)));
}

/// The call that begins now.
HostCall& call_of(wasmtime_caller_t* caller) {
    HostCall& call = call_in(caller);
    if (call.callers_memory) {
        wasmtime_extern_t item;
        call.callers_memory->reset();
        if (wasmtime_caller_export_get(caller, "memory", 6, &item) && item.kind == WASMTIME_EXTERN_MEMORY)
            *call.callers_memory = item.of.memory;
    }
    call.forget_memory();
    return call;
}

/// What a host function may leave behind that must unwind the plugin.
wasm_trap_t* take_trap(const adapter::PluginState& state) {
    if (state.trap_text) return wasmtime_trap_new(state.trap_text->data(), state.trap_text->size());
    static constexpr std::string_view exit_text = "the plugin called proc_exit";
    if (state.exit_code) return wasmtime_trap_new(exit_text.data(), exit_text.size());
    return nullptr;
}

using Slots = std::uint64_t[max_slots];

void load_arguments(const adapter::HostFunction& function, const wasmtime_val_raw_t* values, Slots& slots) {
    for (std::size_t i = 0; i < function.params.size(); ++i)
        slots[i] = function.params[i] == abi::WasmType::i32 ? static_cast<std::uint32_t>(values[i].i32)
                                                            : static_cast<std::uint64_t>(values[i].i64);
}

void store_result(abi::WasmType type, std::uint64_t slot, wasmtime_val_raw_t& value) {
    if (type == abi::WasmType::i32)
        value.i32 = static_cast<std::int32_t>(slot);
    else
        value.i64 = static_cast<std::int64_t>(slot);
}

wasm_trap_t* call_now(void* env, wasmtime_caller_t* caller, wasmtime_val_raw_t* values, std::size_t) {
    const auto& function = *static_cast<const adapter::HostFunction*>(env);
    adapter::PluginState& state = call_of(caller).state();
    Slots slots;
    load_arguments(function, values, slots);
    function.call(state, slots);
    if (!function.results.empty()) store_result(function.results[0], slots[0], values[0]);
    return take_trap(state);
}

/// Runs the function to its first wait. The result, if that was its end; behind it, whether it was.
wasm_trap_t* begin_now(void* env, wasmtime_caller_t* caller, wasmtime_val_raw_t* values, std::size_t) {
    const auto& function = *static_cast<const adapter::HostFunction*>(env);
    HostCall& call = call_of(caller);
    Slots slots;
    load_arguments(function, values, slots);
    call.begin(function, slots);
    std::uint64_t slot = 0;
    const bool is_done = call.take_result(slot);
    const std::size_t results = function.results.size();
    if (results != 0) store_result(function.results[0], slot, values[0]);
    values[results].i32 = is_done ? 1 : 0;
    return is_done ? take_trap(call.state()) : nullptr;
}

bool proceed(void* env) {
    auto& call = *static_cast<HostCall*>(env);
    const HostCall::Answer& answer = call.answer;
    std::uint64_t slot = 0;
    if (!call.proceed(slot)) {
        call.answer.has_parked = true;
        return false;
    }
    // All others have had their turn while this one was parked: it starts a new slice. With the old one it would be asked to
    // yield at once whenever a tick has passed meanwhile.
    if (answer.has_parked) wasmtime_context_set_epoch_deadline(answer.context, 1);
    if (answer.results) {
        if (answer.is_i32) {
            answer.results[0].kind = WASMTIME_I32;
            answer.results[0].of.i32 = static_cast<std::int32_t>(slot);
        } else {
            answer.results[0].kind = WASMTIME_I64;
            answer.results[0].of.i64 = static_cast<std::int64_t>(slot);
        }
    }
    *answer.trap = take_trap(call.state());
    return true;
}

void finalize(void* env) { static_cast<HostCall*>(env)->abandon(); }

/// Has Wasmtime ask the function under way until it has ended.
void await_end(HostCall& call, wasmtime_caller_t* caller, wasmtime_val_t* results, wasm_trap_t** trap,
               wasmtime_async_continuation_t* continuation) {
    const adapter::HostFunction& function = *call.function();
    continuation->callback = &proceed;
    continuation->env = &call;
    continuation->finalizer = &finalize;
    call.answer = {.context = wasmtime_caller_context(caller),
                   .results = function.results.empty() ? nullptr : results,
                   .trap = trap,
                   .is_i32 = !function.results.empty() && function.results[0] == abi::WasmType::i32};
}

void finish(void*, wasmtime_caller_t* caller, const wasmtime_val_t*, std::size_t, wasmtime_val_t* results,
            std::size_t, wasm_trap_t** trap, wasmtime_async_continuation_t* continuation) {
    // Nothing of the plugin has run since it began: what is known of its memory holds.
    HostCall& call = call_in(caller);
    // Only wrappers can name this function, and they call it when they have begun one that waits.
    assert(call.is_waiting());
    await_end(call, caller, results, trap, continuation);
}

void call_waiting(void* env, wasmtime_caller_t* caller, const wasmtime_val_t* arguments, std::size_t,
                  wasmtime_val_t* results, std::size_t, wasm_trap_t** trap,
                  wasmtime_async_continuation_t* continuation) {
    const auto& function = *static_cast<const adapter::HostFunction*>(env);
    HostCall& call = call_of(caller);
    Slots slots;
    for (std::size_t i = 0; i < function.params.size(); ++i)
        slots[i] = function.params[i] == abi::WasmType::i32 ? static_cast<std::uint32_t>(arguments[i].of.i32)
                                                            : static_cast<std::uint64_t>(arguments[i].of.i64);
    call.begin(function, slots);
    await_end(call, caller, results, trap, continuation);
}

FunctypeHandle function_type(std::span<const abi::WasmType> params, std::span<const abi::WasmType> results,
                             bool tells_whether_done = false) {
    const auto put = [](wasm_valtype_vec_t& vector, std::size_t at, abi::WasmType type) {
        vector.data[at] = wasm_valtype_new(type == abi::WasmType::i32 ? WASM_I32 : WASM_I64);
    };
    wasm_valtype_vec_t wasm_params;
    wasm_valtype_vec_new_uninitialized(&wasm_params, params.size());
    for (std::size_t i = 0; i < params.size(); ++i) put(wasm_params, i, params[i]);
    wasm_valtype_vec_t wasm_results;
    wasm_valtype_vec_new_uninitialized(&wasm_results, results.size() + (tells_whether_done ? 1 : 0));
    for (std::size_t i = 0; i < results.size(); ++i) put(wasm_results, i, results[i]);
    if (tells_whether_done) put(wasm_results, results.size(), abi::WasmType::i32);
    return FunctypeHandle(wasm_functype_new(&wasm_params, &wasm_results));
}

/// What Wasmtime answers to a definition.
Result<void> outcome(wasmtime_error_t* error) {
    if (error) return fail(Errc::bad_module, take_message(error));
    return {};
}

/// Room for the arguments, and for a result and whether it is one.
Result<void> check_slots(const adapter::HostFunction& function) {
    if (function.params.size() > max_slots) return fail(Errc::bad_module, "too many parameters");
    return {};
}

constexpr std::string_view kernel_exports[] = {
#define ABI_KERNEL_FUNCTION(name, signature, sentence) #name,
#include "extism.def"
#undef ABI_KERNEL_FUNCTION
};

} // namespace

Result<void> define(wasmtime_linker_t* linker, const adapter::HostFunction& function) {
    HWS_CHECK(check_slots(function));
    const FunctypeHandle type = function_type(function.params, function.results);
    void* const env = const_cast<adapter::HostFunction*>(&function);
    return outcome(function.may_wait()
                       ? wasmtime_linker_define_async_func(linker, function.module.data(), function.module.size(),
                                                           function.name.data(), function.name.size(), type.get(),
                                                           &call_waiting, env, nullptr)
                       : wasmtime_linker_define_func_unchecked(linker, function.module.data(), function.module.size(),
                                                               function.name.data(), function.name.size(), type.get(),
                                                               &call_now, env, nullptr));
}

Result<void> define_begin(wasmtime_linker_t* linker, const adapter::HostFunction& function) {
    HWS_CHECK(check_slots(function));
    const FunctypeHandle type = function_type(function.params, function.results, true);
    const std::string module = std::string(begin_prefix).append(function.module);
    return outcome(wasmtime_linker_define_func_unchecked(linker, module.data(), module.size(), function.name.data(),
                                                         function.name.size(), type.get(), &begin_now,
                                                         const_cast<adapter::HostFunction*>(&function), nullptr));
}

Result<void> define_finish(wasmtime_linker_t* linker, std::string_view name) {
    for (const FinishFunction& function : finish_functions)
        if (function.name == name)
            return outcome(wasmtime_linker_define_async_func(
                linker, finish_module.data(), finish_module.size(), name.data(), name.size(),
                function_type({}, function.results).get(), &finish, nullptr, nullptr));
    return fail(Errc::bad_module, std::string(name));
}

bool is_kernel_export(std::string_view name) {
    for (const std::string_view exported : kernel_exports)
        if (exported == name) return true;
    return false;
}

} // namespace hws::host::engine
