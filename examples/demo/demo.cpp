// What ./demo runs: a plugin talks to servers on loopback, once with the rules it needs and once
// with one of them missing.
#include "servers.hpp"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <hws/host/runtime.hpp>
#include <string>
#include <unistd.h>
#include <vector>

namespace {

using namespace hws::host;

bool has_colors() {
    return ::isatty(STDOUT_FILENO) == 1;
}
const char* bold() {
    return has_colors() ? "\033[1m" : "";
}
const char* green() {
    return has_colors() ? "\033[32m" : "";
}
const char* red() {
    return has_colors() ? "\033[31m" : "";
}
const char* plain() {
    return has_colors() ? "\033[0m" : "";
}

/// One line of the plugin's report (examples/hello_net): step, result, detail.
struct Step {
    std::string name;
    std::string result;
    std::string detail;
    bool is_ok() const { return result == "ok"; }
};

std::vector<Step> parse_report(std::string_view text) {
    std::vector<Step> steps;
    while (!text.empty()) {
        std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        Step step;
        for (std::string* const part : {&step.name, &step.result, &step.detail}) {
            const std::string_view field = line.substr(0, line.find('\t'));
            *part = field;
            line.remove_prefix(std::min(field.size() + 1, line.size()));
        }
        steps.push_back(std::move(step));
    }
    return steps;
}

void print_steps(const std::vector<Step>& steps) {
    std::size_t result_width = 6;
    for (const Step& step : steps)
        result_width = std::max(result_width, step.result.size());
    std::printf("    %-14s %-*s %s\n", "step", static_cast<int>(result_width), "result", "detail");
    for (const Step& step : steps)
        std::printf("    %-14s %s%-*s%s %s\n", step.name.c_str(), step.is_ok() ? green() : red(),
                    static_cast<int>(result_width), step.result.c_str(), plain(),
                    step.detail.c_str());
}

void print_rules(const Policy& policy) {
    for (const std::string& rule : policy.rules())
        std::printf("    %s\n", rule.c_str());
}

struct Run {
    std::vector<Step> steps;
    std::vector<std::string> denials;
};

/// The plugin under a policy. What the policy refuses is told to the operator, not to the plugin.
hws::Result<Run> run(Runtime& runtime, const Module& module, const Policy& policy,
                     const std::string& input) {
    Run run;
    PluginOptions options;
    options.policy = policy;
    options.on_denial = [&](const Denial& denial) {
        run.denials.push_back(std::string(denial.operation) + ": " + std::string(denial.reason));
    };
    Plugin plugin = runtime.make_plugin(module, std::move(options));
    HWS_TRY(const Output output, plugin.call("execute", input));
    run.steps = parse_report(output.text());
    return run;
}

/// build/guest/hello_net.wasm, beside build/bin/hws-demo.
std::filesystem::path find_plugin() {
    std::error_code problem;
    const auto program = std::filesystem::read_symlink("/proc/self/exe", problem);
    return program.parent_path().parent_path() / "guest" / "hello_net.wasm";
}

hws::Result<bool> demonstrate(const std::filesystem::path& wasm) {
    const demo::Servers servers;
    HWS_TRY(Runtime runtime, Runtime::create({.max_plugins = 2}));
    HWS_TRY(const Module module, runtime.load_file(wasm));
    const std::string input = "tcp=" + servers.tcp() + " udp=" + servers.udp() +
                              " icmp=127.0.0.1 http=http://" + servers.http() + "/cookies";

    const std::string rule_for_udp = "allow udp:" + servers.udp();
    const std::vector<std::string> rules = {"allow tcp:" + servers.tcp(), rule_for_udp,
                                            "allow icmp:127.0.0.1", "allow http:" + servers.http()};
    HWS_TRY(const Policy policy, Policy::parse(rules));
    std::printf("%s1. The plugin %s with the rules it needs%s\n\n", bold(), wasm.filename().c_str(),
                plain());
    print_rules(policy);
    std::printf("\n");
    HWS_TRY(const Run first, run(runtime, module, policy, input));
    print_steps(first.steps);

    std::vector<std::string> fewer = rules;
    std::erase(fewer, rule_for_udp);
    HWS_TRY(const Policy narrower, Policy::parse(fewer));
    std::printf("\n%s2. The same plugin without \"%s\"%s\n\n", bold(), rule_for_udp.c_str(),
                plain());
    const unsigned visitors_before = servers.visitors();
    HWS_TRY(const Run second, run(runtime, module, narrower, input));
    print_steps(second.steps);
    std::printf("\n    Nothing was sent. The plugin learns only that the call failed; the "
                "operator's log has the reason:\n");
    for (const std::string& denial : second.denials)
        std::printf("    %s%s%s\n", red(), denial.c_str(), plain());
    std::printf("\n");

    // Five steps and the two cookies; the second time there was no datagram.
    constexpr std::ptrdiff_t expected_lines = 7;
    bool is_good = std::ssize(first.steps) == expected_lines && first.denials.empty();
    for (const Step& step : first.steps)
        is_good &= step.is_ok();
    is_good &= second.denials.size() == 1 && servers.visitors() - visitors_before == 2;
    is_good &= std::ranges::count_if(second.steps, &Step::is_ok) == expected_lines - 1;
    if (!is_good) std::fprintf(stderr, "hws-demo: this is not what should have happened\n");
    return is_good;
}

} // namespace

int main(int count, char** arguments) {
    if (count > 2 || (count == 2 && arguments[1][0] == '-')) {
        std::fprintf(stderr, "usage: hws-demo [hello_net.wasm]\n");
        return 2;
    }
    try {
        const auto good =
            demonstrate(count == 2 ? std::filesystem::path(arguments[1]) : find_plugin());
        if (!good) std::fprintf(stderr, "hws-demo: %s\n", good.error().message().c_str());
        return good && *good ? 0 : 1;
    } catch (const std::exception& problem) { // of the servers, or memory
        std::fprintf(stderr, "hws-demo: %s\n", problem.what());
        return 1;
    }
}
