#include "plugin_fixture.hpp"
#include "support/redis_server.hpp"

#include <doctest/doctest.h>

using namespace hws;
using namespace hws::host;
using namespace hws::test;

TEST_SUITE_BEGIN("redis");

TEST_CASE("a plugin speaks RESP to redis") {
    RedisServer redis;
    TestPlugin plugin("net_sdk");
    CHECK(plugin.call("redis", redis.address() +
                                   "\nPING\nSET key value\nGET key\nGET nothing\nINCR n\nINCR n\nRPUSH list a "
                                   "b c\nLRANGE list 0 -1\nINCR key\nDEL key n") ==
          "+PONG\n+OK\n$value\n(nil)\n:1\n:2\n:3\n*3 a b c\n-ERR value is not an integer or out of "
          "range\n:2\n");
}

TEST_CASE("a value of 1 MiB goes in and comes out") {
    RedisServer redis;
    TestPlugin plugin("net_sdk");
    const std::string value(1 << 20, 'v');
    CHECK(plugin.call("redis", redis.address() + "\nSET big " + value + "\nSTRLEN big\nGET big") ==
          "+OK\n:1048576\n$" + value + "\n");
}

TEST_CASE("commands sent in one piece are answered in order") {
    RedisServer redis;
    TestPlugin plugin("net_sdk");
    std::string commands;
    std::string replies;
    for (int i = 1; i <= 1000; ++i) {
        commands += "INCR counter\r\n";
        replies += ":" + std::to_string(i) + "\r\n";
    }
    CHECK(plugin.call("tcp_request", redis.address() + "\n" + commands + "QUIT\r\n") == replies + "+OK\r\n");
}

TEST_CASE("by hand in C and in Rust too") {
    RedisServer redis;
    TestPlugin raw("net_raw");
    const auto results = raw.script({"tcp_connect @" + redis.address(),
                                     "tcp_send $1 @SET%20a%20b%0d%0aGET%20a%0d%0a 999", "tcp_recv $1 5",
                                     "show $3", "tcp_recv $1 100"});
    CHECK(results[1] == "16");
    CHECK(results[3] == "5:+OK%0d%0a");
    if (!has_module("rust_v1")) return;
    TestPlugin rust("rust_v1");
    CHECK(rust.call("execute", "tcp " + redis.address() + " PING\r\n") == "+PONG\r\n");
}

TEST_CASE("many plugins share one redis, side by side") {
    RedisServer redis;
    std::vector<std::unique_ptr<TestPlugin>> plugins;
    std::vector<std::future<Result<Output>>> calls;
    for (int i = 0; i < 20; ++i) {
        plugins.push_back(std::make_unique<TestPlugin>("net_sdk"));
        std::string commands;
        for (int k = 0; k < 20; ++k)
            commands += "\nINCR shared";
        calls.push_back(plugins.back()->begin("redis", redis.address() + commands));
    }
    for (auto& call : calls)
        CHECK(text_of(call.get()).starts_with(":"));
    CHECK(plugins[0]->call("redis", redis.address() + "\nGET shared") == "$400\n");
}

TEST_SUITE_END();
