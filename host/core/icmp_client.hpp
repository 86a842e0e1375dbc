#pragma once
/// Sends echo requests for one plugin and collects what comes back. Other plugins' replies never
/// show up: every socket has an identifier of its own, and an arrival counts only if it matches a
/// request this client still waits for.

#include "core/icmp_packet.hpp"
#include "core/limits.hpp"
#include "core/policy.hpp"
#include "os/loop.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace hws::host::core {

/// An echo reply, or an ICMP error about one of our echo requests.
struct IcmpReply {
    IpAddr source; ///< who sent it: the target, or the router that complains
    IpAddr target; ///< where the request went
    std::uint8_t type = 0;
    std::uint8_t code = 0;
    std::optional<std::uint16_t> id;       ///< as on the wire; echo replies only
    std::optional<std::uint16_t> sequence; ///< echo replies only
    std::uint16_t request_sequence = 0;    ///< of the request this is about, also for errors
    /// Echo reply: the payload. Error: what it quotes of the request. A raw socket has that from
    /// the IP header on, as it was on the wire; with a ping socket the kernel has removed the IP
    /// header and it begins with the request's ICMP header.
    std::vector<std::byte> data;
    std::optional<std::uint8_t> ttl; ///< hops the packet had left, where the kernel tells
    std::chrono::nanoseconds round_trip{0};
};

/// Which kinds of socket the operator allows. `any`: a ping socket, and a raw one if the kernel
/// refuses that.
enum class IcmpSockets : std::uint8_t { any, ping_only, raw_only };

/// One per plugin, on its loop. Sockets are opened at the first send to their family. Must outlive
/// the tasks it gave out.
class IcmpClient {
public:
    IcmpClient(os::Loop& loop, const Limits& limits, IcmpSockets sockets = IcmpSockets::any);
    ~IcmpClient();
    IcmpClient(const IcmpClient&) = delete;
    IcmpClient& operator=(const IcmpClient&) = delete;

    /// Sends one echo request; never waits. `target` was vetted for Use::icmp. `ttl` 1..255: hops
    /// the request may make. Errors: not_permitted (the kernel grants neither kind of socket; the
    /// text says what to grant), message_too_long, rate_limited (limits.icmp_pending requests await
    /// their replies), family_not_supported, host_unreachable, network_unreachable,
    /// invalid_argument (ttl 0).
    Result<void> send(const Vetted& target, std::span<const std::byte> payload,
                      std::uint16_t sequence, std::optional<std::uint8_t> ttl = std::nullopt);

    /// The next echo reply or ICMP error (unreachable, time exceeded, parameter problem, packet too
    /// big) that belongs to an earlier send; those that came meanwhile first, in order. Each
    /// request is answered once, by whichever comes first; a reply from another address than the
    /// request's target is dropped. Errors: timed_out.
    os::Task<IcmpReply> receive(os::Deadline deadline);

    /// Requests still waited for.
    std::size_t pending_count();
    /// Replies and errors that receive() would give without waiting.
    std::size_t ready_count() const { return replies_.size(); }
    /// Waits for ready_count() to be more than 0, for pollers.
    os::Readiness& readiness() { return arrived_; }

    /// After this long without an answer a request is forgotten; what comes later is dropped.
    static constexpr std::chrono::seconds pending_lifetime{60};
    /// Payload bytes of all kept replies together; the oldest goes. 256 replies of 64 KiB would be
    /// 16 MiB a plugin.
    static constexpr std::size_t max_kept_bytes = std::size_t{1} << 20;

private:
    class Channel;
    struct Pending {
        SocketAddr target;
        std::uint16_t sequence;
        os::Clock::time_point sent_at;
    };

    Result<std::unique_ptr<Channel>> open_channel(IcmpFamily family);
    void forget_expired();
    /// Takes the request that this answers out of the pending ones.
    std::optional<Pending> take_pending(const SocketAddr& target, std::uint16_t sequence);
    void keep(IcmpReply reply);

    os::Loop& loop_;
    std::size_t max_pending_;
    std::size_t max_replies_;
    IcmpSockets sockets_;
    std::deque<Pending> pending_; // oldest first
    std::deque<IcmpReply> replies_;
    std::size_t kept_bytes_ = 0;
    os::Event arrived_;
    std::unique_ptr<Channel> v4_;
    std::unique_ptr<Channel> v6_;
};

} // namespace hws::host::core
