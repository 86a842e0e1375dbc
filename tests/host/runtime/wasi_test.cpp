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

TEST_SUITE_END();
