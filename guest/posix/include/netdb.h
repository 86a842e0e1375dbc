#ifndef HWS_POSIX_NETDB_H
#define HWS_POSIX_NETDB_H
/* Names, addresses, services and protocols: POSIX.1-2017, getaddrinfo(3), gethostbyname(3),
 * getservent(3), getprotoent(3), getnetent(3). Names are resolved by the host; services and
 * protocols are a table of this library. */
#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

struct addrinfo {
    int ai_flags;
    int ai_family;
    int ai_socktype;
    int ai_protocol;
    socklen_t ai_addrlen;
    struct sockaddr* ai_addr;
    char* ai_canonname;
    struct addrinfo* ai_next;
};

struct hostent {
    char* h_name;
    char** h_aliases;
    int h_addrtype;
    int h_length;
    char** h_addr_list;
};
#define h_addr h_addr_list[0]

struct netent {
    char* n_name;
    char** n_aliases;
    int n_addrtype;
    uint32_t n_net;
};

struct servent {
    char* s_name;
    char** s_aliases;
    int s_port;
    char* s_proto;
};

struct protoent {
    char* p_name;
    char** p_aliases;
    int p_proto;
};

/* of ai_flags */
#define AI_PASSIVE 0x01
#define AI_CANONNAME 0x02
#define AI_NUMERICHOST 0x04
#define AI_V4MAPPED 0x08
#define AI_ALL 0x10
#define AI_ADDRCONFIG 0x20
#define AI_NUMERICSERV 0x400
/* Names are handed on as they are: there is nothing to translate. */
#define AI_IDN 0x40
#define AI_CANONIDN 0x80

#define AI_IDN_ALLOW_UNASSIGNED 0x100
#define AI_IDN_USE_STD3_ASCII_RULES 0x200

#define NI_IDN_ALLOW_UNASSIGNED 0x40
#define NI_IDN_USE_STD3_ASCII_RULES 0x80
#define NI_NUMERICHOST 0x01
#define NI_NUMERICSERV 0x02
#define NI_NOFQDN 0x04
#define NI_NAMEREQD 0x08
#define NI_DGRAM 0x10
#define NI_NUMERICSCOPE 0x100
#define NI_IDN 0x20
#define NI_MAXHOST 1025
#define NI_MAXSERV 32

#define EAI_BADFLAGS -1
#define EAI_NONAME -2
#define EAI_AGAIN -3
#define EAI_FAIL -4
#define EAI_NODATA -5
#define EAI_FAMILY -6
#define EAI_SOCKTYPE -7
#define EAI_SERVICE -8
#define EAI_ADDRFAMILY -9
#define EAI_MEMORY -10
#define EAI_SYSTEM -11
#define EAI_OVERFLOW -12
#define EAI_INPROGRESS -100
#define EAI_CANCELED -101
#define EAI_NOTCANCELED -102
#define EAI_ALLDONE -103
#define EAI_INTR -104
#define EAI_IDN_ENCODE -105

#ifndef IPPORT_RESERVED
#define IPPORT_RESERVED 1024
#endif

int getaddrinfo(const char* __restrict, const char* __restrict, const struct addrinfo* __restrict,
                struct addrinfo** __restrict);
void freeaddrinfo(struct addrinfo*);
int getnameinfo(const struct sockaddr* __restrict, socklen_t, char* __restrict, socklen_t,
                char* __restrict, socklen_t, int);
const char* gai_strerror(int);

/* getaddrinfo_a(3): there are no threads, so that everything is resolved when it returns. */
struct gaicb {
    const char* ar_name;
    const char* ar_service;
    const struct addrinfo* ar_request;
    struct addrinfo* ar_result;
    int __ar_error;
};
struct sigevent;
#define GAI_WAIT 0
#define GAI_NOWAIT 1
int getaddrinfo_a(int, struct gaicb*[], int, struct sigevent*);
int gai_suspend(const struct gaicb* const[], int, const struct timespec*);
int gai_error(struct gaicb*);
int gai_cancel(struct gaicb*);

/* There is no data base of hosts and networks to walk: the walks are empty. */
void sethostent(int);
void endhostent(void);
struct hostent* gethostent(void);
void setnetent(int);
void endnetent(void);
struct netent* getnetent(void);
struct netent* getnetbyname(const char*);
struct netent* getnetbyaddr(uint32_t, int);
int gethostent_r(struct hostent*, char*, size_t, struct hostent**, int*);
int getnetent_r(struct netent*, char*, size_t, struct netent**, int*);
int getnetbyname_r(const char*, struct netent*, char*, size_t, struct netent**, int*);
int getnetbyaddr_r(uint32_t, int, struct netent*, char*, size_t, struct netent**, int*);

/* Netgroups: there are none. */
int setnetgrent(const char*);
void endnetgrent(void);
int getnetgrent(char**, char**, char**);
int getnetgrent_r(char**, char**, char**, char*, size_t);
int innetgr(const char*, const char*, const char*, const char*);

void setservent(int);
void endservent(void);
struct servent* getservent(void);
int getservent_r(struct servent*, char*, size_t, struct servent**);
struct servent* getservbyname(const char*, const char*);
struct servent* getservbyport(int, const char*);
int getservbyname_r(const char*, const char*, struct servent*, char*, size_t, struct servent**);
int getservbyport_r(int, const char*, struct servent*, char*, size_t, struct servent**);

void setprotoent(int);
void endprotoent(void);
struct protoent* getprotoent(void);
int getprotoent_r(struct protoent*, char*, size_t, struct protoent**);
struct protoent* getprotobyname(const char*);
struct protoent* getprotobynumber(int);
int getprotobyname_r(const char*, struct protoent*, char*, size_t, struct protoent**);
int getprotobynumber_r(int, struct protoent*, char*, size_t, struct protoent**);

struct hostent* gethostbyname(const char*);
struct hostent* gethostbyname2(const char*, int);
struct hostent* gethostbyaddr(const void*, socklen_t, int);
int gethostbyname_r(const char*, struct hostent*, char*, size_t, struct hostent**, int*);
int gethostbyname2_r(const char*, int, struct hostent*, char*, size_t, struct hostent**, int*);
int gethostbyaddr_r(const void*, socklen_t, int, struct hostent*, char*, size_t, struct hostent**,
                    int*);

int* __h_errno_location(void);
#define h_errno (*__h_errno_location())
#define SCOPE_DELIMITER '%'
#define NETDB_INTERNAL -1
#define NETDB_SUCCESS 0
#define HOST_NOT_FOUND 1
#define TRY_AGAIN 2
#define NO_RECOVERY 3
#define NO_DATA 4
#define NO_ADDRESS NO_DATA
void herror(const char*);
const char* hstrerror(int);

/* rcmd(3), rexec(3): no reserved port to call from, EACCES; nobody is trusted. */
int rcmd(char**, unsigned short, const char*, const char*, const char*, int*);
int rcmd_af(char**, unsigned short, const char*, const char*, const char*, int*, sa_family_t);
int rexec(char**, int, const char*, const char*, const char*, int*);
int rexec_af(char**, int, const char*, const char*, const char*, int*, sa_family_t);
int rresvport(int*);
int rresvport_af(int*, sa_family_t);
int ruserok(const char*, int, const char*, const char*);
int ruserok_af(const char*, int, const char*, const char*, sa_family_t);
int iruserok(uint32_t, int, const char*, const char*);
int iruserok_af(const void*, int, const char*, const char*, sa_family_t);

#define _PATH_HEQUIV "/etc/hosts.equiv"
#define _PATH_HOSTS "/etc/hosts"
#define _PATH_NETWORKS "/etc/networks"
#define _PATH_NSSWITCH_CONF "/etc/nsswitch.conf"
#define _PATH_PROTOCOLS "/etc/protocols"
#define _PATH_SERVICES "/etc/services"

#ifdef __cplusplus
}
#endif

#endif
