#pragma once
/// A policy as a TOML file:
///
///     allow = ["tcp:127.0.0.1:6379", "https:*.example.com:443"]
///     deny  = ["https:admin.example.com:443"]

#include "core/policy.hpp"

#include <string_view>

namespace hws::host::core {

inline constexpr std::size_t max_policy_file_bytes =
    1024 * 1024; // far beyond Policy::max_rules of any sense

/// Reads the text of a policy file; `file_name` is for messages only. An empty text is an empty
/// policy: it denies all. Errors: bad_policy, `policy.toml:3:12: ...`. Anything that is not
/// understood, an unknown key too, refuses the file.
Result<Policy> parse_policy_toml(std::string_view text, std::string_view file_name = "policy.toml");

} // namespace hws::host::core
