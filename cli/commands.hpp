#pragma once
/// The subcommands. Each returns what the process exits with.

#include "arguments.hpp"

namespace hws::cli {

int call(const Arguments& arguments);
int run(const Arguments& arguments);
int inspect(const Arguments& arguments);
int abi(const Arguments& arguments);
int check(const Arguments& arguments);

} // namespace hws::cli
