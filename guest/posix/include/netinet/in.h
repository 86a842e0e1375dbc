#ifndef HWS_POSIX_NETINET_IN_H
#define HWS_POSIX_NETINET_IN_H
/* Internet addresses and protocols: POSIX.1-2017, ip(7), ipv6(7). */
#include_next <netinet/in.h>
#include <sys/socket.h>

#undef IN6ADDR_ANY_INIT
#undef IN6ADDR_LOOPBACK_INIT
#define IN6ADDR_ANY_INIT                                                                           \
    {                                                                                              \
        {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}}                       \
    }
#define IN6ADDR_LOOPBACK_INIT                                                                      \
    {                                                                                              \
        {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}}                  \
    }

/* :: and ::1 are not addresses of an IPv4 host (RFC 4291, 2.5.5.1); wasi-libc looks at the last
 * byte only. */
#undef IN6_IS_ADDR_V4COMPAT
#define IN6_IS_ADDR_V4COMPAT(a)                                                                    \
    (((const uint32_t*)(a))[0] == 0 && ((const uint32_t*)(a))[1] == 0 &&                           \
     ((const uint32_t*)(a))[2] == 0 && ((const uint32_t*)(a))[3] != 0 &&                           \
     ((const uint32_t*)(a))[3] != htonl(1))

#define IPPROTO_HOPOPTS 0
#define IPPROTO_IGMP 2
#define IPPROTO_IPIP 4
#define IPPROTO_EGP 8
#define IPPROTO_PUP 12
#define IPPROTO_IDP 22
#define IPPROTO_TP 29
#define IPPROTO_DCCP 33
#define IPPROTO_ROUTING 43
#define IPPROTO_FRAGMENT 44
#define IPPROTO_RSVP 46
#define IPPROTO_GRE 47
#define IPPROTO_ESP 50
#define IPPROTO_AH 51
#define IPPROTO_ICMPV6 58
#define IPPROTO_NONE 59
#define IPPROTO_DSTOPTS 60
#define IPPROTO_MTP 92
#define IPPROTO_BEETPH 94
#define IPPROTO_ENCAP 98
#define IPPROTO_PIM 103
#define IPPROTO_COMP 108
#define IPPROTO_SCTP 132
#define IPPROTO_MH 135
#define IPPROTO_UDPLITE 136
#define IPPROTO_MPLS 137
#define IPPROTO_MPTCP 262
#define IPPROTO_MAX 263

#ifndef IPPORT_USERRESERVED
#define IPPORT_USERRESERVED 5000
#endif
#define IPPORT_ECHO 7
#define IPPORT_DISCARD 9
#define IPPORT_DAYTIME 13
#define IPPORT_FTP 21
#define IPPORT_TELNET 23
#define IPPORT_SMTP 25
#define IPPORT_TIMESERVER 37
#define IPPORT_TFTP 69
#define IPPORT_FINGER 79

#ifdef __cplusplus
extern "C" {
#endif

int bindresvport(int, struct sockaddr_in*);

#ifdef __cplusplus
}
#endif

#endif
