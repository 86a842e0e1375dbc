#pragma once
/// What the files of dialect v2 share: finding sockets, and guest memory by its 32-bit addresses,
/// of which 0 is none.

#include "adapter/v2.hpp"
#include "core/icmp_echo_socket.hpp"
#include "core/network_socket.hpp"
#include "core/target.hpp"
#include "core/web_socket.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace hws::host::adapter::v2 {

using core::IcmpEchoSocket;
using core::NetworkSocket;

/// Errors: bad_handle, not_a_socket.
inline Result<NetworkSocket*> find_socket(PluginState& state, Fd fd) {
    return state.descriptors.find_as<NetworkSocket>(static_cast<core::DescriptorNumber>(fd.number));
}

/// Null: the descriptor is none of ICMP.
inline IcmpEchoSocket* find_icmp(PluginState& state, Fd fd) {
    const auto socket = state.descriptors.find_as<IcmpEchoSocket>(
        static_cast<core::DescriptorNumber>(fd.number));
    return socket ? *socket : nullptr;
}

/// Null: the descriptor is no WebSocket.
inline core::WebSocket* find_web_socket(PluginState& state, Fd fd) {
    const auto socket =
        state.descriptors.find_as<core::WebSocket>(static_cast<core::DescriptorNumber>(fd.number));
    return socket ? *socket : nullptr;
}

/// Not so for address 0, and for no bytes at all always.
inline bool is_in(GuestMemory& memory, std::uint64_t address, std::uint64_t size) {
    return size == 0 || (address != 0 && memory.contains(address, size));
}
/// Errors: fault, also for address 0.
inline Result<std::span<std::byte>> guest_bytes(GuestMemory& memory, std::uint64_t address,
                                                std::uint64_t size) {
    if (!is_in(memory, address, size)) return fail(Errc::fault);
    return size == 0 ? std::span<std::byte>() : memory.all().subspan(address, size);
}
/// Errors: as above, and fault while the instance has no memory yet.
inline Result<std::span<std::byte>> guest_bytes(PluginState& state, std::uint64_t address,
                                                std::uint64_t size) {
    if (size == 0) return std::span<std::byte>();
    if (!state.memory) return fail(Errc::fault);
    return guest_bytes(*state.memory, address, size);
}

/// `Guest`: the plugin's state, or its memory.
template <class Guest, class T>
Result<std::remove_const_t<T>> load(Guest& guest, GuestPointer<T> pointer) {
    HWS_TRY(const auto from, guest_bytes(guest, pointer.address, sizeof(T)));
    std::remove_const_t<T> value;
    std::memcpy(&value, from.data(), sizeof(T));
    return value;
}

template <class Guest, class T>
Result<void> store(Guest& guest, GuestPointer<T> pointer, const std::type_identity_t<T>& value) {
    HWS_TRY(const auto to, guest_bytes(guest, pointer.address, sizeof(T)));
    std::memcpy(to.data(), &value, sizeof(T));
    return {};
}

/// Whether a result can be stored there later. Asked first, so that nothing is taken that then
/// cannot be given.
template <class T> Result<void> check_room(PluginState& state, GuestPointer<T> pointer) {
    HWS_CHECK(guest_bytes(state, pointer.address, sizeof(T)));
    return {};
}
template <class T> Result<void> check_room(PluginState& state, GuestSpan<T> span) {
    HWS_CHECK(guest_bytes(state, span.address, std::uint64_t{span.count} * sizeof(T)));
    return {};
}

/// One element of a span; the span itself was checked.
template <class T> GuestPointer<T> element(GuestSpan<T> span, std::uint32_t index) {
    return {static_cast<std::uint32_t>(span.address + index * sizeof(T))};
}

/// Adds to `into` (os::IoList, or what has the same `add` and `bytes`) the guest's buffers in its
/// memory as it is now: for one attempt, never across a wait. From byte number `skip` on, at most
/// `max_bytes` of them; all bytes of all buffers are counted. Errors: fault if any byte of any
/// buffer is outside, message_too_long for too many buffers, invalid_argument for more bytes than a
/// result can count.
template <class List>
Result<std::uint64_t> load_buffers(GuestMemory& memory, GuestSpan<const Iovec> from,
                                   std::uint64_t skip, std::uint64_t max_bytes, List& into) {
    if (from.count > max_buffers) return fail(Errc::message_too_long, "too many buffers");
    if (!is_in(memory, from.address, std::uint64_t{from.count} * sizeof(Iovec)))
        return fail(Errc::fault);
    std::byte* const base = memory.all().data();
    std::uint64_t total = 0;
    for (std::uint32_t i = 0; i < from.count; ++i) {
        Iovec entry;
        std::memcpy(&entry, base + from.address + std::size_t{i} * sizeof entry, sizeof entry);
        if (!is_in(memory, entry.address, entry.size)) return fail(Errc::fault);
        total += entry.size;
        const std::uint64_t skipped = std::min<std::uint64_t>(skip, entry.size);
        skip -= skipped;
        const std::uint64_t size =
            std::min<std::uint64_t>(entry.size - skipped, max_bytes - into.bytes());
        if (size > 0) into.add({base + entry.address + skipped, size});
    }
    // POSIX sendmsg(3p): the sum must be countable by the result.
    if (total > std::numeric_limits<std::int32_t>::max())
        return fail(Errc::invalid_argument, "too many bytes");
    return total;
}

template <class List>
Result<std::uint64_t> load_buffers(PluginState& state, GuestSpan<const Iovec> from,
                                   std::uint64_t skip, std::uint64_t max_bytes, List& into) {
    if (!state.memory) return from.count == 0 ? Result<std::uint64_t>(0) : fail(Errc::fault);
    return load_buffers(*state.memory, from, skip, max_bytes, into);
}

/// When a wait that began now is over; kept from the first wait of a call on.
class Patience {
public:
    explicit Patience(os::Deadline end = os::no_deadline) : end_(end) {}

    /// Waits until the descriptor may be ready, or until the time is over.
    auto wait(core::Descriptor& descriptor, os::Ready what) {
        if (!has_begun_) {
            has_begun_ = true;
            end_ = std::min(end_, os::deadline_after(what == os::Ready::read
                                                         ? descriptor.receive_timeout()
                                                         : descriptor.send_timeout()));
        }
        return descriptor.readiness().until(what, end_);
    }

private:
    os::Deadline end_;
    bool has_begun_ = false;
};

/// A name or an address that the guest wrote down. Errors: bad_name, fault.
Result<core::Target> load_host(PluginState& state, GuestSpan<const char> text);
/// Nothing for a pointer of 0 and for the family `any`. Errors: fault, family_not_supported.
Result<std::optional<SocketAddr>> load_destination(PluginState& state,
                                                   GuestPointer<const Address> to);

/// What socket_open, socket_bind, socket_connect, socket_send and socket_receive do with an ICMP
/// descriptor.
Result<void> open_icmp(PluginState& state, Family family, OpenFlags flags, GuestPointer<Fd> number);
Result<void> bind_icmp(IcmpEchoSocket& socket, const SocketAddr& local);
Result<void> connect_icmp(PluginState& state, IcmpEchoSocket& socket,
                          GuestPointer<const Address> peer);
os::Task<> send_icmp_message(PluginState& state, Fd fd, GuestSpan<const Iovec> from,
                             SendFlags flags, GuestPointer<const Address> to,
                             GuestPointer<std::uint32_t> bytes);
os::Task<> receive_icmp_message(PluginState& state, Fd fd, GuestSpan<const Iovec> into,
                                ReceiveFlags flags, GuestPointer<Received> received);

/// As socket_receive; `sender` gets the sender's name if it has one of the family `local`.
os::Task<> receive_with_name(PluginState& state, Fd fd, GuestSpan<const Iovec> into,
                             ReceiveFlags flags, GuestPointer<Received> received,
                             std::string& sender);

/// What lies there now, not copied; at most `max_bytes` of it. Errors: too_large (`what` it is),
/// fault.
Result<std::string_view> view(PluginState& state, Iovec text, std::size_t max_bytes,
                              const char* what);
/// name NUL value NUL, ... Errors: invalid_argument.
Result<core::HttpHeaders> parse_fields(std::string_view text);
std::string format_fields(const core::HttpHeaders& fields);

/// Text that is cut to the room there is; its whole length in any case.
Result<void> store_text(PluginState& state, GuestSpan<char> room,
                        GuestPointer<std::uint32_t> length, std::string_view text);

/// A name or an address that the guest wrote down. Errors: fault, bad_name.
Result<core::Target> load_host(PluginState& state, GuestSpan<const char> text);

/// Errors: family_not_supported.
Result<SocketAddr> to_socket_address(const Address& address);
Address to_wire(const SocketAddr& address);
/// What has no address is of the family `local`.
Address to_wire(const std::optional<SocketAddr>& address);

/// A wait that a guest gave.
inline os::Deadline deadline_of(Duration wait) {
    constexpr auto longest = static_cast<Duration>(std::numeric_limits<std::int64_t>::max());
    if (wait >= longest) return os::no_deadline;
    return os::deadline_after(std::chrono::nanoseconds(static_cast<std::int64_t>(wait)));
}

/// Gives the descriptor a number and tells it. Errors: too_many_handles, fault.
Result<void> hand_out(PluginState& state, std::unique_ptr<core::Descriptor> descriptor,
                      OpenFlags flags, GuestPointer<Fd> number);
/// Errors: too_many_handles. Asked before something is made that would only be closed again.
Result<void> check_free_number(const PluginState& state, std::size_t count = 1);

/// Errors: unsupported.
inline Result<void> check_flags(std::uint32_t flags, std::uint32_t known) {
    if (flags & ~known) return fail(Errc::unsupported, "an unknown flag");
    return {};
}

} // namespace hws::host::adapter::v2
