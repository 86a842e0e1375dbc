// run: "port count"; the sum of the first words of all echoes
#include "common/guest.hpp"

using namespace hws::bench::guest;

BENCH_EXPORT(run) {
    const Numbers<2> input;
    const auto [port, count] = input.value;
    unsigned char message[64];
    unsigned char echo[64];
    std::uint64_t sum = 0;
    fill_pattern(message, sizeof message);
    const Fd socket = connect_to(port);
    for (std::uint64_t i = 0; i < count; ++i) {
        std::memcpy(message, &i, sizeof i);
        if (!send(socket, message, sizeof message)) return 1;
        if (!receive_all(socket, echo, sizeof echo)) return 2;
        if (std::memcmp(message, echo, sizeof echo) != 0) return 3;
        std::uint64_t word;
        std::memcpy(&word, echo, sizeof word);
        sum += word + 1;
    }
    close(socket);
    return output_number(sum);
}
