#include "engine/host_call.hpp"

#include <array>

namespace hws::host::engine {
namespace {

constexpr std::size_t max_slots = 16;

HostCall& call_of(wasmtime_caller_t* caller) {
    auto& call = *static_cast<HostCall*>(wasmtime_context_get_data(wasmtime_caller_context(caller)));
    if (call.callers_memory) {
        wasmtime_extern_t item;
        call.callers_memory->reset();
        if (wasmtime_caller_export_get(caller, "memory", 6, &item) && item.kind == WASMTIME_EXTERN_MEMORY)
            *call.callers_memory = item.of.memory;
    }
    return call;
}

/// What a host function may leave behind that must unwind the plugin.
wasm_trap_t* take_trap(const adapter::PluginState& state) {
    if (state.trap_text) return wasmtime_trap_new(state.trap_text->data(), state.trap_text->size());
    static constexpr std::string_view exit_text = "the plugin called proc_exit";
    if (state.exit_code) return wasmtime_trap_new(exit_text.data(), exit_text.size());
    return nullptr;
}

wasm_trap_t* call_now(void* env, wasmtime_caller_t* caller, wasmtime_val_raw_t* values, std::size_t) {
    const auto& function = *static_cast<const adapter::HostFunction*>(env);
    adapter::PluginState& state = call_of(caller).state();
    std::uint64_t slots[max_slots];
    for (std::size_t i = 0; i < function.params.size(); ++i)
        slots[i] = function.params[i] == abi::WasmType::i32 ? static_cast<std::uint32_t>(values[i].i32)
                                                            : static_cast<std::uint64_t>(values[i].i64);
    function.call(state, slots);
    if (!function.results.empty()) {
        if (function.results[0] == abi::WasmType::i32)
            values[0].i32 = static_cast<std::int32_t>(slots[0]);
        else
            values[0].i64 = static_cast<std::int64_t>(slots[0]);
    }
    return take_trap(state);
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

void call_waiting(void* env, wasmtime_caller_t* caller, const wasmtime_val_t* arguments, std::size_t,
                  wasmtime_val_t* results, std::size_t, wasm_trap_t** trap,
                  wasmtime_async_continuation_t* continuation) {
    const auto& function = *static_cast<const adapter::HostFunction*>(env);
    HostCall& call = call_of(caller);
    std::uint64_t slots[max_slots];
    for (std::size_t i = 0; i < function.params.size(); ++i)
        slots[i] = function.params[i] == abi::WasmType::i32 ? static_cast<std::uint32_t>(arguments[i].of.i32)
                                                            : static_cast<std::uint64_t>(arguments[i].of.i64);
    continuation->callback = &proceed;
    continuation->env = &call;
    continuation->finalizer = &finalize;
    call.answer = {.context = wasmtime_caller_context(caller),
                   .results = function.results.empty() ? nullptr : results,
                   .trap = trap,
                   .is_i32 = !function.results.empty() && function.results[0] == abi::WasmType::i32};
    call.begin(function, slots);
}

wasm_valtype_vec_t types_of(std::span<const abi::WasmType> types) {
    wasm_valtype_vec_t vector;
    wasm_valtype_vec_new_uninitialized(&vector, types.size());
    for (std::size_t i = 0; i < types.size(); ++i)
        vector.data[i] = wasm_valtype_new(types[i] == abi::WasmType::i32 ? WASM_I32 : WASM_I64);
    return vector;
}

constexpr std::string_view kernel_exports[] = {
#define ABI_KERNEL_FUNCTION(name, signature, sentence) #name,
#include "extism.def"
#undef ABI_KERNEL_FUNCTION
};

} // namespace

Result<void> define(wasmtime_linker_t* linker, const adapter::HostFunction& function) {
    if (function.params.size() > max_slots) return fail(Errc::bad_module, "too many parameters");
    wasm_valtype_vec_t params = types_of(function.params);
    wasm_valtype_vec_t results = types_of(function.results);
    const FunctypeHandle type(wasm_functype_new(&params, &results));
    void* const env = const_cast<adapter::HostFunction*>(&function);
    wasmtime_error_t* const error =
        function.may_wait()
            ? wasmtime_linker_define_async_func(linker, function.module.data(), function.module.size(),
                                                function.name.data(), function.name.size(), type.get(),
                                                &call_waiting, env, nullptr)
            : wasmtime_linker_define_func_unchecked(linker, function.module.data(), function.module.size(),
                                                    function.name.data(), function.name.size(), type.get(),
                                                    &call_now, env, nullptr);
    if (error) return fail(Errc::bad_module, take_message(error));
    return {};
}

bool is_kernel_export(std::string_view name) {
    for (const std::string_view exported : kernel_exports)
        if (exported == name) return true;
    return false;
}

} // namespace hws::host::engine
