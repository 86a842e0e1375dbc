#include "assemble.hpp"
#include "plugin_fixture.hpp"
#include "support/echo_server.hpp"

#include <doctest/doctest.h>

using namespace hws;
using namespace hws::host;
using namespace hws::test;
using namespace std::chrono_literals;

namespace {

Limits call_limit(std::chrono::milliseconds time) {
    Limits limits;
    limits.call_time = time;
    return limits;
}

} // namespace

TEST_SUITE_BEGIN("limits");

TEST_CASE("a spinning plugin lets the others go on, and is stopped at its limit with a back trace") {
    for (const char* spin : {"spin", "spin_in_host"}) {
        CAPTURE(spin);
        TestPlugin spinning("misbehave", {.limits = call_limit(1s)});
        TestPlugin other("net_raw");
        EchoServer server;
        other.call("empty");
        auto stuck = spinning.begin(spin);
        // Another plugin's calls, waits included, complete while it spins.
        for (int i = 0; i < 3; ++i)
            CHECK(other.call("tcp_echo", server.address() + "\nhello") == "hello");
        CHECK(stuck.wait_for(0s) == std::future_status::timeout);
        const auto result = stuck.get();
        REQUIRE_FALSE(result.has_value());
        CHECK(result.error() == Errc::timed_out);
        CAPTURE(result.error().context());
        CHECK(contains(result.error().context(), "1000 ms"));
        CHECK(contains(result.error().context(), "spin"));
        CHECK(spinning.call("good") == "good");
    }
}

TEST_CASE("two plugins that spin share the thread") {
    TestPlugin one("misbehave", {.limits = call_limit(700ms)});
    TestPlugin two("misbehave", {.limits = call_limit(700ms)});
    auto first = one.begin("spin");
    auto second = two.begin("spin");
    CHECK(first.get().error() == Errc::timed_out);
    CHECK(second.get().error() == Errc::timed_out);
    CHECK(one.call("good") == "good");
    CHECK(two.call("good") == "good");
}

TEST_CASE("the call's limit counts while the plugin is parked in a host function too") {
    EchoServer silent({.behaviour = Behaviour::say_nothing});
    Limits limits = call_limit(200ms);
    limits.v1_socket_wait = 1h;
    limits.v1_http_wait = 1h;
    for (const char* module : {"net_raw", "net_sdk"}) {
        TestPlugin plugin(module, {.limits = limits});
        CHECK(plugin.plugin().call("tcp_wait", std::string_view(silent.address())).error() == Errc::timed_out);
        CHECK(plugin.call("echo", "alive") == "alive");
        CHECK(plugin.plugin().call("udp_echo", std::string_view(silent.address() + "\nx")).error() == Errc::timed_out);
        CHECK(plugin.plugin().call("http", std::string_view("GET http://" + silent.address() + "/")).error() ==
              Errc::timed_out);
        CHECK(plugin.call("echo", "alive") == "alive");
    }
}

TEST_CASE("a plugin whose time ends while it runs does not then wait on") {
    // It spins until just about its limit and then waits: the wait must not begin a life of its own.
    EchoServer silent({.behaviour = Behaviour::say_nothing});
    const auto wat = assemble(R"((module
        (import "env" "icmp_recv" (func $wait (param i32) (result i64)))
        (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
        (memory (export "memory") 1)
        (func $now (result i64) (drop (call $clock (i32.const 1) (i64.const 0) (i32.const 0))) (i64.load (i32.const 0)))
        (func (export "spin_then_wait") (local $end i64)
            (local.set $end (i64.add (call $now) (i64.const 60500000)))
            (loop $again (br_if $again (i64.lt_u (call $now) (local.get $end))))
            (drop (call $wait (i32.const -1))))))");
    const Module module = runtime().load(wat).value();
    for (int microseconds = 58'000; microseconds <= 63'000; microseconds += 500) {
        Limits limits;
        limits.call_time = std::chrono::microseconds(microseconds);
        PluginOptions options;
        options.limits = limits;
        Plugin plugin = runtime().make_plugin(module, options);
        CHECK(plugin.call("spin_then_wait").error() == Errc::timed_out);
    }
}

TEST_CASE("recursion for ever ends with the stack") {
    TestPlugin plugin("misbehave");
    const auto result = plugin.plugin().call("recurse");
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error() == Errc::out_of_stack);
    CHECK(contains(result.error().context(), "recurse"));
    CHECK(result.error().context().size() < 20'000);
    CHECK(plugin.call("good") == "good");
    const auto other = plugin.plugin().call("recurse_with_memory");
    REQUIRE_FALSE(other.has_value());
    CHECK((other.error() == Errc::trapped || other.error() == Errc::out_of_stack));
    CHECK(plugin.call("good") == "good");
}

TEST_CASE("memory ends at the limit, the plugin's own and its kernel's, and nobody else's") {
    Limits limits;
    limits.memory_bytes = 16 << 20;
    TestPlugin other("net_sdk");
    TestPlugin plugin("misbehave", {.limits = limits});
    const std::size_t pages = std::stoul(plugin.call("grow_memory"));
    CHECK(pages > 200);
    CHECK(pages < 256);
    TestPlugin blocks("misbehave", {.limits = limits});
    const std::size_t count = std::stoul(blocks.call("alloc_blocks"));
    CHECK(count >= 12);
    CHECK(count <= 16);
    CHECK(std::stoul(blocks.call("alloc_blocks")) == count);
    CHECK(blocks.call("alloc_huge") == "0 0 0 0");
    CHECK(std::stoul(blocks.call("alloc_tiny_blocks")) > 100'000);
    TestPlugin heap("misbehave", {.limits = limits});
    CHECK(std::stoul(heap.call("malloc_for_ever")) <= 16);
    for (TestPlugin* each : {&plugin, &blocks, &heap}) {
        CHECK(each->call("good") == "good");
        CHECK(each->plugin().statistics().memory_bytes <= 2 * limits.memory_bytes);
    }
    CHECK(other.call("echo", "fine") == "fine");
}

TEST_CASE("a module that asks for more than its limit at the start is told so") {
    Limits limits;
    limits.memory_bytes = 65536;
    const Module module = runtime().load(assemble("(module (memory 2) (func (export \"f\")))")).value();
    PluginOptions options;
    options.limits = limits;
    Plugin plugin = runtime().make_plugin(module, options);
    const auto result = plugin.call("f");
    REQUIRE_FALSE(result.has_value());
    CAPTURE(result.error().message());
    CHECK(result.error() == Errc::out_of_memory);
    CHECK(contains(result.error().context(), "memory"));
}

TEST_CASE("a table grows to its limit") {
    const Module module = runtime()
                              .load(assemble(R"((module
        (import "extism:host/env" "output_set" (func $out (param i64 i64)))
        (table $t 1 funcref)
        (func (export "grow") (result i32)
            (loop $again (br_if $again (i32.ne (table.grow $t (ref.null func) (i32.const 100)) (i32.const -1))))
            (table.size $t))))"))
                              .value();
    PluginOptions options;
    options.limits.table_elements = 1000;
    Plugin plugin = runtime().make_plugin(module, options);
    const auto result = plugin.call("grow");
    // The export's own number is its return code.
    CHECK(result.error() == Errc::plugin_failed);
    CHECK(result.error().context() == "grow returned 901");
}

TEST_CASE("when the pool is full the error says so, and a freed place is taken again") {
    RuntimeOptions options = runtime_options();
    options.max_plugins = 3;
    Runtime small = Runtime::create(options).value();
    const Module module = small.load(bytes_of_module("net_raw")).value();
    std::vector<Plugin> plugins;
    for (int i = 0; i < 3; ++i) {
        plugins.push_back(small.make_plugin(module));
        CHECK(text_of(plugins.back().call("echo", "in")) == "in");
    }
    Plugin late = small.make_plugin(module);
    for (int i = 0; i < 3; ++i) {
        const auto result = late.call("echo", "in");
        REQUIRE_FALSE(result.has_value());
        CAPTURE(result.error().message());
        CHECK(result.error() == Errc::out_of_memory);
        CHECK(contains(result.error().context(), "pool of plugins is full"));
    }
    // The others do not notice.
    CHECK(text_of(plugins[0].call("echo", "still")) == "still");
    for (int round = 0; round < 20; ++round) {
        plugins.pop_back();
        CHECK(text_of(late.call("echo", "now")) == "now");
        CHECK(small.make_plugin(module).call("echo", "no").error() == Errc::out_of_memory);
        plugins.insert(plugins.begin(), std::move(late));
        late = small.make_plugin(module);
    }
}

TEST_CASE("a module that no place of the pool holds runs beside it") {
    RuntimeOptions options = runtime_options();
    options.max_plugins = 2;
    Runtime small = Runtime::create(options).value();
    const std::pair<const char*, const char*> modules[] = {
        {"two memories", R"((module (memory (export "memory") 1) (memory $second 2)
            (func (export "f") (result i32) (memory.size $second) (i32.const 2) i32.ne)))"},
        {"a huge table", R"((module (table 1000000 funcref) (func (export "f") (result i32) (i32.const 0))))"},
        {"many tables", R"((module (table 1 funcref) (table 1 funcref) (table 1 funcref) (table 1 funcref)
            (func (export "f") (result i32) (i32.const 0))))"}};
    for (const auto& [name, wat] : modules) {
        CAPTURE(name);
        const auto module = small.load(assemble(wat));
        REQUIRE_MESSAGE(module.has_value(), module.error().message());
        PluginOptions plugin_options;
        plugin_options.limits.table_elements = 2'000'000;
        Plugin plugin = small.make_plugin(*module, plugin_options);
        const auto result = plugin.call("f");
        CHECK_MESSAGE(result.has_value(), text_of(result));
        // Not bounded by the pool.
        std::vector<Plugin> more;
        for (int i = 0; i < 5; ++i) {
            more.push_back(small.make_plugin(*module, plugin_options));
            CHECK(more.back().call("f").has_value());
        }
    }
    // The limits and the epoch hold there too.
    const Module endless =
        small.load(assemble(R"((module (memory 1) (memory 1) (func (export "spin") (loop $l (br $l)))))")).value();
    PluginOptions plugin_options;
    plugin_options.limits.call_time = 200ms;
    Plugin plugin = small.make_plugin(endless, plugin_options);
    auto spinning = plugin.call_async("spin");
    Plugin pooled = small.make_plugin(small.load(bytes_of_module("net_raw")).value());
    CHECK(text_of(pooled.call("echo", "meanwhile")) == "meanwhile");
    CHECK(spinning.get().error() == Errc::timed_out);
}

TEST_SUITE_END();
