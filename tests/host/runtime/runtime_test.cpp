#include "assemble.hpp"
#include "plugin_fixture.hpp"
#include "support/echo_server.hpp"

#include <atomic>
#include <doctest/doctest.h>

using namespace hws;
using namespace hws::host;
using namespace hws::test;
using namespace std::chrono_literals;

namespace {

/// A runtime of the test's own, and a plugin parked in tcp_recv on it for an hour.
struct Parked {
    explicit Parked(const EchoServer& server) {
        PluginOptions options;
        options.policy = Policy::parse({"allow tcp:loopback:*"}).value();
        options.limits.v1_socket_wait = 1h;
        options.limits.call_time = 1h;
        plugin.emplace(runtime->make_plugin(runtime->load(bytes_of_module("net_raw")).value(), options));
        call = plugin->call_async("tcp_wait", bytes_of(server.address()));
    }
    std::optional<Runtime> runtime = Runtime::create(runtime_options()).value();
    std::optional<Plugin> plugin;
    std::future<Result<Output>> call;
};

} // namespace

TEST_SUITE_BEGIN("runtime");

TEST_CASE("a call in progress is canceled when its runtime is closed, and later ones too") {
    EchoServer server({.behaviour = Behaviour::say_nothing});
    Parked parked(server);
    REQUIRE(server.wait_for_connections(1));
    Plugin unused = parked.runtime->make_plugin(parked.runtime->load(bytes_of_module("net_raw")).value());
    auto spinning = unused.call_async("script", bytes_of("icmp_recv -1\n"));
    parked.runtime.reset();
    CHECK(parked.call.get().error() == Errc::canceled);
    CHECK(spinning.get().error() == Errc::canceled);
    for (Plugin* plugin : {&*parked.plugin, &unused}) {
        CHECK(plugin->call("echo").error() == Errc::canceled);
        CHECK(plugin->run().error() == Errc::canceled);
        CHECK(plugin->instantiate().error() == Errc::canceled);
        plugin->cancel();
        CHECK(plugin->statistics().memory_bytes == 0);
    }
}

TEST_CASE("a plugin can be destroyed while it is parked") {
    EchoServer server({.behaviour = Behaviour::say_nothing});
    Parked parked(server);
    REQUIRE(server.wait_for_connections(1));
    parked.plugin.reset();
    CHECK(parked.call.get().error() == Errc::canceled);
}

TEST_CASE("a plugin can be destroyed while it spins, before it began, and after its runtime") {
    PluginOptions options;
    options.limits.call_time = 1h;
    std::future<Result<Output>> spinning;
    {
        Plugin plugin = runtime().make_plugin(module_of("misbehave"), options);
        spinning = plugin.call_async("spin");
        TestPlugin other("net_sdk");
        CHECK(other.call("echo", "meanwhile") == "meanwhile");
    }
    CHECK(spinning.get().error() == Errc::canceled);
    { Plugin unused = runtime().make_plugin(module_of("misbehave"), options); }
    for (int i = 0; i < 100; ++i) {
        auto call = runtime().make_plugin(module_of("net_sdk")).call_async("echo", bytes_of("x"));
        const auto result = call.get();
        CHECK((result.has_value() || result.error() == Errc::canceled));
    }
}

TEST_CASE("cancel ends the call in progress, and the plugin starts afresh") {
    EchoServer server({.behaviour = Behaviour::say_nothing});
    Parked parked(server);
    REQUIRE(server.wait_for_connections(1));
    parked.plugin->cancel();
    CHECK(parked.call.get().error() == Errc::canceled);
    CHECK(text_of(parked.plugin->call("echo", "again")) == "again");

    TestPlugin counter("net_sdk");
    CHECK(counter.call("count") == "global=1 var=1");
    counter.plugin().cancel();
    CHECK(counter.call("count") == "global=1 var=1");
}

TEST_CASE("a second call on a plugin in a call is busy, and harms neither") {
    EchoServer server({.behaviour = Behaviour::say_nothing});
    Parked parked(server);
    REQUIRE(server.wait_for_connections(1));
    CHECK(parked.plugin->call("echo").error() == Errc::busy);
    CHECK(parked.plugin->run().error() == Errc::busy);
    CHECK(parked.plugin->instantiate().error() == Errc::busy);
    server.send(0, "woken");
    CHECK(text_of(parked.call.get()) == "woken");
    CHECK(text_of(parked.plugin->call("echo", "free")) == "free");
}

TEST_CASE("a callback may call again from the loop's thread, a thousand times") {
    TestPlugin plugin("net_sdk");
    std::promise<int> finished;
    std::function<void(int)> step = [&](int n) {
        if (n == 1000) return finished.set_value(n);
        plugin.plugin().call("echo", bytes_of(std::to_string(n)), [&, n](Result<Output> output) {
            if (!output || output->text() != std::to_string(n)) return finished.set_value(-1);
            step(n + 1);
        });
    };
    runtime().post([&] { step(0); });
    CHECK(finished.get_future().get() == 1000);
}

TEST_CASE("a callback may destroy its own plugin and make another") {
    std::promise<std::string> finished;
    auto first = std::make_shared<std::optional<Plugin>>(runtime().make_plugin(module_of("net_sdk")));
    auto second = std::make_shared<std::optional<Plugin>>();
    (*first)->call("echo", bytes_of("one"), [&, first](Result<Output> output) {
        first->reset();
        second->emplace(runtime().make_plugin(module_of("net_raw")));
        (*second)->call("echo", bytes_of("two"), [&, one = text_of(output)](Result<Output> next) {
            const std::string both = one + " " + text_of(next);
            second->reset();
            finished.set_value(both);
        });
    });
    CHECK(finished.get_future().get() == "one two");
}

TEST_CASE("a log callback may use the runtime") {
    PluginOptions options;
    std::promise<std::string> finished;
    std::optional<Plugin> helper = runtime().make_plugin(module_of("net_raw"));
    options.log = [&](LogLevel, std::string_view text) {
        helper->call("echo", bytes_of(text), [&](Result<Output> output) { finished.set_value(text_of(output)); });
    };
    Plugin plugin = runtime().make_plugin(module_of("net_sdk"), std::move(options));
    CHECK(text_of(plugin.call("log", "info\nfrom inside")) == "");
    CHECK(finished.get_future().get() == "from inside");
}

TEST_CASE("calls come from many threads") {
    std::vector<std::thread> threads;
    std::atomic<int> good = 0;
    const Module module = module_of("net_sdk");
    for (int t = 0; t < 8; ++t)
        threads.emplace_back([&, t] {
            Plugin plugin = runtime().make_plugin(module);
            for (int i = 0; i < 50; ++i) {
                const std::string text = std::to_string(t) + "/" + std::to_string(i);
                if (text_of(plugin.call("echo", text)) == text) ++good;
                if (i % 10 == 0) (void)runtime().load(bytes_of_module("misbehave"));
            }
        });
    for (std::thread& thread : threads)
        thread.join();
    CHECK(good == 400);
}

TEST_CASE("no wake-up of the loop is lost when several threads post and wait") {
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([] {
            for (int i = 0; i < 20'000; ++i) {
                std::promise<void> promise;
                auto ran = promise.get_future();
                runtime().post([promise = std::move(promise)]() mutable { promise.set_value(); });
                ran.get();
            }
        });
    for (std::thread& thread : threads)
        thread.join();
}

TEST_CASE("instantiate makes the instance before the first call") {
    TestPlugin plugin("net_sdk");
    CHECK(plugin.plugin().statistics().memory_bytes == 0);
    CHECK(plugin.plugin().instantiate().has_value());
    CHECK(plugin.plugin().instantiate().has_value());
    CHECK(plugin.plugin().statistics().memory_bytes > 0);
    CHECK(plugin.plugin().statistics().calls == 0);
    CHECK(plugin.call("count") == "global=1 var=1");
}

TEST_CASE("plugins and modules outlive their runtime, and runtimes come and go") {
    std::optional<Module> module;
    std::optional<Plugin> plugin;
    for (int i = 0; i < 3; ++i) {
        Runtime other = Runtime::create(runtime_options()).value();
        module = other.load(bytes_of_module("net_sdk")).value();
        plugin = other.make_plugin(*module);
        CHECK(text_of(plugin->call("echo", "here")) == "here");
    }
    CHECK(module->has_export("echo"));
    CHECK(plugin->call("echo").error() == Errc::canceled);
}

TEST_CASE("statistics count calls, host calls, bytes and time") {
    EchoServer server;
    TestPlugin plugin("net_raw");
    CHECK(plugin.call("tcp_echo", server.address() + "\nhello") == "hello");
    CHECK(plugin.call("echo", "x") == "x");
    const PluginStatistics figures = plugin.plugin().statistics();
    CHECK(figures.calls == 2);
    CHECK(figures.host_calls >= 4);
    CHECK(figures.bytes_sent == 5);
    CHECK(figures.bytes_received == 5);
    CHECK(figures.denials == 0);
    CHECK(figures.memory_bytes > 0);
    CHECK(figures.call_time > 0ns);
}

TEST_SUITE_END();
