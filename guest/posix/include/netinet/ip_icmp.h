#ifndef HWS_POSIX_NETINET_IP_ICMP_H
#define HWS_POSIX_NETINET_IP_ICMP_H
/* Messages of ICMP: RFC 792, and the extended echo of RFC 8335. */
#include_next <netinet/ip_icmp.h>

#ifndef ICMP_AFI_IP
#define ICMP_AFI_IP 1
#endif
#ifndef ICMP_AFI_IP6
#define ICMP_AFI_IP6 2
#endif
#ifndef ICMP_EXT_CODE_MAL_QUERY
#define ICMP_EXT_CODE_MAL_QUERY 1
#endif
#ifndef ICMP_EXT_CODE_MULT_IFS
#define ICMP_EXT_CODE_MULT_IFS 4
#endif
#ifndef ICMP_EXT_CODE_NO_IF
#define ICMP_EXT_CODE_NO_IF 2
#endif
#ifndef ICMP_EXT_CODE_NO_TABLE_ENT
#define ICMP_EXT_CODE_NO_TABLE_ENT 3
#endif
#ifndef ICMP_EXT_ECHO
#define ICMP_EXT_ECHO 42
#endif
#ifndef ICMP_EXT_ECHOREPLY
#define ICMP_EXT_ECHOREPLY 43
#endif
#ifndef ICMP_EXT_ECHOREPLY_ACTIVE
#define ICMP_EXT_ECHOREPLY_ACTIVE (1 << 2)
#endif
#ifndef ICMP_EXT_ECHOREPLY_IPV4
#define ICMP_EXT_ECHOREPLY_IPV4 (1 << 1)
#endif
#ifndef ICMP_EXT_ECHOREPLY_IPV6
#define ICMP_EXT_ECHOREPLY_IPV6 1
#endif
#ifndef ICMP_EXT_ECHO_CTYPE_ADDR
#define ICMP_EXT_ECHO_CTYPE_ADDR 3
#endif
#ifndef ICMP_EXT_ECHO_CTYPE_INDEX
#define ICMP_EXT_ECHO_CTYPE_INDEX 2
#endif
#ifndef ICMP_EXT_ECHO_CTYPE_NAME
#define ICMP_EXT_ECHO_CTYPE_NAME 1
#endif

#endif
