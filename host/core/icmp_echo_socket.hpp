#pragma once
/// What `SocketType::icmp_echo` of dialect v2 opens: a descriptor that sends echo requests and gets
/// the replies and ICMP errors that belong to them, and no others.

#include "core/descriptor.hpp"
#include "core/icmp_client.hpp"
#include "core/network_socket.hpp"
#include "core/policy.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace hws::host::core {

/// Never waits, like NetworkSocket. Each has an IcmpClient and thus an identifier of its own; the
/// plugin's IcmpAllowance is shared. Read and written as plain bytes it is what Linux calls a ping
/// socket: whole ICMP messages, identifier and checksum filled in below (icmp(7)).
class IcmpEchoSocket final : public Descriptor {
public:
    /// `family` `any`: targets of both. Opens the system's socket at once, for `any` that of IPv4,
    /// so that what is missing shows here. `owner` and `allowance` outlive it. Errors:
    /// not_permitted (the text says what to grant), family_not_supported, too_many_handles, ...
    static Result<std::unique_ptr<IcmpEchoSocket>> open(os::Loop& loop, SocketOwner& owner,
                                                        const Limits& limits,
                                                        IcmpAllowance& allowance, os::Family family,
                                                        IcmpSockets sockets = IcmpSockets::any);

    os::Family family() const { return family_; }

    /// Where requests go that name no target. Errors: denied, family_not_supported.
    Result<void> connect(const SocketAddr& peer);
    Result<void> connect(const Vetted& peer);
    void disconnect() { peer_.reset(); }
    const std::optional<Vetted>& peer() const { return peer_; }
    /// Unspecified, with the identifier of the requests for a port, as Linux has it.
    SocketAddr local_address() const;

    /// Sends one echo request; to the peer, if `to` is null. Errors: denied, destination_required,
    /// family_not_supported, and those of IcmpClient::send.
    Result<void> send(std::span<const std::byte> payload, std::uint16_t sequence,
                      const SocketAddr* to);
    Result<void> send(std::span<const std::byte> payload, std::uint16_t sequence, const Vetted& to);
    /// Null: nothing yet.
    const IcmpReply* peek() { return client_.peek(); }
    /// Errors: would_block.
    Result<IcmpReply> receive() { return client_.try_receive(); }

    /// `message` is an ICMP echo request, whose identifier and checksum do not count. Errors:
    /// invalid_argument (it is none), and those of send.
    Result<void> send_message(std::span<const std::byte> message, const SocketAddr* to);
    /// The next echo reply, for `write_message`; receive() then takes it away. ICMP errors are
    /// dropped without a peer and returned as errors with one, as Linux does. Errors: would_block,
    /// host_unreachable, refused, ...
    Result<const IcmpReply*> peek_message();

    /// Errors: option_not_supported, invalid_argument.
    Result<std::uint64_t> get_option(os::SocketOption option) const;
    Result<void> set_option(os::SocketOption option, std::uint64_t value);

    // --- what every descriptor has ---
    DescriptorKind kind() const override { return DescriptorKind::icmp_socket; }
    Result<std::size_t> try_read(ReadBuffers into) override;
    Result<std::size_t> try_peek(ReadBuffers into) override;
    Result<std::size_t> try_write(WriteBuffers from) override;
    os::Readiness& readiness() override { return client_.readiness(); }
    os::Ready poll_now(os::Ready what) override;
    std::size_t readable_bytes() override;

private:
    IcmpEchoSocket(os::Loop& loop, SocketOwner& owner, const Limits& limits,
                   IcmpAllowance& allowance, os::Family family, IcmpSockets sockets)
        : owner_(owner), family_(family), client_(loop, limits, allowance, sockets) {}
    Result<void> check_family(const IpAddr& address) const;

    SocketOwner& owner_;
    const os::Family family_;
    std::optional<Vetted> peer_;
    std::optional<std::uint8_t> ipv4_ttl_;  ///< nothing: the system's default
    std::optional<std::uint8_t> ipv6_hops_; ///< likewise
    IcmpClient client_;
};

/// An echo reply as it came over the wire, but without IP header and with checksum 0: as much of it
/// as there is room for. How much that is.
std::size_t write_message(const IcmpReply& reply, ReadBuffers into);

/// The bytes of the one and then of the other, as many as there is room for; their count.
std::size_t scatter(std::span<const std::byte> first, std::span<const std::byte> second,
                    ReadBuffers into);

/// One span of what lies in several: the first of them where it is alone, else `room`, filled.
/// Errors: message_too_long for more than an IP packet carries.
Result<std::span<const std::byte>> gather(WriteBuffers from, std::vector<std::byte>& room);

} // namespace hws::host::core
