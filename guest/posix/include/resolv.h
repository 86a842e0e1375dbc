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
#define LOCALDOMAINPARTS 2
#define MAXDFLSRCH 3
#define RES_AAONLY 0x00000004
#define RES_BLAST 0x00020000
#define RES_DFLRETRY 2
#define RES_IGNTC 0x00000020
#define RES_KEEPTSIG 0x00010000
#define RES_MAXNDOTS 15
#define RES_MAXRETRANS 30
#define RES_MAXRETRY 5
#define RES_MAXTIME 65535
#define RES_NOAAAA 0x08000000
#define RES_NOALIASES 0x00001000
#define RES_NOCHECKNAME 0x00008000
#define RES_NORELOAD 0x02000000
#define RES_NOTLDQUERY 0x01000000
#define RES_PRF_ADD 0x00000080
#define RES_PRF_ANS 0x00000020
#define RES_PRF_AUTH 0x00000040
#define RES_PRF_CLASS 0x00000004
#define RES_PRF_CMD 0x00000008
#define RES_PRF_HEAD1 0x00000100
#define RES_PRF_HEAD2 0x00000200
#define RES_PRF_HEADX 0x00000800
#define RES_PRF_INIT 0x00004000
#define RES_PRF_QUERY 0x00001000
#define RES_PRF_QUES 0x00000010
#define RES_PRF_REPLY 0x00002000
#define RES_PRF_STATS 0x00000001
#define RES_PRF_TTLID 0x00000400
#define RES_PRF_UPDATE 0x00000002
#define RES_PRIMARY 0x00000010
#define RES_SNGLKUP 0x00200000
#define RES_SNGLKUPREOP 0x00400000
#define RES_STAYOPEN 0x00000100
#define RES_TRUSTAD 0x04000000
#define RES_USE_DNSSEC 0x00800000
#define RES_USE_EDNS0 0x00100000
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
#define nsaddr nsaddr_list[0]

int res_init(void);
int res_query(const char*, int, int, unsigned char*, int);
int res_search(const char*, int, int, unsigned char*, int);
int res_querydomain(const char*, const char*, int, int, unsigned char*, int);
int res_send(const unsigned char*, int, unsigned char*, int);
int res_mkquery(int, const char*, int, int, const unsigned char*, int, const unsigned char*,
                unsigned char*, int);
int res_ninit(res_state);
int res_nquery(res_state, const char*, int, int, unsigned char*, int);
int res_nsearch(res_state, const char*, int, int, unsigned char*, int);
int res_nquerydomain(res_state, const char*, const char*, int, int, unsigned char*, int);
int res_nsend(res_state, const unsigned char*, int, unsigned char*, int);
int res_nmkquery(res_state, int, const char*, int, int, const unsigned char*, int,
                 const unsigned char*, unsigned char*, int);

/* Names in messages of the DNS: RFC 1035, 4.1.4. */
int dn_comp(const char*, unsigned char*, int, unsigned char**, unsigned char**);
int dn_expand(const unsigned char*, const unsigned char*, const unsigned char*, char*, int);
int dn_skipname(const unsigned char*, const unsigned char*);
void res_nclose(res_state);
void res_close(void);

#ifdef __cplusplus
}
#endif

#endif
