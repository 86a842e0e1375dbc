#pragma once
/// In which order the addresses of a name are tried. Source: RFC 6724, 6, without the rules that
/// need what the system does not tell a program (3, 4, 7).

#include "core/policy.hpp"

#include <optional>
#include <vector>

namespace hws::host::core {

/// An address, and the one that this machine would use towards it; nothing: there is no way.
struct Destination {
    IpAddr address;
    std::optional<IpAddr> source;
};

/// Whether `a` goes before `b`. What is equal keeps its order.
bool goes_before(const Destination& a, const Destination& b);

/// Asks the system for the source of each, which sends nothing, and sorts.
void order_addresses(std::vector<Vetted>& peers);

} // namespace hws::host::core
