#ifndef HWS_POSIX_NETINET_IGMP_H
#define HWS_POSIX_NETINET_IGMP_H
/* Messages of IGMP: RFC 2236, RFC 4286. */
#include_next <netinet/igmp.h>

#ifndef IGMP_MRDISC_ADV
#define IGMP_MRDISC_ADV 0x30
#endif

#endif
