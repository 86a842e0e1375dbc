#include "engine/module_rewriter.hpp"
#include "kernel/kernel.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <doctest/doctest.h>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>
#include <wasmtime.h>
namespace hws::host::engine {
namespace {

using Bytes = std::vector<std::byte>;

Bytes read_guest(const std::string& name) {
    std::ifstream file(std::string(HWS_GUEST_DIR) + "/" + name, std::ios::binary);
    REQUIRE_MESSAGE(file.good(), name);
    const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}

Bytes assemble(std::string_view text) {
    wasm_byte_vec_t made;
    if (wasmtime_error_t* error = wasmtime_wat2wasm(text.data(), text.size(), &made)) {
        wasm_name_t message;
        wasmtime_error_message(error, &message);
        FAIL(std::string(message.data, message.size));
    }
    const auto bytes = std::as_bytes(std::span(made.data, made.size));
    Bytes module(bytes.begin(), bytes.end());
    wasm_byte_vec_delete(&made);
    return module;
}

/// One engine for all, set up as production's in what matters here.
wasm_engine_t* engine() {
    static wasm_engine_t* const made = [] {
        wasm_config_t* config = wasm_config_new();
        wasmtime_config_epoch_interruption_set(config, true);
        wasmtime_config_wasm_multi_memory_set(config, true);
        wasmtime_config_wasm_threads_set(config, true);
        wasmtime_config_wasm_tail_call_set(config, true);
        wasmtime_config_wasm_relaxed_simd_set(config, true);
        wasmtime_config_wasm_function_references_set(config, true);
        wasmtime_config_wasm_exceptions_set(config, true);
        return wasm_engine_new_with_config(config);
    }();
    return made;
}

bool is_valid(const Bytes& module) {
    wasmtime_error_t* error = wasmtime_module_validate(
        engine(), reinterpret_cast<const std::uint8_t*>(module.data()), module.size());
    if (error == nullptr) return true;
    wasmtime_error_delete(error);
    return false;
}

std::string text_of(wasmtime_error_t* error) {
    wasm_name_t message;
    wasmtime_error_message(error, &message);
    std::string text(message.data, message.size);
    wasm_byte_vec_delete(&message);
    wasmtime_error_delete(error);
    return text;
}

// --- host functions ---

using abi::WasmType;
constexpr WasmType two_i32[] = {WasmType::i32, WasmType::i32};
constexpr WasmType i64_only[] = {WasmType::i64};
constexpr std::span<const WasmType> none;
constexpr std::span<const WasmType> one_i32(two_i32, 1);

/// Not called: whether a function may wait is all that the rewriter asks.
void begin_nothing(adapter::PluginState&, const std::uint64_t*, os::Executor&, adapter::TaskStorage&) {}

/// Of every kind of result, and one that never waits.
const std::vector<adapter::HostFunction>& rows() {
    const auto row = [](std::string_view name, std::span<const WasmType> params,
                        std::span<const WasmType> results, bool waits = true) {
        adapter::HostFunction function;
        function.module = "env";
        function.name = name;
        function.params = params;
        function.results = results;
        if (waits) function.begin = &begin_nothing;
        return function;
    };
    static const std::vector<adapter::HostFunction> made = {
        row("pair", two_i32, one_i32), row("wide", i64_only, i64_only), row("quiet", one_i32, none),
        row("bare", none, one_i32), row("now", two_i32, one_i32, false)};
    return made;
}

/// Does what the functions of `rows` do, for modules as they are and for rewritten ones: notes the
/// call, and gives a number made of the arguments. In three of four times it is to be waited for.
class TestHost {
public:
    std::string calls;
    int finished = 0;

    void define_all(wasmtime_linker_t* linker) {
        for (const adapter::HostFunction& row : rows()) {
            functions_.push_back(std::make_unique<Function>(this, &row));
            define(linker, "env", row.name, row.params, row.results, &call, functions_.back().get());
            if (!row.may_wait()) continue;
            std::vector<WasmType> results(row.results.begin(), row.results.end());
            results.push_back(WasmType::i32);
            define(linker, std::string(begin_prefix) + "env", row.name, row.params, results, &begin,
                   functions_.back().get());
        }
        for (const FinishFunction& function : finish_functions)
            define(linker, finish_module, function.name, none, function.results, &finish, this);
    }

private:
    struct Function {
        TestHost* host;
        const adapter::HostFunction* row;
    };

    static void define(wasmtime_linker_t* linker, std::string_view module, std::string_view name,
                       std::span<const WasmType> params, std::span<const WasmType> results,
                       wasmtime_func_unchecked_callback_t callback, void* env) {
        const auto vector = [](std::span<const WasmType> types) {
            wasm_valtype_vec_t made;
            wasm_valtype_vec_new_uninitialized(&made, types.size());
            for (std::size_t i = 0; i < types.size(); ++i)
                made.data[i] = wasm_valtype_new(types[i] == WasmType::i32 ? WASM_I32 : WASM_I64);
            return made;
        };
        wasm_valtype_vec_t of_params = vector(params);
        wasm_valtype_vec_t of_results = vector(results);
        wasm_functype_t* const type = wasm_functype_new(&of_params, &of_results);
        REQUIRE(wasmtime_linker_define_func_unchecked(linker, module.data(), module.size(), name.data(),
                                                      name.size(), type, callback, env,
                                                      nullptr) == nullptr);
        wasm_functype_delete(type);
    }

    std::uint64_t answer(const adapter::HostFunction& row, const wasmtime_val_raw_t* values) {
        calls.append(row.name);
        std::uint64_t sum = row.name.size();
        for (std::size_t i = 0; i < row.params.size(); ++i) {
            const std::uint64_t argument = row.params[i] == WasmType::i32
                                               ? static_cast<std::uint32_t>(values[i].i32)
                                               : static_cast<std::uint64_t>(values[i].i64);
            calls.append(" ").append(std::to_string(argument));
            sum = sum * 31 + argument;
        }
        calls.append("\n");
        return sum;
    }

    static void store(std::span<const WasmType> results, std::uint64_t answer, wasmtime_val_raw_t* values) {
        if (results.empty()) return;
        if (results[0] == WasmType::i32)
            values[0].i32 = static_cast<std::int32_t>(answer);
        else
            values[0].i64 = static_cast<std::int64_t>(answer);
    }

    static wasm_trap_t* call(void* env, wasmtime_caller_t*, wasmtime_val_raw_t* values, std::size_t) {
        const Function& function = *static_cast<const Function*>(env);
        store(function.row->results, function.host->answer(*function.row, values), values);
        return nullptr;
    }

    static wasm_trap_t* begin(void* env, wasmtime_caller_t*, wasmtime_val_raw_t* values, std::size_t) {
        const Function& function = *static_cast<const Function*>(env);
        TestHost& host = *function.host;
        if (host.pending_) return trap("one is begun before another is finished");
        const std::uint64_t answer = host.answer(*function.row, values);
        const bool is_done = ++host.begun_ % 4 == 0;
        const std::span<const WasmType> results = function.row->results;
        store(results, is_done ? answer : 0xbad, values);
        values[results.size()].i32 = is_done ? 1 : 0;
        if (!is_done) host.pending_ = {function.row, answer};
        return nullptr;
    }

    static wasm_trap_t* finish(void* env, wasmtime_caller_t*, wasmtime_val_raw_t* values, std::size_t) {
        TestHost& host = *static_cast<TestHost*>(env);
        if (!host.pending_) return trap("nothing is begun");
        store(host.pending_->first->results, host.pending_->second, values);
        host.pending_.reset();
        ++host.finished;
        return nullptr;
    }

    static wasm_trap_t* trap(std::string_view text) { return wasmtime_trap_new(text.data(), text.size()); }

    std::vector<std::unique_ptr<Function>> functions_;
    std::optional<std::pair<const adapter::HostFunction*, std::uint64_t>> pending_;
    int begun_ = 0;
};

/// A plugin beside its own kernel.
class Plugin {
public:
    explicit Plugin(const Bytes& module) : store_(wasmtime_store_new(engine(), nullptr, nullptr)) {
        wasmtime_context_set_epoch_deadline(context(), 1'000'000);
        wasmtime_linker_t* linker = wasmtime_linker_new(engine());
        host_.define_all(linker);
        instantiate(linker, kernel::wasm(), kernel_);
        REQUIRE(wasmtime_linker_define_instance(linker, context(), kernel_memory_module.data(),
                                                kernel_memory_module.size(), &kernel_) == nullptr);
        instantiate(linker, module, plugin_);
        wasmtime_linker_delete(linker);
    }
    ~Plugin() { wasmtime_store_delete(store_); }
    Plugin(const Plugin&) = delete;
    Plugin& operator=(const Plugin&) = delete;

    /// Calls an export of type (i64) -> i64; nothing when it trapped.
    std::optional<std::uint64_t> call(std::string_view name, std::uint64_t argument) {
        wasmtime_extern_t item;
        REQUIRE(wasmtime_instance_export_get(context(), &plugin_, name.data(), name.size(), &item));
        wasmtime_val_t value{};
        value.kind = WASMTIME_I64;
        value.of.i64 = static_cast<std::int64_t>(argument);
        wasmtime_val_t result{};
        wasm_trap_t* trap = nullptr;
        wasmtime_error_t* error =
            wasmtime_func_call(context(), &item.of.func, &value, 1, &result, 1, &trap);
        REQUIRE_MESSAGE(error == nullptr, text_of(error));
        if (trap != nullptr) {
            wasm_frame_vec_t frames;
            wasm_trap_trace(trap, &frames);
            for (const wasm_frame_t* frame : std::span(frames.data, frames.size)) {
                const wasm_name_t* const name = wasmtime_frame_func_name(frame);
                trace_.append(name ? std::string(name->data, name->size) : "?").append(" ");
            }
            wasm_frame_vec_delete(&frames);
            wasm_trap_delete(trap);
            return std::nullopt;
        }
        return static_cast<std::uint64_t>(result.of.i64);
    }
    /// The functions on the stack at the last trap, innermost first.
    const std::string& trace() const { return trace_; }
    /// The host functions called, with their arguments.
    const std::string& host_calls() const { return host_.calls; }
    int finished() const { return host_.finished; }

    Bytes own_memory() { return memory_of(plugin_); }
    Bytes kernel_memory() { return memory_of(kernel_); }

private:
    wasmtime_context_t* context() { return wasmtime_store_context(store_); }

    void instantiate(wasmtime_linker_t* linker, std::span<const std::byte> bytes,
                     wasmtime_instance_t& instance) {
        wasmtime_module_t* module = nullptr;
        wasmtime_error_t* error = wasmtime_module_new(
            engine(), reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size(), &module);
        REQUIRE_MESSAGE(error == nullptr, text_of(error));
        wasm_trap_t* trap = nullptr;
        error = wasmtime_linker_instantiate(linker, context(), module, &instance, &trap);
        REQUIRE_MESSAGE(error == nullptr, text_of(error));
        REQUIRE(trap == nullptr);
        wasmtime_module_delete(module);
    }

    Bytes memory_of(const wasmtime_instance_t& instance) {
        wasmtime_extern_t item;
        REQUIRE(wasmtime_instance_export_get(context(), &instance, "memory", 6, &item));
        REQUIRE(item.kind == WASMTIME_EXTERN_MEMORY);
        const auto* data =
            reinterpret_cast<const std::byte*>(wasmtime_memory_data(context(), &item.of.memory));
        return {data, data + wasmtime_memory_data_size(context(), &item.of.memory)};
    }

    wasmtime_store_t* store_;
    TestHost host_;
    std::string trace_;
    wasmtime_instance_t kernel_{};
    wasmtime_instance_t plugin_{};
};

/// Every instruction that names a memory, and every shape of immediate, in a module that runs.
std::string every_instruction() {
    std::string text = R"((module
      (type $unary (func (param i64) (result i64)))
      (import "extism:host/env" "load_u64" (func $load_u64 (type $unary)))
      (import "extism:host/env" "load_u8" (func $load_u8 (param i64) (result i32)))
      (import "extism:host/env" "store_u64" (func $store_u64 (param i64 i64)))
      (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
      (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
      (memory (export "memory") 2 9)
      (table $table (export "table") 4 10 funcref)
      (tag $tag (param i32))
      (global $global (mut i32) (i32.const 5))
      (global $float f64 (f64.const 1.5))
      (global $vector v128 (v128.const i32x4 1 2 3 4))
      (export "load_u64_again" (func $load_u64))
      (elem (i32.const 0) func $load_u64 $tail)
      (elem $passive_elements func $tail $tail)
      (elem declare func $load_u64 $run)
      (data (i32.const 100) "active")
      (data (offset (i32.add (i32.const 100) (i32.const 50))) "computed")
      (data $passive "passive data")
      (func $tail (param i64) (result i64) (return_call $load_u64 (local.get 0)))
      (func $run (export "run") (param $argument i64) (result i64)
        (local $block i64) (local f32 f32) (local $integer i32) (local v128)
        (local.set $block (call $alloc (i64.const 64)))
        (call $store_u64 (local.get $block) (i64.const 0x123456789abcdef0))
        (call $store_u8 (i64.add (local.get $block) (i64.const 3)) (i32.const 0x1ff))
        (call $store_u8 (i64.add (local.get $block) (i64.const 9)) (call $load_u8 (local.get $block)))
        (i64.store offset=300 (i32.const 0) (call $load_u64 (local.get $block)))
        (i64.store offset=308 align=1 (i32.const 0) (call_indirect (type $unary) (local.get $block) (i32.const 0)))
        (i64.store offset=316 align=1 (i32.const 0) (call $tail (local.get $block)))
        (i64.store offset=324 align=4 (i32.const 0) (call_ref $unary (local.get $block) (ref.func $load_u64)))
        (memory.fill (i32.const 400) (i32.const 0xee) (i32.const 20))
        (memory.copy (i32.const 405) (i32.const 100) (i32.const 6))
        (memory.init $passive (i32.const 430) (i32.const 1) (i32.const 7))
        (data.drop $passive)
        (i32.store (i32.const 440) (memory.size))
        (i32.store (i32.const 444) (memory.grow (i32.const 1)))
        (table.set $table (i32.const 3) (ref.null func))
        (drop (ref.is_null (table.get $table (i32.const 3))))
        (drop (table.grow $table (ref.null func) (i32.const 1)))
        (drop (table.size $table))
        (table.fill $table (i32.const 2) (ref.null func) (i32.const 1))
        (table.init $table $passive_elements (i32.const 1) (i32.const 0) (i32.const 1))
        (table.copy $table $table (i32.const 2) (i32.const 1) (i32.const 1))
        (elem.drop $passive_elements)
        (drop (i32.trunc_sat_f64_u (global.get $float)))
        (drop (i64.extend8_s (i64.const 200)))
        (drop (f32.const 2.5))
        (drop (select (result i64) (i64.const 1) (i64.const 2) (i32.const 1)))
        (drop (select (i64.const -9223372036854775808) (i64.const 2) (i32.const 0)))
        (block $caught (result i32)
          (try_table (catch $tag $caught) (throw $tag (i32.const 77)))
          (i32.const 0))
        (global.set $global)
        (i32.store (i32.const 448) (global.get $global))
        (loop $again
          (local.set $integer (i32.add (local.get $integer) (i32.const 1)))
          (block $a (block $b (block $c
            (br_table $a $b $c $a (local.get $integer)))
          (nop)))
          (br_if $again (i32.lt_u (local.get $integer) (i32.const 9))))
        (if (i32.eqz (local.get $integer)) (then (unreachable)) (else (nop)))
        (drop (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 31 (global.get $vector) (global.get $vector)))
        (drop (i32x4.extract_lane 2 (i8x16.relaxed_swizzle (global.get $vector) (global.get $vector))))
        (v128.store offset=464 (i32.const 0) (i32x4.replace_lane 1 (global.get $vector) (i32.const 9)))
        (atomic.fence)
        (if (i32.const 0) (then
          (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const 0)))
          (drop (memory.atomic.wait64 (i32.const 0) (i64.const 0) (i64.const 0)))))
        (drop (memory.atomic.notify (i32.const 64) (i32.const 1)))
)";
    int address = 512;
    const auto next = [&] { return "(i32.const " + std::to_string(address += 16) + ")"; };
    for (const char* load : {"i32.load",
                             "i64.load",
                             "f32.load",
                             "f64.load",
                             "i32.load8_s",
                             "i32.load8_u",
                             "i32.load16_s",
                             "i32.load16_u",
                             "i64.load8_s",
                             "i64.load8_u",
                             "i64.load16_s",
                             "i64.load16_u",
                             "i64.load32_s",
                             "i64.load32_u",
                             "v128.load",
                             "v128.load8x8_s",
                             "v128.load8x8_u",
                             "v128.load16x4_s",
                             "v128.load16x4_u",
                             "v128.load32x2_s",
                             "v128.load32x2_u",
                             "v128.load8_splat",
                             "v128.load16_splat",
                             "v128.load32_splat",
                             "v128.load64_splat",
                             "v128.load32_zero",
                             "v128.load64_zero",
                             "i32.atomic.load",
                             "i64.atomic.load",
                             "i32.atomic.load8_u",
                             "i32.atomic.load16_u",
                             "i64.atomic.load8_u",
                             "i64.atomic.load16_u",
                             "i64.atomic.load32_u"})
        text += "(drop (" + std::string(load) + " offset=8 " + next() + "))\n";
    for (const char* store : {"i32.store", "i32.store8", "i32.store16", "i32.atomic.store",
                              "i32.atomic.store8", "i32.atomic.store16"})
        text += "(" + std::string(store) + " " + next() + " (i32.const 0x7a6b5c4d))\n";
    for (const char* store : {"i64.store", "i64.store8", "i64.store16", "i64.store32",
                              "i64.atomic.store", "i64.atomic.store32"})
        text += "(" + std::string(store) + " " + next() + " (i64.const -3))\n";
    text += "(f32.store " + next() + " (f32.const 1.5)) (f64.store offset=70000 " + next() +
            " (f64.const 2.5))\n";
    for (const char* width : {"8", "16", "32", "64"}) {
        text += "(v128.store offset=32 " + next() + " (v128.load" + width + "_lane 1 " + next() +
                " (global.get $vector)))\n";
        text += "(v128.store" + std::string(width) + "_lane offset=3 1 " + next() +
                " (global.get $vector))\n";
    }
    for (const char* operation : {"add", "sub", "and", "or", "xor", "xchg"}) {
        for (const char* kind : {"i32.atomic.rmw.", "i32.atomic.rmw8.", "i32.atomic.rmw16."})
            text += "(drop (" + std::string(kind) + operation +
                    (std::string_view(kind).ends_with("rmw.") ? "" : "_u") + " " + next() +
                    " (i32.const 21)))\n";
        for (const char* kind : {"i64.atomic.rmw.", "i64.atomic.rmw8.", "i64.atomic.rmw32."})
            text += "(drop (" + std::string(kind) + operation +
                    (std::string_view(kind).ends_with("rmw.") ? "" : "_u") + " " + next() +
                    " (i64.const 22)))\n";
    }
    text += "(drop (i64.atomic.rmw.cmpxchg " + next() + " (i64.const 0) (i64.const 23)))\n";
    return text + "(i64.load (i32.const 300))))";
}

/// A module that names its functions in every way there is, at random: called directly, by tail
/// call, through a table or a reference; in each kind of element segment, in tables' and globals'
/// first values, as exports and as the start.
std::string random_module(unsigned seed) {
    std::mt19937 random(seed);
    const auto below = [&](std::size_t limit) { return random() % limit; };
    struct Callable {
        std::string name;
        char type; // of those below
    };
    std::vector<Callable> callables;
    std::string text = R"((module
      (type $pair (func (param i32 i32) (result i32)))
      (type $wide (func (param i64) (result i64)))
      (type $quiet (func (param i32)))
      (type $bare (func (result i32)))
)";
    const auto import = [&](const char* module, const char* name, char type, const char* type_name) {
        const std::string id = "$i" + std::to_string(callables.size());
        text += "(import \"" + std::string(module) + "\" \"" + name + "\" (func " + id + " (type $" +
                type_name + ")))\n";
        callables.push_back({id, type});
    };
    for (auto imports = 2 + below(9); imports > 0; --imports) switch (below(6)) {
        case 0:
        case 1:
            import("env", "pair", 'p', "pair");
            break;
        case 2:
            import("env", "wide", 'w', "wide");
            break;
        case 3:
            import("env", "quiet", 'q', "quiet");
            break;
        case 4:
            import("env", "bare", 'b', "bare");
            break;
        default:
            if (below(2) == 0)
                import("env", "now", 'p', "pair");
            else
                import("extism:host/env", "load_u64", 'w', "wide");
        }
    import("env", "wide", 'w', "wide"); // one to wrap there always is
    const std::size_t imports = callables.size();
    const std::size_t own = 1 + below(6);
    const std::size_t padding = below(3) == 0 ? 130 : 0; // so that indices take two bytes
    for (std::size_t i = 0; i < own; ++i)
        callables.push_back({"$f" + std::to_string(i), 'p'});
    const auto any = [&] { return callables[below(callables.size())]; };
    // A table's functions may call what stands behind them only, or a call might never end.
    const auto any_import = [&] { return callables[below(imports)]; };

    text += "(memory (export \"memory\") 1)\n";
    std::vector<Callable> slots;
    for (int i = 0; i < 6; ++i)
        slots.push_back(any_import());
    text += "(table $table 8 funcref)\n(table $other 3 funcref (ref.func " + any().name + "))\n";
    text += "(elem (i32.const 0) func " + slots[0].name + " " + slots[1].name + ")\n";
    text += "(elem (i32.const 2) funcref (ref.func " + slots[2].name + ") (ref.null func))\n";
    slots[3].type = '0';
    text += "(elem (table $other) (i32.const 1) func " + any().name + ")\n";
    text += "(elem (table $other) (i32.const 2) funcref (ref.func " + any().name + "))\n";
    text += "(elem $plain func " + slots[4].name + " " + any().name + ")\n";
    text += "(elem $expressions funcref (ref.null func) (ref.func " + slots[5].name + "))\n";
    text += "(elem declare funcref (ref.func " + any().name + "))\n(elem declare func";
    for (const Callable& callable : callables)
        text += " " + callable.name;
    text += ")\n(global $reference funcref (ref.func " + any().name + "))\n";
    text += "(global $number (mut i32) (i32.const 77))\n";
    for (int i = 0; i < 3; ++i)
        text += "(export \"again" + std::to_string(i) + "\" (func " + any().name + "))\n";
    for (std::size_t i = 0; i < padding; ++i)
        text += "(func)\n";
    text += "(data (i32.const 8) \"data\")\n";

    const auto value = [&] {
        return below(2) == 0 ? std::string("(local.get 0)") : "(i32.const " + std::to_string(below(90)) + ")";
    };
    const auto arguments = [&](char type) {
        switch (type) {
        case 'p':
            return value() + value();
        case 'w':
            return "(i64.extend_i32_u (i32.and " + value() + "(i32.const 63)))";
        case 'q':
            return value();
        default:
            return std::string();
        }
    };
    const auto type_name = [](char type) {
        return type == 'p' ? "$pair" : type == 'w' ? "$wide" : type == 'q' ? "$quiet" : "$bare";
    };
    const auto keep = [](char type, const std::string& call) {
        if (type == 'q') return call + "\n";
        if (type == 'w') return "(local.set 0 (i32.wrap_i64 " + call + "))\n";
        return "(local.set 0 " + call + ")\n";
    };
    const auto statement = [&](std::size_t first) {
        const bool calls_own = below(4) == 0 && first < callables.size();
        const Callable target =
            calls_own ? callables[first + below(callables.size() - first)] : any_import();
        switch (below(4)) {
        case 0: {
            const std::size_t slot = below(slots.size());
            const char type = slots[slot].type;
            if (type == '0') return "(drop (ref.is_null (table.get $table (i32.const 3))))\n" + std::string();
            return keep(type, "(call_indirect $table (type " + std::string(type_name(type)) + ") " +
                                  arguments(type) + "(i32.const " + std::to_string(slot) + "))");
        }
        case 1:
            return keep(target.type, "(call_ref " + std::string(type_name(target.type)) + " " +
                                         arguments(target.type) + "(ref.func " + target.name + "))");
        default:
            return keep(target.type, "(call " + target.name + " " + arguments(target.type) + ")");
        }
    };
    for (std::size_t i = 0; i < own; ++i) {
        const std::size_t first = imports + i + 1; // what it may call
        text += "(func $f" + std::to_string(i) + " (type $pair) (local i64)\n";
        for (auto statements = below(5); statements > 0; --statements)
            text += statement(first);
        text += "(i32.store offset=16 (i32.and (local.get 0) (i32.const 255)) (local.get 1))\n";
        const Callable tail = any_import();
        if (tail.type == 'p' && below(2) == 0)
            text += "(return_call " + tail.name + " (local.get 0) (i32.const 5))";
        else
            text += "(local.get 0)";
        text += ")\n";
    }
    text += R"((func $start (local i32)
      (table.init $table $plain (i32.const 4) (i32.const 0) (i32.const 1))
      (table.init $table $expressions (i32.const 5) (i32.const 1) (i32.const 1)))";
    if (below(2) == 0) text += statement(imports);
    text += ")\n(start $start)\n(func (export \"run\") (param $seed i64) (result i64) (local $x i64)\n";
    for (std::size_t i = 0; i < own; ++i)
        text += "(local.set $x (i64.add (i64.mul (local.get $x) (i64.const 7)) (i64.extend_i32_u (call $f" +
                std::to_string(i) + " (i32.wrap_i64 (local.get $seed)) (global.get $number)))))\n";
    return text + "(local.get $x)))";
}

/// Same answers, same memories, the same calls of the host. How many of these had to be finished.
int check_equal(const Bytes& before, const Bytes& after, std::string_view name,
                 std::initializer_list<std::uint64_t> arguments) {
    Plugin original(before);
    Plugin rewritten(after);
    for (const std::uint64_t argument : arguments) {
        CAPTURE(argument);
        CHECK(original.call(name, argument) == rewritten.call(name, argument));
    }
    CHECK(original.host_calls() == rewritten.host_calls());
    CHECK(original.own_memory() == rewritten.own_memory());
    CHECK(original.kernel_memory() == rewritten.kernel_memory());
    return rewritten.finished();
}

Bytes rewritten_module(const Bytes& module) {
    auto made = rewrite(module, rows());
    REQUIRE(made.has_value());
    REQUIRE(is_valid(*made));
    return *std::move(made);
}

TEST_CASE("a compiled plugin computes the same before and after") {
    const Bytes plugin = read_guest("module_rewriter_plugin.wasm");
    const Bytes rewritten = rewritten_module(plugin);

    check_equal(plugin, rewritten, "run", {0, 1, 7, 8, 9, 63, 64, 1000, 32768, 5});
    check_equal(plugin, rewritten, "sum_words", {1});
    check_equal(plugin, rewritten, "copy_words", {1});
}

TEST_CASE(
    "an access beyond the kernel's memory traps before and after, whatever the high half says") {
    const Bytes plugin = read_guest("module_rewriter_plugin.wasm");
    const Bytes rewritten = rewritten_module(plugin);

    for (const std::uint64_t offset :
         {std::uint64_t{0}, std::uint64_t{65528}, std::uint64_t{65529}, std::uint64_t{65536},
          (std::uint64_t{1} << 32) + 64, ~std::uint64_t{0}, std::uint64_t{0xffffffff}}) {
        check_equal(plugin, rewritten, "peek", {offset});
        check_equal(plugin, rewritten, "poke", {offset});
    }
    CHECK_FALSE(Plugin(rewritten).call("peek", 65529).has_value());
    CHECK(Plugin(rewritten).call("peek", 65528).has_value());
}

TEST_CASE("every instruction that names a memory goes on meaning the plugin's own") {
    const Bytes module = assemble(every_instruction());
    REQUIRE(is_valid(module));

    check_equal(module, rewritten_module(module), "run", {0});
}

TEST_CASE("calls become memory instructions, and only the four functions' calls") {
    const Bytes module = assemble(R"((module
      (import "extism:host/env" "load_u64" (func $load (param i64) (result i64)))
      (import "env" "store_u8" (func $other (param i64 i32)))
      (func (param i64)
        (call $other (call $load (local.get 0)) (i32.const 1)))))");
    const Bytes expected = assemble(R"((module
      (import "extism:host/env" "load_u64" (func $load (param i64) (result i64)))
      (import "env" "store_u8" (func $other (param i64 i32)))
      (import "extism:host/env" "memory" (memory 1))
      (func (param i64)
        (call $other (i64.load align=1 (i32.wrap_i64 (local.get 0))) (i32.const 1)))))");

    CHECK(rewritten_module(module) == expected);
}

TEST_CASE("stores keep the value aside in a local of its type, made once a function") {
    const Bytes module = assemble(R"((module
      (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
      (import "extism:host/env" "store_u64" (func $store_u64 (param i64 i64)))
      (func (param i64) (local f32)
        (call $store_u8 (local.get 0) (i32.const 1))
        (call $store_u64 (local.get 0) (i64.const 2))
        (call $store_u8 (local.get 0) (i32.const 3)))))");
    const Bytes expected = assemble(R"((module
      (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
      (import "extism:host/env" "store_u64" (func $store_u64 (param i64 i64)))
      (import "extism:host/env" "memory" (memory 1))
      (func (param i64) (local f32) (local $byte i32) (local $word i64)
        local.get 0 i32.const 1 local.set $byte i32.wrap_i64 local.get $byte i32.store8
        local.get 0 i64.const 2 local.set $word i32.wrap_i64 local.get $word i64.store align=1
        local.get 0 i32.const 3 local.set $byte i32.wrap_i64 local.get $byte i32.store8)))");

    // The assembler names locals in a custom section; the rest is equal.
    const Bytes made = rewritten_module(module);
    REQUIRE(made.size() <= expected.size());
    CHECK(std::equal(made.begin(), made.begin() + 150, expected.begin()));
}

TEST_CASE("a module with nothing to gain or with something unknown is left alone") {
    const std::string load =
        R"((import "extism:host/env" "load_u8" (func $load (param i64) (result i32))))";
    const std::string use = "(func (drop (call $load (i64.const 0))))";
    REQUIRE(rewrite(assemble("(module " + load + use + ")"), rows()).has_value());

    for (
        const std::string& text : std::vector<std::string>{
            "(module)",
            "(module (memory 1) (func (drop (i32.load (i32.const 0)))))",
            "(module " + load + ")",
            "(module " + load +
                " (func (param i64) (result i32) (return_call $load (local.get 0))))",
            R"((module (import "env" "load_u8" (func $load (param i64) (result i32))))" + use + ")",
            "(module " + load + R"((import "env" "memory" (memory 1)))" + use + ")",
            "(module " + load + "(memory 1) (memory 1)" + use + ")",
            "(module " + load + "(memory i64 1)" + use + ")",
            "(module " + load + "(memory 1 1 shared)" + use + ")",
            "(module (type (struct (field i32)))" + load + use + ")",
            R"((module (import "extism:host/env" "load_u8" (func $load (param i64) (result i64))))" +
                use + ")",
            R"((module (import "extism:host/env" "load_u8" (func $load (param i32) (result i32)))
                        (func (drop (call $load (i32.const 0))))))",
            "(component)",
        }) {
        CAPTURE(text);
        CHECK_FALSE(rewrite(assemble(text), rows()).has_value());
    }
    CHECK_FALSE(rewrite({}, rows()).has_value());
    const std::string_view component("\0asm\x0d\0\1\0", 8);
    CHECK_FALSE(rewrite(std::as_bytes(std::span(component)), rows()).has_value());
}

TEST_CASE("names stay, what speaks of code offsets goes") {
    Bytes module = assemble(
        R"((module (import "extism:host/env" "load_u8" (func $load (param i64) (result i32)))
        (func $named (drop (call $load (i64.const 0))))))");
    for (const std::string_view name : {".debug_line", "producers", "sourceMappingURL"}) {
        module.push_back(std::byte{0});
        module.push_back(std::byte(name.size() + 3));
        module.push_back(std::byte(name.size()));
        for (const char letter : name)
            module.push_back(std::byte(letter));
        module.push_back(std::byte{1});
        module.push_back(std::byte{2});
    }

    const Bytes made = rewritten_module(module);

    const std::string_view text(reinterpret_cast<const char*>(made.data()), made.size());
    CHECK(text.find("named") != text.npos);
    CHECK(text.find("producers") != text.npos);
    CHECK(text.find(".debug_line") == text.npos);
    CHECK(text.find("sourceMappingURL") == text.npos);
}

TEST_CASE("every truncation of a module is refused or stays valid") {
    for (const Bytes& module :
         {read_guest("module_rewriter_plugin.wasm"), assemble(every_instruction()),
          assemble(random_module(1)), assemble(random_module(2))}) {
        for (std::size_t length = 0; length < module.size(); ++length) {
            // Exactly as long as it claims, so that a sanitizer sees a step beyond.
            const Bytes cut(module.begin(), module.begin() + static_cast<std::ptrdiff_t>(length));
            const auto made = rewrite(cut, rows());
            if (made) CHECK((may_be_rewritten(cut) && is_valid(cut) == is_valid(*made)));
        }
    }
}

TEST_CASE(
    "bytes flipped at random never crash it, nor make an invalid module valid or the reverse") {
    std::mt19937 random(3);
    int rewritten = 0;
    int valid = 0;
    for (const Bytes& module :
         {read_guest("module_rewriter_plugin.wasm"), assemble(every_instruction()),
          assemble(random_module(1)), assemble(random_module(2))}) {
        for (int round = 0; round < 6000; ++round) {
            CAPTURE(round);
            Bytes changed = module;
            for (auto flips = 1 + random() % 3; flips > 0; --flips)
                changed[random() % changed.size()] = std::byte(random());
            const auto made = rewrite(changed, rows());
            if (!made) continue;
            ++rewritten;
            const bool was_valid = is_valid(changed);
            if (was_valid) ++valid;
            REQUIRE(is_valid(*made) == was_valid);
            REQUIRE(may_be_rewritten(changed));
        }
    }
    CHECK(rewritten > 1000);
    CHECK(valid > 100);
}

// --- wrappers ---

TEST_CASE("a host function that may wait is imported in halves, and a function takes its place") {
    const Bytes module = assemble(R"((module
      (import "env" "pair" (func $pair (param i32 i32) (result i32)))
      (import "env" "now" (func $now (param i32 i32) (result i32)))
      (import "env" "quiet" (func $quiet (param i32)))
      (table 2 funcref)
      (export "pair" (func $pair))
      (elem (i32.const 0) func $own $quiet)
      (func $own (result i32)
        (call $quiet (call $now (i32.const 1) (i32.const 2)))
        (return_call $pair (i32.const 3) (i32.load (i32.const 4))))
      (memory 1)))");
    const Bytes expected = assemble(R"((module
      (type (func (param i32 i32) (result i32)))
      (type (func (param i32)))
      (type (func (result i32)))
      (type $begin_pair (func (param i32 i32) (result i32 i32)))
      (type $begin_quiet (func (param i32) (result i32)))
      (type $finish_nothing (func))
      (type $finish_i32 (func (result i32)))
      (import "begin:env" "pair" (func (;0;) (type $begin_pair)))
      (import "env" "now" (func $now (param i32 i32) (result i32)))
      (import "begin:env" "quiet" (func (;2;) (type $begin_quiet)))
      (import "finish" "nothing" (func (;3;) (type $finish_nothing)))
      (import "finish" "i32" (func (;4;) (type $finish_i32)))
      (table 2 funcref)
      (export "pair" (func $pair))
      (elem (i32.const 0) func $own $quiet)
      (func $own (result i32)
        (call $quiet (call $now (i32.const 1) (i32.const 2)))
        (return_call $pair (i32.const 3) (i32.load (i32.const 4))))
      (func $pair (type 0)
        (br_if 0 (call 0 (local.get 0) (local.get 1))) drop (call 4))
      (func $quiet (type 1)
        (br_if 0 (call 2 (local.get 0))) (call 3))
      (memory 1)))");

    const Bytes made = rewritten_module(module);

    // The assembler names the types too, behind the functions; the rest is equal.
    REQUIRE(made.size() <= expected.size());
    const auto same = std::ranges::mismatch(made, expected).in1 - made.begin();
    const std::string_view text(reinterpret_cast<const char*>(made.data()), made.size());
    const auto name_section = text.find("\4name");
    CHECK(same + 1 >= static_cast<std::ptrdiff_t>(name_section)); // the byte before is their size
}

TEST_CASE("modules made at random call the host in the same way before and after") {
    int finished = 0;
    for (unsigned seed = 1; seed <= 100; ++seed) {
        CAPTURE(seed);
        const Bytes module = assemble(random_module(seed));
        REQUIRE(is_valid(module));
        const Bytes rewritten = rewritten_module(module);

        finished += check_equal(module, rewritten, "run", {seed, 1, 0});
    }
    CHECK(finished > 300);
}

TEST_CASE("functions keep their names in a back trace, and a wrapper has its import's") {
    const Bytes module = assemble(R"((module
      (import "env" "quiet" (func $imported (param i32)))
      (import "env" "bare" (func $bare (result i32)))
      (memory (export "memory") 1)
      (func $innermost (unreachable))
      (func $middle (param $named_local i64) (call $imported (i32.const 1)) (call $innermost))
      (func (export "run") (param i64) (result i64)
        (call $middle (local.get 0)) (i64.const 0))))");

    Plugin original(module);
    Plugin rewritten(rewritten_module(module));

    CHECK_FALSE(original.call("run", 0).has_value());
    CHECK_FALSE(rewritten.call("run", 0).has_value());
    CHECK(original.trace() == "innermost middle ? ");
    CHECK(rewritten.trace() == original.trace());
    const Bytes bytes = rewritten_module(module);
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    CHECK(text.find("\x08imported") != text.npos);
    CHECK(text.find("named_local") == text.npos);
}

TEST_CASE("who imports from the reserved modules, or has no function of its own, is left alone") {
    const std::string import = R"((import "env" "quiet" (func $quiet (param i32))))";
    const std::string use = "(func (call $quiet (i32.const 1)))";
    REQUIRE(rewrite(assemble("(module " + import + use + ")"), rows()).has_value());

    for (const char* own : {R"((import "finish" "i32" (func (result i32))))",
                                   R"((import "begin:env" "quiet" (func (param i32) (result i32))))",
                                   R"((import "extism:host/env" "memory" (func)))",
                                   R"((import "extism:host/env" "memory" (memory 1)))"}) {
        CAPTURE(own);
        const Bytes module = assemble("(module " + import + own + use + ")");
        CHECK_FALSE(may_be_rewritten(module));
        CHECK_FALSE(rewrite(module, rows()).has_value());
    }
    CHECK_FALSE(may_be_rewritten(assemble("(module)")));
    CHECK_FALSE(may_be_rewritten({}));
    CHECK(may_be_rewritten(assemble("(module " + import + use + ")")));
    for (const std::string& text : std::vector<std::string>{
             "(module " + import + ")",
             "(module " + import + R"((export "again" (func $quiet))))",
             R"((module (import "env" "quiet" (func $quiet (param i64))) (func (call $quiet (i64.const 1)))))",
             R"((module (import "env" "quiet" (func $quiet (param i32) (result i32)))
                        (func (drop (call $quiet (i32.const 1))))))",
             R"((module (import "other" "quiet" (func $quiet (param i32))))" + use + ")",
             R"((module (import "env" "now" (func $now (param i32 i32) (result i32)))
                        (func (drop (call $now (i32.const 1) (i32.const 2))))))",
             "(module " + import + R"((import "env" "memory" (memory 1)))" + use + ")",
         }) {
        CAPTURE(text);
        CHECK_FALSE(rewrite(assemble(text), rows()).has_value());
    }
    CHECK_FALSE(rewrite(assemble("(module " + import + use + ")"), {}).has_value());
}

/// CPU time of this thread in nanoseconds: what others do on the machine hardly counts.
double cpu_nanoseconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

TEST_CASE("measured: kernel memory word by word, 64 KiB, before and after" * doctest::skip()) {
    const Bytes module = read_guest("module_rewriter_plugin.wasm");
    Plugin original(module);
    Plugin rewritten(rewritten_module(module));
    constexpr std::uint64_t rounds = 200;
    for (const char* name : {"sum_words", "fill_words", "copy_words"}) {
        double best[2] = {1e9, 1e9};
        for (int run = 0; run < 25; ++run)
            for (const int which : {0, 1}) {
                Plugin& plugin = which == 0 ? original : rewritten;
                const double start = cpu_nanoseconds();
                plugin.call(name, rounds);
                best[which] =
                    std::min(best[which], (cpu_nanoseconds() - start) / (rounds * 8192.0));
            }
        std::printf("%-10s  %.2f ns / 8 B by calls, %.2f inlined\n", name, best[0], best[1]);
    }
    const double start = cpu_nanoseconds();
    for (int run = 0; run < 1000; ++run)
        (void)rewrite(module, rows());
    std::printf("rewriting   %.0f MB/s\n",
                1e6 * static_cast<double>(module.size()) / (cpu_nanoseconds() - start));
}

} // namespace
} // namespace hws::host::engine
