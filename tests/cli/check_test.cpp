#include "cli/command.hpp"

#include <doctest/doctest.h>

using namespace hws::test;

TEST_CASE("a good policy file is listed rule by rule") {
    const TemporaryFolder folder;
    const std::string file =
        folder.write("good.toml", "allow = [\"tcp:127.0.0.1:6379\"]\ndeny = [\"tcp:*:25\"]\n");
    const Outcome outcome = run_hws({"check", file});
    CHECK(outcome.code == 0);
    CHECK(outcome.out == file + ": 2 rules\n   1  allow tcp:127.0.0.1:6379\n   2  deny tcp:*:25\n");
    CHECK(contains(run_hws({"check", folder.write("empty.toml", "")}).out, "everything is denied"));
}

TEST_CASE("a bad one is refused with line and column, and the others are still checked") {
    const TemporaryFolder folder;
    const std::string bad = folder.write("bad.toml", "deny = []\nalow = [\"tcp:127.0.0.1:1\"]\n");
    const std::string good = folder.write("good.toml", "allow = []\n");
    const Outcome outcome = run_hws({"check", bad, folder.path() / "missing.toml", good});
    CHECK(outcome.code == 2);
    CHECK(contains(outcome.err, "bad.toml:2:1: "));
    CHECK(contains(outcome.err, "missing.toml"));
    CHECK(contains(outcome.out, "good.toml: 0 rules"));
}
