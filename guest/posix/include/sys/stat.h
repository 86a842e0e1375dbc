#ifndef HWS_POSIX_SYS_STAT_H
#define HWS_POSIX_SYS_STAT_H
/* stat(2) and umask(2), which is remembered and holds no right back. */
#include_next <sys/stat.h>

#ifdef __cplusplus
extern "C" {
#endif

mode_t umask(mode_t);

#ifdef __cplusplus
}
#endif

#endif
