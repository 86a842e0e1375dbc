#ifndef HWS_POSIX_RESOLV_H
#define HWS_POSIX_RESOLV_H
/* resolver(3), as far as programs look at it: the host resolves, so that there are no name servers
 * to list and no queries to send. res_query and res_search fail with NO_RECOVERY. */
#include <arpa/nameser.h>
#include <netinet/in.h>
#include <stdint.h>

#define MAXNS 3
#define MAXDNSRCH 6
#define MAXRESOLVSORT 10
#define RES_TIMEOUT 5
#define RES_INIT 0x00000001
#define RES_DEBUG 0x00000002
#define RES_USEVC 0x00000008
#define RES_RECURSE 0x00000040
#define RES_DEFNAMES 0x00000080
#define RES_DNSRCH 0x00000200
#define RES_ROTATE 0x00004000
#define RES_DEFAULT (RES_RECURSE | RES_DEFNAMES | RES_DNSRCH)
#define _PATH_RESCONF "/etc/resolv.conf"

struct __res_state {
    int retrans;
    int retry;
    unsigned long options;
    int nscount;
    struct sockaddr_in nsaddr_list[MAXNS];
    unsigned short id;
    char* dnsrch[MAXDNSRCH + 1];
    char defdname[256];
    unsigned ndots : 4;
    unsigned nsort : 4;
};
typedef struct __res_state* res_state;

#ifdef __cplusplus
extern "C" {
#endif

struct __res_state* __res_state(void);
#define _res (*__res_state())

int res_init(void);
int res_query(const char*, int, int, unsigned char*, int);
int res_search(const char*, int, int, unsigned char*, int);
int res_ninit(res_state);
void res_nclose(res_state);

#ifdef __cplusplus
}
#endif

#endif
