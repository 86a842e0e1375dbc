#pragma once
/// The command line, as values.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hws::cli {

enum class Command : std::uint8_t { call, run, inspect, abi, check };

struct Arguments {
    Command command = Command::call;

    /// What to run, and how often.
    std::string file;
    std::string export_name;
    bool is_manifest = false;
    std::uint32_t loop = 1;

    /// Where the input of `call` comes from; nothing of it: empty input.
    std::optional<std::string> input;
    std::optional<std::string> input_file;
    bool reads_stdin = false;

    /// What the plugin may do.
    std::vector<std::string> allow;
    std::vector<std::string> deny;
    std::vector<std::string> allow_hosts;
    std::string policy_file;

    /// What it is given.
    std::vector<std::string> config;
    std::string set_config;
    std::vector<std::string> environment;
    std::vector<std::string> program_arguments;

    /// What it may use up.
    std::optional<std::uint32_t> timeout_ms;
    std::optional<std::uint32_t> memory_pages;
    std::optional<std::uint64_t> http_response_bytes;
    std::optional<std::uint64_t> variable_bytes;
    std::optional<std::uint32_t> icmp_per_second;

    /// The host.
    std::string log_level = "info";
    bool shows_stats = false;
    bool use_cache = true;
    std::vector<std::string> dns_servers;
    std::vector<std::string> dns_search_domains;
    std::string proxy;
    std::string ca_file;
    std::string client_certificate;
    std::string client_key;

    /// `abi` and `check`.
    bool as_markdown = false;
    std::vector<std::string> policy_files;
};

/// Reads the command line. Gives an exit code instead where there is nothing to do: help and
/// version were printed, or the mistake was reported.
std::pair<Arguments, std::optional<int>> parse_arguments(int count, const char* const* texts);

} // namespace hws::cli
