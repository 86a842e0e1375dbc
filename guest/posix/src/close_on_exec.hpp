#pragma once
/// The close-on-exec flag of each descriptor. Nothing is ever executed from here, so that it is
/// remembered for who asks (F_GETFD) and does nothing else.

#include <bitset>
#include <sys/select.h>

namespace hws::posix {

inline std::bitset<FD_SETSIZE> close_on_exec_flags;

inline bool close_on_exec(int fd) {
    return fd >= 0 && fd < FD_SETSIZE && close_on_exec_flags[static_cast<unsigned>(fd)];
}
/// A number that is given out anew begins with what it was opened with.
inline void set_close_on_exec(int fd, bool on) {
    if (fd >= 0 && fd < FD_SETSIZE) close_on_exec_flags[static_cast<unsigned>(fd)] = on;
}

} // namespace hws::posix
