#pragma once
/// Words that several kinds of sockets share.

#include <cstddef>
#include <cstdint>
#include <hws/ip_addr.hpp>
#include <span>
#include <string_view>

namespace hws {

/// Which half of a connection `shutdown` ends.
enum class Shutdown : std::uint8_t { read, write, both };

/// The value of an option that is on or off: `stream.set_nodelay(Switch::on)`.
enum class Switch : std::uint8_t { off, on };

/// Whether an operation waits until it can be done, or fails with `would_block`.
enum class Blocking : std::uint8_t { never_waits, waits };

/// What a datagram socket has received: so many bytes, and from whom.
struct Datagram {
    std::size_t bytes = 0;
    SocketAddr from;
    /// The datagram was longer than the room there was; the rest of it is lost. Backend v1 never
    /// tells.
    bool is_truncated = false;
};

/// The bytes of a text, as reads and writes take them.
inline std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text));
}

/// The bytes as text, for as long as they live.
inline std::string_view text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

} // namespace hws
