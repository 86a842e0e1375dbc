#ifndef HWS_POSIX_NETINET_ICMP6_H
#define HWS_POSIX_NETINET_ICMP6_H
/* Messages of ICMPv6: RFC 4443, and the extended echo of RFC 8335. */
#include_next <netinet/icmp6.h>

#ifndef ICMPV6_EXT_ECHO_REPLY
#define ICMPV6_EXT_ECHO_REPLY 161
#endif
#ifndef ICMPV6_EXT_ECHO_REQUEST
#define ICMPV6_EXT_ECHO_REQUEST 160
#endif

#endif
