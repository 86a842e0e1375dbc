#ifndef HWS_POSIX_NETINET_IF_ETHER_H
#define HWS_POSIX_NETINET_IF_ETHER_H
/* ARP for IPv4 over Ethernet (RFC 826), and the addresses of IPv4 groups (RFC 1112, 6.4). */
#include <net/ethernet.h>
#include <net/if_arp.h>

struct ether_arp {
    struct arphdr ea_hdr;
    uint8_t arp_sha[ETH_ALEN];
    uint8_t arp_spa[4];
    uint8_t arp_tha[ETH_ALEN];
    uint8_t arp_tpa[4];
};
#define arp_hrd ea_hdr.ar_hrd
#define arp_pro ea_hdr.ar_pro
#define arp_hln ea_hdr.ar_hln
#define arp_pln ea_hdr.ar_pln
#define arp_op ea_hdr.ar_op

/* The group's last 23 bits behind 01:00:5e. */
#define ETHER_MAP_IP_MULTICAST(group, address)                                                     \
    {                                                                                              \
        (address)[0] = 0x01, (address)[1] = 0x00, (address)[2] = 0x5e;                             \
        (address)[3] = ((uint8_t*)(group))[1] & 0x7f;                                              \
        (address)[4] = ((uint8_t*)(group))[2], (address)[5] = ((uint8_t*)(group))[3];              \
    }

#endif
