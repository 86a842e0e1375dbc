#include "core/icmp_echo_socket.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

namespace hws::host::core {
namespace {

using Option = os::SocketOption;

constexpr std::uint64_t protocol_icmp = 1;
constexpr std::uint64_t protocol_icmpv6 = 58;

/// What Linux makes of an ICMP error about a connected ping socket (icmp_err_convert).
Errc error_of(const IcmpReply& reply) {
    if (reply.target.is_ipv4()) {
        if (reply.type != 3) return Errc::host_unreachable; // time exceeded
        switch (reply.code) {
        case 0:
        case 6:
            return Errc::network_unreachable;
        case 2:
            return Errc::protocol_not_supported;
        case 3:
            return Errc::refused;
        case 4:
            return Errc::message_too_long;
        default:
            return Errc::host_unreachable;
        }
    }
    if (reply.type == 2) return Errc::message_too_long;
    if (reply.type == 1 && reply.code == 0) return Errc::network_unreachable;
    if (reply.type == 1 && reply.code == 4) return Errc::refused;
    return Errc::host_unreachable;
}

std::uint64_t number_of(std::optional<std::uint8_t> hops) {
    return hops ? *hops : ~std::uint64_t{0};
}
Result<std::optional<std::uint8_t>> hops_of(std::uint64_t value) {
    if (value == ~std::uint64_t{0}) return std::optional<std::uint8_t>();
    if (value < 1 || value > 255)
        return fail(Errc::invalid_argument, "a hop limit is 1 to 255, or -1");
    return std::optional(static_cast<std::uint8_t>(value));
}

} // namespace

Result<std::unique_ptr<IcmpEchoSocket>>
IcmpEchoSocket::open(os::Loop& loop, SocketOwner& owner, const Limits& limits,
                     IcmpAllowance& allowance, os::Family family, IcmpSockets sockets) {
    if (family != os::Family::any && family != os::Family::ipv4 && family != os::Family::ipv6)
        return fail(Errc::family_not_supported, "ICMP is IPv4, IPv6 or any");
    std::unique_ptr<IcmpEchoSocket> socket(
        new IcmpEchoSocket(loop, owner, limits, allowance, family, sockets));
    auto opened =
        socket->client_.open(family == os::Family::ipv6 ? IcmpFamily::v6 : IcmpFamily::v4);
    // A machine without IPv4 may have IPv6.
    const bool may_go_on =
        family == os::Family::any && !opened && opened.error() == Errc::family_not_supported;
    if (!opened && !may_go_on) return std::unexpected(std::move(opened).error());
    return socket;
}

Result<void> IcmpEchoSocket::check_family(const IpAddr& address) const {
    if (family_ == os::Family::any || (family_ == os::Family::ipv4) == address.is_ipv4()) return {};
    return fail(Errc::family_not_supported, "the target is not of the socket's family");
}

Result<void> IcmpEchoSocket::connect(const SocketAddr& peer) {
    HWS_CHECK(check_family(peer.ip()));
    HWS_TRY(const Vetted vetted, owner_.socket_policy().check_told(Use::icmp, peer,
                                                                   owner_.names_of(peer.ip())));
    return connect(vetted);
}

Result<void> IcmpEchoSocket::connect(const Vetted& peer) {
    if (peer.use() != Use::icmp)
        return fail(Errc::denied, "the address was vetted for another use");
    HWS_CHECK(check_family(peer.address().ip()));
    peer_ = peer;
    return {};
}

SocketAddr IcmpEchoSocket::local_address() const {
    if (family_ == os::Family::ipv6)
        return SocketAddr(Ipv6Addr(), client_.identifier(IcmpFamily::v6).value_or(0));
    return SocketAddr(Ipv4Addr(), client_.identifier(IcmpFamily::v4).value_or(0));
}

Result<void> IcmpEchoSocket::send(std::span<const std::byte> payload, std::uint16_t sequence,
                                  const SocketAddr* to) {
    if (!to) {
        if (!peer_) return fail(Errc::destination_required);
        return send(payload, sequence, *peer_);
    }
    HWS_CHECK(check_family(to->ip()));
    HWS_TRY(const Vetted target,
            owner_.socket_policy().check_told(Use::icmp, *to, owner_.names_of(to->ip())));
    return send(payload, sequence, target);
}

Result<void> IcmpEchoSocket::send(std::span<const std::byte> payload, std::uint16_t sequence,
                                  const Vetted& to) {
    HWS_CHECK(check_family(to.address().ip()));
    return client_.send(to, payload, sequence, to.address().is_ipv4() ? ipv4_ttl_ : ipv6_hops_);
}

Result<void> IcmpEchoSocket::send_message(std::span<const std::byte> message,
                                          const SocketAddr* to) {
    const bool is_v4 = to      ? to->is_ipv4()
                       : peer_ ? peer_->address().is_ipv4()
                               : family_ != os::Family::ipv6;
    const auto numbers = parse_echo_request(is_v4 ? IcmpFamily::v4 : IcmpFamily::v6, message);
    if (!numbers) return fail(Errc::invalid_argument, "the message is no ICMP echo request");
    return send(message.subspan(icmp_header_bytes), numbers->sequence, to);
}

Result<const IcmpReply*> IcmpEchoSocket::peek_message() {
    while (const IcmpReply* const next = peek()) {
        if (next->id) return next;
        HWS_TRY(const IcmpReply error, receive());
        if (peer_) return fail(error_of(error), "an ICMP error came back");
    }
    return fail(Errc::would_block);
}

Result<std::uint64_t> IcmpEchoSocket::get_option(Option option) const {
    switch (option) {
    case Option::error:
        return 0; // what is wrong comes as a reply
    case Option::type:
        return static_cast<std::uint64_t>(os::SocketType::icmp_echo);
    case Option::family:
        return static_cast<std::uint64_t>(family_);
    case Option::protocol:
        return family_ == os::Family::ipv6 ? protocol_icmpv6 : protocol_icmp;
    case Option::listening:
        return 0;
    case Option::receive_timeout:
        return option_number(receive_timeout());
    case Option::send_timeout:
        return option_number(send_timeout());
    case Option::ipv4_ttl:
        if (family_ == os::Family::ipv6) break;
        return number_of(ipv4_ttl_);
    case Option::ipv6_hops:
        if (family_ == os::Family::ipv4) break;
        return number_of(ipv6_hops_);
    default:
        break;
    }
    return fail(Errc::option_not_supported);
}

Result<void> IcmpEchoSocket::set_option(Option option, std::uint64_t value) {
    switch (option) {
    case Option::receive_timeout:
        set_receive_timeout(option_time(value));
        return {};
    case Option::send_timeout:
        set_send_timeout(option_time(value));
        return {};
    case Option::ipv4_ttl: {
        if (family_ == os::Family::ipv6) break;
        HWS_TRY(ipv4_ttl_, hops_of(value));
        return {};
    }
    case Option::ipv6_hops: {
        if (family_ == os::Family::ipv4) break;
        HWS_TRY(ipv6_hops_, hops_of(value));
        return {};
    }
    default:
        break;
    }
    return fail(Errc::option_not_supported);
}

Result<std::size_t> IcmpEchoSocket::try_read(ReadBuffers into) {
    HWS_TRY(const std::size_t count, try_peek(into));
    (void)receive();
    return count;
}

Result<std::size_t> IcmpEchoSocket::try_peek(ReadBuffers into) {
    HWS_TRY(const IcmpReply* const next, peek_message());
    return write_message(*next, into);
}

Result<std::size_t> IcmpEchoSocket::try_write(WriteBuffers from) {
    std::vector<std::byte> room;
    HWS_TRY(const auto message, gather(from, room));
    HWS_CHECK(send_message(message, nullptr));
    return message.size();
}

os::Ready IcmpEchoSocket::poll_now(os::Ready what) {
    os::Ready now = os::Ready::none;
    if (intersects(what, os::Ready::write)) now = now | os::Ready::write;
    if (intersects(what, os::Ready::read) && client_.peek()) now = now | os::Ready::read;
    return now;
}

std::size_t IcmpEchoSocket::readable_bytes() {
    const IcmpReply* const next = client_.peek();
    if (!next) return 0;
    return next->data.size() + icmp_header_bytes;
}

std::size_t write_message(const IcmpReply& reply, ReadBuffers into) {
    const auto high = [](std::uint16_t value) { return static_cast<std::byte>(value >> 8); };
    const auto low = [](std::uint16_t value) { return static_cast<std::byte>(value & 0xff); };
    const std::uint16_t id = reply.id.value_or(0);
    const std::array<std::byte, icmp_header_bytes> header{std::byte{reply.type},
                                                          std::byte{reply.code},
                                                          std::byte{0},
                                                          std::byte{0},
                                                          high(id),
                                                          low(id),
                                                          high(reply.request_sequence),
                                                          low(reply.request_sequence)};
    return scatter(header, reply.data, into);
}

std::size_t scatter(std::span<const std::byte> first, std::span<const std::byte> second,
                    ReadBuffers into) {
    std::size_t written = 0;
    for (std::span<std::byte> buffer : into) {
        while (!buffer.empty()) {
            auto& from = first.empty() ? second : first;
            const std::size_t count = std::min(from.size(), buffer.size());
            if (count == 0) return written;
            std::memcpy(buffer.data(), from.data(), count);
            from = from.subspan(count);
            buffer = buffer.subspan(count);
            written += count;
        }
    }
    return written;
}

Result<std::span<const std::byte>> gather(WriteBuffers from, std::vector<std::byte>& room) {
    constexpr std::size_t most = max_echo_payload_bytes(IcmpFamily::v6) + icmp_header_bytes;
    std::size_t bytes = 0;
    for (const auto& buffer : from) {
        if (buffer.size() > most - bytes)
            return fail(Errc::message_too_long, "more than an IP packet carries");
        bytes += buffer.size();
    }
    if (from.size() == 1) return from.front();
    room.clear();
    room.reserve(bytes);
    for (const auto& buffer : from)
        room.insert(room.end(), buffer.begin(), buffer.end());
    return std::span<const std::byte>(room);
}

} // namespace hws::host::core
