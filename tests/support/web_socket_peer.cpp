#include "support/web_socket_peer.hpp"

#include "support/ports.hpp"

#include <array>
#include <openssl/evp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace hws::test {

std::string agreement_to(std::string_view request, std::string_view more) {
    static constexpr std::string_view name = "Sec-WebSocket-Key: ";
    const std::size_t at = request.find(name) + name.size();
    const std::string key = std::string(request.substr(at, request.find("\r\n", at) - at)) +
                            "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
    unsigned size = 0;
    EVP_Digest(key.data(), key.size(), digest.data(), &size, EVP_sha1(), nullptr);
    std::array<unsigned char, 64> text{};
    EVP_EncodeBlock(text.data(), digest.data(), static_cast<int>(size));
    return std::string("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                       "Connection: Upgrade\r\nSec-WebSocket-Accept: ") +
           reinterpret_cast<const char*>(text.data()) + "\r\n" + std::string(more) + "\r\n";
}

WebSocketPeer::WebSocketPeer(int socket) : socket_(socket) {
    const timeval patience{20, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

WebSocketPeer::~WebSocketPeer() {
    ::close(socket_);
}

bool WebSocketPeer::receive_more() {
    std::array<char, 65'536> room;
    const ssize_t count = ::recv(socket_, room.data(), room.size(), 0);
    if (count <= 0) return false;
    unread_.append(room.data(), static_cast<std::size_t>(count));
    return true;
}

const std::string& WebSocketPeer::request() {
    while (request_.empty()) {
        const std::size_t end = unread_.find("\r\n\r\n");
        if (end == unread_.npos) {
            if (!receive_more()) break;
            continue;
        }
        request_ = unread_.substr(0, end + 4);
        unread_.erase(0, end + 4);
    }
    return request_;
}

void WebSocketPeer::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (count <= 0) return;
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
}

Frame WebSocketPeer::receive() {
    for (;;) {
        if (auto next = take_frame(unread_)) return *next;
        if (!receive_more()) return {.opcode = Op::close};
    }
}

bool WebSocketPeer::is_ended() {
    char one;
    return unread_.empty() && ::recv(socket_, &one, 1, 0) == 0;
}

void WebSocketPeer::reset() {
    const linger now{1, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

WebSocketPeerServer::WebSocketPeerServer(Talk talk) : talk_(std::move(talk)) {
    const Listener listener = listen_on_loopback();
    listener_ = listener.socket;
    port_ = listener.port;
    thread_ = std::thread([this] { serve(); });
}

WebSocketPeerServer::~WebSocketPeerServer() {
    ::shutdown(listener_, SHUT_RDWR); // ends accept
    thread_.join();
    ::close(listener_);
}

void WebSocketPeerServer::serve() {
    for (;;) {
        const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (socket < 0) return;
        WebSocketPeer peer(socket);
        talk_(peer);
    }
}

} // namespace hws::test
