#ifndef HWS_POSIX_SYS_FCNTL_H
#define HWS_POSIX_SYS_FCNTL_H
/* The older name of <fcntl.h>, without the warning of wasi-libc. */
#include <fcntl.h>

#endif
