#pragma once
/// Modules that no compiler makes, written as WebAssembly text.

#include <cstddef>
#include <string_view>
#include <vector>

namespace hws::test {

/// The module's bytes. Throws std::runtime_error, with the place, where the text is none.
std::vector<std::byte> assemble(std::string_view wat);

} // namespace hws::test
