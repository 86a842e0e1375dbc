// inet(3), without inet_aton, inet_pton and inet_ntop, which wasi-libc has.

#include <arpa/inet.h>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

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
}
