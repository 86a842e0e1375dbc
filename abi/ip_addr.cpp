#include <hws/ip_addr.hpp>
#include <hws/quote.hpp>
#include <limits>

namespace hws {
namespace {

/// Reads from the front of a text. Each `take` moves forward only where it succeeds.
class Reader {
public:
    explicit Reader(std::string_view text) : rest_(text) {}

    bool at_end() const { return rest_.empty(); }

    bool take(char wanted) {
        if (rest_.empty() || rest_.front() != wanted) return false;
        rest_.remove_prefix(1);
        return true;
    }

    enum class LeadingZeros { refused, allowed };

    /// A number of at most `max_digits` digits (0: any count) that is at most `max`.
    std::optional<std::uint32_t> take_number(unsigned radix, std::size_t max_digits,
                                             std::uint32_t max, LeadingZeros zeros) {
        std::uint64_t value = 0;
        std::size_t digits = 0;
        while (digits < rest_.size()) {
            int digit = digit_of(rest_[digits]);
            if (digit < 0 || digit >= static_cast<int>(radix)) break;
            ++digits;
            value = value * radix + static_cast<unsigned>(digit);
            if (value > max || (max_digits != 0 && digits > max_digits)) return {};
        }
        if (digits == 0) return {};
        if (zeros == LeadingZeros::refused && digits > 1 && rest_.front() == '0') return {};
        rest_.remove_prefix(digits);
        return static_cast<std::uint32_t>(value);
    }

    std::optional<Ipv4Addr> take_ipv4() {
        Reader ahead = *this;
        std::array<std::uint8_t, 4> octets{};
        for (std::size_t i = 0; i < 4; ++i) {
            if (i > 0 && !ahead.take('.')) return {};
            // Leading zeros are refused because half of the world reads them as octal
            // (CVE-2021-29922).
            auto octet = ahead.take_number(10, 3, 255, LeadingZeros::refused);
            if (!octet) return {};
            octets[i] = static_cast<std::uint8_t>(*octet);
        }
        *this = ahead;
        return Ipv4Addr(octets);
    }

    std::optional<Ipv6Addr> take_ipv6() {
        Reader ahead = *this;
        Groups head = ahead.take_groups(8);
        if (head.count < 8) {
            if (head.ends_in_ipv4 || !ahead.take(':') || !ahead.take(':')) return {};
            // `::` stands for at least one group, so that each address has one reading.
            Groups tail = ahead.take_groups(7 - head.count);
            for (std::size_t i = 0; i < tail.count; ++i)
                head.segments[8 - tail.count + i] = tail.segments[i];
        }
        *this = ahead;
        return Ipv6Addr(head.segments);
    }

private:
    struct Groups {
        std::array<std::uint16_t, 8> segments{};
        std::size_t count = 0;
        bool ends_in_ipv4 = false;
    };

    Groups take_groups(std::size_t limit) {
        Groups out;
        while (out.count < limit) {
            Reader ahead = *this;
            if (out.count > 0 && !ahead.take(':')) break;
            if (out.count + 2 <= limit) {
                if (auto ipv4 = ahead.take_ipv4()) {
                    const auto& octets = ipv4->octets();
                    out.segments[out.count] =
                        static_cast<std::uint16_t>(octets[0] << 8 | octets[1]);
                    out.segments[out.count + 1] =
                        static_cast<std::uint16_t>(octets[2] << 8 | octets[3]);
                    out.count += 2;
                    out.ends_in_ipv4 = true;
                    *this = ahead;
                    break;
                }
            }
            auto group = ahead.take_number(16, 4, 0xffff, LeadingZeros::allowed);
            if (!group) break;
            out.segments[out.count++] = static_cast<std::uint16_t>(*group);
            *this = ahead;
        }
        return out;
    }

    static int digit_of(char c) {
        if (c >= '0' && c <= '9') return c - '0';
        if (c >= 'a' && c <= 'f') return c - 'a' + 10;
        if (c >= 'A' && c <= 'F') return c - 'A' + 10;
        return -1;
    }

    std::string_view rest_;
};

std::unexpected<Error> not_an_address(std::string_view text, const char* kind) {
    return fail(Errc::bad_name, quote(text) + " is not " + kind);
}

// Not std::format and not printf: either would weigh more in a plugin than all the rest of this
// file.
void append_number(std::string& out, std::uint32_t value, unsigned radix) {
    char digits[10];
    std::size_t count = 0;
    do {
        digits[count++] = "0123456789abcdef"[value % radix];
        value /= radix;
    } while (value != 0);
    while (count != 0)
        out += digits[--count];
}

void append(std::string& out, Ipv4Addr address) {
    for (std::size_t i = 0; i < 4; ++i) {
        if (i > 0) out += '.';
        append_number(out, address.octets()[i], 10);
    }
}

void append(std::string& out, const Ipv6Addr& address) {
    if (auto mapped = address.to_ipv4_mapped()) {
        out += "::ffff:";
        append(out, *mapped);
        return;
    }
    const auto segments = address.segments();
    // RFC 5952, 4.2: `::` replaces the longest run of zero groups, the first of several, never a
    // single group.
    std::size_t run_start = 0, run_length = 1;
    for (std::size_t i = 0; i < 8; ++i) {
        std::size_t end = i;
        while (end < 8 && segments[end] == 0)
            ++end;
        if (end - i > run_length) {
            run_start = i;
            run_length = end - i;
        }
        if (end > i) i = end;
    }
    const bool has_run = run_length > 1;
    for (std::size_t i = 0; i < 8; ++i) {
        if (has_run && i == run_start) {
            out += "::";
            i += run_length - 1;
            continue;
        }
        if (i > 0 && out.back() != ':') out += ':';
        append_number(out, segments[i], 16);
    }
}

void append(std::string& out, const IpAddr& address) {
    if (address.is_ipv4())
        append(out, address.v4());
    else
        append(out, address.v6());
}

/// FNV-1a: short, and these keys are not chosen by an attacker who sees the table.
class Hash {
public:
    void add(std::uint32_t value) {
        for (int shift = 0; shift < 32; shift += 8)
            value_ = (value_ ^ (value >> shift & 0xff)) * 0x100000001b3;
    }
    std::size_t value() const { return static_cast<std::size_t>(value_ ^ value_ >> 32); }

private:
    std::uint64_t value_ = 0xcbf29ce484222325;
};

void add(Hash& hash, const IpAddr& address) {
    if (address.is_ipv4()) {
        hash.add(address.v4().to_bits());
        return;
    }
    for (std::uint16_t segment : address.v6().segments())
        hash.add(segment);
}

} // namespace

Result<Ipv4Addr> Ipv4Addr::parse(std::string_view text) {
    Reader reader(text);
    auto address = reader.take_ipv4();
    if (!address || !reader.at_end()) return not_an_address(text, "an IPv4 address");
    return *address;
}

Result<Ipv6Addr> Ipv6Addr::parse(std::string_view text) {
    Reader reader(text);
    auto address = reader.take_ipv6();
    if (!address || !reader.at_end()) return not_an_address(text, "an IPv6 address");
    return *address;
}

Result<IpAddr> IpAddr::parse(std::string_view text) {
    if (Reader reader(text); auto address = reader.take_ipv4())
        if (reader.at_end()) return *address;
    if (Reader reader(text); auto address = reader.take_ipv6())
        if (reader.at_end()) return *address;
    return not_an_address(text, "an IP address");
}

Result<SocketAddr> SocketAddr::parse(std::string_view text) {
    using Zeros = Reader::LeadingZeros;
    constexpr std::uint32_t max_port = 65535;
    constexpr std::uint32_t max_scope = std::numeric_limits<std::uint32_t>::max();
    Reader reader(text);
    IpAddr ip;
    std::uint32_t scope_id = 0;
    if (reader.take('[')) {
        auto address = reader.take_ipv6();
        if (!address) return not_an_address(text, "an address with a port");
        ip = *address;
        if (reader.take('%')) {
            auto scope = reader.take_number(10, 0, max_scope, Zeros::allowed);
            if (!scope) return not_an_address(text, "an address with a port");
            scope_id = *scope;
        }
        if (!reader.take(']')) return not_an_address(text, "an address with a port");
    } else {
        auto address = reader.take_ipv4();
        if (!address) return not_an_address(text, "an address with a port");
        ip = *address;
    }
    if (!reader.take(':')) return not_an_address(text, "an address with a port");
    auto port = reader.take_number(10, 0, max_port, Zeros::allowed);
    if (!port || !reader.at_end()) return not_an_address(text, "an address with a port");
    return SocketAddr(ip, static_cast<std::uint16_t>(*port), scope_id);
}

Result<SocketAddrV4> SocketAddrV4::parse(std::string_view text) {
    if (const auto address = SocketAddr::parse(text))
        if (const auto v4 = address->v4()) return *v4;
    return not_an_address(text, "an IPv4 address with a port");
}

Result<SocketAddrV6> SocketAddrV6::parse(std::string_view text) {
    if (const auto address = SocketAddr::parse(text))
        if (const auto v6 = address->v6()) return *v6;
    return not_an_address(text, "an IPv6 address with a port");
}

std::string Ipv4Addr::to_string() const {
    std::string out;
    append(out, *this);
    return out;
}

std::string Ipv6Addr::to_string() const {
    std::string out;
    append(out, *this);
    return out;
}

std::string IpAddr::to_string() const {
    std::string out;
    append(out, *this);
    return out;
}

std::string SocketAddrV4::to_string() const {
    return SocketAddr(*this).to_string();
}

std::string SocketAddrV6::to_string() const {
    return SocketAddr(*this).to_string();
}

std::string SocketAddr::to_string() const {
    std::string out;
    if (is_ipv6()) out += '[';
    append(out, ip_);
    if (scope_id_ != 0) {
        out += '%';
        append_number(out, scope_id_, 10);
    }
    out += is_ipv6() ? "]:" : ":";
    append_number(out, port_, 10);
    return out;
}

std::size_t hash_of(const IpAddr& address) {
    Hash hash;
    add(hash, address);
    return hash.value();
}

std::size_t hash_of(const SocketAddr& address) {
    Hash hash;
    add(hash, address.ip());
    hash.add(address.port());
    hash.add(address.scope_id());
    hash.add(address.flowinfo());
    return hash.value();
}

} // namespace hws
