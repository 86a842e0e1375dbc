// kernel.wasm under Wasmtime, beside the native view of the same heap.

#include "kernel/heap.hpp"
#include "kernel/kernel.hpp"
#include "native_memory.hpp"

#include <cstring>
#include <doctest/doctest.h>
#include <initializer_list>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>
#include <wasmtime.h>

namespace hws::kernel {
namespace {

using test::NativeMemory;

/// The embedded module in a store of its own.
class WasmKernel {
public:
    WasmKernel()
        : engine_(wasm_engine_new()), store_(wasmtime_store_new(engine_, nullptr, nullptr)) {
        wasmtime_module_t* module = nullptr;
        const auto bytes = wasm();
        REQUIRE(wasmtime_module_new(engine_, reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                    bytes.size(), &module) == nullptr);
        wasm_trap_t* trap = nullptr;
        REQUIRE(wasmtime_instance_new(context(), module, nullptr, 0, &instance_, &trap) == nullptr);
        REQUIRE(trap == nullptr);
        wasmtime_module_delete(module);
    }
    ~WasmKernel() {
        wasmtime_store_delete(store_);
        wasm_engine_delete(engine_);
    }
    WasmKernel(const WasmKernel&) = delete;
    WasmKernel& operator=(const WasmKernel&) = delete;

    /// Calls an export; nothing when it trapped. Arguments follow the export's own types.
    std::optional<std::uint64_t> call(const char* name,
                                      std::initializer_list<std::uint64_t> arguments = {}) {
        wasmtime_extern_t item;
        REQUIRE_MESSAGE(
            wasmtime_instance_export_get(context(), &instance_, name, std::strlen(name), &item),
            name);
        REQUIRE(item.kind == WASMTIME_EXTERN_FUNC);
        wasm_functype_t* type = wasmtime_func_type(context(), &item.of.func);
        const wasm_valtype_vec_t* params = wasm_functype_params(type);
        REQUIRE(params->size == arguments.size());
        std::vector<wasmtime_val_t> values;
        for (const std::uint64_t argument : arguments) {
            wasmtime_val_t value{};
            value.kind = wasm_valtype_kind(params->data[values.size()]) == WASM_I32 ? WASMTIME_I32
                                                                                    : WASMTIME_I64;
            if (value.kind == WASMTIME_I32)
                value.of.i32 = static_cast<std::int32_t>(argument);
            else
                value.of.i64 = static_cast<std::int64_t>(argument);
            values.push_back(value);
        }
        const std::size_t results = wasm_functype_results(type)->size;
        wasm_functype_delete(type);
        wasmtime_val_t result{};
        wasm_trap_t* trap = nullptr;
        REQUIRE(wasmtime_func_call(context(), &item.of.func, values.data(), values.size(), &result,
                                   results, &trap) == nullptr);
        if (trap != nullptr) {
            wasm_trap_delete(trap);
            return std::nullopt;
        }
        if (results == 0) return 0;
        return result.kind == WASMTIME_I32 ? static_cast<std::uint32_t>(result.of.i32)
                                           : static_cast<std::uint64_t>(result.of.i64);
    }

    /// The host's view of this very instance.
    KernelView view() {
        Memory memory{nullptr, 0, &grow, this};
        refresh(memory);
        return KernelView(memory);
    }

private:
    wasmtime_context_t* context() { return wasmtime_store_context(store_); }

    wasmtime_memory_t linear_memory() {
        wasmtime_extern_t item;
        REQUIRE(wasmtime_instance_export_get(context(), &instance_, "memory", 6, &item));
        REQUIRE(item.kind == WASMTIME_EXTERN_MEMORY);
        return item.of.memory;
    }

    void refresh(Memory& memory) {
        const wasmtime_memory_t linear = linear_memory();
        memory.base = reinterpret_cast<std::byte*>(wasmtime_memory_data(context(), &linear));
        memory.size = wasmtime_memory_data_size(context(), &linear);
    }

    static bool grow(Memory& memory, std::uint32_t pages) {
        auto& self = *static_cast<WasmKernel*>(memory.context);
        const wasmtime_memory_t linear = self.linear_memory();
        std::uint64_t before = 0;
        if (wasmtime_error_t* error =
                wasmtime_memory_grow(self.context(), &linear, pages, &before)) {
            wasmtime_error_delete(error);
            return false;
        }
        self.refresh(memory);
        return true;
    }

    wasm_engine_t* engine_;
    wasmtime_store_t* store_;
    wasmtime_instance_t instance_{};
};

TEST_CASE("the module needs one page, has neither imports, data, table nor globals, and is small") {
    const auto bytes = wasm();
    CHECK(bytes.size() < 6000);
    std::size_t at = 8;
    while (at < bytes.size()) {
        const auto id = std::to_integer<unsigned>(bytes[at++]);
        std::size_t length = 0;
        for (unsigned shift = 0;; shift += 7) {
            const auto byte = std::to_integer<std::size_t>(bytes[at++]);
            length |= (byte & 0x7f) << shift;
            if (byte < 0x80) break;
        }
        for (const unsigned unwanted : {0u, 2u, 4u, 6u, 8u, 9u, 11u})
            CHECK(id != unwanted);
        at += length;
    }
    CHECK(at == bytes.size());
    WasmKernel kernel;
    CHECK(kernel.view().memory_bytes() == 65536);
}

TEST_CASE("wasm and native heap give identical answers to the same operations") {
    for (unsigned seed = 1; seed <= 5; ++seed) {
        CAPTURE(seed);
        std::mt19937 random(seed);
        WasmKernel wasm_kernel;
        NativeMemory memory;
        auto native = memory.view();
        std::vector<std::uint64_t> offsets{0, 16, 12345};

        for (int step = 0; step < 3000; ++step) {
            const auto offset = offsets[random() % offsets.size()];
            const auto roll = random() % 100;
            if (roll < 50) {
                std::uint64_t bytes = random() % 500;
                if (random() % 50 == 0) bytes = random() % 1'000'000;
                if (random() % 500 == 0) bytes = std::uint64_t{1} << 40;
                const auto expected = native.alloc(bytes);
                REQUIRE(wasm_kernel.call("alloc", {bytes}) == expected);
                offsets.push_back(expected);
            } else if (roll < 85) {
                native.free(offset);
                REQUIRE(wasm_kernel.call("free", {offset}) == 0);
            } else if (roll < 99) {
                const auto expected = native.length(offset);
                REQUIRE(wasm_kernel.call("length", {offset}) == expected);
                if (expected != 0) REQUIRE(wasm_kernel.call("length_unsafe", {offset}) == expected);
            } else if (random() % 10 == 0) {
                native.reset();
                REQUIRE(wasm_kernel.call("reset") == 0);
            }
            REQUIRE(wasm_kernel.call("memory_bytes") == native.memory_bytes());
        }
        const auto view = wasm_kernel.view();
        REQUIRE(view.memory_bytes() == native.memory_bytes());
        CHECK(std::memcmp(view.memory().base, native.memory().base, layout::control_end) == 0);
    }
}

TEST_CASE("host and plugin take turns on one heap") {
    WasmKernel kernel;
    std::vector<std::uint64_t> offsets;
    for (int round = 0; round < 200; ++round) {
        auto view = kernel.view();
        const auto by_host = view.alloc(static_cast<std::uint64_t>(round) * 100);
        const auto by_plugin = kernel.call("alloc", {static_cast<std::uint64_t>(round) * 70});
        REQUIRE(by_plugin.has_value());
        for (const auto offset : offsets)
            REQUIRE((offset != by_host && offset != *by_plugin));
        CHECK(kernel.call("length", {by_host}) == static_cast<std::uint64_t>(round) * 100);
        CHECK(kernel.view().length(*by_plugin) == static_cast<std::uint64_t>(round) * 70);
        if (round % 3 == 0) {
            kernel.view().free(*by_plugin);
            CHECK(kernel.call("length", {*by_plugin}) == 0);
            kernel.call("free", {by_host});
            CHECK(kernel.view().length(by_host) == 0);
        } else {
            offsets.push_back(by_host);
            offsets.push_back(*by_plugin);
        }
    }
}

TEST_CASE("a call's input, output and error go from host to plugin and back") {
    WasmKernel kernel;
    const std::string_view input = "0123456789";
    REQUIRE(kernel.view().set_input(std::as_bytes(std::span(input))));

    CHECK(kernel.call("input_length") == 10);
    const auto input_offset = kernel.call("input_offset").value();
    CHECK(kernel.call("length", {input_offset}) == 10);
    CHECK(kernel.call("input_load_u8", {9}) == '9');
    CHECK(kernel.call("input_load_u8", {10}) == 0);
    CHECK(kernel.call("input_load_u8", {~std::uint64_t{0}}) == 0);
    CHECK(kernel.call("input_load_u64", {2}) == 0x3938373635343332);
    CHECK(kernel.call("input_load_u64", {3}) == 0);
    CHECK(kernel.call("input_load_u64", {~std::uint64_t{7}}) == 0);

    const auto block = kernel.call("alloc", {3}).value();
    kernel.call("store_u64", {block, 0x636261});
    CHECK(kernel.call("load_u8", {block + 1}) == 'b');
    kernel.call("store_u8", {block, 'z'});
    CHECK(kernel.call("load_u64", {block}) == 0x63627a);
    kernel.call("output_set", {block, 3});
    kernel.call("error_set", {block});
    kernel.call("free", {block});

    const auto view = kernel.view();
    const auto output = view.output();
    CHECK(std::string_view(reinterpret_cast<const char*>(output.data()), output.size()) == "zbc");
    CHECK(view.error() == "zbc");
    CHECK(kernel.call("error_get") == block);
    CHECK(kernel.call("output_offset") == block);
    CHECK(kernel.call("output_length") == 3);

    kernel.call("error_set", {0});
    CHECK_FALSE(kernel.view().has_error());
    kernel.call("input_set", {0, 0});
    CHECK(kernel.call("input_length") == 0);
    CHECK(kernel.call("input_load_u64", {0}) == 0);
}

TEST_CASE("an access beyond the memory traps, and the offset's high half does not count") {
    WasmKernel kernel;
    CHECK_FALSE(kernel.call("load_u8", {65536}).has_value());
    CHECK_FALSE(kernel.call("load_u64", {65529}).has_value());
    CHECK_FALSE(kernel.call("store_u8", {0xffffffff, 1}).has_value());
    CHECK_FALSE(kernel.call("store_u64", {65530, 1}).has_value());
    CHECK(kernel.call("load_u8", {(std::uint64_t{1} << 32) + 65535}) == 0);
}

} // namespace
} // namespace hws::kernel
