#pragma once
/// An HTTP server that does with each connection what a test's script says: for answers that no
/// real server gives.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace hws::test {

/// One connection, in the hands of a script. Nothing waits longer than some seconds for a client
/// that does nothing, and nothing at all once the server stops.
class CannedConnection {
public:
    /// Of the server's connections the first, the second ...: from 0 on.
    int number() const { return number_; }
    /// The next request up to its blank line; less of it if the client has finished sending. What
    /// follows stays for the next reading.
    std::string read_head();
    /// So many bytes; fewer if the client has finished sending.
    std::string read(std::size_t bytes);
    /// False: the client is gone.
    bool send(std::string_view text);
    /// Whether the client has closed its end, or does so within some seconds.
    bool is_left();
    /// Ends it with RST instead of FIN, in place of the orderly end that comes after the script.
    void reset();

private:
    friend class CannedServer;
    CannedConnection(class CannedServer& server, int socket, int number)
        : server_(server), socket_(socket), number_(number) {}
    bool receive();
    class CannedServer& server_;
    int socket_;
    int number_;
    std::string unread_;
};

/// On a free port of 127.0.0.1, with a thread for each connection.
class CannedServer {
public:
    using Script = std::function<void(CannedConnection&)>;

    /// Runs `script` for each connection, then closes it.
    explicit CannedServer(Script script);
    /// Reads a request up to its blank line, writes `answer`, and closes.
    explicit CannedServer(std::string answer);
    ~CannedServer();
    CannedServer(const CannedServer&) = delete;
    CannedServer& operator=(const CannedServer&) = delete;

    std::uint16_t port() const { return port_; }
    std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
    std::string url(const std::string& path = "/") const { return "http://" + address() + path; }
    int connections() const { return connections_; }
    /// The requests that were read so far, each up to its blank line.
    std::vector<std::string> heads();

private:
    friend class CannedConnection;
    void serve();

    const Script script_;
    std::uint16_t port_ = 0;
    int listener_ = -1;
    std::atomic<int> connections_ = 0;
    std::mutex mutex_;
    bool is_stopping_ = false;            // under mutex_
    std::vector<std::string> heads_;      // under mutex_
    std::vector<int> sockets_;            // under mutex_: those whose scripts still run
    std::vector<std::thread> connection_threads_; // the accepting thread's, then the destructor's
    std::thread thread_;
};

} // namespace hws::test
