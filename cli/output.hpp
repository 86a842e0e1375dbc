#pragma once
/// The command's standard input and output.

#include <cstddef>
#include <hws/result.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hws::cli {

/// All of stdin. Errors: io.
Result<std::vector<std::byte>> read_stdin();

/// Writes to stdout as it is; on a terminal a newline follows what does not end with one. A reader
/// that has gone is no error: it has seen what it wanted. Errors: io, no_buffers (the disk is
/// full).
Result<void> write_output(std::span<const std::byte> bytes);
Result<void> write_output(std::string_view text);

} // namespace hws::cli
