/* Every name that POSIX.1-2017 and Linux's manual give for the headers of sockets, in C90 and in
 * C++, for hws-cc and for the machine's own compiler: the second says that this list asks for
 * nothing that isn't there. */
#define _GNU_SOURCE 1
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <grp.h>
#include <netinet/icmp6.h>
#include <netinet/igmp.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <pwd.h>
#include <resolv.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/param.h>
#include <sys/poll.h>
#include <sys/random.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define HOLDS(name, condition) typedef char name[(condition) ? 1 : -1]

/* --- sizes and places that programs rely on */
HOLDS(sockaddr_is_16_bytes, sizeof(struct sockaddr) == 16);
HOLDS(sockaddr_has_14_bytes_of_data, sizeof(((struct sockaddr*)0)->sa_data) == 14);
HOLDS(sockaddr_in_is_16_bytes, sizeof(struct sockaddr_in) == 16);
HOLDS(sockaddr_in6_is_28_bytes, sizeof(struct sockaddr_in6) == 28);
HOLDS(sockaddr_storage_is_128_bytes, sizeof(struct sockaddr_storage) == 128);
HOLDS(sockaddr_un_has_108_bytes_of_path, sizeof(((struct sockaddr_un*)0)->sun_path) == 108);
HOLDS(sockaddr_un_path_follows_the_family, offsetof(struct sockaddr_un, sun_path) == 2);
HOLDS(port_follows_the_family, offsetof(struct sockaddr_in, sin_port) == 2);
HOLDS(address_follows_the_port, offsetof(struct sockaddr_in, sin_addr) == 4);
HOLDS(flowinfo_follows_the_port, offsetof(struct sockaddr_in6, sin6_flowinfo) == 4);
HOLDS(ipv6_address_follows_the_flowinfo, offsetof(struct sockaddr_in6, sin6_addr) == 8);
HOLDS(scope_is_last, offsetof(struct sockaddr_in6, sin6_scope_id) == 24);
HOLDS(in6_addr_is_16_bytes, sizeof(struct in6_addr) == 16);
HOLDS(families_are_the_first_member,
      offsetof(struct sockaddr_storage, ss_family) == offsetof(struct sockaddr, sa_family));
HOLDS(socklen_is_32_bits, sizeof(socklen_t) == 4);
HOLDS(a_set_has_room_for_1024, sizeof(fd_set) * 8 >= 1024);
HOLDS(space_is_aligned, CMSG_SPACE(1) % sizeof(size_t) == 0 && CMSG_SPACE(1) >= CMSG_LEN(1));

/* --- constants */
extern const long constants[];
const long constants[] = {
    /* sys/socket.h */
    AF_UNSPEC, AF_INET, AF_INET6, AF_UNIX, AF_LOCAL, AF_NETLINK, AF_PACKET, AF_BLUETOOTH, AF_VSOCK,
    AF_MAX, PF_UNSPEC, PF_INET, PF_INET6, PF_UNIX, PF_LOCAL, PF_NETLINK, PF_PACKET, PF_MAX,
    SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_RDM, SOCK_SEQPACKET, SOCK_NONBLOCK, SOCK_CLOEXEC,
    SOL_SOCKET, SOL_IP, SOL_IPV6, SOL_TCP, SOL_UDP, SOL_RAW, SOL_ICMPV6, SOMAXCONN, SO_ACCEPTCONN,
    SO_BROADCAST, SO_DEBUG, SO_DONTROUTE, SO_ERROR, SO_KEEPALIVE, SO_LINGER, SO_OOBINLINE,
    SO_RCVBUF, SO_RCVLOWAT, SO_RCVTIMEO, SO_REUSEADDR, SO_SNDBUF, SO_SNDLOWAT, SO_SNDTIMEO, SO_TYPE,
    SO_BINDTODEVICE, SO_BUSY_POLL, SO_DOMAIN, SO_INCOMING_CPU, SO_MARK, SO_PASSCRED, SO_PEEK_OFF,
    SO_PEERCRED, SO_PEERSEC, SO_PRIORITY, SO_PROTOCOL, SO_RCVBUFFORCE, SO_SNDBUFFORCE, SO_REUSEPORT,
    SO_RXQ_OVFL, SO_TIMESTAMP, SO_TIMESTAMPNS, SO_ATTACH_FILTER, SO_DETACH_FILTER, SO_ZEROCOPY,
    MSG_CTRUNC, MSG_DONTROUTE, MSG_EOR, MSG_OOB, MSG_NOSIGNAL, MSG_PEEK, MSG_TRUNC, MSG_WAITALL,
    MSG_DONTWAIT, MSG_MORE, MSG_CONFIRM, MSG_ERRQUEUE, MSG_WAITFORONE, MSG_CMSG_CLOEXEC,
    MSG_FASTOPEN, MSG_ZEROCOPY, SHUT_RD, SHUT_WR, SHUT_RDWR, SCM_RIGHTS, SCM_CREDENTIALS,
    SCM_TIMESTAMP,
    /* netinet/in.h */
    IPPROTO_IP, IPPROTO_ICMP, IPPROTO_IGMP, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_IPV6, IPPROTO_ICMPV6,
    IPPROTO_RAW, IPPROTO_SCTP, IPPROTO_UDPLITE, IPPROTO_NONE, IPPROTO_DSTOPTS, IPPROTO_FRAGMENT,
    IPPROTO_HOPOPTS, IPPROTO_ROUTING, IPPROTO_ESP, IPPROTO_AH, IPPROTO_GRE, IPPROTO_EGP,
    IPPROTO_PUP, IPPROTO_IDP, IPPROTO_TP, IPPROTO_DCCP, IPPROTO_RSVP, IPPROTO_MTP, IPPROTO_BEETPH,
    IPPROTO_ENCAP, IPPROTO_PIM, IPPROTO_COMP, IPPROTO_MPLS, IPPROTO_IPIP, IPPROTO_MAX,
    (long)INADDR_ANY, (long)INADDR_BROADCAST, (long)INADDR_LOOPBACK, (long)INADDR_NONE,
    (long)INADDR_UNSPEC_GROUP, (long)INADDR_ALLHOSTS_GROUP, (long)INADDR_ALLRTRS_GROUP,
    (long)INADDR_MAX_LOCAL_GROUP, INET_ADDRSTRLEN, INET6_ADDRSTRLEN, IPPORT_RESERVED,
    IPPORT_USERRESERVED, IPPORT_ECHO, IPPORT_TELNET, IN_LOOPBACKNET, IP_TOS, IP_TTL, IP_HDRINCL,
    IP_OPTIONS, IP_PKTINFO, IP_MTU_DISCOVER, IP_RECVERR, IP_RECVTTL, IP_RECVTOS, IP_MTU,
    IP_FREEBIND, IP_TRANSPARENT, IP_MULTICAST_IF, IP_MULTICAST_TTL, IP_MULTICAST_LOOP,
    IP_MULTICAST_ALL, IP_ADD_MEMBERSHIP, IP_DROP_MEMBERSHIP, IP_ADD_SOURCE_MEMBERSHIP,
    IP_DROP_SOURCE_MEMBERSHIP, IP_BLOCK_SOURCE, IP_UNBLOCK_SOURCE, IP_BIND_ADDRESS_NO_PORT,
    IP_PMTUDISC_DO, IP_PMTUDISC_DONT, IP_PMTUDISC_WANT, IP_PMTUDISC_PROBE, IP_MSFILTER,
    MCAST_JOIN_GROUP, MCAST_LEAVE_GROUP, IPV6_V6ONLY, IPV6_UNICAST_HOPS, IPV6_MULTICAST_HOPS,
    IPV6_MULTICAST_IF, IPV6_MULTICAST_LOOP, IPV6_JOIN_GROUP, IPV6_LEAVE_GROUP, IPV6_ADD_MEMBERSHIP,
    IPV6_DROP_MEMBERSHIP, IPV6_RECVPKTINFO, IPV6_PKTINFO, IPV6_TCLASS, IPV6_RECVTCLASS,
    IPV6_HOPLIMIT, IPV6_RECVHOPLIMIT, IPV6_MTU, IPV6_MTU_DISCOVER, IPV6_RECVERR, IPV6_DONTFRAG,
    IPV6_CHECKSUM,
    /* netinet/tcp.h */
    TCP_NODELAY, TCP_MAXSEG, TCP_CORK, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT, TCP_SYNCNT,
    TCP_LINGER2, TCP_DEFER_ACCEPT, TCP_WINDOW_CLAMP, TCP_INFO, TCP_QUICKACK, TCP_CONGESTION,
    TCP_USER_TIMEOUT, TCP_FASTOPEN, TCP_FASTOPEN_CONNECT, TCP_NOTSENT_LOWAT, TCP_ESTABLISHED,
    TCP_LISTEN, TCP_CLOSE_WAIT, TCP_TIME_WAIT,
    /* netdb.h */
    AI_PASSIVE, AI_CANONNAME, AI_NUMERICHOST, AI_NUMERICSERV, AI_V4MAPPED, AI_ALL, AI_ADDRCONFIG,
    NI_NOFQDN, NI_NUMERICHOST, NI_NAMEREQD, NI_NUMERICSERV, NI_DGRAM, NI_MAXHOST, NI_MAXSERV,
    EAI_AGAIN, EAI_BADFLAGS, EAI_FAIL, EAI_FAMILY, EAI_MEMORY, EAI_NONAME, EAI_SERVICE,
    EAI_SOCKTYPE, EAI_SYSTEM, EAI_OVERFLOW, EAI_NODATA, EAI_ADDRFAMILY, EAI_INPROGRESS,
    EAI_CANCELED, EAI_INTR, HOST_NOT_FOUND, NO_DATA, NO_RECOVERY, TRY_AGAIN, NO_ADDRESS,
    NETDB_INTERNAL, NETDB_SUCCESS,
    /* net/if.h */
    IF_NAMESIZE, IFNAMSIZ, IFF_UP, IFF_BROADCAST, IFF_DEBUG, IFF_LOOPBACK, IFF_POINTOPOINT,
    IFF_RUNNING, IFF_NOARP, IFF_PROMISC, IFF_ALLMULTI, IFF_MULTICAST, IFF_MASTER, IFF_SLAVE,
    IFF_PORTSEL, IFF_AUTOMEDIA, IFF_DYNAMIC, IFF_NOTRAILERS,
    /* poll.h, sys/select.h, sys/ioctl.h, fcntl.h, errno.h */
    POLLIN, POLLRDNORM, POLLRDBAND, POLLPRI, POLLOUT, POLLWRNORM, POLLWRBAND, POLLERR, POLLHUP,
    POLLNVAL, POLLRDHUP, POLLMSG, FD_SETSIZE, NFDBITS, (long)FIONREAD, (long)FIONBIO,
    (long)FIOASYNC, (long)FIOCLEX, (long)FIONCLEX, (long)SIOCATMARK, (long)SIOCGIFCONF,
    (long)SIOCGIFFLAGS, (long)SIOCGIFADDR, (long)SIOCGIFNETMASK, (long)SIOCGIFBRDADDR,
    (long)SIOCGIFDSTADDR, (long)SIOCGIFHWADDR, (long)SIOCGIFINDEX, (long)SIOCGIFNAME,
    (long)SIOCGIFMTU, (long)SIOCGIFMETRIC, (long)TIOCGWINSZ, O_NONBLOCK, F_GETFL, F_SETFL, F_GETFD,
    F_SETFD, F_DUPFD, F_DUPFD_CLOEXEC, F_GETOWN, F_SETOWN, FD_CLOEXEC, EACCES, EADDRINUSE,
    EADDRNOTAVAIL, EAFNOSUPPORT, EAGAIN, EALREADY, EBADF, ECONNABORTED, ECONNREFUSED, ECONNRESET,
    EDESTADDRREQ, EFAULT, EHOSTDOWN, EHOSTUNREACH, EINPROGRESS, EINTR, EINVAL, EISCONN, EMFILE,
    EMSGSIZE, ENETDOWN, ENETRESET, ENETUNREACH, ENFILE, ENOBUFS, ENOMEM, ENOPROTOOPT, ENOSYS,
    ENOTCONN, ENOTSOCK, EOPNOTSUPP, EPERM, EPFNOSUPPORT, EPIPE, EPROTO, EPROTONOSUPPORT, EPROTOTYPE,
    ESHUTDOWN, ESOCKTNOSUPPORT, ETIMEDOUT, ETOOMANYREFS, EWOULDBLOCK, UIO_MAXIOV};

/* --- functions, with the types that the manual gives them. glibc takes addresses as a union of
 * pointers. */
#ifdef __wasm__
typedef const struct sockaddr* address_in;
typedef struct sockaddr* __restrict address_out;
#endif

extern void functions(void);
void functions(void) {
    int (*socket_)(int, int, int) = socket;
    int (*socketpair_)(int, int, int, int[2]) = socketpair;
    int (*listen_)(int, int) = listen;
    int (*shutdown_)(int, int) = shutdown;
    int (*sockatmark_)(int) = sockatmark;
    ssize_t (*send_)(int, const void*, size_t, int) = send;
    ssize_t (*recv_)(int, void*, size_t, int) = recv;
    ssize_t (*sendmsg_)(int, const struct msghdr*, int) = sendmsg;
    ssize_t (*recvmsg_)(int, struct msghdr*, int) = recvmsg;
    int (*getsockopt_)(int, int, int, void*, socklen_t*) = getsockopt;
    int (*setsockopt_)(int, int, int, const void*, socklen_t) = setsockopt;
    int (*poll_)(struct pollfd*, nfds_t, int) = poll;
    int (*ppoll_)(struct pollfd*, nfds_t, const struct timespec*, const sigset_t*) = ppoll;
    int (*select_)(int, fd_set*, fd_set*, fd_set*, struct timeval*) = select;
    int (*pselect_)(int, fd_set*, fd_set*, fd_set*, const struct timespec*, const sigset_t*) =
        pselect;
    int (*getaddrinfo_)(const char*, const char*, const struct addrinfo*, struct addrinfo**) =
        getaddrinfo;
    void (*freeaddrinfo_)(struct addrinfo*) = freeaddrinfo;
    const char* (*gai_strerror_)(int) = gai_strerror;
    struct hostent* (*gethostbyname_)(const char*) = gethostbyname;
    struct hostent* (*gethostbyname2_)(const char*, int) = gethostbyname2;
    struct hostent* (*gethostbyaddr_)(const void*, socklen_t, int) = gethostbyaddr;
    struct hostent* (*gethostent_)(void) = gethostent;
    void (*sethostent_)(int) = sethostent;
    void (*endhostent_)(void) = endhostent;
    int (*gethostbyname_r_)(const char*, struct hostent*, char*, size_t, struct hostent**, int*) =
        gethostbyname_r;
    int (*gethostbyname2_r_)(const char*, int, struct hostent*, char*, size_t, struct hostent**,
                             int*) = gethostbyname2_r;
    int (*gethostbyaddr_r_)(const void*, socklen_t, int, struct hostent*, char*, size_t,
                            struct hostent**, int*) = gethostbyaddr_r;
    struct servent* (*getservbyname_)(const char*, const char*) = getservbyname;
    struct servent* (*getservbyport_)(int, const char*) = getservbyport;
    struct servent* (*getservent_)(void) = getservent;
    int (*getservbyname_r_)(const char*, const char*, struct servent*, char*, size_t,
                            struct servent**) = getservbyname_r;
    struct protoent* (*getprotobyname_)(const char*) = getprotobyname;
    struct protoent* (*getprotobynumber_)(int) = getprotobynumber;
    struct protoent* (*getprotoent_)(void) = getprotoent;
    struct netent* (*getnetbyname_)(const char*) = getnetbyname;
    struct netent* (*getnetbyaddr_)(uint32_t, int) = getnetbyaddr;
    const char* (*hstrerror_)(int) = hstrerror;
    void (*herror_)(const char*) = herror;
    in_addr_t (*inet_addr_)(const char*) = inet_addr;
    in_addr_t (*inet_network_)(const char*) = inet_network;
    char* (*inet_ntoa_)(struct in_addr) = inet_ntoa;
    int (*inet_aton_)(const char*, struct in_addr*) = inet_aton;
    struct in_addr (*inet_makeaddr_)(in_addr_t, in_addr_t) = inet_makeaddr;
    in_addr_t (*inet_lnaof_)(struct in_addr) = inet_lnaof;
    in_addr_t (*inet_netof_)(struct in_addr) = inet_netof;
    int (*inet_pton_)(int, const char*, void*) = inet_pton;
    const char* (*inet_ntop_)(int, const void*, char*, socklen_t) = inet_ntop;
    unsigned int (*if_nametoindex_)(const char*) = if_nametoindex;
    char* (*if_indextoname_)(unsigned int, char*) = if_indextoname;
    struct if_nameindex* (*if_nameindex_)(void) = if_nameindex;
    void (*if_freenameindex_)(struct if_nameindex*) = if_freenameindex;
    int (*getifaddrs_)(struct ifaddrs**) = getifaddrs;
    void (*freeifaddrs_)(struct ifaddrs*) = freeifaddrs;
    int (*gethostname_)(char*, size_t) = gethostname;
    int (*dup_)(int) = dup;
    int (*dup2_)(int, int) = dup2;
    int (*dup3_)(int, int, int) = dup3;
    int (*pipe_)(int[2]) = pipe;
    int (*pipe2_)(int[2], int) = pipe2;
    ssize_t (*readv_)(int, const struct iovec*, int) = readv;
    ssize_t (*writev_)(int, const struct iovec*, int) = writev;
#ifdef __wasm__
    int (*bind_)(int, address_in, socklen_t) = bind;
    int (*connect_)(int, address_in, socklen_t) = connect;
    int (*accept_)(int, address_out, socklen_t*) = accept;
    int (*accept4_)(int, address_out, socklen_t*, int) = accept4;
    int (*getsockname_)(int, address_out, socklen_t*) = getsockname;
    int (*getpeername_)(int, address_out, socklen_t*) = getpeername;
    ssize_t (*sendto_)(int, const void*, size_t, int, address_in, socklen_t) = sendto;
    ssize_t (*recvfrom_)(int, void*, size_t, int, address_out, socklen_t*) = recvfrom;
    int (*sendmmsg_)(int, struct mmsghdr*, unsigned int, unsigned int) = sendmmsg;
    int (*recvmmsg_)(int, struct mmsghdr*, unsigned int, unsigned int, struct timespec*) = recvmmsg;
    int (*getnameinfo_)(address_in, socklen_t, char*, socklen_t, char*, socklen_t, int) =
        getnameinfo;
    (void)bind_, (void)connect_, (void)accept_, (void)accept4_, (void)getsockname_,
        (void)getpeername_, (void)sendto_;
    (void)recvfrom_, (void)sendmmsg_, (void)recvmmsg_, (void)getnameinfo_;
#endif
    (void)socket_, (void)socketpair_, (void)listen_, (void)shutdown_, (void)sockatmark_,
        (void)send_, (void)recv_, (void)sendmsg_;
    (void)recvmsg_, (void)getsockopt_, (void)setsockopt_, (void)poll_, (void)ppoll_, (void)select_,
        (void)pselect_;
    (void)getaddrinfo_, (void)freeaddrinfo_, (void)gai_strerror_, (void)gethostbyname_,
        (void)gethostbyname2_;
    (void)gethostbyaddr_, (void)gethostent_, (void)sethostent_, (void)endhostent_,
        (void)gethostbyname_r_;
    (void)gethostbyname2_r_, (void)gethostbyaddr_r_, (void)getservbyname_, (void)getservbyport_,
        (void)getservent_;
    (void)getservbyname_r_, (void)getprotobyname_, (void)getprotobynumber_, (void)getprotoent_,
        (void)getnetbyname_;
    (void)getnetbyaddr_, (void)hstrerror_, (void)herror_, (void)inet_addr_, (void)inet_network_,
        (void)inet_ntoa_;
    (void)inet_aton_, (void)inet_makeaddr_, (void)inet_lnaof_, (void)inet_netof_, (void)inet_pton_,
        (void)inet_ntop_;
    (void)if_nametoindex_, (void)if_indextoname_, (void)if_nameindex_, (void)if_freenameindex_,
        (void)getifaddrs_;
    (void)freeifaddrs_, (void)gethostname_, (void)dup_, (void)dup2_, (void)dup3_, (void)pipe_,
        (void)pipe2_, (void)readv_;
    (void)writev_;
}

/* --- members, and macros that are used as functions */
extern int members(void);
int members(void) {
    struct sockaddr_in6 ipv6;
    struct in6_addr any = IN6ADDR_ANY_INIT;
    struct in6_addr loopback = IN6ADDR_LOOPBACK_INIT;
    struct msghdr message;
    struct mmsghdr many;
    struct linger lingering;
    struct ip_mreq membership;
    struct ip_mreqn membership_by_index;
    struct ipv6_mreq ipv6_membership;
    struct group_req group;
    struct ucred who;
    struct ifreq interface;
    struct ifconf interfaces;
    struct addrinfo info;
    struct hostent host;
    struct servent service;
    struct protoent protocol;
    struct winsize window;
    struct tcp_info tcp;
    struct cmsghdr* control;
    fd_set set;
    FD_ZERO(&set);
    FD_SET(3, &set);
    FD_CLR(3, &set);
    memset(&message, 0, sizeof message);
    memset(&interface, 0, sizeof interface);
    ipv6.sin6_addr = in6addr_any;
    ipv6.sin6_addr = in6addr_loopback;
    many.msg_len = 0;
    lingering.l_onoff = lingering.l_linger = 0;
    membership.imr_multiaddr.s_addr = membership.imr_interface.s_addr = 0;
    membership_by_index.imr_ifindex = 0;
    ipv6_membership.ipv6mr_interface = 0;
    group.gr_interface = 0;
    who.pid = 0;
    interfaces.ifc_len = 0;
    info.ai_next = 0;
    host.h_addr_list = 0;
    service.s_port = 0;
    protocol.p_proto = 0;
    window.ws_row = 0;
    tcp.tcpi_state = 0;
    h_errno = 0;
    for (control = CMSG_FIRSTHDR(&message); control; control = CMSG_NXTHDR(&message, control))
        if (*CMSG_DATA(control)) return 1;
    (void)who, (void)many, (void)lingering, (void)membership, (void)membership_by_index,
        (void)ipv6_membership, (void)group;
    (void)interfaces, (void)info, (void)host, (void)service, (void)protocol, (void)window,
        (void)tcp;
    return FD_ISSET(3, &set) || !IN6_IS_ADDR_UNSPECIFIED(&any) ||
           !IN6_IS_ADDR_LOOPBACK(&loopback) || IN6_IS_ADDR_MULTICAST(&any) ||
           IN6_IS_ADDR_LINKLOCAL(&any) || IN6_IS_ADDR_SITELOCAL(&any) ||
           IN6_IS_ADDR_V4MAPPED(&any) || IN6_IS_ADDR_V4COMPAT(&loopback) ||
           IN6_IS_ADDR_MC_NODELOCAL(&any) || IN6_IS_ADDR_MC_LINKLOCAL(&any) ||
           IN6_IS_ADDR_MC_SITELOCAL(&any) || IN6_IS_ADDR_MC_ORGLOCAL(&any) ||
           IN6_IS_ADDR_MC_GLOBAL(&any) || !IN6_ARE_ADDR_EQUAL(&any, &any) ||
           interface.ifr_ifindex || ipv6.sin6_addr.s6_addr[0] || ipv6.sin6_addr.s6_addr32[0] ||
           !IN_CLASSA(INADDR_LOOPBACK) || IN_MULTICAST(INADDR_LOOPBACK) || htonl(1) == 1 ||
           ntohs(1) == 1;
}

int main(void) {
    functions();
    return members();
}
