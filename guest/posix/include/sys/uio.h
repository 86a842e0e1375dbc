#ifndef HWS_POSIX_SYS_UIO_H
#define HWS_POSIX_SYS_UIO_H
/* Vectors of buffers: readv(2), preadv2(2). */
#include_next <sys/uio.h>
#include <sys/types.h>

#define RWF_APPEND 0x00000010
#define RWF_DSYNC 0x00000002
#define RWF_HIPRI 0x00000001
#define RWF_NOAPPEND 0x00000020
#define RWF_NOWAIT 0x00000008
#define RWF_SYNC 0x00000004

#ifdef __cplusplus
extern "C" {
#endif

#if defined(_GNU_SOURCE)
/* Flags are EOPNOTSUPP; an offset of -1 reads and writes where the descriptor stands. */
ssize_t preadv2(int, const struct iovec*, int, off_t, int);
ssize_t pwritev2(int, const struct iovec*, int, off_t, int);
/* There is no other process. Newer versions of wasi-libc do not declare them. */
ssize_t process_vm_readv(pid_t, const struct iovec*, unsigned long, const struct iovec*,
                         unsigned long, unsigned long);
ssize_t process_vm_writev(pid_t, const struct iovec*, unsigned long, const struct iovec*,
                          unsigned long, unsigned long);
#define preadv64v2 preadv2
#define pwritev64v2 pwritev2
#endif

#ifdef __cplusplus
}
#endif

#endif
