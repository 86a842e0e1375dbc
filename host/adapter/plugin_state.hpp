#pragma once
/// Everything the host functions of one plugin work on. The engine owns one per plugin and passes it to each host function;
/// the host functions of all dialects share it, so that there is one descriptor table, one policy and one set of limits.

#include "adapter/guest_memory.hpp"
#include "core/descriptor_table.hpp"
#include "core/http_client.hpp"
#include "core/icmp_allowance.hpp"
#include "core/limits.hpp"
#include "core/lookups.hpp"
#include "core/network_socket.hpp"
#include "core/policy.hpp"
#include "kernel/kernel.hpp"
#include "os/loop.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hws::host::core {
class IcmpClient;
class Resolver;
} // namespace hws::host::core

namespace hws::host::adapter {

enum class LogLevel : std::uint8_t { trace, debug, info, warn, error, off };

/// Counted for `--stats` and for embedders; only ever grows while the plugin lives.
struct Statistics {
    std::uint64_t host_calls = 0;
    std::uint64_t bytes_sent = 0;
    std::uint64_t bytes_received = 0;
    std::uint64_t denials = 0;
};

/// The plugin's kernel instance. The engine implements it.
class Kernel {
public:
    /// A view of the kernel's memory as it is now; see kernel.hpp for how long it lives.
    virtual kernel::KernelView view() = 0;

protected:
    ~Kernel() = default;
};

struct PluginState final : core::SocketOwner {
    PluginState(os::Loop& loop, core::Resolver& resolver, core::Policy policy, core::Limits limits);
    ~PluginState();
    PluginState(const PluginState&) = delete;
    PluginState& operator=(const PluginState&) = delete;

    os::Loop& loop;
    const core::Policy policy;
    const core::Limits limits;
    core::IcmpAllowance icmp_allowance; // outlives the descriptors
    /// Shared by the plugins of a loop if the embedding gives one; else made at the first use. Sockets
    /// give it what they still have to send.
    std::shared_ptr<core::TlsClient> shared_tls_client;
    core::Lookups lookups;
    core::UnixFiles bound_files;
    core::DescriptorTable descriptors;
    core::HttpClientOptions http_options;
    /// Made at the first use: most plugins never speak HTTP or ICMP.
    core::HttpClient& http();
    core::IcmpClient& icmp();
    core::TlsClient& tls_client();

    /// The guest's own memory and its kernel's; null before the instance exists, and `kernel` for modules that import none.
    GuestMemory* memory = nullptr;
    Kernel* kernel = nullptr;

    /// What preview 1 hands to a command.
    std::vector<std::string> arguments;
    std::vector<std::string> environment; ///< "NAME=value"
    /// Extism configuration and variables.
    std::map<std::string, std::string, std::less<>> config;
    std::map<std::string, std::string, std::less<>> variables;
    std::size_t variable_bytes = 0;
    /// Of the last extism http_request.
    std::int32_t http_status = 0;
    std::string http_headers_json;

    /// The last failure of a function of dialect v2 or preview 1, for `last_error`.
    std::string_view failed_operation;
    std::optional<Error> last_failure;

    /// Set by proc_exit: the call unwinds as soon as the host function returns.
    std::optional<std::uint32_t> exit_code;
    /// Set by a host function that must end the call with a trap; the text tells why.
    std::optional<std::string> trap_text;

    /// Where the plugin's log lines and the host's remarks about this plugin (denials, the reason behind a v1 zero) go.
    LogLevel log_level = LogLevel::info;
    std::function<void(LogLevel, std::string_view)> log_sink;
    /// Where the host's remarks go if not to `log_sink`, so that a plugin cannot write one.
    std::function<void(LogLevel, std::string_view)> remark_sink;
    /// Told of each denial, whatever the level: the operation, and use, target and reason. Instead of a remark.
    std::function<void(std::string_view, std::string_view)> denial_sink;
    Statistics statistics;

    /// Logs if the level is wanted; the text is only built then: `log(LogLevel::warn, [&] { return ...; })`.
    template <class MakeText>
    void log(LogLevel level, MakeText&& make_text) {
        if (level < log_level || !log_sink) return;
        std::string text = make_text();
        if (text.size() > limits.log_line_bytes) text.resize(limits.log_line_bytes);
        log_sink(level, text);
    }
    /// A host function failed: the reason goes to the log with the operation's name, a denial is counted. One without a
    /// reason has been noted before.
    void note_failure(std::string_view operation, const Error& error);

    const core::Policy& socket_policy() const override { return policy; }
    std::vector<core::HostName> names_of(const IpAddr& address) const override {
        return lookups.names().names_of(address);
    }
    void on_denied(std::string_view operation, const Error& error) override { note_failure(operation, error); }
    core::UnixFiles& unix_files() override { return bound_files; }

private:
    std::unique_ptr<core::HttpClient> http_;
    std::unique_ptr<core::IcmpClient> icmp_;
};

} // namespace hws::host::adapter
