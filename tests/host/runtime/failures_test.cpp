#include "assemble.hpp"
#include "plugin_fixture.hpp"

#include <doctest/doctest.h>

using namespace hws;
using namespace hws::host;
using namespace hws::test;
using namespace std::chrono_literals;

namespace {

Error error_of(const Result<Module>& module) {
    REQUIRE_FALSE(module.has_value());
    CHECK_FALSE(module.error().context().empty());
    return module.error();
}

} // namespace

TEST_SUITE_BEGIN("failures");

TEST_CASE("what is not wasm is refused") {
    for (const std::string& text :
         {std::string(), std::string("\0", 1), std::string("\0asm", 4), std::string("\0asm\1\0\0", 7),
          std::string("hello, this is a text and no module"), std::string("\x7f" "ELF\2\1\1\0\0\0\0\0", 12),
          std::string(100'000, '\0'), std::string("(module)")})
        CHECK(error_of(runtime().load(bytes_of(text))) == Errc::bad_module);
    const Error version = error_of(runtime().load(bytes_of(std::string("\0asm\2\0\0\0", 8))));
    CHECK(contains(version.context(), "version"));
    const Error component = error_of(runtime().load(bytes_of(std::string("\0asm\x0d\0\1\0", 8))));
    CAPTURE(component.context());
    CHECK(contains(component.context(), "component"));
    CHECK(error_of(runtime().load_file("/nowhere/plugin.wasm")) == Errc::not_found);
    CHECK(error_of(runtime().load_file("/tmp")) == Errc::io);
}

TEST_CASE("a module cut at any place is refused, or is a shorter module") {
    for (const char* name : {"net_raw", "misbehave"}) {
        const std::vector<std::byte> whole = bytes_of_module(name);
        for (std::size_t part = 0; part < 16; ++part) {
            CAPTURE(part);
            const auto module = runtime().load(std::span(whole).first(whole.size() * part / 16));
            CHECK(error_of(module) == Errc::bad_module);
        }
        CHECK(runtime().load(whole).has_value());
    }
}

TEST_CASE("a module with flipped bytes is refused or runs within its limits") {
    const std::vector<std::byte> whole = bytes_of_module("net_raw");
    std::uint32_t random = 1;
    for (int i = 0; i < 60; ++i) {
        std::vector<std::byte> damaged = whole;
        for (int k = 0; k < 3; ++k) {
            random = random * 1664525 + 1013904223;
            damaged[8 + random % (damaged.size() - 8)] ^= std::byte(1 << (random >> 28 & 7));
        }
        const auto module = runtime().load(damaged);
        if (!module) continue;
        PluginOptions options;
        options.limits.call_time = 200ms;
        options.limits.memory_bytes = 32 << 20;
        Plugin plugin = runtime().make_plugin(*module, options);
        (void)plugin.call("echo", "x");
        (void)plugin.call("script", "length 5\nalloc 10\n");
    }
    TestPlugin good("net_raw");
    CHECK(good.call("echo", "alive") == "alive");
}

TEST_CASE("an import that nobody has is named") {
    for (const auto& [module, name] : {std::pair{"env", "tcp_listen"}, std::pair{"nowhere", "f"},
                                       std::pair{"extism:host/env", "allok"}, std::pair{"wasi_snapshot_preview1", "fd_fly"},
                                       std::pair{"", ""}}) {
        const auto error = error_of(runtime().load(
            assemble(std::string("(module (import \"") + module + "\" \"" + name + "\" (func (param i32))))")));
        CHECK(error == Errc::unknown_import);
        CHECK(contains(error.context(), std::string(module) + "." + name));
    }
    for (const char* import : {R"((import "env" "memory" (memory 1)))", R"((import "env" "table" (table 1 funcref)))",
                               R"((import "env" "g" (global i32)))"}) {
        const auto error = error_of(runtime().load(assemble(std::string("(module ") + import + ")")));
        CHECK(error == Errc::unknown_import);
    }
}

TEST_CASE("an import of another signature is refused, and both are shown") {
    const auto v1 = error_of(runtime().load(assemble(R"((module (import "env" "tcp_connect" (func (param i32) (result i32)))))")));
    CHECK(contains(v1.context(), "env.tcp_connect"));
    CHECK(contains(v1.context(), "(i32) -> i32"));
    CHECK(contains(v1.context(), "(i64) -> i32"));
    for (const char* import :
         {R"((import "env" "tcp_connect" (func (param f64) (result i32))))",
          R"((import "env" "tcp_close" (func)))", R"((import "env" "tcp_connect" (global i32)))",
          R"((import "extism:host/env" "alloc" (func (param i32) (result i32))))",
          R"((import "extism:host/env" "length" (global i64)))",
          R"((import "wasi_snapshot_preview1" "proc_exit" (func (param i64))))"}) {
        CAPTURE(import);
        const auto module = runtime().load(assemble(std::string("(module ") + import + " (func (export \"f\")))"));
        if (module) {
            // Found when it is linked: no call ever runs it.
            Plugin plugin = runtime().make_plugin(*module);
            const auto result = plugin.call("f");
            REQUIRE_FALSE(result.has_value());
            CAPTURE(result.error().message());
            CHECK(result.error() == Errc::bad_module);
        } else {
            CHECK((module.error() == Errc::unknown_import || module.error() == Errc::wrong_signature));
        }
    }
}

TEST_CASE("a missing export offers the nearest names") {
    TestPlugin plugin("net_sdk");
    const auto result = plugin.plugin().call("tcp_ekko");
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error() == Errc::missing_export);
    CHECK(contains(result.error().context(), "tcp_ekko; it has tcp_echo, "));
    CHECK(plugin.plugin().call("").error() == Errc::missing_export);
    CHECK(plugin.plugin().call("memory").error() == Errc::missing_export);
    CHECK(plugin.plugin().call(std::string(1000, 'x')).error() == Errc::missing_export);
    CHECK(plugin.call("echo", "still") == "still");
    CHECK_FALSE(module_of("net_sdk").has_export("tcp_ekko"));
    CHECK(module_of("net_sdk").has_export("tcp_echo"));
    CHECK(module_of("net_raw").dialects() == std::vector<std::string>{"v1", "extism"});
}

TEST_CASE("an export of another signature is not called") {
    TestPlugin plugin("misbehave");
    for (const char* name : {"takes_a_number", "returns_i64"}) {
        const auto result = plugin.plugin().call(name);
        REQUIRE_FALSE(result.has_value());
        CHECK(result.error() == Errc::wrong_signature);
        CHECK(contains(result.error().context(), name));
        CHECK(contains(result.error().context(), "() -> i32"));
    }
    CHECK(plugin.call("returns_nothing") == "nothing");
    CHECK(plugin.call("good") == "good");
}

TEST_CASE("a trap is the error of that call, with the wasm back trace, and the plugin starts afresh") {
    TestPlugin other("net_sdk");
    CHECK(other.call("count") == "global=1 var=1");
    TestPlugin plugin("misbehave");
    for (const auto& [name, reason] :
         {std::pair{"trap_unreachable", "unreachable"}, std::pair{"trap_divide", "divide by zero"},
          std::pair{"trap_out_of_bounds", "out of bounds"}, std::pair{"trap_indirect_call", ""},
          std::pair{"trap_abort", "unreachable"}, std::pair{"store_wild", "out of bounds"}}) {
        CAPTURE(name);
        const auto result = plugin.plugin().call(name);
        REQUIRE_FALSE(result.has_value());
        CAPTURE(result.error().context());
        CHECK(result.error() == Errc::trapped);
        CHECK(contains(result.error().context(), reason));
        CHECK(contains(result.error().context(), "\n"));
        CHECK(contains(result.error().context().substr(result.error().context().find('\n')), name));
        CHECK(plugin.call("good") == "good");
        CHECK(other.call("echo", "fine") == "fine");
    }
    CHECK(other.call("count") == "global=2 var=2");
}

TEST_CASE("variables outlive a trap, globals do not") {
    // Of the SDK's plugin: a trap by growing a variable beyond its limit.
    Limits limits;
    limits.variable_bytes = 100;
    TestPlugin plugin("net_sdk", {.limits = limits});
    CHECK(plugin.call("count") == "global=1 var=1");
    CHECK(contains(plugin.call("var_set", "x\n" + std::string(1000, 'v')), "100 bytes"));
    CHECK(plugin.call("count") == "global=1 var=2");
}

TEST_CASE("return codes, exits and wild outputs are told apart") {
    TestPlugin plugin("misbehave");
    CHECK(plugin.call("return_7") == "plugin_failed: seven");
    CHECK(plugin.call("exit_0") == "before exit");
    CHECK(plugin.call("exit_3") == "plugin_failed: exit code 3");
    // An output outside of the kernel's memory is none; the host reads nothing there.
    for (const char* name : {"output_beyond", "output_wild", "output_overflow"}) {
        CAPTURE(name);
        CHECK(plugin.call(name) == "");
    }
    CHECK(contains(plugin.call("error_wild"), "plugin_failed: "));
    CHECK(contains(plugin.call("error_not_a_block"), "plugin_failed: "));
    // Kernel offsets count modulo 2^32: this one is 0, inside the plugin's own kernel.
    CHECK(contains(plugin.call("load_wild") + ":", ":"));
    TestPlugin raw("net_raw");
    for (const char* access : {"load_u8 0xfffffff0", "load_u64 0xfffffffc", "store_u8 0xffffffff 1", "store_u64 -4 1"}) {
        CAPTURE(access);
        CHECK(raw.plugin().call("script", std::string_view(access)).error() == Errc::trapped);
        CHECK(raw.call("echo", "alive") == "alive");
    }
    CHECK(raw.script({"input_load_u8 -1", "input_load_u64 -1", "input_load_u8 0x100000000", "input_load_u64 0x7fffffffffffffff"}) ==
          std::vector<std::string>{"0", "0", "0", "0"});
    CHECK(plugin.call("free_wild") == "good");
    CHECK(plugin.call("reset_and_go_on") == "good");
    CHECK(plugin.call("print_a_lot") == "");
    CHECK(plugin.call("good") == "good");
}

TEST_CASE("a plugin that overwrites its kernel harms itself only") {
    TestPlugin other("net_sdk");
    CHECK(other.call("count") == "global=1 var=1");
    TestPlugin plugin("misbehave");
    for (int i = 0; i < 5; ++i) {
        (void)plugin.call("store_kernel"); // a success or a trap
        (void)plugin.call("alloc_blocks");
        CHECK(other.call("echo", "fine") == "fine");
    }
    plugin.plugin().cancel();
    CHECK(plugin.call("good") == "good");
    CHECK(other.call("count") == "global=2 var=2");
}

TEST_CASE("a module that traps or leaves before its first call is an error of each call") {
    for (const char* wat :
         {R"((module (func $s unreachable) (start $s) (func (export "f"))))",
          R"((module (func (export "_initialize") unreachable) (func (export "f"))))",
          R"((module (import "wasi_snapshot_preview1" "proc_exit" (func $x (param i32)))
              (func $s (call $x (i32.const 3))) (start $s) (memory (export "memory") 1) (func (export "f"))))",
          R"((module (import "wasi_snapshot_preview1" "proc_exit" (func $x (param i32)))
              (func (export "_initialize") (call $x (i32.const 0))) (func (export "f"))))",
          R"((module (memory 1) (data (i32.const 65536) "x") (func (export "f"))))",
          R"((module (table 1 funcref) (elem (i32.const 1) $f) (func $f (export "f"))))"}) {
        CAPTURE(wat);
        const auto module = runtime().load(assemble(wat));
        REQUIRE_MESSAGE(module.has_value(), module.error().message());
        Plugin plugin = runtime().make_plugin(*module);
        for (int i = 0; i < 2; ++i) {
            const auto result = plugin.call("f");
            REQUIRE_FALSE(result.has_value());
            CAPTURE(result.error().message());
            CHECK((result.error() == Errc::trapped || result.error() == Errc::bad_module));
        }
        CHECK_FALSE(plugin.instantiate().has_value());
    }
    // One that spins at the start is stopped at its limit.
    PluginOptions options;
    options.limits.call_time = 100ms;
    Plugin spinning = runtime().make_plugin(
        runtime().load(assemble(R"((module (func $s (loop $l (br $l))) (start $s) (func (export "f"))))")).value(), options);
    CHECK(spinning.call("f").error() == Errc::timed_out);
    CHECK(spinning.instantiate().error() == Errc::timed_out);
    TestPlugin good("net_sdk");
    CHECK(good.call("echo", "fine") == "fine");
}

TEST_CASE("a start function may call the host") {
    Plugin plugin = runtime().make_plugin(
        runtime()
            .load(assemble(R"((module
        (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
        (import "env" "tcp_connect" (func $connect (param i64) (result i32)))
        (import "env" "icmp_recv" (func $wait (param i32) (result i64)))
        (memory (export "memory") 1)
        (func $s (drop (call $connect (call $alloc (i64.const 3)))) (drop (call $wait (i32.const 1))))
        (start $s) (func (export "f"))))"))
            .value());
    CHECK(text_of(plugin.call("f")) == "");
}

TEST_CASE("two initializers run once, before the first call") {
    Plugin plugin = runtime().make_plugin(runtime()
                                              .load(assemble(R"((module
        (global $n (mut i32) (i32.const 0))
        (func $bump (global.set $n (i32.add (global.get $n) (i32.const 1))))
        (func (export "_initialize") (call $bump))
        (func (export "hs_init") (param i32 i32) (call $bump))
        (func (export "f") (result i32) (i32.sub (global.get $n) (i32.const 2)))))"))
                                              .value());
    CHECK(plugin.call("f").has_value());
    CHECK(plugin.call("f").has_value());
}

TEST_SUITE_END();
