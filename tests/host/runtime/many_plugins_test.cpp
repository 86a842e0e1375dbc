#include "plugin_fixture.hpp"
#include "support/echo_server.hpp"
#include "support/resources.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <random>

using namespace hws;
using namespace hws::host;
using namespace hws::test;
using namespace std::chrono_literals;

namespace {

// The sanitizers' shadow of the pool is large.
constexpr std::size_t plugin_count = is_sanitized ? 500 : 2000;

} // namespace

TEST_SUITE_BEGIN("many plugins");

TEST_CASE("2,000 plugins wait in tcp_recv on one thread, are woken in random order, and all answer") {
    const std::size_t descriptors = raise_descriptor_limit(2 * plugin_count + 500);
    const std::size_t count = std::min(plugin_count, (descriptors - 100) / 2);
    if (count < plugin_count) MESSAGE("only " << count << " plugins: no more descriptors are granted");

    RuntimeOptions options = runtime_options();
    options.max_plugins = static_cast<std::uint32_t>(count);
    Runtime crowd = Runtime::create(options).value();
    for (const std::string& name : std::vector<std::string>{"net_raw", "net_sdk"}) {
        // One of its own: it keeps its ends of the connections.
        EchoServer server({.behaviour = Behaviour::say_nothing});
        const std::string address = server.address();
        CAPTURE(name);
        const Module module = crowd.load(bytes_of_module(name)).value();
        PluginOptions plugin_options;
        plugin_options.policy = Policy::parse({"allow tcp:" + server.address()}).value();
        // The slowest machine may take its time; the answer is that they all come.
        plugin_options.limits.v1_socket_wait = 10min;
        plugin_options.limits.call_time = 10min;

        const std::size_t before = resident_bytes();
        std::vector<Plugin> plugins;
        std::vector<std::future<Result<Output>>> calls;
        for (std::size_t i = 0; i < count; ++i) {
            plugins.push_back(crowd.make_plugin(module, plugin_options));
            calls.push_back(plugins.back().call_async("tcp_wait", std::as_bytes(std::span(address))));
        }
        const bool all_connected = server.wait_for_connections(count, 60s);
        if (!all_connected) {
            for (auto& call : calls)
                if (call.wait_for(0s) == std::future_status::ready) FAIL(text_of(call.get()));
        }
        REQUIRE(all_connected);
        const std::size_t after = resident_bytes();
        MESSAGE(count << " plugins of " << name << " parked in tcp_recv, resident per plugin: "
                      << (after - std::min(before, after)) / count << " bytes");
        for (auto& call : calls)
            CHECK(call.wait_for(0s) == std::future_status::timeout);

        std::vector<std::size_t> order(count);
        for (std::size_t i = 0; i < count; ++i)
            order[i] = i;
        constexpr unsigned seed = 20'240'607;
        std::ranges::shuffle(order, std::mt19937(seed));
        for (const std::size_t i : order)
            server.send(i, "answer " + std::to_string(i) + "\n");

        // A connection's number is the server's, so each answer is somebody's, and each comes once.
        std::vector<bool> seen(count, false);
        for (auto& call : calls) {
            const Result<Output> output = call.get();
            REQUIRE_MESSAGE(output.has_value(), text_of(output));
            std::string_view text = output->text();
            REQUIRE(text.starts_with("answer "));
            const std::size_t number = std::stoul(std::string(text.substr(7)));
            REQUIRE(number < count);
            CHECK_FALSE(seen[number]);
            seen[number] = true;
        }
        CHECK(std::ranges::count(seen, true) == static_cast<std::ptrdiff_t>(count));
        for (Plugin& plugin : plugins)
            CHECK(plugin.statistics().calls == 1);
    }
}

TEST_SUITE_END();
