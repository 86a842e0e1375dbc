#ifndef HWS_POSIX_SYS_PARAM_H
#define HWS_POSIX_SYS_PARAM_H
/* Limits and sums of 4.4BSD. */
#include_next <sys/param.h>
#include <sys/types.h>

#ifndef NODEV
#define NODEV ((dev_t)-1)
#endif

#endif
