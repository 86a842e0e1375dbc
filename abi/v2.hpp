#pragma once
/// The types of functions.def, as they lie in the guest's memory: little-endian, no hidden padding,
/// so that a value copied to the guest carries nothing but what it says. Numbers never change; new
/// ones are added at the end.

#include "lower.hpp"

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace hws::abi::v2 {

inline constexpr std::uint32_t dialect_version = 2;

/// The result of a row: 0, or a number of errors.def. Below 200 it is the WASI errno; for C
/// programs `wasi_number_of` (hws/wasi_number.hpp) folds the others into those.
enum class Status : std::uint32_t { ok = 0 };

/// Families of rows that this host serves; bits of `version`.
using Features = std::uint64_t;
namespace features {
inline constexpr Features tcp = 1 << 0, udp = 1 << 1, resolve = 1 << 2, multicast = 1 << 3,
                          batches = 1 << 4, poll = 1 << 5, duplicate = 1 << 6, socket_pair = 1 << 7,
                          icmp = 1 << 8, http = 1 << 9, tls = 1 << 10,
                          web_socket = 1 << 11, ancillary = 1 << 12, unix_names = 1 << 13;
}

/// Nanoseconds.
using Duration = std::uint64_t;
inline constexpr Duration no_limit = ~Duration{0};

/// `any`: both (to resolve, and of ICMP sockets), or no address at all. `local`: Unix sockets, whose
/// names the rows unix_* have.
enum class Family : std::uint32_t { any = 0, local = 1, ipv4 = 4, ipv6 = 6 };
enum class SocketType : std::uint32_t { stream = 1, datagram = 2, icmp_echo = 3 };
enum class Half : std::uint32_t { read = 1, write = 2, both = 3 };
/// Whose name unix_name tells.
enum class UnixEnd : std::uint32_t { local = 1, peer = 2 };
/// A name of the family `local`: a path without its NUL, or a NUL and an abstract name. A longer one
/// is `invalid_argument`. Source: unix(7).
inline constexpr std::uint32_t max_unix_name_bytes = 108;

using OpenFlags = std::uint32_t;
namespace open_flags {
inline constexpr OpenFlags non_blocking = 1 << 0;
}

/// An unknown flag is `unsupported`. A signal never comes of sending.
using SendFlags = std::uint32_t;
namespace send_flags {
/// would_block instead of waiting, whatever the descriptor's flags say (MSG_DONTWAIT).
inline constexpr SendFlags dont_wait = 1 << 2;
/// More follows at once: the system may wait for it to fill a segment (MSG_MORE).
inline constexpr SendFlags more = 1 << 3;
} // namespace send_flags

using ReceiveFlags = std::uint32_t;
namespace receive_flags {
inline constexpr ReceiveFlags peek = 1 << 0;      ///< what was received stays there
inline constexpr ReceiveFlags wait_all = 1 << 1;  ///< streams: until the buffers are full
inline constexpr ReceiveFlags dont_wait = 1 << 2; ///< would_block instead of waiting
/// Datagrams: count the whole datagram, not what fitted (MSG_TRUNC).
inline constexpr ReceiveFlags whole_length = 1 << 3;
/// receive_batch: wait for the first message only (MSG_WAITFORONE).
inline constexpr ReceiveFlags wait_for_one = 1 << 4;
} // namespace receive_flags

using ReceivedFlags = std::uint32_t;
namespace received_flags {
inline constexpr ReceivedFlags truncated = 1 << 0; ///< the datagram was longer than the buffers
}

/// The address of a socket. With family `any` it is none; with `local` nothing else counts, and the
/// rows unix_* have the name.
struct Address {
    std::uint16_t family = 0; ///< a Family
    std::uint16_t port = 0;
    std::uint32_t scope_id = 0;    ///< IPv6: the zone, an interface's index; 0: none
    std::uint32_t flowinfo = 0;    ///< IPv6
    std::uint8_t octets[16] = {};  ///< network byte order; IPv4 uses the first four
    std::uint8_t reserved[4] = {}; ///< 0
};

/// A buffer of the guest: where reads go, or where writes come from. As preview 1's.
struct Iovec {
    std::uint32_t address = 0;
    std::uint32_t size = 0;
};
/// Buffers of one call or message, as IOV_MAX. `message_too_long` beyond, as Linux says.
inline constexpr std::uint32_t max_buffers = 1024;
/// Messages of one batch; more are not looked at.
inline constexpr std::uint32_t max_messages = 1024;

struct FdPair {
    Fd first;
    Fd second;
};

/// What socket_receive tells besides the data.
struct Received {
    std::uint32_t bytes = 0;
    ReceivedFlags flags = 0;
    Address sender; ///< of a datagram; family `any` for streams
};

/// What an Ancillary has.
using AncillaryFields = std::uint32_t;
namespace ancillary_fields {
/// To receive: an IPv4 datagram's `destination`, `local` and `interface_index`. To send: `local` is
/// the IPv4 address to send from, where it is not 0.0.0.0, through that interface if it is not 0.
inline constexpr AncillaryFields ipv4_info = 1 << 0;
/// As ipv4_info; to receive there is a `destination` only, which is of family ipv4 if both are set.
inline constexpr AncillaryFields ipv6_info = 1 << 1;
/// In `hops`.
inline constexpr AncillaryFields ipv4_ttl = 1 << 2, ipv6_hops = 1 << 3;
/// In `traffic_class`.
inline constexpr AncillaryFields ipv4_tos = 1 << 4, ipv6_traffic_class = 1 << 5;
/// `time`, asked for in microseconds or in nanoseconds; received only.
inline constexpr AncillaryFields timestamp = 1 << 6, timestamp_nanoseconds = 1 << 7;
} // namespace ancillary_fields

/// What goes with one datagram besides its bytes and its peer. Received is what the socket's
/// options ask for (Option::timestamp, ipv4_receive_*, ipv6_receive_*).
/// Source: ip(7), ipv6(7), RFC 3542, socket(7).
struct Ancillary {
    AncillaryFields fields = 0;
    std::uint32_t interface_index = 0;
    Address destination;             ///< received: to whom the datagram is addressed; port 0
    Address local;                   ///< the address of this side; port 0
    std::int32_t hops = 0;           ///< 1 to 255; of IPv6 0 to 255, or -1
    std::int32_t traffic_class = 0;  ///< 0 to 255; of IPv6 -1 too
    std::uint64_t time = 0;          ///< nanoseconds since 1970
};

using IcmpFlags = std::uint8_t;
namespace icmp_flags {
inline constexpr IcmpFlags echo_reply = 1 << 0; ///< else an error about a request
inline constexpr IcmpFlags has_ttl = 1 << 1;    ///< the system told `ttl`
} // namespace icmp_flags

/// What icmp_receive tells besides the data: of an echo reply the payload; of an error what it
/// quotes of the request, beginning with the IP header or, where the host uses ping sockets, with
/// the ICMP header.
struct IcmpReceived {
    Address source;           ///< who sent it: the target, or the router that complains; port 0
    Address target;           ///< where the request went; port 0
    Duration round_trip = 0;  ///< since the request
    std::uint32_t bytes = 0;  ///< as received_flags and receive_flags have it
    ReceivedFlags flags = 0;
    std::uint16_t identifier = 0; ///< of the echo reply; 0 of an error
    std::uint16_t sequence = 0;   ///< of the request, for errors too
    std::uint8_t type = 0;        ///< ICMP's or ICMPv6's number
    std::uint8_t code = 0;
    std::uint8_t ttl = 0; ///< hops that were left when it arrived
    IcmpFlags icmp_flags = 0;
};

/// One message of a batch.
struct Message {
    std::uint32_t buffers = 0; ///< address of `buffer_count` Iovecs
    std::uint32_t buffer_count = 0;
    std::uint32_t bytes = 0; ///< out: sent or received
    ReceivedFlags flags = 0; ///< out, of received ones
    Address
        address; ///< to send: the destination, or family `any`; out, of received ones: the sender
};

/// A multicast membership. The interface is named by its index or, for IPv4, by its address; by
/// neither, the system chooses.
struct Membership {
    Address group;     ///< its port does not count
    Address interface; ///< IPv4 address of the interface, or family `any`
    std::uint32_t interface_index = 0;
    std::uint32_t reserved = 0;
};

struct Interface {
    std::uint32_t index = 0;
    std::uint32_t flags = 0;
    char name[16] = {}; ///< ends in NUL
};
namespace interface_flags {
inline constexpr std::uint32_t up = 1 << 0, loopback = 1 << 1, multicast = 1 << 2,
                               broadcast = 1 << 3, point_to_point = 1 << 4;
/// It has an address of that family, 127.0.0.1 and ::1 not counted.
inline constexpr std::uint32_t has_ipv4 = 1 << 5, has_ipv6 = 1 << 6;
}

using PollEvents = std::uint16_t;
namespace poll_events {
inline constexpr PollEvents read = 1 << 0, write = 1 << 1;
/// Asked for like the two: the peer has ended its direction (POLLRDHUP).
inline constexpr PollEvents peer_ended = 1 << 2;
/// Told whether asked for or not (POLLERR, POLLHUP, POLLNVAL).
inline constexpr PollEvents error = 1 << 3, hung_up = 1 << 4, bad_handle = 1 << 5;
} // namespace poll_events

struct PollEntry {
    Fd descriptor;
    PollEvents wanted = 0;
    PollEvents happened = 0; ///< out
};
inline constexpr std::uint32_t max_poll_entries = 4096;

/// Values are u64. Switches are 0 or 1 (any other number is 1, as C has it). Times are nanoseconds,
/// rounded up to what the system can keep. A signed number is sign-extended (-1: the system's
/// default).
enum class Option : std::uint32_t {
    error = 1,     ///< get: the pending error, a number of errors.def; cleared by asking
    type = 2,      ///< get: a SocketType
    family = 3,    ///< get: a Family
    protocol = 4,  ///< get: IANA's number, 6 tcp, 17 udp; 0 of a socket_pair
    listening = 5, ///< get
    reuse_address = 6,
    reuse_port = 7, ///< only where the policy has a rule for binding; else denied
    keep_alive = 8,
    keep_alive_idle = 9,      ///< time, whole seconds
    keep_alive_interval = 10, ///< time, whole seconds
    keep_alive_count = 11,
    linger = 12,          ///< time, whole seconds; no_limit: off
    receive_timeout = 13, ///< time; no_limit or 0: none. Then would_block, as Linux
    send_timeout = 14,    ///< time; no_limit or 0: none. Of connect too: then in_progress, as Linux
    receive_buffer = 15,  ///< bytes; the system doubles what is set, and bounds it
    send_buffer = 16,     ///< bytes; likewise
    no_delay = 17,
    cork = 18,
    user_timeout = 19, ///< time, whole milliseconds; 0: the system's
    max_segment = 20,  ///< bytes
    quick_ack = 21,
    broadcast = 22,
    out_of_band_inline = 23,
    receive_low_water = 24, ///< bytes
    timestamp = 25,             ///< socket_receive_with tells it of each datagram; not of streams
    timestamp_nanoseconds = 26, ///< likewise; either switches the other off
    ipv4_ttl = 32,          ///< 1 to 255, or -1
    ipv4_tos = 33,
    ipv4_multicast_ttl = 34, ///< 0 to 255, or -1
    ipv4_multicast_loop = 35,
    ipv4_multicast_interface = 36, ///< index of an interface, or 0
    ipv4_multicast_address =
        37, ///< the interface's address: a.b.c.d is a << 24 | b << 16 | c << 8 | d
    ipv4_multicast_all = 38,
    ipv4_receive_info = 39, ///< as timestamp; so the others of receive
    ipv4_receive_ttl = 40,
    ipv4_receive_tos = 41,
    ipv6_only = 48,
    ipv6_hops = 49, ///< 0 to 255, or -1
    ipv6_traffic_class = 50,
    ipv6_multicast_hops = 51, ///< 0 to 255, or -1
    ipv6_multicast_loop = 52, ///< 0 or 1, unlike other switches
    ipv6_multicast_interface = 53, ///< index of an interface, or 0
    ipv6_receive_info = 54,
    ipv6_receive_hops = 55,
    ipv6_receive_traffic_class = 56,
};

/// Of the options, those that ask for something to be told of each datagram (socket_receive_with); a
/// stream has none of them.
constexpr bool tells_of_datagrams(Option option) {
    switch (option) {
    case Option::timestamp:
    case Option::timestamp_nanoseconds:
    case Option::ipv4_receive_info:
    case Option::ipv4_receive_ttl:
    case Option::ipv4_receive_tos:
    case Option::ipv6_receive_info:
    case Option::ipv6_receive_hops:
    case Option::ipv6_receive_traffic_class:
        return true;
    default:
        return false;
    }
}

/// Where the body of a request comes from. `stream`: written to the descriptor.
enum class HttpBody : std::uint32_t { none = 0, memory = 1, stream = 2 };

using HttpFlags = std::uint32_t;
namespace http_flags {
/// Ask for the codings this host can unpack, and unpack them: Content-Encoding and Content-Length
/// are then taken out of the head. The unpacked body is bounded by the host (too_large).
inline constexpr HttpFlags decompress = 1 << 0;
/// Keep the cookies of the answers in the plugin's own jar, and send those that fit (RFC 6265).
inline constexpr HttpFlags keep_cookies = 1 << 1;
/// Send the body only after "100 Continue", or a second without it (RFC 9110, 10.1.1).
inline constexpr HttpFlags expect_continue = 1 << 2;
/// HTTP/2 without asking, for http URLs too. Without it TLS chooses, and http is HTTP/1.1.
inline constexpr HttpFlags http2_prior_knowledge = 1 << 3;
inline constexpr HttpFlags http1_only = 1 << 4;
} // namespace http_flags

/// What an answer 301, 302, 303, 307 or 308 with a Location does. `none`: it is an answer like any
/// other. `limited`: it is followed, one more than `max_redirects` is too_many_redirects.
/// `same_origin`: the same, but one that leads to another origin is an answer like any other.
enum class HttpRedirect : std::uint32_t { none = 0, limited = 1, same_origin = 2 };

struct HttpRequest {
    Iovec method;
    Iovec url;
    Iovec fields; ///< name NUL value NUL, ..., order and repeats kept
    Iovec body;   ///< of kind memory; copied before http_start returns
    HttpBody body_kind = HttpBody::none;
    HttpFlags flags = 0;
    std::uint64_t stream_bytes = no_limit; ///< of kind stream; no_limit: not known beforehand
    Duration total_timeout = no_limit;     ///< of all, the response's body included
    Duration connect_timeout = no_limit;   ///< of each connection, TLS included
    Duration idle_timeout = no_limit;      ///< without a byte from the server or to it
    HttpRedirect redirect = HttpRedirect::none;
    std::uint32_t max_redirects = 0;
};

struct HttpHead {
    std::uint32_t status = 0;
    std::uint32_t version = 0;             ///< 10, 11, 20
    std::uint32_t field_bytes = 0;         ///< what http_fields has of kind head
    std::uint32_t informational_bytes = 0; ///< and of kind informational
    std::uint64_t body_bytes = no_limit;   ///< Content-Length; no_limit: not known
    std::uint32_t redirects = 0;           ///< that were followed
    std::uint32_t reserved = 0;
};

enum class HttpFields : std::uint32_t {
    head = 1,
    /// Of all 1xx answers: each begins with the field `:status`.
    informational = 2,
    trailers = 3, ///< after the end of the body; empty before
    url = 4,      ///< the text of the URL that the head came from
};

/// How tls_start goes about it. Everything may be 0 but the name.
struct TlsOptions {
    Iovec name; ///< whom the certificate must name: a host name or an address, as text
    /// Application protocols to offer (ALPN), the wanted one first, each behind one byte with its
    /// length (RFC 7301, 3.1).
    Iovec protocols;
    /// How long the handshake may take; the host has a bound of its own, which 0 asks for.
    Duration timeout = 0;
};
/// More protocols are `invalid_argument`.
inline constexpr std::uint32_t max_protocols_bytes = 1024;

struct TlsInfo {
    std::uint16_t version = 0;         ///< 0x0303: TLS 1.2, 0x0304: TLS 1.3
    std::uint16_t cipher = 0;          ///< IANA's number of the cipher suite
    char cipher_name[60] = {};         ///< IANA's name; ends in NUL
    std::uint8_t fingerprint[32] = {}; ///< SHA-256 of the server's certificate
    std::uint32_t protocol_bytes = 0;  ///< 0: no application protocol was agreed on
    char protocol[256] = {};
};

/// What is sent or received on a WebSocket. `close` is only received, `ping` only sent: the host
/// answers the server's by itself.
enum class WsKind : std::uint32_t { text = 1, binary = 2, ping = 3, pong = 4, close = 5 };

struct WsRequest {
    Iovec url;       ///< ws or wss
    Iovec fields;    ///< name NUL value NUL, ..., besides the handshake's own
    Iovec protocols; ///< subprotocols to offer, name NUL, ..., the wanted one first
    Duration timeout = no_limit;                ///< of the opening; the host has a bound of its own
    std::uint64_t max_message_bytes = no_limit; ///< of one that is received; likewise
};
/// More subprotocols are `invalid_argument`.
inline constexpr std::uint32_t max_ws_protocols_bytes = 1024;

using WsSendFlags = std::uint32_t;
namespace ws_send_flags {
inline constexpr WsSendFlags goes_on = 1 << 0;   ///< more of the message follows with the next call
inline constexpr WsSendFlags dont_wait = 1 << 2; ///< would_block instead of waiting
} // namespace ws_send_flags

using WsReceivedFlags = std::uint32_t;
namespace ws_received_flags {
inline constexpr WsReceivedFlags last = 1 << 0; ///< the message ends with this piece
}

struct WsReceived {
    std::uint32_t bytes = 0;
    WsKind kind = WsKind::text;
    WsReceivedFlags flags = 0;
    std::uint32_t code = 0; ///< of a close; 1005: the server told none
};

/// Of the server's answer to the opening handshake, also one that is a refusal.
enum class WsFields : std::uint32_t {
    head = 1,     ///< name NUL value NUL, ...; the first is `:status`
    protocol = 2, ///< the subprotocol that it chose; empty: none
};

template <class T, std::size_t bytes, std::size_t alignment>
inline constexpr bool is_wire_type =
    sizeof(T) == bytes && alignof(T) == alignment && std::has_unique_object_representations_v<T> &&
    std::is_trivially_copyable_v<T>;
static_assert(is_wire_type<Address, 32, 4>);
static_assert(is_wire_type<Iovec, 8, 4>);
static_assert(is_wire_type<FdPair, 8, 4>);
static_assert(is_wire_type<Received, 40, 4>);
static_assert(is_wire_type<Ancillary, 88, 8>);
static_assert(is_wire_type<IcmpReceived, 88, 8>);
static_assert(is_wire_type<Message, 48, 4>);
static_assert(is_wire_type<Membership, 72, 4>);
static_assert(is_wire_type<Interface, 24, 4>);
static_assert(is_wire_type<PollEntry, 8, 4>);
static_assert(is_wire_type<HttpRequest, 80, 8>);
static_assert(is_wire_type<HttpHead, 32, 8>);
static_assert(is_wire_type<TlsOptions, 24, 8>);
static_assert(is_wire_type<TlsInfo, 356, 4>);
static_assert(is_wire_type<WsRequest, 40, 8>);
static_assert(is_wire_type<WsReceived, 16, 4>);

} // namespace hws::abi::v2
