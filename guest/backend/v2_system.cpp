// Sockets by dialect v2. A read or a write is one call of the host, which works on the caller's own
// memory; nothing is allocated unless it fails.

#include "poll_room.hpp"
#include "preview1.hpp"
#include "system.hpp"
#include "v2.hpp"
#include "v2_address.hpp"
#include "v2_failure.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace hws::backend::system {

using v2::from_wire;
using v2::to_wire;

namespace {

template <class Byte> v2::Iovec wire_buffer(std::span<Byte> bytes) {
    return {v2::at(bytes.data()).address, static_cast<std::uint32_t>(bytes.size())};
}

template <class Byte> struct WireBuffers {
    explicit WireBuffers(std::span<const std::span<Byte>> buffers)
        : count(std::min(buffers.size(), max_buffers)) {
        for (std::size_t i = 0; i < count; ++i)
            all[i] = wire_buffer(buffers[i]);
    }
    v2::GuestSpan<const v2::Iovec> span() const { return v2::span_at(all.data(), count); }

    std::array<v2::Iovec, max_buffers> all;
    std::size_t count;
};

v2::ReceiveFlags flags_of(Keep keep) {
    return keep == Keep::peeks ? v2::receive_flags::peek : 0;
}

v2::Duration duration_of(Timeout timeout) {
    return timeout ? static_cast<v2::Duration>(timeout->count()) : v2::no_limit;
}

v2::SocketType type_of(Kind kind) {
    return kind == Kind::stream ? v2::SocketType::stream : v2::SocketType::datagram;
}

Result<v2::Option> number_of(int fd, SocketOption option) {
    switch (option) {
    case SocketOption::read_timeout:
        return v2::Option::receive_timeout;
    case SocketOption::write_timeout:
        return v2::Option::send_timeout;
    case SocketOption::no_delay:
        return v2::Option::no_delay;
    case SocketOption::linger:
        return v2::Option::linger;
    case SocketOption::time_to_live: {
        std::uint64_t family = 0;
        HWS_CHECK(v2::result_of(v2::socket_get_option({fd}, v2::Option::family, v2::at(&family))));
        return static_cast<v2::Family>(family) == v2::Family::ipv6 ? v2::Option::ipv6_hops
                                                                   : v2::Option::ipv4_ttl;
    }
    case SocketOption::only_v6:
        return v2::Option::ipv6_only;
    case SocketOption::broadcast:
        return v2::Option::broadcast;
    case SocketOption::multicast_loop_v4:
        return v2::Option::ipv4_multicast_loop;
    case SocketOption::multicast_ttl_v4:
        return v2::Option::ipv4_multicast_ttl;
    case SocketOption::multicast_loop_v6:
        return v2::Option::ipv6_multicast_loop;
    case SocketOption::reuse_address:
        return v2::Option::reuse_address;
    case SocketOption::error:
        return v2::Option::error;
    }
    return fail(Errc::option_not_supported);
}

Result<void> change_membership(int fd, Membership change, const v2::Membership& membership) {
    const auto where = v2::at(&membership);
    return v2::result_of(change == Membership::join ? v2::multicast_join({fd}, where)
                                                : v2::multicast_leave({fd}, where));
}

} // namespace

Result<int> open(const SocketAddr& family_of, Kind kind) {
    v2::Fd made;
    const auto family = family_of.is_ipv4() ? v2::Family::ipv4 : v2::Family::ipv6;
    HWS_CHECK(v2::result_of(v2::socket_open(family, type_of(kind), 0, v2::at(&made))));
    return made.number;
}

void close(int fd) {
    preview1::fd_close({fd});
}

Result<int> duplicate(int fd) {
    v2::Fd copy;
    HWS_CHECK(v2::result_of(v2::duplicate({fd}, 0, v2::at(&copy))));
    return copy.number;
}

Result<void> bind(int fd, const SocketAddr& local) {
    const v2::Address wire = to_wire(local);
    return v2::result_of(v2::socket_bind({fd}, v2::at(&wire)));
}

Result<void> listen(int fd, std::uint32_t backlog) {
    return v2::result_of(v2::socket_listen({fd}, backlog));
}

Result<std::pair<int, SocketAddr>> accept(int fd) {
    v2::Fd connection;
    v2::Address peer;
    const auto status = v2::socket_accept({fd}, 0, v2::at(&connection), v2::at(&peer));
    if (status != v2::Status::ok) return v2::failed(status);
    return std::pair(connection.number, from_wire(peer).value_or(SocketAddr()));
}

Result<void> connect(int fd, const SocketAddr& peer) {
    const v2::Address wire = to_wire(peer);
    return v2::result_of(v2::socket_connect({fd}, v2::at(&wire)));
}

Result<int> connect_name(std::string_view host, std::uint16_t port, Kind kind, Timeout timeout) {
    v2::Fd made;
    HWS_CHECK(v2::result_of(v2::connect_name(v2::span_at(host.data(), host.size()), port, type_of(kind),
                                         duration_of(timeout), 0, v2::at(&made), {})));
    return made.number;
}

Result<std::vector<SocketAddr>> resolve(std::string_view host, std::uint16_t port) {
    std::vector<v2::Address> room(16);
    std::uint32_t count = 0;
    while (true) {
        HWS_CHECK(v2::result_of(v2::resolve(v2::span_at(host.data(), host.size()), v2::Family::any,
                                        v2::no_limit, v2::span_at(room.data(), room.size()),
                                        v2::at(&count))));
        if (count <= room.size()) break;
        room.resize(count);
    }
    std::vector<SocketAddr> addresses;
    for (const v2::Address& wire : std::span(room).first(count)) {
        auto address = from_wire(wire);
        if (!address) continue;
        address->set_port(port);
        addresses.push_back(*address);
    }
    return addresses;
}

Result<std::size_t> receive(int fd, std::span<std::byte> into, Keep keep) {
    const v2::Iovec buffer = wire_buffer(into);
    v2::Received received;
    const auto status =
        v2::socket_receive({fd}, v2::span_at(&buffer, 1), flags_of(keep), v2::at(&received));
    if (status != v2::Status::ok) return v2::failed(status);
    return received.bytes;
}

Result<std::size_t> receive(int fd, std::span<const std::span<std::byte>> into) {
    const WireBuffers buffers(into);
    v2::Received received;
    const auto status = v2::socket_receive({fd}, buffers.span(), 0, v2::at(&received));
    if (status != v2::Status::ok) return v2::failed(status);
    return received.bytes;
}

Result<Datagram> receive_from(int fd, std::span<std::byte> into, Keep keep) {
    const v2::Iovec buffer = wire_buffer(into);
    v2::Received received;
    const auto status =
        v2::socket_receive({fd}, v2::span_at(&buffer, 1), flags_of(keep), v2::at(&received));
    if (status != v2::Status::ok) return v2::failed(status);
    return Datagram{received.bytes, from_wire(received.sender).value_or(SocketAddr()),
                    (received.flags & v2::received_flags::truncated) != 0};
}

Result<std::size_t> send(int fd, std::span<const std::byte> from) {
    const v2::Iovec buffer = wire_buffer(from);
    std::uint32_t sent = 0;
    const auto status = v2::socket_send({fd}, v2::span_at(&buffer, 1), 0, {}, v2::at(&sent));
    if (status != v2::Status::ok) return v2::failed(status);
    return sent;
}

Result<std::size_t> send(int fd, std::span<const std::span<const std::byte>> from) {
    const WireBuffers buffers(from);
    std::uint32_t sent = 0;
    const auto status = v2::socket_send({fd}, buffers.span(), 0, {}, v2::at(&sent));
    if (status != v2::Status::ok) return v2::failed(status);
    return sent;
}

Result<std::size_t> send_to(int fd, std::span<const std::byte> datagram, const SocketAddr& to) {
    const v2::Iovec buffer = wire_buffer(datagram);
    const v2::Address peer = to_wire(to);
    std::uint32_t sent = 0;
    const auto status =
        v2::socket_send({fd}, v2::span_at(&buffer, 1), 0, v2::at(&peer), v2::at(&sent));
    if (status != v2::Status::ok) return v2::failed(status);
    return sent;
}

Result<void> shutdown(int fd, Shutdown how) {
    const auto half = how == Shutdown::read    ? v2::Half::read
                      : how == Shutdown::write ? v2::Half::write
                                               : v2::Half::both;
    return v2::result_of(v2::socket_shutdown({fd}, half));
}

Result<SocketAddr> local_addr(int fd) {
    v2::Address wire;
    HWS_CHECK(v2::result_of(v2::socket_local_address({fd}, v2::at(&wire))));
    if (auto address = from_wire(wire)) return *address;
    return fail(Errc::family_not_supported, "the socket has no internet address");
}

Result<SocketAddr> peer_addr(int fd) {
    v2::Address wire;
    HWS_CHECK(v2::result_of(v2::socket_peer_address({fd}, v2::at(&wire))));
    if (auto address = from_wire(wire)) return *address;
    return fail(Errc::family_not_supported, "the socket has no internet address");
}

Result<void> set_blocking(int fd, Blocking blocking) {
    return v2::result_of(preview1::fd_fdstat_set_flags(
        {fd}, blocking == Blocking::waits ? 0 : preview1::fd_flags::non_blocking));
}

Result<Blocking> blocking(int fd) {
    preview1::FdStat status;
    HWS_CHECK(v2::result_of(preview1::fd_fdstat_get({fd}, v2::at(&status))));
    return status.flags & preview1::fd_flags::non_blocking ? Blocking::never_waits
                                                           : Blocking::waits;
}

Result<void> set_option(int fd, SocketOption option, std::int64_t value) {
    HWS_TRY(const v2::Option number, number_of(fd, option));
    // -1 nanoseconds of lingering are v2's no_limit: off.
    static_assert(static_cast<std::uint64_t>(-1) == v2::no_limit);
    return v2::result_of(v2::socket_set_option({fd}, number, static_cast<std::uint64_t>(value)));
}

Result<std::int64_t> option(int fd, SocketOption option) {
    HWS_TRY(const v2::Option number, number_of(fd, option));
    std::uint64_t value = 0;
    HWS_CHECK(v2::result_of(v2::socket_get_option({fd}, number, v2::at(&value))));
    const bool is_timeout =
        option == SocketOption::read_timeout || option == SocketOption::write_timeout;
    if (is_timeout && value == v2::no_limit) return 0;
    return static_cast<std::int64_t>(value);
}

Result<void> change_membership(int fd, Membership change, Ipv4Addr group, Ipv4Addr interface) {
    v2::Membership membership;
    membership.group = to_wire(SocketAddr(group, 0));
    if (!interface.is_unspecified()) membership.interface = to_wire(SocketAddr(interface, 0));
    return change_membership(fd, change, membership);
}

Result<void> change_membership(int fd, Membership change, Ipv6Addr group, std::uint32_t interface) {
    v2::Membership membership;
    membership.group = to_wire(SocketAddr(group, 0));
    membership.interface_index = interface;
    return change_membership(fd, change, membership);
}

Result<std::size_t> poll(std::span<PollItem> items, Timeout timeout) {
    namespace events = v2::poll_events;
    PollRoom<v2::PollEntry> room(items.size());
    const auto entries = room.entries();
    for (std::size_t i = 0; i < items.size(); ++i) {
        v2::PollEvents wanted = 0;
        if (items[i].wants_read) wanted |= events::read | events::peer_ended;
        if (items[i].wants_write) wanted |= events::write;
        entries[i] = {{items[i].fd}, wanted, 0};
    }
    std::uint32_t ready = 0;
    HWS_CHECK(v2::result_of(v2::poll(v2::span_at(entries.data(), entries.size()), duration_of(timeout),
                                 v2::at(&ready))));
    for (std::size_t i = 0; i < items.size(); ++i) {
        const v2::PollEvents told = entries[i].happened;
        items[i].happened = {.read = (told & events::read) != 0,
                             .write = (told & events::write) != 0,
                             .peer_ended = (told & events::peer_ended) != 0,
                             .error = (told & events::error) != 0,
                             .hung_up = (told & events::hung_up) != 0,
                             .bad_handle = (told & events::bad_handle) != 0};
    }
    return ready;
}

} // namespace hws::backend::system
