#pragma once
/// Calls of the host that find nothing to do: what crossing the border costs, there and back.

#include "common/question.hpp"

#include <string>

namespace hws::host {
class Plugin;
}

namespace hws::bench::host_call {

inline constexpr std::uint64_t batch = 10'000;

/// The system's refusals, in batches: close(-1), and send(-1, ...).
Round run_native(bool sends, std::uint64_t batches);
/// The export makes `batch` host calls.
Result<Round> run_plugin(host::Plugin& plugin, const std::string& export_name, std::uint64_t batches);

} // namespace hws::bench::host_call
