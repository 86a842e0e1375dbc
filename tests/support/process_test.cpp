#include "support/process.hpp"

#include <csignal>
#include <doctest/doctest.h>
#include <stdexcept>

using namespace std::chrono_literals;
using hws::test::Process;
using hws::test::ProcessOptions;
using hws::test::run_process;
using hws::test::TemporaryFolder;

TEST_CASE("a process gives its exit code and keeps its two outputs apart") {
    const Process process = run_process({"sh", "-c", "echo out; echo err >&2; exit 7"});
    CHECK(process.output() == "out\n");
    CHECK(process.errors() == "err\n");
    CHECK(Process(run_process({"sh", "-c", "exit 7"})).wait(0ms) == 7);
}

TEST_CASE("a process reads its input, its environment and its folder") {
    const TemporaryFolder folder;
    ProcessOptions options;
    options.input = "from the test\n";
    options.environment = {{"HWS_FIXTURE", "seen"}};
    options.working_folder = folder.path();
    const Process process = run_process({"sh", "-c", "cat; echo $HWS_FIXTURE; pwd"}, options);
    CHECK(process.output() == "from the test\nseen\n" + folder.path().string() + "\n");
}

TEST_CASE("a program that does not exist is named when it cannot be started") {
    CHECK_THROWS_WITH_AS(Process({"no-such-program-here"}),
                         "cannot start no-such-program-here: No such file or directory",
                         std::runtime_error);
}

TEST_CASE("a process that ignores SIGTERM is killed after its grace") {
    Process process({"sh", "-c", "trap '' TERM; echo ready; while :; do sleep 60 & wait; done"});
    for (int i = 0; i < 1000 && process.output().empty(); ++i)
        process.wait(5ms);
    CHECK(process.is_running());
    CHECK(process.stop(50ms) == 128 + SIGKILL);
    CHECK_FALSE(process.is_running());
}

TEST_CASE("a process still running at the end of its scope is stopped") {
    int pid = 0;
    {
        const Process process({"sleep", "600"});
        pid = process.pid();
        CHECK(::kill(pid, 0) == 0);
    }
    CHECK(::kill(pid, 0) != 0);
}

TEST_CASE("a wait that is too short says so and the process goes on") {
    Process process({"sleep", "600"});
    CHECK(process.wait(1ms) == std::nullopt);
    CHECK(process.is_running());
    CHECK(process.stop() == 128 + SIGTERM);
}
