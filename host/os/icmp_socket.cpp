#include "os/icmp_socket.hpp"

#include "os/ancillary.hpp"
#include "os/socket_address.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <linux/filter.h>
#include <linux/icmp.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#include <vector>

namespace hws::host::os {
namespace {

Result<void> set_option(int socket, int level, int name, int value) {
    if (::setsockopt(socket, level, name, &value, sizeof value) < 0)
        return std::unexpected(last_error("setsockopt"));
    return {};
}

Result<void> attach(int socket, std::span<sock_filter> program) {
    const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
    if (::setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) < 0)
        return std::unexpected(last_error("SO_ATTACH_FILTER"));
    return {};
}

constexpr sock_filter accept_all = BPF_STMT(BPF_RET | BPF_K, ~0u);
constexpr sock_filter refuse = BPF_STMT(BPF_RET | BPF_K, 0);
// A jump names how many instructions it skips; the numbers at the left are what the skips count.
// A load beyond the packet's end refuses the packet.

/// The packet begins with the IP header, X is its length. An error quotes the request's IP header 8
/// bytes behind.
Result<void> filter_v4(int socket, std::uint16_t identifier) {
    std::array<sock_filter, 17> program{{
        /* 0*/ BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
        /* 1*/ BPF_STMT(BPF_LD | BPF_B | BPF_IND, 0),
        /* 2*/ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ICMP_ECHOREPLY, 10, 0),
        /* 3*/ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ICMP_DEST_UNREACH, 2, 0),
        /* 4*/ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ICMP_TIME_EXCEEDED, 1, 0),
        /* 5*/ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ICMP_PARAMETERPROB, 0, 10),
        /* 6*/ BPF_STMT(BPF_LD | BPF_B | BPF_IND, 8),
        /* 7*/ BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0x0f),
        /* 8*/ BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 2),
        /* 9*/ BPF_STMT(BPF_ALU | BPF_ADD | BPF_X, 0),
        /*10*/ BPF_STMT(BPF_MISC | BPF_TAX, 0),
        /*11*/ BPF_STMT(BPF_LD | BPF_H | BPF_IND, 8 + 4), // the quoted request's identifier
        /*12*/ BPF_STMT(BPF_JMP | BPF_JA, 1),
        /*13*/ BPF_STMT(BPF_LD | BPF_H | BPF_IND, 4), // the reply's identifier
        /*14*/ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, identifier, 0, 1),
        /*15*/ accept_all,
        /*16*/ refuse,
    }};
    return attach(socket, program);
}

/// The packet begins with the ICMPv6 header; an error quotes the request's IPv6 header 8 bytes
/// behind. Quoted packets with extension headers pass: walking through them is left to the parser.
Result<void> filter_v6(int socket, std::uint16_t identifier) {
    std::array<sock_filter, 16> program{{
        /* 0*/ BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
        /* 1*/ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ICMP6_ECHO_REPLY, 10, 0),
        /* 2*/ BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, ICMP6_PARAM_PROB, 12, 0),
        /* 3*/ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 11, 0),
        /* 4*/ BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 8 + 6), // the quoted packet's next header
        /* 5*/ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_ICMPV6, 4, 0),
        /* 6*/ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_FRAGMENT, 7, 0),
        /* 7*/ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_HOPOPTS, 6, 0),
        /* 8*/ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_ROUTING, 5, 0),
        /* 9*/ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_DSTOPTS, 4, 5),
        /*10*/ BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 8 + 40 + 4), // the quoted request's identifier
        /*11*/ BPF_STMT(BPF_JMP | BPF_JA, 1),
        /*12*/ BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 4), // the reply's identifier
        /*13*/ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, identifier, 0, 1),
        /*14*/ accept_all,
        /*15*/ refuse,
    }};
    return attach(socket, program);
}

/// Keeps other types away before the filter program runs.
Result<void> filter_types_v4(int socket) {
    icmp_filter filter{};
    filter.data = ~(1u << ICMP_ECHOREPLY | 1u << ICMP_DEST_UNREACH | 1u << ICMP_TIME_EXCEEDED |
                    1u << ICMP_PARAMETERPROB);
    if (::setsockopt(socket, SOL_RAW, ICMP_FILTER, &filter, sizeof filter) < 0)
        return std::unexpected(last_error("ICMP_FILTER"));
    return {};
}

Result<void> filter_types_v6(int socket) {
    icmp6_filter filter;
    ICMP6_FILTER_SETBLOCKALL(&filter);
    ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &filter);
    ICMP6_FILTER_SETPASS(ICMP6_DST_UNREACH, &filter);
    ICMP6_FILTER_SETPASS(ICMP6_PACKET_TOO_BIG, &filter);
    ICMP6_FILTER_SETPASS(ICMP6_TIME_EXCEEDED, &filter);
    ICMP6_FILTER_SETPASS(ICMP6_PARAM_PROB, &filter);
    if (::setsockopt(socket, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof filter) < 0)
        return std::unexpected(last_error("ICMP6_FILTER"));
    return {};
}

/// The kernel's own EACCES must not look like our policy's `denied`.
Error system_error(std::string_view what) {
    if (errno == EACCES || errno == EPERM) return Error(Errc::not_permitted, std::string(what));
    return last_error(what);
}

/// A ping socket's port is the identifier of its echo requests.
Result<void> bind_identifier(int socket, bool is_ipv4, std::uint16_t identifier) {
    const IpAddr any = is_ipv4 ? IpAddr(Ipv4Addr()) : IpAddr(Ipv6Addr());
    sockaddr_storage native{};
    const socklen_t size = to_native(SocketAddr(any, identifier), native);
    if (::bind(socket, reinterpret_cast<const sockaddr*>(&native), size) < 0)
        return std::unexpected(system_error("bind"));
    return {};
}

/// How long ago a packet arrived, by the time that the system noted then; 0: it noted none.
std::chrono::nanoseconds age_of(const Ancillary& ancillary) {
    if (!(ancillary.fields & abi::v2::ancillary_fields::timestamp_nanoseconds)) return {};
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    const auto age = std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec) -
                     std::chrono::nanoseconds(ancillary.time);
    // Negative or huge: the clock was set meanwhile.
    if (age < std::chrono::nanoseconds{0} || age > std::chrono::minutes(5)) return {};
    return age;
}

std::optional<std::uint8_t> hops_of(const Ancillary& ancillary) {
    using namespace abi::v2::ancillary_fields;
    const bool is_told = (ancillary.fields & (ipv4_ttl | ipv6_hops)) != 0;
    if (!is_told || ancillary.hops < 0 || ancillary.hops > 255) return {};
    return static_cast<std::uint8_t>(ancillary.hops);
}

/// One recvmsg with its address and ancillary data.
class Reception {
public:
    explicit Reception(std::span<std::byte> into) : buffer_{into.data(), into.size()} {}

    Result<std::size_t> receive(int socket, int flags) {
        header_ = {};
        header_.msg_name = &address_;
        header_.msg_namelen = sizeof address_;
        header_.msg_iov = &buffer_;
        header_.msg_iovlen = 1;
        header_.msg_control = &control_;
        header_.msg_controllen = sizeof control_;
        ssize_t size;
        do
            size = ::recvmsg(socket, &header_, flags | MSG_DONTWAIT);
        while (size < 0 && errno == EINTR);
        if (size < 0) return std::unexpected(last_error());
        return static_cast<std::size_t>(size);
    }
    Result<SocketAddr> address() const {
        return from_native(reinterpret_cast<const sockaddr*>(&address_), header_.msg_namelen);
    }
    Ancillary ancillary() { return read_ancillary(header_); }
    std::optional<SocketError> error() { return read_socket_error(header_); }

private:
    iovec buffer_;
    msghdr header_;
    sockaddr_storage address_;
    ControlRoom control_;
};

} // namespace

Result<IcmpSocket> IcmpSocket::open(IcmpSocketKind kind, const IpAddr& family_of,
                                    std::uint16_t identifier) {
    const bool is_ipv4 = family_of.is_ipv4();
    const int type = kind == IcmpSocketKind::ping ? SOCK_DGRAM : SOCK_RAW;
    Fd fd(::socket(is_ipv4 ? AF_INET : AF_INET6, type | SOCK_NONBLOCK | SOCK_CLOEXEC,
                   is_ipv4 ? static_cast<int>(IPPROTO_ICMP) : static_cast<int>(IPPROTO_ICMPV6)));
    if (!fd.is_open()) return std::unexpected(system_error("socket"));
    HWS_CHECK(set_option(fd.get(), SOL_SOCKET, SO_TIMESTAMPNS, 1));
    if (is_ipv4) {
        HWS_CHECK(set_option(fd.get(), IPPROTO_IP, IP_RECVTTL, 1));
    } else {
        HWS_CHECK(set_option(fd.get(), IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1));
    }
    if (kind == IcmpSocketKind::ping) {
        HWS_CHECK(is_ipv4 ? set_option(fd.get(), IPPROTO_IP, IP_RECVERR, 1)
                          : set_option(fd.get(), IPPROTO_IPV6, IPV6_RECVERR, 1));
        HWS_CHECK(bind_identifier(fd.get(), is_ipv4, identifier));
    } else {
        HWS_CHECK(is_ipv4 ? filter_types_v4(fd.get()) : filter_types_v6(fd.get()));
        HWS_CHECK(is_ipv4 ? filter_v4(fd.get(), identifier) : filter_v6(fd.get(), identifier));
    }
    return IcmpSocket(std::move(fd), kind, is_ipv4);
}

Result<void> IcmpSocket::set_ttl(std::optional<std::uint8_t> ttl) {
    if (ttl == ttl_) return {};
    const int value = ttl ? *ttl : -1; // -1: the system's default
    HWS_CHECK(is_ipv4_ ? set_option(fd_.get(), IPPROTO_IP, IP_TTL, value)
                       : set_option(fd_.get(), IPPROTO_IPV6, IPV6_UNICAST_HOPS, value));
    ttl_ = ttl;
    return {};
}

Result<void> IcmpSocket::send(const SocketAddr& target, std::span<const std::byte> header,
                              std::span<const std::byte> payload, std::optional<std::uint8_t> ttl) {
    HWS_CHECK(set_ttl(ttl));
    sockaddr_in6 native;
    // Raw IPv6 sockets take a port for a protocol number.
    const socklen_t size =
        to_native(SocketAddr(target.ip(), 0, target.scope_id(), target.flowinfo()), native);
    // One piece, copied together if it is short: a sendmsg of two costs a fifth more.
    std::array<std::byte, 2048> together;
    std::vector<std::byte> elsewhere;
    std::span<std::byte> message = together;
    if (header.size() + payload.size() > together.size()) {
        elsewhere.resize(header.size() + payload.size());
        message = elsewhere;
    }
    message = message.first(header.size() + payload.size());
    std::ranges::copy(header, message.begin());
    std::ranges::copy(payload, message.begin() + static_cast<std::ptrdiff_t>(header.size()));
    // An ICMP error about an earlier request leaves its errno in a ping socket, and the next send
    // reports it without sending anything. Reporting clears it, so an error counts only if it comes
    // again.
    for (int attempts = kind_ == IcmpSocketKind::ping ? 3 : 1;; --attempts) {
        if (::sendto(fd_.get(), message.data(), message.size(), MSG_NOSIGNAL,
                     reinterpret_cast<const sockaddr*>(&native), size) >= 0)
            return {};
        if (errno == EINTR) continue;
        if (errno == EAGAIN || errno == ENOBUFS)
            return fail(Errc::rate_limited, "the socket's send buffer is full");
        if (errno == EACCES || errno == EPERM)
            return fail(Errc::not_permitted,
                        "the host's routes or packet filter prohibit this destination");
        if (attempts <= 1) return std::unexpected(last_error());
    }
}

Result<IcmpSocket::Arrival> IcmpSocket::receive(std::span<std::byte> into) {
    Reception reception(into);
    HWS_TRY(const std::size_t size, reception.receive(fd_.get(), 0));
    HWS_TRY(const SocketAddr source, reception.address());
    const Ancillary ancillary = reception.ancillary();
    return Arrival{size, source, hops_of(ancillary), age_of(ancillary)};
}

Result<IcmpSocket::QueuedError> IcmpSocket::receive_error(std::span<std::byte> into) {
    for (;;) {
        Reception reception(into);
        HWS_TRY(const std::size_t size, reception.receive(fd_.get(), MSG_ERRQUEUE));
        const std::optional<SocketError> told = reception.error();
        if (!told) continue;
        // SO_EE_ORIGIN_LOCAL: this machine refused to send; send() said so already.
        const auto& error = told->error;
        if (error.ee_origin != SO_EE_ORIGIN_ICMP && error.ee_origin != SO_EE_ORIGIN_ICMP6) continue;
        const auto offender = from_native(told->offender);
        const auto target = reception.address();
        if (!offender || !target) continue;
        const Ancillary ancillary = reception.ancillary();
        return QueuedError{size,
                           *offender,
                           *target,
                           error.ee_type,
                           error.ee_code,
                           hops_of(ancillary),
                           age_of(ancillary)};
    }
}

std::string icmp_permission_advice() {
    const std::string group = std::to_string(::getegid());
    return "the kernel grants this process no ICMP socket; either let its group use ping sockets "
           "(sysctl -w net.ipv4.ping_group_range=\"" +
           group + " " + group +
           "\", which also covers IPv6) or give the program the capability CAP_NET_RAW for raw "
           "sockets "
           "(setcap cap_net_raw+ep <program>)";
}

std::uint16_t random_identifier() {
    std::uint16_t value = 0;
    // Two bytes of the kernel's generator never come short; before it is seeded the address of the
    // stack must do.
    if (::getrandom(&value, sizeof value, GRND_NONBLOCK) != sizeof value)
        value = static_cast<std::uint16_t>(reinterpret_cast<std::uintptr_t>(&value) >> 4);
    return value;
}

} // namespace hws::host::os
