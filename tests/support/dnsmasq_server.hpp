#pragma once
/// A name server of a test's own.

#include "support/process.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace hws::test {

/// dnsmasq on a free port of 127.0.0.1, over UDP and TCP. It knows only what it is told, and
/// answers REFUSED for every other name. Gone when the destructor returns.
class DnsmasqServer {
public:
    /// `arguments` are dnsmasq's own: "--host-record=name.test,192.0.2.1,2001:db8::1",
    /// "--address=/nowhere.test/" (no such name). Throws std::runtime_error, with dnsmasq's
    /// message, where it is not installed or refuses them.
    explicit DnsmasqServer(const std::vector<std::string>& arguments);

    /// "127.0.0.1:5300"
    std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
    /// What it was asked and what it answered, one line each.
    std::string query_log() const { return process_->errors(); }
    Process& process() { return *process_; }

private:
    std::uint16_t port_ = 0;
    std::optional<Process> process_;
};

} // namespace hws::test
