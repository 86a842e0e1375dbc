#include "assemble.hpp"
#include "plugin_fixture.hpp"
#include "support/temporary_folder.hpp"

#include <doctest/doctest.h>

using namespace hws;
using namespace hws::host;
using namespace hws::test;
using namespace std::chrono_literals;

namespace {

constexpr const char* empty_base64 = "AGFzbQEAAAA=";
constexpr const char* empty_sha256 = "93a44bbb96c751218e4c00d479e4c14358122a389acca16205b1e4d0dc5f9476";

std::string path_of(const std::string& module) { return std::string(HWS_GUEST_DIR) + "/" + module + ".wasm"; }

Result<Manifest> parse(const std::string& json) { return Manifest::parse(json, "/"); }

/// Two modules: `library` adds, `main` puts its sum into the output.
std::string library_wat() {
    return R"((module (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add)))";
}
std::string main_wat() {
    return R"((module
        (import "library" "add" (func $add (param i32 i32) (result i32)))
        (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
        (import "extism:host/env" "store_u8" (func $store (param i64 i32)))
        (import "extism:host/env" "output_set" (func $out (param i64 i64)))
        (func (export "sum") (result i32) (local $block i64)
            (local.set $block (call $alloc (i64.const 1)))
            (call $store (local.get $block) (call $add (i32.const 40) (i32.const 25)))
            (call $out (local.get $block) (i64.const 1))
            (i32.const 0))))";
}

std::string base64(std::span<const std::byte> bytes) {
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        unsigned group = 0;
        for (std::size_t k = 0; k < 3; ++k)
            group = group << 8 | (i + k < bytes.size() ? std::to_integer<unsigned>(bytes[i + k]) : 0);
        for (std::size_t k = 0; k < 4; ++k)
            text += i + k <= bytes.size() ? digits[group >> (18 - 6 * k) & 63] : '=';
    }
    return text;
}

} // namespace

TEST_SUITE_BEGIN("manifest");

TEST_CASE("a module by its path, absolute or relative to the folder") {
    const auto absolute = parse("{\"wasm\":[{\"path\":\"" + path_of("net_sdk") + "\"}]}");
    REQUIRE(absolute.has_value());
    CHECK(absolute->modules.size() == 1);
    const auto relative = Manifest::parse(R"({"wasm":[{"path":"net_sdk.wasm"}]})", HWS_GUEST_DIR);
    REQUIRE(relative.has_value());
    CHECK(relative->modules[0].bytes == absolute->modules[0].bytes);
    Plugin plugin = runtime().make_plugin(runtime().load(*relative).value());
    CHECK(text_of(plugin.call("echo", "by manifest")) == "by manifest");
}

TEST_CASE("a module as base64, its hash checked") {
    CHECK(parse(std::string(R"({"wasm":[{"data":")") + empty_base64 + R"("}]})").has_value());
    const auto hashed =
        parse(std::string(R"({"wasm":[{"data":")") + empty_base64 + R"(","hash":")" + empty_sha256 + R"("}]})");
    REQUIRE_MESSAGE(hashed.has_value(), hashed.error().message());
    CHECK(runtime().load(*hashed).has_value());
    const auto wrong =
        parse(std::string(R"({"wasm":[{"data":")") + empty_base64 + R"(","hash":"00)" + (empty_sha256 + 2) + R"("}]})");
    CHECK(wrong.error() == Errc::bad_manifest);
    CHECK(contains(wrong.error().context(), empty_sha256));
}

TEST_CASE("a host function that one module hands to another works on the memory of whoever calls it, and may wait") {
    const std::string library = base64(assemble(R"((module
        (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 1)
        (export "poll" (func $poll))
        (func (export "own") (result i32)
            (call $poll (i32.const 0) (i32.const 64) (i32.const 0) (i32.const 128)))))"));
    // A subscription to the monotonic clock, due in 1 ms. The library's memory has none.
    const std::string main = base64(assemble(R"((module
        (import "library" "poll" (func $poll (param i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 1)
        (data (i32.const 16) "\01")
        (data (i32.const 24) "\40\42\0f")
        (func (export "wait") (result i32)
            (if (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128)) (then (return (i32.const 99))))
            (i32.load (i32.const 128)))))"));
    const auto manifest = parse("{\"wasm\":[{\"name\":\"library\",\"data\":\"" + library +
                                "\"},{\"name\":\"main\",\"data\":\"" + main + "\"}]}");
    REQUIRE_MESSAGE(manifest.has_value(), manifest.error().message());
    const Result<Module> module = runtime().load(*manifest);
    REQUIRE_MESSAGE(module.has_value(), module.error().message());

    Plugin plugin = runtime().make_plugin(*module);

    CHECK(plugin.call("wait").error().context() == "wait returned 1"); // one event, in its own memory
}

TEST_CASE("several modules are linked by name; the plugin is main, or the last") {
    const std::string library = base64(assemble(library_wat()));
    const std::string main = base64(assemble(main_wat()));
    for (const std::string& modules :
         {R"({"name":"library","data":")" + library + R"("},{"name":"main","data":")" + main + R"("})",
          R"({"name":"main","data":")" + main + R"("},{"name":"library","data":")" + library + R"("})",
          R"({"name":"library","data":")" + library + R"("},{"data":")" + main + R"("})"}) {
        const auto manifest = parse("{\"wasm\":[" + modules + "]}");
        REQUIRE(manifest.has_value());
        const auto module = runtime().load(*manifest);
        REQUIRE_MESSAGE(module.has_value(), module.error().message());
        Plugin plugin = runtime().make_plugin(*module);
        CHECK(text_of(plugin.call("sum")) == "A");
        CHECK(text_of(plugin.call("sum")) == "A");
    }
    // Without the library its import is unknown, and named.
    const auto alone = runtime().load(assemble(main_wat()));
    CHECK(alone.error() == Errc::unknown_import);
    CHECK(contains(alone.error().context(), "library.add"));
    // A library that has something else.
    const auto wrong = parse(R"({"wasm":[{"name":"library","data":")" + std::string(empty_base64) +
                             R"("},{"name":"main","data":")" + main + R"("}]})");
    const auto loaded = runtime().load(*wrong);
    if (loaded) {
        Plugin plugin = runtime().make_plugin(*loaded);
        const auto result = plugin.call("sum");
        REQUIRE_FALSE(result.has_value());
        CAPTURE(result.error().message());
        CHECK((result.error() == Errc::bad_module || result.error() == Errc::unknown_import));
        CHECK(contains(result.error().context(), "add"));
    }
}

TEST_CASE("config, hosts, memory and time of a manifest reach the plugin") {
    auto manifest = Manifest::parse(R"({
        "wasm": [{"path": "misbehave.wasm"}],
        "config": {"key": "from the manifest"},
        "allowed_hosts": ["example.com", "*.example.org"],
        "timeout_ms": 100,
        "memory": {"max_pages": 64, "max_http_response_bytes": 1000, "max_var_bytes": 2000}})",
                                    HWS_GUEST_DIR);
    REQUIRE_MESSAGE(manifest.has_value(), manifest.error().message());
    PluginOptions options;
    REQUIRE(manifest->apply_to(options));
    CHECK(options.config.at("key") == "from the manifest");
    CHECK(options.limits.memory_bytes == 64 * 65536);
    CHECK(options.limits.http_body_bytes == 1000);
    CHECK(options.limits.variable_bytes == 2000);
    CHECK(options.limits.call_time == 100ms);
    CHECK(options.policy.rule_count() > 0);

    Plugin plugin = runtime().make_plugin(runtime().load(*manifest).value(), options);
    CHECK(plugin.call("spin").error() == Errc::timed_out);
    const std::string pages = text_of(plugin.call("grow_memory"));
    CHECK(std::stoul(pages) < 64);
    CHECK(text_of(plugin.call("good")) == "good");
}

TEST_CASE("what the host limits more tightly stays") {
    const auto manifest = parse(std::string(R"({"wasm":[{"data":")") + empty_base64 +
                                R"("}],"config":{"a":"manifest","b":"manifest"},"timeout_ms":60000,"memory":{"max_pages":65536}})");
    PluginOptions options;
    options.config = {{"a", "host"}};
    options.limits.call_time = 1s;
    options.limits.memory_bytes = 1 << 20;
    REQUIRE(manifest->apply_to(options));
    CHECK(options.config.at("a") == "host");
    CHECK(options.config.at("b") == "manifest");
    CHECK(options.limits.call_time == 1s);
    CHECK(options.limits.memory_bytes == 1 << 20);
}

TEST_CASE("a manifest that says what it cannot is refused with a reason") {
    const std::string wasm = std::string(R"("wasm":[{"data":")") + empty_base64 + R"("}])";
    for (const std::string& json : std::vector<std::string>{
             "", "{", "[]", "1", "\"x\"", "null", "{}", R"({"wasm":{}})", R"({"wasm":[]})", R"({"wasm":null})",
             R"({"wasm":[1]})", R"({"wasm":["net_sdk.wasm"]})", R"({"wasm":[{}]})", R"({"wasm":[{"path":1}]})",
             R"({"wasm":[{"data":"AGFzbQEAAAA"}]})", R"({"wasm":[{"data":"AGFz*QEAAAA="}]})", R"({"wasm":[{"data":7}]})",
             R"({"wasm":[{"path":"a","data":"AGFzbQEAAAA="}]})", R"({"wasm":[{"url":"http://example.com/a.wasm"}]})",
             "{" + wasm + R"(,"memory":[]})", "{" + wasm + R"(,"memory":{"max_pages":-1}})",
             "{" + wasm + R"(,"memory":{"max_pages":"4"}})", "{" + wasm + R"(,"memory":{"max_pages":1.5}})",
             "{" + wasm + R"(,"config":[]})", "{" + wasm + R"(,"config":{"a":1}})",
             "{" + wasm + R"(,"allowed_hosts":"example.com"})", "{" + wasm + R"(,"allowed_hosts":[1]})",
             "{" + wasm + R"(,"timeout_ms":-5})", "{" + wasm + R"(,"timeout_ms":"5"})",
             "{" + wasm + R"(,"timeout_ms":1e3})", "{" + wasm + R"(,"timeout_ms":99999999999999999999})",
             "{" + wasm + "} trailing", std::string(200'000, '[')}) {
        CAPTURE(json.substr(0, 100));
        const auto manifest = parse(json);
        REQUIRE_FALSE(manifest.has_value());
        CHECK(manifest.error() == Errc::bad_manifest);
        CHECK_FALSE(manifest.error().context().empty());
    }
    CHECK(parse(R"({"wasm":[{"path":"/nowhere/at/all.wasm"}]})").error() == Errc::not_found);
    CHECK(parse("{" + wasm + R"(,"allowed_paths":{"/tmp":"/tmp"}})").error() == Errc::unsupported);
    for (const char* host : {"", "http://example.com", "exam ple.com", "a*b.com", "**", "example.com:99999", "10.0.0.1/8"}) {
        CAPTURE(host);
        const auto manifest = parse("{" + wasm + R"(,"allowed_hosts":[")" + host + "\"]}");
        REQUIRE(manifest.has_value());
        PluginOptions options;
        CHECK_FALSE(manifest->apply_to(options).has_value());
    }
}

TEST_CASE("a manifest without a module is refused when it is loaded") {
    CHECK(runtime().load(Manifest()).error() == Errc::bad_manifest);
}

TEST_SUITE_END();
