// IPv6 options and routing headers, put together and taken apart in memory: RFC 3542, 7 and 10.

#include <cstdint>
#include <cstring>
#include <netinet/in.h>

namespace {

constexpr std::uint8_t pad_one = 0, pad_many = 1;
constexpr int header_bytes = 2; // next header, length
constexpr int routing_bytes = 8, address_bytes = 16;

/// Fills with the padding options of RFC 8200, 4.2.
void pad(std::uint8_t* at, int bytes) {
    if (bytes == 1) at[0] = pad_one;
    if (bytes < 2) return;
    at[0] = pad_many;
    at[1] = static_cast<std::uint8_t>(bytes - 2);
    std::memset(at + 2, 0, static_cast<std::size_t>(bytes - 2));
}

struct RoutingHeader {
    std::uint8_t next, length, type, segments_left;
};

int segments_of(const std::uint8_t* header) {
    return header[2] == 0 && header[1] % 2 == 0 ? header[1] / 2 : -1;
}

} // namespace

extern "C" {

int inet6_opt_init(void* buffer, socklen_t bytes) {
    if (buffer) {
        if (bytes == 0 || bytes % 8 != 0 || bytes > 256 * 8) return -1;
        static_cast<std::uint8_t*>(buffer)[1] = static_cast<std::uint8_t>(bytes / 8 - 1);
    }
    return header_bytes;
}

int inet6_opt_append(void* buffer, socklen_t bytes, int offset, uint8_t type, socklen_t length,
                     uint8_t alignment, void** data) {
    if (offset < header_bytes || type < 2 || length > 255 || alignment == 0 || alignment > 8 ||
        (alignment & (alignment - 1)) || alignment > length)
        return -1;
    // The data is aligned, not the option.
    const int begin = offset + header_bytes;
    const int filler = (alignment - begin % alignment) % alignment;
    const int end = begin + filler + static_cast<int>(length);
    if (!buffer) return end;
    if (end > static_cast<int>(bytes)) return -1;
    auto* at = static_cast<std::uint8_t*>(buffer) + offset;
    pad(at, filler);
    at[filler] = type;
    at[filler + 1] = static_cast<std::uint8_t>(length);
    if (data) *data = at + filler + 2;
    return end;
}

int inet6_opt_finish(void* buffer, socklen_t bytes, int offset) {
    if (offset < header_bytes) return -1;
    const int filler = (8 - offset % 8) % 8;
    if (!buffer) return offset + filler;
    if (offset + filler > static_cast<int>(bytes)) return -1;
    pad(static_cast<std::uint8_t*>(buffer) + offset, filler);
    return offset + filler;
}

int inet6_opt_set_val(void* data, int offset, void* value, socklen_t length) {
    std::memcpy(static_cast<std::uint8_t*>(data) + offset, value, length);
    return offset + static_cast<int>(length);
}

int inet6_opt_get_val(void* data, int offset, void* value, socklen_t length) {
    std::memcpy(value, static_cast<std::uint8_t*>(data) + offset, length);
    return offset + static_cast<int>(length);
}

int inet6_opt_next(void* buffer, socklen_t bytes, int offset, uint8_t* type, socklen_t* length,
                   void** data) {
    auto* at = static_cast<std::uint8_t*>(buffer);
    const int end = static_cast<int>(bytes);
    if (offset == 0) offset = header_bytes;
    while (offset >= header_bytes && offset < end) {
        if (at[offset] == pad_one) {
            ++offset;
            continue;
        }
        if (offset + 2 > end || offset + 2 + at[offset + 1] > end) return -1;
        const int next = offset + 2 + at[offset + 1];
        if (at[offset] != pad_many) {
            *type = at[offset];
            *length = at[offset + 1];
            *data = at + offset + 2;
            return next;
        }
        offset = next;
    }
    return -1;
}

int inet6_opt_find(void* buffer, socklen_t bytes, int offset, uint8_t type, socklen_t* length,
                   void** data) {
    std::uint8_t found = 0;
    do {
        offset = inet6_opt_next(buffer, bytes, offset, &found, length, data);
    } while (offset >= 0 && found != type);
    return offset;
}

socklen_t inet6_rth_space(int type, int segments) {
    if (type != 0 || segments < 0 || segments > 127) return 0;
    return static_cast<socklen_t>(routing_bytes + segments * address_bytes);
}

void* inet6_rth_init(void* header, socklen_t bytes, int type, int segments) {
    const socklen_t needed = inet6_rth_space(type, segments);
    if (needed == 0 || bytes < needed) return nullptr;
    std::memset(header, 0, needed);
    const RoutingHeader begin{0, static_cast<std::uint8_t>(segments * 2),
                              static_cast<std::uint8_t>(type), 0};
    std::memcpy(header, &begin, sizeof begin);
    return header;
}

int inet6_rth_add(void* header, const in6_addr* address) {
    auto* bytes = static_cast<std::uint8_t*>(header);
    const int segments = segments_of(bytes);
    if (segments < 0 || bytes[3] >= segments) return -1;
    std::memcpy(bytes + routing_bytes + bytes[3] * address_bytes, address, address_bytes);
    ++bytes[3];
    return 0;
}

int inet6_rth_reverse(const void* from, void* to) {
    const int segments = segments_of(static_cast<const std::uint8_t*>(from));
    if (segments < 0) return -1;
    auto* bytes = static_cast<std::uint8_t*>(to);
    std::memmove(bytes, from, inet6_rth_space(0, segments)); // the two may be one
    for (int low = 0, high = segments - 1; low < high; ++low, --high) {
        std::uint8_t kept[address_bytes];
        auto* first = bytes + routing_bytes + low * address_bytes;
        auto* last = bytes + routing_bytes + high * address_bytes;
        std::memcpy(kept, first, sizeof kept);
        std::memcpy(first, last, sizeof kept);
        std::memcpy(last, kept, sizeof kept);
    }
    bytes[3] = static_cast<std::uint8_t>(segments);
    return 0;
}

int inet6_rth_segments(const void* header) {
    return segments_of(static_cast<const std::uint8_t*>(header));
}

in6_addr* inet6_rth_getaddr(const void* header, int index) {
    auto* bytes = static_cast<std::uint8_t*>(const_cast<void*>(header));
    if (index < 0 || index >= segments_of(bytes)) return nullptr;
    return reinterpret_cast<in6_addr*>(bytes + routing_bytes + index * address_bytes);
}
}
