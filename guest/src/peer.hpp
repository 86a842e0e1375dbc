#pragma once
/// What a program writes down as the other end: `host:port`.
#include <cstdint>
#include <hws/ip_addr.hpp>
#include <hws/result.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace hws::backend {

/// Whether port 0 is one: it lets the system choose where something is bound, and is nobody's where
/// something is connected to.
enum class PortZero : std::uint8_t { refused, allowed };

/// The text, and the address if the text is one; else a name, of which only the form is checked
/// here.
struct Peer {
    std::string text;
    std::optional<SocketAddr> address;
    std::uint16_t port = 0;

    /// Errors: invalid_argument when the text is not `host:port`.
    static Result<Peer> parse(std::string_view text, PortZero port_zero = PortZero::refused);
    static Peer of(const SocketAddr& address);

    /// The part before the port.
    std::string_view host() const;
};

} // namespace hws::backend
