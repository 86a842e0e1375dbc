#pragma once
/// Services and protocols by name and number: tables of this library, for there are no files here.

#include <cstddef>
#include <cstdint>
#include <span>

namespace hws::posix {

struct Service {
    const char* name;
    const char* alias; ///< or null
    std::uint16_t port;
    bool tcp;
    bool udp;
};
std::span<const Service> services();

/// The service of a name or an alias, or of a port, that goes over `protocol` ("tcp", "udp"; null:
/// over either). Null if there is none.
const Service* find_service(const char* name, const char* protocol);
const Service* find_service(std::uint16_t port, const char* protocol);

struct Protocol {
    const char* name;
    const char* alias;
    int number;
};
std::span<const Protocol> protocols();

const Protocol* find_protocol(const char* name);
const Protocol* find_protocol(int number);

} // namespace hws::posix
