// Dialect v2: names. connect_name, resolve, resolve_address, host_name, interfaces.

#include "adapter/v2_guest.hpp"
#include "core/destination.hpp"
#include "core/resolver.hpp"
#include "core/target.hpp"

#include <algorithm>
#include <cstring>

namespace hws::host::adapter::v2 {
namespace {

using core::Use;

/// The interfaces of the machine; to a plugin that may do nothing, only loopback.
bool may_see(const PluginState& state, const os::NetworkInterface& interface) {
    return state.policy.rule_count() > 0 || (interface.flags & interface_flags::loopback) != 0;
}

/// A datagram socket with the first of the peers that there is a way to.
Result<core::RaceOutcome> connect_datagrams(PluginState& state,
                                            const std::vector<core::Vetted>& peers) {
    Error last = Errc::name_not_found;
    for (const core::Vetted& peer : core::interleave_families(peers)) {
        auto socket = NetworkSocket::open(state.loop, state,
                                          peer.address().is_ipv4() ? Family::ipv4 : Family::ipv6,
                                          SocketType::datagram);
        if (!socket) return std::unexpected(std::move(socket).error());
        auto connected = (*socket)->connect(peer);
        if (connected) return core::RaceOutcome{*std::move(socket), peer.address()};
        last = std::move(connected).error();
    }
    return std::unexpected(std::move(last));
}

/// An ICMP descriptor with the first of them as its peer.
Result<SocketAddr> connect_icmp_to_first(PluginState& state, const std::vector<core::Vetted>& peers,
                                         GuestPointer<Fd> number) {
    const core::Vetted first = core::interleave_families(peers).front();
    const Family family = first.address().is_ipv4() ? Family::ipv4 : Family::ipv6;
    HWS_TRY(auto socket,
            IcmpEchoSocket::open(state.loop, state, state.limits, state.icmp_allowance, family));
    HWS_CHECK(socket->connect(first));
    HWS_CHECK(hand_out(state, std::move(socket), 0, number));
    return first.address();
}

Result<core::Use> use_of(SocketType type) {
    switch (type) {
    case SocketType::stream:
        return Use::tcp;
    case SocketType::datagram:
        return Use::udp;
    case SocketType::icmp_echo:
        return Use::icmp;
    }
    return fail(Errc::invalid_argument, "an unknown type of socket");
}

} // namespace

Result<core::Target> load_host(PluginState& state, GuestSpan<const char> text) {
    if (text.count > max_name_bytes) return fail(Errc::bad_name, "the name is too long");
    HWS_TRY(const auto bytes, guest_bytes(state, text.address, text.count));
    return core::parse_host({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

os::Task<> connect_name(PluginState& state, GuestSpan<const char> host, std::uint32_t port,
                        SocketType type, Duration timeout, Duration attempt_delay,
                        GuestPointer<Fd> number, GuestPointer<Address> winner) {
    HWS_CO_CHECK(check_room(state, number));
    if (winner.address != 0) HWS_CO_CHECK(check_room(state, winner));
    if (port > 65'535) co_return fail(Errc::invalid_argument, "a port is at most 65535");
    HWS_CO_TRY(const Use use, use_of(type));
    HWS_CO_CHECK(check_free_number(state));
    HWS_CO_TRY(core::Target target, load_host(state, host));
    target.port = static_cast<std::uint16_t>(port);
    const os::Deadline deadline = deadline_of(timeout);
    if (type == SocketType::icmp_echo) {
        HWS_CO_TRY(
            std::vector<core::Vetted> peers,
            co_await core::vet(state.policy, use, std::move(target), state.lookups, deadline));
        HWS_CO_TRY(const SocketAddr peer, connect_icmp_to_first(state, peers, number));
        if (winner.address != 0) HWS_CO_CHECK(store(state, winner, to_wire(peer)));
        co_return {};
    }
    Result<core::RaceOutcome> outcome = fail(Errc::canceled);
    if (type == SocketType::datagram) {
        // Nobody answers a datagram socket's connect, so there is nothing to race for.
        HWS_CO_TRY(
            std::vector<core::Vetted> peers,
            co_await core::vet(state.policy, use, std::move(target), state.lookups, deadline));
        outcome = connect_datagrams(state, peers);
    } else {
        core::RaceOptions options;
        if (attempt_delay != 0) {
            const auto longest = static_cast<Duration>(std::chrono::nanoseconds::max().count());
            options.attempt_delay = std::chrono::nanoseconds(
                static_cast<std::int64_t>(std::min(attempt_delay, longest)));
        }
        HWS_CO_TRY(const auto lookups,
                   core::FamilyLookups::begin(state.loop, state.policy, use, std::move(target),
                                              state.lookups, deadline));
        outcome = co_await core::race(state.loop, state, *lookups, options, deadline);
    }
    if (!outcome) co_return std::unexpected(std::move(outcome).error());
    if (winner.address != 0) HWS_CO_CHECK(store(state, winner, to_wire(outcome->winner)));
    co_return hand_out(state, std::move(outcome->socket), 0, number);
}

os::Task<> resolve(PluginState& state, GuestSpan<const char> name, Family family, Duration timeout,
                   GuestSpan<Address> addresses, GuestPointer<std::uint32_t> count) {
    HWS_CO_CHECK(check_room(state, addresses));
    HWS_CO_CHECK(check_room(state, count));
    if (family != Family::any && family != Family::ipv4 && family != Family::ipv6)
        co_return fail(Errc::family_not_supported);
    HWS_CO_TRY(core::Target target, load_host(state, name));
    std::vector<SocketAddr> found;
    const auto add = [&](const SocketAddr& address) {
        if (family == Family::any || (family == Family::ipv4) == address.is_ipv4())
            found.push_back(address);
    };
    if (const auto numeric = target.address()) {
        // It says nothing that the plugin has not known.
        add(*numeric);
    } else {
        HWS_CO_TRY(const auto vetted,
                   co_await core::vet(state.policy, Use::resolve, std::move(target), state.lookups,
                                      deadline_of(timeout), family));
        for (const core::Vetted& one : vetted)
            add(one.address());
    }
    if (found.empty()) co_return fail(Errc::name_not_found, "no address of this family");
    HWS_CO_CHECK(store(state, count, static_cast<std::uint32_t>(found.size())));
    for (std::uint32_t i = 0; i < std::min<std::size_t>(found.size(), addresses.count); ++i)
        HWS_CO_CHECK(store(state, element(addresses, i), to_wire(found[i])));
    co_return {};
}

os::Task<> resolve_address(PluginState& state, GuestPointer<const Address> pointer,
                           Duration timeout, GuestSpan<char> name,
                           GuestPointer<std::uint32_t> length) {
    HWS_CO_CHECK(check_room(state, name));
    HWS_CO_CHECK(check_room(state, length));
    HWS_CO_TRY(const Address wire, load(state, pointer));
    HWS_CO_TRY(const SocketAddr address, to_socket_address(wire));
    HWS_CO_CHECK(state.policy.check(Use::resolve, address));
    HWS_CO_TRY(const core::HostName answer,
               co_await state.lookups.resolve_address(address.ip(), deadline_of(timeout)));
    co_return store_text(state, name, length, answer.text());
}

Result<void> host_name(PluginState& state, GuestSpan<char> name,
                       GuestPointer<std::uint32_t> length) {
    // The machine's real name is none of a plugin's business.
    return store_text(state, name, length, "localhost");
}

Result<void> interfaces(PluginState& state, GuestSpan<Interface> room,
                        GuestPointer<std::uint32_t> count) {
    HWS_CHECK(check_room(state, room));
    HWS_CHECK(check_room(state, count));
    std::uint32_t visible = 0;
    for (const os::NetworkInterface& one : os::network_interfaces()) {
        if (!may_see(state, one)) continue;
        if (visible < room.count) {
            Interface wire;
            wire.index = one.index;
            wire.flags = one.flags;
            std::copy_n(one.name.data(), std::min(one.name.size(), sizeof wire.name - 1),
                        wire.name);
            HWS_CHECK(store(state, element(room, visible), wire));
        }
        ++visible;
    }
    return store(state, count, visible);
}

} // namespace hws::host::adapter::v2
