// accept, connect: "port windows"; how many connections there were. As native.cpp.
#include "common/guest.hpp"

using namespace hws::bench::guest;

namespace {

constexpr std::size_t window = 256;
constexpr unsigned first_host = 2;
constexpr unsigned hosts = 64;

bool enter_window(Fd control) {
    unsigned char go;
    return receive_all(control, &go, 1);
}
bool leave_window(Fd control) { return send(control, "d", 1); }

} // namespace

BENCH_EXPORT(accept) {
    const Numbers<2> input;
    const auto [port, windows] = input.value;
    const Fd control = connect_to(port);
    const Fd listener = open(v2::SocketType::stream);
    v2::Address local = loopback(0);
    if (!is_ok(v2::socket_bind(listener, v2::at(&std::as_const(local))))) return 1;
    if (!is_ok(v2::socket_listen(listener, 4096))) return 2;
    v2::socket_local_address(listener, v2::at(&local));
    const unsigned char letter_and_port[] = {'a', static_cast<unsigned char>(local.port >> 8),
                                             static_cast<unsigned char>(local.port)};
    send(control, letter_and_port, sizeof letter_and_port);
    std::uint64_t count = 0;
    for (std::uint64_t i = 0; i < windows; ++i) {
        if (!enter_window(control)) return 3;
        for (std::size_t j = 0; j < window; ++j) {
            Fd connection;
            if (!is_ok(v2::socket_accept(listener, 0, v2::at(&connection), {}))) return 4;
            close(connection);
            ++count;
        }
        if (!leave_window(control)) return 5;
    }
    close(listener);
    close(control);
    return output_number(count);
}

BENCH_EXPORT(connect) {
    const Numbers<2> input;
    const auto [port, windows] = input.value;
    const Fd control = connect_to(port);
    send(control, "c", 1);
    unsigned char bytes[2];
    if (!receive_all(control, bytes, sizeof bytes)) return 1;
    std::uint64_t count = 0;
    for (std::uint64_t i = 0; i < windows; ++i) {
        if (!enter_window(control)) return 2;
        for (std::size_t j = 0; j < window; ++j) {
            const Fd socket = open(v2::SocketType::stream);
            const v2::Address peer = loopback(bytes[0] << 8 | bytes[1], first_host + static_cast<unsigned>(count % hosts));
            if (!is_ok(v2::socket_connect(socket, v2::at(&peer)))) return 3;
            close(socket);
            ++count;
        }
        if (!leave_window(control)) return 4;
    }
    close(control);
    return output_number(count);
}
