#include "core/icmp_packet.hpp"

namespace hws::host::core {
namespace {

constexpr std::uint8_t protocol_icmp = 1;
constexpr std::uint8_t protocol_icmpv6 = 58;
constexpr std::size_t ipv4_header_bytes = 20;
constexpr std::size_t ipv6_header_bytes = 40;

// RFC 792 and IANA's list of ICMP types; RFC 4443.
constexpr std::uint8_t v4_echo_reply = 0;
constexpr std::uint8_t v4_unreachable = 3;
constexpr std::uint8_t v4_echo_request = 8;
constexpr std::uint8_t v4_time_exceeded = 11;
constexpr std::uint8_t v4_parameter_problem = 12;
constexpr std::uint8_t v6_unreachable = 1;
constexpr std::uint8_t v6_parameter_problem = 4;
constexpr std::uint8_t v6_echo_request = 128;
constexpr std::uint8_t v6_echo_reply = 129;

// Extension headers that may stand before the ICMPv6 header (RFC 8200, 4).
constexpr std::uint8_t hop_by_hop = 0;
constexpr std::uint8_t routing = 43;
constexpr std::uint8_t fragment = 44;
constexpr std::uint8_t destination_options = 60;

using Bytes = std::span<const std::byte>;

std::uint8_t u8(Bytes bytes, std::size_t at) {
    return std::to_integer<std::uint8_t>(bytes[at]);
}
std::uint16_t u16(Bytes bytes, std::size_t at) {
    return static_cast<std::uint16_t>(u8(bytes, at) << 8 | u8(bytes, at + 1));
}
void put_u16(std::span<std::byte> bytes, std::size_t at, std::uint16_t value) {
    bytes[at] = static_cast<std::byte>(value >> 8);
    bytes[at + 1] = static_cast<std::byte>(value & 0xff);
}

std::uint64_t add_to_sum(std::uint64_t sum, Bytes bytes) {
    std::size_t at = 0;
    for (; at + 1 < bytes.size(); at += 2)
        sum += u16(bytes, at);
    if (at < bytes.size()) sum += static_cast<std::uint64_t>(u8(bytes, at)) << 8;
    return sum;
}

/// The length of an IPv4 header, if the packet begins with one that is whole.
std::optional<std::size_t> ipv4_header_size(Bytes packet) {
    if (packet.size() < ipv4_header_bytes || u8(packet, 0) >> 4 != 4) return {};
    const std::size_t size = std::size_t{4} * (u8(packet, 0) & 0x0f);
    if (size < ipv4_header_bytes || size > packet.size()) return {};
    // Only the first fragment has the ICMP header.
    if ((u16(packet, 6) & 0x1fff) != 0 || u8(packet, 9) != protocol_icmp) return {};
    return size;
}

std::optional<QuotedEcho> parse_quoted_v4(Bytes packet) {
    const auto header_size = ipv4_header_size(packet);
    if (!header_size) return {};
    const auto numbers = parse_echo_request(IcmpFamily::v4, packet.subspan(*header_size));
    if (!numbers) return {};
    const Ipv4Addr target(u8(packet, 16), u8(packet, 17), u8(packet, 18), u8(packet, 19));
    return QuotedEcho{target, numbers->identifier, numbers->sequence};
}

std::optional<QuotedEcho> parse_quoted_v6(Bytes packet) {
    if (packet.size() < ipv6_header_bytes || u8(packet, 0) >> 4 != 6) return {};
    std::array<std::uint8_t, 16> target;
    for (std::size_t i = 0; i < target.size(); ++i)
        target[i] = u8(packet, 24 + i);
    std::uint8_t next = u8(packet, 6);
    Bytes rest = packet.subspan(ipv6_header_bytes);
    // Each turn takes at least 8 bytes off, so this ends.
    while (next != protocol_icmpv6) {
        if (rest.size() < 8) return {};
        std::size_t size = 8;
        if (next == fragment) {
            if ((u16(rest, 2) & 0xfff8) != 0) return {};
        } else if (next == hop_by_hop || next == routing || next == destination_options) {
            size += std::size_t{8} * u8(rest, 1);
        } else {
            return {};
        }
        if (size > rest.size()) return {};
        next = u8(rest, 0);
        rest = rest.subspan(size);
    }
    const auto numbers = parse_echo_request(IcmpFamily::v6, rest);
    if (!numbers) return {};
    return QuotedEcho{Ipv6Addr(target), numbers->identifier, numbers->sequence};
}

} // namespace

std::uint16_t internet_checksum(Bytes first, Bytes second) {
    std::uint64_t sum = add_to_sum(add_to_sum(0, first), second);
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<std::uint16_t>(~sum);
}

std::array<std::byte, icmp_header_bytes> echo_request_header(IcmpFamily family,
                                                             std::uint16_t identifier,
                                                             std::uint16_t sequence,
                                                             Bytes payload) {
    std::array<std::byte, icmp_header_bytes> header{};
    header[0] = std::byte{family == IcmpFamily::v4 ? v4_echo_request : v6_echo_request};
    put_u16(header, 4, identifier);
    put_u16(header, 6, sequence);
    if (family == IcmpFamily::v4) put_u16(header, 2, internet_checksum(header, payload));
    return header;
}

std::optional<EchoNumbers> parse_echo_request(IcmpFamily family, Bytes message) {
    const std::uint8_t request = family == IcmpFamily::v4 ? v4_echo_request : v6_echo_request;
    if (message.size() < icmp_header_bytes || u8(message, 0) != request || u8(message, 1) != 0)
        return {};
    return EchoNumbers{u16(message, 4), u16(message, 6)};
}

bool is_final_error(IcmpFamily family, std::uint8_t type) {
    if (family == IcmpFamily::v4)
        return type == v4_unreachable || type == v4_time_exceeded || type == v4_parameter_problem;
    return type >= v6_unreachable && type <= v6_parameter_problem;
}

std::optional<IcmpMessage> parse_icmp(IcmpFamily family, Bytes message) {
    if (message.size() < icmp_header_bytes) return {};
    IcmpMessage parsed;
    parsed.type = u8(message, 0);
    parsed.code = u8(message, 1);
    parsed.data = message.subspan(icmp_header_bytes);
    const std::uint8_t reply = family == IcmpFamily::v4 ? v4_echo_reply : v6_echo_reply;
    if (parsed.type == reply) {
        if (parsed.code != 0) return {};
        parsed.is_echo_reply = true;
        parsed.identifier = u16(message, 4);
        parsed.sequence = u16(message, 6);
        return parsed;
    }
    if (!is_final_error(family, parsed.type)) return {};
    parsed.quoted =
        family == IcmpFamily::v4 ? parse_quoted_v4(parsed.data) : parse_quoted_v6(parsed.data);
    if (!parsed.quoted) return {};
    return parsed;
}

std::optional<IcmpMessage> parse_ipv4_packet(Bytes packet) {
    const auto header_size = ipv4_header_size(packet);
    if (!header_size) return {};
    const Bytes message = packet.subspan(*header_size);
    if (internet_checksum(message) != 0) return {};
    return parse_icmp(IcmpFamily::v4, message);
}

} // namespace hws::host::core
