#pragma once
/// Ancillary data of messages: cmsg(3) on the program's side, v2::Ancillary on the host's.

#include "wire.hpp"

namespace hws::posix {

/// Whether any socket was ever asked to tell of its datagrams: until then no message has anything
/// to tell, and receiving is the cheaper call.
inline bool tells_of_datagrams = false;

/// What a program sends with a message to a socket. As Linux, what belongs to another protocol than
/// the socket's is passed over. Errors: EINVAL for what is cut short, out of its range or unknown;
/// EOPNOTSUPP for descriptors and credentials (SCM_RIGHTS, SCM_CREDENTIALS).
int read_control(int fd, const msghdr& message, v2::Ancillary& into);

/// Writes what came with a datagram as far as there is room, and how long it is. Gives MSG_CTRUNC
/// if there was less room than that, else 0.
int write_control(const v2::Ancillary& from, msghdr& message);

} // namespace hws::posix
