#pragma once
/// `IcmpSocket`: echo requests ("ping") and what comes back.
///
///     HWS_TRY(auto socket, hws::IcmpSocket::open());
///     HWS_CHECK(socket.send("127.0.0.1", hws::bytes_of("Hello, ICMP!"), 1));
///     HWS_TRY(auto reply, socket.recv(std::chrono::seconds(5)));

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <hws/ip_addr.hpp>
#include <hws/result.hpp>
#include <hws/socket.hpp>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace hws {

namespace backend {
class IcmpSocket;
}

/// An ICMP message that belongs to an echo request of this socket: the reply, or an error that came
/// instead of it.
struct IcmpResponse {
    IpAddr source;
    /// ICMP's numbers: for IPv4, 0 is an echo reply, 3 unreachable, 11 time exceeded; for IPv6,
    /// 129, 1 and 3.
    std::uint8_t type = 0;
    std::uint8_t code = 0;
    /// Present on echo packets only.
    std::optional<std::uint16_t> id;
    std::optional<std::uint16_t> seq;
    /// Of an echo reply the payload of the request; of an error what it quotes of the request, from
    /// the IP header or the ICMP header on.
    std::vector<std::byte> data;

    /// Where the request went, its sequence number (of errors, too), and how long ago that was.
    /// Backend v1 does not tell.
    std::optional<IpAddr> target;
    std::optional<std::uint16_t> request_seq;
    std::optional<std::chrono::nanoseconds> round_trip;
    /// Hops that the response had left. Where the system tells; backend v1 does not.
    std::optional<std::uint8_t> ttl;

    bool is_echo_reply() const { return type == (source.is_ipv6() ? 129 : 0); }
    bool is_unreachable() const { return type == (source.is_ipv6() ? 1 : 3); }
    bool is_time_exceeded() const { return type == (source.is_ipv6() ? 3 : 11); }
};

/// Sends echo requests over IPv4 and IPv6. Moves, does not copy. A socket gets what belongs to its
/// own requests and nothing else; what comes before it is asked for is kept.
/// Backend v1: a plugin has one such socket, so that two objects see each other's replies, and
/// methods marked (not v1) return `unsupported`. Backend native has ping sockets (icmp(7)) only.
class IcmpSocket {
public:
    /// Errors: not_permitted (the host's system grants it no ICMP; the text says what to grant),
    /// too_many_handles. Backend v1 opens nothing yet; what is missing shows in send.
    /// Source: abi socket_open.
    static Result<IcmpSocket> open();

    IcmpSocket(IcmpSocket&& other) noexcept;
    IcmpSocket& operator=(IcmpSocket&& other) noexcept;
    ~IcmpSocket();

    /// Sends one echo request to an IPv4 or IPv6 address (without brackets) or a name.
    /// Errors: denied, name_not_found, host_unreachable, network_unreachable, message_too_long,
    /// rate_limited (try again later). Backend v1: io for all of them (see the host's log).
    /// Source: abi icmp_send, icmp_send_name; RFC 792, RFC 4443, 4.1.
    Result<void> send(std::string_view target, std::span<const std::byte> payload,
                      std::uint16_t seq);
    Result<void> send(const char* target, std::span<const std::byte> payload, std::uint16_t seq) {
        return send(std::string_view(target), payload, seq);
    }
    Result<void> send(const IpAddr& target, std::span<const std::byte> payload, std::uint16_t seq);

    /// The next message that belongs to an earlier send; one that came in between has waited.
    /// Backend v1 counts the time in whole milliseconds, rounded up.
    /// Errors: timed_out, would_block, protocol (the host's answer is malformed).
    /// Source: abi icmp_receive, icmp_recv.
    Result<IcmpResponse> recv(std::chrono::nanoseconds timeout);
    /// The same for as long as the read timeout says, or without end.
    Result<IcmpResponse> recv();

    /// (not v1) How many routers the requests that follow may pass, 1 to 255; the next one answers
    /// with time exceeded.
    Result<void> set_ttl(std::uint32_t hops);
    /// (not v1) As TcpStream's.
    Result<void> set_read_timeout(std::optional<std::chrono::nanoseconds> timeout);
    Result<void> set_blocking(Blocking blocking);
    /// As TcpStream's, for a Poller.
    int as_raw_fd() const;

private:
    explicit IcmpSocket(std::unique_ptr<backend::IcmpSocket> socket);
    std::unique_ptr<backend::IcmpSocket> socket_;
};

} // namespace hws
