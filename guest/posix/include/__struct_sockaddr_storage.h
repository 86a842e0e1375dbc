#ifndef HWS_POSIX_STRUCT_SOCKADDR_STORAGE_H
#define HWS_POSIX_STRUCT_SOCKADDR_STORAGE_H
/* In place of wasi-libc's, which has room for 48 bytes: 128 bytes, aligned for every address. */
#include <__typedef_sa_family_t.h>

struct sockaddr_storage {
    sa_family_t ss_family;
    char __ss_padding[128 - sizeof(unsigned long) - sizeof(sa_family_t)];
    unsigned long __ss_align;
};

#endif
