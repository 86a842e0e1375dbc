#include "support/canned_server.hpp"

#include "support/ports.hpp"

#include <cerrno>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace hws::test {

bool CannedConnection::receive() {
    char buffer[16384];
    const ssize_t count = ::recv(socket_, buffer, sizeof buffer, 0);
    if (count <= 0) return false;
    unread_.append(buffer, static_cast<std::size_t>(count));
    return true;
}

std::string CannedConnection::read_head() {
    std::size_t end = 0;
    while ((end = unread_.find("\r\n\r\n")) == std::string::npos)
        if (!receive()) return std::exchange(unread_, {});
    std::string head = unread_.substr(0, end + 4);
    unread_.erase(0, end + 4);
    const std::lock_guard lock(server_.mutex_);
    return server_.heads_.emplace_back(std::move(head));
}

std::string CannedConnection::read(std::size_t bytes) {
    while (unread_.size() < bytes && receive()) {}
    std::string text = unread_.substr(0, bytes);
    unread_.erase(0, text.size());
    return text;
}

bool CannedConnection::send(std::string_view text) {
    while (!text.empty()) {
        const ssize_t count = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
        if (count <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
}

bool CannedConnection::is_left() {
    char byte;
    for (;;) {
        const ssize_t count = ::recv(socket_, &byte, 1, 0);
        if (count > 0) continue;
        return count == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
    }
}

void CannedConnection::reset() {
    const linger now{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

CannedServer::CannedServer(std::string answer)
    : CannedServer([answer = std::move(answer)](CannedConnection& connection) {
          connection.read_head();
          connection.send(answer);
      }) {}

CannedServer::CannedServer(Script script) : script_(std::move(script)) {
    const Listener listener = listen_on_loopback();
    listener_ = listener.socket;
    port_ = listener.port;
    thread_ = std::thread([this] { serve(); });
}

CannedServer::~CannedServer() {
    {
        const std::lock_guard lock(mutex_);
        is_stopping_ = true;
        for (const int socket : sockets_)
            ::shutdown(socket, SHUT_RDWR); // ends what its script waits for
    }
    ::shutdown(listener_, SHUT_RDWR); // ends accept
    thread_.join();
    for (std::thread& thread : connection_threads_)
        thread.join();
    ::close(listener_);
}

std::vector<std::string> CannedServer::heads() {
    const std::lock_guard lock(mutex_);
    return heads_;
}

void CannedServer::serve() {
    for (;;) {
        const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (socket < 0) return;
        // A client that does nothing must not keep a script for ever.
        const timeval limit{.tv_sec = 10, .tv_usec = 0};
        ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
        {
            const std::lock_guard lock(mutex_);
            sockets_.push_back(socket);
            if (is_stopping_) ::shutdown(socket, SHUT_RDWR);
        }
        connection_threads_.emplace_back([this, socket, number = connections_++] {
            CannedConnection connection(*this, socket, number);
            script_(connection);
            const std::lock_guard lock(mutex_);
            std::erase(sockets_, socket);
            ::close(socket);
        });
    }
}

} // namespace hws::test
