#ifndef HWS_POSIX_ARPA_INET_H
#define HWS_POSIX_ARPA_INET_H
/* Text and numbers of Internet addresses: POSIX.1-2017, inet(3), inet_net_pton(3). */
#include_next <arpa/inet.h>

#ifdef __cplusplus
extern "C" {
#endif

in_addr_t inet_addr(const char*);
in_addr_t inet_network(const char*);
char* inet_ntoa(struct in_addr);
struct in_addr inet_makeaddr(in_addr_t, in_addr_t);
in_addr_t inet_lnaof(struct in_addr);
in_addr_t inet_netof(struct in_addr);
/* Networks of IPv4, `192.0.2/24`, their bits as the result. */
int inet_net_pton(int, const char*, void*, size_t);
char* inet_net_ntop(int, const void*, int, char*, size_t);

#ifdef __cplusplus
}
#endif

#endif
