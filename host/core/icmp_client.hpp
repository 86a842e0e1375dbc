#pragma once
/// Sends echo requests for one plugin and collects what comes back. Other clients' replies never
/// show up: every socket has an identifier of its own, and an arrival counts only if it matches a
/// request this client still waits for.

#include "core/icmp_allowance.hpp"
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
    IpAddr source;              ///< who sent it: the target, or the router that complains
    IpAddr target;              ///< where the request went
    std::uint32_t scope_id = 0; ///< the zone of link-local ones
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

/// On its plugin's loop: one for dialect v1, and one for each ICMP descriptor of dialect v2.
/// Sockets are opened at the first send to their family. Must outlive the tasks it gave out.
class IcmpClient {
public:
    /// `allowance` is the plugin's, and outlives this.
    IcmpClient(os::Loop& loop, const Limits& limits, IcmpAllowance& allowance,
               IcmpSockets sockets = IcmpSockets::any);
    ~IcmpClient();
    IcmpClient(const IcmpClient&) = delete;
    IcmpClient& operator=(const IcmpClient&) = delete;

    /// Sends one echo request; never waits. `target` was vetted for Use::icmp. `ttl` 1..255: hops
    /// the request may make. Errors: not_permitted (the kernel grants neither kind of socket; the
    /// text says what to grant), message_too_long, rate_limited (the plugin's rate is used up, or
    /// limits.icmp_pending requests await their replies), family_not_supported, host_unreachable,
    /// network_unreachable, invalid_argument (ttl 0).
    Result<void> send(const Vetted& target, std::span<const std::byte> payload,
                      std::uint16_t sequence, std::optional<std::uint8_t> ttl = std::nullopt);

    /// The next echo reply or ICMP error (unreachable, time exceeded, parameter problem, packet too
    /// big) that belongs to an earlier send; those that came meanwhile first, in order. Each
    /// request is answered once, by whichever comes first; a reply from another address than the
    /// request's target is dropped. Errors: timed_out.
    os::Task<IcmpReply> receive(os::Deadline deadline);
    /// The same without waiting. Errors: would_block; readiness() tells when to try again.
    Result<IcmpReply> try_receive();
    /// What try_receive() would give; it stays there. Null: nothing yet.
    const IcmpReply* peek();

    /// Shows before the first send whether the family's socket can be opened, and keeps it unless it
    /// is a raw one. Errors:
    /// not_permitted, family_not_supported, too_many_handles, ...
    Result<void> open(IcmpFamily family);
    /// The identifier that the family's requests carry; nothing before its socket is open.
    std::optional<std::uint16_t> identifier(IcmpFamily family) const;

    /// Requests still waited for.
    std::size_t pending_count();
    /// Replies and errors that receive() would give without waiting.
    std::size_t ready_count() const { return replies_.size(); }
    /// Readable once there is a reply; always writable.
    os::Readiness& readiness() { return arrived_; }

    /// After this long without an answer a request is forgotten; what comes later is dropped.
    static constexpr std::chrono::seconds pending_lifetime{60};
    /// What a kept reply takes of limits.icmp_reply_bytes.
    static std::size_t kept_bytes(const IcmpReply& reply) {
        return sizeof(IcmpReply) + reply.data.size();
    }

private:
    class Channel;
    struct Pending {
        SocketAddr target;
        std::uint16_t sequence;
        os::Clock::time_point sent_at;
    };

    std::unique_ptr<Channel>& channel_of(IcmpFamily family) {
        return family == IcmpFamily::v4 ? v4_ : v6_;
    }
    Result<std::unique_ptr<Channel>> open_channel(IcmpFamily family);
    void read_arrivals();
    void forget_expired(os::Clock::time_point now);
    /// Takes the request that this answers out of the pending ones.
    std::optional<Pending> take_pending(const SocketAddr& target, std::uint16_t sequence,
                                        os::Clock::time_point now);
    void keep(IcmpReply reply);
    IcmpReply take_oldest();

    os::Loop& loop_;
    std::size_t max_pending_;
    std::size_t max_replies_;
    IcmpSockets sockets_;
    std::deque<Pending> pending_; // oldest first
    std::deque<IcmpReply> replies_;
    IcmpAllowance& allowance_;
    os::Readiness arrived_;
    std::unique_ptr<Channel> v4_;
    std::unique_ptr<Channel> v6_;
};

} // namespace hws::host::core
