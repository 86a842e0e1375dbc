#pragma once
/// A WebSocket server whose conversation a test writes down by itself, frame by frame; for what no
/// real server does.

#include "support/frames.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <thread>

namespace hws::test {

/// What agrees to a request for a WebSocket, with its blank line. `more`: header lines.
std::string agreement_to(std::string_view request, std::string_view more = {});

/// One connection as the server sees it. Blocking; gives up after some seconds.
class WebSocketPeer {
public:
    explicit WebSocketPeer(int socket);
    ~WebSocketPeer();
    WebSocketPeer(const WebSocketPeer&) = delete;
    WebSocketPeer& operator=(const WebSocketPeer&) = delete;

    int socket() const { return socket_; }
    /// The head of the request. Reads it at the first use.
    const std::string& request();
    std::string agreement() { return agreement_to(request()); }
    void agree() { send(agreement()); }
    void send(std::string_view bytes);
    /// The next frame; an opcode of close without a mask if the connection has ended.
    Frame receive();
    /// Whether the client has ended the connection, and said nothing before. Waits for either.
    bool is_ended();
    void reset();

private:
    bool receive_more();
    int socket_;
    std::string request_;
    std::string unread_;
};

/// On a free port of 127.0.0.1, on a thread of its own, one connection after another.
class WebSocketPeerServer {
public:
    using Talk = std::function<void(WebSocketPeer&)>;
    /// `talk` is called for each connection; afterwards it is closed.
    explicit WebSocketPeerServer(Talk talk);
    ~WebSocketPeerServer();
    WebSocketPeerServer(const WebSocketPeerServer&) = delete;
    WebSocketPeerServer& operator=(const WebSocketPeerServer&) = delete;

    std::uint16_t port() const { return port_; }
    std::string url(const std::string& path = "/") const {
        return "ws://127.0.0.1:" + std::to_string(port_) + path;
    }

private:
    void serve();
    const Talk talk_;
    std::uint16_t port_ = 0;
    int listener_ = -1;
    std::thread thread_;
};

} // namespace hws::test
