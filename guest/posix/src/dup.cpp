// dup(2) and pipe(2).

#include "close_on_exec.hpp"
#include "wire.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <wasi/api.h>

using namespace hws::posix;

namespace {

int duplicate(int fd, std::uint32_t least) {
    v2::Fd copy;
    const auto status = v2::duplicate({fd}, least, v2::at(&copy));
    if (failed(status)) return fail(errno_of(status));
    set_close_on_exec(copy.number, false);
    return copy.number;
}

bool is_open(int fd) {
    __wasi_fdstat_t status;
    return __wasi_fd_fdstat_get(fd, &status) == 0;
}

/// A copy at that very number, whose former descriptor is closed as by the way.
int duplicate_to(int fd, int number) {
    if (number < 0 || !is_open(fd)) return fail(EBADF);
    const int copy = duplicate(fd, static_cast<std::uint32_t>(number));
    if (copy < 0) return errno == EINVAL ? fail(EBADF) : -1;
    if (copy == number) return number;
    // The number was taken: what it named goes, and the copy moves there.
    if (const auto error = __wasi_fd_renumber(copy, number)) {
        close(copy);
        return fail(error);
    }
    set_close_on_exec(number, false);
    return number;
}

} // namespace

extern "C" {

int dup(int fd) {
    return duplicate(fd, 0);
}

int dup2(int fd, int number) {
    if (fd == number) return is_open(fd) ? number : fail(EBADF);
    return duplicate_to(fd, number);
}

int dup3(int fd, int number, int flags) {
    if (fd == number || (flags & ~O_CLOEXEC)) return fail(EINVAL);
    return duplicate_to(fd, number);
}

int pipe2(int ends[2], int flags) {
    if (flags & ~(O_NONBLOCK | O_CLOEXEC)) return fail(EINVAL);
    if (!ends) return fail(EFAULT);
    const v2::OpenFlags open_flags = flags & O_NONBLOCK ? v2::open_flags::non_blocking : 0;
    v2::FdPair pair{};
    const auto status = v2::socket_pair(v2::SocketType::stream, open_flags, v2::at(&pair));
    if (failed(status)) return fail(errno_of(status));
    v2::socket_shutdown(pair.first, v2::Half::write);
    v2::socket_shutdown(pair.second, v2::Half::read);
    ends[0] = pair.first.number;
    ends[1] = pair.second.number;
    set_close_on_exec(ends[0], flags & O_CLOEXEC);
    set_close_on_exec(ends[1], flags & O_CLOEXEC);
    return 0;
}

int pipe(int ends[2]) {
    return pipe2(ends, 0);
}
}
