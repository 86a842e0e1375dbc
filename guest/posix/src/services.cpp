// getservent(3) and getprotoent(3).

#include "databases.hpp"

#include <cerrno>
#include <cstring>
#include <netdb.h>

using namespace hws::posix;

namespace {

char* writable(const char* text) {
    return const_cast<char*>(text);
} // the interface has no const; nobody writes there

/// An entry with room for its list of aliases.
struct ServiceEntry {
    char* aliases[2];
    servent entry;
};
struct ProtocolEntry {
    char* aliases[2];
    protoent entry;
};

void fill(char* aliases[2], const char* alias) {
    aliases[0] = writable(alias);
    aliases[1] = nullptr;
}

servent entry_of(const Service& service, const char* protocol, char* aliases[2]) {
    fill(aliases, service.alias);
    const char* over = protocol ? protocol : service.tcp ? "tcp" : "udp";
    // `protocol` is the caller's and may go; these stay.
    over = std::strcmp(over, "udp") == 0 ? "udp" : "tcp";
    return {writable(service.name), aliases, htons(service.port), writable(over)};
}

protoent entry_of(const Protocol& protocol, char* aliases[2]) {
    fill(aliases, protocol.alias);
    return {writable(protocol.name), aliases, protocol.number};
}

servent* keep(const Service* service, const char* protocol) {
    static ServiceEntry kept;
    if (!service) return nullptr;
    kept.entry = entry_of(*service, protocol, kept.aliases);
    return &kept.entry;
}

protoent* keep(const Protocol* protocol) {
    static ProtocolEntry kept;
    if (!protocol) return nullptr;
    kept.entry = entry_of(*protocol, kept.aliases);
    return &kept.entry;
}

/// Room for the aliases in a caller's buffer, or null.
char** aliases_in(char* buffer, std::size_t bytes) {
    const std::size_t skip = -reinterpret_cast<std::uintptr_t>(buffer) % alignof(char*);
    return bytes < skip + 2 * sizeof(char*) ? nullptr : reinterpret_cast<char**>(buffer + skip);
}

int put(const Service* service, const char* protocol, servent* entry, char* buffer,
        std::size_t bytes, servent** result) {
    *result = nullptr;
    if (!service) return 0;
    char** aliases = aliases_in(buffer, bytes);
    if (!aliases) return ERANGE;
    *entry = entry_of(*service, protocol, aliases);
    *result = entry;
    return 0;
}

int put(const Protocol* protocol, protoent* entry, char* buffer, std::size_t bytes,
        protoent** result) {
    *result = nullptr;
    if (!protocol) return 0;
    char** aliases = aliases_in(buffer, bytes);
    if (!aliases) return ERANGE;
    *entry = entry_of(*protocol, aliases);
    *result = entry;
    return 0;
}

std::size_t next_service = 0;
bool next_is_udp = false;
std::size_t next_protocol = 0;

} // namespace

extern "C" {

servent* getservbyname(const char* name, const char* protocol) {
    return keep(find_service(name, protocol), protocol);
}

servent* getservbyport(int port, const char* protocol) {
    return keep(find_service(ntohs(static_cast<std::uint16_t>(port)), protocol), protocol);
}

int getservbyname_r(const char* name, const char* protocol, servent* entry, char* buffer,
                    size_t bytes, servent** result) {
    return put(find_service(name, protocol), protocol, entry, buffer, bytes, result);
}

int getservbyport_r(int port, const char* protocol, servent* entry, char* buffer, size_t bytes,
                    servent** result) {
    return put(find_service(ntohs(static_cast<std::uint16_t>(port)), protocol), protocol, entry,
               buffer, bytes, result);
}

void setservent(int) {
    next_service = 0;
    next_is_udp = false;
}
void endservent(void) {
    setservent(0);
}

servent* getservent(void) {
    const auto all = services();
    while (next_service < all.size()) {
        const Service& service = all[next_service];
        const bool udp = next_is_udp;
        if (udp) ++next_service;
        next_is_udp = !udp;
        if (udp ? service.udp : service.tcp) return keep(&service, udp ? "udp" : "tcp");
    }
    return nullptr;
}

int getservent_r(servent* entry, char* buffer, size_t bytes, servent** result) {
    const std::size_t before = next_service;
    const bool was_udp = next_is_udp;
    const servent* next = getservent();
    *result = nullptr;
    if (!next) return ENOENT;
    const int error =
        put(find_service(next->s_name, next->s_proto), next->s_proto, entry, buffer, bytes, result);
    if (error) next_service = before, next_is_udp = was_udp; // to be asked for again with more room
    return error;
}

protoent* getprotobyname(const char* name) {
    return keep(find_protocol(name));
}
protoent* getprotobynumber(int number) {
    return keep(find_protocol(number));
}

int getprotobyname_r(const char* name, protoent* entry, char* buffer, size_t bytes,
                     protoent** result) {
    return put(find_protocol(name), entry, buffer, bytes, result);
}

int getprotobynumber_r(int number, protoent* entry, char* buffer, size_t bytes, protoent** result) {
    return put(find_protocol(number), entry, buffer, bytes, result);
}

void setprotoent(int) {
    next_protocol = 0;
}
void endprotoent(void) {
    next_protocol = 0;
}

protoent* getprotoent(void) {
    const auto all = protocols();
    return next_protocol < all.size() ? keep(&all[next_protocol++]) : nullptr;
}

int getprotoent_r(protoent* entry, char* buffer, size_t bytes, protoent** result) {
    const protoent* next = getprotoent();
    *result = nullptr;
    if (!next) return ENOENT;
    const int error = put(find_protocol(next->p_proto), entry, buffer, bytes, result);
    if (error) --next_protocol;
    return error;
}

// Networks have no names here.
void setnetent(int) {}
void endnetent(void) {}
netent* getnetent(void) {
    return nullptr;
}
netent* getnetbyname(const char*) {
    h_errno = HOST_NOT_FOUND;
    return nullptr;
}
netent* getnetbyaddr(uint32_t, int) {
    h_errno = HOST_NOT_FOUND;
    return nullptr;
}
int getnetent_r(netent*, char*, size_t, netent** result, int* error) {
    *result = nullptr;
    *error = HOST_NOT_FOUND;
    return ENOENT;
}
int getnetbyname_r(const char*, netent*, char*, size_t, netent** result, int* error) {
    *result = nullptr;
    *error = HOST_NOT_FOUND;
    return 0;
}
int getnetbyaddr_r(uint32_t, int, netent*, char*, size_t, netent** result, int* error) {
    *result = nullptr;
    *error = HOST_NOT_FOUND;
    return 0;
}
}
