#include "native_icmp.hpp"

#include "native.hpp"

#include <hws/quote.hpp>
#include <linux/errqueue.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <time.h>

namespace hws::backend {
namespace {

using namespace native;

/// Larger than what any IP packet carries.
constexpr std::size_t room_bytes = 65'536;
constexpr std::size_t header_bytes = 8;
/// Of an IP packet of 65535 bytes, of which IPv6 does not count its own header
constexpr std::size_t max_payload_v4 = 65'535 - 20 - header_bytes;
constexpr std::size_t max_payload_v6 = 65'535 - header_bytes;
/// What was not answered until then is forgotten.
constexpr auto pending_lifetime = std::chrono::seconds(60);

constexpr int messages_per_turn = 64;

std::string operation(std::string_view target) {
    return "icmp send " + quote(target);
}

std::uint16_t big_endian_at(std::span<const std::byte> bytes, std::size_t at) {
    return static_cast<std::uint16_t>(std::to_integer<unsigned>(bytes[at]) << 8 |
                                      std::to_integer<unsigned>(bytes[at + 1]));
}

Result<void> set_number(int fd, int level, int name, int value) {
    return result_of(::setsockopt(fd, level, name, &value, sizeof value));
}

/// What a message brought along.
struct Ancillary {
    std::optional<std::uint8_t> ttl;
    std::chrono::nanoseconds age{0};
    std::optional<sock_extended_err> error;
    NativeAddress offender;
};

template <class T> T read_as(const cmsghdr& header) {
    T value{};
    std::memcpy(&value, CMSG_DATA(const_cast<cmsghdr*>(&header)), sizeof value);
    return value;
}

std::chrono::nanoseconds age_of(const timespec& arrived) {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    const auto age = std::chrono::seconds(now.tv_sec - arrived.tv_sec) +
                     std::chrono::nanoseconds(now.tv_nsec - arrived.tv_nsec);
    // Negative or huge: the clock was set meanwhile.
    return age.count() < 0 || age > pending_lifetime ? std::chrono::nanoseconds{0} : age;
}

Ancillary read_ancillary(msghdr& message) {
    Ancillary found;
    for (cmsghdr* header = CMSG_FIRSTHDR(&message); header;
         header = CMSG_NXTHDR(&message, header)) {
        const auto is = [header](int level, int type) {
            return header->cmsg_level == level && header->cmsg_type == type;
        };
        if (is(IPPROTO_IP, IP_TTL) || is(IPPROTO_IPV6, IPV6_HOPLIMIT)) {
            found.ttl = static_cast<std::uint8_t>(read_as<int>(*header));
        } else if (is(SOL_SOCKET, SCM_TIMESTAMPNS)) {
            found.age = age_of(read_as<timespec>(*header));
        } else if (is(IPPROTO_IP, IP_RECVERR) || is(IPPROTO_IPV6, IPV6_RECVERR)) {
            found.error = read_as<sock_extended_err>(*header);
            // The address of who sent the error stands behind (SO_EE_OFFENDER).
            const std::size_t offset = CMSG_LEN(sizeof(sock_extended_err));
            const std::size_t left = header->cmsg_len > offset ? header->cmsg_len - offset : 0;
            std::memcpy(&found.offender.address, CMSG_DATA(header) + sizeof(sock_extended_err),
                        std::min(left, sizeof found.offender.address));
        }
    }
    return found;
}

} // namespace

Result<IcmpSocket> IcmpSocket::open() {
    const int both = ::epoll_create1(EPOLL_CLOEXEC);
    if (both < 0) return native::failed();
    IcmpSocket socket(both);
    const auto opened = socket.open(Family::v4);
    // A machine without IPv4 may have IPv6.
    if (!opened && opened.error() != Errc::family_not_supported)
        return std::unexpected(opened.error());
    return socket;
}

Result<void> IcmpSocket::open(Family family) {
    if (socket_of(family)) return {};
    const bool is_v4 = family == Family::v4;
    const int made = ::socket(is_v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
                              is_v4 ? int(IPPROTO_ICMP) : int(IPPROTO_ICMPV6));
    if (made < 0 && (errno == EACCES || errno == EPERM))
        return fail(Errc::not_permitted,
                    "icmp: no group of this process is in net.ipv4.ping_group_range");
    if (made < 0) return native::failed();
    Socket socket(made);
    HWS_CHECK(set_number(made, SOL_SOCKET, SO_TIMESTAMPNS, 1));
    HWS_CHECK(is_v4 ? set_number(made, IPPROTO_IP, IP_RECVTTL, 1)
                    : set_number(made, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1));
    HWS_CHECK(is_v4 ? set_number(made, IPPROTO_IP, IP_RECVERR, 1)
                    : set_number(made, IPPROTO_IPV6, IPV6_RECVERR, 1));
    if (hops_) {
        HWS_CHECK(is_v4 ? set_number(made, IPPROTO_IP, IP_TTL, *hops_)
                        : set_number(made, IPPROTO_IPV6, IPV6_UNICAST_HOPS, *hops_));
    }
    epoll_event event{};
    event.events = EPOLLIN;
    HWS_CHECK(result_of(::epoll_ctl(fd(), EPOLL_CTL_ADD, made, &event)));
    socket_of(family).emplace(std::move(socket));
    return {};
}

Result<void> IcmpSocket::send(std::string_view target, std::span<const std::byte> payload,
                              std::uint16_t sequence) {
    if (target.empty()) return fail(Errc::invalid_argument, "icmp send to nobody");
    if (const auto address = IpAddr::parse(target)) return send(*address, payload, sequence);
    auto addresses = system::resolve(target, 0);
    if (!addresses) return fail(addresses.error().code(), operation(target));
    if (addresses->empty()) return fail(Errc::name_not_found, operation(target));
    return send(addresses->front().ip(), payload, sequence);
}

Result<void> IcmpSocket::send(const IpAddr& target, std::span<const std::byte> payload,
                              std::uint16_t sequence) {
    const bool is_v4 = target.is_ipv4();
    if (payload.size() > (is_v4 ? max_payload_v4 : max_payload_v6))
        return fail(Errc::message_too_long, operation(target.to_string()));
    HWS_CHECK(open(family_of(target)));
    // Identifier and checksum are the kernel's.
    std::vector<std::byte> message(header_bytes + payload.size());
    message[0] = std::byte(is_v4 ? int(ICMP_ECHO) : int(ICMP6_ECHO_REQUEST));
    message[6] = std::byte(sequence >> 8);
    message[7] = std::byte(sequence & 0xff);
    std::ranges::copy(payload, message.begin() + header_bytes);
    const NativeAddress to(SocketAddr(target, 0));
    const auto now = Clock::now();
    while (!pending_.empty() && now - pending_.front().sent > pending_lifetime)
        pending_.pop_front();
    // An ICMP error about an earlier request leaves its errno in the socket, and the next send reports
    // that and sends nothing: what counts is what comes again.
    for (int attempts = 3;; --attempts) {
        if (::sendto(socket_of(family_of(target))->fd(), message.data(), message.size(),
                     MSG_NOSIGNAL, &to.address.any, to.size) >= 0)
            break;
        if (errno == EINTR) continue;
        if (attempts <= 1) return fail(code_of(errno), operation(target.to_string()));
    }
    pending_.push_back({target, sequence, now});
    return {};
}

std::optional<IcmpSocket::Pending> IcmpSocket::take_pending(const IpAddr& target,
                                                            std::uint16_t sequence) {
    const auto found = std::ranges::find_if(pending_, [&](const Pending& pending) {
        return pending.sequence == sequence && pending.target == target;
    });
    if (found == pending_.end()) return std::nullopt;
    const Pending taken = *found;
    pending_.erase(found);
    return taken;
}

/// One message of the socket, or with MSG_ERRQUEUE one error. Errors: would_block; `protocol` for
/// what answers no request.
Result<IcmpResponse> IcmpSocket::receive_from(Family family, int flags) {
    const bool is_error = (flags & MSG_ERRQUEUE) != 0;
    NativeAddress peer;
    iovec buffer{room_.get(), room_bytes};
    alignas(cmsghdr) std::array<std::byte, 512> control;
    msghdr message{};
    message.msg_name = &peer.address;
    message.msg_namelen = peer.size;
    message.msg_iov = &buffer;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t count = again(
        [&] { return ::recvmsg(socket_of(family)->fd(), &message, flags | MSG_DONTWAIT); });
    if (count < 0) return native::failed();
    peer.size = message.msg_namelen;
    const Ancillary ancillary = read_ancillary(message);
    const auto from = peer.value();
    const auto bytes = std::span(room_.get(), static_cast<std::size_t>(count));
    if (!from || bytes.size() < header_bytes) return fail(Errc::protocol);
    IcmpResponse response;
    const std::uint16_t sequence = big_endian_at(bytes, 6);
    std::span<const std::byte> data = bytes;
    if (is_error) {
        const auto offender = ancillary.offender.value();
        if (!ancillary.error || !offender || ancillary.error->ee_origin == SO_EE_ORIGIN_LOCAL)
            return fail(Errc::protocol);
        response.source = offender->ip();
        response.type = ancillary.error->ee_type;
        response.code = ancillary.error->ee_code;
    } else {
        response.source = from->ip();
        response.type = std::to_integer<std::uint8_t>(bytes[0]);
        response.code = std::to_integer<std::uint8_t>(bytes[1]);
        response.id = big_endian_at(bytes, 4);
        response.seq = sequence;
        data = bytes.subspan(header_bytes);
    }
    const auto request = take_pending(from->ip(), sequence);
    if (!request) return fail(Errc::protocol);
    response.target = request->target;
    response.request_seq = sequence;
    response.ttl = ancillary.ttl;
    response.round_trip =
        std::max(std::chrono::nanoseconds{0},
                 std::chrono::nanoseconds(Clock::now() - request->sent) - ancillary.age);
    response.data.assign(data.begin(), data.end());
    return response;
}

Result<IcmpResponse> IcmpSocket::receive_now() {
    for (const Family family : {Family::v4, Family::v6}) {
        if (!socket_of(family)) continue;
        for (const int flags : {0, int(MSG_ERRQUEUE)}) {
            for (int left = messages_per_turn; left > 0; --left) {
                auto response = receive_from(family, flags);
                if (response) return response;
                // An error's errno, whose text is in the queue, and what is not ours are passed over.
                if (response.error() == Errc::would_block) break;
            }
        }
    }
    return fail(Errc::would_block);
}

Result<IcmpResponse> IcmpSocket::receive(system::Timeout timeout) {
    if (!room_) room_ = std::make_unique_for_overwrite<std::byte[]>(room_bytes);
    HWS_TRY(const Blocking blocking, system::blocking(fd()));
    const auto deadline = deadline_of(timeout ? timeout : read_timeout_);
    while (true) {
        auto response = receive_now();
        if (response || response.error() != Errc::would_block) return response;
        if (blocking == Blocking::never_waits) return fail(Errc::would_block, "icmp recv");
        pollfd entry{fd(), POLLIN, 0};
        const int ready =
            again([&] { return ::poll(&entry, 1, milliseconds_until(deadline)); });
        if (ready < 0) return native::failed();
        if (ready == 0) return fail(Errc::timed_out, "icmp recv");
    }
}

Result<void> IcmpSocket::set_hops(std::uint8_t hops) {
    hops_ = hops;
    if (auto& socket = socket_of(Family::v4))
        HWS_CHECK(set_number(socket->fd(), IPPROTO_IP, IP_TTL, hops));
    if (auto& socket = socket_of(Family::v6))
        HWS_CHECK(set_number(socket->fd(), IPPROTO_IPV6, IPV6_UNICAST_HOPS, hops));
    return {};
}

Result<void> IcmpSocket::set_option(SocketOption option, std::int64_t value) {
    if (option != SocketOption::read_timeout) return fail(Errc::option_not_supported);
    read_timeout_ = value == 0 ? system::Timeout{} : std::chrono::nanoseconds(value);
    return {};
}

} // namespace hws::backend
