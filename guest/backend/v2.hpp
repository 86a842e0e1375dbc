#pragma once
/// The host functions of module `hws` (abi/functions.def), typed: `v2::socket_bind(fd, address)`
/// and so on. Each returns a Status, 0 or a number of errors.def; results go through the pointers.

#include "import.hpp"

#include <cstddef>
#include <cstdint>
#include <lower.hpp>
#include <v2.hpp>

namespace hws::backend::v2 {

using namespace abi::v2;
using abi::Fd;
using abi::GuestPointer;
using abi::GuestSpan;

namespace imports {
extern "C" {
#define ABI_FUNCTION(name, signature, wait, sentence)                                              \
    HWS_IMPORT("hws", #name) abi::lowered_t<signature> hws_v2_##name;
#include <functions.def>
#undef ABI_FUNCTION
}
} // namespace imports

#define ABI_FUNCTION(name, signature, wait, sentence)                                              \
    inline constexpr auto name = abi::typed_call<signature, &imports::hws_v2_##name>;
#include <functions.def>
#undef ABI_FUNCTION

/// The place of an object of this guest, as the host's functions take it; null is 0, none.
template <class T> GuestPointer<T> at(T* object) {
    return {static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(object))};
}
/// `count` objects that lie one after the other.
template <class T> GuestSpan<T> span_at(T* first, std::size_t count) {
    return {at(first).address, static_cast<std::uint32_t>(count)};
}

} // namespace hws::backend::v2
