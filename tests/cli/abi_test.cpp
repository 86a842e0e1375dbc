#include "cli/command.hpp"

#include <doctest/doctest.h>

using namespace hws::test;

TEST_CASE("every dialect's functions are listed") {
    const Outcome outcome = run_hws({"abi"});
    CHECK(outcome.code == 0);
    for (const char* const part :
         {"env  (v1)", "tcp_connect", "http_request", "extism:host/env", "config_get",
          "input_load_u64", "wasi_snapshot_preview1", "poll_oneoff"})
        CHECK(contains(outcome.out, part));
}

TEST_CASE("docs/abi.md says what the tables say") {
    INFO("to bring it up to date: build/bin/hws abi --markdown > docs/abi.md");
    const bool is_current =
        run_hws({"abi", "--markdown"}).out == read_file(HWS_SOURCE_DIR "/docs/abi.md");
    CHECK(is_current);
}
