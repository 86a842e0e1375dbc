// Dialect v2: sending and receiving, one message or many. The system calls work on the guest's own
// memory.

#include "adapter/v2_guest.hpp"

#include <array>
#include <cstring>

namespace hws::host::adapter::v2 {
namespace {

using os::Ready;

constexpr bool is_set(std::uint32_t flags, std::uint32_t bit) {
    return (flags & bit) != 0;
}

bool is_stream(const NetworkSocket& socket) {
    return socket.type() == SocketType::stream;
}

/// Sends one message to what `begin()` gives, of a stream all of it where it may wait, and ends
/// with `finish(bytes)`; an error only if nothing was sent. Rows pass what is theirs as `begin` and
/// `finish` instead of awaiting this: a coroutine less for each message.
template <class Begin, class Finish>
os::Task<> send_one(PluginState& state, Fd fd, GuestSpan<const Iovec> from, SendFlags flags,
                    Begin begin, Finish finish, const os::Ancillary* with = nullptr) {
    HWS_CO_TRY(const std::optional<SocketAddr> to, begin());
    Patience patience;
    std::size_t done = 0;
    for (;;) {
        HWS_CO_TRY(NetworkSocket * socket, find_socket(state, fd));
        os::IoList list;
        const std::uint64_t most =
            is_stream(*socket) ? max_write_bytes : std::numeric_limits<std::uint32_t>::max();
        HWS_CO_TRY(const std::uint64_t total, load_buffers(state, from, done, most, list));
        auto count = socket->send(list, flags, to ? &*to : nullptr, with);
        if (count) {
            done += *count;
            state.statistics.bytes_sent += *count;
            if (done >= total || !is_stream(*socket) || *count == 0) break;
            co_await os::yield_now();
            continue;
        }
        const bool may_wait = count.error() == Errc::would_block && !socket->is_non_blocking() &&
                              !is_set(flags, send_flags::dont_wait);
        if (may_wait) {
            if (co_await patience.wait(*socket, Ready::write) == os::Wake::ready) continue;
        }
        if (done > 0) break;
        co_return std::unexpected(std::move(count).error());
    }
    co_return finish(done);
}

/// Receives one message, with wait_all until the buffers of a stream are full. `begin` and `finish`
/// as for send_one.
template <class Begin, class Finish>
os::Task<> receive_one(PluginState& state, Fd fd, GuestSpan<const Iovec> into, ReceiveFlags flags,
                       Begin begin, Finish finish, os::Ancillary* with = nullptr,
                       std::string* sender = nullptr) {
    HWS_CO_CHECK(begin());
    Patience patience;
    const bool peeks = is_set(flags, receive_flags::peek);
    os::ReceivedMessage answer;
    for (;;) {
        HWS_CO_TRY(NetworkSocket * socket, find_socket(state, fd));
        os::IoList list;
        const std::uint64_t most = is_stream(*socket) ? state.limits.receive_bytes
                                                      : std::numeric_limits<std::uint32_t>::max();
        HWS_CO_TRY(const std::uint64_t total, load_buffers(state, into, answer.bytes, most, list));
        const bool may_wait =
            !socket->is_non_blocking() && !is_set(flags, receive_flags::dont_wait);
        const bool wants_all = is_set(flags, receive_flags::wait_all) && is_stream(*socket);
        auto message = sender ? socket->receive(list, flags, *sender)
                              : socket->receive(list, flags, os::Details::all, with);
        if (message) {
            if (!peeks) state.statistics.bytes_received += message->bytes;
            if (!wants_all) co_return finish(*message);
            if (!peeks) {
                answer.bytes += message->bytes;
                if (answer.bytes >= total || message->bytes == 0) co_return finish(answer);
                co_await os::yield_now();
                continue;
            }
            // What is peeked at stays, so that each look begins anew.
            // Of TLS no more than one record is ever seen.
            if (message->bytes >= list.bytes() || !may_wait || socket->tls() ||
                socket->has_hung_up())
                co_return finish(*message);
            HWS_CO_CHECK(socket->watch());
            socket->readiness().clear(Ready::read);
            const os::Wake wake = co_await patience.wait(*socket, Ready::read);
            socket->readiness().set(Ready::read);
            if (wake == os::Wake::timed_out) co_return finish(*message);
            continue;
        }
        if (message.error() == Errc::would_block && may_wait &&
            co_await patience.wait(*socket, Ready::read) == os::Wake::ready)
            continue;
        if (answer.bytes > 0) co_return finish(answer);
        co_return std::unexpected(std::move(message).error());
    }
}

bool is_icmp(const PluginState& state, Fd fd) {
    const auto found = state.descriptors.find(static_cast<core::DescriptorNumber>(fd.number));
    return found && (*found)->kind() == core::DescriptorKind::icmp_socket;
}

/// What a guest may send: a field that is only ever received is refused.
constexpr AncillaryFields sendable_fields =
    ancillary_fields::ipv4_info | ancillary_fields::ipv6_info | ancillary_fields::ipv4_ttl |
    ancillary_fields::ipv6_hops | ancillary_fields::ipv4_tos | ancillary_fields::ipv6_traffic_class;

Result<os::Ancillary> load_ancillary(PluginState& state, GuestPointer<const Ancillary> from) {
    HWS_TRY(const Ancillary wire, load(state, from));
    if (wire.fields & ~sendable_fields)
        return fail(Errc::invalid_argument, "ancillary data that cannot be sent");
    os::Ancillary ancillary;
    ancillary.fields = wire.fields;
    ancillary.interface_index = wire.interface_index;
    ancillary.hops = wire.hops;
    ancillary.traffic_class = wire.traffic_class;
    if (wire.local.family == 0) return ancillary;
    HWS_TRY(const SocketAddr local, to_socket_address(wire.local));
    ancillary.local = local.ip();
    return ancillary;
}

Ancillary wire_of(const os::Ancillary& ancillary) {
    Ancillary wire;
    wire.fields = ancillary.fields;
    wire.interface_index = ancillary.interface_index;
    if (ancillary.destination) wire.destination = to_wire(SocketAddr(*ancillary.destination, 0));
    if (ancillary.local) wire.local = to_wire(SocketAddr(*ancillary.local, 0));
    wire.hops = ancillary.hops;
    wire.traffic_class = ancillary.traffic_class;
    wire.time = ancillary.time;
    return wire;
}

Received wire_of(const os::ReceivedMessage& message) {
    Received wire;
    wire.bytes = static_cast<std::uint32_t>(message.bytes);
    wire.flags = message.is_truncated ? received_flags::truncated : 0;
    if (message.sender) wire.sender = to_wire(*message.sender);
    return wire;
}

constexpr ReceiveFlags known_receive_flags = receive_flags::peek | receive_flags::wait_all |
                                             receive_flags::dont_wait |
                                             receive_flags::whole_length;

constexpr std::uint32_t bytes_in_message = offsetof(Message, bytes);

} // namespace

Result<std::optional<SocketAddr>> load_destination(PluginState& state,
                                                   GuestPointer<const Address> to) {
    if (to.address == 0) return std::optional<SocketAddr>();
    HWS_TRY(const Address wire, load(state, to));
    if (wire.family == 0) return std::optional<SocketAddr>();
    HWS_TRY(const SocketAddr address, to_socket_address(wire));
    return std::optional(address);
}

os::Task<> socket_send(PluginState& state, Fd fd, GuestSpan<const Iovec> from, SendFlags flags,
                       GuestPointer<const Address> to, GuestPointer<std::uint32_t> bytes) {
    if (is_icmp(state, fd)) return send_icmp_message(state, fd, from, flags, to, bytes);
    const auto begin = [&state, fd, flags, to, bytes]() -> Result<std::optional<SocketAddr>> {
        HWS_CHECK(find_socket(state, fd));
        HWS_CHECK(check_flags(flags, send_flags::dont_wait | send_flags::more));
        HWS_CHECK(check_room(state, bytes));
        return load_destination(state, to);
    };
    const auto finish = [&state, bytes](std::size_t sent) {
        return store(state, bytes, static_cast<std::uint32_t>(sent));
    };
    return send_one(state, fd, from, flags, begin, finish);
}

os::Task<> socket_receive(PluginState& state, Fd fd, GuestSpan<const Iovec> into,
                          ReceiveFlags flags, GuestPointer<Received> received) {
    if (is_icmp(state, fd)) return receive_icmp_message(state, fd, into, flags, received);
    const auto begin = [&state, fd, flags, received]() -> Result<void> {
        HWS_CHECK(find_socket(state, fd));
        HWS_CHECK(check_flags(flags, known_receive_flags));
        return check_room(state, received);
    };
    const auto finish = [&state, received](const os::ReceivedMessage& message) {
        return store(state, received, wire_of(message));
    };
    return receive_one(state, fd, into, flags, begin, finish);
}

os::Task<> socket_send_with(PluginState& state, Fd fd, GuestSpan<const Iovec> from, SendFlags flags,
                            GuestPointer<const Address> to, GuestPointer<const Ancillary> with,
                            GuestPointer<std::uint32_t> bytes) {
    HWS_CO_CHECK(find_socket(state, fd));
    HWS_CO_CHECK(check_flags(flags, send_flags::dont_wait | send_flags::more));
    HWS_CO_CHECK(check_room(state, bytes));
    HWS_CO_TRY(const os::Ancillary ancillary, load_ancillary(state, with));
    const auto begin = [&state, to] { return load_destination(state, to); };
    const auto finish = [&state, bytes](std::size_t sent) {
        return store(state, bytes, static_cast<std::uint32_t>(sent));
    };
    co_return co_await send_one(state, fd, from, flags, begin, finish, &ancillary);
}

os::Task<> socket_receive_with(PluginState& state, Fd fd, GuestSpan<const Iovec> into,
                               ReceiveFlags flags, GuestPointer<Received> received,
                               GuestPointer<Ancillary> with) {
    HWS_CO_CHECK(check_room(state, with));
    if (is_icmp(state, fd)) {
        HWS_CO_CHECK(co_await receive_icmp_message(state, fd, into, flags, received));
        co_return store(state, with, Ancillary());
    }
    os::Ancillary ancillary;
    const auto begin = [&state, fd, flags, received]() -> Result<void> {
        HWS_CHECK(find_socket(state, fd));
        HWS_CHECK(check_flags(flags, known_receive_flags));
        return check_room(state, received);
    };
    const auto finish = [&](const os::ReceivedMessage& message) -> Result<void> {
        HWS_CHECK(store(state, received, wire_of(message)));
        return store(state, with, wire_of(ancillary));
    };
    co_return co_await receive_one(state, fd, into, flags, begin, finish, &ancillary);
}

os::Task<> receive_with_name(PluginState& state, Fd fd, GuestSpan<const Iovec> into,
                             ReceiveFlags flags, GuestPointer<Received> received,
                             std::string& sender) {
    const auto begin = [&state, fd, flags, received]() -> Result<void> {
        HWS_CHECK(find_socket(state, fd));
        HWS_CHECK(check_flags(flags, known_receive_flags));
        return check_room(state, received);
    };
    const auto finish = [&](const os::ReceivedMessage& message) {
        Received wire = wire_of(message);
        if (!sender.empty()) wire.sender.family = static_cast<std::uint16_t>(Family::local);
        return store(state, received, wire);
    };
    co_return co_await receive_one(state, fd, into, flags, begin, finish, nullptr, &sender);
}

os::Task<> send_batch(PluginState& state, Fd fd, GuestSpan<Message> messages, SendFlags flags,
                      GuestPointer<std::uint32_t> count) {
    HWS_CO_TRY(NetworkSocket * first_look, find_socket(state, fd));
    HWS_CO_CHECK(check_flags(flags, send_flags::dont_wait | send_flags::more));
    messages.count = std::min(messages.count, max_messages);
    HWS_CO_CHECK(check_room(state, messages));
    HWS_CO_CHECK(check_room(state, count));
    const bool one_by_one = is_stream(*first_look);
    Patience patience;
    std::uint32_t done = 0;
    Result<void> failure;
    while (done < messages.count && failure) {
        HWS_CO_TRY(NetworkSocket * socket, find_socket(state, fd));
        const bool may_wait = !socket->is_non_blocking() && !is_set(flags, send_flags::dont_wait);
        if (one_by_one) {
            HWS_CO_TRY(const Message wire, load(state, element(messages, done)));
            const auto begin = []() -> Result<std::optional<SocketAddr>> { return std::nullopt; };
            const auto finish = [&state, to = element(messages, done)](std::size_t sent) {
                const GuestPointer<std::uint32_t> bytes{to.address + bytes_in_message};
                return store(state, bytes, static_cast<std::uint32_t>(sent));
            };
            failure = co_await send_one(state, fd, {wire.buffers, wire.buffer_count}, flags, begin,
                                        finish);
            if (failure) ++done;
            continue;
        }
        std::vector<os::OutgoingMessage> batch(
            std::min<std::size_t>(messages.count - done, os::batch_messages));
        // There is one, or there would have been no room for the messages.
        MemoryAtOnce memory(*state.memory);
        std::size_t ready = 0;
        for (; ready < batch.size(); ++ready) {
            auto& message = batch[ready];
            const auto loaded = [&]() -> Result<void> {
                HWS_TRY(const Message wire,
                        load(memory, element(messages, static_cast<std::uint32_t>(done + ready))));
                HWS_CHECK(load_buffers(memory, {wire.buffers, wire.buffer_count}, 0,
                                       std::numeric_limits<std::uint32_t>::max(), message.from));
                if (wire.address.family == 0) return {};
                HWS_TRY(message.to, to_socket_address(wire.address));
                return {};
            }();
            if (!loaded && ready == 0) failure = loaded;
            if (!loaded) break;
        }
        if (!failure) break;
        auto sent = socket->send_batch(std::span(batch).first(ready), flags);
        if (!sent) {
            if (sent.error() == Errc::would_block && may_wait &&
                co_await patience.wait(*socket, Ready::write) == os::Wake::ready)
                continue;
            failure = std::unexpected(std::move(sent).error());
            continue;
        }
        for (std::size_t i = 0; i < *sent; ++i, ++done) {
            state.statistics.bytes_sent += batch[i].sent;
            const GuestPointer<std::uint32_t> bytes{element(messages, done).address +
                                                    bytes_in_message};
            HWS_CO_CHECK(store(memory, bytes, static_cast<std::uint32_t>(batch[i].sent)));
        }
        // The next one cannot be sent now; that may be an error which asking again would not show.
        if (*sent < ready && !may_wait) break;
    }
    if (!failure && done == 0) co_return failure;
    co_return store(state, count, done);
}

os::Task<> receive_batch(PluginState& state, Fd fd, GuestSpan<Message> messages, ReceiveFlags flags,
                         Duration timeout, GuestPointer<std::uint32_t> count) {
    HWS_CO_CHECK(find_socket(state, fd));
    HWS_CO_CHECK(check_flags(flags, receive_flags::peek | receive_flags::dont_wait |
                                        receive_flags::whole_length | receive_flags::wait_for_one));
    messages.count = std::min(messages.count, max_messages);
    HWS_CO_CHECK(check_room(state, messages));
    HWS_CO_CHECK(check_room(state, count));
    Patience patience(deadline_of(timeout));
    std::uint32_t done = 0;
    Result<void> failure;
    while (done < messages.count && failure) {
        HWS_CO_TRY(NetworkSocket * socket, find_socket(state, fd));
        const bool may_wait = !socket->is_non_blocking() &&
                              !is_set(flags, receive_flags::dont_wait) &&
                              (done == 0 || !is_set(flags, receive_flags::wait_for_one));
        std::vector<os::IncomingMessage> batch(
            std::min<std::size_t>(messages.count - done, os::batch_messages));
        MemoryAtOnce memory(*state.memory);
        std::size_t ready = 0;
        for (; ready < batch.size(); ++ready) {
            const auto loaded = [&]() -> Result<void> {
                HWS_TRY(const Message wire,
                        load(memory, element(messages, static_cast<std::uint32_t>(done + ready))));
                HWS_CHECK(load_buffers(memory, {wire.buffers, wire.buffer_count}, 0,
                                       std::numeric_limits<std::uint32_t>::max(),
                                       batch[ready].into));
                return {};
            }();
            if (!loaded && ready == 0) failure = loaded;
            if (!loaded) break;
        }
        if (!failure) break;
        auto received = socket->receive_batch(std::span(batch).first(ready), flags);
        if (!received) {
            if (received.error() == Errc::would_block && may_wait &&
                co_await patience.wait(*socket, Ready::read) == os::Wake::ready)
                continue;
            failure = std::unexpected(std::move(received).error());
            continue;
        }
        bool has_ended = false;
        for (std::size_t i = 0; i < *received; ++i, ++done) {
            const os::ReceivedMessage& message = batch[i].received;
            state.statistics.bytes_received += message.bytes;
            HWS_CO_TRY(Message wire, load(memory, element(messages, done)));
            wire.bytes = static_cast<std::uint32_t>(message.bytes);
            wire.flags = message.is_truncated ? received_flags::truncated : 0;
            wire.address = message.sender ? to_wire(*message.sender) : Address();
            HWS_CO_CHECK(store(memory, element(messages, done), wire));
            has_ended = is_stream(*socket) && message.bytes == 0;
        }
        // A second look at the same message would only find it again.
        if (has_ended || is_set(flags, receive_flags::peek)) break;
    }
    if (!failure && done == 0) co_return failure;
    co_return store(state, count, done);
}

} // namespace hws::host::adapter::v2
