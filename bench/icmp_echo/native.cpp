#include "icmp_echo/icmp_echo.hpp"

#include "common/socket.hpp"

#include <arpa/inet.h>
#include <cstring>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

namespace hws::bench::icmp_echo {

std::string run_native(std::uint64_t count) {
    const int ping = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_ICMP);
    if (ping < 0) return "no ping socket";
    sockaddr_in target{};
    target.sin_family = AF_INET;
    target.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    constexpr std::size_t header_bytes = 8;
    unsigned char message[header_bytes + payload_bytes] = {ICMP_ECHO};
    unsigned char reply[2 * sizeof message];
    fill_pattern(message + header_bytes, payload_bytes);
    // What IcmpSocket tells of a reply: how many hops it had left, and when it came.
    const int on = 1;
    ::setsockopt(ping, IPPROTO_IP, IP_RECVTTL, &on, sizeof on);
    ::setsockopt(ping, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
    std::uint64_t told = 0;
    std::uint64_t sum = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
        const auto sequence = static_cast<std::uint16_t>(i);
        message[6] = static_cast<unsigned char>(sequence >> 8);
        message[7] = static_cast<unsigned char>(sequence);
        std::memcpy(message + header_bytes, &i, sizeof i);
        if (::sendto(ping, message, sizeof message, 0, reinterpret_cast<const sockaddr*>(&target),
                     sizeof target) != sizeof message)
            break;
        sockaddr_in source{};
        alignas(cmsghdr) unsigned char control[CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(timespec))];
        iovec buffer{reply, sizeof reply};
        msghdr header{};
        header.msg_name = &source;
        header.msg_namelen = sizeof source;
        header.msg_iov = &buffer;
        header.msg_iovlen = 1;
        header.msg_control = control;
        header.msg_controllen = sizeof control;
        if (::recvmsg(ping, &header, 0) != sizeof message) break;
        for (cmsghdr* part = CMSG_FIRSTHDR(&header); part; part = CMSG_NXTHDR(&header, part))
            told += part->cmsg_type == IP_TTL || part->cmsg_type == SCM_TIMESTAMPNS;
        if (std::memcmp(message + 6, reply + 6, sizeof message - 6) != 0) break;
        std::uint64_t word;
        std::memcpy(&word, reply + header_bytes, sizeof word);
        sum += word + 1;
    }
    ::close(ping);
    if (told != 2 * count) return "a reply without its hops or its time";
    return std::to_string(sum);
}

} // namespace hws::bench::icmp_echo
