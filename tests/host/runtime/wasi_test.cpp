#include "assemble.hpp"
#include "plugin_fixture.hpp"

#include <doctest/doctest.h>
#include <sstream>
#include <unistd.h>

using namespace hws;
using namespace hws::host;
using namespace hws::test;
using namespace std::chrono_literals;

namespace {

struct Program {
    std::vector<std::string> arguments = {"program"};
    std::vector<std::string> environment = {};
    StdioSource input = {};
    Limits limits = {};
};

struct Ran {
    std::string code; ///< as text, or the failure
    std::string output;
    std::string errors;
};

/// A WASI command on the shared runtime, and where its output goes.
struct Command {
    Command(const std::string& module, Program program)
        : plugin(runtime().make_plugin(module_of(module), options(std::move(program)))) {}

    PluginOptions options(Program program) {
        PluginOptions made;
        made.arguments = std::move(program.arguments);
        made.environment = std::move(program.environment);
        made.limits = program.limits;
        made.stdio = {std::move(program.input), StdioSink::collect(output, 10 << 20), StdioSink::collect(errors, 1 << 20)};
        return made;
    }
    Ran ran(const Result<std::uint32_t>& result) const {
        return {result ? std::to_string(*result) : result.error().message(), *output, *errors};
    }

    std::shared_ptr<std::string> output = std::make_shared<std::string>();
    std::shared_ptr<std::string> errors = std::make_shared<std::string>();
    Plugin plugin;
};

Ran run(const std::string& module, Program program = {}) {
    Command command(module, std::move(program));
    return command.ran(command.plugin.run());
}

} // namespace

TEST_SUITE_BEGIN("wasi");

TEST_CASE("hello in C, with clocks, sleep and random numbers") {
    const Ran ran = run("wasi_hello");
    CHECK(ran.code == "0");
    std::istringstream lines(ran.output);
    std::vector<std::string> all;
    for (std::string line; std::getline(lines, line);)
        all.push_back(line);
    REQUIRE_MESSAGE(all.size() == 9, ran.output);
    CHECK(all[0] == "hello from C");
    CHECK(all[1] == "args=1");
    CHECK(all[2] == "arg 0=program");
    CHECK(all[3] == "realtime=ok");
    CHECK(all[4] == "monotonic=ok");
    CHECK(all[5] == "sleep=ok");
    CHECK(all[6] == "random=ok");
    CHECK((all[7] == "open=ENOTCAPABLE" || all[7] == "open=ENOENT" || all[7] == "open=EBADF"));
    CHECK(all[8] == "tty=0");
    CHECK(ran.errors == "bye\n");
}

TEST_CASE("hello in C++, Rust and Go") {
    const Ran cpp = run("wasi_hello_cpp");
    CHECK(cpp.code == "0");
    CHECK(cpp.output == "hello from C++\nargs=1\nsystem_clock=ok\nsteady_clock=ok\nrandom=ok\nglobal=constructed\n");
    CHECK(cpp.errors == "bye\n");
    if (has_module("rust_hello")) {
        const Ran rust = run("rust_hello");
        CAPTURE(rust.output);
        CHECK(rust.code == "0");
        CHECK(rust.output.starts_with("hello from Rust\nargs=1\nsystem_time=ok\ninstant=ok\nrandom=ok\nopen="));
        CHECK_FALSE(contains(rust.output, "opened"));
        CHECK(rust.errors == "bye\n");
    }
    if (has_module("go_hello")) {
        const Ran go = run("go_hello");
        CHECK(go.code == "0");
        CHECK(go.output == "hello from Go\nargs=1\nnow=ok\nsleep=ok\nrandom=ok\ngoroutines=ok\nopen=false\n");
        CHECK(go.errors == "bye\n");
    }
}

TEST_CASE("arguments and environment arrive as they were given") {
    const Ran ran = run("wasi_hello", {.arguments = {"name", "", "with blank", "\xc3\xa9", std::string(10'000, 'a')},
                                       .environment = {"A=1", "EMPTY=", "WITH=equals=inside"}});
    CHECK(contains(ran.output, "args=5\narg 0=name\narg 1=\narg 2=with blank\narg 3=\xc3\xa9\narg 4=aaa"));
    CHECK(contains(ran.output, "env A=1\nenv EMPTY=\nenv WITH=equals=inside\n"));
    CHECK_FALSE(contains(ran.output, "env PATH"));
}

TEST_CASE("the exit code comes back, and ends neither the host nor the plugin") {
    for (const std::string& module : std::vector<std::string> {"wasi_hello", "wasi_hello_cpp", "rust_hello", "go_hello"}) {
        if (!has_module(module)) continue;
        for (const char* code : {"0", "1", "42", "125"}) {
            CAPTURE(module);
            CHECK(run(module, {.arguments = {"p", std::string("exit=") + code}}).code == code);
        }
    }
    Command again("wasi_hello", {.arguments = {"p", "exit=3"}});
    CHECK(again.ran(again.plugin.run()).code == "3");
    CHECK(again.ran(again.plugin.run()).code == "3");
    CHECK(contains(run("wasi_hello", {.arguments = {"p", "abort"}}).code, "trapped"));
    if (has_module("rust_hello")) CHECK(contains(run("rust_hello", {.arguments = {"p", "panic"}}).code, "trapped"));
    if (has_module("go_hello")) CHECK(run("go_hello", {.arguments = {"p", "panic"}}).code == "2");
}

TEST_CASE("standard input from a text, of any size") {
    for (const std::size_t size : {0, 5, 4096, 1'000'000}) {
        const std::string input = pattern(size);
        const Ran ran = run("wasi_hello", {.arguments = {"p", "cat"}, .input = StdioSource::text(input)});
        CHECK(ran.code == "0");
        CHECK((ran.output.substr(ran.output.find("tty=0\n") + 6) == input));
    }
    CHECK(run("wasi_hello", {.arguments = {"p", "cat"}}).code == "0");
}

TEST_CASE("a plugin that waits for standard input lets the others go on") {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    Command reader("wasi_hello", {.arguments = {"p", "cat"}, .input = StdioSource::inherit(ends[0])});
    auto waiting = reader.plugin.run_async();
    TestPlugin other("net_sdk");
    for (int i = 0; i < 100; ++i)
        CHECK(other.call("echo", "meanwhile") == "meanwhile");
    CHECK(run("wasi_hello_cpp").code == "0");
    CHECK(waiting.wait_for(0s) == std::future_status::timeout);
    REQUIRE(::write(ends[1], "typed\n", 6) == 6);
    ::close(ends[1]);
    const Ran ran = reader.ran(waiting.get());
    CHECK(ran.code == "0");
    CHECK(ran.output.ends_with("typed\n"));
    ::close(ends[0]);
}

TEST_CASE("the call's limit ends a wait for standard input") {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    Limits limits = {};
    limits.call_time = 200ms;
    Command reader("wasi_hello", {.arguments = {"p", "cat"}, .input = StdioSource::inherit(ends[0]), .limits = limits});
    CHECK(contains(reader.ran(reader.plugin.run()).code, "timed_out"));
    ::close(ends[0]);
    ::close(ends[1]);
}

TEST_CASE("many commands sleep side by side") {
    std::vector<std::unique_ptr<Command>> commands;
    std::vector<std::future<Result<std::uint32_t>>> runs;
    for (int i = 0; i < 20; ++i) {
        commands.push_back(std::make_unique<Command>(i % 2 ? "wasi_hello" : "wasi_hello_cpp", Program{}));
        runs.push_back(commands.back()->plugin.run_async());
    }
    for (std::size_t i = 0; i < runs.size(); ++i) {
        CHECK(commands[i]->ran(runs[i].get()).code == "0");
        CHECK(contains(*commands[i]->output, "random=ok"));
    }
}

TEST_CASE("what a plugin prints goes where the host said, and nowhere by default") {
    auto output = std::make_shared<std::string>();
    auto errors = std::make_shared<std::string>();
    PluginOptions options;
    options.stdio = {{}, StdioSink::collect(output, 1000), StdioSink::collect(errors, 1000)};
    Plugin plugin = runtime().make_plugin(module_of("net_sdk"), options);
    CHECK(text_of(plugin.call("print", "text")) == "");
    CHECK(text_of(plugin.call("print", "more")) == "");
    CHECK(*output == "out:text\nout:more\n");
    CHECK(*errors == "err:text\nerr:more\n");
    TestPlugin quiet("net_sdk");
    CHECK(quiet.call("print", "text") == "");
}

TEST_CASE("closed standard streams are the plugin's own affair") {
    TestPlugin plugin("misbehave");
    CHECK(plugin.call("close_stdio") == "8"); // EBADF
    CHECK(plugin.call("good") == "good");
}

TEST_CASE("an export of a command can be called as _start is run") {
    Command command("wasi_hello", {});
    CHECK(command.plugin.call("_start").has_value());
    CHECK(contains(*command.output, "hello from C"));
    // A reactor has nothing to run.
    TestPlugin reactor("net_sdk");
    CHECK(reactor.plugin().run().error() == Errc::missing_export);
}

TEST_CASE("a function waits the same at a module's start, through its table, by its export and by a tail call") {
    const Result<Module> module = runtime().load(assemble(R"((module
        (type $poll (func (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (type $poll)))
        (memory (export "memory") 1)
        (data (i32.const 16) "\01")         ;; a subscription to the monotonic clock,
        (data (i32.const 24) "\40\42\0f")   ;; due in 1 ms
        (table funcref (elem $poll))
        (export "poll" (func $poll))
        (func $start
            (drop (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128)))
            (global.set $events (i32.load (i32.const 128))))
        (start $start)
        (global $events (mut i32) (i32.const 0))
        (func $tail (result i32)
            (return_call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 132)))
        (func $through_table (result i32)
            (call_indirect (type $poll)
                (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 136) (i32.const 0)))
        (func (export "sum") (result i32)
            (if (call $tail) (then (return (i32.const 90))))
            (if (call $through_table) (then (return (i32.const 91))))
            (i32.add (global.get $events) (i32.add (i32.load (i32.const 132)) (i32.load (i32.const 136)))))))"));
    REQUIRE_MESSAGE(module.has_value(), module.error().message());
    REQUIRE(module->imports().size() == 1);
    CHECK(module->imports()[0].module == "wasi_snapshot_preview1");
    CHECK(module->imports()[0].signature == "(i32, i32, i32, i32) -> i32");

    const auto before = std::chrono::steady_clock::now();
    Plugin plugin = runtime().make_plugin(*module);

    CHECK(plugin.call("sum").error().context() == "sum returned 3");
    CHECK(std::chrono::steady_clock::now() - before >= 3ms);
    CHECK(plugin.call("sum").error().context() == "sum returned 3");
}

TEST_SUITE_END();
