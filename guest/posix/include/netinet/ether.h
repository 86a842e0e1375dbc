#ifndef HWS_POSIX_NETINET_ETHER_H
#define HWS_POSIX_NETINET_ETHER_H
/* Addresses of Ethernet as text: ether_aton(3). There is no /etc/ethers: no address has a name. */
#include <netinet/if_ether.h>

#ifdef __cplusplus
extern "C" {
#endif

char* ether_ntoa(const struct ether_addr*);
char* ether_ntoa_r(const struct ether_addr*, char*);
struct ether_addr* ether_aton(const char*);
struct ether_addr* ether_aton_r(const char*, struct ether_addr*);
int ether_ntohost(char*, const struct ether_addr*);
int ether_hostton(const char*, struct ether_addr*);
int ether_line(const char*, struct ether_addr*, char*);

#ifdef __cplusplus
}
#endif

#endif
