#pragma once
/// The one way from what a plugin asked for to addresses that may be used.

#include "core/policy.hpp"
#include "core/target.hpp"
#include "os/loop.hpp"
#include "os/task.hpp"

#include <optional>
#include <vector>

namespace hws::host::core {

class Resolver;

/// The addresses of `target` that the policy lets pass for this use, at least one, in the
/// resolver's order. A name is checked before any query leaves, then resolved, then each of its
/// addresses is checked under the name; those that are denied are left out. An address is only
/// checked. `http`: as Policy::check has it. `policy` and `resolver` must outlive the task. Errors: denied (the name, or every
/// address), and those of Resolver::resolve.
os::Task<std::vector<Vetted>> vet(const Policy& policy, Use use, Target target, Resolver& resolver,
                                  os::Deadline deadline, std::optional<HttpTarget> http = {});

} // namespace hws::host::core
