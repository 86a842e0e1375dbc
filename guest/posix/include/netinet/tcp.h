#ifndef HWS_POSIX_NETINET_TCP_H
#define HWS_POSIX_NETINET_TCP_H
/* TCP: POSIX.1-2017, tcp(7). */
#include_next <netinet/tcp.h>
#include <sys/types.h>

#ifndef SOL_TCP
#define SOL_TCP 6
#endif

#endif
