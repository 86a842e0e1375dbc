#ifndef HWS_POSIX_TYPEDEF_FD_SET_H
#define HWS_POSIX_TYPEDEF_FD_SET_H
/* In place of wasi-libc's list, which takes a walk for each FD_ISSET: one bit a descriptor, as
 * elsewhere. select and pselect of this library go with it. */
#include <__macro_FD_SETSIZE.h>

typedef unsigned long fd_mask;
#define NFDBITS ((int)(8 * sizeof(fd_mask)))

typedef struct {
    fd_mask fds_bits[FD_SETSIZE / (8 * sizeof(fd_mask))];
} fd_set;

#endif
