#include "descriptor_socket.hpp"

namespace hws::backend {
namespace {

/// As Rust's standard library has it.
constexpr std::uint32_t backlog = 128;

/// Says what was tried; what the system said about it comes behind.
std::unexpected<Error> failure_of(Error error, std::string_view operation,
                                  std::string_view target = {}) {
    if (error == Errc::would_block || error == Errc::in_progress)
        return std::unexpected(std::move(error));
    std::string context(operation);
    if (!target.empty()) context.append(" ").append(target);
    // It often names the target by itself.
    if (!error.context().empty()) context.append(" (").append(error.context()).append(")");
    return fail(error.code(), std::move(context));
}

Result<void> connect_within(int fd, const SocketAddr& peer, std::chrono::nanoseconds timeout) {
    HWS_CHECK(system::set_blocking(fd, Blocking::never_waits));
    if (auto begun = system::connect(fd, peer); !begun) {
        if (begun.error() != Errc::in_progress) return begun;
        PollItem item{.fd = fd, .wants_write = true, .happened = {}};
        HWS_TRY(const std::size_t ready, system::poll(std::span(&item, 1), timeout));
        if (ready == 0) return fail(Errc::timed_out);
        HWS_TRY(const std::int64_t number, system::option(fd, SocketOption::error));
        if (number != 0) return fail(static_cast<Errc>(number));
    }
    return system::set_blocking(fd, Blocking::waits);
}

} // namespace

std::unexpected<Error> Socket::failed(Error error, std::string_view operation) const {
    if (error == Errc::would_block) {
        // Asked only now, so that a socket whose flags are changed by a clone is told rightly.
        const auto blocking = system::blocking(fd_);
        if (blocking && *blocking == Blocking::waits)
            return fail(Errc::timed_out, std::string(operation));
    }
    return failure_of(std::move(error), operation);
}

Result<SocketAddr> Socket::local_addr() const {
    return checked(system::local_addr(fd_), "local_addr");
}

Result<SocketAddr> Socket::peer_addr() const {
    return checked(system::peer_addr(fd_), "peer_addr");
}

Result<void> Socket::set_blocking(Blocking blocking) {
    return checked(system::set_blocking(fd_, blocking), "set_blocking");
}

Result<void> Socket::set_option(SocketOption option, std::int64_t value) {
    auto done = system::set_option(fd_, option, value);
    if (!done) return failure_of(std::move(done).error(), "set_" + std::string(name_of(option)));
    return done;
}

Result<std::int64_t> Socket::option(SocketOption option) const {
    auto value = system::option(fd_, option);
    if (!value) return failure_of(std::move(value).error(), name_of(option));
    return value;
}

Result<int> Socket::duplicate_fd() const {
    return checked(system::duplicate(fd_), "try_clone");
}

// --- TCP

Result<TcpSocket> TcpSocket::connect(const Peer& peer, system::Timeout timeout) {
    constexpr std::string_view operation = "tcp connect";
    if (!peer.address) {
        auto fd = system::connect_name(peer.host(), peer.port, system::Kind::stream, timeout);
        if (!fd) return failure_of(std::move(fd).error(), operation, peer.text);
        return TcpSocket(*fd);
    }
    auto fd = system::open(*peer.address, system::Kind::stream);
    if (!fd) return failure_of(std::move(fd).error(), operation, peer.text);
    TcpSocket socket(*fd);
    auto done = timeout ? connect_within(*fd, *peer.address, *timeout)
                        : system::connect(*fd, *peer.address);
    if (!done) return failure_of(std::move(done).error(), operation, peer.text);
    return socket;
}

Result<TcpSocket> TcpSocket::duplicate() const {
    HWS_TRY(const int fd, duplicate_fd());
    return TcpSocket(fd);
}

Result<TcpListener> TcpListener::bind(const SocketAddr& local) {
    constexpr std::string_view operation = "tcp bind";
    auto fd = system::open(local, system::Kind::stream);
    if (!fd) return failure_of(std::move(fd).error(), operation, local.to_string());
    TcpListener listener(*fd);
    const auto done = [&]() -> Result<void> {
        // Else the address stays taken for a minute after connections to it have ended.
        HWS_CHECK(system::set_option(*fd, SocketOption::reuse_address, 1));
        HWS_CHECK(system::bind(*fd, local));
        return system::listen(*fd, backlog);
    }();
    if (!done) return failure_of(done.error(), operation, local.to_string());
    return listener;
}

Result<TcpListener> TcpListener::duplicate() const {
    HWS_TRY(const int fd, duplicate_fd());
    return TcpListener(fd);
}

Result<std::pair<TcpSocket, SocketAddr>> TcpListener::accept() {
    HWS_TRY(const auto accepted, checked(system::accept(fd()), "tcp accept"));
    return std::pair(TcpSocket(accepted.first), accepted.second);
}

// --- UDP

Result<UdpSocket> UdpSocket::connect(const Peer& peer) {
    constexpr std::string_view operation = "udp connect";
    if (!peer.address) {
        auto fd =
            system::connect_name(peer.host(), peer.port, system::Kind::datagram, std::nullopt);
        if (!fd) return failure_of(std::move(fd).error(), operation, peer.text);
        return UdpSocket(*fd);
    }
    auto fd = system::open(*peer.address, system::Kind::datagram);
    if (!fd) return failure_of(std::move(fd).error(), operation, peer.text);
    UdpSocket socket(*fd);
    HWS_CHECK(socket.connect_to(*peer.address));
    return socket;
}

Result<UdpSocket> UdpSocket::bind(const SocketAddr& local) {
    constexpr std::string_view operation = "udp bind";
    auto fd = system::open(local, system::Kind::datagram);
    if (!fd) return failure_of(std::move(fd).error(), operation, local.to_string());
    UdpSocket socket(*fd);
    auto done = system::bind(*fd, local);
    if (!done) return failure_of(std::move(done).error(), operation, local.to_string());
    return socket;
}

Result<UdpSocket> UdpSocket::duplicate() const {
    HWS_TRY(const int fd, duplicate_fd());
    return UdpSocket(fd);
}

Result<void> UdpSocket::connect_to(const SocketAddr& peer) {
    auto done = system::connect(fd(), peer);
    if (!done) return failure_of(std::move(done).error(), "udp connect", peer.to_string());
    return done;
}

Result<void> UdpSocket::join(Ipv4Addr group, Ipv4Addr interface) {
    return checked(system::change_membership(fd(), system::Membership::join, group, interface),
                   "join_multicast_v4");
}

Result<void> UdpSocket::join(Ipv6Addr group, std::uint32_t interface) {
    return checked(system::change_membership(fd(), system::Membership::join, group, interface),
                   "join_multicast_v6");
}

Result<void> UdpSocket::leave(Ipv4Addr group, Ipv4Addr interface) {
    return checked(system::change_membership(fd(), system::Membership::leave, group, interface),
                   "leave_multicast_v4");
}

Result<void> UdpSocket::leave(Ipv6Addr group, std::uint32_t interface) {
    return checked(system::change_membership(fd(), system::Membership::leave, group, interface),
                   "leave_multicast_v6");
}

// --- names

Result<std::vector<SocketAddr>> resolve(const Peer& peer) {
    if (peer.address) return std::vector<SocketAddr>{*peer.address};
    auto addresses = system::resolve(peer.host(), peer.port);
    if (!addresses) return failure_of(std::move(addresses).error(), "resolve", peer.text);
    return addresses;
}

} // namespace hws::backend
