#ifndef HWS_POSIX_SYS_SOCKET_H
#define HWS_POSIX_SYS_SOCKET_H
/* Sockets, as POSIX.1-2017 and socket(2), socket(7), send(2), recv(2), cmsg(3) of Linux describe
 * them. Numbers that wasi-libc's own code knows are its numbers; the others are free to choose.
 * None of them is Linux's by promise: a program uses the names. */
#include_next <sys/socket.h>

/* --- families */
#ifndef AF_LOCAL
#define AF_LOCAL AF_UNIX
#endif
#define AF_FILE AF_UNIX
#define AF_NETLINK 16
#define AF_ROUTE AF_NETLINK
#define AF_PACKET 17
#define AF_BLUETOOTH 31
#define AF_VSOCK 40
#define AF_MAX 46
/* Named by programs that know many systems; a socket of them is EAFNOSUPPORT. */
#define AF_IPX 4
#define AF_APPLETALK 5
#define AF_NETROM 6
#define AF_BRIDGE 7
#define AF_ATMPVC 8
#define AF_X25 9
#define AF_AX25 10
#define AF_ROSE 11
#define AF_DECnet 12
#define AF_NETBEUI 13
#define AF_SECURITY 14
#define AF_KEY 15
#define AF_ASH 18
#define AF_ECONET 19
#define AF_ATMSVC 20
#define AF_RDS 21
#define AF_SNA 22
#define AF_IRDA 23
#define AF_PPPOX 24
#define AF_WANPIPE 25
#define AF_LLC 26
#define AF_IB 27
#define AF_MPLS 28
#define AF_CAN 29
#define AF_TIPC 30
#define AF_IUCV 32
#define AF_RXRPC 33
#define AF_ISDN 34
#define AF_PHONET 35
#define AF_IEEE802154 36
#define AF_CAIF 37
#define AF_ALG 38
#define AF_NFC 39
#define AF_KCM 41
#define AF_QIPCRTR 42
#define AF_SMC 43
#define AF_XDP 44
#define AF_MCTP 45
#define PF_IPX AF_IPX
#define PF_APPLETALK AF_APPLETALK
#define PF_NETROM AF_NETROM
#define PF_BRIDGE AF_BRIDGE
#define PF_ATMPVC AF_ATMPVC
#define PF_X25 AF_X25
#define PF_AX25 AF_AX25
#define PF_ROSE AF_ROSE
#define PF_DECnet AF_DECnet
#define PF_NETBEUI AF_NETBEUI
#define PF_SECURITY AF_SECURITY
#define PF_KEY AF_KEY
#define PF_ASH AF_ASH
#define PF_ECONET AF_ECONET
#define PF_ATMSVC AF_ATMSVC
#define PF_RDS AF_RDS
#define PF_SNA AF_SNA
#define PF_IRDA AF_IRDA
#define PF_PPPOX AF_PPPOX
#define PF_WANPIPE AF_WANPIPE
#define PF_LLC AF_LLC
#define PF_IB AF_IB
#define PF_MPLS AF_MPLS
#define PF_CAN AF_CAN
#define PF_TIPC AF_TIPC
#define PF_IUCV AF_IUCV
#define PF_RXRPC AF_RXRPC
#define PF_ISDN AF_ISDN
#define PF_PHONET AF_PHONET
#define PF_IEEE802154 AF_IEEE802154
#define PF_CAIF AF_CAIF
#define PF_ALG AF_ALG
#define PF_NFC AF_NFC
#define PF_KCM AF_KCM
#define PF_QIPCRTR AF_QIPCRTR
#define PF_SMC AF_SMC
#define PF_XDP AF_XDP
#define PF_MCTP AF_MCTP
#define PF_LOCAL AF_UNIX
#define PF_UNIX AF_UNIX
#define PF_FILE AF_UNIX
/* Newer versions of wasi-libc have these three the other way round. */
#ifndef PF_INET
#define PF_UNSPEC AF_UNSPEC
#define PF_INET AF_INET
#define PF_INET6 AF_INET6
#endif
#define PF_NETLINK AF_NETLINK
#define PF_ROUTE AF_ROUTE
#define PF_PACKET AF_PACKET
#define PF_BLUETOOTH AF_BLUETOOTH
#define PF_VSOCK AF_VSOCK
#define PF_MAX AF_MAX

/* --- types */
#ifndef SOCK_RAW
#define SOCK_RAW 3
#endif
#define SOCK_RDM 4
#define SOCK_SEQPACKET 1
#define SOCK_DCCP 9
#define SOCK_PACKET 10

/* --- options of level SOL_SOCKET */
#ifndef SO_REUSEADDR
#define SO_REUSEADDR 2
#endif
#ifndef SO_ERROR
#define SO_ERROR 4
#endif
#ifndef SO_SNDBUF
#define SO_SNDBUF 7
#endif
#ifndef SO_RCVBUF
#define SO_RCVBUF 8
#endif
#ifndef SO_KEEPALIVE
#define SO_KEEPALIVE 9
#endif
#ifndef SO_ACCEPTCONN
#define SO_ACCEPTCONN 30
#endif
#ifndef SO_PROTOCOL
#define SO_PROTOCOL 38
#endif
#ifndef SO_DOMAIN
#define SO_DOMAIN 39
#endif
#ifndef SO_RCVTIMEO
#define SO_RCVTIMEO 66
#define SO_SNDTIMEO 67
#endif
#define SO_DEBUG 1
#define SO_DONTROUTE 5
#define SO_BROADCAST 6
#define SO_OOBINLINE 10
#define SO_NO_CHECK 11
#define SO_PRIORITY 12
#define SO_LINGER 13
#define SO_BSDCOMPAT 14
#define SO_REUSEPORT 15
#define SO_PASSCRED 16
#define SO_PEERCRED 17
#define SO_RCVLOWAT 18
#define SO_SNDLOWAT 19
#define SO_BINDTODEVICE 25
#define SO_ATTACH_FILTER 26
#define SO_DETACH_FILTER 27
#define SO_PEERNAME 28
#define SO_PEERSEC 31
#define SO_SNDBUFFORCE 32
#define SO_RCVBUFFORCE 33
#define SO_PASSSEC 34
#define SO_MARK 36
#define SO_RXQ_OVFL 40
#define SO_PEEK_OFF 42
#define SO_BUSY_POLL 46
#define SO_MAX_PACING_RATE 47
#define SO_INCOMING_CPU 49
#define SO_ZEROCOPY 60
#define SO_TIMESTAMP 63
#define SO_TIMESTAMPNS 64
#define SO_TIMESTAMPING 65

#define SO_ATTACH_BPF 50
#define SO_ATTACH_REUSEPORT_CBPF 51
#define SO_ATTACH_REUSEPORT_EBPF 52
#define SO_BINDTOIFINDEX 62
#define SO_BPF_EXTENSIONS 48
#define SO_BUF_LOCK 72
#define SO_BUSY_POLL_BUDGET 70
#define SO_CNX_ADVICE 53
#define SO_COOKIE 57
#define SO_DETACH_BPF SO_DETACH_FILTER
#define SO_DETACH_REUSEPORT_BPF 68
#define SO_GET_FILTER SO_ATTACH_FILTER
#define SO_INCOMING_NAPI_ID 56
#define SO_LOCK_FILTER 44
#define SO_MEMINFO 55
#define SO_NETNS_COOKIE 71
#define SO_NOFCS 43
#define SO_PEERGROUPS 59
#define SO_PREFER_BUSY_POLL 69
#define SO_RCVMARK 75
#define SO_RCVTIMEO_NEW SO_RCVTIMEO
#define SO_RCVTIMEO_OLD SO_RCVTIMEO
#define SO_RESERVE_MEM 73
#define SO_SECURITY_AUTHENTICATION 22
#define SO_SECURITY_ENCRYPTION_NETWORK 24
#define SO_SECURITY_ENCRYPTION_TRANSPORT 23
#define SO_SELECT_ERR_QUEUE 45
#define SO_SNDTIMEO_NEW SO_SNDTIMEO
#define SO_SNDTIMEO_OLD SO_SNDTIMEO
#define SO_TIMESTAMPING_NEW SO_TIMESTAMPING
#define SO_TIMESTAMPING_OLD SO_TIMESTAMPING
#define SO_TIMESTAMPNS_NEW SO_TIMESTAMPNS
#define SO_TIMESTAMPNS_OLD SO_TIMESTAMPNS
#define SO_TIMESTAMP_NEW SO_TIMESTAMP
#define SO_TIMESTAMP_OLD SO_TIMESTAMP
#define SO_TXREHASH 74
#define SO_TXTIME 61
#define SO_WIFI_STATUS 41

/* --- levels; SOL_TCP and SOL_UDP stand with their protocols, too */
#ifndef SOL_IP
#define SOL_IP 0
#endif
#ifndef SOL_IPV6
#define SOL_IPV6 41
#endif
#define SOL_ICMPV6 58
#define SOL_RAW 255
#define SOL_PACKET 263
#define SOL_NETLINK 270
#define SOL_AAL 265
#define SOL_ALG 279
#define SOL_ATM 264
#define SOL_BLUETOOTH 274
#define SOL_CAIF 278
#define SOL_DCCP 269
#define SOL_DECNET 261
#define SOL_IRDA 266
#define SOL_IUCV 277
#define SOL_KCM 281
#define SOL_LLC 268
#define SOL_MCTP 285
#define SOL_MPTCP 284
#define SOL_NETBEUI 267
#define SOL_NFC 280
#define SOL_PNPIPE 275
#define SOL_PPPOL2TP 273
#define SOL_RDS 276
#define SOL_RXRPC 272
#define SOL_SMC 286
#define SOL_TIPC 271
#define SOL_TLS 282
#define SOL_X25 262
#define SOL_XDP 283

#ifndef SOMAXCONN
#define SOMAXCONN 128
#endif

/* --- flags. wasi-libc's MSG_TRUNC is a name that does not exist. */
#undef MSG_TRUNC
#define MSG_TRUNC 0x0020
#ifndef MSG_DONTWAIT
#define MSG_DONTWAIT 0x0040
#endif
#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0x4000
#endif
#define MSG_DONTROUTE 0x0004
#define MSG_CTRUNC 0x0008
#define MSG_OOB 0x0010
#define MSG_EOR 0x0080
#define MSG_TRYHARD MSG_DONTROUTE
#define MSG_FIN 0x0200
#define MSG_SYN 0x0400
#define MSG_CONFIRM 0x0800
#define MSG_RST 0x1000
#define MSG_ERRQUEUE 0x2000
#define MSG_MORE 0x8000
#define MSG_WAITFORONE 0x10000
#define MSG_BATCH 0x40000
#define MSG_PROXY 0x80000
#define MSG_ZEROCOPY 0x4000000
#define MSG_FASTOPEN 0x20000000
#define MSG_CMSG_CLOEXEC 0x40000000

/* --- ancillary data */
struct cmsghdr {
    socklen_t cmsg_len;
    int cmsg_level;
    int cmsg_type;
};

#define CMSG_ALIGN(length) (((length) + sizeof(size_t) - 1) & ~(sizeof(size_t) - 1))
#define CMSG_LEN(length) (CMSG_ALIGN(sizeof(struct cmsghdr)) + (length))
#define CMSG_SPACE(length) (CMSG_ALIGN(sizeof(struct cmsghdr)) + CMSG_ALIGN(length))
#define CMSG_DATA(header) ((unsigned char*)(header) + CMSG_ALIGN(sizeof(struct cmsghdr)))
#define CMSG_FIRSTHDR(message)                                                                     \
    ((size_t)(message)->msg_controllen >= sizeof(struct cmsghdr)                                   \
         ? (struct cmsghdr*)(message)->msg_control                                                 \
         : (struct cmsghdr*)0)
/* Bytes from a header to the end of the control data; then whether the next header fits into them.
 */
#define __HWS_CMSG_LEFT(message, header)                                                           \
    ((size_t)((char*)(message)->msg_control + (message)->msg_controllen - (char*)(header)))
#define CMSG_NXTHDR(message, header)                                                               \
    ((header)->cmsg_len < sizeof(struct cmsghdr) ||                                                \
             (header)->cmsg_len > __HWS_CMSG_LEFT(message, header) ||                              \
             __HWS_CMSG_LEFT(message, header) - (header)->cmsg_len <                               \
                 CMSG_ALIGN((header)->cmsg_len) - (header)->cmsg_len + sizeof(struct cmsghdr)      \
         ? (struct cmsghdr*)0                                                                      \
         : (struct cmsghdr*)((char*)(header) + CMSG_ALIGN((header)->cmsg_len)))

#define SCM_RIGHTS 0x01
#define SCM_CREDENTIALS 0x02
#define SCM_TIMESTAMP SO_TIMESTAMP
#define SCM_TIMESTAMPNS SO_TIMESTAMPNS
#define SCM_TIMESTAMPING SO_TIMESTAMPING
#define SCM_TIMESTAMPING_OPT_STATS 54
#define SCM_TIMESTAMPING_PKTINFO 58
#define SCM_TXTIME SO_TXTIME
#define SCM_WIFI_STATUS SO_WIFI_STATUS

/* What 4.3BSD had for sockaddr. */
struct osockaddr {
    unsigned short sa_family;
    unsigned char sa_data[14];
};

#ifdef __cplusplus
extern "C" {
#endif

int socket(int, int, int);
int socketpair(int, int, int, int[2]);
int bind(int, const struct sockaddr*, socklen_t);
int connect(int, const struct sockaddr*, socklen_t);
int listen(int, int);
int getsockname(int, struct sockaddr* __restrict, socklen_t* __restrict);
int getpeername(int, struct sockaddr* __restrict, socklen_t* __restrict);
ssize_t sendto(int, const void*, size_t, int, const struct sockaddr*, socklen_t);
ssize_t recvfrom(int, void* __restrict, size_t, int, struct sockaddr* __restrict,
                 socklen_t* __restrict);
ssize_t sendmsg(int, const struct msghdr*, int);
ssize_t recvmsg(int, struct msghdr*, int);
int setsockopt(int, int, int, const void*, socklen_t);
int sockatmark(int);
/* fstat and isfdtype tell sockets from other descriptors; S_IFSOCK is wasi-libc's. */
int isfdtype(int, int);

#ifdef __cplusplus
}
#endif

#endif
