#pragma once
/// ICMP and ICMPv6 messages as bytes: building an echo request, and reading what may be an answer
/// to one. No system calls. Source: RFC 792, RFC 4443, RFC 1071 (checksum), RFC 8200 (extension
/// headers).

#include <array>
#include <cstddef>
#include <cstdint>
#include <hws/ip_addr.hpp>
#include <optional>
#include <span>

namespace hws::host::core {

enum class IcmpFamily : std::uint8_t { v4, v6 };
constexpr IcmpFamily icmp_family_of(const IpAddr& address) {
    return address.is_ipv4() ? IcmpFamily::v4 : IcmpFamily::v6;
}

inline constexpr std::size_t icmp_header_bytes = 8;
/// The most an echo request can carry in one IP packet of 65535 bytes. IPv6 does not count its own
/// header.
constexpr std::size_t max_echo_payload_bytes(IcmpFamily family) {
    return (family == IcmpFamily::v4 ? 65'535 - 20 : 65'535) - icmp_header_bytes;
}

/// RFC 1071's sum over the pieces one after the other; every piece but the last has an even size. A
/// message that contains its checksum gives 0.
std::uint16_t internet_checksum(std::span<const std::byte> first,
                                std::span<const std::byte> second = {});

/// The header of an echo request. IPv4: with its checksum over header and payload. IPv6: without;
/// the kernel puts it in, because it covers addresses that only the kernel knows.
std::array<std::byte, icmp_header_bytes> echo_request_header(IcmpFamily family,
                                                             std::uint16_t identifier,
                                                             std::uint16_t sequence,
                                                             std::span<const std::byte> payload);

/// The request an ICMP error complains about, as far as the error quotes it.
struct QuotedEcho {
    IpAddr target;
    std::uint16_t identifier;
    std::uint16_t sequence;
};

/// A message that may answer an echo request. `data` points into the bytes that were parsed: an
/// echo reply's payload; of an error everything behind its 8 header bytes, which is the quoted
/// packet from its IP header on.
struct IcmpMessage {
    std::uint8_t type = 0;
    std::uint8_t code = 0;
    bool is_echo_reply = false;
    std::uint16_t identifier = 0;     ///< of an echo reply
    std::uint16_t sequence = 0;       ///< of an echo reply
    std::optional<QuotedEcho> quoted; ///< of an error
    std::span<const std::byte> data;
};

/// Reads an ICMP message without its IP header. Nothing, if it is malformed or can be no answer to
/// an echo request: requests (a raw socket on loopback sees its own), redirects and source quench
/// (the request goes on), errors about other packets. Does not look at the checksum.
std::optional<IcmpMessage> parse_icmp(IcmpFamily family, std::span<const std::byte> message);

/// Reads an IPv4 packet as raw sockets deliver it, and checks the ICMP checksum, which the kernel
/// does not do for them.
std::optional<IcmpMessage> parse_ipv4_packet(std::span<const std::byte> packet);

/// Reads the start of an echo *request*, as an error queue gives it back: identifier and sequence.
struct EchoNumbers {
    std::uint16_t identifier;
    std::uint16_t sequence;
};
std::optional<EchoNumbers> parse_echo_request(IcmpFamily family,
                                              std::span<const std::byte> message);

/// Whether an error of this type ends the wait for the reply: unreachable, time exceeded, parameter
/// problem, packet too big.
bool is_final_error(IcmpFamily family, std::uint8_t type);

} // namespace hws::host::core
