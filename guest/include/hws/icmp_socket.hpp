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

/// An ICMP message that belongs to an echo request of this plugin: the reply, or an error on its
/// way.
struct IcmpResponse {
    IpAddr source;
    /// ICMP's numbers: for IPv4, 0 is an echo reply, 3 unreachable, 11 time exceeded; for IPv6,
    /// 129, 1 and 3.
    std::uint8_t type = 0;
    std::uint8_t code = 0;
    /// Present on echo packets only.
    std::optional<std::uint16_t> id;
    std::optional<std::uint16_t> seq;
    /// What followed the header; of an echo reply the payload of the request.
    std::vector<std::byte> data;

    bool is_echo_reply() const { return type == (source.is_ipv6() ? 129 : 0); }
};

/// Sends echo requests over IPv4 and IPv6. Moves, does not copy.
/// Backend v1: a plugin has one such socket, so that two objects see each other's replies.
class IcmpSocket {
public:
    /// Errors: not_permitted, denied (v2). Backend v1 opens nothing yet; what is missing shows in
    /// send.
    static Result<IcmpSocket> open();

    IcmpSocket(IcmpSocket&& other) noexcept;
    IcmpSocket& operator=(IcmpSocket&& other) noexcept;
    ~IcmpSocket();

    /// Sends one echo request to an IPv4 or IPv6 address (without brackets) or a name.
    /// Errors: io (denied, not permitted, unreachable, unknown name: see the host's log).
    /// Source: abi icmp_send; RFC 792, RFC 4443, 4.1.
    Result<void> send(std::string_view target, std::span<const std::byte> payload,
                      std::uint16_t seq);
    Result<void> send(const IpAddr& target, std::span<const std::byte> payload, std::uint16_t seq);

    /// The next message that belongs to an earlier send; one that came in between has waited. The
    /// time is counted in whole milliseconds, rounded up.
    /// Errors: timed_out, protocol (the host's answer is malformed).
    /// Source: abi icmp_recv.
    Result<IcmpResponse> recv(std::chrono::nanoseconds timeout);

private:
    explicit IcmpSocket(std::unique_ptr<backend::IcmpSocket> socket);
    std::unique_ptr<backend::IcmpSocket> socket_;
};

} // namespace hws
