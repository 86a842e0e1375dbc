#ifndef HWS_POSIX_SYS_SIGNAL_H
#define HWS_POSIX_SYS_SIGNAL_H
/* The older name of <signal.h>, without the warning of wasi-libc. */
#include <signal.h>

#endif
