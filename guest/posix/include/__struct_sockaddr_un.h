#ifndef HWS_POSIX_STRUCT_SOCKADDR_UN_H
#define HWS_POSIX_STRUCT_SOCKADDR_UN_H
/* In place of wasi-libc's, which has no path. */
#include <__typedef_sa_family_t.h>

struct sockaddr_un {
    sa_family_t sun_family;
    char sun_path[108];
};

#endif
