#include "cli/command.hpp"

#include <doctest/doctest.h>

using namespace hws::test;

TEST_CASE("a plugin's exports, imports, needs and answers are told") {
    const Outcome outcome = run_hws({"inspect", guest("hello_net")});
    CHECK(outcome.code == 0);
    CHECK(outcome.err == "");
    for (const char* const part :
         {"dialects extism, preview1, v2", "execute ", "() -> i32", "imports from hws\n",
          "imports from extism:host/env\n", "connect_name ", "--allow tcp:HOST:PORT",
          "--allow udp:HOST:PORT", "--allow icmp:HOST", "--allow https:HOST:PORT",
          "name         hello_net", "description  Talks to", "json_schema  {\"type\":\"object\""}) {
        CAPTURE(part);
        CHECK(contains(outcome.out, part));
    }
}

TEST_CASE("a plugin of dialect v1 needs as much") {
    const Outcome outcome = run_hws({"inspect", guest("net_raw")});
    CHECK(outcome.code == 0);
    for (const char* const part :
         {"dialects v1, extism", "imports from env\n", "tcp_connect  ", "--allow tcp:HOST:PORT",
          "--allow udp:HOST:PORT", "--allow icmp:HOST", "--allow https:HOST:PORT"}) {
        CAPTURE(part);
        CHECK(contains(outcome.out, part));
    }
}

TEST_CASE("a plugin without network imports needs nothing") {
    const Outcome outcome = run_hws({"inspect", guest("greet")});
    CHECK(outcome.code == 0);
    CHECK(contains(outcome.out, "needs\n  no network\n"));
}

TEST_CASE("a program is told from a plugin") {
    const Outcome outcome = run_hws({"inspect", guest("wasi_hello")});
    CHECK(outcome.code == 0);
    CHECK(contains(outcome.out, "a program for hws run"));
}

TEST_CASE("what cannot be loaded cannot be inspected") {
    CHECK(run_hws({"inspect", "no such file"}).code == 6);
}
