/* Says what goes with datagrams besides their bytes: packet info, time to live, traffic class,
 * time. The machine's own build of this program and the one of hws-cc must say the same. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "address.h"
#include "tell.h"

union control_room {
    struct cmsghdr aligned;
    char bytes[512];
};

static void set(int fd, int level, int option, const char* name) {
    const int on = 1;
    int got = -1;
    socklen_t length = sizeof got;
    tell(name, setsockopt(fd, level, option, &on, sizeof on));
    tell_ok(name, getsockopt(fd, level, option, &got, &length));
    printf("  is %d\n", got);
}
#define SET(fd, level, option) set(fd, level, option, #option)

static const char* interface_name(unsigned index) {
    static char name[IF_NAMESIZE];
    return if_indextoname(index, name) ? name : "none";
}

static int is_now(long long seconds) {
    const long long now = time(NULL);
    return seconds > now - 100 && seconds < now + 100;
}

static void show_part(const struct cmsghdr* part) {
    const size_t bytes = part->cmsg_len - CMSG_LEN(0);
    const void* data = CMSG_DATA(part);
    char text[INET6_ADDRSTRLEN], other[INET6_ADDRSTRLEN];
    int number;
    if (part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_PKTINFO &&
        bytes == sizeof(struct in_pktinfo)) {
        struct in_pktinfo info;
        memcpy(&info, data, sizeof info);
        printf("  IP_PKTINFO to %s, local %s, through %s\n",
               inet_ntop(AF_INET, &info.ipi_addr, text, sizeof text),
               inet_ntop(AF_INET, &info.ipi_spec_dst, other, sizeof other),
               interface_name((unsigned)info.ipi_ifindex));
    } else if (part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_PKTINFO &&
               bytes == sizeof(struct in6_pktinfo)) {
        struct in6_pktinfo info;
        memcpy(&info, data, sizeof info);
        printf("  IPV6_PKTINFO to %s, through %s\n",
               inet_ntop(AF_INET6, &info.ipi6_addr, text, sizeof text),
               interface_name(info.ipi6_ifindex));
    } else if (part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_TTL &&
               bytes == sizeof number) {
        memcpy(&number, data, sizeof number);
        printf("  IP_TTL %d\n", number);
    } else if (part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_TOS && bytes == 1) {
        printf("  IP_TOS %d\n", *(const unsigned char*)data);
    } else if (part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_HOPLIMIT &&
               bytes == sizeof number) {
        memcpy(&number, data, sizeof number);
        printf("  IPV6_HOPLIMIT %d\n", number);
    } else if (part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_TCLASS &&
               bytes == sizeof number) {
        memcpy(&number, data, sizeof number);
        printf("  IPV6_TCLASS %d\n", number);
    } else if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_TIMESTAMP &&
               bytes == sizeof(struct timeval)) {
        struct timeval when;
        memcpy(&when, data, sizeof when);
        printf("  SCM_TIMESTAMP now %d, good %d\n", is_now(when.tv_sec),
               when.tv_usec >= 0 && when.tv_usec < 1000000);
    } else if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_TIMESTAMPNS &&
               bytes == sizeof(struct timespec)) {
        struct timespec when;
        memcpy(&when, data, sizeof when);
        printf("  SCM_TIMESTAMPNS now %d, good %d\n", is_now(when.tv_sec),
               when.tv_nsec >= 0 && when.tv_nsec < 1000000000);
    } else {
        printf("  a part of level %d, cut to %d bytes\n", part->cmsg_level == IPPROTO_IP,
               (int)bytes);
    }
}

static void show(const struct msghdr* message) {
    struct cmsghdr* part;
    if (message->msg_flags & MSG_CTRUNC) printf("  MSG_CTRUNC\n");
    if (message->msg_flags & MSG_TRUNC) printf("  MSG_TRUNC\n");
    if (message->msg_controllen == 0) printf("  nothing\n");
    for (part = CMSG_FIRSTHDR(message); part; part = CMSG_NXTHDR((struct msghdr*)message, part))
        show_part(part);
}

/* Receives one datagram with room for `room` bytes of control data and tells what came. */
static void receive(int fd, size_t room, int flags) {
    union control_room control;
    struct sockaddr_storage from;
    struct msghdr message;
    struct iovec into;
    char data[16];
    long got;
    memset(&message, 0, sizeof message);
    memset(&control, 0x55, sizeof control);
    into.iov_base = data, into.iov_len = sizeof data;
    message.msg_name = &from, message.msg_namelen = sizeof from;
    message.msg_iov = &into, message.msg_iovlen = 1;
    message.msg_control = room ? control.bytes : NULL, message.msg_controllen = room;
    errno = 0;
    got = recvmsg(fd, &message, flags);
    tell("recvmsg", got);
    if (got >= 0) show(&message);
}

static int bound_to_ipv4(const char* text) {
    const struct sockaddr_in address = ipv4(text, 0);
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);
    TELL(bind(fd, (const struct sockaddr*)&address, sizeof address));
    return fd;
}

static int bound_to_ipv6(const char* text) {
    const struct sockaddr_in6 address = ipv6(text, 0, 0);
    const int fd = socket(AF_INET6, SOCK_DGRAM, 0);
    TELL(bind(fd, (const struct sockaddr*)&address, sizeof address));
    return fd;
}

/* --- control data under construction */
static union control_room sent_control;
static size_t sent_bytes;

static void add(int level, int type, const void* data, size_t bytes) {
    struct cmsghdr* part = (struct cmsghdr*)(sent_control.bytes + sent_bytes);
    memset(part, 0, CMSG_SPACE(bytes));
    part->cmsg_level = level;
    part->cmsg_type = type;
    part->cmsg_len = CMSG_LEN(bytes);
    memcpy(CMSG_DATA(part), data, bytes);
    sent_bytes += CMSG_SPACE(bytes);
}

static void add_number(int level, int type, int number) {
    add(level, type, &number, sizeof number);
}

static void add_source(const char* text, const char* interface) {
    struct in_pktinfo info;
    memset(&info, 0, sizeof info);
    info.ipi_ifindex = interface ? (int)if_nametoindex(interface) : 0;
    inet_pton(AF_INET, text, &info.ipi_spec_dst);
    add(IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
}

static void fill(struct msghdr* message, struct iovec* from, struct sockaddr* to, socklen_t bytes) {
    memset(message, 0, sizeof *message);
    from->iov_base = "data", from->iov_len = 4;
    message->msg_name = to, message->msg_namelen = bytes;
    message->msg_iov = from, message->msg_iovlen = 1;
    message->msg_control = sent_control.bytes, message->msg_controllen = sent_bytes;
}

/* Sends one datagram with what was added, and begins anew. */
static long send_with(int fd, struct sockaddr* to, socklen_t bytes) {
    struct msghdr message;
    struct iovec from;
    fill(&message, &from, to, bytes);
    sent_bytes = 0;
    return sendmsg(fd, &message, 0);
}

static void ipv4_datagrams(void) {
    const int receiver = bound_to_ipv4("0.0.0.0");
    const int sender = bound_to_ipv4("127.0.0.1");
    struct sockaddr_in to = ipv4("127.0.0.1", port_of(receiver));
    struct sockaddr_in other = ipv4("127.0.0.3", port_of(receiver));
    const int ttl = 9, tos = 0x28;
    size_t room;
    printf("-- nothing is told that was not asked for\n");
    TELL(sendto(sender, "data", 4, 0, SA(to), sizeof to));
    receive(receiver, 256, 0);
    printf("-- each option by itself, then all\n");
    SET(receiver, IPPROTO_IP, IP_RECVTTL);
    TELL(sendto(sender, "data", 4, 0, SA(to), sizeof to));
    receive(receiver, 256, 0);
    SET(receiver, IPPROTO_IP, IP_RECVTOS);
    SET(receiver, IPPROTO_IP, IP_PKTINFO);
    TELL(sendto(sender, "data", 4, 0, SA(other), sizeof other));
    receive(receiver, 256, 0);
    SET(receiver, SOL_SOCKET, SO_TIMESTAMP);
    TELL(setsockopt(sender, IPPROTO_IP, IP_TTL, &ttl, sizeof ttl));
    TELL(setsockopt(sender, IPPROTO_IP, IP_TOS, &tos, sizeof tos));
    TELL(sendto(sender, "more than there is room for", 27, 0, SA(to), sizeof to));
    receive(receiver, 256, MSG_PEEK);
    receive(receiver, 256, 0);
    SET(receiver, SOL_SOCKET, SO_TIMESTAMPNS);
    TELL(sendto(sender, "data", 4, 0, SA(to), sizeof to));
    receive(receiver, 256, 0);
    printf("-- too little room\n");
    for (room = 0; room <= 7; ++room) {
        const size_t rooms[] = {0,
                                1,
                                CMSG_LEN(0),
                                CMSG_LEN(4),
                                CMSG_SPACE(sizeof(struct timespec)),
                                CMSG_SPACE(sizeof(struct timespec)) + CMSG_LEN(8),
                                CMSG_SPACE(sizeof(struct timespec)) +
                                    CMSG_SPACE(sizeof(struct in_pktinfo)),
                                CMSG_SPACE(sizeof(struct timespec)) +
                                    CMSG_SPACE(sizeof(struct in_pktinfo)) + CMSG_SPACE(4)};
        TELL(sendto(sender, "data", 4, 0, SA(to), sizeof to));
        receive(receiver, rooms[room], 0);
    }
    printf("-- recv and read do not mind\n");
    TELL(sendto(sender, "data", 4, 0, SA(to), sizeof to));
    TELL(recv(receiver, sent_control.bytes, 16, 0));
    TELL(sendto(sender, "data", 4, 0, SA(to), sizeof to));
    TELL(read(receiver, sent_control.bytes, 16));
    TELL(recv(receiver, sent_control.bytes, 16, MSG_DONTWAIT));
    receive(receiver, 256, MSG_DONTWAIT);
    close(receiver), close(sender);
}

static void ipv6_datagrams(void) {
    const int receiver = bound_to_ipv6("::");
    const int sender = bound_to_ipv6("::1"), ipv4_sender = bound_to_ipv4("127.0.0.1");
    struct sockaddr_in6 to = ipv6("::1", port_of(receiver), 0);
    struct sockaddr_in ipv4_to = ipv4("127.0.0.1", port_of(receiver));
    printf("-- IPv6\n");
    SET(receiver, IPPROTO_IPV6, IPV6_RECVPKTINFO);
    SET(receiver, IPPROTO_IPV6, IPV6_RECVHOPLIMIT);
    SET(receiver, IPPROTO_IPV6, IPV6_RECVTCLASS);
    SET(receiver, SOL_SOCKET, SO_TIMESTAMPNS);
    TELL(sendto(sender, "data", 4, 0, SA(to), sizeof to));
    receive(receiver, 256, 0);
    add_number(IPPROTO_IPV6, IPV6_HOPLIMIT, 5);
    add_number(IPPROTO_IPV6, IPV6_TCLASS, 0x48);
    TELL(send_with(sender, SA(to), sizeof to));
    receive(receiver, 256, 0);
    add_number(IPPROTO_IPV6, IPV6_HOPLIMIT, -1);
    TELL(send_with(sender, SA(to), sizeof to));
    receive(receiver, 256, 0);
    printf("-- an IPv4 datagram at an IPv6 socket\n");
    TELL(sendto(ipv4_sender, "data", 4, 0, SA(ipv4_to), sizeof ipv4_to));
    receive(receiver, 256, 0);
    SET(receiver, IPPROTO_IP, IP_PKTINFO);
    SET(receiver, IPPROTO_IP, IP_RECVTTL);
    TELL(sendto(ipv4_sender, "data", 4, 0, SA(ipv4_to), sizeof ipv4_to));
    receive(receiver, 256, 0);
    printf("-- IPv6's errors\n");
    add_number(IPPROTO_IPV6, IPV6_HOPLIMIT, 256);
    TELL(send_with(sender, SA(to), sizeof to));
    add_number(IPPROTO_IPV6, IPV6_TCLASS, -2);
    TELL(send_with(sender, SA(to), sizeof to));
    add(IPPROTO_IPV6, IPV6_PKTINFO, "short", 5);
    TELL(send_with(sender, SA(to), sizeof to));
    add_number(IPPROTO_IPV6, IPV6_V6ONLY, 1);
    TELL(send_with(sender, SA(to), sizeof to));
    close(receiver), close(sender), close(ipv4_sender);
}

/* Who a datagram seems to come from. */
static void show_sender(int fd) {
    struct sockaddr_in from;
    socklen_t length = sizeof from;
    char data[16];
    TELL(recvfrom(fd, data, sizeof data, MSG_DONTWAIT, SA(from), &length));
    printf("  from %s\n", inet_ntoa(from.sin_addr));
}

static void sources(void) {
    const int receiver = bound_to_ipv4("127.0.0.1");
    const int everywhere = bound_to_ipv4("0.0.0.0"), somewhere = bound_to_ipv4("127.0.0.1");
    const int nowhere = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in to = ipv4("127.0.0.1", port_of(receiver));
    const int fds[] = {everywhere, somewhere, nowhere};
    size_t i;
    printf("-- a source of one's own, of a socket bound to all addresses, to one, to none\n");
    for (i = 0; i < 3; ++i) {
        add_source("127.0.0.7", NULL);
        TELL(send_with(fds[i], SA(to), sizeof to));
        show_sender(receiver);
        add_source("127.0.0.8", "lo");
        add_number(IPPROTO_IP, IP_TTL, 3);
        TELL(send_with(fds[i], SA(to), sizeof to));
        show_sender(receiver);
        add_source("0.0.0.0", "lo");
        TELL(send_with(fds[i], SA(to), sizeof to));
        show_sender(receiver);
    }
    printf("-- a source that is not this machine's\n");
    add_source("192.0.2.1", NULL);
    TELL(send_with(everywhere, SA(to), sizeof to));
    close(receiver), close(everywhere), close(somewhere), close(nowhere);
}

static void numbers(void) {
    const int receiver = bound_to_ipv4("127.0.0.1"), sender = bound_to_ipv4("127.0.0.1");
    struct sockaddr_in to = ipv4("127.0.0.1", port_of(receiver));
    const unsigned char byte = 0x10;
    const int numbers[] = {-1, 0, 1, 255, 256};
    struct cmsghdr* part;
    size_t i;
    SET(receiver, IPPROTO_IP, IP_RECVTTL);
    SET(receiver, IPPROTO_IP, IP_RECVTOS);
    for (i = 0; i < 5; ++i) {
        add_number(IPPROTO_IP, IP_TTL, numbers[i]);
        TELL(send_with(sender, SA(to), sizeof to));
        receive(receiver, 256, MSG_DONTWAIT);
        add_number(IPPROTO_IP, IP_TOS, numbers[i]);
        TELL(send_with(sender, SA(to), sizeof to));
        receive(receiver, 256, MSG_DONTWAIT);
    }
    add(IPPROTO_IP, IP_TOS, &byte, 1);
    TELL(send_with(sender, SA(to), sizeof to));
    receive(receiver, 256, MSG_DONTWAIT);
    printf("-- wrong sizes, unknown types, other levels\n");
    add(IPPROTO_IP, IP_TTL, &byte, 1);
    TELL(send_with(sender, SA(to), sizeof to));
    add(IPPROTO_IP, IP_PKTINFO, &byte, 1);
    TELL(send_with(sender, SA(to), sizeof to));
    add_number(IPPROTO_IP, IP_MULTICAST_LOOP, 1);
    TELL(send_with(sender, SA(to), sizeof to));
    add_number(SOL_SOCKET, SO_LINGER, 1);
    TELL(send_with(sender, SA(to), sizeof to));
    add_number(IPPROTO_TCP, 1, 1);
    TELL(send_with(sender, SA(to), sizeof to));
    add_number(IPPROTO_IPV6, IPV6_HOPLIMIT, 1000);
    TELL(send_with(sender, SA(to), sizeof to));
    sent_bytes = 1;
    TELL(send_with(sender, SA(to), sizeof to));
    part = &sent_control.aligned;
    add_number(IPPROTO_IP, IP_TTL, 4);
    part->cmsg_len = CMSG_LEN(0) - 1;
    TELL(send_with(sender, SA(to), sizeof to));
    add_number(IPPROTO_IP, IP_TTL, 4);
    part->cmsg_len = CMSG_LEN(100);
    TELL(send_with(sender, SA(to), sizeof to));
    add_number(IPPROTO_IP, IP_TTL, 4);
    add_number(IPPROTO_IP, IP_TTL, 5);
    TELL(send_with(sender, SA(to), sizeof to));
    while (recv(receiver, sent_control.bytes, 16, MSG_DONTWAIT | MSG_PEEK) >= 0)
        receive(receiver, 256, 0);
    close(receiver), close(sender);
}

static void batches(void) {
    const int receiver = bound_to_ipv4("127.0.0.1"), sender = bound_to_ipv4("127.0.0.1");
    struct sockaddr_in to = ipv4("127.0.0.1", port_of(receiver));
    union control_room controls[4];
    struct mmsghdr messages[4];
    struct iovec buffers[4];
    struct timespec timeout;
    char data[4][16];
    int count, i;
    printf("-- batches\n");
    SET(receiver, IPPROTO_IP, IP_RECVTTL);
    add_number(IPPROTO_IP, IP_TTL, 20);
    for (i = 0; i < 3; ++i)
        fill(&messages[i].msg_hdr, &buffers[i], SA(to), sizeof to);
    messages[1].msg_hdr.msg_controllen = 0;
    sent_bytes = 0;
    TELL(sendmmsg(sender, messages, 3, 0));
    printf("  %u %u %u bytes\n", messages[0].msg_len, messages[1].msg_len, messages[2].msg_len);
    for (i = 0; i < 4; ++i) {
        memset(&messages[i], 0, sizeof messages[i]);
        buffers[i].iov_base = data[i], buffers[i].iov_len = sizeof data[i];
        messages[i].msg_hdr.msg_iov = &buffers[i], messages[i].msg_hdr.msg_iovlen = 1;
        messages[i].msg_hdr.msg_control = &controls[i];
        messages[i].msg_hdr.msg_controllen = sizeof controls[i];
    }
    errno = 0;
    count = recvmmsg(receiver, messages, 4, MSG_WAITFORONE, NULL);
    tell("recvmmsg", count);
    for (i = 0; i < count; ++i)
        show(&messages[i].msg_hdr);
    TELL(sendto(sender, "data", 4, 0, SA(to), sizeof to));
    timeout.tv_sec = 100, timeout.tv_nsec = 0;
    TELL(recvmmsg(receiver, messages, 1, 0, &timeout));
    TELL(recvmmsg(receiver, messages, 1, MSG_DONTWAIT, NULL));
    close(receiver), close(sender);
}

static void streams(void) {
    int pair[2];
    printf("-- a stream passes over what is of datagrams\n");
    TELL(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    add_number(IPPROTO_IP, IP_TTL, 1000);
    TELL(send_with(pair[0], NULL, 0));
    receive(pair[1], 256, 0);
    add_number(SOL_SOCKET, SO_LINGER, 1);
    TELL(send_with(pair[0], NULL, 0));
    printf("-- descriptors do not leave the sandbox\n");
#ifdef __wasm__
    add_number(SOL_SOCKET, SCM_RIGHTS, 0);
    TELL(send_with(pair[0], NULL, 0));
#else
    printf("send_with(pair[0], NULL, 0): EOPNOTSUPP\n");
#endif
    close(pair[0]), close(pair[1]);
}

int main(void) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    ipv4_datagrams();
    ipv6_datagrams();
    sources();
    numbers();
    batches();
    streams();
    return 0;
}
