#include "output.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <poll.h>
#include <unistd.h>

namespace hws::cli {

Result<std::vector<std::byte>> read_stdin() {
    std::vector<std::byte> all;
    std::array<std::byte, 65536> piece;
    for (;;) {
        const ssize_t count = ::read(STDIN_FILENO, piece.data(), piece.size());
        if (count == 0) return all;
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return fail(Errc::io, std::string("stdin: ") + std::strerror(errno));
        all.insert(all.end(), piece.begin(), piece.begin() + count);
    }
}

Result<void> write_output(std::span<const std::byte> bytes) {
    static constexpr std::byte newline{'\n'};
    const bool adds_newline =
        !bytes.empty() && bytes.back() != newline && ::isatty(STDOUT_FILENO) == 1;
    for (std::span<const std::byte> rest : {bytes, std::span(&newline, adds_newline ? 1 : 0)}) {
        while (!rest.empty()) {
            const ssize_t count = ::write(STDOUT_FILENO, rest.data(), rest.size());
            if (count < 0 && errno == EINTR) continue;
            if (count < 0 && errno == EPIPE) return {};
            if (count < 0 &&
                errno == EAGAIN) { // whoever shares the terminal or pipe made it non-blocking
                pollfd writable{STDOUT_FILENO, POLLOUT, 0};
                (void)::poll(&writable, 1, -1);
                continue;
            }
            if (count < 0) return fail(Errc::io, std::string("stdout: ") + std::strerror(errno));
            rest = rest.subspan(static_cast<std::size_t>(count));
        }
    }
    return {};
}

Result<void> write_output(std::string_view text) {
    return write_output(std::as_bytes(std::span(text)));
}

} // namespace hws::cli
