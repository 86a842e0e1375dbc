// readv(2) with flags, and times of files: over wasi-libc's own.

#include "wire.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>

using namespace hws::posix;

namespace {

void to_timespecs(const timeval from[2], timespec into[2]) {
    for (int i = 0; i < 2; ++i)
        into[i] = {.tv_sec = from[i].tv_sec, .tv_nsec = static_cast<long>(from[i].tv_usec * 1000)};
}

} // namespace

extern "C" {

ssize_t preadv2(int fd, const iovec* into, int count, off_t offset, int flags) {
    if (flags != 0) return fail(EOPNOTSUPP);
    return offset == -1 ? readv(fd, into, count) : preadv(fd, into, count, offset);
}

ssize_t pwritev2(int fd, const iovec* from, int count, off_t offset, int flags) {
    if (flags != 0) return fail(EOPNOTSUPP);
    return offset == -1 ? writev(fd, from, count) : pwritev(fd, from, count, offset);
}

int futimes(int fd, const timeval times[2]) {
    timespec exact[2];
    if (times) to_timespecs(times, exact);
    return futimens(fd, times ? exact : nullptr);
}

int lutimes(const char* path, const timeval times[2]) {
    timespec exact[2];
    if (times) to_timespecs(times, exact);
    return utimensat(AT_FDCWD, path, times ? exact : nullptr, AT_SYMLINK_NOFOLLOW);
}
}
