#ifndef HWS_POSIX_FD_SET_H
#define HWS_POSIX_FD_SET_H
#include <__typedef_fd_set.h>

#define __HWS_FD_WORD(fd, set) ((set)->fds_bits[(unsigned)(fd) / (8 * sizeof(fd_mask))])
#define __HWS_FD_BIT(fd) ((fd_mask)1 << ((unsigned)(fd) % (8 * sizeof(fd_mask))))

#define FD_SET(fd, set) ((void)(__HWS_FD_WORD(fd, set) |= __HWS_FD_BIT(fd)))
#define FD_CLR(fd, set) ((void)(__HWS_FD_WORD(fd, set) &= ~__HWS_FD_BIT(fd)))
#define FD_ISSET(fd, set) ((__HWS_FD_WORD(fd, set) & __HWS_FD_BIT(fd)) != 0)
#define FD_ZERO(set) ((void)__builtin_memset((set), 0, sizeof(fd_set)))
#define FD_COPY(from, to) ((void)(*(to) = *(from)))

#endif
