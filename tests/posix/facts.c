/* Says what sockets do, one fact a line, without ports and times: the machine's own build of this
 * program and the one of hws-cc must say the same. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/ether.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pwd.h>
#include <resolv.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tell.h"

static struct sockaddr_in loopback(unsigned short port) {
    struct sockaddr_in address;
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = port;
    return address;
}

static struct sockaddr_in local_of(int fd) {
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    memset(&address, 0, sizeof address);
    if (getsockname(fd, (struct sockaddr*)&address, &length) < 0) perror("getsockname");
    return address;
}

#define SA(address) ((struct sockaddr*)&(address))

static int listener_on_loopback(int backlog) {
    struct sockaddr_in address = loopback(0);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(fd, SA(address), sizeof address) < 0) perror("bind");
    if (listen(fd, backlog) < 0) perror("listen");
    return fd;
}

/* Two ends of one TCP connection. */
static void connected(int ends[2]) {
    int listener = listener_on_loopback(1);
    struct sockaddr_in address = local_of(listener);
    ends[0] = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(ends[0], SA(address), sizeof address) < 0) perror("connect");
    ends[1] = accept(listener, NULL, NULL);
    if (ends[1] < 0) perror("accept");
    close(listener);
}

static int events_of(int fd, int wanted, int milliseconds) {
    struct pollfd one;
    one.fd = fd;
    one.events = (short)wanted;
    one.revents = 0;
    if (poll(&one, 1, milliseconds) < 0) return -1;
    return one.revents;
}
static void tell_events(const char* what, int fd, int wanted, int milliseconds) {
    int events = events_of(fd, wanted, milliseconds);
    printf("%s:%s%s%s%s%s%s%s\n", what, events < 0 ? " failed" : "", events & POLLIN ? " in" : "",
           events & POLLOUT ? " out" : "", events & POLLERR ? " error" : "",
           events & POLLHUP ? " hang-up" : "", events & POLLNVAL ? " invalid" : "",
           events & POLLRDHUP ? " peer-ended" : "");
}

static int int_option(int fd, int level, int name) {
    int value = -12345;
    socklen_t length = sizeof value;
    if (getsockopt(fd, level, name, &value, &length) < 0) return -1;
    return value;
}
static int set_int(int fd, int level, int name, int value) {
    return setsockopt(fd, level, name, &value, sizeof value);
}

static void creation(void) {
    int pair[2];
    puts("-- creation");
    TELL(socket(-1, SOCK_STREAM, 0));
    TELL(socket(AF_MAX, SOCK_STREAM, 0));
    TELL(socket(AF_INET, 0, 0));
    TELL(socket(AF_INET, SOCK_STREAM, IPPROTO_UDP));
    TELL(socket(AF_INET, SOCK_DGRAM, IPPROTO_TCP));
    TELL(socket(AF_INET, SOCK_SEQPACKET, 0));
    TELL_OK(close(socket(AF_INET, SOCK_STREAM, IPPROTO_TCP)));
    TELL_OK(close(socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP)));
    TELL(socketpair(AF_INET, SOCK_STREAM, 0, pair));
    TELL_OK(close(9999));
    TELL(listen(9999, 1));
    TELL(listen(0, 1));
    TELL(getsockname(9999, NULL, NULL));
}

static void streams(void) {
    int ends[2];
    char buffer[64];
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    struct iovec pieces[2];
    int waiting = -1;
    puts("-- streams");
    connected(ends);
    TELL(send(ends[0], "hello", 5, 0));
    TELL(events_of(ends[1], POLLIN, 1000) != 0);
    TELL(ioctl(ends[1], FIONREAD, &waiting));
    printf("waiting: %d\n", waiting);
    TELL(recv(ends[1], buffer, 3, MSG_PEEK));
    TELL(recv(ends[1], buffer, sizeof buffer, 0));
    TELL(recv(ends[1], buffer, sizeof buffer, MSG_DONTWAIT));
    TELL(send(ends[0], "ab", 2, MSG_NOSIGNAL));
    TELL(send(ends[0], "cd", 2, MSG_MORE));
    TELL(send(ends[0], "ef", 2, 0));
    TELL(recv(ends[1], buffer, 6, MSG_WAITALL));
    printf("%.6s\n", buffer);
    pieces[0].iov_base = (char*)"one ";
    pieces[0].iov_len = 4;
    pieces[1].iov_base = (char*)"two";
    pieces[1].iov_len = 3;
    TELL(writev(ends[0], pieces, 2));
    TELL(recv(ends[1], buffer, 7, MSG_WAITALL));
    TELL(getpeername(ends[0], SA(address), &length));
    printf("peer is the other's own: %d, length %d\n",
           address.sin_port == local_of(ends[1]).sin_port, (int)length);
    length = 4;
    TELL(getpeername(ends[0], SA(address), &length));
    printf("length of a cut address: %d\n", (int)length);
    tell_events("idle", ends[0], POLLIN | POLLOUT, 0);
    /* one half after the other */
    TELL(shutdown(ends[0], SHUT_WR));
    tell_events("after the peer's shutdown", ends[1], POLLIN | POLLOUT | POLLRDHUP, 1000);
    TELL(recv(ends[1], buffer, sizeof buffer, 0));
    TELL(send(ends[0], "x", 1, MSG_NOSIGNAL));
    TELL(send(ends[1], "still", 5, 0));
    TELL(recv(ends[0], buffer, sizeof buffer, 0));
    TELL(shutdown(ends[1], SHUT_WR));
    TELL(recv(ends[0], buffer, sizeof buffer, 0));
    tell_events("after both", ends[0], POLLIN | POLLOUT | POLLRDHUP, 1000);
    TELL(shutdown(ends[0], 99));
    close(ends[0]);
    close(ends[1]);
    TELL(shutdown(socket(AF_INET, SOCK_STREAM, 0), SHUT_RDWR));
    TELL(send(socket(AF_INET, SOCK_STREAM, 0), "x", 1, MSG_NOSIGNAL));
    TELL(recv(socket(AF_INET, SOCK_STREAM, 0), buffer, 1, 0));
    TELL(accept(socket(AF_INET, SOCK_STREAM, 0), NULL, NULL));
    TELL(accept(socket(AF_INET, SOCK_DGRAM, 0), NULL, NULL));
    TELL(listen(socket(AF_INET, SOCK_DGRAM, 0), 1));
    TELL(getpeername(socket(AF_INET, SOCK_STREAM, 0), SA(address), &length));
}

static void connecting(void) {
    int listener = listener_on_loopback(8);
    struct sockaddr_in there = local_of(listener);
    struct sockaddr_in nowhere;
    struct sockaddr_in wrong = there;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    int free_port = listener_on_loopback(1);
    int accepted;
    puts("-- connecting");
    nowhere = local_of(free_port);
    close(free_port);
    TELL(connect(fd, SA(there), 3));
    TELL(connect(fd, NULL, sizeof there));
    wrong.sin_family = 77;
    TELL(connect(fd, SA(wrong), sizeof wrong));
    TELL(connect(fd, SA(there), sizeof there) == 0 || errno == EINPROGRESS);
    tell_events("connected", fd, POLLOUT, 1000);
    TELL(int_option(fd, SOL_SOCKET, SO_ERROR));
    TELL(connect(fd, SA(there), sizeof there) == 0 || errno == EISCONN);
    TELL(connect(fd, SA(there), sizeof there));
    TELL_OK(accepted = accept4(listener, NULL, NULL, SOCK_NONBLOCK));
    TELL(fcntl(accepted, F_GETFL) & O_NONBLOCK ? 1 : 0);
    TELL(accept4(listener, NULL, NULL, 1));
    TELL(fcntl(listener, F_SETFL, O_NONBLOCK));
    TELL(accept(listener, NULL, NULL));
    close(fd);
    close(accepted);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    TELL(connect(fd, SA(nowhere), sizeof nowhere));
    close(fd);
    fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    TELL(connect(fd, SA(nowhere), sizeof nowhere) < 0 &&
         (errno == EINPROGRESS || errno == ECONNREFUSED));
    tell_events("refused", fd, POLLOUT, 1000);
    TELL(strcmp(error_name(int_option(fd, SOL_SOCKET, SO_ERROR)), "ECONNREFUSED"));
    TELL(int_option(fd, SOL_SOCKET, SO_ERROR));
    close(fd);
    TELL(int_option(listener, SOL_SOCKET, SO_ACCEPTCONN));
    TELL(bind(listener, SA(there), sizeof there));
    fd = socket(AF_INET, SOCK_STREAM, 0);
    TELL(bind(fd, SA(there), sizeof there));
    TELL(bind(fd, SA(there), 2));
    close(fd);
    close(listener);
    TELL(connect(listener, SA(there), sizeof there));
}

static void datagrams(void) {
    int a = socket(AF_INET, SOCK_DGRAM, 0);
    int b = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in address = loopback(0);
    struct sockaddr_in from;
    socklen_t length = sizeof from;
    char buffer[16];
    struct iovec piece;
    struct msghdr message;
    struct mmsghdr many[3];
    struct iovec many_pieces[3];
    struct sockaddr none;
    int waiting = 0, i;
    struct timeval timeout = {0, 20000};
    puts("-- datagrams");
    TELL(bind(a, SA(address), sizeof address));
    TELL(bind(b, SA(address), sizeof address));
    address = local_of(b);
    TELL(send(a, "x", 1, 0));
    TELL(sendto(a, "first", 5, 0, SA(address), sizeof address));
    TELL(sendto(a, "", 0, 0, SA(address), sizeof address));
    TELL(sendto(a, "0123456789", 10, 0, SA(address), sizeof address));
    TELL(ioctl(b, FIONREAD, &waiting));
    printf("size of the next: %d\n", waiting);
    TELL(recvfrom(b, buffer, sizeof buffer, 0, SA(from), &length));
    printf("from the sender: %d, length %d\n", from.sin_port == local_of(a).sin_port, (int)length);
    TELL(recv(b, buffer, sizeof buffer, 0));
    TELL(recv(b, buffer, 4, MSG_PEEK | MSG_TRUNC));
    memset(&message, 0, sizeof message);
    piece.iov_base = buffer;
    piece.iov_len = 4;
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_name = &from;
    message.msg_namelen = sizeof from;
    TELL(recvmsg(b, &message, 0));
    printf("truncated: %d, name %d, control %d\n", (message.msg_flags & MSG_TRUNC) != 0,
           (int)message.msg_namelen, (int)message.msg_controllen);
    TELL(recv(b, buffer, sizeof buffer, MSG_DONTWAIT));
    TELL(setsockopt(b, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout));
    TELL(recv(b, buffer, sizeof buffer, 0));
    TELL(connect(a, SA(address), sizeof address));
    TELL(send(a, "connected", 9, 0));
    TELL(recv(b, buffer, sizeof buffer, 0));
    memset(&none, 0, sizeof none);
    none.sa_family = AF_UNSPEC;
    TELL(connect(a, &none, sizeof none));
    TELL(send(a, "x", 1, 0));
    TELL(connect(a, SA(address), sizeof address));
    memset(many, 0, sizeof many);
    for (i = 0; i < 3; i++) {
        many_pieces[i].iov_base = (char*)"abc";
        many_pieces[i].iov_len = (size_t)i + 1;
        many[i].msg_hdr.msg_iov = &many_pieces[i];
        many[i].msg_hdr.msg_iovlen = 1;
    }
    TELL(sendmmsg(a, many, 3, 0));
    printf("lengths: %u %u %u\n", many[0].msg_len, many[1].msg_len, many[2].msg_len);
    {
        static char room[3][8];
        for (i = 0; i < 3; i++) {
            many_pieces[i].iov_base = room[i];
            many_pieces[i].iov_len = 8;
            many[i].msg_len = 0;
        }
        TELL(recvmmsg(b, many, 3, MSG_WAITFORONE, NULL));
        printf("lengths: %u %u %u, last %.3s\n", many[0].msg_len, many[1].msg_len, many[2].msg_len,
               room[2]);
    }
    tell_events("datagrams idle", b, POLLIN | POLLOUT, 0);
    {
        static char large[70000];
        TELL(send(a, large, sizeof large, 0));
    }
    close(a);
    close(b);
}

static void options(void) {
    int tcp = socket(AF_INET, SOCK_STREAM, 0);
    int udp = socket(AF_INET, SOCK_DGRAM, 0);
    int tcp6 = socket(AF_INET6, SOCK_STREAM, 0);
    struct linger lingering = {1, 7};
    struct timeval time = {2, 500000};
    socklen_t length;
    unsigned char byte = 33;
    int value = 0;
    puts("-- options");
    TELL(int_option(tcp, SOL_SOCKET, SO_TYPE) == SOCK_STREAM);
    TELL(int_option(udp, SOL_SOCKET, SO_TYPE) == SOCK_DGRAM);
    TELL(int_option(tcp, SOL_SOCKET, SO_DOMAIN) == AF_INET);
    TELL(int_option(tcp6, SOL_SOCKET, SO_DOMAIN) == AF_INET6);
    TELL(int_option(tcp, SOL_SOCKET, SO_PROTOCOL));
    TELL(int_option(udp, SOL_SOCKET, SO_PROTOCOL));
    TELL(int_option(tcp, SOL_SOCKET, SO_ACCEPTCONN));
    TELL(int_option(tcp, SOL_SOCKET, SO_ERROR));
    TELL(set_int(tcp, SOL_SOCKET, SO_REUSEADDR, 1));
    TELL(int_option(tcp, SOL_SOCKET, SO_REUSEADDR));
    TELL(set_int(tcp, SOL_SOCKET, SO_KEEPALIVE, 5));
    TELL(int_option(tcp, SOL_SOCKET, SO_KEEPALIVE));
    TELL(set_int(tcp, IPPROTO_TCP, TCP_KEEPIDLE, 11));
    TELL(int_option(tcp, IPPROTO_TCP, TCP_KEEPIDLE));
    TELL(set_int(tcp, IPPROTO_TCP, TCP_KEEPINTVL, 12));
    TELL(int_option(tcp, IPPROTO_TCP, TCP_KEEPINTVL));
    TELL(set_int(tcp, IPPROTO_TCP, TCP_KEEPCNT, 4));
    TELL(int_option(tcp, IPPROTO_TCP, TCP_KEEPCNT));
    TELL(int_option(tcp, IPPROTO_TCP, TCP_NODELAY));
    TELL(set_int(tcp, IPPROTO_TCP, TCP_NODELAY, 1));
    TELL(int_option(tcp, IPPROTO_TCP, TCP_NODELAY));
    TELL(set_int(tcp, IPPROTO_TCP, TCP_USER_TIMEOUT, 1500));
    TELL(int_option(tcp, IPPROTO_TCP, TCP_USER_TIMEOUT));
    TELL(set_int(udp, SOL_SOCKET, SO_BROADCAST, 1));
    TELL(int_option(udp, SOL_SOCKET, SO_BROADCAST));
    TELL(setsockopt(tcp, SOL_SOCKET, SO_LINGER, &lingering, sizeof lingering));
    memset(&lingering, 0, sizeof lingering);
    length = sizeof lingering;
    TELL(getsockopt(tcp, SOL_SOCKET, SO_LINGER, &lingering, &length));
    printf("linger %d %d\n", lingering.l_onoff, lingering.l_linger);
    TELL(setsockopt(tcp, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time));
    memset(&time, 0, sizeof time);
    length = sizeof time;
    TELL(getsockopt(tcp, SOL_SOCKET, SO_SNDTIMEO, &time, &length));
    printf("timeout %ld.%06ld, whole length %d\n", (long)time.tv_sec, (long)time.tv_usec,
           length == sizeof time);
    time.tv_usec = 1000000;
    TELL(setsockopt(tcp, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time));
    TELL(set_int(tcp, SOL_SOCKET, SO_RCVBUF, 30000));
    TELL(int_option(tcp, SOL_SOCKET, SO_RCVBUF));
    TELL(set_int(tcp, IPPROTO_IP, IP_TTL, 42));
    TELL(int_option(tcp, IPPROTO_IP, IP_TTL));
    TELL(set_int(tcp, IPPROTO_IP, IP_TTL, 300));
    TELL(setsockopt(udp, IPPROTO_IP, IP_TTL, &byte, 1));
    TELL(int_option(udp, IPPROTO_IP, IP_TTL));
    TELL(set_int(udp, IPPROTO_IP, IP_TOS, 0x10));
    TELL(int_option(udp, IPPROTO_IP, IP_TOS));
    TELL(set_int(udp, IPPROTO_IP, IP_MULTICAST_TTL, 9));
    TELL(int_option(udp, IPPROTO_IP, IP_MULTICAST_TTL));
    TELL(set_int(udp, IPPROTO_IP, IP_MULTICAST_LOOP, 0));
    TELL(int_option(udp, IPPROTO_IP, IP_MULTICAST_LOOP));
    TELL(set_int(tcp6, IPPROTO_IPV6, IPV6_V6ONLY, 1));
    TELL(int_option(tcp6, IPPROTO_IPV6, IPV6_V6ONLY));
    TELL(set_int(tcp6, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 55));
    TELL(int_option(tcp6, IPPROTO_IPV6, IPV6_UNICAST_HOPS));
    TELL(int_option(udp, IPPROTO_TCP, TCP_NODELAY) < 0);
    TELL(int_option(tcp, SOL_SOCKET, 9999));
    TELL(set_int(tcp, IPPROTO_TCP, 9999, 1));
    TELL(setsockopt(tcp, SOL_SOCKET, SO_KEEPALIVE, &value, 2));
    TELL(setsockopt(tcp, SOL_SOCKET, SO_KEEPALIVE, NULL, sizeof value));
    length = 2;
    TELL(getsockopt(tcp, SOL_SOCKET, SO_TYPE, &value, &length));
    printf("length of a cut option: %d\n", (int)length);
    TELL(set_int(tcp, SOL_SOCKET, SO_TYPE, 1));
    TELL(set_int(9999, SOL_SOCKET, SO_KEEPALIVE, 1));
    TELL(set_int(9999, SOL_SOCKET, 9999, 1));
    close(tcp);
    close(udp);
    close(tcp6);
}

static void waiting(void) {
    int ends[2];
    fd_set reading, writing, excepting;
    struct timeval none = {0, 0};
    struct timeval little = {0, 10000};
    struct timespec little_spec = {0, 10000000};
    struct pollfd three[3];
    char buffer[8];
    puts("-- waiting");
    connected(ends);
    FD_ZERO(&reading);
    FD_ZERO(&writing);
    FD_ZERO(&excepting);
    FD_SET(ends[0], &reading);
    FD_SET(ends[0], &writing);
    FD_SET(ends[0], &excepting);
    TELL(select(ends[0] + 1, &reading, &writing, &excepting, &none));
    printf("read %d write %d except %d\n", FD_ISSET(ends[0], &reading) != 0,
           FD_ISSET(ends[0], &writing) != 0, FD_ISSET(ends[0], &excepting) != 0);
    TELL(select(0, NULL, NULL, NULL, &little));
    TELL(pselect(0, NULL, NULL, NULL, &little_spec, NULL));
    TELL(poll(NULL, 0, 5));
    TELL(ppoll(NULL, 0, &little_spec, NULL));
    FD_ZERO(&reading);
    FD_SET(ends[0], &reading);
    TELL(send(ends[1], "x", 1, 0));
    TELL(select(ends[0] + 1, &reading, NULL, NULL, NULL));
    TELL(select(-1, NULL, NULL, NULL, &none));
    FD_ZERO(&reading);
    FD_SET(50, &reading); /* not open */
    TELL(select(51, &reading, NULL, NULL, &none));
    three[0].fd = -1;
    three[0].events = POLLIN;
    three[0].revents = 77;
    three[1].fd = 900;
    three[1].events = POLLIN;
    three[2].fd = ends[0];
    three[2].events = 0;
    TELL(poll(three, 3, 0));
    printf("left out %d, invalid %d, not asked for %d\n", three[0].revents,
           three[1].revents == POLLNVAL, three[2].revents);
    TELL(read(ends[0], buffer, sizeof buffer));
    /* the peer goes with our data unread: a reset */
    TELL(write(ends[0], "unread", 6));
    TELL(events_of(ends[1], POLLIN, 1000) != 0);
    TELL(close(ends[1]));
    tell_events("after a reset", ends[0], POLLIN | POLLOUT, 1000);
    TELL(read(ends[0], buffer, sizeof buffer));
    TELL(read(ends[0], buffer, sizeof buffer));
    TELL(send(ends[0], "x", 1, MSG_NOSIGNAL));
    close(ends[0]);
}

static void descriptors(void) {
    int ends[2], copy, pipes[2], pair[2];
    char buffer[16];
    FILE* stream;
    int on = 1;
    puts("-- descriptors");
    connected(ends);
    TELL_OK(copy = dup(ends[0]));
    TELL(write(copy, "dup", 3));
    TELL(read(ends[1], buffer, sizeof buffer));
    TELL(close(ends[0]));
    TELL(write(copy, "on", 2));
    TELL(read(ends[1], buffer, sizeof buffer));
    TELL(dup2(copy, 20));
    TELL(dup2(copy, copy) == copy);
    TELL(dup2(9999, 20));
    TELL(dup3(copy, copy, 0));
    TELL(write(20, "at 20", 5));
    TELL(read(ends[1], buffer, sizeof buffer));
    TELL(fcntl(copy, F_DUPFD, 30));
    TELL(close(30));
    TELL(close(20));
    TELL(ioctl(copy, FIONBIO, &on));
    TELL(read(copy, buffer, sizeof buffer));
    TELL((fcntl(copy, F_GETFL) & O_ACCMODE) == O_RDWR);
    on = 0;
    TELL(ioctl(copy, FIONBIO, &on));
    stream = fdopen(ends[1], "r+");
    fputs("a line\n", stream);
    fflush(stream);
    TELL(read(copy, buffer, sizeof buffer));
    TELL(write(copy, "another\n", 8));
    printf("fgets: %s", fgets(buffer, sizeof buffer, stream));
    fclose(stream);
    TELL(read(copy, buffer, sizeof buffer));
    close(copy);
    TELL(dup(9999));
    TELL(pipe(pipes));
    TELL(write(pipes[1], "pipe", 4));
    TELL(read(pipes[0], buffer, sizeof buffer));
    close(pipes[1]);
    TELL(read(pipes[0], buffer, sizeof buffer));
    close(pipes[0]);
    TELL(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    TELL(write(pair[0], "there", 5));
    TELL(read(pair[1], buffer, sizeof buffer));
    TELL(write(pair[1], "back", 4));
    TELL(recv(pair[0], buffer, sizeof buffer, 0));
    TELL(int_option(pair[0], SOL_SOCKET, SO_DOMAIN) == AF_UNIX);
    close(pair[1]);
    TELL(send(pair[0], "x", 1, MSG_NOSIGNAL));
    close(pair[0]);
    TELL(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
    TELL(write(pair[0], "12345", 5));
    TELL(write(pair[0], "67", 2));
    TELL(read(pair[1], buffer, 3));
    TELL(read(pair[1], buffer, sizeof buffer));
    close(pair[0]);
    close(pair[1]);
}

/* A number that is opened anew begins without the flag, unless it was asked for. */
static void close_on_exec(void) {
    int pair[2], copy;
    const int plain = socket(AF_INET, SOCK_STREAM, 0);
    const int closing = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    printf("-- close on exec\n");
    TELL(fcntl(plain, F_GETFD));
    TELL(fcntl(closing, F_GETFD) == FD_CLOEXEC);
    TELL(fcntl(closing, F_SETFD, 0));
    TELL(fcntl(closing, F_GETFD));
    TELL(fcntl(plain, F_SETFD, FD_CLOEXEC));
    TELL(fcntl(plain, F_GETFD) == FD_CLOEXEC);
    copy = dup(plain);
    TELL(fcntl(copy, F_GETFD));
    close(copy);
    copy = fcntl(plain, F_DUPFD_CLOEXEC, 0);
    TELL(fcntl(copy, F_GETFD) == FD_CLOEXEC);
    close(copy);
    close(plain);
    TELL(fcntl(plain, F_GETFD));
    TELL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
    TELL(fcntl(pair[0], F_GETFD) == FD_CLOEXEC && fcntl(pair[1], F_GETFD) == FD_CLOEXEC);
    close(pair[0]), close(pair[1]), close(closing);
}

static void ether(void) {
    struct ether_addr address;
    char name[32];
    printf("-- ether_aton\n");
    TELL(ether_aton("0:a:1F:ff:7:80") != NULL);
    printf("%s\n", ether_ntoa(ether_aton("0:a:1F:ff:7:80")));
    TELL(ether_aton("0:a:1F:ff:7") != NULL);
    TELL(ether_aton("0:a:1F:ff:7:g") != NULL);
    TELL(ether_aton("000:a:1F:ff:7:8") != NULL);
    TELL(ether_aton("") != NULL);
    TELL(ether_line("1:2:3:4:5:6 \thost # comment", &address, name));
    printf("%s %s\n", ether_ntoa(&address), name);
    TELL(ether_line("1:2:3:4:5:6", &address, name));
    TELL(ether_line("# comment", &address, name));
}

static void tell_addresses(const char* node, const char* service, int flags, int family, int type) {
    struct addrinfo hints, *list = NULL, *each;
    int error;
    memset(&hints, 0, sizeof hints);
    hints.ai_flags = flags;
    hints.ai_family = family;
    hints.ai_socktype = type;
    error = getaddrinfo(node, service, &hints, &list);
    printf("%s %s:", node ? node : "(none)", service ? service : "(none)");
    if (error) {
        printf(" %d\n", error);
        return;
    }
    for (each = list; each; each = each->ai_next) {
        char host[NI_MAXHOST], port[NI_MAXSERV];
        getnameinfo(each->ai_addr, each->ai_addrlen, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV);
        printf(" %s/%s/%s%s%s", host, port,
               each->ai_socktype == SOCK_STREAM ? "stream" : "datagram",
               each->ai_canonname ? "/" : "", each->ai_canonname ? each->ai_canonname : "");
    }
    putchar('\n');
    freeaddrinfo(list);
}

static void names(void) {
    struct in_addr address;
    struct sockaddr_in ipv4 = loopback(htons(80));
    char host[64], service[64];
    struct servent* entry;
    struct protoent* protocol;
    struct hostent* found;
    puts("-- names");
    tell_addresses("127.0.0.1", "80", 0, AF_UNSPEC, SOCK_STREAM);
    tell_addresses("127.1", "http", 0, AF_INET, SOCK_STREAM);
    tell_addresses("::1", "53", AI_NUMERICHOST, AF_UNSPEC, SOCK_DGRAM);
    tell_addresses("127.0.0.1", "domain", AI_CANONNAME, AF_UNSPEC, SOCK_DGRAM);
    tell_addresses("127.0.0.1", NULL, 0, AF_INET6, SOCK_STREAM);
    tell_addresses("127.0.0.1", "1", AI_V4MAPPED, AF_INET6, SOCK_STREAM);
    tell_addresses(NULL, "8080", AI_PASSIVE, AF_INET, SOCK_STREAM);
    tell_addresses(NULL, "8080", AI_PASSIVE, AF_INET6, SOCK_STREAM);
    tell_addresses(NULL, "8080", 0, AF_INET, SOCK_STREAM);
    tell_addresses("not an address", "1", AI_NUMERICHOST, AF_UNSPEC, SOCK_STREAM);
    tell_addresses("127.0.0.1", "no-such-service", 0, AF_INET, SOCK_STREAM);
    tell_addresses("127.0.0.1", "http", AI_NUMERICSERV, AF_INET, SOCK_STREAM);
    tell_addresses(NULL, NULL, 0, AF_INET, SOCK_STREAM);
    tell_addresses("127.0.0.1", "1", 0, 77, SOCK_STREAM);
    tell_addresses("127.0.0.1", "1", 0x4000000, AF_INET, SOCK_STREAM);
    tell_addresses("127.0.0.1", "1", 0, AF_INET, 77);
    TELL(getnameinfo(SA(ipv4), sizeof ipv4, host, sizeof host, service, sizeof service,
                     NI_NUMERICHOST));
    printf("%s %s\n", host, service);
    TELL(getnameinfo(SA(ipv4), sizeof ipv4, host, 3, NULL, 0, NI_NUMERICHOST) == EAI_OVERFLOW);
    TELL(getnameinfo(SA(ipv4), 3, host, sizeof host, NULL, 0, NI_NUMERICHOST) == EAI_FAMILY);
    entry = getservbyname("https", "tcp");
    printf("https: %d %s\n", ntohs((unsigned short)entry->s_port), entry->s_proto);
    entry = getservbyport(htons(25), NULL);
    printf("25: %s\n", entry->s_name);
    protocol = getprotobyname("udp");
    printf("udp: %d, 6: %s\n", protocol->p_proto, getprotobynumber(6)->p_name);
    found = gethostbyname("10.1.2.3");
    printf("10.1.2.3: %s %d\n", inet_ntoa(*(struct in_addr*)found->h_addr_list[0]),
           found->h_length);
    printf("inet_addr: %08x %08x\n", (unsigned)ntohl(inet_addr("1.2.3.4")),
           (unsigned)inet_addr("1.2.3.256"));
    printf("inet_network: %08x %08x %08x\n", (unsigned)inet_network("1.2.3.4"),
           (unsigned)inet_network("127"), (unsigned)inet_network("1.2.3.4.5"));
    address = inet_makeaddr(127, 1);
    printf("inet_makeaddr: %s\n", inet_ntoa(address));
    address.s_addr = inet_addr("172.16.5.6");
    printf("lnaof %x, netof %x\n", (unsigned)inet_lnaof(address), (unsigned)inet_netof(address));
    printf("lo: %d\n", if_nametoindex("lo") > 0);
    TELL((if_nametoindex("no-such-if") != 0) - 1);
    TELL(gethostname(host, sizeof host));
}

/* Names and records in a message of the DNS, networks, headers of IPv6: nothing but bytes. */
static void messages(void) {
    static const unsigned char answer[] =
        "\0\1\x81\x80\0\1\0\2\0\0\0\0\3www\4test\0\0\1\0\1"
        "\xc0\x0c\0\5\0\1\0\0\0\x3c\0\4\1b\xc0\x10"
        "\xc0\x26\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\7";
    unsigned char bytes[64], loop[] = {0xc0, 0};
    char name[256];
    ns_msg message;
    ns_rr record;
    int i, length;
    struct in6_addr hop = IN6ADDR_LOOPBACK_INIT;
    void* data = NULL;
    socklen_t data_length = 0;

    TELL(ns_initparse(answer, sizeof answer - 1, &message));
    for (i = 0; i < 2; ++i) {
        TELL(ns_parserr(&message, ns_s_an, i, &record));
        printf("%s type %d ttl %d, %d bytes\n", ns_rr_name(record), ns_rr_type(record),
               (int)ns_rr_ttl(record), ns_rr_rdlen(record));
    }
    TELL(ns_parserr(&message, ns_s_an, 2, &record));
    TELL(ns_initparse(answer, 20, &message));
    TELL(dn_expand(answer, answer + sizeof answer - 1, answer + 12, name, sizeof name));
    TELL(dn_expand(answer, answer + sizeof answer - 1, answer + 12, name, 5));
    TELL(dn_expand(loop, loop + 2, loop, name, sizeof name));
    TELL(dn_skipname(answer + 27, answer + sizeof answer - 1));
    TELL(dn_comp("a.example", bytes, sizeof bytes, NULL, NULL));
    TELL(dn_comp("a..example", bytes, sizeof bytes, NULL, NULL));
    TELL(dn_comp("a.example", bytes, 5, NULL, NULL));
    length =
        res_mkquery(ns_o_query, "www.test", ns_c_in, ns_t_a, NULL, 0, NULL, bytes, sizeof bytes);
    for (i = 2; i < length; ++i)
        printf("%02x", bytes[i]);
    printf(", a query of %d\n", length);

    for (i = 0; i < 6; ++i) {
        static const char* const texts[] = {"192.0.2/24", "10",      "172.16",
                                            "0xc00002",   "10.0/40", "x"};
        length = inet_net_pton(AF_INET, texts[i], bytes, sizeof bytes);
        printf("%s: %d", texts[i], length);
        if (length >= 0) printf(" %s", inet_net_ntop(AF_INET, bytes, length, name, sizeof name));
        printf("\n");
    }

    TELL(inet6_opt_init(bytes, 24));
    TELL(length = inet6_opt_append(bytes, 24, 2, 5, 4, 4, &data));
    memset(data, 7, 4);
    TELL(length = inet6_opt_finish(bytes, 24, length));
    for (i = 2; i < length; ++i)
        printf("%02x", bytes[i]);
    printf(", options\n");
    TELL(inet6_opt_find(bytes, (socklen_t)length, 0, 5, &data_length, &data));
    TELL(inet6_opt_find(bytes, (socklen_t)length, 0, 6, &data_length, &data));
    TELL((long)inet6_rth_space(IPV6_RTHDR_TYPE_0, 2));
    TELL(inet6_rth_init(bytes, 40, IPV6_RTHDR_TYPE_0, 2) == bytes);
    TELL(inet6_rth_add(bytes, &hop));
    TELL(inet6_rth_segments(bytes));
    TELL(inet6_rth_getaddr(bytes, 0)->s6_addr[15]);
    TELL(inet6_rth_getaddr(bytes, 2) == NULL);
}

static int handled = 0;
static void handle(int number) {
    handled += number == SIGUSR1;
}
static void handle_with_information(int number, siginfo_t* information, void* context) {
    (void)context;
    handled += 10 * (number == SIGUSR2 && information->si_signo == SIGUSR2);
}

static void processes(void) {
    struct sigaction action, former;
    sigset_t set, before;
    unsigned char bytes[300];
    memset(&action, 0, sizeof action);
    TELL(sigemptyset(&action.sa_mask));
    action.sa_handler = handle;
    TELL(sigaction(SIGUSR1, &action, NULL));
    TELL(raise(SIGUSR1));
    TELL(kill(getpid(), SIGUSR1));
    TELL(handled);
    action.sa_sigaction = handle_with_information;
    action.sa_flags = SA_SIGINFO;
    TELL(sigaction(SIGUSR2, &action, NULL));
    TELL(raise(SIGUSR2));
    TELL(handled);
    action.sa_handler = SIG_IGN;
    action.sa_flags = 0;
    TELL(sigaction(SIGUSR1, &action, &former));
    TELL(former.sa_handler == handle);
    TELL(raise(SIGUSR1));
    TELL(handled);
    TELL(sigaction(SIGKILL, &action, NULL));
    TELL(sigaction(1000, &action, NULL));
    TELL(sigemptyset(&set));
    TELL(sigaddset(&set, SIGTERM));
    TELL(sigprocmask(SIG_BLOCK, &set, &before));
    TELL(sigismember(&before, SIGTERM));
    TELL(sigprocmask(SIG_UNBLOCK, &set, &before));
    TELL(sigismember(&before, SIGTERM));
    TELL(kill(getpid(), 0));
    TELL(waitpid(-1, NULL, WNOHANG));
    (void)umask(027);
    TELL(umask(022));
    TELL(getrandom(bytes, sizeof bytes, 0));
    TELL(getpwnam("no-such-user") == NULL);
}

/* What is left of the time stands in the timeout of select, as Linux has it. */
static void time_that_is_left(void) {
    struct timeval time;
    int pair[2];
    fd_set set;
    TELL(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    FD_ZERO(&set);
    FD_SET(pair[0], &set);
    time.tv_sec = 1000, time.tv_usec = 0;
    TELL(write(pair[1], "x", 1));
    TELL(select(pair[0] + 1, &set, NULL, NULL, &time));
    TELL(time.tv_sec < 1000 && time.tv_sec > 500);
    FD_SET(pair[1], &set);
    FD_CLR(pair[0], &set);
    time.tv_sec = 0, time.tv_usec = 1000;
    TELL(select(pair[1] + 1, &set, NULL, NULL, &time));
    TELL(time.tv_sec == 0 && time.tv_usec == 0);
    close(pair[0]), close(pair[1]);
}

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0);
    creation();
    streams();
    connecting();
    datagrams();
    options();
    waiting();
    descriptors();
    names();
    messages();
    processes();
    time_that_is_left();
    close_on_exec();
    ether();
    return 0;
}
