#include "cli/command.hpp"

#include <doctest/doctest.h>

using namespace hws::test;

TEST_CASE("a program gets its arguments, environment and standard streams") {
    const Outcome outcome = run_hws(
        {"run", guest("wasi_hello"), "--env", "COLOR=blue", "--", "cat", "--allow", "call", "--"},
        "from stdin\n");
    CHECK(outcome.code == 0);
    CHECK(contains(
        outcome.out,
        "args=5\narg 0=wasi_hello.wasm\narg 1=cat\narg 2=--allow\narg 3=call\narg 4=--\n"));
    CHECK(contains(outcome.out, "env COLOR=blue\n"));
    CHECK(contains(outcome.out, "from stdin\n"));
    CHECK(outcome.err == "bye\n");
}

TEST_CASE("the program may stand behind the dashes too") {
    const Outcome outcome = run_hws({"run", "--", guest("wasi_hello"), "exit=3"});
    CHECK(outcome.code == 3);
    CHECK(contains(outcome.out, "arg 1=exit=3\n"));
}

TEST_CASE("a program's own exit code is passed through up to 125") {
    CHECK(run_hws({"run", guest("wasi_hello"), "--", "exit=0"}).code == 0);
    CHECK(run_hws({"run", guest("wasi_hello"), "--", "exit=6"}).code == 6);
    CHECK(run_hws({"run", guest("wasi_hello"), "--", "exit=125"}).code == 125);
    const Outcome outcome = run_hws({"run", guest("wasi_hello"), "--", "exit=-1"});
    CHECK(outcome.code == 241);
    CHECK(contains(outcome.err, "hws: the program's exit code is above 125: -1\n"));
}

TEST_CASE("the host's own failures have codes that no program has") {
    CHECK(run_hws({"run", guest("wasi_hello"), "--", "abort"}).code == 243);
    CHECK(run_hws({"run", "no such file"}).code == 246);
    CHECK(run_hws({"run"}).code == 242);
    CHECK(run_hws({"run", guest("wasi_hello"), "--allow", "nonsense"}).code == 242);
    const Outcome plugin = run_hws({"run", guest("greet")});
    CHECK(plugin.code == 246);
    CHECK(contains(plugin.err, "has no _start"));
}

TEST_CASE("arguments without dashes are not guessed at") {
    const Outcome outcome = run_hws({"run", guest("wasi_hello"), "cat"});
    CHECK(outcome.code == 242);
    CHECK(contains(outcome.err, "stand after --"));
}
