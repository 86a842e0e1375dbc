#pragma once
/// The host functions of WASI preview 1 (abi/preview1.def), typed. Called directly where
/// wasi-libc's function of the same purpose would bring more along than this one call.

#include "import.hpp"

#include <lower.hpp>
#include <preview1.hpp>

namespace hws::backend::preview1 {

using namespace abi::preview1;
using abi::Fd;
using abi::GuestPointer;
using abi::GuestSpan;

namespace imports {
extern "C" {
#define ABI_FUNCTION(name, signature, wait, sentence)                                              \
    HWS_IMPORT("wasi_snapshot_preview1", #name) abi::lowered_t<signature> hws_preview1_##name;
#include <preview1.def>
#undef ABI_FUNCTION
}
} // namespace imports

#define ABI_FUNCTION(name, signature, wait, sentence)                                              \
    inline constexpr auto name = abi::typed_call<signature, &imports::hws_preview1_##name>;
#include <preview1.def>
#undef ABI_FUNCTION

} // namespace hws::backend::preview1
