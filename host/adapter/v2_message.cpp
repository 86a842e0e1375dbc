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

os::Task<> at_once(Result<void> outcome) {
    if (outcome) return os::Task<>::done();
    return os::failed(std::move(outcome).error());
}

/// One message to be sent; of a stream all of it where it may wait.
struct Outgoing {
    PluginState& state;
    Fd fd;
    GuestSpan<const Iovec> from;
    SendFlags flags;
    std::optional<SocketAddr> to;
    const os::Ancillary* with = nullptr;
    std::size_t done = 0;

    enum class Step : std::uint8_t { sent, sent_in_part, must_wait };
    /// Errors: of sending, if nothing was sent before.
    Result<Step> attempt(NetworkSocket& socket) {
        os::IoList list;
        const std::uint64_t most =
            is_stream(socket) ? max_write_bytes : std::numeric_limits<std::uint32_t>::max();
        HWS_TRY(const std::uint64_t total, load_buffers(state, from, done, most, list));
        auto count = socket.send(list, flags, to ? &*to : nullptr, with);
        if (count) {
            done += *count;
            state.statistics.bytes_sent += *count;
            const bool is_all = done >= total || !is_stream(socket) || *count == 0;
            return is_all ? Step::sent : Step::sent_in_part;
        }
        if (count.error() == Errc::would_block && !socket.is_non_blocking() &&
            !is_set(flags, send_flags::dont_wait))
            return Step::must_wait;
        if (done > 0) return Step::sent;
        return std::unexpected(std::move(count).error());
    }
};

template <class Finish>
os::Task<> send_rest(Outgoing message, Outgoing::Step step, Finish finish) {
    Patience patience;
    while (step != Outgoing::Step::sent) {
        if (step == Outgoing::Step::sent_in_part) {
            co_await os::yield_now();
        } else {
            HWS_CO_TRY(NetworkSocket * socket, find_socket(message.state, message.fd));
            if (co_await patience.wait(*socket, Ready::write) == os::Wake::timed_out) {
                if (message.done > 0) break;
                co_return fail(Errc::would_block);
            }
        }
        HWS_CO_TRY(NetworkSocket * socket, find_socket(message.state, message.fd));
        HWS_CO_TRY(step, message.attempt(*socket));
    }
    co_return finish(message.done);
}

/// Sends it and ends with `finish(bytes)`; an error only if nothing was sent. What need not wait
/// needs no coroutine, which would take as long as the rest of it.
template <class Finish>
os::Task<> send_one(NetworkSocket& socket, Outgoing message, Finish finish) {
    auto step = message.attempt(socket);
    if (!step) return os::failed(std::move(step).error());
    if (*step != Outgoing::Step::sent) return send_rest(message, *step, finish);
    return at_once(finish(message.done));
}

/// One message to be received; with wait_all until the buffers of a stream are full.
struct Incoming {
    PluginState& state;
    Fd fd;
    GuestSpan<const Iovec> into;
    ReceiveFlags flags;
    os::Ancillary* with = nullptr;
    std::string* sender = nullptr; ///< gets the name of a sender of the family `local`
    os::ReceivedMessage answer = {};

    enum class Step : std::uint8_t { complete, came_in_part, peeked_at_part, must_wait };
    bool peeks() const { return is_set(flags, receive_flags::peek); }
    /// What was peeked at stays, so that each look begins anew.
    std::size_t done() const { return peeks() ? 0 : answer.bytes; }

    /// Errors: of receiving, if nothing came before.
    Result<Step> attempt(NetworkSocket& socket) {
        os::IoList list;
        const std::uint64_t most = is_stream(socket) ? state.limits.receive_bytes
                                                     : std::numeric_limits<std::uint32_t>::max();
        HWS_TRY(const std::uint64_t total, load_buffers(state, into, done(), most, list));
        const bool may_wait = !socket.is_non_blocking() && !is_set(flags, receive_flags::dont_wait);
        auto message = sender ? socket.receive(list, flags, *sender)
                              : socket.receive(list, flags, os::Details::all, with);
        if (!message) {
            if (message.error() == Errc::would_block && may_wait) return Step::must_wait;
            if (done() > 0) return Step::complete;
            return std::unexpected(std::move(message).error());
        }
        const std::size_t done_before = done();
        answer = *message;
        const bool wants_all = is_set(flags, receive_flags::wait_all) && is_stream(socket);
        if (peeks()) {
            // Of TLS no more than one record is ever seen.
            const bool is_all = !wants_all || answer.bytes >= list.bytes() || !may_wait ||
                                socket.tls() || socket.has_hung_up();
            return is_all ? Step::complete : Step::peeked_at_part;
        }
        state.statistics.bytes_received += answer.bytes;
        if (!wants_all) return Step::complete;
        const bool has_ended = answer.bytes == 0;
        answer.bytes += done_before;
        return answer.bytes >= total || has_ended ? Step::complete : Step::came_in_part;
    }
};

template <class Finish>
os::Task<> receive_rest(Incoming message, Incoming::Step step, Finish finish) {
    using Step = Incoming::Step;
    Patience patience;
    while (step != Step::complete) {
        HWS_CO_TRY(NetworkSocket * socket, find_socket(message.state, message.fd));
        if (step == Step::came_in_part) {
            co_await os::yield_now();
        } else if (step == Step::must_wait) {
            if (co_await patience.wait(*socket, Ready::read) == os::Wake::timed_out) {
                if (message.done() > 0) break;
                co_return fail(Errc::would_block);
            }
        } else {
            HWS_CO_CHECK(socket->watch());
            socket->readiness().clear(Ready::read);
            const os::Wake wake = co_await patience.wait(*socket, Ready::read);
            HWS_CO_TRY(socket, find_socket(message.state, message.fd));
            socket->readiness().set(Ready::read);
            if (wake == os::Wake::timed_out) break;
        }
        HWS_CO_TRY(socket, find_socket(message.state, message.fd));
        HWS_CO_TRY(step, message.attempt(*socket));
    }
    co_return finish(message.answer);
}

/// Receives it and ends with `finish(message)`. As send_one.
template <class Finish>
os::Task<> receive_one(NetworkSocket& socket, Incoming message, Finish finish) {
    auto step = message.attempt(socket);
    if (!step) return os::failed(std::move(step).error());
    if (*step != Incoming::Step::complete) return receive_rest(message, *step, finish);
    return at_once(finish(message.answer));
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
    auto socket = find_socket(state, fd);
    if (!socket && is_icmp(state, fd)) return send_icmp_message(state, fd, from, flags, to, bytes);
    Outgoing message{.state = state, .fd = fd, .from = from, .flags = flags, .to = {}};
    const auto checked = [&]() -> Result<void> {
        HWS_CHECK(socket);
        HWS_CHECK(check_flags(flags, send_flags::dont_wait | send_flags::more));
        HWS_CHECK(check_room(state, bytes));
        HWS_TRY(message.to, load_destination(state, to));
        return {};
    }();
    if (!checked) return os::failed(checked.error());
    return send_one(**socket, message, [&state, bytes](std::size_t sent) {
        return store(state, bytes, static_cast<std::uint32_t>(sent));
    });
}

os::Task<> socket_receive(PluginState& state, Fd fd, GuestSpan<const Iovec> into,
                          ReceiveFlags flags, GuestPointer<Received> received) {
    auto socket = find_socket(state, fd);
    if (!socket && is_icmp(state, fd))
        return receive_icmp_message(state, fd, into, flags, received);
    const auto checked = [&]() -> Result<void> {
        HWS_CHECK(socket);
        HWS_CHECK(check_flags(flags, known_receive_flags));
        return check_room(state, received);
    }();
    if (!checked) return os::failed(checked.error());
    const Incoming message{.state = state, .fd = fd, .into = into, .flags = flags};
    return receive_one(**socket, message, [&state, received](const os::ReceivedMessage& came) {
        return store(state, received, wire_of(came));
    });
}

os::Task<> socket_send_with(PluginState& state, Fd fd, GuestSpan<const Iovec> from, SendFlags flags,
                            GuestPointer<const Address> to, GuestPointer<const Ancillary> with,
                            GuestPointer<std::uint32_t> bytes) {
    HWS_CO_TRY(NetworkSocket * socket, find_socket(state, fd));
    HWS_CO_CHECK(check_flags(flags, send_flags::dont_wait | send_flags::more));
    HWS_CO_CHECK(check_room(state, bytes));
    HWS_CO_TRY(const os::Ancillary ancillary, load_ancillary(state, with));
    HWS_CO_TRY(const auto target, load_destination(state, to));
    const auto finish = [&state, bytes](std::size_t sent) {
        return store(state, bytes, static_cast<std::uint32_t>(sent));
    };
    co_return co_await send_one(*socket, {state, fd, from, flags, target, &ancillary}, finish);
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
    HWS_CO_TRY(NetworkSocket * socket, find_socket(state, fd));
    HWS_CO_CHECK(check_flags(flags, known_receive_flags));
    HWS_CO_CHECK(check_room(state, received));
    const auto finish = [&](const os::ReceivedMessage& message) -> Result<void> {
        HWS_CHECK(store(state, received, wire_of(message)));
        return store(state, with, wire_of(ancillary));
    };
    co_return co_await receive_one(*socket, {state, fd, into, flags, &ancillary}, finish);
}

os::Task<> receive_with_name(PluginState& state, Fd fd, GuestSpan<const Iovec> into,
                             ReceiveFlags flags, GuestPointer<Received> received,
                             std::string& sender) {
    HWS_CO_TRY(NetworkSocket * socket, find_socket(state, fd));
    HWS_CO_CHECK(check_flags(flags, known_receive_flags));
    HWS_CO_CHECK(check_room(state, received));
    const auto finish = [&](const os::ReceivedMessage& message) {
        Received wire = wire_of(message);
        if (!sender.empty()) wire.sender.family = static_cast<std::uint16_t>(Family::local);
        return store(state, received, wire);
    };
    co_return co_await receive_one(*socket, {state, fd, into, flags, nullptr, &sender}, finish);
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
            const auto finish = [&state, to = element(messages, done)](std::size_t sent) {
                const GuestPointer<std::uint32_t> bytes{to.address + bytes_in_message};
                return store(state, bytes, static_cast<std::uint32_t>(sent));
            };
            const GuestSpan<const Iovec> buffers{wire.buffers, wire.buffer_count};
            failure = co_await send_one(*socket, {state, fd, buffers, flags, {}}, finish);
            if (failure) ++done;
            continue;
        }
        std::vector<os::OutgoingMessage> batch(
            std::min<std::size_t>(messages.count - done, os::batch_messages));
        // There is one, or there would have been no room for the messages.
        GuestMemory& memory = *state.memory;
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
        GuestMemory& memory = *state.memory;
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
