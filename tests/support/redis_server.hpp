#pragma once
/// A redis-server of a test's own.

#include "support/process.hpp"
#include "support/temporary_folder.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace hws::test {

/// Debian's redis-server on a free port of 127.0.0.1 and ::1, in a temporary folder, empty, writing
/// nothing to disk. It accepts connections when the constructor returns, and is gone when the
/// destructor does.
class RedisServer {
public:
    /// `options` are redis' own, e.g. {"--requirepass", "secret"}.
    /// Throws std::runtime_error where redis-server is not installed or does not start.
    explicit RedisServer(const std::vector<std::string>& options = {});

    std::uint16_t port() const { return port_; }
    /// "127.0.0.1:6379"
    std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
    Process& process() { return *process_; }

private:
    TemporaryFolder folder_;
    std::uint16_t port_ = 0;
    std::optional<Process> process_;
};

} // namespace hws::test
