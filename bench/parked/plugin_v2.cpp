// echo: PORT and MESSAGES of the environment; echoes messages of 64 bytes until the connection ends, and succeeds if there were as
// many. It imports nothing of Extism's, so that it has no kernel.
#include "common/guest.hpp"

#include <backend/preview1.hpp>
#include <iterator>

using namespace hws::bench::guest;

namespace {

/// The first two numbers of the environment, read without the C library, whose getenv copies it to the heap: a page a plugin.
struct Environment {
    std::uint64_t number[2] = {};

    Environment() {
        char text[256];
        std::uint32_t variables[8];
        std::uint32_t count = 0, size = 0;
        using namespace hws::backend;
        using preview1::Errno;
        if (preview1::environ_sizes_get(v2::at(&count), v2::at(&size)) != Errno::success) return;
        if (count > std::size(variables) || size > sizeof text) return;
        if (preview1::environ_get(v2::at(variables), v2::at(text)) != Errno::success) return;
        const char* next = text;
        for (std::size_t i = 0; i < std::size(number) && i < count; ++i, ++next)
            for (next = std::strchr(next, '=') + 1; *next != 0; ++next)
                number[i] = number[i] * 10 + static_cast<std::uint64_t>(*next - '0');
    }
};

} // namespace

BENCH_EXPORT(echo) {
    const auto [port, messages] = Environment().number;
    const Fd socket = connect_to(port);
    unsigned char message[64];
    std::uint64_t bytes = 0;
    while (const std::size_t count = receive(socket, message, sizeof message)) {
        if (!send(socket, message, count)) return 1;
        bytes += count;
    }
    close(socket);
    return bytes / sizeof message == messages ? 0 : 2;
}
