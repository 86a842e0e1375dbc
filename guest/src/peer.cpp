#include "peer.hpp"

#include <algorithm>
#include <charconv>
#include <hws/quote.hpp>

namespace hws::backend {

Result<Peer> Peer::parse(std::string_view text, PortZero port_zero) {
    if (auto address = SocketAddr::parse(text))
        return Peer{std::string(text), *address, address->port()};
    const std::size_t colon = text.rfind(':');
    const std::string_view host = text.substr(0, std::min(colon, text.size()));
    const std::string_view port_text = colon == text.npos ? "" : text.substr(colon + 1);
    std::uint16_t port = 0;
    const auto [end, error] =
        std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
    if (host.empty() || host.contains(':') || host.contains('\0') || error != std::errc() ||
        end != port_text.data() + port_text.size() || (port == 0 && port_zero == PortZero::refused))
        return fail(Errc::invalid_argument, quote(text) + " is not host:port");
    return Peer{std::string(text), std::nullopt, port};
}

Peer Peer::of(const SocketAddr& address) {
    return {address.to_string(), address, address.port()};
}

std::string_view Peer::host() const {
    return std::string_view(text).substr(0, text.rfind(':'));
}

} // namespace hws::backend
