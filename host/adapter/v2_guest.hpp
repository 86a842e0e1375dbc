#pragma once
/// What the files of dialect v2 share: finding sockets, and guest memory by its 32-bit addresses,
/// of which 0 is none.

#include "adapter/v2.hpp"
#include "core/network_socket.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <optional>
#include <string_view>

namespace hws::host::adapter::v2 {

using core::NetworkSocket;

/// Errors: bad_handle, not_a_socket.
inline Result<NetworkSocket*> find_socket(PluginState& state, Fd fd) {
    return state.descriptors.find_as<NetworkSocket>(static_cast<core::DescriptorNumber>(fd.number));
}

/// Errors: fault, also for address 0 and while the instance has no memory yet.
inline Result<std::span<std::byte>> guest_bytes(PluginState& state, std::uint64_t address,
                                                std::uint64_t size) {
    if (size == 0) return std::span<std::byte>();
    if (!state.memory || address == 0) return fail(Errc::fault);
    return state.memory->bytes(address, size);
}

template <class T>
Result<std::remove_const_t<T>> load(PluginState& state, GuestPointer<T> pointer) {
    HWS_TRY(const auto from, guest_bytes(state, pointer.address, sizeof(T)));
    std::remove_const_t<T> value;
    std::memcpy(&value, from.data(), sizeof(T));
    return value;
}

template <class T>
Result<void> store(PluginState& state, GuestPointer<T> pointer,
                   const std::type_identity_t<T>& value) {
    HWS_TRY(const auto to, guest_bytes(state, pointer.address, sizeof(T)));
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

/// Text that is cut to the room there is; its whole length in any case.
Result<void> store_text(PluginState& state, GuestSpan<char> room,
                        GuestPointer<std::uint32_t> length, std::string_view text);

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
