// inet(3), without inet_aton, inet_pton and inet_ntop, which wasi-libc has.

#include <arpa/inet.h>
#include <cctype>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

constexpr in_addr_t network_mask(in_addr_t host_order) {
    if (IN_CLASSA(host_order)) return IN_CLASSA_NET;
    if (IN_CLASSB(host_order)) return IN_CLASSB_NET;
    return IN_CLASSC_NET;
}
constexpr int network_shift(in_addr_t host_order) {
    if (IN_CLASSA(host_order)) return IN_CLASSA_NSHIFT;
    if (IN_CLASSB(host_order)) return IN_CLASSB_NSHIFT;
    return IN_CLASSC_NSHIFT;
}

} // namespace

extern "C" {

in_addr_t inet_addr(const char* text) {
    in_addr address;
    return inet_aton(text, &address) ? address.s_addr : INADDR_NONE;
}

// Up to four bytes, decimal, octal or hexadecimal, the last one lowest; in host order.
in_addr_t inet_network(const char* text) {
    std::uint32_t network = 0;
    for (int part = 0; part < 4; ++part) {
        // strtoul would take a sign and blanks.
        if (*text < '0' || *text > '9') return INADDR_NONE;
        char* rest = nullptr;
        const unsigned long byte = std::strtoul(text, &rest, 0);
        if (byte > 0xff) return INADDR_NONE;
        network = network << 8 | static_cast<std::uint32_t>(byte);
        if (*rest == '\0') return network;
        if (*rest != '.') return INADDR_NONE;
        text = rest + 1;
    }
    return INADDR_NONE;
}

char* inet_ntoa(in_addr address) {
    static char text[INET_ADDRSTRLEN];
    const std::uint32_t number = ntohl(address.s_addr);
    std::snprintf(text, sizeof text, "%u.%u.%u.%u", number >> 24, number >> 16 & 0xff,
                  number >> 8 & 0xff, number & 0xff);
    return text;
}

in_addr inet_makeaddr(in_addr_t network, in_addr_t host) {
    std::uint32_t address = 0;
    if (network < 0x100) {
        address = network << 24 | (host & 0x00ffffff);
    } else if (network < 0x10000) {
        address = network << 16 | (host & 0x0000ffff);
    } else if (network < 0x1000000) {
        address = network << 8 | (host & 0x000000ff);
    } else {
        address = network | host;
    }
    return {htonl(address)};
}

in_addr_t inet_lnaof(in_addr address) {
    const in_addr_t number = ntohl(address.s_addr);
    return number & ~network_mask(number);
}

in_addr_t inet_netof(in_addr address) {
    const in_addr_t number = ntohl(address.s_addr);
    return (number & network_mask(number)) >> network_shift(number);
}

// `192.0.2/24`, `10`, `0xc00002`: bytes from the highest on, and how many bits of them count.
// Without a length the class decides, and as many bytes as were written at least.
int inet_net_pton(int family, const char* text, void* into, size_t bytes) {
    if (family != AF_INET) {
        errno = EAFNOSUPPORT;
        return -1;
    }
    const auto no_network = [] {
        errno = ENOENT;
        return -1;
    };
    unsigned char network[4] = {};
    int parts = 0;
    const char* at = text;
    if (at[0] == '0' && (at[1] == 'x' || at[1] == 'X')) {
        int digits = 0;
        for (at += 2; std::isxdigit(static_cast<unsigned char>(*at)); ++at, ++digits) {
            if (digits == 8) return no_network();
            const int digit = *at <= '9' ? *at - '0' : (*at | 0x20) - 'a' + 10;
            network[digits / 2] |= static_cast<unsigned char>(digits % 2 ? digit : digit << 4);
        }
        if (digits == 0) return no_network();
        parts = (digits + 1) / 2;
    } else {
        for (;;) {
            if (*at < '0' || *at > '9' || parts == 4) return no_network();
            unsigned value = 0;
            for (; *at >= '0' && *at <= '9'; ++at) {
                value = value * 10 + static_cast<unsigned>(*at - '0');
                if (value > 255) return no_network();
            }
            network[parts++] = static_cast<unsigned char>(value);
            if (*at != '.') break;
            ++at;
        }
    }
    int bits;
    if (*at == '/') {
        if (at[1] < '0' || at[1] > '9') return no_network();
        char* rest = nullptr;
        const unsigned long length = std::strtoul(at + 1, &rest, 10);
        if (*rest != '\0' || length > 32) return no_network();
        bits = static_cast<int>(length);
    } else {
        if (*at != '\0') return no_network();
        bits = network[0] >= 240   ? 32
               : network[0] >= 224 ? 8
               : network[0] >= 192 ? 24
               : network[0] >= 128 ? 16
                                   : 8;
        if (bits < parts * 8) bits = parts * 8;
    }
    const std::size_t needed = static_cast<std::size_t>(bits + 7) / 8;
    if (needed > bytes) {
        errno = EMSGSIZE;
        return -1;
    }
    std::memcpy(into, network, needed);
    return bits;
}

char* inet_net_ntop(int family, const void* network, int bits, char* text, size_t room) {
    if (family != AF_INET) {
        errno = EAFNOSUPPORT;
        return nullptr;
    }
    if (bits < 0 || bits > 32) {
        errno = EINVAL;
        return nullptr;
    }
    const auto* bytes = static_cast<const unsigned char*>(network);
    char whole[32] = "0";
    int length = bits == 0 ? 1 : 0;
    for (int i = 0; i * 8 < bits; ++i)
        length += std::snprintf(whole + length, sizeof whole - static_cast<std::size_t>(length),
                                i ? ".%u" : "%u", unsigned{bytes[i]});
    length +=
        std::snprintf(whole + length, sizeof whole - static_cast<std::size_t>(length), "/%d", bits);
    if (static_cast<std::size_t>(length) >= room) {
        errno = EMSGSIZE;
        return nullptr;
    }
    std::memcpy(text, whole, static_cast<std::size_t>(length) + 1);
    return text;
}
}
