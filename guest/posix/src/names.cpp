#include "names.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <net/if.h>
#include <netdb.h>

namespace hws::posix {

namespace {

/// EAI_* of an answer. What no number of getaddrinfo says, a denial above all, is told by errno.
int name_error_of(v2::Status status) {
    switch (static_cast<Errc>(static_cast<std::uint16_t>(status))) {
    case Errc::name_not_found:
    case Errc::not_found:
    case Errc::bad_name:
    case Errc::invalid_argument:
    case Errc::name_too_long:
        return EAI_NONAME;
    case Errc::resolver_failed:
    case Errc::timed_out:
    case Errc::would_block:
    case Errc::rate_limited:
        return EAI_AGAIN;
    case Errc::out_of_memory:
        return EAI_MEMORY;
    default:
        errno = errno_of(status);
        return EAI_SYSTEM;
    }
}

bool is_link_local(const std::uint8_t* octets) {
    return octets[0] == 0xfe && (octets[1] & 0xc0) == 0x80;
}
bool is_link_local_group(const std::uint8_t* octets) {
    return octets[0] == 0xff && ((octets[1] & 0x0f) == 1 || (octets[1] & 0x0f) == 2);
}

/// A scope: a number, or for addresses of one link the name of an interface.
bool parse_scope(const char* text, const std::uint8_t* octets, std::uint32_t& scope) {
    if (*text >= '0' && *text <= '9') {
        char* rest = nullptr;
        const unsigned long long number = std::strtoull(text, &rest, 10);
        scope = static_cast<std::uint32_t>(number);
        return *rest == '\0' && number <= 0xffffffff;
    }
    if (!is_link_local(octets) && !is_link_local_group(octets)) return false;
    scope = if_nametoindex(text);
    return scope != 0;
}

} // namespace

int resolve(const char* name, v2::Family family, Addresses& into) {
    const std::size_t length = std::strlen(name);
    if (length == 0 || length > 255) return EAI_NONAME;
    std::uint32_t there = 0;
    const auto status = v2::resolve(v2::span_at<const char>(name, length), family, v2::no_limit,
                                    v2::span_at(into.first, max_addresses), v2::at(&there));
    into.count = failed(status) ? 0 : std::min(there, max_addresses);
    if (failed(status)) return name_error_of(status);
    return into.count ? 0 : EAI_NONAME;
}

int resolve_address(const v2::Address& address, char* name, std::size_t bytes) {
    std::uint32_t length = 0;
    const auto status = v2::resolve_address(v2::at(&address), v2::no_limit,
                                            v2::span_at(name, bytes), v2::at(&length));
    if (failed(status)) return name_error_of(status);
    if (length >= bytes) return EAI_OVERFLOW;
    name[length] = '\0';
    return 0;
}

bool parse_address(const char* text, v2::Address& into) {
    into = {};
    in_addr ipv4;
    if (inet_aton(text, &ipv4)) {
        into.family = static_cast<std::uint16_t>(v2::Family::ipv4);
        std::memcpy(into.octets, &ipv4, 4);
        return true;
    }
    char address[INET6_ADDRSTRLEN];
    const char* percent = std::strchr(text, '%');
    const std::size_t length =
        percent ? static_cast<std::size_t>(percent - text) : std::strlen(text);
    if (length >= sizeof address) return false;
    std::memcpy(address, text, length);
    address[length] = '\0';
    if (inet_pton(AF_INET6, address, into.octets) != 1) return false;
    into.family = static_cast<std::uint16_t>(v2::Family::ipv6);
    return !percent || parse_scope(percent + 1, into.octets, into.scope_id);
}

void format_address(const v2::Address& address, bool numeric_scope, char* into) {
    const int family = family_of(address.family);
    into[0] = '\0';
    inet_ntop(family, address.octets, into, INET6_ADDRSTRLEN);
    if (family != AF_INET6 || address.scope_id == 0) return;
    char name[IF_NAMESIZE];
    const bool one_link = is_link_local(address.octets) || is_link_local_group(address.octets);
    if (numeric_scope || !one_link || !if_indextoname(address.scope_id, name))
        std::snprintf(name, sizeof name, "%u", address.scope_id);
    const std::size_t length = std::strlen(into);
    std::snprintf(into + length, address_text_bytes - length, "%%%s", name);
}

v2::Address mapped(const v2::Address& address) {
    if (static_cast<v2::Family>(address.family) != v2::Family::ipv4) return address;
    v2::Address ipv6 = address;
    ipv6.family = static_cast<std::uint16_t>(v2::Family::ipv6);
    std::memset(ipv6.octets, 0, 10);
    std::memset(ipv6.octets + 10, 0xff, 2);
    std::memcpy(ipv6.octets + 12, address.octets, 4);
    return ipv6;
}

} // namespace hws::posix
