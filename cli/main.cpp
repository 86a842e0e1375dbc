#include "arguments.hpp"
#include "commands.hpp"
#include "interruption.hpp"
#include "report.hpp"

#include <cstdio>

namespace {

int dispatch(const hws::cli::Arguments& arguments) {
    using namespace hws::cli;
    switch (arguments.command) {
    case Command::call:
        return call(arguments);
    case Command::run:
        return run(arguments);
    case Command::inspect:
        return inspect(arguments);
    case Command::abi:
        return abi(arguments);
    case Command::check:
        return check(arguments);
    }
    return static_cast<int>(Exit::usage);
}

} // namespace

int main(int count, char** texts) {
    auto [arguments, exit_code] = hws::cli::parse_arguments(count, texts);
    if (exit_code) return *exit_code;
    hws::cli::watch_signals();
    hws::cli::leave(dispatch(arguments));
}
