#include "assemble.hpp"
#include "plugin_fixture.hpp"
#include "support/dns_server.hpp"

#include <doctest/doctest.h>
#include <set>

using namespace hws;
using namespace hws::host;
using namespace hws::test;
using namespace std::chrono_literals;

namespace {

/// Resolves its input, for IPv4, and returns the error's number.
constexpr std::string_view look_up = R"((module
  (import "hws" "resolve"
    (func $resolve (param i32 i32 i32 i64 i32 i32 i32) (result i32)))
  (import "extism:host/env" "input_length" (func $input_length (result i64)))
  (import "extism:host/env" "input_load_u8" (func $input_load_u8 (param i64) (result i32)))
  (memory (export "memory") 1)
  (func (export "look_up") (result i32)
    (local $i i32) (local $size i32)
    (local.set $size (i32.wrap_i64 (call $input_length)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $i) (local.get $size)))
        (i32.store8 (i32.add (i32.const 1024) (local.get $i))
          (call $input_load_u8 (i64.extend_i32_u (local.get $i))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next)))
    (call $resolve (i32.const 1024) (local.get $size) (i32.const 4) (i64.const -1)
      (i32.const 4096) (i32.const 4) (i32.const 64))))
)";

} // namespace

TEST_SUITE_BEGIN("many plugins");

TEST_CASE("500 plugins resolve at once: the server answers none before all have asked") {
    constexpr std::size_t count = 500;
    DnsServer names(
        [](const DnsQuestion& question) {
            return std::vector{dns::answer(question, {dns::record(dns::a, "\x5d\xb8\xd8\x22")})};
        },
        count);
    RuntimeOptions options = runtime_options();
    options.dns_servers = {names.address()};
    options.max_plugins = count;
    Runtime there = Runtime::create(options).value();
    const Module module = there.load(assemble(look_up)).value();
    std::vector<std::unique_ptr<TestPlugin>> plugins;
    std::vector<std::future<Result<Output>>> answers;
    Setup setup{.rules = {"allow tcp:*.test:443"}, .runtime = &there};
    setup.limits.call_time = 120s;
    for (std::size_t i = 0; i < count; ++i) {
        plugins.push_back(std::make_unique<TestPlugin>(module, setup));
        answers.push_back(plugins.back()->begin("look_up", "host" + std::to_string(i) + ".test"));
    }
    for (auto& answer : answers)
        CHECK(text_of(answer.get()) == "");
    const auto asked = names.questions();
    CHECK(std::set<std::string>(asked.begin(), asked.end()).size() == count);
}

TEST_SUITE_END();
