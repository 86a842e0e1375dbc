#ifndef HWS_POSIX_STDIO_H
#define HWS_POSIX_STDIO_H
/* wasi-libc's, and remove for sockets too (see unistd.h). */
#include_next <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

int remove(const char*) __asm__("__hws_remove");

#ifdef __cplusplus
}
#endif

#endif
