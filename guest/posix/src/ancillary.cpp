#include "ancillary.hpp"

#include <algorithm>
#include <cstring>
#include <netinet/in.h>
#include <sys/time.h>

namespace hws::posix {

namespace fields = v2::ancillary_fields;

namespace {

constexpr std::uint64_t second = 1'000'000'000;

/// A number within its range, or EINVAL.
int take_number(const cmsghdr& part, int least, int most, std::int32_t& into) {
    int number = 0;
    if (part.cmsg_len == CMSG_LEN(sizeof number)) {
        std::memcpy(&number, CMSG_DATA(&part), sizeof number);
    } else if (part.cmsg_level == IPPROTO_IP && part.cmsg_type == IP_TOS &&
               part.cmsg_len == CMSG_LEN(1)) {
        number = *CMSG_DATA(&part);
    } else {
        return EINVAL;
    }
    if (number < least || number > most) return EINVAL;
    into = number;
    return 0;
}

/// The address that a packet info names, and its interface. The later of two of them counts.
void take_info(v2::Ancillary& into, v2::AncillaryFields field, v2::Family family,
               const void* address, std::size_t bytes, unsigned interface) {
    into.fields &= ~(fields::ipv4_info | fields::ipv6_info);
    into.fields |= field;
    into.interface_index = interface;
    into.local = {};
    into.local.family = static_cast<std::uint16_t>(family);
    std::memcpy(into.local.octets, address, bytes);
}

int read_ipv4(const cmsghdr& part, v2::Ancillary& into) {
    switch (part.cmsg_type) {
    case IP_PKTINFO: {
        in_pktinfo info;
        if (part.cmsg_len != CMSG_LEN(sizeof info)) return EINVAL;
        std::memcpy(&info, CMSG_DATA(&part), sizeof info);
        take_info(into, fields::ipv4_info, v2::Family::ipv4, &info.ipi_spec_dst, 4,
                  static_cast<unsigned>(info.ipi_ifindex));
        return 0;
    }
    case IP_TTL:
        into.fields |= fields::ipv4_ttl;
        return take_number(part, 1, 255, into.hops);
    case IP_TOS:
        into.fields |= fields::ipv4_tos;
        return take_number(part, 0, 255, into.traffic_class);
    default:
        return EINVAL;
    }
}

int read_ipv6(const cmsghdr& part, v2::Ancillary& into) {
    switch (part.cmsg_type) {
    case IPV6_PKTINFO: {
        in6_pktinfo info;
        if (part.cmsg_len < CMSG_LEN(sizeof info)) return EINVAL;
        std::memcpy(&info, CMSG_DATA(&part), sizeof info);
        take_info(into, fields::ipv6_info, v2::Family::ipv6, &info.ipi6_addr, 16,
                  info.ipi6_ifindex);
        return 0;
    }
    case IPV6_HOPLIMIT:
        into.fields |= fields::ipv6_hops;
        return take_number(part, -1, 255, into.hops);
    case IPV6_TCLASS:
        into.fields |= fields::ipv6_traffic_class;
        return take_number(part, -1, 255, into.traffic_class);
    default:
        return EINVAL;
    }
}

/// Appends parts to the control data of a message, as put_cmsg of Linux: one that does not fit is
/// cut, and what follows is left out.
class Control {
public:
    explicit Control(msghdr& message)
        : at_(static_cast<unsigned char*>(message.msg_control)),
          left_(at_ ? static_cast<std::size_t>(message.msg_controllen) : 0) {}

    template <class Value> void add(int level, int type, const Value& value) {
        if (left_ < sizeof(cmsghdr)) {
            is_cut_ = true;
            return;
        }
        std::size_t length = CMSG_LEN(sizeof value);
        if (left_ < length) {
            is_cut_ = true;
            length = left_;
        }
        cmsghdr header{};
        header.cmsg_len = static_cast<socklen_t>(length);
        header.cmsg_level = level;
        header.cmsg_type = type;
        std::memcpy(at_, &header, sizeof header);
        std::memcpy(at_ + CMSG_LEN(0), &value, length - CMSG_LEN(0));
        const std::size_t space = std::min<std::size_t>(CMSG_SPACE(sizeof value), left_);
        at_ += space;
        left_ -= space;
        used_ += space;
    }

    bool is_cut() const { return is_cut_; }
    std::size_t used() const { return used_; }

private:
    unsigned char* at_;
    std::size_t left_;
    std::size_t used_ = 0;
    bool is_cut_ = false;
};

in_addr ipv4_of(const v2::Address& address) {
    in_addr ipv4;
    std::memcpy(&ipv4, address.octets, sizeof ipv4);
    return ipv4;
}

in6_addr ipv6_of(const v2::Address& address) {
    in6_addr ipv6{};
    if (address.family == static_cast<std::uint16_t>(v2::Family::ipv4)) {
        ipv6.s6_addr[10] = ipv6.s6_addr[11] = 0xff;
        std::memcpy(ipv6.s6_addr + 12, address.octets, 4);
    } else {
        std::memcpy(&ipv6, address.octets, sizeof ipv6);
    }
    return ipv6;
}

} // namespace

int read_control(int fd, const msghdr& message, v2::Ancillary& into) {
    std::uint64_t family = 0;
    const auto status = v2::socket_get_option({fd}, v2::Option::family, v2::at(&family));
    if (failed(status)) return errno_of(status);
    const bool is_ip = family != static_cast<std::uint64_t>(v2::Family::local);
    const bool is_ipv6 = family == static_cast<std::uint64_t>(v2::Family::ipv6);
    const auto* const end =
        static_cast<const unsigned char*>(message.msg_control) + message.msg_controllen;
    for (const cmsghdr* part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
        const auto left =
            static_cast<std::size_t>(end - reinterpret_cast<const unsigned char*>(part));
        if (part->cmsg_len < sizeof(cmsghdr) || part->cmsg_len > left) return EINVAL;
        int error = 0;
        if (part->cmsg_level == SOL_SOCKET)
            error = part->cmsg_type == SCM_RIGHTS || part->cmsg_type == SCM_CREDENTIALS ? EOPNOTSUPP
                                                                                        : EINVAL;
        else if (part->cmsg_level == IPPROTO_IP && is_ip)
            error = read_ipv4(*part, into);
        else if (part->cmsg_level == IPPROTO_IPV6 && is_ipv6)
            error = read_ipv6(*part, into);
        if (error) return error;
    }
    return 0;
}

int write_control(const v2::Ancillary& from, msghdr& message) {
    Control control(message);
    // In the order of Linux.
    if (from.fields & fields::timestamp) {
        const timeval time{static_cast<time_t>(from.time / second),
                           static_cast<suseconds_t>(from.time % second / 1000)};
        control.add(SOL_SOCKET, SCM_TIMESTAMP, time);
    }
    if (from.fields & fields::timestamp_nanoseconds) {
        timespec time{};
        time.tv_sec = static_cast<time_t>(from.time / second);
        time.tv_nsec = static_cast<long>(from.time % second);
        control.add(SOL_SOCKET, SCM_TIMESTAMPNS, time);
    }
    if (from.fields & fields::ipv6_info)
        control.add(IPPROTO_IPV6, IPV6_PKTINFO,
                    in6_pktinfo{ipv6_of(from.destination), from.interface_index});
    if (from.fields & fields::ipv4_info)
        control.add(IPPROTO_IP, IP_PKTINFO,
                    in_pktinfo{static_cast<int>(from.interface_index), ipv4_of(from.local),
                               ipv4_of(from.destination)});
    if (from.fields & fields::ipv4_ttl) control.add(IPPROTO_IP, IP_TTL, int{from.hops});
    if (from.fields & fields::ipv6_hops) control.add(IPPROTO_IPV6, IPV6_HOPLIMIT, int{from.hops});
    if (from.fields & fields::ipv4_tos)
        control.add(IPPROTO_IP, IP_TOS, static_cast<unsigned char>(from.traffic_class));
    if (from.fields & fields::ipv6_traffic_class)
        control.add(IPPROTO_IPV6, IPV6_TCLASS, int{from.traffic_class});
    message.msg_controllen = static_cast<socklen_t>(control.used());
    return control.is_cut() ? MSG_CTRUNC : 0;
}

} // namespace hws::posix
