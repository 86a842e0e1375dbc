#ifndef HWS_POSIX_STRUCT_SOCKADDR_H
#define HWS_POSIX_STRUCT_SOCKADDR_H
/* In place of wasi-libc's, whose sa_data is empty and whose alignment is not C90. */
#include <__typedef_sa_family_t.h>

struct sockaddr {
    sa_family_t sa_family;
    char sa_data[14];
};

#endif
