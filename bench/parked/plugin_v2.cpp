// echo: "port"; echoes messages of 64 bytes until the connection ends, then says how many those were.
#include "common/guest.hpp"

using namespace hws::bench::guest;

BENCH_EXPORT(echo) {
    const Numbers<1> input;
    const Fd socket = connect_to(input.value[0]);
    unsigned char message[64];
    std::uint64_t bytes = 0;
    while (const std::size_t count = receive(socket, message, sizeof message)) {
        if (!send(socket, message, count)) return 1;
        bytes += count;
    }
    close(socket);
    return output_number(bytes / sizeof message);
}
