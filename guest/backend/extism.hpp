#pragma once
/// Typed calls of the Extism convention (module `extism:host/env`), one for each row of
/// abi/extism.def, in namespace hws::backend::extism: `Block block = extism::alloc(64)`. A function
/// that nobody calls is not imported.

#include "import.hpp"

#include <lower.hpp>

namespace hws::backend::extism {

using abi::Block;

namespace imports {
extern "C" {
#define ABI_KERNEL_FUNCTION(name, signature, sentence)                                             \
    HWS_IMPORT("extism:host/env", #name) abi::lowered_t<signature> hws_extism_##name;
#define ABI_FUNCTION(name, signature, wait, sentence)                                              \
    HWS_IMPORT("extism:host/env", #name) abi::lowered_t<signature> hws_extism_##name;
#include <extism.def>
#undef ABI_KERNEL_FUNCTION
#undef ABI_FUNCTION
}
} // namespace imports

#define ABI_KERNEL_FUNCTION(name, signature, sentence)                                             \
    inline constexpr auto name = abi::typed_call<signature, &imports::hws_extism_##name>;
#define ABI_FUNCTION(name, signature, wait, sentence)                                              \
    inline constexpr auto name = abi::typed_call<signature, &imports::hws_extism_##name>;
#include <extism.def>
#undef ABI_KERNEL_FUNCTION
#undef ABI_FUNCTION

} // namespace hws::backend::extism
