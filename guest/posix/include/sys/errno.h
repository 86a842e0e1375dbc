#ifndef HWS_POSIX_SYS_ERRNO_H
#define HWS_POSIX_SYS_ERRNO_H
/* The older name of <errno.h>, without the warning of wasi-libc. */
#include <errno.h>

#endif
