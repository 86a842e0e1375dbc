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
#define IPPROTO_ETHERNET 143
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
#define IPPORT_SYSTAT 11
#define IPPORT_NETSTAT 15
#define IPPORT_NAMESERVER 42
#define IPPORT_WHOIS 43
#define IPPORT_MTP 57
#define IPPORT_RJE 77
#define IPPORT_TTYLINK 87
#define IPPORT_SUPDUP 95
#define IPPORT_EXECSERVER 512
#define IPPORT_BIFFUDP 512
#define IPPORT_LOGINSERVER 513
#define IPPORT_WHOSERVER 513
#define IPPORT_CMDSERVER 514
#define IPPORT_EFSSERVER 520
#define IPPORT_ROUTESERVER 520

#define INADDR_DUMMY ((in_addr_t)0xc0000008) /* RFC 7600 */
#define IPV6_RECVERR_RFC4884 31
#define SCM_SRCRT IPV6_RTHDR

#ifdef __cplusplus
extern "C" {
#endif

int bindresvport(int, struct sockaddr_in*);
int bindresvport6(int, struct sockaddr_in6*);

/* Source filters, RFC 3678: no socket of a program has any, ENOPROTOOPT. */
int getipv4sourcefilter(int, struct in_addr, struct in_addr, uint32_t*, uint32_t*,
                        struct in_addr*);
int setipv4sourcefilter(int, struct in_addr, struct in_addr, uint32_t, uint32_t,
                        const struct in_addr*);
int getsourcefilter(int, uint32_t, const struct sockaddr*, socklen_t, uint32_t*, uint32_t*,
                    struct sockaddr_storage*);
int setsourcefilter(int, uint32_t, const struct sockaddr*, socklen_t, uint32_t, uint32_t,
                    const struct sockaddr_storage*);

/* IPv6 options and routing headers as text in memory, RFC 3542, 7 and 10. */
int inet6_opt_init(void*, socklen_t);
int inet6_opt_append(void*, socklen_t, int, uint8_t, socklen_t, uint8_t, void**);
int inet6_opt_finish(void*, socklen_t, int);
int inet6_opt_set_val(void*, int, void*, socklen_t);
int inet6_opt_next(void*, socklen_t, int, uint8_t*, socklen_t*, void**);
int inet6_opt_find(void*, socklen_t, int, uint8_t, socklen_t*, void**);
int inet6_opt_get_val(void*, int, void*, socklen_t);
socklen_t inet6_rth_space(int, int);
void* inet6_rth_init(void*, socklen_t, int, int);
int inet6_rth_add(void*, const struct in6_addr*);
int inet6_rth_reverse(const void*, void*);
int inet6_rth_segments(const void*);
struct in6_addr* inet6_rth_getaddr(const void*, int);

#ifdef __cplusplus
}
#endif

#endif
