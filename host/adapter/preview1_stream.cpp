// Reading and writing: fd_read, fd_write, sock_recv, sock_send, sock_accept.

#include "adapter/preview1_guest.hpp"
#include "adapter/span_list.hpp"

#include <algorithm>
#include <limits>

namespace hws::host::adapter::preview1 {
namespace {

using core::Descriptor;
using core::DescriptorKind;
using os::Ready;

/// The guest's buffers as spans of its memory as it is now: for one attempt, never across a wait.
template <class Byte> class Buffers {
public:
    /// The buffers from byte number `skip` on, at most `max_bytes` of them. Errors: fault if any
    /// byte of any buffer is outside, invalid_argument for too many buffers or more bytes than a
    /// result can count.
    Result<void> load(PluginState& state, GuestSpan<Iovec> list, std::uint64_t skip,
                      std::uint64_t max_bytes) {
        if (list.count > max_buffers) return fail(Errc::invalid_argument);
        HWS_TRY(const auto raw,
                guest_bytes(state, list.address, std::uint64_t{list.count} * sizeof(Iovec)));
        for (std::uint32_t i = 0; i < list.count; ++i) {
            Iovec entry;
            std::memcpy(&entry, raw.data() + std::size_t{i} * sizeof entry, sizeof entry);
            HWS_TRY(std::span<std::byte> buffer, guest_bytes(state, entry.address, entry.size));
            total_ += entry.size;
            const std::uint64_t skipped = std::min<std::uint64_t>(skip, buffer.size());
            skip -= skipped;
            buffer = buffer.subspan(skipped);
            buffer = buffer.first(std::min<std::uint64_t>(buffer.size(), max_bytes - list_.bytes()));
            // Empty ones mean nothing, and could hide the others behind the system's limit of
            // buffers.
            if (!buffer.empty()) list_.add(buffer);
        }
        // POSIX readv(3p): the sum must be countable by the result.
        if (total_ > std::numeric_limits<std::int32_t>::max()) return fail(Errc::invalid_argument);
        return {};
    }

    std::span<const std::span<Byte>> spans() const { return list_.spans(); }
    bool is_empty() const { return list_.bytes() == 0; }
    /// Bytes of all buffers, the skipped ones and those beyond `max_bytes` included.
    std::uint64_t total() const { return total_; }

private:
    SpanList<Byte> list_; // at most max_buffers
    std::uint64_t total_ = 0;
};

/// How far one attempt came.
struct Step {
    std::size_t bytes = 0;
    bool is_all = false;  // nothing is left of the buffers
    bool was_cut = false; // the datagram was longer than they are
};

bool carries_datagrams(const Descriptor& descriptor) {
    return descriptor.kind() == DescriptorKind::udp_socket ||
           descriptor.kind() == DescriptorKind::icmp_socket;
}

enum class Take : std::uint8_t { away, peek_only };

Result<Step> try_read(PluginState& state, Descriptor& descriptor, GuestSpan<Iovec> into,
                      std::uint64_t skip, Take take) {
    Buffers<std::byte> buffers;
    HWS_CHECK(buffers.load(state, into, skip, state.limits.receive_bytes));
    // A stream without room to read into has nothing to wait for; a datagram is taken even so.
    if (buffers.is_empty() && !carries_datagrams(descriptor)) return Step{0, true};
    // Only these tell whether a datagram was cut.
    if (auto* const socket = dynamic_cast<core::NetworkSocket*>(&descriptor);
        socket && carries_datagrams(descriptor)) {
        os::IoList list;
        for (const auto& buffer : buffers.spans())
            list.add(buffer);
        HWS_TRY(const os::ReceivedMessage message,
                socket->receive(list, take == Take::away ? 0 : abi::v2::receive_flags::peek));
        if (take == Take::away) state.statistics.bytes_received += message.bytes;
        return Step{message.bytes, true, message.is_truncated};
    }
    HWS_TRY(const std::size_t count, take == Take::away ? descriptor.try_read(buffers.spans())
                                                        : descriptor.try_peek(buffers.spans()));
    if (take == Take::away && is_socket(descriptor)) state.statistics.bytes_received += count;
    return Step{count, skip + count >= buffers.total()};
}

Result<Step> try_write(PluginState& state, Descriptor& descriptor, GuestSpan<Ciovec> from,
                       std::uint64_t skip) {
    Buffers<const std::byte> buffers;
    HWS_CHECK(buffers.load(state, from, skip, max_write_bytes));
    HWS_TRY(const std::size_t count, descriptor.try_write(buffers.spans()));
    if (is_socket(descriptor)) state.statistics.bytes_sent += count;
    return Step{count, skip + count >= buffers.total()};
}

Result<Descriptor*> find_for(PluginState& state, Fd fd, bool must_be_socket) {
    return must_be_socket ? find_socket(state, fd) : find(state, fd);
}

os::Task<> read(PluginState& state, Fd fd, bool must_be_socket, GuestSpan<Iovec> into,
                ReceiveFlags flags, GuestPointer<std::uint32_t> bytes, bool* was_cut = nullptr) {
    HWS_CO_CHECK(check_room(state, bytes));
    const Take take = flags & receive_flags::peek ? Take::peek_only : Take::away;
    std::size_t done = 0;
    os::Deadline deadline = os::no_deadline;
    for (;;) {
        HWS_CO_TRY(Descriptor * descriptor, find_for(state, fd, must_be_socket));
        auto step = try_read(state, *descriptor, into, done, take);
        if (step) {
            done += step->bytes;
            if (was_cut) *was_cut = step->was_cut;
            const bool wants_all = (flags & receive_flags::wait_all) && take == Take::away &&
                                   !carries_datagrams(*descriptor);
            if (!wants_all || step->is_all || step->bytes == 0) break;
            co_await os::yield_now(); // a fast peer must not keep the others waiting
            continue;
        }
        if (done > 0 && (step.error() != Errc::would_block || descriptor->is_non_blocking())) break;
        if (step.error() != Errc::would_block || descriptor->is_non_blocking())
            co_return std::unexpected(std::move(step).error());
        if (deadline == os::no_deadline)
            deadline = os::deadline_after(descriptor->receive_timeout());
        if (co_await descriptor->readiness().until(Ready::read, deadline) == os::Wake::timed_out) {
            if (done > 0) break;
            co_return fail(Errc::would_block);
        }
    }
    co_return store(state, bytes, static_cast<std::uint32_t>(done));
}

os::Task<> write(PluginState& state, Fd fd, bool must_be_socket, GuestSpan<Ciovec> from,
                 GuestPointer<std::uint32_t> bytes) {
    HWS_CO_CHECK(check_room(state, bytes));
    std::size_t done = 0;
    os::Deadline deadline = os::no_deadline;
    for (;;) {
        HWS_CO_TRY(Descriptor * descriptor, find_for(state, fd, must_be_socket));
        auto step = try_write(state, *descriptor, from, done);
        if (step) {
            done += step->bytes;
            // A short write would be allowed, but systems never give one where a call may wait, and
            // programs rely on it.
            if (step->is_all || step->bytes == 0 || carries_datagrams(*descriptor)) break;
            co_await os::yield_now();
            continue;
        }
        if (done > 0 && (step.error() != Errc::would_block || descriptor->is_non_blocking())) break;
        if (step.error() != Errc::would_block || descriptor->is_non_blocking())
            co_return std::unexpected(std::move(step).error());
        if (deadline == os::no_deadline) deadline = os::deadline_after(descriptor->send_timeout());
        if (co_await descriptor->readiness().until(Ready::write, deadline) == os::Wake::timed_out) {
            if (done > 0) break;
            co_return fail(Errc::would_block);
        }
    }
    co_return store(state, bytes, static_cast<std::uint32_t>(done));
}

} // namespace

os::Task<> fd_read(PluginState& state, Fd fd, GuestSpan<Iovec> into,
                   GuestPointer<std::uint32_t> bytes) {
    return read(state, fd, false, into, 0, bytes);
}

os::Task<> fd_write(PluginState& state, Fd fd, GuestSpan<Ciovec> from,
                    GuestPointer<std::uint32_t> bytes) {
    return write(state, fd, false, from, bytes);
}

os::Task<> sock_recv(PluginState& state, Fd socket, GuestSpan<Iovec> into, ReceiveFlags flags,
                     GuestPointer<std::uint32_t> bytes, GuestPointer<ReceivedFlags> received) {
    if (flags & ~(receive_flags::peek | receive_flags::wait_all)) co_return fail(Errc::unsupported);
    HWS_CO_CHECK(check_room(state, received));
    bool was_cut = false;
    HWS_CO_CHECK(co_await read(state, socket, true, into, flags, bytes, &was_cut));
    co_return store(state, received, was_cut ? received_flags::truncated : ReceivedFlags{0});
}

os::Task<> sock_send(PluginState& state, Fd socket, GuestSpan<Ciovec> from, SendFlags flags,
                     GuestPointer<std::uint32_t> bytes) {
    if (flags != 0) co_return fail(Errc::unsupported);
    co_return co_await write(state, socket, true, from, bytes);
}

os::Task<> sock_accept(PluginState& state, Fd listener, FdFlags flags,
                       GuestPointer<std::uint32_t> connection) {
    if (flags & ~fd_flags::non_blocking) co_return fail(Errc::invalid_argument);
    HWS_CO_CHECK(check_room(state, connection));
    os::Deadline deadline = os::no_deadline;
    for (;;) {
        HWS_CO_TRY(Descriptor * descriptor, find_socket(state, listener));
        // Before one is taken that would only be closed again.
        if (state.descriptors.open_count() >= state.limits.descriptors)
            co_return fail(Errc::too_many_handles);
        auto accepted = descriptor->try_accept();
        if (accepted) {
            (*accepted)->set_non_blocking((flags & fd_flags::non_blocking) != 0);
            HWS_CO_TRY(const auto number, state.descriptors.insert(*std::move(accepted)));
            co_return store(state, connection, number);
        }
        if (accepted.error() != Errc::would_block || descriptor->is_non_blocking())
            co_return std::unexpected(std::move(accepted).error());
        if (deadline == os::no_deadline)
            deadline = os::deadline_after(descriptor->receive_timeout());
        if (co_await descriptor->readiness().until(Ready::read, deadline) == os::Wake::timed_out)
            co_return fail(Errc::would_block);
    }
}

} // namespace hws::host::adapter::preview1
