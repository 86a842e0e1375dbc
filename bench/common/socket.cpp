#include "common/socket.hpp"

#include <arpa/inet.h>
#include <cstdio>
#include <cstdlib>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace hws::bench {
namespace {

int must(int outcome, const char* what) {
    if (outcome < 0) {
        std::perror(what);
        std::exit(1);
    }
    return outcome;
}

sockaddr_in loopback(std::uint16_t port, unsigned host = 1) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(127u << 24 | host);
    address.sin_port = htons(port);
    return address;
}

int without_delay(int socket) {
    const int on = 1;
    must(::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "setsockopt");
    return socket;
}

} // namespace

namespace {

int listen_on(sockaddr_in address, std::uint16_t& port) {
    const int listener = must(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
    must(::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address), "bind");
    must(::listen(listener, 4096), "listen");
    port = port_of(listener);
    return listener;
}

} // namespace

int listen_on_loopback(std::uint16_t& port) { return listen_on(loopback(0), port); }

int listen_on_every_address(std::uint16_t& port) {
    sockaddr_in address = loopback(0);
    address.sin_addr.s_addr = htonl(INADDR_ANY);
    return listen_on(address, port);
}

std::uint16_t port_of(int socket) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    must(::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size), "getsockname");
    return ntohs(address.sin_port);
}

int bind_datagrams(std::uint16_t port) {
    const int socket = must(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");
    const sockaddr_in address = loopback(port);
    must(::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address), "bind");
    return socket;
}

int connect_datagrams(std::uint16_t port) {
    const int socket = must(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");
    const sockaddr_in address = loopback(port);
    must(::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address), "connect");
    return socket;
}

static_assert(sizeof(Peer) == sizeof(sockaddr_in));

std::size_t receive_datagram(int socket, void* data, std::size_t size, Peer& from) {
    socklen_t length = sizeof from.address;
    return static_cast<std::size_t>(must(
        static_cast<int>(::recvfrom(socket, data, size, 0, reinterpret_cast<sockaddr*>(from.address), &length)),
        "recvfrom"));
}

void send_datagram(int socket, const void* data, std::size_t size, const Peer& to) {
    must(static_cast<int>(::sendto(socket, data, size, 0, reinterpret_cast<const sockaddr*>(to.address), sizeof to.address)),
         "sendto");
}

int accept_from(int listener) { return without_delay(must(::accept(listener, nullptr, nullptr), "accept")); }

int connect_to(std::uint16_t port) {
    return without_delay(connect_plainly(1, port));
}

int connect_plainly(unsigned host, std::uint16_t port) {
    const int socket = must(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
    const sockaddr_in address = loopback(port, host);
    must(::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address), "connect");
    return socket;
}

bool send_all(int socket, const void* data, std::size_t size) {
    const char* at = static_cast<const char*>(data);
    while (size > 0) {
        const ssize_t count = ::send(socket, at, size, MSG_NOSIGNAL);
        if (count <= 0) return false;
        at += count;
        size -= static_cast<std::size_t>(count);
    }
    return true;
}

bool receive_all(int socket, void* data, std::size_t size) {
    char* at = static_cast<char*>(data);
    while (size > 0) {
        const ssize_t count = ::recv(socket, at, size, 0);
        if (count <= 0) return false;
        at += count;
        size -= static_cast<std::size_t>(count);
    }
    return true;
}

std::uint64_t digest_of(std::uint64_t digest, const void* data, std::size_t size) {
    const unsigned char* bytes = static_cast<const unsigned char*>(data);
    for (std::size_t i = 0; i < size; ++i) digest = (digest ^ bytes[i]) * 0x100000001b3u;
    return digest;
}

void fill_pattern(void* data, std::size_t size) {
    unsigned char* const bytes = static_cast<unsigned char*>(data);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<unsigned char>((i * 31 + 7) % 251);
}

} // namespace hws::bench
