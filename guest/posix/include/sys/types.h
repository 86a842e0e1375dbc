#ifndef HWS_POSIX_SYS_TYPES_H
#define HWS_POSIX_SYS_TYPES_H
/* As glibc: with the sets of select, which many programs take from here. */
#include_next <sys/types.h>

#if defined(_GNU_SOURCE) || defined(_BSD_SOURCE)
#include <sys/select.h>
#endif

#endif
