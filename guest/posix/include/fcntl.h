#ifndef HWS_POSIX_FCNTL_H
#define HWS_POSIX_FCNTL_H
/* fcntl(2): duplicates of descriptors, which wasi-libc's lacks. */
#include_next <fcntl.h>

#ifndef F_DUPFD
#define F_DUPFD 0
#endif
#ifndef F_DUPFD_CLOEXEC
#define F_DUPFD_CLOEXEC 1030
#endif
#ifndef F_SETOWN
#define F_SETOWN 8
#define F_GETOWN 9
#endif

#endif
