#pragma once
/// Three small servers on loopback, each with a thread: TCP echo, UDP echo, and HTTP with two
/// cookies. The kernel chooses the ports.

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

namespace demo {

class Servers {
public:
    /// Throws std::runtime_error where loopback cannot be used.
    Servers();
    ~Servers();
    Servers(const Servers&) = delete;
    Servers& operator=(const Servers&) = delete;

    /// "127.0.0.1:<port>"
    std::string tcp() const { return at(tcp_port_); }
    std::string udp() const { return at(udp_port_); }
    std::string http() const { return at(http_port_); }
    /// Connections and datagrams that arrived, all servers together.
    unsigned visitors() const { return visitors_; }

private:
    static std::string at(std::uint16_t port) { return "127.0.0.1:" + std::to_string(port); }
    int open(int type, std::uint16_t& port);
    void serve_tcp(int listener);
    void serve_udp(int socket);
    void serve_http(int listener);

    std::uint16_t tcp_port_ = 0;
    std::uint16_t udp_port_ = 0;
    std::uint16_t http_port_ = 0;
    std::atomic<unsigned> visitors_ = 0;
    std::atomic<bool> is_closing_ = false;
    std::vector<int> sockets_;
    std::vector<std::thread> threads_;
};

} // namespace demo
