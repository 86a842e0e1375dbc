#pragma once
/// What a plugin without the SDK needs: the imports of dialect v2, typed, on the guest's own memory; numbers in and a number out.

#include <backend/extism.hpp>
#include <backend/v2.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>
#include <unistd.h>

#define BENCH_EXPORT(name) extern "C" [[clang::export_name(#name)]] std::int32_t export_##name()

namespace hws::bench::guest {

namespace v2 = backend::v2;
namespace extism = backend::extism;
using abi::Fd;

inline v2::Iovec buffer(const void* data, std::size_t size) {
    return {v2::at(data).address, static_cast<std::uint32_t>(size)};
}

/// The input: numbers, a blank between them.
template <std::size_t count> struct Numbers {
    std::uint64_t value[count] = {};

    Numbers() {
        const std::uint64_t size = extism::input_length();
        std::size_t n = 0;
        for (std::uint64_t i = 0; i < size && n < count; ++i) {
            const std::uint32_t byte = extism::input_load_u8(i);
            if (byte == ' ')
                ++n;
            else
                value[n] = value[n] * 10 + (byte - '0');
        }
    }
};

/// The output, and the success of the export.
inline std::int32_t output_number(std::uint64_t number) {
    char digits[20];
    std::size_t first = sizeof digits;
    do {
        digits[--first] = static_cast<char>('0' + number % 10);
        number /= 10;
    } while (number);
    const std::size_t size = sizeof digits - first;
    const abi::Block block = extism::alloc(size);
    for (std::size_t i = 0; i < size; ++i)
        extism::store_u8(block.offset + i, static_cast<unsigned char>(digits[first + i]));
    extism::output_set(block.offset, size);
    return 0;
}

/// 127.0.0.`host`:`port`
inline v2::Address loopback(std::uint64_t port, unsigned host = 1) {
    v2::Address address;
    address.family = static_cast<std::uint16_t>(v2::Family::ipv4);
    address.port = static_cast<std::uint16_t>(port);
    address.octets[0] = 127;
    address.octets[3] = static_cast<std::uint8_t>(host);
    return address;
}

inline bool is_ok(v2::Status status) { return status == v2::Status::ok; }

inline Fd open(v2::SocketType type) {
    Fd socket{-1};
    v2::socket_open(v2::Family::ipv4, type, 0, v2::at(&socket));
    return socket;
}
inline void close(Fd socket) { ::close(socket.number); }

/// A connected socket, a stream with TCP_NODELAY as the native contenders have it; -1 if it could not be had.
inline Fd connect_to(std::uint64_t port, v2::SocketType type = v2::SocketType::stream) {
    const Fd socket = open(type);
    const v2::Address peer = loopback(port);
    if (!is_ok(v2::socket_connect(socket, v2::at(&peer)))) return Fd{-1};
    if (type == v2::SocketType::stream) v2::socket_set_option(socket, v2::Option::no_delay, 1);
    return socket;
}

/// A stream sends all of it in one call.
inline bool send(Fd socket, const void* data, std::size_t size) {
    const v2::Iovec from = buffer(data, size);
    std::uint32_t sent = 0;
    return is_ok(v2::socket_send(socket, v2::span_at(&from, 1), 0, {}, v2::at(&sent))) && sent == size;
}
/// What has come, at least a byte; 0 at the end or after a failure.
inline std::size_t receive(Fd socket, void* data, std::size_t size) {
    const v2::Iovec into = buffer(data, size);
    v2::Received received;
    return is_ok(v2::socket_receive(socket, v2::span_at(&into, 1), 0, v2::at(&received))) ? received.bytes : 0;
}
inline bool receive_all(Fd socket, void* data, std::size_t size) {
    auto* next = static_cast<unsigned char*>(data);
    while (size > 0) {
        const std::size_t count = receive(socket, next, size);
        if (count == 0) return false;
        next += count;
        size -= count;
    }
    return true;
}

/// As fill_pattern and digest_of of common/socket.hpp.
inline void fill_pattern(unsigned char* bytes, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<unsigned char>((i * 31 + 7) % 251);
}
inline constexpr std::uint64_t digest_start = 0xcbf29ce484222325u;
inline std::uint64_t digest_of(std::uint64_t digest, const unsigned char* bytes, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) digest = (digest ^ bytes[i]) * 0x100000001b3u;
    return digest;
}

} // namespace hws::bench::guest
