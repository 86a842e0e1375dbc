// Dialect v2: opening, binding, connecting, accepting, options.

#include "adapter/v2.hpp"

#include "adapter/v2_guest.hpp"
#include "core/http_descriptor.hpp"
#include "os/socket.hpp"

#include <algorithm>
#include <cstring>

namespace hws::host::adapter::v2 {

using os::Ready;

Result<void> store_text(PluginState& state, GuestSpan<char> room,
                        GuestPointer<std::uint32_t> length, std::string_view text) {
    HWS_TRY(const auto to, guest_bytes(state, room.address, room.count));
    HWS_CHECK(store(state, length, static_cast<std::uint32_t>(text.size())));
    const std::size_t count = std::min(to.size(), text.size());
    if (count > 0) std::memcpy(to.data(), text.data(), count);
    return {};
}

Result<SocketAddr> to_socket_address(const Address& address) {
    switch (static_cast<Family>(address.family)) {
    case Family::ipv4: {
        std::array<std::uint8_t, 4> octets;
        std::copy_n(address.octets, octets.size(), octets.begin());
        return SocketAddr(Ipv4Addr(octets), address.port);
    }
    case Family::ipv6: {
        std::array<std::uint8_t, 16> octets;
        std::copy_n(address.octets, octets.size(), octets.begin());
        return SocketAddr(Ipv6Addr(octets), address.port, address.scope_id, address.flowinfo);
    }
    default:
        return fail(Errc::family_not_supported, "an address is IPv4 or IPv6");
    }
}

Address to_wire(const SocketAddr& address) {
    Address out;
    out.family = static_cast<std::uint16_t>(address.is_ipv4() ? Family::ipv4 : Family::ipv6);
    out.port = address.port();
    out.scope_id = address.scope_id();
    out.flowinfo = address.flowinfo();
    if (address.is_ipv4())
        std::ranges::copy(address.ip().v4().octets(), out.octets);
    else
        std::ranges::copy(address.ip().v6().octets(), out.octets);
    return out;
}

Address to_wire(const std::optional<SocketAddr>& address) {
    if (address) return to_wire(*address);
    Address out;
    out.family = static_cast<std::uint16_t>(Family::local);
    return out;
}

Result<void> check_free_number(const PluginState& state, std::size_t count) {
    if (state.descriptors.open_count() + count > state.limits.descriptors)
        return fail(Errc::too_many_handles);
    return {};
}

Result<void> hand_out(PluginState& state, std::unique_ptr<core::Descriptor> descriptor,
                      OpenFlags flags, GuestPointer<Fd> number) {
    descriptor->set_non_blocking((flags & open_flags::non_blocking) != 0);
    HWS_TRY(const core::DescriptorNumber given, state.descriptors.insert(std::move(descriptor)));
    return store(state, number, Fd{static_cast<std::int32_t>(given)});
}

namespace {

Result<SocketAddr> load_address(PluginState& state, GuestPointer<const Address> pointer) {
    HWS_TRY(const Address address, load(state, pointer));
    return to_socket_address(address);
}

Result<void> check_type(SocketType type) {
    if (type == SocketType::stream || type == SocketType::datagram) return {};
    if (type == SocketType::icmp_echo) return fail(Errc::protocol_not_supported); // no pairs
    return fail(Errc::invalid_argument, "an unknown type of socket");
}

Result<std::pair<os::GroupMembership, std::uint32_t>>
load_membership(PluginState& state, GuestPointer<const Membership> pointer) {
    HWS_TRY(const Membership wire, load(state, pointer));
    HWS_TRY(const SocketAddr group, to_socket_address(wire.group));
    os::GroupMembership membership{
        .group = group.ip(), .interface_address = {}, .interface_index = wire.interface_index};
    if (wire.interface.family != 0) {
        HWS_TRY(const SocketAddr address, to_socket_address(wire.interface));
        if (!address.is_ipv4())
            return fail(Errc::invalid_argument, "an interface's address is IPv4");
        membership.interface_address = address.ip().v4();
    }
    return std::pair(membership, group.scope_id());
}

} // namespace

Result<void> version(PluginState& state, GuestPointer<std::uint32_t> number,
                     GuestPointer<Features> all) {
    HWS_CHECK(check_room(state, all));
    HWS_CHECK(store(state, number, dialect_version));
    return store(state, all,
                 features::tcp | features::udp | features::resolve | features::multicast |
                     features::batches | features::poll | features::duplicate |
                     features::socket_pair | features::http | features::icmp | features::tls |
                     features::web_socket | features::ancillary | features::unix_names);
}

Result<void> last_error(PluginState& state, GuestSpan<char> text,
                        GuestPointer<std::uint32_t> length) {
    std::string whole;
    if (state.last_failure) {
        const Error& error = *state.last_failure;
        whole = std::string(state.failed_operation) + ": ";
        // Why, and whether the target exists, is for the host's log only.
        if (error == Errc::denied || error.context().empty())
            whole +=
                std::string(name_of(error.code())) + ". " + std::string(sentence_of(error.code()));
        else
            whole += error.message();
    }
    return store_text(state, text, length, whole);
}

Result<void> socket_open(PluginState& state, Family family, SocketType type, OpenFlags flags,
                         GuestPointer<Fd> number) {
    HWS_CHECK(check_flags(flags, open_flags::non_blocking));
    HWS_CHECK(check_room(state, number));
    if (type == SocketType::icmp_echo) return open_icmp(state, family, flags, number);
    HWS_CHECK(check_type(type));
    HWS_CHECK(check_free_number(state));
    HWS_TRY(auto socket, NetworkSocket::open(state.loop, state, family, type));
    return hand_out(state, std::move(socket), flags, number);
}

Result<void> socket_pair(PluginState& state, SocketType type, OpenFlags flags,
                         GuestPointer<FdPair> pair) {
    HWS_CHECK(check_flags(flags, open_flags::non_blocking));
    HWS_CHECK(check_room(state, pair));
    HWS_CHECK(check_type(type));
    HWS_CHECK(check_free_number(state, 2));
    HWS_TRY(auto sockets, NetworkSocket::open_pair(state.loop, state, type));
    HWS_CHECK(hand_out(state, std::move(sockets[0]), flags, {pair.address}));
    return hand_out(state, std::move(sockets[1]), flags,
                    {static_cast<std::uint32_t>(pair.address + sizeof(Fd))});
}

Result<void> socket_bind(PluginState& state, Fd fd, GuestPointer<const Address> pointer) {
    IcmpEchoSocket* const ping = find_icmp(state, fd);
    if (!ping) HWS_CHECK(find_socket(state, fd));
    HWS_TRY(const SocketAddr local, load_address(state, pointer));
    if (ping) return bind_icmp(*ping, local);
    HWS_TRY(NetworkSocket * socket, find_socket(state, fd));
    return socket->bind(local);
}

Result<void> socket_listen(PluginState& state, Fd fd, std::uint32_t backlog) {
    HWS_TRY(NetworkSocket * socket, find_socket(state, fd));
    // The system bounds it further (somaxconn).
    return socket->listen(static_cast<int>(std::min<std::uint32_t>(backlog, 65'535)));
}

os::Task<> socket_accept(PluginState& state, Fd listener, OpenFlags flags, GuestPointer<Fd> number,
                         GuestPointer<Address> peer) {
    HWS_CO_CHECK(check_flags(flags, open_flags::non_blocking));
    HWS_CO_CHECK(check_room(state, number));
    if (peer.address != 0) HWS_CO_CHECK(check_room(state, peer));
    os::Deadline deadline = os::no_deadline;
    for (;;) {
        HWS_CO_TRY(NetworkSocket * socket, find_socket(state, listener));
        HWS_CO_CHECK(check_free_number(state));
        auto accepted = socket->accept();
        if (accepted) {
            if (peer.address != 0) HWS_CO_CHECK(store(state, peer, to_wire(accepted->peer)));
            co_return hand_out(state, std::move(accepted->socket), flags, number);
        }
        if (accepted.error() != Errc::would_block || socket->is_non_blocking())
            co_return std::unexpected(std::move(accepted).error());
        if (deadline == os::no_deadline) deadline = os::deadline_after(socket->receive_timeout());
        if (co_await socket->readiness().until(Ready::read, deadline) == os::Wake::timed_out)
            co_return fail(Errc::would_block);
    }
}

os::Task<> socket_connect(PluginState& state, Fd fd, GuestPointer<const Address> pointer) {
    if (IcmpEchoSocket* const ping = find_icmp(state, fd))
        co_return connect_icmp(state, *ping, pointer);
    HWS_CO_TRY(NetworkSocket * socket, find_socket(state, fd));
    HWS_CO_TRY(const Address wire, load(state, pointer));
    if (wire.family == 0) co_return socket->disconnect();
    HWS_CO_TRY(const SocketAddr peer, to_socket_address(wire));
    auto started = socket->connect(peer);
    if (started) co_return {};
    const bool is_under_way =
        started.error() == Errc::in_progress || started.error() == Errc::already;
    if (!is_under_way || socket->is_non_blocking())
        co_return std::unexpected(std::move(started).error());
    const os::Deadline deadline = os::deadline_after(socket->send_timeout());
    for (;;) {
        // Asked before the first wait: on loopback the handshake is over by now, and asking is
        // cheaper than a round of the loop.
        auto outcome = socket->finish_connecting();
        if (outcome || outcome.error() != Errc::would_block) co_return outcome;
        if (co_await socket->readiness().until(Ready::write, deadline) == os::Wake::timed_out)
            co_return fail(Errc::in_progress);
        HWS_CO_TRY(socket, find_socket(state, fd));
    }
}

Result<void> socket_shutdown(PluginState& state, Fd fd, Half half) {
    HWS_TRY(core::Descriptor * socket,
            state.descriptors.find(static_cast<core::DescriptorNumber>(fd.number)));
    if (!dynamic_cast<NetworkSocket*>(socket) && !dynamic_cast<core::HttpDescriptor*>(socket))
        return fail(Errc::not_a_socket);
    switch (half) {
    case Half::read:
        return socket->shut_down(os::Half::read);
    case Half::write:
        return socket->shut_down(os::Half::write);
    case Half::both:
        return socket->shut_down(os::Half::both);
    }
    return fail(Errc::invalid_argument);
}

Result<void> socket_local_address(PluginState& state, Fd fd, GuestPointer<Address> address) {
    if (const IcmpEchoSocket* const ping = find_icmp(state, fd))
        return store(state, address, to_wire(ping->local_address()));
    HWS_TRY(NetworkSocket * socket, find_socket(state, fd));
    HWS_TRY(const auto local, socket->local_address());
    return store(state, address, to_wire(local));
}

Result<void> socket_peer_address(PluginState& state, Fd fd, GuestPointer<Address> address) {
    if (const IcmpEchoSocket* const ping = find_icmp(state, fd)) {
        if (!ping->peer()) return fail(Errc::not_connected);
        return store(state, address, to_wire(ping->peer()->address()));
    }
    HWS_TRY(NetworkSocket * socket, find_socket(state, fd));
    HWS_TRY(const auto peer, socket->peer_address());
    return store(state, address, to_wire(peer));
}

Result<void> socket_get_option(PluginState& state, Fd fd, Option option,
                               GuestPointer<std::uint64_t> value) {
    if (const IcmpEchoSocket* const ping = find_icmp(state, fd)) {
        HWS_TRY(const std::uint64_t answer, ping->get_option(option));
        return store(state, value, answer);
    }
    if (const core::WebSocket* const web_socket = find_web_socket(state, fd)) {
        HWS_TRY(const std::uint64_t answer, web_socket->get_option(option));
        return store(state, value, answer);
    }
    HWS_TRY(NetworkSocket * socket, find_socket(state, fd));
    // First: asking for the pending error takes it away.
    HWS_CHECK(check_room(state, value));
    HWS_TRY(const std::uint64_t answer, socket->get_option(option));
    return store(state, value, answer);
}

Result<void> socket_set_option(PluginState& state, Fd fd, Option option, std::uint64_t value) {
    if (IcmpEchoSocket* const ping = find_icmp(state, fd)) return ping->set_option(option, value);
    if (core::WebSocket* const web_socket = find_web_socket(state, fd))
        return web_socket->set_option(option, value);
    HWS_TRY(NetworkSocket * socket, find_socket(state, fd));
    return socket->set_option(option, value);
}

Result<void> multicast_join(PluginState& state, Fd fd, GuestPointer<const Membership> pointer) {
    HWS_TRY(NetworkSocket * socket, find_socket(state, fd));
    HWS_TRY(const auto membership, load_membership(state, pointer));
    return socket->join_group(membership.first, membership.second);
}

Result<void> multicast_leave(PluginState& state, Fd fd, GuestPointer<const Membership> pointer) {
    HWS_TRY(NetworkSocket * socket, find_socket(state, fd));
    HWS_TRY(const auto membership, load_membership(state, pointer));
    return socket->leave_group(membership.first);
}

Result<void> bytes_readable(PluginState& state, Fd fd, GuestPointer<std::uint32_t> bytes) {
    if (IcmpEchoSocket* const ping = find_icmp(state, fd))
        return store(state, bytes, static_cast<std::uint32_t>(ping->readable_bytes()));
    HWS_TRY(NetworkSocket * socket, find_socket(state, fd));
    // As ioctl(FIONREAD): a listener has connections, not bytes. One that was shut down listens no
    // more.
    if (socket->kind() == core::DescriptorKind::tcp_listener) {
        HWS_TRY(const std::uint64_t listens, socket->get_option(Option::listening));
        if (listens != 0) return fail(Errc::invalid_argument);
        return store(state, bytes, 0);
    }
    return store(state, bytes, static_cast<std::uint32_t>(socket->readable_bytes()));
}

Result<void> duplicate(PluginState& state, Fd fd, std::uint32_t least, GuestPointer<Fd> copy) {
    HWS_CHECK(state.descriptors.find(static_cast<core::DescriptorNumber>(fd.number)));
    HWS_CHECK(check_room(state, copy));
    if (least >= state.limits.descriptors) return fail(Errc::invalid_argument);
    HWS_TRY(const core::DescriptorNumber number,
            state.descriptors.duplicate(static_cast<core::DescriptorNumber>(fd.number), least));
    return store(state, copy, Fd{static_cast<std::int32_t>(number)});
}

void append_rows(std::vector<HostFunction>& rows) {
#define ABI_FUNCTION(name, signature, wait, sentence)                                              \
    rows.push_back(bind<signature, &v2::name, abi::wait, StatusAndText, #name>("hws", sentence));
#include <functions.def>
#undef ABI_FUNCTION
}

} // namespace hws::host::adapter::v2
