#include "cli/command.hpp"
#include "support/dnsmasq_server.hpp"
#include "support/echo_server.hpp"
#include "support/nginx_server.hpp"
#include "support/proxy_server.hpp"

#include <csignal>
#include <doctest/doctest.h>

using namespace hws::test;

TEST_CASE("the output is on stdout as it is, and nothing else is") {
    const Outcome outcome = run_hws({"call", guest("greet"), "greet", "--input", "World"});
    CHECK(outcome.code == 0);
    CHECK(outcome.out == "Hello, World!");
    CHECK(outcome.err == "");
}

TEST_CASE("options stand before or after the file") {
    CHECK(run_hws({"call", "--input", "World", guest("greet"), "greet"}).out == "Hello, World!");
    CHECK(run_hws({"call", guest("greet"), "--input", "World", "greet"}).out == "Hello, World!");
    CHECK(run_hws({"call", "--allow", "tcp:127.0.0.1:1", guest("greet"), "greet", "-i", "World"})
              .out == "Hello, World!");
    CHECK(run_hws({"call", "--config", "greeting=Good day", guest("greet"), "greet", "--wasi",
                   "--input=World"})
              .out == "Good day, World!");
}

TEST_CASE("the input comes from stdin or a file, bytes as they are") {
    const std::string bytes("a\0\xff\n", 4);
    CHECK(run_hws({"call", guest("net_raw"), "echo", "-"}, bytes).out == bytes);
    const TemporaryFolder folder;
    const std::string file = folder.write("input", bytes);
    CHECK(run_hws({"call", guest("net_raw"), "echo", "--input-file", file}).out == bytes);
    CHECK(run_hws({"call", guest("net_raw"), "echo", "--input-file", file + ".missing"}).code == 2);
    CHECK(run_hws({"call", guest("net_raw"), "echo", "-", "--input", "x"}).code == 2);
}

TEST_CASE("configuration comes as pairs and as JSON, and a pair wins") {
    const auto greeting = [](std::vector<std::string> options) {
        options.insert(options.begin(), {"call", guest("greet"), "greet", "--input", "W"});
        return run_hws(options).out;
    };
    CHECK(greeting({"--set-config", R"({"greeting": "Ahoy"})"}) == "Ahoy, W!");
    CHECK(greeting({"--set-config", R"({"greeting": "Ahoy"})", "--config", "greeting=A=B"}) ==
          "A=B, W!");
    CHECK(run_hws({"call", guest("greet"), "greet", "--set-config", "[1]"}).code == 2);
    CHECK(run_hws({"call", guest("greet"), "greet", "--config", "=x"}).code == 2);
}

TEST_CASE("a call is repeated in the same instance") {
    CHECK(run_hws({"call", guest("greet"), "greet", "--input", "W", "--loop", "3"}).out ==
          "Hello, W!Hello, W!Hello, W!");
    CHECK(run_hws({"call", guest("greet"), "greet", "--loop", "0"}).code == 2);
}

TEST_CASE("each way to fail has its exit code and one line") {
    SUBCASE("the plugin says so") {
        const Outcome outcome = run_hws({"call", guest("misbehave"), "return_7"});
        CHECK(outcome.code == 1);
        CHECK(outcome.out == "");
        CHECK(outcome.err == "hws: plugin failed: seven\n");
    }
    SUBCASE("a trap, with its back trace") {
        const Outcome outcome = run_hws({"call", guest("misbehave"), "trap_unreachable"});
        CHECK(outcome.code == 3);
        CHECK(outcome.err.starts_with("hws: trapped: trap_unreachable: "));
    }
    SUBCASE("endless recursion") {
        CHECK(run_hws({"call", guest("misbehave"), "recurse"}).code == 3);
    }
    SUBCASE("an endless loop") {
        const Outcome outcome = run_hws({"call", guest("misbehave"), "spin", "--timeout", "100"});
        CHECK(outcome.code == 5);
        CHECK(outcome.err.starts_with("hws: timed out: spin: "));
    }
    SUBCASE("a missing export, with the names that come near") {
        const Outcome outcome = run_hws({"call", guest("greet"), "great"});
        CHECK(outcome.code == 6);
        CHECK(outcome.err == "hws: missing export: great; it has greet\n");
    }
    SUBCASE("an export that is not a plugin's") {
        const Outcome outcome = run_hws({"call", guest("misbehave"), "takes_a_number"});
        CHECK(outcome.code == 6);
        CHECK(contains(outcome.err, "wrong signature"));
    }
}

TEST_CASE("what is no module is told from what is a broken one") {
    const TemporaryFolder folder;
    const auto load = [](const std::string& file) { return run_hws({"call", file, "execute"}); };

    Outcome outcome = load(folder.path() / "missing.wasm");
    CHECK(outcome.code == 6);
    CHECK(contains(outcome.err, "hws: not found: "));
    CHECK(contains(outcome.err, "missing.wasm"));

    outcome = load(folder.path());
    CHECK(outcome.code == 6);
    CHECK(contains(outcome.err, "is a folder"));

    outcome = load(folder.write("text.wasm", "#!/bin/sh\necho no\n"));
    CHECK(outcome.code == 6);
    CHECK(contains(outcome.err, "not a WebAssembly module"));

    outcome = load(folder.write("empty.wasm", ""));
    CHECK(outcome.code == 6);

    const std::string whole = read_file(guest("greet"));
    outcome = load(folder.write("truncated.wasm", whole.substr(0, whole.size() / 2)));
    CHECK(outcome.code == 6);
    CHECK(outcome.err.starts_with("hws: bad module: "));
    CHECK(contains(outcome.err, "truncated.wasm"));

    // (import "env" "no_such_function" (func))
    outcome = load(folder.write(
        "import.wasm",
        std::string("\0asm\1\0\0\0\1\4\1\x60\0\0\2\x18\1\3env\x10no_such_function\0\0", 40)));
    CHECK(outcome.code == 6);
    CHECK(contains(outcome.err, "env.no_such_function"));
}

TEST_CASE("a denial tells its reason and what would allow it, on stderr only") {
    EchoServer server;
    const std::string address = "127.0.0.1:" + std::to_string(server.port());
    const std::vector<std::string> command = {"call", guest("net_raw"), "tcp_echo", "--input",
                                              address + "\nhello"};

    const Outcome denied = run_hws(command);
    CHECK(denied.code == 4);
    CHECK(denied.out == "");
    CHECK(contains(denied.err, "hws warn: tcp_connect: denied: tcp " + address));
    CHECK(contains(denied.err, "hws: to allow it: --allow tcp:" + address + "\n"));

    SUBCASE("and following that advice helps") {
        auto allowed = command;
        allowed.insert(allowed.end(), {"--allow", "tcp:" + address});
        CHECK(run_hws(allowed).out == "hello");
        CHECK(run_hws(allowed).code == 0);
    }
    SUBCASE("a deny rule is named, and no advice is given") {
        auto forbidden = command;
        forbidden.insert(forbidden.end(),
                         {"--allow", "tcp:" + address, "--deny", "tcp:127.0.0.0/8:*"});
        const Outcome outcome = run_hws(forbidden);
        CHECK(outcome.code == 4);
        CHECK(contains(outcome.err, "forbidden by rule 2 (deny tcp:127.0.0.0/8:*)"));
        CHECK_FALSE(contains(outcome.err, "to allow it"));
    }
    SUBCASE("also where the log is off") {
        auto quiet = command;
        quiet.insert(quiet.end(), {"--log-level", "off"});
        CHECK(contains(run_hws(quiet).err, "tcp_connect: denied: tcp " + address));
    }
    SUBCASE("rules come from a file too") {
        const TemporaryFolder folder;
        auto from_file = command;
        from_file.insert(
            from_file.end(),
            {"--policy", folder.write("policy.toml", "allow = [\"tcp:" + address + "\"]\n")});
        CHECK(run_hws(from_file).out == "hello");
    }
}

TEST_CASE("a mistake in the policy is bad usage and shows the place") {
    CHECK(run_hws({"call", guest("greet"), "greet", "--allow", "tpc:127.0.0.1:1"}).code == 2);
    const TemporaryFolder folder;
    const std::string file =
        folder.write("policy.toml", "allow = [\n    \"tcp:10.0.0.1/8:80\",\n]\n");
    const Outcome outcome = run_hws({"call", guest("greet"), "greet", "--policy", file});
    CHECK(outcome.code == 2);
    CHECK(contains(outcome.err, "policy.toml:2:"));
}

TEST_CASE("a plugin's log cannot look like the host's, nor move the cursor") {
    const Outcome outcome = run_hws({"call", guest("net_raw"), "log", "--input",
                                     "warn\n\x1b[2Jred\nhws warn: fake \xe2\x80\xae"});
    CHECK(outcome.code == 0);
    CHECK(outcome.err == "plugin warn: \\x1b[2Jred\\nhws warn: fake \\xe2\\x80\\xae\n");
    CHECK(run_hws({"call", guest("net_raw"), "log", "--input", "info\nx", "--log-level", "warn"})
              .err == "");
}

TEST_CASE("what the plugin prints does not mix with its output") {
    const Outcome outcome =
        run_hws({"call", guest("misbehave"), "print_a_lot", "--log-level", "off"});
    CHECK(outcome.code == 0);
    CHECK(outcome.out == "");
}

TEST_CASE("figures are printed on request") {
    const Outcome outcome =
        run_hws({"call", guest("greet"), "greet", "--input", "W", "--stats", "--loop", "2"});
    CHECK(outcome.out == "Hello, W!Hello, W!");
    CHECK(contains(outcome.err, "hws: statistics\n"));
    for (const char* const name :
         {"load", "instantiate", "calls          2,", "host calls", "denials        0", "memory"})
        CHECK(contains(outcome.err, name));
}

TEST_CASE("a manifest names module, configuration, hosts and limits") {
    const TemporaryFolder folder;
    const std::string manifest = folder.write(
        "manifest.json", R"({"wasm": [{"path": ")" + guest("greet") +
                             R"("}], "config": {"greeting": "Hi"}, "timeout_ms": 5000})");
    CHECK(run_hws({"call", "--manifest", manifest, "greet", "--input", "W"}).out == "Hi, W!");
    const Outcome bad = run_hws({"call", "--manifest", folder.write("bad.json", "{"), "greet"});
    CHECK(bad.code == 6);
    CHECK(contains(bad.err, "bad.json"));
}

TEST_CASE("SIGINT ends a waiting call in good order, and the process dies of it") {
    EchoServer server({.behaviour = Behaviour::say_nothing});
    const std::string address = "127.0.0.1:" + std::to_string(server.port());
    Process process({HWS_BUILD_DIR "/bin/hws", "call", guest("net_raw"), "tcp_wait", "--input",
                     address, "--allow", "tcp:" + address, "--stats"},
                    with_cache());
    REQUIRE(server.wait_for_connections(1));
    process.signal(SIGINT);
    CHECK(process.wait(std::chrono::seconds(10)) == 128 + SIGINT);
    CHECK(contains(process.errors(), "hws: canceled"));
    CHECK(contains(process.errors(), "hws: statistics\n"));
}

TEST_CASE("a reader that goes away is no failure") {
    const std::string command = HWS_BUILD_DIR "/bin/hws call " + guest("net_raw") +
                                " echo - | head -c 5; exit ${PIPESTATUS[0]}";
    Process process = run_process({"bash", "-c", command}, with_cache(std::string(1 << 20, 'x')));
    CHECK(process.wait(std::chrono::seconds(0)) == 0);
    CHECK(process.output() == "xxxxx");
    CHECK(process.errors() == "");
}

TEST_CASE("a name means only itself unless --dns-search says otherwise") {
    EchoServer server;
    DnsmasqServer names({"--host-record=short.corp.test,127.0.0.1", "--address=/short/"});
    std::vector<std::string> arguments{"call",
                                       guest("net_raw"),
                                       "script",
                                       "--input",
                                       "tcp_connect @short:" + std::to_string(server.port()) + "\n",
                                       "--allow",
                                       "tcp:127.0.0.1:*",
                                       "--allow",
                                       "resolve:short",
                                       "--dns-server",
                                       names.address()};
    CHECK(run_hws(arguments).out == "0\n");
    arguments.insert(arguments.end(), {"--dns-search", "corp.test"});
    CHECK(run_hws(arguments).out != "0\n");
    CHECK(server.wait_for_connections(1));
}

TEST_CASE("HTTP goes through the proxy that the command line names, and through no other") {
    const NginxServer nginx;
    const TinyproxyServer tinyproxy;
    const std::string proxy = "http://127.0.0.1:" + std::to_string(tinyproxy.port());
    const std::vector<std::string> call = {"call",    guest("http_sdk"),       "request", "--allow",
                                           "http:127.0.0.1:*", "--input", "GET " + nginx.url()};
    CHECK(contains(run_hws(call).out, "status=200"));
    CHECK_FALSE(contains(tinyproxy.log(), "Request ("));
    auto proxied = call;
    proxied.insert(proxied.end(), {"--proxy", proxy});
    CHECK(contains(run_hws(proxied).out, "status=200"));
    CHECK(contains(tinyproxy.log(), "CONNECT " + nginx.address()));
}
