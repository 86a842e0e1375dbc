/* Says what sockets do on a network that is more than the loopback: groups, scopes, broadcasts,
 * both families at one port, timeouts, resets, a peer that vanishes. The machine's own build of this
 * program and the one of hws-cc must say the same.
 * Arguments: an interface with 10.77.0.1/24 and fe80::7, and the port of a server at 10.77.0.2. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "address.h"
#include "tell.h"

static unsigned interface;

static void set(int fd, int level, int option, int value) {
    if (setsockopt(fd, level, option, &value, sizeof value) < 0) perror("setsockopt");
}

static void show_name(const char* what, int (*ask)(int, struct sockaddr*, socklen_t*), int fd) {
    struct sockaddr_in6 address;
    socklen_t length = sizeof address;
    char text[INET6_ADDRSTRLEN];
    memset(&address, 0, sizeof address);
    if (ask(fd, SA(address), &length) < 0) {
        printf("%s: %s\n", what, error_name(errno));
        return;
    }
    if (address.sin6_family == AF_INET6)
        printf("%s: %s, scope %s\n", what,
               inet_ntop(AF_INET6, &address.sin6_addr, text, sizeof text),
               address.sin6_scope_id == 0           ? "none"
               : address.sin6_scope_id == interface ? "ours"
                                                    : "another");
    else
        printf("%s: %s\n", what,
               inet_ntop(AF_INET, &((struct sockaddr_in*)&address)->sin_addr, text, sizeof text));
}
static int local_name(int fd, struct sockaddr* into, socklen_t* length) {
    return getsockname(fd, into, length);
}
static int peer_name(int fd, struct sockaddr* into, socklen_t* length) {
    return getpeername(fd, into, length);
}

/* All that is there, one line each. */
static void drain(int fd) {
    struct sockaddr_in6 from;
    char data[32];
    for (;;) {
        socklen_t length = sizeof from;
        const long count =
            recvfrom(fd, data, sizeof data - 1, MSG_DONTWAIT, SA(from), &length);
        if (count < 0) break;
        data[count] = '\0';
        printf("  got '%s'%s\n", data,
               from.sin6_family == AF_INET6 && from.sin6_scope_id == interface
                   ? " through our interface"
                   : "");
    }
    printf("  and no more\n");
}

static void ipv6_groups(void) {
    const int member = socket(AF_INET6, SOCK_DGRAM, 0), sender = socket(AF_INET6, SOCK_DGRAM, 0);
    struct sockaddr_in6 local = ipv6("::", 0, 0), group;
    struct ipv6_mreq membership;
    struct group_req request;
    printf("-- IPv6 groups\n");
    TELL(bind(member, SA(local), sizeof local));
    group = ipv6("ff02::1234", port_of(member), interface);
    set(sender, IPPROTO_IPV6, IPV6_MULTICAST_IF, (int)interface);
    TELL(sendto(sender, "before joining", 14, 0, SA(group), sizeof group));
    memset(&membership, 0, sizeof membership);
    membership.ipv6mr_multiaddr = group.sin6_addr;
    membership.ipv6mr_interface = interface;
    TELL(setsockopt(member, IPPROTO_IPV6, IPV6_JOIN_GROUP, &membership, sizeof membership));
    TELL(setsockopt(member, IPPROTO_IPV6, IPV6_JOIN_GROUP, &membership, sizeof membership));
    TELL(sendto(sender, "to the group", 12, 0, SA(group), sizeof group));
    set(sender, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0);
    TELL(sendto(sender, "not to this machine", 19, 0, SA(group), sizeof group));
    set(sender, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 1);
    TELL(setsockopt(member, IPPROTO_IPV6, IPV6_LEAVE_GROUP, &membership, sizeof membership));
    TELL(sendto(sender, "after leaving", 13, 0, SA(group), sizeof group));
    memset(&request, 0, sizeof request);
    request.gr_interface = interface;
    memcpy(&request.gr_group, &group, sizeof group);
    TELL(setsockopt(member, IPPROTO_IPV6, MCAST_JOIN_GROUP, &request, sizeof request));
    TELL(sendto(sender, "joined again", 12, 0, SA(group), sizeof group));
    TELL(setsockopt(member, IPPROTO_IPV6, MCAST_LEAVE_GROUP, &request, sizeof request));
    TELL(setsockopt(member, IPPROTO_IPV6, MCAST_LEAVE_GROUP, &request, sizeof request));
    drain(member);
    close(member), close(sender);
}

static void ipv4_groups(void) {
    const int member = socket(AF_INET, SOCK_DGRAM, 0), sender = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in local = ipv4("0.0.0.0", 0), group;
    struct ip_mreqn membership;
    struct ip_mreq by_address;
    printf("-- IPv4 groups\n");
    TELL(bind(member, SA(local), sizeof local));
    group = ipv4("239.7.7.7", port_of(member));
    memset(&membership, 0, sizeof membership);
    membership.imr_multiaddr = group.sin_addr;
    membership.imr_ifindex = (int)interface;
    TELL(setsockopt(sender, IPPROTO_IP, IP_MULTICAST_IF, &membership, sizeof membership));
    TELL(setsockopt(member, IPPROTO_IP, IP_ADD_MEMBERSHIP, &membership, sizeof membership));
    TELL(sendto(sender, "to the group", 12, 0, SA(group), sizeof group));
    set(sender, IPPROTO_IP, IP_MULTICAST_LOOP, 0);
    TELL(sendto(sender, "not to this machine", 19, 0, SA(group), sizeof group));
    set(sender, IPPROTO_IP, IP_MULTICAST_LOOP, 1);
    TELL(setsockopt(member, IPPROTO_IP, IP_DROP_MEMBERSHIP, &membership, sizeof membership));
    TELL(sendto(sender, "after leaving", 13, 0, SA(group), sizeof group));
    by_address.imr_multiaddr = group.sin_addr;
    inet_pton(AF_INET, "10.77.0.1", &by_address.imr_interface);
    TELL(setsockopt(sender, IPPROTO_IP, IP_MULTICAST_IF, &by_address.imr_interface,
                    sizeof by_address.imr_interface));
    TELL(setsockopt(member, IPPROTO_IP, IP_ADD_MEMBERSHIP, &by_address, sizeof by_address));
    TELL(sendto(sender, "joined by address", 17, 0, SA(group), sizeof group));
    drain(member);
    close(member), close(sender);
}

static void broadcasts(void) {
    const int receiver = socket(AF_INET, SOCK_DGRAM, 0), sender = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in local = ipv4("0.0.0.0", 0), all;
    printf("-- broadcasts\n");
    TELL(bind(receiver, SA(local), sizeof local));
    all = ipv4("10.77.0.255", port_of(receiver));
    TELL(sendto(sender, "not allowed", 11, 0, SA(all), sizeof all));
    TELL(connect(sender, SA(all), sizeof all));
    set(sender, SOL_SOCKET, SO_BROADCAST, 1);
    TELL(sendto(sender, "to all", 6, 0, SA(all), sizeof all));
    drain(receiver);
    close(receiver), close(sender);
}

static void scopes(void) {
    const int listener = socket(AF_INET6, SOCK_STREAM, 0);
    const int without = socket(AF_INET6, SOCK_STREAM, 0), client = socket(AF_INET6, SOCK_STREAM, 0);
    struct sockaddr_in6 local = ipv6("fe80::7", 0, 0), to;
    struct sockaddr_in6 peer;
    socklen_t length = sizeof peer;
    int accepted;
    printf("-- scopes\n");
    TELL(bind(listener, SA(local), sizeof local));
    local.sin6_scope_id = interface;
    TELL(bind(listener, SA(local), sizeof local));
    TELL(listen(listener, 1));
    show_name("the listener", local_name, listener);
    to = ipv6("fe80::7", port_of(listener), 0);
    TELL(connect(without, SA(to), sizeof to));
    to.sin6_scope_id = interface;
    TELL(connect(client, SA(to), sizeof to));
    show_name("the client", local_name, client);
    show_name("its peer", peer_name, client);
    TELL_OK(accepted = accept(listener, SA(peer), &length));
    printf("accepted from its scope: %d\n", peer.sin6_scope_id == interface);
    close(listener), close(without), close(client), close(accepted);
}

static void both_families(void) {
    int listener = socket(AF_INET6, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
    int accepted, beside;
    struct sockaddr_in6 all = ipv6("::", 0, 0);
    struct sockaddr_in to;
    printf("-- both families at one port\n");
    TELL(bind(listener, SA(all), sizeof all));
    TELL(listen(listener, 1));
    to = ipv4("127.0.0.1", port_of(listener));
    TELL(connect(client, SA(to), sizeof to));
    TELL_OK(accepted = accept(listener, NULL, NULL));
    show_name("an IPv4 client", peer_name, accepted);
    TELL(setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &accepted, sizeof accepted));
    close(listener), close(client), close(accepted);

    listener = socket(AF_INET6, SOCK_STREAM, 0);
    client = socket(AF_INET, SOCK_STREAM, 0);
    beside = socket(AF_INET, SOCK_STREAM, 0);
    set(listener, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    TELL(bind(listener, SA(all), sizeof all));
    TELL(listen(listener, 1));
    to = ipv4("127.0.0.1", port_of(listener));
    TELL(connect(client, SA(to), sizeof to));
    TELL(bind(beside, SA(to), sizeof to));
    close(listener), close(client), close(beside);
}

static long milliseconds_since(const struct timespec* begin) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long)(now.tv_sec - begin->tv_sec) * 1000 + (now.tv_nsec - begin->tv_nsec) / 1000000;
}

static void connected(int ends[2]) {
    struct sockaddr_in local = ipv4("127.0.0.1", 0);
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, SA(local), sizeof local) < 0) perror("bind");
    if (listen(listener, 1) < 0) perror("listen");
    local.sin_port = port_of(listener);
    ends[0] = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(ends[0], SA(local), sizeof local) < 0) perror("connect");
    ends[1] = accept(listener, NULL, NULL);
    close(listener);
}

static void timeouts(void) {
    static char large[1 << 16];
    const struct timeval wait = {0, 50000};
    struct timespec begin;
    long sent;
    int ends[2];
    char byte;
    printf("-- timeouts\n");
    connected(ends);
    TELL(setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait));
    clock_gettime(CLOCK_MONOTONIC, &begin);
    TELL(recv(ends[0], &byte, 1, 0));
    printf("not before its time: %d\n", milliseconds_since(&begin) >= 49);
    TELL(setsockopt(ends[0], SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait));
    do {
        clock_gettime(CLOCK_MONOTONIC, &begin);
        sent = send(ends[0], large, sizeof large, 0);
    } while (sent >= 0);
    tell("send to who does not read", sent);
    printf("not before its time: %d\n", milliseconds_since(&begin) >= 49);
    close(ends[0]), close(ends[1]);
}

static void resets(void) {
    const struct linger at_once = {1, 0};
    int ends[2];
    char byte;
    struct pollfd watched;
    printf("-- a reset\n");
    connected(ends);
    TELL(setsockopt(ends[0], SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once));
    TELL(close(ends[0]));
    watched.fd = ends[1], watched.events = POLLIN;
    TELL(poll(&watched, 1, 5000));
    printf("events: %d %d %d\n", (watched.revents & POLLIN) != 0, (watched.revents & POLLERR) != 0,
           (watched.revents & POLLHUP) != 0);
    TELL(recv(ends[1], &byte, 1, 0));
    TELL(recv(ends[1], &byte, 1, 0));
    TELL(send(ends[1], "x", 1, MSG_NOSIGNAL));
    close(ends[1]);
}

/* How many of five connections a listener of this backlog takes that accepts none. */
static void backlog(int length) {
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in local = ipv4("127.0.0.1", 0);
    struct pollfd clients[5];
    int i, taken = 0;
    if (bind(listener, SA(local), sizeof local) < 0) perror("bind");
    TELL(listen(listener, length));
    local.sin_port = port_of(listener);
    for (i = 0; i < 5; ++i) {
        clients[i].fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        clients[i].events = POLLOUT;
        if (connect(clients[i].fd, SA(local), sizeof local) < 0 && errno != EINPROGRESS)
            perror("connect");
        /* The loopback answers at once or not at all. */
        taken += poll(&clients[i], 1, i == 0 ? 1000 : 20) == 1;
    }
    printf("a backlog of %d takes %d\n", length, taken);
    for (i = 0; i < 5; ++i)
        close(clients[i].fd);
    close(listener);
}

static void accepting(void) {
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    const int first = socket(AF_INET, SOCK_STREAM, 0), second = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in local = ipv4("127.0.0.1", 0), peer;
    socklen_t length = sizeof peer;
    int accepted;
    printf("-- accepting\n");
    TELL(bind(listener, SA(local), sizeof local));
    TELL(listen(listener, 5));
    TELL(accept(listener, NULL, NULL));
    local.sin_port = port_of(listener);
    TELL(connect(first, SA(local), sizeof local));
    TELL(connect(second, SA(local), sizeof local));
    TELL_OK(accepted = accept(listener, SA(peer), &length));
    printf("peer: %d, length %d\n", peer.sin_port == port_of(first), (int)length);
    printf("nonblocking as its listener: %d\n", (fcntl(accepted, F_GETFL) & O_NONBLOCK) != 0);
    close(accepted);
    length = 4;
    TELL_OK(accepted = accept4(listener, SA(peer), &length, SOCK_NONBLOCK | SOCK_CLOEXEC));
    printf("nonblocking as asked for: %d, length %d\n",
           (fcntl(accepted, F_GETFL) & O_NONBLOCK) != 0, (int)length);
    TELL(recv(accepted, &peer, 1, 0));
    close(accepted), close(listener), close(first), close(second);
}

static void reconnecting(void) {
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);
    const int first = socket(AF_INET, SOCK_DGRAM, 0), second = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in local = ipv4("127.0.0.1", 0), here, one, two;
    struct sockaddr nobody;
    struct pollfd watched;
    int waiting = -1;
    printf("-- a datagram socket that changes its peer\n");
    TELL(bind(fd, SA(local), sizeof local));
    TELL(bind(first, SA(local), sizeof local));
    TELL(bind(second, SA(local), sizeof local));
    here = ipv4("127.0.0.1", port_of(fd));
    one = ipv4("127.0.0.1", port_of(first)), two = ipv4("127.0.0.1", port_of(second));
    TELL(connect(fd, SA(one), sizeof one));
    TELL(sendto(first, "of the first", 12, 0, SA(here), sizeof here));
    TELL(sendto(second, "of a stranger", 13, 0, SA(here), sizeof here));
    TELL(connect(fd, SA(two), sizeof two));
    TELL(sendto(first, "of a stranger now", 17, 0, SA(here), sizeof here));
    TELL(sendto(second, "of the second", 13, 0, SA(here), sizeof here));
    TELL(send(fd, "to the second", 13, 0));
    drain(fd), drain(first), drain(second);
    memset(&nobody, 0, sizeof nobody);
    nobody.sa_family = AF_UNSPEC;
    TELL(connect(fd, &nobody, sizeof nobody));
    show_name("its peer", peer_name, fd);
    printf("its port was the system's choice, and is gone: %d\n", port_of(fd) == 0);
    TELL(bind(fd, SA(local), sizeof local));
    here = ipv4("127.0.0.1", port_of(fd));
    TELL(sendto(first, "of anybody", 10, 0, SA(here), sizeof here));
    drain(fd);
    printf("-- datagrams of no bytes\n");
    TELL(connect(first, SA(here), sizeof here));
    TELL(send(first, "", 0, 0));
    watched.fd = fd, watched.events = POLLIN;
    TELL(poll(&watched, 1, 1000));
    TELL(ioctl(fd, FIONREAD, &waiting));
    printf("waiting: %d\n", waiting);
    TELL(recv(fd, &here, sizeof here, MSG_PEEK));
    TELL(recv(fd, &here, 0, 0));
    TELL(recv(fd, &here, 0, MSG_DONTWAIT));
    TELL(sendto(second, NULL, 0, 0, SA(local), 0));
    close(fd), close(first), close(second);
}

static void flags(void) {
    const int receiver = socket(AF_INET, SOCK_DGRAM, 0), sender = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in local = ipv4("127.0.0.1", 0);
    char data[32];
    int ends[2];
    printf("-- flags of datagrams\n");
    TELL(bind(receiver, SA(local), sizeof local));
    local.sin_port = port_of(receiver);
    TELL(connect(sender, SA(local), sizeof local));
    TELL(send(sender, "one ", 4, MSG_MORE));
    TELL(send(sender, "piece", 5, 0));
    TELL(send(sender, "x", 1, MSG_OOB));
    TELL(send(sender, "confirmed", 9, MSG_CONFIRM | MSG_NOSIGNAL));
    TELL(recv(receiver, data, 4, MSG_PEEK));
    TELL(recv(receiver, data, 4, MSG_PEEK | MSG_TRUNC));
    TELL(recv(receiver, data, 4, MSG_WAITALL | MSG_TRUNC));
    TELL(recv(receiver, data, sizeof data, MSG_ERRQUEUE));
    drain(receiver);
    printf("-- flags of streams\n");
    connected(ends);
    TELL(send(ends[0], "abcdef", 6, MSG_EOR));
    TELL(recv(ends[1], data, 3, MSG_PEEK | MSG_WAITALL));
    TELL(recv(ends[1], data, 2, MSG_TRUNC));
    TELL(recv(ends[1], data, 4, MSG_WAITALL));
    printf("%.4s\n", data);
    TELL(recv(ends[1], data, 1, MSG_DONTWAIT));
    TELL(recv(ends[1], NULL, 0, MSG_DONTWAIT));
    TELL(recv(ends[1], data, 1, MSG_ERRQUEUE));
    TELL(shutdown(ends[0], SHUT_WR));
    TELL(recv(ends[1], data, 4, MSG_WAITALL));
    TELL(recv(ends[1], data, 4, MSG_PEEK));
    TELL(shutdown(ends[1], SHUT_RD));
    TELL(send(ends[0], "x", 1, MSG_NOSIGNAL));
    close(ends[0]), close(ends[1]), close(receiver), close(sender);
}

/* The server is told by a byte to vanish without a word; its answer, if any, ends the wait. */
static void keep_alive(unsigned short port) {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in to = ipv4("10.77.0.2", port);
    struct timespec begin;
    long seconds;
    char byte;
    printf("-- a peer that vanishes\n");
    set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set(fd, IPPROTO_TCP, TCP_KEEPIDLE, 2);
    set(fd, IPPROTO_TCP, TCP_KEEPINTVL, 1);
    set(fd, IPPROTO_TCP, TCP_KEEPCNT, 2);
    TELL(connect(fd, SA(to), sizeof to));
    clock_gettime(CLOCK_MONOTONIC, &begin);
    TELL(send(fd, "x", 1, 0));
    TELL(recv(fd, &byte, 1, 0));
    seconds = milliseconds_since(&begin) / 1000;
    printf("not before two probes went unanswered: %d\n", seconds >= 3);
    close(fd);
}

int main(int count, char** arguments) {
    if (count < 3) return 1;
    setvbuf(stdout, NULL, _IOLBF, 0);
    interface = if_nametoindex(arguments[1]);
    TELL(interface != 0);
    ipv6_groups();
    ipv4_groups();
    broadcasts();
    scopes();
    both_families();
    timeouts();
    resets();
    printf("-- backlogs\n");
    backlog(0);
    backlog(2);
    accepting();
    reconnecting();
    flags();
    keep_alive(htons((unsigned short)atoi(arguments[2])));
    return 0;
}
