#pragma once
/// Base64 of RFC 4648, section 4.
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hws::guest {

/// The bytes of a base64 text with its padding; none when it is malformed.
std::optional<std::vector<std::byte>> decode_base64(std::string_view text);

/// The bytes as base64, with padding.
std::string encode_base64(std::span<const std::byte> bytes);

} // namespace hws::guest
