#include "common/socket.hpp"
#include "udp/udp.hpp"

#include <cstring>
#include <sys/socket.h>
#include <unistd.h>

namespace hws::bench::udp {
namespace {

/// The messages of a batch and what they stand on.
struct Batch {
    char datagrams[batch][datagram_bytes];
    iovec buffers[batch] = {};
    mmsghdr messages[batch] = {};

    Batch() {
        for (std::size_t i = 0; i < batch; ++i) {
            fill_pattern(datagrams[i], datagram_bytes);
            buffers[i] = {datagrams[i], datagram_bytes};
            messages[i].msg_hdr.msg_iov = &buffers[i];
            messages[i].msg_hdr.msg_iovlen = 1;
        }
    }
    void set_number(std::size_t i, std::uint64_t number) { std::memcpy(datagrams[i], &number, sizeof number); }
    std::uint64_t number(std::size_t i) const {
        std::uint64_t number;
        std::memcpy(&number, datagrams[i], sizeof number);
        return number;
    }
};

std::uint64_t echo(int socket, std::uint64_t count) {
    char message[datagram_bytes];
    char answer[datagram_bytes];
    fill_pattern(message, sizeof message);
    std::uint64_t sum = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
        std::memcpy(message, &i, sizeof i);
        ::send(socket, message, sizeof message, 0);
        if (::recv(socket, answer, sizeof answer, 0) != sizeof answer) break;
        if (std::memcmp(message, answer, sizeof answer) != 0) break;
        std::uint64_t word;
        std::memcpy(&word, answer, sizeof word);
        sum += word + 1;
    }
    return sum;
}

void send_windows(int control, int socket, std::uint64_t windows) {
    Batch out;
    for (std::uint64_t number = 0; number < windows * window;) {
        enter_window(control);
        for (std::size_t i = 0; i < window; i += batch) {
            for (std::size_t j = 0; j < batch; ++j) out.set_number(j, number++);
            ::sendmmsg(socket, out.messages, batch, 0);
        }
        leave_window(control);
    }
}

std::uint64_t receive_windows(int control, int socket, std::uint64_t windows) {
    Batch in;
    std::uint64_t sum = 0;
    ::send(socket, "begin", 5, 0);
    for (std::uint64_t i = 0; i < windows; ++i) {
        enter_window(control);
        for (std::size_t left = window; left > 0;) {
            const int count = ::recvmmsg(socket, in.messages, batch, MSG_WAITFORONE, nullptr);
            if (count <= 0) return 0;
            for (int j = 0; j < count; ++j) sum += in.number(static_cast<std::size_t>(j)) + 1;
            left -= static_cast<std::size_t>(count);
        }
        leave_window(control);
    }
    return sum;
}

} // namespace

std::string run_native(std::uint16_t port, char mode, std::uint64_t count) {
    const int control = connect_to(port);
    send_all(control, &mode, 1);
    const int socket = connect_datagrams(port);
    std::uint64_t sum = 0;
    if (mode == 'e') sum = echo(socket, count);
    if (mode == 's') send_windows(control, socket, count);
    if (mode == 'r') sum = receive_windows(control, socket, count);
    ::close(socket);
    ::close(control);
    return std::to_string(sum);
}

} // namespace hws::bench::udp
