#ifndef HWS_POSIX_POLL_H
#define HWS_POSIX_POLL_H
/* poll: POSIX.1-2017, poll(2). wasi-libc has POLLIN = POLLRDNORM and POLLOUT = POLLWRNORM; no data
 * is ever urgent here, so that the events of priority are never reported. */
#include_next <poll.h>

#ifndef POLLPRI
#define POLLPRI 0x0004
#endif
#define POLLRDBAND 0x0008
#define POLLWRBAND 0x0010
#define POLLMSG 0x0020
#define POLLREMOVE 0x0040
#define POLLRDHUP 0x0400

#endif
