#pragma once
/// What the files of preview 1 share: finding descriptors, and guest memory by its 32-bit
/// addresses.

#include "adapter/preview1.hpp"

namespace hws::host::adapter::preview1 {

/// Errors: bad_handle.
inline Result<core::Descriptor*> find(PluginState& state, Fd fd) {
    return state.descriptors.find(static_cast<core::DescriptorNumber>(fd.number));
}

/// Everything but the standard streams.
bool is_socket(const core::Descriptor& descriptor);

/// Errors: bad_handle, not_a_socket.
inline Result<core::Descriptor*> find_socket(PluginState& state, Fd fd) {
    HWS_TRY(core::Descriptor * descriptor, find(state, fd));
    if (!is_socket(*descriptor)) return fail(Errc::not_a_socket);
    return descriptor;
}

/// Errors: fault, also while the instance has no memory yet.
inline Result<std::span<std::byte>> guest_bytes(PluginState& state, std::uint64_t address,
                                                std::uint64_t size) {
    if (!state.memory) return fail(Errc::fault);
    return state.memory->bytes(address, size);
}

/// Whether a result can be stored there later. Asked first, so that nothing is taken that then
/// cannot be given.
template <class T> Result<void> check_room(PluginState& state, GuestPointer<T> pointer) {
    HWS_CHECK(guest_bytes(state, pointer.address, sizeof(T)));
    return {};
}

template <class T>
Result<void> store(PluginState& state, GuestPointer<T> pointer,
                   const std::type_identity_t<T>& value) {
    if (!state.memory) return fail(Errc::fault);
    return state.memory->store(pointer.address, value);
}

} // namespace hws::host::adapter::preview1
