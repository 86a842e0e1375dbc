// Programs in other languages that take a descriptor from dialect v2 and go on with their own
// runtime.

#include "plugin_fixture.hpp"
#include "support/echo_server.hpp"
#include "support/redis_server.hpp"

#include <doctest/doctest.h>

using namespace hws;
using namespace hws::host;
using namespace hws::test;

namespace {

/// The output of a WASI command, and how it ended if that was not well.
std::string run(const std::string& module, std::vector<std::string> arguments) {
    PluginOptions options;
    options.policy = Policy::parse({"allow tcp:loopback:*", "allow tcp-listen:127.0.0.1:0"}).value();
    arguments.insert(arguments.begin(), module);
    options.arguments = std::move(arguments);
    auto output = std::make_shared<std::string>();
    options.stdio = {{}, StdioSink::collect(output, 1 << 20), StdioSink::collect(output, 1 << 20)};
    auto plugin = runtime().make_plugin(module_of(module), std::move(options));
    const auto code = plugin.run();
    if (code && *code == 0) return *output;
    return *output + (code ? "exit " + std::to_string(*code) : code.error().message());
}

} // namespace

TEST_SUITE_BEGIN("languages");

TEST_CASE("std::net of Rust works on a descriptor of dialect v2") {
    if (!has_module("rust_sockets")) return;
    EchoServer server;
    const std::string port = std::to_string(server.port());
    for (const char* host : {"127.0.0.1", "localhost"})
        CHECK(run("rust_sockets", {"echo", host, port}) ==
              "line=ok\nexact=ok\nwould block=ok\nbig=ok\nhalf close=ok\n"
              "smallest number again=ok\n");
    RedisServer redis;
    CHECK(run("rust_sockets", {"redis", "localhost", std::to_string(redis.port())}) ==
          "+OK $4 rust +PONG\n");
    CHECK(run("rust_sockets", {"listen"}) == "accept=ok\n");
}

TEST_CASE("package net of Go works on a descriptor of dialect v2") {
    if (!has_module("go_sockets")) return;
    EchoServer server;
    const std::string port = std::to_string(server.port());
    for (const char* host : {"127.0.0.1", "localhost"})
        CHECK(run("go_sockets", {"echo", host, port}) ==
              "lines=ok\ndeadline=ok\nbig=ok\ngoroutines=ok\n");
    RedisServer redis;
    CHECK(run("go_sockets", {"redis", "localhost", std::to_string(redis.port())}) ==
          "+OK $2 go +PONG\n");
    CHECK(run("go_sockets", {"listen"}) == "accept=ok\n");
}

TEST_SUITE_END();
