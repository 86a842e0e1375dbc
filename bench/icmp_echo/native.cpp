#include "icmp_echo/icmp_echo.hpp"

#include "common/socket.hpp"

#include <arpa/inet.h>
#include <cstring>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <sys/socket.h>
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
        socklen_t size = sizeof source;
        if (::recvfrom(ping, reply, sizeof reply, 0, reinterpret_cast<sockaddr*>(&source), &size) !=
            sizeof message)
            break;
        if (std::memcmp(message + 6, reply + 6, sizeof message - 6) != 0) break;
        std::uint64_t word;
        std::memcpy(&word, reply + header_bytes, sizeof word);
        sum += word + 1;
    }
    ::close(ping);
    return std::to_string(sum);
}

} // namespace hws::bench::icmp_echo
