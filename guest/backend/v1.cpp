#include "v1.hpp"

#include "block.hpp"

#include <algorithm>
#include <cstring>

namespace hws::backend {

namespace {

// Bounds the kernel memory that one send takes, and is large enough that the call itself costs
// nothing.
constexpr std::size_t max_send_bytes = 256 << 10;
// Asked for even when the caller wants less, because a call of the host costs more than keeping the
// rest.
constexpr std::size_t min_receive_bytes = 8 << 10;
constexpr std::size_t max_receive_bytes = 1 << 20;

} // namespace

std::unexpected<Error> v1::failed(Errc code, std::string_view operation, std::string_view target) {
    std::string context(operation);
    if (!target.empty()) context.append(" ").append(target);
    return fail(code, context + " (the reason is in the host's log)");
}

std::unexpected<Error> v1::unsupported(std::string_view operation, std::string_view reason) {
    return fail(Errc::unsupported, std::string(operation) + ": dialect v1 " + std::string(reason));
}

// --- any socket

std::unexpected<Error> Socket::unsupported(std::string_view operation,
                                           std::string_view reason) const {
    return v1::unsupported(std::string(kind_) + " " + std::string(operation), reason);
}

Result<SocketAddr> Socket::known_peer(std::string_view operation) const {
    if (peer_.address) return *peer_.address;
    return unsupported(operation,
                       "does not tell the address that the host found for " + peer_.text);
}

Result<SocketAddr> Socket::local_addr() const {
    return unsupported("local_addr", "does not tell this end's address");
}

Result<void> Socket::set_blocking(Blocking) {
    return unsupported("set_blocking", "has only calls that wait");
}

Result<void> Socket::set_option(SocketOption option, std::int64_t) {
    return std::unexpected(this->option(option).error());
}

Result<std::int64_t> Socket::option(SocketOption option) const {
    switch (option) {
    case SocketOption::read_timeout:
    case SocketOption::write_timeout:
        return unsupported(name_of(option), "has fixed deadlines, which the host's operator sets");
    default:
        return unsupported(name_of(option), "has no function for options of sockets");
    }
}

// --- TCP

Result<TcpSocket> TcpSocket::connect(Peer peer, std::optional<std::chrono::nanoseconds> timeout) {
    if (timeout)
        return v1::unsupported("tcp connect_timeout",
                               "has a fixed deadline, which the host's operator sets");
    HWS_TRY(OwnedBlock address, OwnedBlock::copy_of(peer.text));
    const std::int32_t id = v1::tcp_connect(address.get());
    if (id <= 0) return v1::failed(Errc::io, "tcp_connect", peer.text);
    return TcpSocket(id, std::move(peer));
}

void TcpSocket::close() {
    if (id_ > 0) v1::tcp_close(id_);
    id_ = 0;
}

// Waits for data and puts it behind what is kept. False: end of stream, timeout or error.
bool TcpSocket::fill(std::size_t wanted_bytes) {
    const std::size_t ask = std::clamp(wanted_bytes, min_receive_bytes, max_receive_bytes);
    OwnedBlock block(v1::tcp_recv(id_, static_cast<std::uint32_t>(ask)));
    if (!block) return false;
    arrived_ = block.bytes();
    taken_ = 0;
    return !arrived_.empty();
}

Result<std::size_t> TcpSocket::read(std::span<std::byte> into) {
    if (id_ == 0) return fail(Errc::not_connected, "tcp read after shutdown");
    if (into.empty()) return 0;
    if (taken_ == arrived_.size()) {
        const std::size_t ask = std::clamp(into.size(), min_receive_bytes, max_receive_bytes);
        OwnedBlock block(v1::tcp_recv(id_, static_cast<std::uint32_t>(ask)));
        // Once from the kernel's memory to where it is wanted; only what is too much takes a
        // detour.
        const std::size_t came = block.size();
        const std::size_t direct = std::min(came, into.size());
        load(block.get().offset, into.first(direct));
        arrived_.resize(came - direct);
        taken_ = 0;
        load(block.get().offset + direct, arrived_);
        return direct;
    }
    const std::size_t count = std::min(into.size(), arrived_.size() - taken_);
    std::memcpy(into.data(), arrived_.data() + taken_, count);
    taken_ += count;
    return count;
}

Result<std::size_t> TcpSocket::peek(std::span<std::byte> into) {
    if (id_ == 0) return fail(Errc::not_connected, "tcp peek after shutdown");
    if (into.empty()) return 0;
    if (taken_ == arrived_.size() && !fill(into.size())) return 0;
    const std::size_t count = std::min(into.size(), arrived_.size() - taken_);
    std::memcpy(into.data(), arrived_.data() + taken_, count);
    return count;
}

Result<std::size_t> TcpSocket::write(std::span<const std::byte> from) {
    if (id_ == 0) return fail(Errc::not_connected, "tcp write after shutdown");
    if (from.empty()) return 0;
    const std::span<const std::byte> piece = from.first(std::min(from.size(), max_send_bytes));
    HWS_TRY(OwnedBlock block, OwnedBlock::copy_of(piece));
    const std::uint32_t sent = v1::tcp_send(id_, block.get(), piece.size());
    if (sent == 0 || sent > piece.size())
        return v1::failed(Errc::broken_pipe, "tcp_send", peer_.text);
    return sent;
}

Result<void> TcpSocket::shutdown(Shutdown how) {
    if (how != Shutdown::both)
        return unsupported("shutdown", "can't end one half of a connection, only both");
    if (id_ == 0) return fail(Errc::not_connected, "tcp shutdown");
    close();
    arrived_.clear();
    taken_ = 0;
    return {};
}

Result<TcpSocket> TcpSocket::from_fd(int) {
    return v1::unsupported("tcp from_raw_fd", "has no descriptors");
}

Result<TcpSocket> TcpSocket::duplicate() const {
    return unsupported("try_clone", "has one owner for each connection");
}

Result<std::size_t> TcpSocket::read(std::span<const std::span<std::byte>> into) {
    const auto first = std::ranges::find_if(into, [](auto buffer) { return !buffer.empty(); });
    return read(first == into.end() ? std::span<std::byte>() : *first);
}

Result<std::size_t> TcpSocket::write(std::span<const std::span<const std::byte>> from) {
    const auto first = std::ranges::find_if(from, [](auto buffer) { return !buffer.empty(); });
    return write(first == from.end() ? std::span<const std::byte>() : *first);
}

Result<TcpListener> TcpListener::bind(const SocketAddr&) {
    return v1::unsupported("tcp bind", "only connects; it has no listeners");
}

Result<TcpListener> TcpListener::from_fd(int) {
    return v1::unsupported("tcp from_raw_fd", "has no descriptors");
}

Result<TcpListener> TcpListener::duplicate() const {
    return unsupported("try_clone", "has no listeners");
}

Result<std::pair<TcpSocket, SocketAddr>> TcpListener::accept() {
    return unsupported("accept", "has no listeners");
}

// --- UDP

Result<UdpSocket> UdpSocket::connect(Peer peer) {
    HWS_TRY(OwnedBlock address, OwnedBlock::copy_of(peer.text));
    const std::int32_t id = v1::udp_connect(address.get());
    if (id <= 0) return v1::failed(Errc::io, "udp_connect", peer.text);
    return UdpSocket(id, std::move(peer));
}

UdpSocket::~UdpSocket() {
    if (id_ > 0) v1::udp_close(id_);
}

Result<std::size_t> UdpSocket::send(std::span<const std::byte> datagram) {
    HWS_TRY(OwnedBlock block, OwnedBlock::copy_of(datagram));
    const std::uint32_t sent = v1::udp_send(id_, block.get(), datagram.size());
    // 0 is also what an empty datagram returns when all went well.
    if (sent != datagram.size()) return v1::failed(Errc::io, "udp_send", peer_.text);
    return sent;
}

Result<std::size_t> UdpSocket::receive(std::span<std::byte> into) {
    const std::size_t max = std::clamp<std::size_t>(into.size(), 1, 65535);
    OwnedBlock block(v1::udp_recv(id_, static_cast<std::uint32_t>(max)));
    if (!block) return v1::failed(Errc::timed_out, "udp_recv", peer_.text);
    const std::size_t count = std::min(block.size(), into.size());
    load(block.get().offset, into.first(count));
    return count;
}

Result<UdpSocket> UdpSocket::bind(const SocketAddr&) {
    return v1::unsupported("udp bind", "knows only UDP sockets that have a peer");
}

Result<UdpSocket> UdpSocket::from_fd(int) {
    return v1::unsupported("udp from_raw_fd", "has no descriptors");
}

Result<UdpSocket> UdpSocket::duplicate() const {
    return unsupported("try_clone", "has one owner for each socket");
}

Result<void> UdpSocket::connect_to(const SocketAddr&) {
    return unsupported("connect_to", "can't change a socket's peer");
}

Result<std::size_t> UdpSocket::send_to(std::span<const std::byte>, const SocketAddr&) {
    return unsupported("send_to", "knows only UDP sockets that have a peer");
}

Result<std::size_t> UdpSocket::peek(std::span<std::byte>) {
    return unsupported("peek", "takes each datagram that it gives");
}

Result<Datagram> UdpSocket::receive_from(std::span<std::byte> into) {
    // Asked first, so that no datagram is lost when the sender can't be told.
    HWS_TRY(const SocketAddr from, peer_addr());
    HWS_TRY(const std::size_t bytes, receive(into));
    return Datagram{bytes, from};
}

Result<Datagram> UdpSocket::peek_from(std::span<std::byte>) {
    return unsupported("peek_from", "takes each datagram that it gives");
}

Result<void> UdpSocket::join(Ipv4Addr, Ipv4Addr) {
    return unsupported("join_multicast_v4", "has no multicast");
}

Result<void> UdpSocket::join(Ipv6Addr, std::uint32_t) {
    return unsupported("join_multicast_v6", "has no multicast");
}

Result<void> UdpSocket::leave(Ipv4Addr, Ipv4Addr) {
    return unsupported("leave_multicast_v4", "has no multicast");
}

Result<void> UdpSocket::leave(Ipv6Addr, std::uint32_t) {
    return unsupported("leave_multicast_v6", "has no multicast");
}

// --- names and waiting

Result<std::vector<SocketAddr>> resolve(const Peer& peer) {
    if (peer.address) return std::vector<SocketAddr>{*peer.address};
    return v1::unsupported("resolve " + peer.text, "looks names up only to connect to them");
}

Result<std::size_t> poll(std::span<PollItem>, std::optional<std::chrono::nanoseconds>) {
    return v1::unsupported("poll", "has only calls that wait");
}

} // namespace hws::backend
