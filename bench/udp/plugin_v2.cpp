// echo, send, receive: "port count"; the sum of the first words received. As native.cpp.
#include "common/guest.hpp"

using namespace hws::bench::guest;

namespace {

constexpr std::size_t datagram_bytes = 64;
constexpr std::size_t batch = 64;
constexpr std::size_t window = 256;

unsigned char datagrams[batch][datagram_bytes];
v2::Iovec buffers[batch];
v2::Message messages[batch];

void prepare_batch() {
    for (std::size_t i = 0; i < batch; ++i) {
        fill_pattern(datagrams[i], datagram_bytes);
        buffers[i] = buffer(datagrams[i], datagram_bytes);
        messages[i].buffers = v2::at(&buffers[i]).address;
        messages[i].buffer_count = 1;
    }
}

struct Sockets {
    Fd control;
    Fd datagrams;

    Sockets(std::uint64_t port, const char* mode) : control(connect_to(port)) {
        send(control, mode, 1);
        datagrams = connect_to(port, v2::SocketType::datagram);
    }
    ~Sockets() {
        close(datagrams);
        close(control);
    }
    bool enter_window() const {
        unsigned char go;
        return receive_all(control, &go, 1);
    }
    bool leave_window() const { return send(control, "d", 1); }
};

} // namespace

BENCH_EXPORT(echo) {
    const Numbers<2> input;
    const auto [port, count] = input.value;
    const Sockets sockets(port, "e");
    unsigned char message[datagram_bytes];
    unsigned char answer[datagram_bytes];
    fill_pattern(message, sizeof message);
    std::uint64_t sum = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
        std::memcpy(message, &i, sizeof i);
        if (!send(sockets.datagrams, message, sizeof message)) return 1;
        if (receive(sockets.datagrams, answer, sizeof answer) != sizeof answer) return 2;
        if (std::memcmp(message, answer, sizeof answer) != 0) return 3;
        std::uint64_t word;
        std::memcpy(&word, answer, sizeof word);
        sum += word + 1;
    }
    return output_number(sum);
}

BENCH_EXPORT(send) {
    const Numbers<2> input;
    const auto [port, windows] = input.value;
    const Sockets sockets(port, "s");
    prepare_batch();
    for (std::uint64_t number = 0; number < windows * window;) {
        if (!sockets.enter_window()) return 1;
        for (std::size_t i = 0; i < window; i += batch) {
            for (std::size_t j = 0; j < batch; ++j, ++number) std::memcpy(datagrams[j], &number, sizeof number);
            std::uint32_t sent = 0;
            if (!is_ok(v2::send_batch(sockets.datagrams, v2::span_at(messages, batch), 0, v2::at(&sent)))) return 2;
            if (sent != batch) return 3;
        }
        if (!sockets.leave_window()) return 4;
    }
    return output_number(0);
}

BENCH_EXPORT(receive) {
    const Numbers<2> input;
    const auto [port, windows] = input.value;
    const Sockets sockets(port, "r");
    prepare_batch();
    std::uint64_t sum = 0;
    if (!send(sockets.datagrams, "begin", 5)) return 1;
    for (std::uint64_t i = 0; i < windows; ++i) {
        if (!sockets.enter_window()) return 2;
        for (std::size_t left = window; left > 0;) {
            std::uint32_t count = 0;
            if (!is_ok(v2::receive_batch(sockets.datagrams, v2::span_at(messages, batch),
                                         v2::receive_flags::wait_for_one, v2::no_limit, v2::at(&count))))
                return 3;
            for (std::size_t j = 0; j < count; ++j) {
                std::uint64_t number;
                std::memcpy(&number, datagrams[j], sizeof number);
                sum += number + 1;
            }
            left -= count;
        }
        if (!sockets.leave_window()) return 4;
    }
    return output_number(sum);
}
