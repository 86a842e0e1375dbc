// fcntl(2): as wasi-libc's, with duplicates, and with descriptors looked at before they are
// answered for.

#include "close_on_exec.hpp"
#include "wire.hpp"

#include <cstdarg>
#include <fcntl.h>
#include <sys/stat.h>
#include <wasi/api.h>

using namespace hws::posix;

namespace {

int flags_of(const __wasi_fdstat_t& status) {
    int flags = status.fs_flags;
    constexpr __wasi_rights_t reads = __WASI_RIGHTS_FD_READ | __WASI_RIGHTS_FD_READDIR;
    const bool readable = status.fs_rights_base & reads;
    const bool writable = status.fs_rights_base & __WASI_RIGHTS_FD_WRITE;
    // Sockets are open for both, whatever they are good for right now.
    const bool socket = status.fs_filetype == __WASI_FILETYPE_SOCKET_STREAM ||
                        status.fs_filetype == __WASI_FILETYPE_SOCKET_DGRAM;
    if (socket || (readable && writable)) return flags | O_RDWR;
    if (readable) return flags | O_RDONLY;
    return writable ? flags | O_WRONLY : flags | O_SEARCH;
}

} // namespace

extern "C" int isfdtype(int fd, int type) {
    struct stat status;
    if (fstat(fd, &status) != 0) return -1;
    return (status.st_mode & S_IFMT) == static_cast<mode_t>(type);
}

extern "C" int fcntl(int fd, int command, ...) {
    va_list arguments;
    va_start(arguments, command);
    const int argument =
        command == F_DUPFD || command == F_DUPFD_CLOEXEC || command == F_SETFL || command == F_SETFD
            ? va_arg(arguments, int)
            : 0;
    va_end(arguments);

    __wasi_fdstat_t status;
    if (const auto error = __wasi_fd_fdstat_get(fd, &status)) return fail(error);
    switch (command) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC: {
        if (argument < 0) return fail(EINVAL);
        v2::Fd copy;
        const auto answered =
            v2::duplicate({fd}, static_cast<std::uint32_t>(argument), v2::at(&copy));
        if (failed(answered)) return fail(errno_of(answered));
        set_close_on_exec(copy.number, command == F_DUPFD_CLOEXEC);
        return copy.number;
    }
    case F_GETFD:
        return close_on_exec(fd) ? FD_CLOEXEC : 0;
    case F_SETFD:
        set_close_on_exec(fd, argument & FD_CLOEXEC);
        return 0;
    case F_GETFL:
        return flags_of(status);
    case F_SETFL: {
        constexpr int settable = O_APPEND | O_DSYNC | O_NONBLOCK | O_RSYNC | O_SYNC;
        const auto error =
            __wasi_fd_fdstat_set_flags(fd, static_cast<__wasi_fdflags_t>(argument & settable));
        return error ? fail(error) : 0;
    }
    case F_GETLK:
    case F_SETLK:
    case F_SETLKW:
    case F_OFD_GETLK:
    case F_OFD_SETLK:
    case F_OFD_SETLKW:
        return fail(ENOLCK);
    default:
        return fail(EINVAL);
    }
}
