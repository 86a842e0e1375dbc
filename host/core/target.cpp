#include "core/target.hpp"

#include <charconv>
#include <hws/quote.hpp>

namespace hws::host::core {
namespace {

std::unexpected<Error> bad_target(std::string_view text, std::string_view reason) {
    return fail(Errc::bad_name, quote(text) + ' ' + std::string(reason));
}

std::string_view without_final_nul(std::string_view text) {
    if (text.ends_with('\0')) text.remove_suffix(1);
    return text;
}

/// A zone's number; nothing if it is neither a number in plain form nor a known interface.
std::optional<std::uint32_t> find_zone(std::string_view zone, FindInterface find_interface) {
    std::uint32_t number = 0;
    auto [end, error] = std::from_chars(zone.data(), zone.data() + zone.size(), number);
    if (error == std::errc() && end == zone.data() + zone.size() && zone.front() != '0')
        return number;
    // IFNAMSIZ is 16 with the NUL; what is longer or has other bytes was never an interface.
    if (find_interface == nullptr || zone.empty() || zone.size() > 15) return {};
    for (char c : zone)
        if (c <= 0x20 || c >= 0x7f || c == '/' || c == '%') return {};
    number = find_interface(zone);
    if (number == 0) return {};
    return number;
}

/// The text between brackets, or an IPv6 address without them.
Result<Target> parse_ipv6(std::string_view whole, std::string_view text,
                          FindInterface find_interface) {
    const std::size_t percent = text.find('%');
    auto address = Ipv6Addr::parse(text.substr(0, percent));
    if (!address) return bad_target(whole, "has no IPv6 address where one must stand");
    Target target{.host = IpAddr(*address), .port = 0, .scope_id = 0};
    if (percent == std::string_view::npos) return target;
    if (!may_have_zone(*address))
        return bad_target(whole, "has a zone, but the address is not link-local");
    auto zone = find_zone(text.substr(percent + 1), find_interface);
    if (!zone) return bad_target(whole, "has a zone that is no interface");
    target.scope_id = *zone;
    return target;
}

Result<Target> parse_ipv4_or_name(std::string_view text) {
    if (auto address = Ipv4Addr::parse(text)) return Target{.host = IpAddr(*address)};
    HWS_TRY(auto name, HostName::parse(text));
    return Target{.host = std::move(name)};
}

} // namespace

bool may_have_zone(const IpAddr& address) {
    if (address.is_ipv4()) return false;
    const Ipv6Addr ipv6 = address.v6();
    // ffX1::, ffX2:: have the scope of an interface or a link (RFC 4291, 2.7).
    const int multicast_scope = ipv6.octets()[1] & 0x0f;
    return ipv6.is_unicast_link_local() ||
           (ipv6.is_multicast() && (multicast_scope == 1 || multicast_scope == 2));
}

Result<std::uint16_t> parse_port(std::string_view text, PortZero port_zero) {
    std::uint16_t port = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    const bool is_plain = error == std::errc() && end == text.data() + text.size() &&
                          (text.front() != '0' || text.size() == 1);
    if (!is_plain || (port == 0 && port_zero == PortZero::refused))
        return bad_target(text, "is no port: plain decimal 1 to 65535");
    return port;
}

Result<Target> parse_target(std::string_view text, FindInterface find_interface,
                            PortZero port_zero) {
    const std::string_view whole = text;
    text = without_final_nul(text);
    if (text.starts_with('[')) {
        const std::size_t close = text.find(']');
        if (close == std::string_view::npos || close + 1 == text.size() || text[close + 1] != ':')
            return bad_target(whole, "is no [IPv6]:port");
        HWS_TRY(auto port, parse_port(text.substr(close + 2), port_zero));
        HWS_TRY(auto target, parse_ipv6(whole, text.substr(1, close - 1), find_interface));
        target.port = port;
        return target;
    }
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) return bad_target(whole, "has no port");
    if (text.find(':', colon + 1) != std::string_view::npos)
        return bad_target(whole, "has more than one colon: IPv6 stands in brackets, [::1]:80");
    HWS_TRY(auto port, parse_port(text.substr(colon + 1), port_zero));
    HWS_TRY(auto target, parse_ipv4_or_name(text.substr(0, colon)));
    target.port = port;
    return target;
}

Result<Target> parse_host(std::string_view text, FindInterface find_interface) {
    const std::string_view whole = text;
    text = without_final_nul(text);
    if (text.starts_with('[')) {
        if (text.size() < 2 || !text.ends_with(']')) return bad_target(whole, "is no [IPv6]");
        return parse_ipv6(whole, text.substr(1, text.size() - 2), find_interface);
    }
    if (text.find(':') != std::string_view::npos) return parse_ipv6(whole, text, find_interface);
    return parse_ipv4_or_name(text);
}

std::string Target::to_string() const {
    if (auto socket_address = address()) return socket_address->to_string();
    return name()->text() + ':' + std::to_string(port);
}

} // namespace hws::host::core
