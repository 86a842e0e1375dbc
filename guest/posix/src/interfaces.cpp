#include "interfaces.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <net/if.h>

namespace hws::posix {

Interfaces::~Interfaces() {
    std::free(entries_);
}

int Interfaces::read() {
    std::uint32_t room = 32;
    for (;;) {
        auto* grown =
            static_cast<v2::Interface*>(std::realloc(entries_, room * sizeof(v2::Interface)));
        if (!grown) return ENOMEM;
        entries_ = grown;
        std::uint32_t there = 0;
        const auto status = v2::interfaces(v2::span_at(entries_, room), v2::at(&there));
        if (failed(status)) return errno_of(status);
        count_ = std::min(there, room);
        // More may have come since we asked.
        if (there <= room || room >= 65'536) return 0;
        room = std::min<std::uint32_t>(there, 65'536);
    }
}

const v2::Interface* Interfaces::find(std::uint32_t index) const {
    for (const v2::Interface& interface : *this) {
        if (interface.index == index) return &interface;
    }
    return nullptr;
}

const v2::Interface* Interfaces::find(const char* name, std::size_t max_bytes) const {
    for (const v2::Interface& interface : *this) {
        if (std::strncmp(interface.name, name, std::min(max_bytes, sizeof interface.name)) == 0)
            return &interface;
    }
    return nullptr;
}

Families families_in_use() {
    Interfaces interfaces;
    if (interfaces.read()) return {};
    std::uint32_t flags = 0;
    for (const v2::Interface& interface : interfaces)
        flags |= interface.flags;
    return {(flags & v2::interface_flags::has_ipv4) != 0,
            (flags & v2::interface_flags::has_ipv6) != 0};
}

int program_flags(std::uint32_t wire_flags) {
    int flags = 0;
    if (wire_flags & v2::interface_flags::up) flags |= IFF_UP | IFF_RUNNING;
    if (wire_flags & v2::interface_flags::loopback) flags |= IFF_LOOPBACK;
    if (wire_flags & v2::interface_flags::multicast) flags |= IFF_MULTICAST;
    if (wire_flags & v2::interface_flags::broadcast) flags |= IFF_BROADCAST;
    if (wire_flags & v2::interface_flags::point_to_point) flags |= IFF_POINTOPOINT;
    return flags;
}

} // namespace hws::posix
