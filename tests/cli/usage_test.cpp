#include "cli/command.hpp"

#include <algorithm>
#include <doctest/doctest.h>

using namespace hws::test;

TEST_CASE("help and version are answers, not errors") {
    CHECK(run_hws({"--version"}).out.starts_with("hws "));
    CHECK(run_hws({"--version"}).code == 0);
    const Outcome help = run_hws({"call", "--help"});
    CHECK(help.code == 0);
    CHECK(contains(help.out, "Exit codes:"));
    CHECK(contains(run_hws({"run", "--help"}).out, "243"));
}

TEST_CASE("bad usage is told in one line") {
    for (const std::vector<std::string>& arguments :
         std::vector<std::vector<std::string>>{{},
                                               {"cal"},
                                               {"call"},
                                               {"call", "plugin.wasm"},
                                               {"call", "a", "b", "c"},
                                               {"call", "a", "b", "--no-such-option"},
                                               {"call", "a", "b", "--timeout", "soon"},
                                               {"call", "a", "b", "--timeout", "-1"},
                                               {"call", "a", "b", "--log-level", "loud"},
                                               {"call", "a", "b", "--env", "novalue"},
                                               {"call", "a", "b", "--allow"},
                                               {"call", "a", "b", "--proxy", "proxy.example"},
                                               {"inspect"},
                                               {"check"}}) {
        const Outcome outcome = run_hws(arguments);
        CAPTURE(outcome.err);
        CHECK(outcome.code == 2);
        CHECK(outcome.out == "");
        CHECK(outcome.err.starts_with("hws: "));
        CHECK(std::count(outcome.err.begin(), outcome.err.end(), '\n') == 1);
    }
}
