#include "support/dns_server.hpp"

#include <netinet/in.h>
#include <poll.h>
#include <stdexcept>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace hws::test {
namespace {

std::string number(std::uint16_t value) {
    return {static_cast<char>(value >> 8), static_cast<char>(value & 0xff)};
}

std::uint16_t number_at(const std::string& message, std::size_t at) {
    return static_cast<std::uint16_t>(static_cast<unsigned char>(message.at(at)) << 8 |
                                      static_cast<unsigned char>(message.at(at + 1)));
}

constexpr std::size_t header_bytes = 12;

/// Where the question of a query ends.
std::size_t question_end(const std::string& message) {
    std::size_t at = header_bytes;
    while (message.at(at) != 0)
        at += 1 + static_cast<unsigned char>(message.at(at));
    return at + 5;
}

std::string name_of_type(std::uint16_t type) {
    switch (type) {
    case dns::a:
        return "A ";
    case dns::aaaa:
        return "AAAA ";
    case dns::ptr:
        return "PTR ";
    default:
        return std::to_string(type) + ' ';
    }
}

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
}

} // namespace

namespace dns {

std::string name(std::string_view dotted) {
    std::string wire;
    while (!dotted.empty()) {
        const std::string_view label = dotted.substr(0, dotted.find('.'));
        wire += static_cast<char>(label.size());
        wire += label;
        dotted.remove_prefix(std::min(dotted.size(), label.size() + 1));
    }
    return wire + '\0';
}

std::string record(std::string_view wire_name, std::uint16_t type, std::string_view data) {
    return std::string(wire_name) + number(type) + number(1) + number(0) + number(60) +
           number(static_cast<std::uint16_t>(data.size())) + std::string(data);
}

std::string record(std::uint16_t type, std::string_view data) {
    return record("\xc0\x0c", type, data); // a pointer to the question's name
}

std::string answer(const DnsQuestion& question, const std::vector<std::string>& records,
                   std::uint16_t flags) {
    std::string message = question.message.substr(0, 2) +
                          number(static_cast<std::uint16_t>(0x8180 | flags)) + number(1) +
                          number(static_cast<std::uint16_t>(records.size())) + number(0) +
                          number(0);
    message += question.message.substr(header_bytes,
                                       question_end(question.message) - header_bytes);
    for (const std::string& one : records)
        message += one;
    return message;
}

} // namespace dns

DnsServer::DnsServer(Answerer answerer, std::size_t hold_for)
    : answerer_(std::move(answerer)), hold_for_(hold_for) {
    // UDP gives the port; where TCP has it taken, both try another.
    for (int attempt = 0; attempt < 20 && listener_ < 0; ++attempt) {
        datagrams_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        const int room = 4 << 20;
        ::setsockopt(datagrams_, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
        sockaddr_in address = loopback(0);
        socklen_t size = sizeof address;
        if (::bind(datagrams_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
            ::getsockname(datagrams_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
            throw std::runtime_error("DnsServer: no UDP port");
        const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (::bind(listener, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
            ::listen(listener, 128) == 0) {
            listener_ = listener;
            port_ = ntohs(address.sin_port);
        } else {
            ::close(listener);
            ::close(datagrams_);
        }
    }
    if (listener_ < 0) throw std::runtime_error("DnsServer: no port for both UDP and TCP");
    stop_ = ::eventfd(0, EFD_CLOEXEC);
    thread_ = std::thread([this] { serve(); });
}

DnsServer::~DnsServer() {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(stop_, &one, sizeof one);
    thread_.join();
    for (const int fd : {datagrams_, listener_, stop_})
        ::close(fd);
}

std::vector<std::string> DnsServer::questions() const {
    const std::lock_guard lock(mutex_);
    return questions_;
}

void DnsServer::wait_for(std::size_t count) const {
    while (questions().size() < count)
        std::this_thread::yield();
}

void DnsServer::serve() {
    for (;;) {
        pollfd all[] = {{datagrams_, POLLIN, 0}, {listener_, POLLIN, 0}, {stop_, POLLIN, 0}};
        ::poll(all, 3, -1);
        if (all[2].revents != 0) return;
        if (all[0].revents != 0) serve_datagram();
        if (all[1].revents != 0) serve_connection();
    }
}

DnsQuestion DnsServer::read(std::string message, bool over_tcp) {
    DnsQuestion question;
    question.over_tcp = over_tcp;
    std::size_t at = header_bytes;
    while (const auto length = static_cast<unsigned char>(message.at(at))) {
        if (!question.name.empty()) question.name += '.';
        question.name += message.substr(at + 1, length);
        at += 1u + length;
    }
    question.type = number_at(message, at + 1);
    question.message = std::move(message);
    const std::lock_guard lock(mutex_);
    questions_.push_back((over_tcp ? "tcp " : "") + name_of_type(question.type) + question.name);
    names_.insert(question.name);
    return question;
}

void DnsServer::send(const Held& held) const {
    for (const std::string& message : held.messages)
        ::sendto(datagrams_, message.data(), message.size(), 0,
                 reinterpret_cast<const sockaddr*>(held.peer.data()),
                 static_cast<socklen_t>(held.peer.size()));
}

void DnsServer::serve_datagram() {
    std::string message(4096, '\0');
    sockaddr_in peer{};
    socklen_t size = sizeof peer;
    const ssize_t count = ::recvfrom(datagrams_, message.data(), message.size(), 0,
                                     reinterpret_cast<sockaddr*>(&peer), &size);
    if (count < static_cast<ssize_t>(header_bytes)) return;
    message.resize(static_cast<std::size_t>(count));
    const DnsQuestion question = read(std::move(message), false);
    held_.push_back({answerer_(question), {reinterpret_cast<const char*>(&peer), size}});
    if (names_.size() < hold_for_) return;
    for (const Held& held : held_)
        send(held);
    held_.clear();
}

void DnsServer::serve_connection() {
    const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) return;
    const timeval patience{10, 0};
    ::setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    std::string length(2, '\0');
    if (::recv(connection, length.data(), 2, MSG_WAITALL) == 2) {
        std::string message(number_at(length, 0), '\0');
        if (::recv(connection, message.data(), message.size(), MSG_WAITALL) ==
                static_cast<ssize_t>(message.size()) &&
            message.size() >= header_bytes) {
            for (const std::string& answer : answerer_(read(std::move(message), true))) {
                const std::string framed =
                    number(static_cast<std::uint16_t>(answer.size())) + answer;
                ::send(connection, framed.data(), framed.size(), MSG_NOSIGNAL);
            }
        }
    }
    ::close(connection);
}

} // namespace hws::test
