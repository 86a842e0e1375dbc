#include "support/echo_server.hpp"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <stdexcept>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace hws::test {

namespace {

// A connection whose client doesn't read is not read from either, beyond this.
constexpr std::size_t max_unsent_bytes = 1 << 20;

struct Address {
    sockaddr_storage storage{};
    socklen_t length = 0;

    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
    sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

Address parse(const std::string& text, std::uint16_t port) {
    Address address;
    auto* v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
    if (::inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        address.length = sizeof *v4;
    } else if (::inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        address.length = sizeof *v6;
    } else {
        throw std::runtime_error("not an address: " + text);
    }
    return address;
}

std::uint16_t port_of(int number) {
    Address address;
    address.length = sizeof address.storage;
    ::getsockname(number, address.get(), &address.length);
    if (address.storage.ss_family == AF_INET6)
        return ntohs(reinterpret_cast<const sockaddr_in6*>(&address.storage)->sin6_port);
    return ntohs(reinterpret_cast<const sockaddr_in*>(&address.storage)->sin_port);
}

void watch(int epoll, int operation, int number, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.fd = number;
    ::epoll_ctl(epoll, operation, number, &event);
}

} // namespace

EchoServer::EchoServer(EchoOptions options) : options_(std::move(options)) {
    bind();
    wake_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
    for (const int number : {listener_, datagram_socket_, wake_})
        watch(epoll_, EPOLL_CTL_ADD, number, EPOLLIN);
    thread_ = std::thread([this] { serve(); });
}

EchoServer::~EchoServer() {
    {
        const std::scoped_lock lock(mutex_);
        stopping_ = true;
    }
    const std::uint64_t one = 1;
    (void)!::write(wake_, &one, sizeof one);
    thread_.join();
    for (const auto& [number, connection] : open_)
        ::close(number);
    for (const int number : {listener_, datagram_socket_, wake_, epoll_})
        ::close(number);
}

void EchoServer::bind() {
    // The kernel chooses the TCP port; that number may be in use for UDP, hence the attempts.
    for (int attempt = 0; attempt < 50; ++attempt) {
        Address address = parse(options_.address, 0);
        const int family = address.storage.ss_family;
        listener_ = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        datagram_socket_ = ::socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (::bind(listener_, address.get(), address.length) != 0)
            throw std::runtime_error("cannot bind to " + options_.address + ": " +
                                     std::strerror(errno));
        port_ = port_of(listener_);
        address = parse(options_.address, port_);
        if (::bind(datagram_socket_, address.get(), address.length) == 0 &&
            ::listen(listener_, SOMAXCONN) == 0)
            return;
        ::close(listener_);
        ::close(datagram_socket_);
    }
    throw std::runtime_error("no port of " + options_.address + " is free for TCP and UDP");
}

void EchoServer::serve() {
    std::array<epoll_event, 256> events;
    for (;;) {
        const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
        const std::scoped_lock lock(mutex_);
        if (stopping_) return;
        for (int i = 0; i < count; ++i) {
            const int number = events[static_cast<std::size_t>(i)].data.fd;
            if (number == listener_)
                accept_all();
            else if (number == datagram_socket_)
                answer_datagrams();
            else if (number != wake_)
                serve_connection(number, events[static_cast<std::size_t>(i)].events);
        }
        changed_.notify_all();
    }
}

void EchoServer::accept_all() {
    for (;;) {
        const int number = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (number < 0) return;
        Connection connection;
        connection.index = numbers_.size();
        numbers_.push_back(number);
        received_.emplace_back();
        open_.insert_or_assign(number, std::move(connection));
        watch(epoll_, EPOLL_CTL_ADD, number, EPOLLIN);
        if (options_.behaviour == Behaviour::close) drop(number);
    }
}

void EchoServer::answer_datagrams() {
    std::array<char, 65536> buffer;
    for (;;) {
        Address peer;
        peer.length = sizeof peer.storage;
        const ssize_t received =
            ::recvfrom(datagram_socket_, buffer.data(), buffer.size(), 0, peer.get(), &peer.length);
        if (received < 0) return;
        ++datagrams_;
        if (options_.behaviour == Behaviour::echo) {
            ::sendto(datagram_socket_, buffer.data(), static_cast<std::size_t>(received),
                     MSG_NOSIGNAL, peer.get(), peer.length);
        }
    }
}

void EchoServer::serve_connection(int number, std::uint32_t events) {
    const auto found = open_.find(number);
    // An earlier event of the same round may have closed it.
    if (found == open_.end()) return;
    Connection& connection = found->second;
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && !receive(number, connection))
        return drop(number);
    if (!flush(number, connection)) return drop(number);
    const bool answered = connection.peer_finished && connection.unsent.empty();
    if (answered && options_.behaviour != Behaviour::say_nothing) return drop(number);
    std::uint32_t wanted = 0;
    if (!connection.peer_finished && connection.unsent.size() < max_unsent_bytes) wanted |= EPOLLIN;
    if (!connection.unsent.empty()) wanted |= EPOLLOUT;
    watch(epoll_, EPOLL_CTL_MOD, number, wanted);
}

bool EchoServer::receive(int number, Connection& connection) {
    std::array<char, 65536> buffer;
    const ssize_t received = ::recv(number, buffer.data(), buffer.size(), 0);
    if (received < 0) return errno == EAGAIN || errno == EINTR;
    if (received == 0) {
        connection.peer_finished = true;
        return true;
    }
    const std::string_view data(buffer.data(), static_cast<std::size_t>(received));
    connection.received_bytes += data.size();
    received_bytes_ += data.size();
    if (options_.behaviour == Behaviour::say_nothing)
        received_[connection.index] += data;
    else
        connection.unsent += data;
    if (options_.behaviour == Behaviour::reset &&
        connection.received_bytes >= options_.reset_after_bytes) {
        // Closing with a linger time of zero sends RST and discards what is unsent.
        const linger at_once{1, 0};
        ::setsockopt(number, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        return false;
    }
    return true;
}

bool EchoServer::flush(int number, Connection& connection) {
    while (!connection.unsent.empty()) {
        const ssize_t sent =
            ::send(number, connection.unsent.data(), connection.unsent.size(), MSG_NOSIGNAL);
        if (sent < 0) return errno == EAGAIN || errno == EINTR;
        connection.unsent.erase(0, static_cast<std::size_t>(sent));
    }
    return true;
}

void EchoServer::drop(int number) {
    const auto found = open_.find(number);
    if (found == open_.end()) return;
    numbers_[found->second.index] = -1;
    open_.erase(found);
    ::close(number);
}

bool EchoServer::wait_for_connections(std::size_t count, std::chrono::milliseconds limit) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, limit, [&] { return numbers_.size() >= count; });
}

bool EchoServer::wait_for_bytes(std::size_t count, std::chrono::milliseconds limit) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, limit, [&] { return received_bytes_ >= count; });
}

void EchoServer::send(std::size_t connection, std::string_view text) {
    const std::scoped_lock lock(mutex_);
    const int number = connection < numbers_.size() ? numbers_[connection] : -1;
    if (number < 0)
        throw std::runtime_error("connection " + std::to_string(connection) + " is not open");
    if (::send(number, text.data(), text.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(text.size()))
        throw std::runtime_error("connection " + std::to_string(connection) +
                                 " took not all: " + std::strerror(errno));
}

void EchoServer::close(std::size_t connection) {
    const std::scoped_lock lock(mutex_);
    if (connection < numbers_.size() && numbers_[connection] >= 0) drop(numbers_[connection]);
}

std::string EchoServer::received_on(std::size_t connection) {
    const std::scoped_lock lock(mutex_);
    return connection < received_.size() ? received_[connection] : std::string();
}

std::string EchoServer::address() const {
    const std::string host =
        options_.address.contains(':') ? "[" + options_.address + "]" : options_.address;
    return host + ":" + std::to_string(port_);
}

std::size_t EchoServer::connections() const {
    const std::scoped_lock lock(mutex_);
    return numbers_.size();
}

std::size_t EchoServer::received_bytes() const {
    const std::scoped_lock lock(mutex_);
    return received_bytes_;
}

std::size_t EchoServer::datagrams() const {
    const std::scoped_lock lock(mutex_);
    return datagrams_;
}

} // namespace hws::test
