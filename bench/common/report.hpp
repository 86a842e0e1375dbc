#pragma once
/// The table, as Markdown on standard output.

#include "common/question.hpp"

namespace hws::bench {

/// Machine, commit and columns.
void print_head(const Options& options);
/// One row a contender; `rounds[i]` are those of contender i.
void print_rows(const Comparison& comparison, const std::vector<std::vector<Round>>& rounds);

} // namespace hws::bench
