#include "support/test_client.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <netdb.h>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace hws::test {

namespace {

[[noreturn]] void fail(int number, const char* what) {
    const std::string reason = std::string(what) + ": " + std::strerror(errno);
    ::close(number);
    throw std::runtime_error(reason);
}

int connected(const std::string& address, std::uint16_t port, int type,
              std::chrono::milliseconds limit) {
    addrinfo hints{};
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    hints.ai_socktype = type;
    addrinfo* found = nullptr;
    if (::getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found) != 0)
        throw std::runtime_error("not an address: " + address);
    const int number = ::socket(found->ai_family, type | SOCK_CLOEXEC, 0);
    timeval timeout{};
    timeout.tv_sec = limit.count() / 1000;
    timeout.tv_usec = limit.count() % 1000 * 1000;
    ::setsockopt(number, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    ::setsockopt(number, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
    const int result = ::connect(number, found->ai_addr, found->ai_addrlen);
    ::freeaddrinfo(found);
    if (result != 0) fail(number, "connect");
    return number;
}

} // namespace

std::string exchange(const std::string& address, std::uint16_t port, std::string_view request,
                     std::chrono::milliseconds limit) {
    const int number = connected(address, port, SOCK_STREAM, limit);
    while (!request.empty()) {
        const ssize_t sent = ::send(number, request.data(), request.size(), MSG_NOSIGNAL);
        if (sent < 0) fail(number, "send");
        request.remove_prefix(static_cast<std::size_t>(sent));
    }
    ::shutdown(number, SHUT_WR);
    std::string answer;
    std::array<char, 16384> buffer;
    for (;;) {
        const ssize_t received = ::recv(number, buffer.data(), buffer.size(), 0);
        if (received < 0) fail(number, "recv");
        if (received == 0) break;
        answer.append(buffer.data(), static_cast<std::size_t>(received));
    }
    ::close(number);
    return answer;
}

std::string exchange_datagram(const std::string& address, std::uint16_t port,
                              std::string_view datagram, std::chrono::milliseconds limit) {
    const int number = connected(address, port, SOCK_DGRAM, limit);
    if (::send(number, datagram.data(), datagram.size(), MSG_NOSIGNAL) < 0) fail(number, "send");
    std::string answer(65536, '\0');
    const ssize_t received = ::recv(number, answer.data(), answer.size(), 0);
    if (received < 0) fail(number, "recv");
    ::close(number);
    answer.resize(static_cast<std::size_t>(received));
    return answer;
}

} // namespace hws::test
