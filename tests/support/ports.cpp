#include "support/ports.hpp"

#include "support/process.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <netinet/in.h>
#include <poll.h>
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

namespace hws::test {

namespace {

sockaddr_in loopback4(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

bool can_bind(int family, int type, std::uint16_t port) {
    const int number = ::socket(family, type | SOCK_CLOEXEC, 0);
    if (number < 0) return errno == EAFNOSUPPORT;
    int result = -1;
    if (family == AF_INET) {
        const sockaddr_in address = loopback4(port);
        result = ::bind(number, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    } else {
        sockaddr_in6 address{};
        address.sin6_family = AF_INET6;
        address.sin6_port = htons(port);
        address.sin6_addr = in6addr_loopback;
        result = ::bind(number, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    }
    // A machine without IPv6 has no ::1 to be taken.
    const bool free = result == 0 || errno == EADDRNOTAVAIL;
    ::close(number);
    return free;
}

bool accepts(std::uint16_t port) {
    const int number = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (number < 0) return false;
    const sockaddr_in address = loopback4(port);
    const bool connected =
        ::connect(number, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    ::close(number);
    return connected;
}

} // namespace

Listener listen_on_loopback() {
    const int number = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = loopback4(0);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    // A backlog as long as the system allows: tests connect by the thousand.
    if (::bind(number, any, size) != 0 || ::listen(number, SOMAXCONN) != 0 ||
        ::getsockname(number, any, &size) != 0) {
        ::close(number);
        throw std::runtime_error("cannot listen on 127.0.0.1");
    }
    return {number, ntohs(address.sin_port)};
}

std::uint16_t free_port() {
    for (int attempt = 0; attempt < 50; ++attempt) {
        const int number = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (number < 0) break;
        sockaddr_in address = loopback4(0);
        socklen_t length = sizeof address;
        const bool bound =
            ::bind(number, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
            ::getsockname(number, reinterpret_cast<sockaddr*>(&address), &length) == 0;
        ::close(number);
        const std::uint16_t port = ntohs(address.sin_port);
        if (bound && can_bind(AF_INET, SOCK_DGRAM, port) && can_bind(AF_INET6, SOCK_STREAM, port) &&
            can_bind(AF_INET6, SOCK_DGRAM, port))
            return port;
    }
    throw std::runtime_error("no free port on loopback");
}

bool has_ipv6_loopback() {
    const int number = ::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (number < 0) return false;
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_addr = in6addr_loopback;
    const bool bound =
        ::bind(number, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    ::close(number);
    return bound;
}

void wait_until_accepting(std::uint16_t port, Process& server, std::chrono::milliseconds limit) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    // A refused connect on loopback answers at once, so what paces the attempts is the wait for the
    // server's end.
    auto pause = std::chrono::milliseconds(1);
    while (!accepts(port)) {
        if (const std::optional<int> code = server.wait(pause)) {
            throw std::runtime_error("the server ended with code " + std::to_string(*code) +
                                     " before it accepted: " + server.output() + server.errors());
        }
        if (std::chrono::steady_clock::now() > deadline) {
            throw std::runtime_error("nothing accepts on port " + std::to_string(port) + " after " +
                                     std::to_string(limit.count()) + " ms: " + server.output() +
                                     server.errors());
        }
        if (pause < std::chrono::milliseconds(50)) pause *= 2;
    }
}

} // namespace hws::test
