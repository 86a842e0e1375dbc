// Dialect v2: ICMP. icmp_send, icmp_send_name, icmp_receive, and what the rows of sockets do with
// an ICMP descriptor.

#include "adapter/span_list.hpp"
#include "adapter/v2_guest.hpp"
#include "core/destination.hpp"

#include <vector>

namespace hws::host::adapter::v2 {
namespace {

using core::IcmpReply;
using core::Use;
using os::Ready;

using Room = SpanList<std::byte>;

constexpr std::uint64_t unbounded = std::numeric_limits<std::uint32_t>::max();

/// The bytes of the buffers as one span, of the guest's memory or of `room`, which is bounded by
/// what an IP packet carries.
Result<std::span<const std::byte>> load_payload(PluginState& state, GuestSpan<const Iovec> from,
                                                std::vector<std::byte>& room) {
    SpanList<const std::byte> list;
    HWS_CHECK(load_buffers(state, from, 0, unbounded, list));
    return core::gather(list.spans(), room);
}

Result<IcmpEchoSocket*> find_icmp_only(PluginState& state, Fd fd) {
    return state.descriptors.find_as<IcmpEchoSocket>(
        static_cast<core::DescriptorNumber>(fd.number));
}

Result<std::uint16_t> check_sequence(std::uint32_t sequence) {
    if (sequence > 0xffff)
        return fail(Errc::invalid_argument, "a sequence number is at most 65535");
    return static_cast<std::uint16_t>(sequence);
}

/// How many bytes a receive tells, and whether it lost some.
std::pair<std::uint32_t, ReceivedFlags> told(std::size_t whole, std::uint64_t room,
                                             ReceiveFlags flags) {
    const bool is_cut = whole > room;
    const bool tells_whole = (flags & receive_flags::whole_length) != 0;
    return {static_cast<std::uint32_t>(is_cut && !tells_whole ? room : whole),
            is_cut ? received_flags::truncated : ReceivedFlags{0}};
}

/// Tries until `attempt(socket, buffers)` is something else than would_block. The buffers are
/// loaded anew each time, and before anything is taken. `begin()` is what the row checks first: a
/// coroutine of its own would cost as much again.
template <class Begin, class Attempt>
os::Task<> receive_by(PluginState& state, Fd fd, GuestSpan<const Iovec> into, ReceiveFlags flags,
                      os::Deadline deadline, Begin begin, Attempt attempt) {
    HWS_CO_CHECK(begin());
    Patience patience(deadline);
    for (;;) {
        HWS_CO_TRY(IcmpEchoSocket * socket, find_icmp_only(state, fd));
        Room room;
        HWS_CO_CHECK(load_buffers(state, into, 0, unbounded, room));
        Result<void> outcome = attempt(*socket, room);
        const bool may_wait = !socket->is_non_blocking() && !(flags & receive_flags::dont_wait);
        if (outcome || outcome.error() != Errc::would_block || !may_wait) co_return outcome;
        if (co_await patience.wait(*socket, Ready::read) == os::Wake::ready) continue;
        // The descriptor's own time limit is would_block, as on Linux.
        if (os::Clock::now() >= deadline) co_return fail(Errc::timed_out);
        co_return outcome;
    }
}

constexpr ReceiveFlags known_flags =
    receive_flags::peek | receive_flags::dont_wait | receive_flags::whole_length;

} // namespace

Result<void> icmp_send(PluginState& state, Fd fd, GuestSpan<const Iovec> from,
                       std::uint32_t sequence, GuestPointer<const Address> to) {
    HWS_TRY(IcmpEchoSocket * socket, find_icmp_only(state, fd));
    HWS_TRY(const std::uint16_t number, check_sequence(sequence));
    HWS_TRY(const auto target, load_destination(state, to));
    std::vector<std::byte> room;
    HWS_TRY(const auto payload, load_payload(state, from, room));
    HWS_CHECK(socket->send(payload, number, target ? &*target : nullptr));
    state.statistics.bytes_sent += payload.size();
    return {};
}

os::Task<> icmp_send_name(PluginState& state, Fd fd, GuestSpan<const char> host,
                          GuestSpan<const Iovec> from, std::uint32_t sequence, Duration timeout,
                          GuestPointer<Address> target) {
    HWS_CO_CHECK(find_icmp_only(state, fd));
    HWS_CO_TRY(const std::uint16_t number, check_sequence(sequence));
    if (target.address != 0) HWS_CO_CHECK(check_room(state, target));
    std::vector<std::byte> room;
    HWS_CO_CHECK(load_payload(state, from, room));
    HWS_CO_TRY(core::Target name, load_host(state, host));
    HWS_CO_TRY(const std::vector<core::Vetted> found,
               co_await core::vet(state.policy, Use::icmp, std::move(name), state.lookups,
                                  deadline_of(timeout)));
    // Both may have changed during the wait.
    HWS_CO_TRY(IcmpEchoSocket * socket, find_icmp_only(state, fd));
    HWS_CO_TRY(const auto payload, load_payload(state, from, room));
    Result<void> sent = fail(Errc::name_not_found, "no address of the socket's family");
    for (const core::Vetted& one : core::interleave_families(found)) {
        auto attempt = socket->send(payload, number, one);
        if (!attempt && attempt.error() == Errc::family_not_supported) continue;
        sent = std::move(attempt);
        if (sent) {
            state.statistics.bytes_sent += payload.size();
            if (target.address != 0) HWS_CO_CHECK(store(state, target, to_wire(one.address())));
        }
        const bool has_no_way = !sent && (sent.error() == Errc::network_unreachable ||
                                          sent.error() == Errc::host_unreachable);
        if (!has_no_way) break;
    }
    co_return sent;
}

os::Task<> icmp_receive(PluginState& state, Fd fd, GuestSpan<const Iovec> into, ReceiveFlags flags,
                        Duration timeout, GuestPointer<IcmpReceived> received) {
    const auto begin = [&state, fd, flags, received]() -> Result<void> {
        HWS_CHECK(find_icmp_only(state, fd));
        HWS_CHECK(check_flags(flags, known_flags));
        return check_room(state, received);
    };
    return receive_by(
        state, fd, into, flags, deadline_of(timeout), begin,
        [&state, flags, received](IcmpEchoSocket& socket, const Room& room) -> Result<void> {
            const IcmpReply* const reply = socket.peek();
            if (!reply) return fail(Errc::would_block);
            IcmpReceived answer;
            answer.source = to_wire(SocketAddr(reply->source, 0, reply->scope_id));
            answer.target = to_wire(SocketAddr(reply->target, 0, reply->scope_id));
            answer.round_trip = static_cast<Duration>(reply->round_trip.count());
            std::tie(answer.bytes, answer.flags) = told(reply->data.size(), room.bytes(), flags);
            answer.identifier = reply->id.value_or(0);
            answer.sequence = reply->request_sequence;
            answer.type = reply->type;
            answer.code = reply->code;
            answer.ttl = reply->ttl.value_or(0);
            answer.icmp_flags = static_cast<IcmpFlags>((reply->id ? icmp_flags::echo_reply : 0) |
                                                       (reply->ttl ? icmp_flags::has_ttl : 0));
            HWS_CHECK(store(state, received, answer));
            core::scatter(reply->data, {}, room.spans());
            if (flags & receive_flags::peek) return {};
            state.statistics.bytes_received += reply->data.size();
            HWS_CHECK(socket.receive());
            return {};
        });
}

Result<void> open_icmp(PluginState& state, Family family, OpenFlags flags,
                       GuestPointer<Fd> number) {
    HWS_CHECK(check_free_number(state));
    HWS_TRY(auto socket,
            IcmpEchoSocket::open(state.loop, state, state.limits, state.icmp_allowance, family));
    return hand_out(state, std::move(socket), flags, number);
}

Result<void> bind_icmp(IcmpEchoSocket& socket, const SocketAddr& local) {
    const bool fits =
        socket.family() == Family::any || (socket.family() == Family::ipv4) == local.is_ipv4();
    if (!fits) return fail(Errc::family_not_supported);
    if (local.ip().is_unspecified() && local.port() == 0) return {};
    return fail(Errc::address_not_available,
                "the host chooses the identifier and the address of an ICMP socket");
}

Result<void> connect_icmp(PluginState& state, IcmpEchoSocket& socket,
                          GuestPointer<const Address> peer) {
    HWS_TRY(const Address wire, load(state, peer));
    if (wire.family == 0) {
        socket.disconnect();
        return {};
    }
    HWS_TRY(const SocketAddr address, to_socket_address(wire));
    return socket.connect(address);
}

os::Task<> send_icmp_message(PluginState& state, Fd fd, GuestSpan<const Iovec> from,
                             SendFlags flags, GuestPointer<const Address> to,
                             GuestPointer<std::uint32_t> bytes) {
    HWS_CO_TRY(IcmpEchoSocket * socket, find_icmp_only(state, fd));
    HWS_CO_CHECK(check_flags(flags, send_flags::dont_wait | send_flags::more));
    HWS_CO_CHECK(check_room(state, bytes));
    HWS_CO_TRY(const auto target, load_destination(state, to));
    std::vector<std::byte> room;
    HWS_CO_TRY(const auto message, load_payload(state, from, room));
    HWS_CO_CHECK(socket->send_message(message, target ? &*target : nullptr));
    state.statistics.bytes_sent += message.size();
    co_return store(state, bytes, static_cast<std::uint32_t>(message.size()));
}

os::Task<> receive_icmp_message(PluginState& state, Fd fd, GuestSpan<const Iovec> into,
                                ReceiveFlags flags, GuestPointer<Received> received) {
    const auto begin = [&state, flags, received]() -> Result<void> {
        HWS_CHECK(check_flags(flags, known_flags | receive_flags::wait_all));
        return check_room(state, received);
    };
    return receive_by(
        state, fd, into, flags, os::no_deadline, begin,
        [&state, flags, received](IcmpEchoSocket& socket, const Room& room) -> Result<void> {
            HWS_TRY(const IcmpReply* const reply, socket.peek_message());
            const std::size_t whole = reply->data.size() + core::icmp_header_bytes;
            Received answer;
            std::tie(answer.bytes, answer.flags) = told(whole, room.bytes(), flags);
            answer.sender = to_wire(SocketAddr(reply->source, 0, reply->scope_id));
            HWS_CHECK(store(state, received, answer));
            core::write_message(*reply, room.spans());
            if (flags & receive_flags::peek) return {};
            state.statistics.bytes_received += whole;
            HWS_CHECK(socket.receive());
            return {};
        });
}

} // namespace hws::host::adapter::v2
