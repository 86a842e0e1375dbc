#pragma once
/// Names and addresses: what getaddrinfo, getnameinfo and gethostbyname have in common.

#include "wire.hpp"

#include <cstddef>

namespace hws::posix {

/// Addresses of one name; more than these are left out.
inline constexpr std::uint32_t max_addresses = 64;
struct Addresses {
    v2::Address first[max_addresses];
    std::uint32_t count = 0;
};

/// Asks the host for a name. Returns 0 or an EAI_* number; with EAI_SYSTEM errno is set. Success
/// has at least one address.
int resolve(const char* name, v2::Family family, Addresses& into);

/// The name of an address, ending in NUL and cut to the room. Returns 0 or an EAI_* number.
int resolve_address(const v2::Address& address, char* name, std::size_t bytes);

/// Reads an address in figures: IPv4 as inet_aton has it, IPv6 with a scope by number or interface.
bool parse_address(const char* text, v2::Address& into);

/// Room that format_address may need.
inline constexpr std::size_t address_text_bytes = 46 + 1 + 16;
/// In figures; a scope as the interface's name, or with `numeric_scope` as its index.
void format_address(const v2::Address& address, bool numeric_scope, char* into);

/// ::ffff:a.b.c.d of an IPv4 address; others stay as they are.
v2::Address mapped(const v2::Address& address);

} // namespace hws::posix
