#pragma once
/// Internet addresses as values: `Ipv4Addr`, `Ipv6Addr`, `IpAddr` (either of them) and `SocketAddr`
/// (with a port). They parse and print exactly as the types of the same names in Rust's `std::net`,
/// whose predicates they have too. Nothing here is a guess: octal, hexadecimal, short and
/// single-number IPv4 addresses are refused.

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <hws/result.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace hws {

class Ipv6Addr;
class IpAddr;

/// As wide as an IPv6 address.
__extension__ typedef unsigned __int128 Uint128;

/// An IPv4 address. The default is 0.0.0.0. Ordered by its number.
class Ipv4Addr {
public:
    constexpr Ipv4Addr() = default;
    constexpr Ipv4Addr(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d)
        : octets_{a, b, c, d} {}
    constexpr explicit Ipv4Addr(std::array<std::uint8_t, 4> octets) : octets_(octets) {}

    static constexpr unsigned bits = 32;
    static constexpr Ipv4Addr from_octets(std::array<std::uint8_t, 4> octets) {
        return Ipv4Addr(octets);
    }
    /// From the address as a number: 0x7f000001 is 127.0.0.1.
    static constexpr Ipv4Addr from_bits(std::uint32_t bits) {
        return {static_cast<std::uint8_t>(bits >> 24), static_cast<std::uint8_t>(bits >> 16),
                static_cast<std::uint8_t>(bits >> 8), static_cast<std::uint8_t>(bits)};
    }

    /// Four decimal numbers 0..255 without leading zeros, nothing else.
    /// Errors: bad_name.
    static Result<Ipv4Addr> parse(std::string_view text);

    static const Ipv4Addr localhost;   ///< 127.0.0.1
    static const Ipv4Addr unspecified; ///< 0.0.0.0
    static const Ipv4Addr broadcast;   ///< 255.255.255.255

    constexpr const std::array<std::uint8_t, 4>& octets() const { return octets_; }
    constexpr std::uint32_t to_bits() const {
        return std::uint32_t{octets_[0]} << 24 | std::uint32_t{octets_[1]} << 16 |
               std::uint32_t{octets_[2]} << 8 | std::uint32_t{octets_[3]};
    }

    constexpr bool is_unspecified() const { return to_bits() == 0; }
    /// 127.0.0.0/8
    constexpr bool is_loopback() const { return octets_[0] == 127; }
    /// 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 (RFC 1918)
    constexpr bool is_private() const {
        return octets_[0] == 10 || (octets_[0] == 172 && (octets_[1] & 0xf0) == 16) ||
               (octets_[0] == 192 && octets_[1] == 168);
    }
    /// 169.254.0.0/16
    constexpr bool is_link_local() const { return octets_[0] == 169 && octets_[1] == 254; }
    /// 224.0.0.0/4
    constexpr bool is_multicast() const { return (octets_[0] & 0xf0) == 224; }
    /// 255.255.255.255
    constexpr bool is_broadcast() const { return to_bits() == 0xffffffff; }
    /// 192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24
    constexpr bool is_documentation() const {
        std::uint32_t network = to_bits() >> 8;
        return network == 0xc00002 || network == 0xc63364 || network == 0xcb0071;
    }

    /// ::a.b.c.d
    constexpr Ipv6Addr to_ipv6_compatible() const;
    /// ::ffff:a.b.c.d
    constexpr Ipv6Addr to_ipv6_mapped() const;

    std::string to_string() const;

    /// Bit by bit: `address & mask`.
    friend constexpr Ipv4Addr operator&(Ipv4Addr a, Ipv4Addr b) {
        return from_bits(a.to_bits() & b.to_bits());
    }
    friend constexpr Ipv4Addr operator|(Ipv4Addr a, Ipv4Addr b) {
        return from_bits(a.to_bits() | b.to_bits());
    }
    friend constexpr Ipv4Addr operator~(Ipv4Addr a) { return from_bits(~a.to_bits()); }
    friend constexpr auto operator<=>(const Ipv4Addr&, const Ipv4Addr&) = default;

private:
    std::array<std::uint8_t, 4> octets_{};
};

inline constexpr Ipv4Addr Ipv4Addr::localhost{127, 0, 0, 1};
inline constexpr Ipv4Addr Ipv4Addr::unspecified{};
inline constexpr Ipv4Addr Ipv4Addr::broadcast{255, 255, 255, 255};

/// An IPv6 address, without a zone. The default is `::`. Ordered by its number.
class Ipv6Addr {
public:
    constexpr Ipv6Addr() = default;
    constexpr explicit Ipv6Addr(std::array<std::uint8_t, 16> octets) : octets_(octets) {}
    constexpr Ipv6Addr(std::uint16_t a, std::uint16_t b, std::uint16_t c, std::uint16_t d,
                       std::uint16_t e, std::uint16_t f, std::uint16_t g, std::uint16_t h)
        : Ipv6Addr(std::array<std::uint16_t, 8>{a, b, c, d, e, f, g, h}) {}
    constexpr explicit Ipv6Addr(std::array<std::uint16_t, 8> segments) {
        for (std::size_t i = 0; i < 8; ++i) {
            octets_[2 * i] = static_cast<std::uint8_t>(segments[i] >> 8);
            octets_[2 * i + 1] = static_cast<std::uint8_t>(segments[i]);
        }
    }

    static constexpr unsigned bits = 128;
    static constexpr Ipv6Addr from_octets(std::array<std::uint8_t, 16> octets) {
        return Ipv6Addr(octets);
    }
    static constexpr Ipv6Addr from_segments(std::array<std::uint16_t, 8> segments) {
        return Ipv6Addr(segments);
    }
    /// From the address as a number: 1 is `::1`.
    static constexpr Ipv6Addr from_bits(Uint128 bits) {
        Ipv6Addr out;
        for (std::size_t i = 16; i-- > 0; bits >>= 8)
            out.octets_[i] = static_cast<std::uint8_t>(bits & 0xff);
        return out;
    }

    /// The forms of RFC 4291, 2.2: eight groups, one `::`, an IPv4 address at the end. No brackets,
    /// no zone. Errors: bad_name.
    static Result<Ipv6Addr> parse(std::string_view text);

    static const Ipv6Addr localhost;   ///< ::1
    static const Ipv6Addr unspecified; ///< ::

    constexpr const std::array<std::uint8_t, 16>& octets() const { return octets_; }
    constexpr std::array<std::uint16_t, 8> segments() const {
        std::array<std::uint16_t, 8> out{};
        for (std::size_t i = 0; i < 8; ++i)
            out[i] = static_cast<std::uint16_t>(octets_[2 * i] << 8 | octets_[2 * i + 1]);
        return out;
    }

    constexpr Uint128 to_bits() const {
        Uint128 out = 0;
        for (std::uint8_t octet : octets_)
            out = out << 8 | octet;
        return out;
    }

    constexpr bool is_unspecified() const { return *this == Ipv6Addr(); }
    /// ::1 only; ::ffff:127.0.0.1 is not (see to_canonical).
    constexpr bool is_loopback() const { return *this == Ipv6Addr(0, 0, 0, 0, 0, 0, 0, 1); }
    /// ff00::/8
    constexpr bool is_multicast() const { return octets_[0] == 0xff; }
    /// fc00::/7
    constexpr bool is_unique_local() const { return (octets_[0] & 0xfe) == 0xfc; }
    /// fe80::/10
    constexpr bool is_unicast_link_local() const {
        return octets_[0] == 0xfe && (octets_[1] & 0xc0) == 0x80;
    }

    /// The IPv4 address of ::ffff:a.b.c.d; nothing for any other.
    constexpr std::optional<Ipv4Addr> to_ipv4_mapped() const {
        for (std::size_t i = 0; i < 10; ++i)
            if (octets_[i] != 0) return {};
        if (octets_[10] != 0xff || octets_[11] != 0xff) return {};
        return Ipv4Addr(octets_[12], octets_[13], octets_[14], octets_[15]);
    }
    /// The IPv4 address of ::ffff:a.b.c.d or ::a.b.c.d. As in Rust, `::1` gives 0.0.0.1; prefer
    /// to_ipv4_mapped.
    constexpr std::optional<Ipv4Addr> to_ipv4() const {
        if (auto mapped = to_ipv4_mapped()) return mapped;
        for (std::size_t i = 0; i < 12; ++i)
            if (octets_[i] != 0) return {};
        return Ipv4Addr(octets_[12], octets_[13], octets_[14], octets_[15]);
    }

    /// ::ffff:a.b.c.d as a.b.c.d; every other address as it is.
    constexpr IpAddr to_canonical() const;

    /// As RFC 5952 says; mapped addresses as ::ffff:1.2.3.4.
    std::string to_string() const;

    /// Bit by bit: `address & mask`.
    friend constexpr Ipv6Addr operator&(const Ipv6Addr& a, const Ipv6Addr& b) {
        return from_bits(a.to_bits() & b.to_bits());
    }
    friend constexpr Ipv6Addr operator|(const Ipv6Addr& a, const Ipv6Addr& b) {
        return from_bits(a.to_bits() | b.to_bits());
    }
    friend constexpr Ipv6Addr operator~(const Ipv6Addr& a) { return from_bits(~a.to_bits()); }
    friend constexpr auto operator<=>(const Ipv6Addr&, const Ipv6Addr&) = default;

private:
    std::array<std::uint8_t, 16> octets_{};
};

inline constexpr Ipv6Addr Ipv6Addr::localhost{0, 0, 0, 0, 0, 0, 0, 1};
inline constexpr Ipv6Addr Ipv6Addr::unspecified{};

constexpr Ipv6Addr Ipv4Addr::to_ipv6_compatible() const {
    return Ipv6Addr(std::array<std::uint8_t, 16>{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, octets_[0],
                                                 octets_[1], octets_[2], octets_[3]});
}
constexpr Ipv6Addr Ipv4Addr::to_ipv6_mapped() const {
    return Ipv6Addr(std::array<std::uint8_t, 16>{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff,
                                                 octets_[0], octets_[1], octets_[2], octets_[3]});
}

/// An IPv4 or an IPv6 address. The default is 0.0.0.0. Every IPv4 address comes before every IPv6
/// address.
class IpAddr {
public:
    constexpr IpAddr() = default;
    constexpr IpAddr(Ipv4Addr address) {
        for (std::size_t i = 0; i < 4; ++i)
            octets_[i] = address.octets()[i];
    }
    constexpr IpAddr(Ipv6Addr address) : is_ipv6_(true), octets_(address.octets()) {}
    constexpr explicit IpAddr(std::array<std::uint8_t, 4> octets) : IpAddr(Ipv4Addr(octets)) {}
    constexpr explicit IpAddr(std::array<std::uint8_t, 16> octets) : IpAddr(Ipv6Addr(octets)) {}
    constexpr explicit IpAddr(std::array<std::uint16_t, 8> segments) : IpAddr(Ipv6Addr(segments)) {}

    /// Either family, in the forms that Ipv4Addr::parse and Ipv6Addr::parse take.
    /// Errors: bad_name.
    static Result<IpAddr> parse(std::string_view text);

    constexpr bool is_ipv4() const { return !is_ipv6_; }
    constexpr bool is_ipv6() const { return is_ipv6_; }
    /// The IPv4 address; of an IPv6 address 0.0.0.0 (ask is_ipv4 first).
    constexpr Ipv4Addr v4() const {
        if (is_ipv6_) return {};
        return {octets_[0], octets_[1], octets_[2], octets_[3]};
    }
    /// The IPv6 address; of an IPv4 address `::` (ask is_ipv6 first).
    constexpr Ipv6Addr v6() const {
        if (!is_ipv6_) return {};
        return Ipv6Addr(octets_);
    }

    constexpr bool is_unspecified() const { return octets_ == std::array<std::uint8_t, 16>{}; }
    constexpr bool is_loopback() const {
        return is_ipv6_ ? v6().is_loopback() : v4().is_loopback();
    }
    constexpr bool is_multicast() const {
        return is_ipv6_ ? v6().is_multicast() : v4().is_multicast();
    }

    /// ::ffff:a.b.c.d as a.b.c.d; every other address as it is.
    constexpr IpAddr to_canonical() const {
        if (is_ipv6_)
            if (auto mapped = v6().to_ipv4_mapped()) return *mapped;
        return *this;
    }

    std::string to_string() const;

    friend constexpr auto operator<=>(const IpAddr&, const IpAddr&) = default;

private:
    bool is_ipv6_ = false;
    std::array<std::uint8_t, 16> octets_{};
};

constexpr IpAddr Ipv6Addr::to_canonical() const {
    return IpAddr(*this).to_canonical();
}

/// An IPv4 address and a port. The default is 0.0.0.0:0.
class SocketAddrV4 {
public:
    constexpr SocketAddrV4() = default;
    constexpr SocketAddrV4(Ipv4Addr ip, std::uint16_t port) : ip_(ip), port_(port) {}

    /// `1.2.3.4:80`. Errors: bad_name.
    static Result<SocketAddrV4> parse(std::string_view text);

    constexpr const Ipv4Addr& ip() const { return ip_; }
    constexpr std::uint16_t port() const { return port_; }
    constexpr void set_ip(Ipv4Addr ip) { ip_ = ip; }
    constexpr void set_port(std::uint16_t port) { port_ = port; }

    std::string to_string() const;

    friend constexpr auto operator<=>(const SocketAddrV4&, const SocketAddrV4&) = default;

private:
    Ipv4Addr ip_;
    std::uint16_t port_ = 0;
};

/// An IPv6 address and a port, with a zone (`scope_id`) and flow information. The default is
/// [::]:0.
class SocketAddrV6 {
public:
    constexpr SocketAddrV6() = default;
    constexpr SocketAddrV6(Ipv6Addr ip, std::uint16_t port, std::uint32_t flowinfo = 0,
                           std::uint32_t scope_id = 0)
        : ip_(ip), port_(port), flowinfo_(flowinfo), scope_id_(scope_id) {}

    /// `[::1]:80`, `[fe80::1%5]:80`. Errors: bad_name.
    static Result<SocketAddrV6> parse(std::string_view text);

    constexpr const Ipv6Addr& ip() const { return ip_; }
    constexpr std::uint16_t port() const { return port_; }
    constexpr std::uint32_t flowinfo() const { return flowinfo_; }
    constexpr std::uint32_t scope_id() const { return scope_id_; }
    constexpr void set_ip(Ipv6Addr ip) { ip_ = ip; }
    constexpr void set_port(std::uint16_t port) { port_ = port; }
    constexpr void set_flowinfo(std::uint32_t flowinfo) { flowinfo_ = flowinfo; }
    constexpr void set_scope_id(std::uint32_t scope_id) { scope_id_ = scope_id; }

    /// The zone only if there is one, the flow information never.
    std::string to_string() const;

    friend constexpr auto operator<=>(const SocketAddrV6&, const SocketAddrV6&) = default;

private:
    Ipv6Addr ip_;
    std::uint16_t port_ = 0;
    std::uint32_t flowinfo_ = 0;
    std::uint32_t scope_id_ = 0;
};

/// An address and a port; for IPv6 also a zone (`scope_id`, the number of the interface; 0: none)
/// and flow information. The default is 0.0.0.0:0.
class SocketAddr {
public:
    constexpr SocketAddr() = default;
    /// `scope_id` and `flowinfo` are dropped if `ip` is IPv4.
    constexpr SocketAddr(IpAddr ip, std::uint16_t port, std::uint32_t scope_id = 0,
                         std::uint32_t flowinfo = 0)
        : ip_(ip), port_(port), flowinfo_(ip.is_ipv6() ? flowinfo : 0),
          scope_id_(ip.is_ipv6() ? scope_id : 0) {}
    constexpr SocketAddr(const SocketAddrV4& address) : SocketAddr(address.ip(), address.port()) {}
    constexpr SocketAddr(const SocketAddrV6& address)
        : SocketAddr(address.ip(), address.port(), address.scope_id(), address.flowinfo()) {}

    /// `1.2.3.4:80`, `[::1]:80`, `[fe80::1%5]:80`. The zone is a number; port and zone may have
    /// leading zeros. Errors: bad_name.
    static Result<SocketAddr> parse(std::string_view text);

    constexpr IpAddr ip() const { return ip_; }
    constexpr std::uint16_t port() const { return port_; }
    constexpr std::uint32_t scope_id() const { return scope_id_; }
    constexpr std::uint32_t flowinfo() const { return flowinfo_; }
    constexpr bool is_ipv4() const { return ip_.is_ipv4(); }
    constexpr bool is_ipv6() const { return ip_.is_ipv6(); }

    /// The address of that family; nothing if it is of the other.
    constexpr std::optional<SocketAddrV4> v4() const {
        if (is_ipv6()) return {};
        return SocketAddrV4(ip_.v4(), port_);
    }
    constexpr std::optional<SocketAddrV6> v6() const {
        if (is_ipv4()) return {};
        return SocketAddrV6(ip_.v6(), port_, flowinfo_, scope_id_);
    }

    constexpr void set_ip(IpAddr ip) { *this = SocketAddr(ip, port_, scope_id_, flowinfo_); }
    constexpr void set_port(std::uint16_t port) { port_ = port; }
    constexpr void set_scope_id(std::uint32_t scope_id) { scope_id_ = is_ipv6() ? scope_id : 0; }
    constexpr void set_flowinfo(std::uint32_t flowinfo) { flowinfo_ = is_ipv6() ? flowinfo : 0; }

    /// As parse reads it; the zone only if there is one, the flow information never.
    std::string to_string() const;

    friend constexpr auto operator<=>(const SocketAddr&, const SocketAddr&) = default;

private:
    IpAddr ip_;
    std::uint16_t port_ = 0;
    std::uint32_t flowinfo_ = 0;
    std::uint32_t scope_id_ = 0;
};

/// A hash of all that equality compares.
std::size_t hash_of(const IpAddr& address);
std::size_t hash_of(const SocketAddr& address);

} // namespace hws

template <> struct std::hash<hws::Ipv4Addr> {
    std::size_t operator()(const hws::Ipv4Addr& address) const {
        return hws::hash_of(hws::IpAddr(address));
    }
};
template <> struct std::hash<hws::Ipv6Addr> {
    std::size_t operator()(const hws::Ipv6Addr& address) const {
        return hws::hash_of(hws::IpAddr(address));
    }
};
template <> struct std::hash<hws::IpAddr> {
    std::size_t operator()(const hws::IpAddr& address) const { return hws::hash_of(address); }
};
template <> struct std::hash<hws::SocketAddrV4> {
    std::size_t operator()(const hws::SocketAddrV4& address) const {
        return hws::hash_of(hws::SocketAddr(address));
    }
};
template <> struct std::hash<hws::SocketAddrV6> {
    std::size_t operator()(const hws::SocketAddrV6& address) const {
        return hws::hash_of(hws::SocketAddr(address));
    }
};
template <> struct std::hash<hws::SocketAddr> {
    std::size_t operator()(const hws::SocketAddr& address) const { return hws::hash_of(address); }
};
