#include "core/address_order.hpp"

#include "os/network_socket.hpp"

#include <algorithm>
#include <bit>
#include <numeric>

namespace hws::host::core {
namespace {

std::array<std::uint8_t, 16> bytes_of(const IpAddr& address) {
    return (address.is_ipv4() ? address.v4().to_ipv6_mapped() : address.v6()).octets();
}

unsigned common_bits(const IpAddr& a, const IpAddr& b) {
    const auto left = bytes_of(a), right = bytes_of(b);
    for (std::size_t i = 0; i < left.size(); ++i)
        if (const auto difference = static_cast<std::uint8_t>(left[i] ^ right[i]))
            return static_cast<unsigned>(i * 8) +
                   static_cast<unsigned>(std::countl_zero(difference));
    return 128;
}

/// RFC 6724, 2.1: the default policy table, the longest prefix first.
struct PolicyRow {
    Ipv6Addr prefix;
    unsigned bits;
    int precedence, label;
};
constexpr PolicyRow policy_table[] = {
    {Ipv6Addr(0, 0, 0, 0, 0, 0, 0, 1), 128, 50, 0},
    {Ipv6Addr(0, 0, 0, 0, 0, 0xffff, 0, 0), 96, 35, 4},
    {Ipv6Addr(0, 0, 0, 0, 0, 0, 0, 0), 96, 1, 3},
    {Ipv6Addr(0x2001, 0, 0, 0, 0, 0, 0, 0), 32, 5, 5},
    {Ipv6Addr(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, 30, 2},
    {Ipv6Addr(0x3ffe, 0, 0, 0, 0, 0, 0, 0), 16, 1, 12},
    {Ipv6Addr(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10, 1, 11},
    {Ipv6Addr(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, 3, 13},
    {Ipv6Addr(0, 0, 0, 0, 0, 0, 0, 0), 0, 40, 1},
};

const PolicyRow& row_of(const IpAddr& address) {
    return *std::ranges::find_if(policy_table, [&](const PolicyRow& row) {
        return common_bits(address, row.prefix) >= row.bits;
    });
}

/// RFC 6724, 3.1 and 3.2: as the scopes of multicast (RFC 4291, 2.7).
int scope_of(const IpAddr& address) {
    constexpr int link_local = 2, site_local = 5, global = 14;
    const auto bytes = bytes_of(address);
    if (address.is_ipv4()) {
        const bool is_local = bytes[12] == 127 || (bytes[12] == 169 && bytes[13] == 254);
        return is_local ? link_local : global;
    }
    if (bytes[0] == 0xff) return bytes[1] & 0x0f;
    if (address.is_loopback()) return link_local;
    if (bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80) return link_local;
    if (bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0xc0) return site_local;
    return global;
}

/// RFC 6724, 2.2: only what stands before the interface's part counts.
unsigned common_prefix(const Destination& destination) {
    return std::min(common_bits(destination.address, *destination.source), 64u);
}

} // namespace

bool goes_before(const Destination& a, const Destination& b) {
    // Rule 1: those that there is a way to.
    if (a.source.has_value() != b.source.has_value()) return a.source.has_value();
    const PolicyRow& row_a = row_of(a.address);
    const PolicyRow& row_b = row_of(b.address);
    if (a.source) {
        // Rules 2 and 5: source and destination of one scope, and of one label.
        const bool in_scope_a = scope_of(a.address) == scope_of(*a.source);
        const bool in_scope_b = scope_of(b.address) == scope_of(*b.source);
        if (in_scope_a != in_scope_b) return in_scope_a;
        const bool alike_a = row_a.label == row_of(*a.source).label;
        const bool alike_b = row_b.label == row_of(*b.source).label;
        if (alike_a != alike_b) return alike_a;
    }
    // Rule 6: precedence. Rule 8: the smaller scope.
    if (row_a.precedence != row_b.precedence) return row_a.precedence > row_b.precedence;
    if (scope_of(a.address) != scope_of(b.address))
        return scope_of(a.address) < scope_of(b.address);
    // Rule 9: the longest common prefix. Not for IPv4, where it would undo the rotation by which
    // servers share load and says nothing of distance.
    if (a.source && a.address.is_ipv6() && b.address.is_ipv6())
        return common_prefix(a) > common_prefix(b);
    return false;
}

void order_addresses(std::vector<Vetted>& peers) {
    if (peers.size() < 2) return;
    std::vector<Destination> destinations;
    for (const Vetted& peer : peers) {
        SocketAddr to = peer.address();
        if (to.port() == 0) to.set_port(1); // any: nothing is sent
        destinations.push_back({to.ip(), os::find_source_address(to)});
    }
    std::vector<std::size_t> order(peers.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
        if (goes_before(destinations[a], destinations[b])) return true;
        return !goes_before(destinations[b], destinations[a]) && a < b;
    });
    std::vector<Vetted> ordered;
    for (const std::size_t i : order)
        ordered.push_back(peers[i]);
    peers = std::move(ordered);
}

} // namespace hws::host::core
