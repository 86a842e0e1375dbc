#ifndef HWS_POSIX_STRUCT_IN6_ADDR_H
#define HWS_POSIX_STRUCT_IN6_ADDR_H
/* In place of wasi-libc's: aligned without C11, and with the words that Linux programs look at. */

struct in6_addr {
    union {
        unsigned char __s6_addr[16];
        unsigned short __s6_addr16[8];
        unsigned int __s6_addr32[4];
    } __in6_union;
};
#define s6_addr __in6_union.__s6_addr
#define s6_addr16 __in6_union.__s6_addr16
#define s6_addr32 __in6_union.__s6_addr32

#endif
