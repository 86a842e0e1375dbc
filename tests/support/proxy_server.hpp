#pragma once
/// Real proxies of a test's own, each on a free port of 127.0.0.1 until destroyed. Where the program
/// is not installed the constructors throw std::runtime_error.

#include "support/process.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace hws::test {

/// tinyproxy: HTTP. Lets tunnels through to any port unless `configuration` says otherwise.
class TinyproxyServer {
public:
    /// `configuration`: further lines of tinyproxy.conf(5).
    explicit TinyproxyServer(const std::string& configuration = "");

    std::uint16_t port() const { return port_; }
    /// What it was asked for (`Request (file descriptor 5): CONNECT ...`) and did, one line each.
    std::string log() const { return process_->output(); }

private:
    TemporaryFolder folder_;
    std::uint16_t port_ = 0;
    std::optional<Process> process_;
};

/// microsocks: SOCKS 5, for whoever has the password.
class SocksServer {
public:
    SocksServer(const std::string& user, const std::string& password);

    std::uint16_t port() const { return port_; }
    std::string log() const { return process_->errors(); }

private:
    std::uint16_t port_ = 0;
    std::optional<Process> process_;
};

} // namespace hws::test
