#include "plugin_fixture.hpp"
#include "support/echo_server.hpp"
#include "support/resources.hpp"

#include <doctest/doctest.h>
#include <map>

using namespace hws;
using namespace hws::host;
using namespace hws::test;
using namespace std::chrono_literals;

TEST_SUITE_BEGIN("many plugins");

TEST_CASE("1,000 plugins fetch at once: the server answers none before all have asked") {
    constexpr std::size_t wanted = is_sanitized ? 300 : 1000;
    const std::size_t descriptors = raise_descriptor_limit(2 * wanted + 500);
    const std::size_t count = std::min(wanted, (descriptors - 100) / 2);
    if (count < wanted) MESSAGE("only " << count << " plugins: no more descriptors are granted");

    RuntimeOptions options = runtime_options();
    options.max_plugins = static_cast<std::uint32_t>(count);
    Runtime crowd = Runtime::create(options).value();
    for (const std::string name : {"http_sdk", "http_sdk_v1"}) {
        CAPTURE(name);
        EchoServer server({.behaviour = Behaviour::say_nothing});
        const Module module = crowd.load(bytes_of_module(name)).value();
        Setup setup{.runtime = &crowd};
        // The slowest machine may take its time; the answer is that they all come.
        setup.limits.call_time = 10min;
        setup.limits.v1_http_wait = 10min;
        std::vector<std::unique_ptr<TestPlugin>> plugins;
        std::vector<std::future<Result<Output>>> calls;
        for (std::size_t i = 0; i < count; ++i) {
            plugins.push_back(std::make_unique<TestPlugin>(module, setup));
            calls.push_back(plugins.back()->begin(
                "download", "http://" + server.address() + "/" + std::to_string(i) + " 1000"));
        }
        REQUIRE(server.wait_for_connections(count, 120s));
        // Each names its plugin, as its request does: nobody gets another's.
        std::map<std::string, std::size_t> connection_of;
        for (std::size_t i = 0; i < count; ++i) {
            std::string request;
            while (!(request = server.received_on(i)).ends_with("\r\n\r\n"))
                REQUIRE(server.wait_for_bytes(server.received_bytes() + 1, 60s));
            connection_of[request.substr(0, request.find(" HTTP"))] = i;
        }
        CHECK(connection_of.size() == count);
        const auto answer_to = [](std::size_t i) { return "answer to " + std::to_string(i) + "\n"; };
        for (std::size_t i = 0; i < count; ++i) {
            CHECK(calls[i].wait_for(0s) == std::future_status::timeout);
            const std::string answer = answer_to(i);
            server.send(connection_of.at("GET /" + std::to_string(i)),
                        "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(answer.size()) +
                            "\r\n\r\n" + answer);
        }
        for (std::size_t i = 0; i < count; ++i)
            CHECK(text_of(calls[i].get()).starts_with(
                "bytes=" + std::to_string(answer_to(i).size()) +
                " digest=" + digest(answer_to(i)) + " "));
    }
}

TEST_SUITE_END();
