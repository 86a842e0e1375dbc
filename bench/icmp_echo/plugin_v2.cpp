// run: "count"; the sum of the first words of all replies
#include "common/guest.hpp"

using namespace hws::bench::guest;

BENCH_EXPORT(run) {
    const Numbers<1> input;
    unsigned char payload[56];
    unsigned char reply[112];
    for (std::size_t i = 0; i < sizeof payload; ++i)
        payload[i] = static_cast<unsigned char>((i * 31 + 7) % 251);
    std::uint64_t sum = 0;
    const Fd ping = open(v2::SocketType::icmp_echo);
    const v2::Address target = loopback(0);
    const v2::Iovec from = buffer(payload, sizeof payload);
    const v2::Iovec into = buffer(reply, sizeof reply);
    for (std::uint64_t i = 0; i < input.value[0]; ++i) {
        std::memcpy(payload, &i, sizeof i);
        const auto sequence = static_cast<std::uint32_t>(i & 0xffff);
        if (!is_ok(v2::icmp_send(ping, v2::span_at(&from, 1), sequence, v2::at(&target)))) return 1;
        v2::IcmpReceived told;
        if (!is_ok(v2::icmp_receive(ping, v2::span_at(&into, 1), 0, v2::no_limit, v2::at(&told))))
            return 2;
        if (told.bytes != sizeof payload || told.sequence != sequence) return 3;
        if (std::memcmp(payload, reply, sizeof payload) != 0) return 4;
        std::uint64_t word;
        std::memcpy(&word, reply, sizeof word);
        sum += word + 1;
    }
    close(ping);
    return output_number(sum);
}
