#include "adapter/plugin_state.hpp"

#include "core/http_client.hpp"
#include "core/icmp_client.hpp"
#include "core/resolver.hpp"

namespace hws::host::adapter {

PluginState::PluginState(os::Loop& loop_, core::Resolver& resolver, core::Policy policy_, core::Limits limits_)
    : loop(loop_), policy(std::move(policy_)), limits(limits_), icmp_allowance(limits_),
      lookups(resolver, limits_), bound_files(limits_.unix_files), descriptors(limits_.descriptors) {}

PluginState::~PluginState() {
    // Exchanges are at work by themselves, on the client that is destroyed before the table.
    descriptors.clear();
}

core::HttpClient& PluginState::http() {
    if (!http_) http_ = std::make_unique<core::HttpClient>(loop, lookups, policy, limits, http_options);
    return *http_;
}

core::IcmpClient& PluginState::icmp() {
    if (!icmp_) icmp_ = std::make_unique<core::IcmpClient>(loop, limits, icmp_allowance);
    return *icmp_;
}

core::TlsClient& PluginState::tls_client() {
    if (!shared_tls_client) shared_tls_client = std::make_shared<core::TlsClient>(loop);
    return *shared_tls_client;
}

void PluginState::note_failure(std::string_view operation, const Error& error) {
    const bool is_denial = error == Errc::denied;
    if (is_denial && error.context().empty()) return;
    if (is_denial) ++statistics.denials;
    if (is_denial && denial_sink) return denial_sink(operation, error.context());
    const LogLevel level = is_denial ? LogLevel::warn : LogLevel::debug;
    const auto& sink = remark_sink ? remark_sink : log_sink;
    if (level < log_level || !sink) return;
    std::string text = std::string(operation) + " " + error.message();
    if (text.size() > limits.log_line_bytes) text.resize(limits.log_line_bytes);
    sink(level, text);
}

} // namespace hws::host::adapter
