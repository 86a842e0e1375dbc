#ifndef HWS_POSIX_ERRNO_H
#define HWS_POSIX_ERRNO_H
/* Linux's names that WASI has no number for, at numbers that WASI does not use. Only
 * ESOCKTNOSUPPORT is ever reported. */
#include_next <errno.h>

#ifndef ESOCKTNOSUPPORT
#define ESOCKTNOSUPPORT 94
#endif
#ifndef EPFNOSUPPORT
#define EPFNOSUPPORT 96
#endif
#ifndef ESHUTDOWN
#define ESHUTDOWN 108
#endif
#ifndef ETOOMANYREFS
#define ETOOMANYREFS 109
#endif
#ifndef EHOSTDOWN
#define EHOSTDOWN 112
#endif
#ifndef EREMOTEIO
#define EREMOTEIO 121
#endif
#ifndef ENONET
#define ENONET 116
#endif

#endif
