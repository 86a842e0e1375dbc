// echo: PORT and MESSAGES of the environment; echoes messages of 64 bytes until the connection ends, and succeeds if there were as
// many. It imports nothing of Extism's, so that it has no kernel.
#include "common/guest.hpp"

#include <wasi/api.h>

using namespace hws::bench::guest;

namespace {

/// The first two numbers of the environment, read without the C library, whose getenv copies it to the heap: a page a plugin.
struct Environment {
    std::uint64_t number[2] = {};

    Environment() {
        char text[256];
        char* variables[8];
        __wasi_size_t count = 0, size = 0;
        if (__wasi_environ_sizes_get(&count, &size) != 0 || count > std::size(variables) || size > sizeof text) return;
        if (__wasi_environ_get(reinterpret_cast<std::uint8_t**>(variables), reinterpret_cast<std::uint8_t*>(text)) != 0) return;
        for (std::size_t i = 0; i < std::size(number) && i < count; ++i)
            for (const char* digit = std::strchr(variables[i], '=') + 1; *digit != 0; ++digit)
                number[i] = number[i] * 10 + static_cast<std::uint64_t>(*digit - '0');
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
