#pragma once
/// A TCP and UDP server within the test's own process, on a thread of its own.

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

namespace hws::test {

/// What it does with a connection.
enum class Behaviour {
    /// Sends everything back; closes its half when the client has closed the other.
    echo,
    /// Accepts, reads, and neither says anything nor closes by itself (see EchoServer::send).
    /// Datagrams stay unanswered.
    say_nothing,
    /// Echoes until it has received `reset_after_bytes`, then resets the connection (RST, not FIN).
    reset,
    /// Accepts and closes at once, the ordinary way.
    close,
};

struct EchoOptions {
    Behaviour behaviour = Behaviour::echo;
    /// An IPv4 or IPv6 address of this machine, normally 127.0.0.1 or ::1.
    std::string address = "127.0.0.1";
    std::size_t reset_after_bytes = 1;
};

/// Listens on one free port, the same number for TCP and UDP, from the constructor's end to the
/// destructor's. Every operation may be called from any thread. It holds thousands of connections.
class EchoServer {
public:
    /// Throws std::runtime_error where the address can't be bound.
    explicit EchoServer(EchoOptions options = {});
    EchoServer(const EchoServer&) = delete;
    EchoServer& operator=(const EchoServer&) = delete;
    ~EchoServer();

    /// Waits until so many connections have been accepted since the start; false when `limit`
    /// passed first.
    bool wait_for_connections(std::size_t count,
                              std::chrono::milliseconds limit = std::chrono::seconds(20));
    /// Waits until so many bytes have been received over TCP since the start; false when `limit`
    /// passed first.
    bool wait_for_bytes(std::size_t count,
                        std::chrono::milliseconds limit = std::chrono::seconds(20));

    /// Sends to the n-th accepted connection (from 0). Throws std::runtime_error when that is
    /// closed or takes no more.
    void send(std::size_t connection, std::string_view text);
    /// Closes the n-th accepted connection; its client sees a reset instead of an end where bytes
    /// are unread (wait_for_bytes). Nothing when it is closed already.
    void close(std::size_t connection);
    /// What the n-th accepted connection has sent so far; kept only with Behaviour::say_nothing.
    std::string received_on(std::size_t connection);

    std::uint16_t port() const { return port_; }
    const std::string& host() const { return options_.address; }
    /// "127.0.0.1:4000", "[::1]:4000"
    std::string address() const;

    /// How many connections, bytes over TCP, and datagrams have arrived since the start. A server
    /// that nobody was allowed to reach has seen none: what a test of a policy asks it.
    std::size_t connections() const;
    std::size_t received_bytes() const;
    std::size_t datagrams() const;

private:
    struct Connection {
        std::size_t index = 0;
        std::size_t received_bytes = 0;
        std::string unsent;
        bool peer_finished = false;
    };

    void bind();
    void serve();
    void accept_all();
    void answer_datagrams();
    void serve_connection(int number, std::uint32_t events);
    bool receive(int number, Connection& connection);
    bool flush(int number, Connection& connection);
    void drop(int number);

    const EchoOptions options_;
    std::uint16_t port_ = 0;
    int listener_ = -1;
    int datagram_socket_ = -1;
    int wake_ = -1;
    int epoll_ = -1;

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::unordered_map<int, Connection> open_;
    std::vector<int> numbers_;          // of the n-th accepted connection, -1 once closed
    std::vector<std::string> received_; // by the n-th accepted connection
    std::size_t received_bytes_ = 0;
    std::size_t datagrams_ = 0;
    bool stopping_ = false;
    std::thread thread_;
};

} // namespace hws::test
