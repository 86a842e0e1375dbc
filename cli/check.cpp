#include "commands.hpp"
#include "output.hpp"
#include "report.hpp"

namespace hws::cli {

int check(const Arguments& arguments) {
    Exit code = Exit::ok;
    for (const std::string& file : arguments.policy_files) {
        const auto policy = host::read_policy_file(file);
        if (!policy) {
            report(policy.error());
            code = Exit::usage;
            continue;
        }
        std::string text = file + ": " + std::to_string(policy->rule_count()) + " rules";
        text += policy->rule_count() == 0 ? "; everything is denied\n" : "\n";
        std::size_t number = 0;
        for (const std::string& rule : policy->rules()) {
            std::string column = std::to_string(++number);
            column.insert(0, column.size() < 4 ? 4 - column.size() : 0, ' ');
            text += column + "  " + rule + "\n";
        }
        if (const auto written = write_output(text); !written) {
            report(written.error());
            return static_cast<int>(Exit::cannot_load);
        }
    }
    return static_cast<int>(code);
}

} // namespace hws::cli
