// if_nametoindex(3) and if_nameindex(3).

#include "interfaces.hpp"

#include <cstdlib>
#include <cstring>
#include <net/if.h>

using namespace hws::posix;

extern "C" {

unsigned if_nametoindex(const char* name) {
    Interfaces interfaces;
    if (int error = interfaces.read()) {
        errno = error;
        return 0;
    }
    const v2::Interface* found =
        std::strlen(name) < IF_NAMESIZE ? interfaces.find(name, IF_NAMESIZE) : nullptr;
    if (found) return found->index;
    errno = ENODEV;
    return 0;
}

char* if_indextoname(unsigned index, char* name) {
    Interfaces interfaces;
    if (int error = interfaces.read()) {
        errno = error;
        return nullptr;
    }
    const v2::Interface* found = interfaces.find(index);
    if (!found) {
        errno = ENXIO;
        return nullptr;
    }
    std::memcpy(name, found->name, IF_NAMESIZE);
    return name;
}

// One piece of memory: the list, its end of zeroes, then the names.
struct if_nameindex* if_nameindex(void) {
    Interfaces interfaces;
    if (int error = interfaces.read()) {
        errno = error;
        return nullptr;
    }
    const std::size_t list_bytes = (interfaces.count() + 1) * sizeof(struct if_nameindex);
    void* memory = std::malloc(list_bytes + interfaces.count() * std::size_t{IF_NAMESIZE});
    if (!memory) {
        errno = ENOBUFS;
        return nullptr;
    }
    auto* list = static_cast<struct if_nameindex*>(memory);
    char* name = static_cast<char*>(memory) + list_bytes;
    struct if_nameindex* next = list;
    for (const v2::Interface& interface : interfaces) {
        std::memcpy(name, interface.name, IF_NAMESIZE);
        *next++ = {interface.index, name};
        name += IF_NAMESIZE;
    }
    *next = {0, nullptr};
    return list;
}

void if_freenameindex(struct if_nameindex* list) {
    std::free(list);
}
}
