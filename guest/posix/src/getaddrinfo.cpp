// getaddrinfo(3), getnameinfo(3), gai_strerror(3).

#include "databases.hpp"
#include "interfaces.hpp"
#include "names.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <netdb.h>
#include <netinet/in.h>

using namespace hws::posix;

namespace {

struct Kind {
    int type;
    int protocol;
    const char* name;
};
constexpr Kind kinds[] = {{SOCK_STREAM, IPPROTO_TCP, "tcp"}, {SOCK_DGRAM, IPPROTO_UDP, "udp"}};

/// One endpoint asked for: a kind of socket, and the port of the service for it.
struct Endpoint {
    Kind kind;
    std::uint16_t port;
};
struct Endpoints {
    Endpoint first[2];
    int count = 0;
};

/// Whether the text is nothing but figures, which then are a port.
bool parse_port(const char* text, unsigned long& port) {
    if (*text < '0' || *text > '9') return false;
    char* rest = nullptr;
    port = std::strtoul(text, &rest, 10);
    return *rest == '\0';
}

int endpoints_of(const char* service, const addrinfo& hints, Endpoints& into) {
    // A raw socket has no ports; whoever asks for its address gets it, and learns from socket()
    // that there is none.
    if (hints.ai_socktype == SOCK_RAW) {
        if (service) return EAI_SERVICE;
        into.first[into.count++] = {{SOCK_RAW, hints.ai_protocol, ""}, 0};
        return 0;
    }
    if (hints.ai_socktype != 0 && hints.ai_socktype != SOCK_STREAM &&
        hints.ai_socktype != SOCK_DGRAM)
        return EAI_SOCKTYPE;
    unsigned long port = 0;
    const bool in_figures = service && parse_port(service, port);
    if (in_figures && port > 65'535) return EAI_SERVICE;
    if (service && !in_figures && hints.ai_flags & AI_NUMERICSERV) return EAI_NONAME;
    bool fitting = false;
    for (const Kind& kind : kinds) {
        if (hints.ai_socktype != 0 && hints.ai_socktype != kind.type) continue;
        if (hints.ai_protocol != 0 && hints.ai_protocol != kind.protocol) continue;
        fitting = true;
        if (service && !in_figures) {
            const Service* found = find_service(service, kind.name);
            if (!found) continue;
            port = found->port;
        }
        into.first[into.count++] = {kind, static_cast<std::uint16_t>(port)};
    }
    if (into.count > 0) return 0;
    return fitting ? EAI_SERVICE : hints.ai_socktype != 0 ? EAI_SOCKTYPE : EAI_SERVICE;
}

v2::Address wildcard(v2::Family family) {
    v2::Address address;
    address.family = static_cast<std::uint16_t>(family);
    return address;
}

v2::Address loopback(v2::Family family) {
    v2::Address address = wildcard(family);
    if (family == v2::Family::ipv4) {
        address.octets[0] = 127;
        address.octets[3] = 1;
    } else {
        address.octets[15] = 1;
    }
    return address;
}

void add(Addresses& addresses, const v2::Address& address) {
    if (addresses.count < max_addresses) addresses.first[addresses.count++] = address;
}

/// No name: all addresses to listen on, or the loopback's to connect to; in the order that glibc
/// has, where `::` comes after 0.0.0.0 and ::1 before 127.0.0.1.
void own_addresses(const addrinfo& hints, Addresses& into) {
    const bool ipv4 = hints.ai_family != AF_INET6;
    const bool ipv6 = hints.ai_family != AF_INET;
    if (hints.ai_flags & AI_PASSIVE) {
        if (ipv4) add(into, wildcard(v2::Family::ipv4));
        if (ipv6) add(into, wildcard(v2::Family::ipv6));
    } else {
        if (ipv6) add(into, loopback(v2::Family::ipv6));
        if (ipv4) add(into, loopback(v2::Family::ipv4));
    }
}

/// IPv4 addresses as IPv6 sees them, for a program that has IPv6 sockets only.
int resolve_mapped(const char* node, bool all, Addresses& into) {
    const int error = resolve(node, v2::Family::ipv6, into);
    if (!error && !all) return 0;
    if (error && error != EAI_NONAME) return error;
    Addresses ipv4;
    const int ipv4_error = resolve(node, v2::Family::ipv4, ipv4);
    if (ipv4_error) return error ? ipv4_error : 0;
    for (std::uint32_t i = 0; i < ipv4.count; ++i)
        add(into, mapped(ipv4.first[i]));
    return 0;
}

int addresses_of(const char* node, const addrinfo& hints, Addresses& into) {
    const bool maps = hints.ai_family == AF_INET6 && hints.ai_flags & AI_V4MAPPED;
    v2::Address numeric;
    if (parse_address(node, numeric)) {
        const int family = family_of(numeric.family);
        if (hints.ai_family == AF_UNSPEC || hints.ai_family == family) {
            add(into, numeric);
            return 0;
        }
        if (!maps) return EAI_ADDRFAMILY;
        add(into, mapped(numeric));
        return 0;
    }
    if (hints.ai_flags & AI_NUMERICHOST) return EAI_NONAME;
    int wanted = hints.ai_family;
    if (hints.ai_flags & AI_ADDRCONFIG) {
        // As glibc, but that a machine with nothing but its loopback has both.
        const Families there = families_in_use();
        if (there.ipv4 != there.ipv6) {
            const int only = there.ipv4 ? AF_INET : AF_INET6;
            if (wanted != AF_UNSPEC && wanted != only) return EAI_NONAME;
            wanted = only;
        }
    }
    if (maps) return resolve_mapped(node, hints.ai_flags & AI_ALL, into);
    const auto family = wanted == AF_INET    ? v2::Family::ipv4
                        : wanted == AF_INET6 ? v2::Family::ipv6
                                             : v2::Family::any;
    return resolve(node, family, into);
}

/// An entry and its address in one piece of memory.
struct Entry {
    addrinfo info;
    sockaddr_storage address;
};

addrinfo* make_entry(const v2::Address& address, const Endpoint& endpoint) {
    auto* entry = static_cast<Entry*>(std::calloc(1, sizeof(Entry)));
    if (!entry) return nullptr;
    v2::Address with_port = address;
    with_port.port = endpoint.port;
    entry->info.ai_addr = reinterpret_cast<sockaddr*>(&entry->address);
    entry->info.ai_addrlen = sizeof entry->address;
    write_address(with_port, entry->info.ai_addr, &entry->info.ai_addrlen);
    entry->info.ai_family = entry->address.ss_family;
    entry->info.ai_socktype = endpoint.kind.type;
    entry->info.ai_protocol = endpoint.kind.protocol;
    return &entry->info;
}

} // namespace

extern "C" {

int getaddrinfo(const char* __restrict node, const char* __restrict service,
                const addrinfo* __restrict asked, addrinfo** __restrict result) {
    addrinfo hints{};
    if (asked) {
        hints = *asked;
    } else {
        hints.ai_flags = AI_V4MAPPED | AI_ADDRCONFIG;
    }
    constexpr int known = AI_PASSIVE | AI_CANONNAME | AI_NUMERICHOST | AI_V4MAPPED | AI_ALL |
                          AI_ADDRCONFIG | AI_NUMERICSERV | AI_IDN | AI_CANONIDN;
    // A lone asterisk is no name, glibc says and programs know.
    if (node && std::strcmp(node, "*") == 0) node = nullptr;
    if (service && std::strcmp(service, "*") == 0) service = nullptr;
    if (!node && !service) return EAI_NONAME;
    if (hints.ai_flags & ~known || (hints.ai_flags & AI_CANONNAME && !node)) return EAI_BADFLAGS;
    if (hints.ai_family != AF_UNSPEC && hints.ai_family != AF_INET && hints.ai_family != AF_INET6)
        return EAI_FAMILY;

    Endpoints endpoints;
    if (int error = endpoints_of(service, hints, endpoints)) return error;
    Addresses addresses;
    if (node) {
        if (int error = addresses_of(node, hints, addresses)) return error;
    } else {
        own_addresses(hints, addresses);
    }

    addrinfo* list = nullptr;
    addrinfo** end = &list;
    for (std::uint32_t i = 0; i < addresses.count; ++i) {
        for (int k = 0; k < endpoints.count; ++k) {
            *end = make_entry(addresses.first[i], endpoints.first[k]);
            if (!*end) {
                freeaddrinfo(list);
                return EAI_MEMORY;
            }
            end = &(*end)->ai_next;
        }
    }
    if (hints.ai_flags & AI_CANONNAME && list) {
        list->ai_canonname = strdup(node);
        if (!list->ai_canonname) {
            freeaddrinfo(list);
            return EAI_MEMORY;
        }
    }
    *result = list;
    return 0;
}

void freeaddrinfo(addrinfo* list) {
    while (list) {
        addrinfo* next = list->ai_next;
        std::free(list->ai_canonname);
        std::free(list); // the entry stands at the beginning of its piece of memory
        list = next;
    }
}

int getaddrinfo_a(int mode, gaicb* list[], int count, sigevent* event) {
    if (mode != GAI_WAIT && mode != GAI_NOWAIT) {
        errno = EINVAL;
        return EAI_SYSTEM;
    }
    static_cast<void>(event); // there are no signals and no threads to tell it by
    for (int i = 0; i < count; ++i) {
        if (!list[i]) continue;
        list[i]->ar_result = nullptr;
        list[i]->__ar_error = getaddrinfo(list[i]->ar_name, list[i]->ar_service,
                                          list[i]->ar_request, &list[i]->ar_result);
    }
    return 0;
}

int gai_suspend(const gaicb* const[], int, const timespec*) {
    return EAI_ALLDONE;
}
int gai_error(gaicb* one) {
    return one->__ar_error;
}
int gai_cancel(gaicb*) {
    return EAI_ALLDONE;
}

int getnameinfo(const sockaddr* __restrict address, socklen_t bytes, char* __restrict node,
                socklen_t node_bytes, char* __restrict service, socklen_t service_bytes,
                int flags) {
    constexpr int known = NI_NUMERICHOST | NI_NUMERICSERV | NI_NOFQDN | NI_NAMEREQD | NI_DGRAM |
                          NI_NUMERICSCOPE | NI_IDN;
    if (flags & ~known) return EAI_BADFLAGS;
    v2::Address wire;
    if (read_address(address, bytes, wire) || wire.family == 0) return EAI_FAMILY;
    const bool wants_node = node && node_bytes > 0;
    const bool wants_service = service && service_bytes > 0;
    if (!wants_node && !wants_service) return EAI_NONAME;

    if (wants_node) {
        bool named = false;
        char name[NI_MAXHOST];
        if (!(flags & NI_NUMERICHOST)) {
            const int error = resolve_address(wire, name, sizeof name);
            named = error == 0;
            if (error == EAI_AGAIN || error == EAI_MEMORY) return error;
        }
        if (!named) {
            if (flags & NI_NAMEREQD) return EAI_NONAME;
            format_address(wire, flags & NI_NUMERICSCOPE, name);
        }
        const std::size_t length = std::strlen(name);
        if (length >= node_bytes) return EAI_OVERFLOW;
        std::memcpy(node, name, length + 1);
    }
    if (wants_service) {
        const Service* found = flags & NI_NUMERICSERV
                                   ? nullptr
                                   : find_service(wire.port, flags & NI_DGRAM ? "udp" : "tcp");
        const int length = found ? std::snprintf(service, service_bytes, "%s", found->name)
                                 : std::snprintf(service, service_bytes, "%u", unsigned{wire.port});
        if (length < 0 || static_cast<socklen_t>(length) >= service_bytes) return EAI_OVERFLOW;
    }
    return 0;
}

const char* gai_strerror(int error) {
    switch (error) {
    case 0:
        return "Success";
    case EAI_BADFLAGS:
        return "Bad value for ai_flags";
    case EAI_NONAME:
        return "Name or service not known";
    case EAI_AGAIN:
        return "Temporary failure in name resolution";
    case EAI_FAIL:
        return "Non-recoverable failure in name resolution";
    case EAI_NODATA:
        return "No address associated with hostname";
    case EAI_FAMILY:
        return "ai_family not supported";
    case EAI_SOCKTYPE:
        return "ai_socktype not supported";
    case EAI_SERVICE:
        return "Servname not supported for ai_socktype";
    case EAI_ADDRFAMILY:
        return "Address family for hostname not supported";
    case EAI_MEMORY:
        return "Memory allocation failure";
    case EAI_SYSTEM:
        return "System error";
    case EAI_OVERFLOW:
        return "Result too large for the buffer";
    case EAI_INTR:
        return "Interrupted";
    default:
        return "Unknown error";
    }
}
}
