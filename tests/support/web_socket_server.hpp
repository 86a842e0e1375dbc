#pragma once
/// python3-websockets on a free port of 127.0.0.1. Paths: /echo, /count (kind and size of what it
/// got), /request (its head, as JSON), /close?code=&reason=, /send?count=&bytes=, /fragments,
/// /ping, /silence. With `id=` in the query /closed?of= tells in JSON how that connection has
/// ended. It knows the subprotocols chat and superchat.

#include "support/certificates.hpp"
#include "support/process.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace hws::test {

class WebSocketServer {
public:
    /// With a certificate over TLS.
    explicit WebSocketServer(const std::optional<Certificate>& certificate = {});

    std::uint16_t port() const { return port_; }
    std::string url(const std::string& path) const {
        return (is_secure_ ? "wss" : "ws") + std::string("://127.0.0.1:") + std::to_string(port_) +
               path;
    }

private:
    bool is_secure_;
    std::uint16_t port_ = 0;
    std::optional<Process> process_;
};

} // namespace hws::test
