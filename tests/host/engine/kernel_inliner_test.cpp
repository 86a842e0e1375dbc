#include "engine/kernel_inliner.hpp"
#include "kernel/kernel.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <doctest/doctest.h>
#include <fstream>
#include <iterator>
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

/// A plugin beside its own kernel.
class Plugin {
public:
    explicit Plugin(const Bytes& module) : store_(wasmtime_store_new(engine(), nullptr, nullptr)) {
        wasmtime_context_set_epoch_deadline(context(), 1'000'000);
        wasmtime_linker_t* linker = wasmtime_linker_new(engine());
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
            wasm_trap_delete(trap);
            return std::nullopt;
        }
        return static_cast<std::uint64_t>(result.of.i64);
    }

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

/// Same answers, same memories.
void check_equal(const Bytes& before, const Bytes& after, std::string_view name,
                 std::initializer_list<std::uint64_t> arguments) {
    Plugin original(before);
    Plugin rewritten(after);
    for (const std::uint64_t argument : arguments) {
        CAPTURE(argument);
        CHECK(original.call(name, argument) == rewritten.call(name, argument));
    }
    CHECK(original.own_memory() == rewritten.own_memory());
    CHECK(original.kernel_memory() == rewritten.kernel_memory());
}

Bytes inlined(const Bytes& module) {
    auto made = inline_kernel_calls(module);
    REQUIRE(made.has_value());
    REQUIRE(is_valid(*made));
    return *std::move(made);
}

TEST_CASE("a compiled plugin computes the same before and after") {
    const Bytes plugin = read_guest("kernel_inliner_plugin.wasm");
    const Bytes rewritten = inlined(plugin);

    check_equal(plugin, rewritten, "run", {0, 1, 7, 8, 9, 63, 64, 1000, 32768, 5});
    check_equal(plugin, rewritten, "sum_words", {1});
    check_equal(plugin, rewritten, "copy_words", {1});
}

TEST_CASE(
    "an access beyond the kernel's memory traps before and after, whatever the high half says") {
    const Bytes plugin = read_guest("kernel_inliner_plugin.wasm");
    const Bytes rewritten = inlined(plugin);

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

    check_equal(module, inlined(module), "run", {0});
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

    CHECK(inlined(module) == expected);
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
    const Bytes made = inlined(module);
    REQUIRE(made.size() <= expected.size());
    CHECK(std::equal(made.begin(), made.begin() + 150, expected.begin()));
}

TEST_CASE("a module with nothing to gain or with something unknown is left alone") {
    const std::string load =
        R"((import "extism:host/env" "load_u8" (func $load (param i64) (result i32))))";
    const std::string use = "(func (drop (call $load (i64.const 0))))";
    REQUIRE(inline_kernel_calls(assemble("(module " + load + use + ")")).has_value());

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
        CHECK_FALSE(inline_kernel_calls(assemble(text)).has_value());
    }
    CHECK_FALSE(inline_kernel_calls({}).has_value());
    const std::string_view component("\0asm\x0d\0\1\0", 8);
    CHECK_FALSE(inline_kernel_calls(std::as_bytes(std::span(component))).has_value());
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

    const Bytes made = inlined(module);

    const std::string_view text(reinterpret_cast<const char*>(made.data()), made.size());
    CHECK(text.find("named") != text.npos);
    CHECK(text.find("producers") != text.npos);
    CHECK(text.find(".debug_line") == text.npos);
    CHECK(text.find("sourceMappingURL") == text.npos);
}

TEST_CASE("every truncation of a module is refused or stays valid") {
    for (const Bytes& module :
         {read_guest("kernel_inliner_plugin.wasm"), assemble(every_instruction())}) {
        for (std::size_t length = 0; length < module.size(); ++length) {
            // Exactly as long as it claims, so that a sanitizer sees a step beyond.
            const Bytes cut(module.begin(), module.begin() + static_cast<std::ptrdiff_t>(length));
            const auto made = inline_kernel_calls(cut);
            if (made) CHECK(is_valid(cut) == is_valid(*made));
        }
    }
}

TEST_CASE(
    "bytes flipped at random never crash it, nor make an invalid module valid or the reverse") {
    std::mt19937 random(3);
    int rewritten = 0;
    int valid = 0;
    for (const Bytes& module :
         {read_guest("kernel_inliner_plugin.wasm"), assemble(every_instruction())}) {
        for (int round = 0; round < 6000; ++round) {
            CAPTURE(round);
            Bytes changed = module;
            for (auto flips = 1 + random() % 3; flips > 0; --flips)
                changed[random() % changed.size()] = std::byte(random());
            const auto made = inline_kernel_calls(changed);
            if (!made) continue;
            ++rewritten;
            const bool was_valid = is_valid(changed);
            if (was_valid) ++valid;
            REQUIRE(is_valid(*made) == was_valid);
        }
    }
    CHECK(rewritten > 1000);
    CHECK(valid > 100);
}

/// CPU time of this thread in nanoseconds: what others do on the machine hardly counts.
double cpu_nanoseconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

TEST_CASE("measured: kernel memory word by word, 64 KiB, before and after" * doctest::skip()) {
    const Bytes module = read_guest("kernel_inliner_plugin.wasm");
    Plugin original(module);
    Plugin rewritten(inlined(module));
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
        (void)inline_kernel_calls(module);
    std::printf("rewriting   %.0f MB/s\n",
                1e6 * static_cast<double>(module.size()) / (cpu_nanoseconds() - start));
}

} // namespace
} // namespace hws::host::engine
