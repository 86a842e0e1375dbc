// Unix sockets by dialect v2.

#include "unix_system.hpp"
#include "v2.hpp"
#include "v2_failure.hpp"

namespace hws::backend::system {
namespace {

v2::SocketType type_of(Kind kind) {
    return kind == Kind::stream ? v2::SocketType::stream : v2::SocketType::datagram;
}

v2::GuestSpan<const char> wire_name(const UnixAddr& address) {
    return v2::span_at(address.raw().data(), address.raw().size());
}

template <class Byte> v2::Iovec wire_buffer(std::span<Byte> bytes) {
    return {v2::at(bytes.data()).address, static_cast<std::uint32_t>(bytes.size())};
}

/// A name that the host writes.
struct NameRoom {
    v2::GuestSpan<char> room() { return v2::span_at(text, sizeof text); }
    UnixAddr address() const {
        return UnixAddr::from_raw({text, std::min<std::size_t>(length, sizeof text)});
    }
    char text[v2::max_unix_name_bytes];
    std::uint32_t length = 0;
};

Result<UnixAddr> name_of(int fd, v2::UnixEnd end) {
    NameRoom name;
    HWS_CHECK(v2::result_of(v2::unix_name({fd}, end, name.room(), v2::at(&name.length))));
    return name.address();
}

} // namespace

Result<int> open_unix(Kind kind) {
    v2::Fd made;
    HWS_CHECK(
        v2::result_of(v2::socket_open(v2::Family::local, type_of(kind), 0, v2::at(&made))));
    return made.number;
}

Result<std::pair<int, int>> open_unix_pair(Kind kind) {
    v2::FdPair made{};
    HWS_CHECK(v2::result_of(v2::socket_pair(type_of(kind), 0, v2::at(&made))));
    return std::pair(made.first.number, made.second.number);
}

Result<void> bind_unix(int fd, const UnixAddr& local) {
    return v2::result_of(v2::unix_bind({fd}, wire_name(local)));
}

Result<std::pair<int, UnixAddr>> accept_unix(int fd) {
    v2::Fd connection;
    HWS_CHECK(v2::result_of(v2::socket_accept({fd}, 0, v2::at(&connection), {})));
    return std::pair(connection.number,
                     name_of(connection.number, v2::UnixEnd::peer).value_or(UnixAddr()));
}

Result<void> connect_unix(int fd, const UnixAddr& peer) {
    return v2::result_of(v2::unix_connect({fd}, wire_name(peer)));
}

Result<std::size_t> send_to_unix(int fd, std::span<const std::byte> datagram, const UnixAddr& to) {
    const v2::Iovec buffer = wire_buffer(datagram);
    std::uint32_t sent = 0;
    HWS_CHECK(v2::result_of(
        v2::unix_send({fd}, v2::span_at(&buffer, 1), 0, wire_name(to), v2::at(&sent))));
    return sent;
}

Result<UnixDatagram::Received> receive_from_unix(int fd, std::span<std::byte> into, Keep keep) {
    const v2::Iovec buffer = wire_buffer(into);
    v2::Received received;
    NameRoom sender;
    const auto flags = keep == Keep::peeks ? v2::receive_flags::peek : v2::ReceiveFlags{0};
    HWS_CHECK(v2::result_of(v2::unix_receive({fd}, v2::span_at(&buffer, 1), flags,
                                             v2::at(&received), sender.room(),
                                             v2::at(&sender.length))));
    return UnixDatagram::Received{received.bytes, sender.address(),
                                  (received.flags & v2::received_flags::truncated) != 0};
}

Result<UnixAddr> unix_local_addr(int fd) {
    return name_of(fd, v2::UnixEnd::local);
}

Result<UnixAddr> unix_peer_addr(int fd) {
    return name_of(fd, v2::UnixEnd::peer);
}

Result<void> remove_unix_file(std::string_view path) {
    return v2::result_of(v2::unix_remove(v2::span_at(path.data(), path.size())));
}

} // namespace hws::backend::system
