// hws-bench [--rounds N] [--scale FACTOR] [question ...]: prints a Markdown table, docs/performance.md shows and explains it.

#include "common/question.hpp"
#include "common/report.hpp"

#include <cstdio>
#include <cstdlib>
#include <spawn.h>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>

extern char** environ;

namespace hws::bench {
namespace {

constexpr Question questions[] = {
    {"round_trip", "What does a TCP round trip cost?", &ask_round_trip},
    {"bulk", "How many bytes a second pass through a TCP connection?", &ask_bulk},
    {"udp", "What do datagrams cost, one at a time and many a call?", &ask_udp},
    {"icmp_echo", "What does a ping cost?", &ask_icmp_echo},
    {"connections", "How many connections are accepted, and made and closed, in a second?", &ask_connections},
    {"http", "What does a GET cost, and 1,000 of them at once?", &ask_http},
    {"empty_call", "What does a call of a plugin cost?", &ask_empty_call},
    {"host_call", "What does a call of the host cost?", &ask_host_call},
    {"instantiate", "What does a plugin cost that lives for one call, and one that idles?", &ask_instantiate},
    {"parked", "What do 2,000 plugins that wait for their connections cost?", &ask_parked},
    {"many", "And 10,000 of them?", &ask_many},
    {"start", "How long does a command take that calls one export?", &ask_start},
};

int usage() {
    std::fprintf(stderr, "hws-bench [--rounds N] [--scale FACTOR] [question ...]\n\nquestions:\n");
    for (const Question& question : questions)
        std::fprintf(stderr, "  %-12s %s\n", std::string(question.name).c_str(), std::string(question.sentence).c_str());
    return 2;
}

/// A process for each question: what one leaves behind in the allocator or the kernel is not the next one's.
bool run_alone(const Question& question, const Options& options) {
    std::string name(question.name);
    std::string rounds = std::to_string(options.rounds);
    std::string scale = std::to_string(options.scale);
    std::string words[] = {"hws-bench", "--rounds", rounds, "--scale", scale, "--alone", name};
    char* arguments[std::size(words) + 1] = {};
    for (std::size_t i = 0; i < std::size(words); ++i) arguments[i] = words[i].data();
    pid_t process = -1;
    if (::posix_spawn(&process, "/proc/self/exe", nullptr, nullptr, arguments, environ) != 0) return false;
    int status = -1;
    ::waitpid(process, &status, 0);
    return status == 0;
}

int main(int count, char** arguments) {
    Options options;
    bool alone = false;
    std::vector<const Question*> asked;
    for (int i = 1; i < count; ++i) {
        const std::string_view word = arguments[i];
        if (word == "--rounds" && i + 1 < count) {
            options.rounds = std::max(1, std::atoi(arguments[++i]));
        } else if (word == "--scale" && i + 1 < count) {
            options.scale = std::atof(arguments[++i]);
        } else if (word == "--alone") {
            alone = true;
        } else {
            const Question* found = nullptr;
            for (const Question& question : questions)
                if (question.name == word) found = &question;
            if (!found) return usage();
            asked.push_back(found);
        }
    }
    if (asked.empty())
        for (const Question& question : questions) asked.push_back(&question);

    if (alone) {
        rlimit files{};
        ::getrlimit(RLIMIT_NOFILE, &files);
        files.rlim_cur = files.rlim_max;
        ::setrlimit(RLIMIT_NOFILE, &files);
        const auto done = asked.front()->ask(options);
        if (!done) std::fprintf(stderr, "\n%s: %s\n", arguments[0], done.error().message().c_str());
        return done ? 0 : 1;
    }
    print_head(options);
    bool all_well = true;
    for (const Question* question : asked) all_well &= run_alone(*question, options);
    return all_well ? 0 : 1;
}

} // namespace
} // namespace hws::bench

int main(int count, char** arguments) { return hws::bench::main(count, arguments); }
