#include "os/ancillary.hpp"

#include <algorithm>
#include <cstring>
#include <netinet/in.h>
#include <sys/time.h>
#include <time.h>

namespace hws::host::os {

namespace fields = abi::v2::ancillary_fields;

namespace {

constexpr std::uint64_t second = 1'000'000'000;

// Each message that write_ancillary may lay out, or that the system may answer with.
static_assert(sizeof(ControlRoom) >= CMSG_SPACE(sizeof(in_pktinfo)) +
                                         CMSG_SPACE(sizeof(in6_pktinfo)) +
                                         4 * CMSG_SPACE(sizeof(int)) +
                                         CMSG_SPACE(sizeof(timespec)));
static_assert(sizeof(ControlRoom) >= CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(timespec)) +
                                         CMSG_SPACE(sizeof(sock_extended_err) +
                                                    sizeof(sockaddr_in6)));

class Writer {
public:
    Writer(ControlRoom& room, msghdr& header) : header_(header) {
        // CMSG_NXTHDR looks at what stands where the next one will.
        room = {};
        header_.msg_control = &room;
        header_.msg_controllen = sizeof room;
        next_ = CMSG_FIRSTHDR(&header_);
    }

    template <class Value> void add(int level, int type, const Value& value) {
        next_->cmsg_level = level;
        next_->cmsg_type = type;
        next_->cmsg_len = CMSG_LEN(sizeof value);
        std::memcpy(CMSG_DATA(next_), &value, sizeof value);
        used_ += CMSG_SPACE(sizeof value);
        next_ = CMSG_NXTHDR(&header_, next_);
    }

    void finish() { header_.msg_controllen = used_; }

private:
    msghdr& header_;
    cmsghdr* next_;
    std::size_t used_ = 0;
};

template <class Value> bool take(const cmsghdr& part, Value& value) {
    if (part.cmsg_len < CMSG_LEN(sizeof value)) return false;
    std::memcpy(&value, CMSG_DATA(const_cast<cmsghdr*>(&part)), sizeof value);
    return true;
}

Ipv4Addr ipv4_address(const in_addr& address) {
    std::array<std::uint8_t, 4> octets;
    std::memcpy(octets.data(), &address, octets.size());
    return Ipv4Addr(octets);
}

void read_ipv4(const cmsghdr& part, Ancillary& into) {
    in_pktinfo info;
    int number = 0;
    if (part.cmsg_type == IP_PKTINFO && take(part, info)) {
        into.fields |= fields::ipv4_info;
        into.interface_index = static_cast<std::uint32_t>(info.ipi_ifindex);
        into.destination = ipv4_address(info.ipi_addr);
        into.local = ipv4_address(info.ipi_spec_dst);
    } else if (part.cmsg_type == IP_TTL && take(part, number)) {
        into.fields |= fields::ipv4_ttl;
        into.hops = number;
    } else if (part.cmsg_type == IP_TOS) {
        std::uint8_t tos = 0;
        if (!take(part, tos)) return;
        into.fields |= fields::ipv4_tos;
        into.traffic_class = tos;
    }
}

void read_ipv6(const cmsghdr& part, Ancillary& into) {
    in6_pktinfo info;
    int number = 0;
    if (part.cmsg_type == IPV6_PKTINFO && take(part, info)) {
        into.fields |= fields::ipv6_info;
        into.interface_index = info.ipi6_ifindex;
        // Of an IPv4 datagram the other info tells more.
        if (into.destination) return;
        std::array<std::uint8_t, 16> octets;
        std::memcpy(octets.data(), &info.ipi6_addr, octets.size());
        into.destination = Ipv6Addr(octets);
    } else if (part.cmsg_type == IPV6_HOPLIMIT && take(part, number)) {
        into.fields |= fields::ipv6_hops;
        into.hops = number;
    } else if (part.cmsg_type == IPV6_TCLASS && take(part, number)) {
        into.fields |= fields::ipv6_traffic_class;
        into.traffic_class = number;
    }
}

void read_socket(const cmsghdr& part, Ancillary& into) {
    timespec precise{};
    timeval coarse{};
    if (part.cmsg_type == SCM_TIMESTAMPNS && take(part, precise)) {
        into.fields |= fields::timestamp_nanoseconds;
        into.time = static_cast<std::uint64_t>(precise.tv_sec) * second +
                    static_cast<std::uint64_t>(precise.tv_nsec);
    } else if (part.cmsg_type == SCM_TIMESTAMP && take(part, coarse)) {
        into.fields |= fields::timestamp;
        into.time = static_cast<std::uint64_t>(coarse.tv_sec) * second +
                    static_cast<std::uint64_t>(coarse.tv_usec) * 1000;
    }
}

} // namespace

Result<void> write_ancillary(const Ancillary& from, ControlRoom& room, msghdr& header) {
    Writer writer(room, header);
    if (from.fields & fields::ipv4_info) {
        in_pktinfo info{};
        info.ipi_ifindex = static_cast<int>(from.interface_index);
        if (from.local) {
            if (!from.local->is_ipv4()) return fail(Errc::invalid_argument, "source address");
            std::memcpy(&info.ipi_spec_dst, from.local->v4().octets().data(), 4);
        }
        writer.add(IPPROTO_IP, IP_PKTINFO, info);
    }
    if (from.fields & fields::ipv6_info) {
        in6_pktinfo info{};
        info.ipi6_ifindex = from.interface_index;
        if (from.local) {
            if (!from.local->is_ipv6()) return fail(Errc::invalid_argument, "source address");
            std::memcpy(&info.ipi6_addr, from.local->v6().octets().data(), 16);
        }
        writer.add(IPPROTO_IPV6, IPV6_PKTINFO, info);
    }
    if (from.fields & fields::ipv4_ttl) writer.add(IPPROTO_IP, IP_TTL, from.hops);
    if (from.fields & fields::ipv6_hops) writer.add(IPPROTO_IPV6, IPV6_HOPLIMIT, from.hops);
    if (from.fields & fields::ipv4_tos) writer.add(IPPROTO_IP, IP_TOS, from.traffic_class);
    if (from.fields & fields::ipv6_traffic_class)
        writer.add(IPPROTO_IPV6, IPV6_TCLASS, from.traffic_class);
    writer.finish();
    return {};
}

Ancillary read_ancillary(msghdr& header) {
    Ancillary ancillary;
    for (cmsghdr* part = CMSG_FIRSTHDR(&header); part; part = CMSG_NXTHDR(&header, part)) {
        if (part->cmsg_level == IPPROTO_IP) read_ipv4(*part, ancillary);
        if (part->cmsg_level == IPPROTO_IPV6) read_ipv6(*part, ancillary);
        if (part->cmsg_level == SOL_SOCKET) read_socket(*part, ancillary);
    }
    return ancillary;
}

std::optional<SocketError> read_socket_error(msghdr& header) {
    for (cmsghdr* part = CMSG_FIRSTHDR(&header); part; part = CMSG_NXTHDR(&header, part)) {
        const bool is_error = (part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_RECVERR) ||
                              (part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_RECVERR);
        SocketError told;
        if (!is_error || !take(*part, told.error)) continue;
        // The offender's address follows the structure (SO_EE_OFFENDER).
        const std::size_t offset = CMSG_LEN(sizeof told.error);
        std::memcpy(&told.offender, CMSG_DATA(part) + sizeof told.error,
                    std::min(part->cmsg_len - offset, sizeof told.offender));
        return told;
    }
    return {};
}

} // namespace hws::host::os
