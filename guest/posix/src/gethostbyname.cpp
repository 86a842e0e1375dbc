// gethostbyname(3): the older look-ups, over the same resolver.

#include "names.hpp"

#include <cstdio>
#include <cstring>
#include <netdb.h>
#include <netinet/in.h>
#include <unistd.h>

using namespace hws::posix;

namespace {

int last_error = 0;

int host_error_of(int name_error) {
    switch (name_error) {
    case EAI_NONAME:
        return HOST_NOT_FOUND;
    case EAI_NODATA:
    case EAI_ADDRFAMILY:
        return NO_DATA;
    case EAI_AGAIN:
        return TRY_AGAIN;
    case EAI_SYSTEM:
    case EAI_MEMORY:
        return NETDB_INTERNAL;
    default:
        return NO_RECOVERY;
    }
}

/// Takes pieces out of a caller's buffer.
class Room {
public:
    Room(char* buffer, std::size_t bytes) : next_(buffer), left_(bytes) {}

    /// Null if there is no more.
    template <class T> T* take(std::size_t count) {
        const std::size_t skip = -reinterpret_cast<std::uintptr_t>(next_) % alignof(T);
        const std::size_t bytes = count * sizeof(T);
        if (left_ < skip + bytes) return nullptr;
        auto* taken = reinterpret_cast<T*>(next_ + skip);
        next_ += skip + bytes;
        left_ -= skip + bytes;
        return taken;
    }

private:
    char* next_;
    std::size_t left_;
};

/// 0, or ERANGE when the buffer is too small.
int fill(const char* name, int family, const Addresses& addresses, hostent* entry, Room room) {
    const std::size_t address_bytes = family == AF_INET ? 4 : 16;
    char** list = room.take<char*>(addresses.count + 1);
    char** aliases = room.take<char*>(1);
    auto* octets = room.take<std::uint32_t>(addresses.count * address_bytes / 4);
    const std::size_t name_bytes = std::strlen(name) + 1;
    char* kept_name = room.take<char>(name_bytes);
    if (!list || !aliases || !octets || !kept_name) return ERANGE;
    auto* place = reinterpret_cast<char*>(octets);
    for (std::uint32_t i = 0; i < addresses.count; ++i) {
        std::memcpy(place, addresses.first[i].octets, address_bytes);
        list[i] = place;
        place += address_bytes;
    }
    list[addresses.count] = nullptr;
    aliases[0] = nullptr;
    std::memcpy(kept_name, name, name_bytes);
    *entry = {kept_name, aliases, family, static_cast<int>(address_bytes), list};
    return 0;
}

v2::Family wire_family(int family) {
    return family == AF_INET ? v2::Family::ipv4 : v2::Family::ipv6;
}

/// Where the functions without _r keep their answer.
alignas(char*) char kept_buffer[4096];
hostent kept_entry;

} // namespace

extern "C" {

int* __h_errno_location(void) {
    return &last_error;
}

int gethostbyname2_r(const char* name, int family, hostent* entry, char* buffer, size_t bytes,
                     hostent** result, int* error) {
    *result = nullptr;
    if (family != AF_INET && family != AF_INET6) {
        *error = NO_RECOVERY;
        return EAFNOSUPPORT;
    }
    Addresses addresses;
    v2::Address numeric;
    int name_error = 0;
    if (parse_address(name, numeric)) {
        if (family_of(numeric.family) == family) {
            addresses.first[addresses.count++] = numeric;
        } else {
            name_error = EAI_ADDRFAMILY;
        }
    } else {
        name_error = resolve(name, wire_family(family), addresses);
    }
    if (name_error) {
        *error = host_error_of(name_error);
        return name_error == EAI_SYSTEM ? errno : name_error == EAI_MEMORY ? ENOMEM : 0;
    }
    if (int failure = fill(name, family, addresses, entry, {buffer, bytes})) {
        *error = NETDB_INTERNAL;
        return failure;
    }
    *error = NETDB_SUCCESS;
    *result = entry;
    return 0;
}

int gethostbyname_r(const char* name, hostent* entry, char* buffer, size_t bytes, hostent** result,
                    int* error) {
    return gethostbyname2_r(name, AF_INET, entry, buffer, bytes, result, error);
}

hostent* gethostbyname2(const char* name, int family) {
    hostent* result = nullptr;
    const int error = gethostbyname2_r(name, family, &kept_entry, kept_buffer, sizeof kept_buffer,
                                       &result, &last_error);
    if (error) errno = error;
    return result;
}

hostent* gethostbyname(const char* name) {
    return gethostbyname2(name, AF_INET);
}

int gethostbyaddr_r(const void* address, socklen_t bytes, int family, hostent* entry, char* buffer,
                    size_t room, hostent** result, int* error) {
    *result = nullptr;
    if ((family != AF_INET && family != AF_INET6) || bytes != (family == AF_INET ? 4 : 16)) {
        *error = NO_RECOVERY;
        return EINVAL;
    }
    Addresses addresses;
    addresses.count = 1;
    addresses.first[0].family = static_cast<std::uint16_t>(wire_family(family));
    std::memcpy(addresses.first[0].octets, address, bytes);
    char name[NI_MAXHOST];
    if (int name_error = resolve_address(addresses.first[0], name, sizeof name)) {
        *error = host_error_of(name_error);
        return name_error == EAI_SYSTEM ? errno : 0;
    }
    if (int failure = fill(name, family, addresses, entry, {buffer, room})) {
        *error = NETDB_INTERNAL;
        return failure;
    }
    *error = NETDB_SUCCESS;
    *result = entry;
    return 0;
}

hostent* gethostbyaddr(const void* address, socklen_t bytes, int family) {
    hostent* result = nullptr;
    const int error = gethostbyaddr_r(address, bytes, family, &kept_entry, kept_buffer,
                                      sizeof kept_buffer, &result, &last_error);
    if (error) errno = error;
    return result;
}

void sethostent(int) {}
void endhostent(void) {}
hostent* gethostent(void) {
    return nullptr;
}
int gethostent_r(hostent*, char*, size_t, hostent** result, int* error) {
    *result = nullptr;
    *error = HOST_NOT_FOUND;
    return ENOENT;
}

const char* hstrerror(int error) {
    switch (error) {
    case NETDB_INTERNAL:
        return "Resolver internal error";
    case NETDB_SUCCESS:
        return "Resolver Error 0 (no error)";
    case HOST_NOT_FOUND:
        return "Unknown host";
    case TRY_AGAIN:
        return "Host name lookup failure";
    case NO_RECOVERY:
        return "Unknown server error";
    case NO_DATA:
        return "No address associated with name";
    default:
        return "Unknown resolver error";
    }
}

void herror(const char* prefix) {
    if (prefix && *prefix) std::fprintf(stderr, "%s: ", prefix);
    std::fprintf(stderr, "%s\n", hstrerror(last_error));
}
}
