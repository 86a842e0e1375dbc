// echo: PORT and MESSAGES of the environment; echoes messages of 64 bytes until the connection ends, and succeeds if there were as
// many. It imports nothing of Extism's, so that it has no kernel.
#include "common/guest.hpp"

#include <cstdlib>

using namespace hws::bench::guest;

BENCH_EXPORT(echo) {
    const Fd socket = connect_to(std::strtoull(std::getenv("PORT"), nullptr, 10));
    unsigned char message[64];
    std::uint64_t bytes = 0;
    while (const std::size_t count = receive(socket, message, sizeof message)) {
        if (!send(socket, message, count)) return 1;
        bytes += count;
    }
    close(socket);
    return bytes / sizeof message == std::strtoull(std::getenv("MESSAGES"), nullptr, 10) ? 0 : 2;
}
