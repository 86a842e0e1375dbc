#include "common/socket.hpp"
#include "connections/connections.hpp"

#include <sys/socket.h>
#include <unistd.h>

namespace hws::bench::connections {
namespace {

std::uint64_t accept_windows(int control, std::uint64_t windows) {
    std::uint16_t port = 0;
    const int listener = listen_on_loopback(port);
    const unsigned char bytes[] = {static_cast<unsigned char>(port >> 8), static_cast<unsigned char>(port)};
    send_all(control, bytes, sizeof bytes);
    std::uint64_t count = 0;
    for (std::uint64_t i = 0; i < windows; ++i) {
        enter_window(control);
        for (std::size_t j = 0; j < window; ++j) {
            const int socket = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
            count += socket >= 0;
            ::close(socket);
        }
        leave_window(control);
    }
    ::close(listener);
    return count;
}

std::uint64_t connect_windows(int control, std::uint64_t windows) {
    unsigned char bytes[2];
    if (!receive_all(control, bytes, sizeof bytes)) return 0;
    const auto port = static_cast<std::uint16_t>(bytes[0] << 8 | bytes[1]);
    std::uint64_t count = 0;
    for (std::uint64_t i = 0; i < windows; ++i) {
        enter_window(control);
        for (std::size_t j = 0; j < window; ++j) {
            ::close(connect_plainly(first_host + static_cast<unsigned>(count % hosts), port));
            ++count;
        }
        leave_window(control);
    }
    return count;
}

} // namespace

std::string run_native(std::uint16_t port, char mode, std::uint64_t windows) {
    const int control = connect_to(port);
    send_all(control, &mode, 1);
    const std::uint64_t count = mode == 'a' ? accept_windows(control, windows) : connect_windows(control, windows);
    ::close(control);
    return std::to_string(count);
}

} // namespace hws::bench::connections
