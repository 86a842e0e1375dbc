#pragma once
/// A TCP server that says the same to everybody, whatever they ask: for answers that no real server
/// gives.

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>

namespace hws::test {

/// On a free port of 127.0.0.1, on a thread of its own: reads a request up to its blank line,
/// writes `answer`, and closes. One connection at a time.
class CannedServer {
public:
    explicit CannedServer(std::string answer);
    ~CannedServer();
    CannedServer(const CannedServer&) = delete;
    CannedServer& operator=(const CannedServer&) = delete;

    std::uint16_t port() const { return port_; }
    std::string url(const std::string& path = "/") const {
        return "http://127.0.0.1:" + std::to_string(port_) + path;
    }
    int connections() const { return connections_; }

private:
    void serve();

    const std::string answer_;
    std::uint16_t port_ = 0;
    int listener_ = -1;
    std::atomic<int> connections_ = 0;
    std::atomic<bool> is_stopping_ = false;
    std::thread thread_;
};

} // namespace hws::test
