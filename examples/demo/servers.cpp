#include "servers.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <stdexcept>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>

namespace demo {
namespace {

[[noreturn]] void give_up(const char* what) {
    throw std::runtime_error(std::string(what) + ": " + std::strerror(errno));
}

void send_all(int socket, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t count = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (count <= 0) return;
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
}

} // namespace

Servers::Servers() {
    const int tcp = open(SOCK_STREAM, tcp_port_);
    const int udp = open(SOCK_DGRAM, udp_port_);
    const int http = open(SOCK_STREAM, http_port_);
    threads_.emplace_back([this, tcp] { serve_tcp(tcp); });
    threads_.emplace_back([this, udp] { serve_udp(udp); });
    threads_.emplace_back([this, http] { serve_http(http); });
}

Servers::~Servers() {
    is_closing_ = true;
    // Wakes the threads that wait in accept and recvfrom; on Linux the latter too, although it
    // answers ENOTCONN.
    for (const int socket : sockets_)
        ::shutdown(socket, SHUT_RDWR);
    for (std::thread& thread : threads_)
        thread.join();
    for (const int socket : sockets_)
        ::close(socket);
}

int Servers::open(int type, std::uint16_t& port) {
    const int socket = ::socket(AF_INET, type | SOCK_CLOEXEC, 0);
    if (socket < 0) give_up("socket");
    sockets_.push_back(socket);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(socket, reinterpret_cast<sockaddr*>(&address), size) != 0)
        give_up("bind to 127.0.0.1");
    if (type == SOCK_STREAM && ::listen(socket, 16) != 0) give_up("listen");
    if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0)
        give_up("getsockname");
    port = ntohs(address.sin_port);
    return socket;
}

void Servers::serve_tcp(int listener) {
    while (!is_closing_) {
        const int peer = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        if (peer < 0) continue;
        ++visitors_;
        char buffer[4096];
        for (ssize_t count; (count = ::recv(peer, buffer, sizeof buffer, 0)) > 0;)
            send_all(peer, {buffer, static_cast<std::size_t>(count)});
        ::close(peer);
    }
}

void Servers::serve_udp(int socket) {
    while (!is_closing_) {
        char buffer[2048];
        sockaddr_in peer{};
        socklen_t size = sizeof peer;
        auto* const address = reinterpret_cast<sockaddr*>(&peer);
        const ssize_t count = ::recvfrom(socket, buffer, sizeof buffer, 0, address, &size);
        if (count <= 0 || is_closing_) continue;
        ++visitors_;
        ::sendto(socket, buffer, static_cast<std::size_t>(count), MSG_NOSIGNAL, address, size);
    }
}

void Servers::serve_http(int listener) {
    while (!is_closing_) {
        const int peer = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        if (peer < 0) continue;
        ++visitors_;
        std::string request;
        char buffer[4096];
        for (ssize_t count; request.find("\r\n\r\n") == request.npos &&
                            (count = ::recv(peer, buffer, sizeof buffer, 0)) > 0;)
            request.append(buffer, static_cast<std::size_t>(count));
        send_all(peer, "HTTP/1.1 200 OK\r\n"
                       "Content-Type: text/plain\r\n"
                       "Content-Length: 19\r\n"
                       "Set-Cookie: session=8f2c; Path=/; HttpOnly\r\n"
                       "Set-Cookie: theme=dark; Path=/\r\n"
                       "Connection: close\r\n\r\n"
                       "Hello from the demo");
        ::close(peer);
    }
}

} // namespace demo
