// Addresses of Ethernet as text: ether_aton(3).

#include <cctype>
#include <cstdio>
#include <cstring>
#include <netinet/ether.h>

namespace {

int digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

/// Six numbers of one or two digits with colons between; what follows them, null if that is not
/// there.
const char* read_address(const char* text, ether_addr& into) {
    for (int i = 0; i < ETH_ALEN; ++i) {
        if (i > 0 && *text++ != ':') return nullptr;
        const int first = digit(*text);
        if (first < 0) return nullptr;
        const int second = digit(*++text);
        into.ether_addr_octet[i] =
            static_cast<uint8_t>(second < 0 ? first : first * 16 + second);
        if (second >= 0)
            ++text;
        else if (i == ETH_ALEN - 1 && *text && !std::isspace(static_cast<unsigned char>(*text)))
            return nullptr;
    }
    return text;
}

} // namespace

extern "C" {

char* ether_ntoa_r(const ether_addr* address, char* into) {
    const uint8_t* const octets = address->ether_addr_octet;
    std::sprintf(into, "%x:%x:%x:%x:%x:%x", octets[0], octets[1], octets[2], octets[3], octets[4],
                 octets[5]);
    return into;
}

char* ether_ntoa(const ether_addr* address) {
    static char text[18];
    return ether_ntoa_r(address, text);
}

ether_addr* ether_aton_r(const char* text, ether_addr* into) {
    ether_addr address;
    if (!read_address(text, address)) return nullptr;
    *into = address;
    return into;
}

ether_addr* ether_aton(const char* text) {
    static ether_addr address;
    return ether_aton_r(text, &address);
}

int ether_line(const char* line, ether_addr* address, char* name) {
    const char* at = read_address(line, *address);
    if (!at) return -1;
    while (is_blank(*at))
        ++at;
    std::size_t length = 0;
    while (at[length] && !is_blank(at[length]) && !std::strchr("#\r\n", at[length]))
        ++length;
    if (length == 0) return -1;
    std::memcpy(name, at, length);
    name[length] = '\0';
    return 0;
}

int ether_ntohost(char*, const ether_addr*) {
    return -1;
}

int ether_hostton(const char*, ether_addr*) {
    return -1;
}
}
