#include "common/socket.hpp"
#include "round_trip/round_trip.hpp"

#include <cstring>
#include <unistd.h>

namespace hws::bench::round_trip {

std::string run_native(std::uint16_t port, std::uint64_t count) {
    const int connection = connect_to(port);
    unsigned char message[message_bytes];
    unsigned char echo[message_bytes];
    fill_pattern(message, sizeof message);
    std::uint64_t sum = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
        std::memcpy(message, &i, sizeof i);
        if (!send_all(connection, message, sizeof message)) break;
        if (!receive_all(connection, echo, sizeof echo)) break;
        if (std::memcmp(message, echo, sizeof echo) != 0) break;
        std::uint64_t word;
        std::memcpy(&word, echo, sizeof word);
        sum += word + 1;
    }
    ::close(connection);
    return std::to_string(sum);
}

} // namespace hws::bench::round_trip
