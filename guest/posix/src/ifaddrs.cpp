// getifaddrs(3). The host tells names and flags; addresses are known of the loopback only, so that
// the other interfaces have one entry without an address, as Linux has it for interfaces that have
// none.

#include "interfaces.hpp"

#include <cstdlib>
#include <cstring>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

using namespace hws::posix;

namespace {

/// An entry and all it points to, in one piece of memory.
struct Entry {
    ifaddrs entry;
    char name[IF_NAMESIZE];
    sockaddr_in6 address;
    sockaddr_in6 mask;
};

Entry* add(ifaddrs**& end, const v2::Interface& interface) {
    auto* made = static_cast<Entry*>(std::calloc(1, sizeof(Entry)));
    if (!made) return nullptr;
    std::memcpy(made->name, interface.name, IF_NAMESIZE);
    made->entry.ifa_name = made->name;
    made->entry.ifa_flags = static_cast<unsigned>(program_flags(interface.flags));
    *end = &made->entry;
    end = &made->entry.ifa_next;
    return made;
}

void set_ipv4(sockaddr_in6& place, std::uint32_t address) {
    auto& ipv4 = reinterpret_cast<sockaddr_in&>(place);
    ipv4.sin_family = AF_INET;
    ipv4.sin_addr.s_addr = htonl(address);
}

void set_ipv6_loopback(Entry& made) {
    made.address.sin6_family = made.mask.sin6_family = AF_INET6;
    made.address.sin6_addr = in6addr_loopback;
    std::memset(&made.mask.sin6_addr, 0xff, sizeof made.mask.sin6_addr);
}

void show_addresses(Entry& made) {
    made.entry.ifa_addr = reinterpret_cast<sockaddr*>(&made.address);
    made.entry.ifa_netmask = reinterpret_cast<sockaddr*>(&made.mask);
}

} // namespace

extern "C" {

int getifaddrs(ifaddrs** list) {
    Interfaces interfaces;
    if (int error = interfaces.read()) return fail(error);
    *list = nullptr;
    ifaddrs** end = list;
    for (const v2::Interface& interface : interfaces) {
        Entry* first = add(end, interface);
        const bool loopback = interface.flags & v2::interface_flags::loopback;
        Entry* second = first && loopback ? add(end, interface) : nullptr;
        if (!first || (loopback && !second)) {
            freeifaddrs(*list);
            return fail(ENOMEM);
        }
        if (!loopback) continue;
        set_ipv4(first->address, INADDR_LOOPBACK);
        set_ipv4(first->mask, IN_CLASSA_NET);
        show_addresses(*first);
        set_ipv6_loopback(*second);
        show_addresses(*second);
    }
    return 0;
}

void freeifaddrs(ifaddrs* list) {
    while (list) {
        ifaddrs* next = list->ifa_next;
        std::free(list); // the entry stands at the beginning of its piece of memory
        list = next;
    }
}
}
