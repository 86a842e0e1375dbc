#ifndef HWS_POSIX_SYS_POLL_H
#define HWS_POSIX_SYS_POLL_H
/* The older name of <poll.h>, without the warning of wasi-libc. */
#include <poll.h>

#endif
