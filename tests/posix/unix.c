/* Says what Unix sockets with names do. The machine's own build of this program and the one of hws-cc
 * must say the same.
 * Arguments: an empty folder, but for `plain`, which is a file, `inner`, a folder, and `link`, a
 * symbolic link to `listener`; and a word that nobody else uses, for abstract names. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tell.h"

#define SA(address) ((struct sockaddr*)&(address))

static const char *folder, *word;
static socklen_t made; /* the length of the last name */

static struct sockaddr_un path(const char* file) {
    struct sockaddr_un name;
    memset(&name, 0, sizeof name);
    name.sun_family = AF_UNIX;
    snprintf(name.sun_path, sizeof name.sun_path, "%s/%s", folder, file);
    made = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name.sun_path) + 1);
    return name;
}
static struct sockaddr_un abstract(const char* text) {
    struct sockaddr_un name;
    memset(&name, 0, sizeof name);
    name.sun_family = AF_UNIX;
    snprintf(name.sun_path + 1, sizeof name.sun_path - 1, "%s-%s", word, text);
    made = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name.sun_path + 1));
    return name;
}

/* A name without what differs from run to run. */
static void show(const char* what, const struct sockaddr_un* name, socklen_t length) {
    const size_t before = strlen(folder), bytes = length - offsetof(struct sockaddr_un, sun_path);
    if (length == 0)
        printf("%s: no address\n", what);
    else if (length == sizeof(sa_family_t))
        printf("%s: unnamed, %s\n", what, name->sun_family == AF_UNIX ? "AF_UNIX" : "else");
    else if (name->sun_path[0] == '\0')
        printf("%s: abstract, %d bytes, '%s'\n", what, (int)bytes,
               bytes > strlen(word) && !memcmp(name->sun_path + 1, word, strlen(word))
                   ? name->sun_path + 1 + strlen(word)
                   : "of the system's choice");
    else
        printf("%s: '%s', %s\n", what,
               strncmp(name->sun_path, folder, before) ? name->sun_path : name->sun_path + before,
               bytes == strlen(name->sun_path) + 1 ? "with its NUL" : "another length");
}
static void show_local(const char* what, int fd) {
    struct sockaddr_un name;
    socklen_t length = sizeof name;
    memset(&name, 0, sizeof name);
    if (getsockname(fd, SA(name), &length) < 0)
        printf("%s: %s\n", what, error_name(errno));
    else
        show(what, &name, length);
}
static void show_peer(const char* what, int fd) {
    struct sockaddr_un name;
    socklen_t length = sizeof name;
    memset(&name, 0, sizeof name);
    if (getpeername(fd, SA(name), &length) < 0)
        printf("%s: %s\n", what, error_name(errno));
    else
        show(what, &name, length);
}

static int unix_bind(int fd, struct sockaddr_un name) {
    return bind(fd, SA(name), made);
}
static int unix_connect(int fd, struct sockaddr_un name) {
    return connect(fd, SA(name), made);
}
static int stream(void) {
    return socket(AF_UNIX, SOCK_STREAM, 0);
}
static int datagrams(void) {
    return socket(AF_UNIX, SOCK_DGRAM, 0);
}
static int option(int fd, int name) {
    int value = -1;
    socklen_t length = sizeof value;
    return getsockopt(fd, SOL_SOCKET, name, &value, &length) < 0 ? -1 : value;
}
static void show_received(const char* what, int fd, int flags) {
    struct sockaddr_un from;
    socklen_t length = sizeof from;
    char text[64];
    long count;
    memset(&from, 0, sizeof from);
    errno = 0;
    count = recvfrom(fd, text, sizeof text - 1, flags, SA(from), &length);
    if (count < 0) {
        printf("%s: %s\n", what, error_name(errno));
        return;
    }
    text[count < (long)sizeof text ? count : (long)sizeof text - 1] = '\0';
    printf("%s: %ld '%s'\n", what, count, text);
    show("  from", &from, length);
}

static void streams(void) {
    const int listener = stream(), client = stream(), named = stream();
    struct sockaddr_un from;
    struct stat about;
    struct pollfd query;
    socklen_t length = sizeof from;
    char text[16];
    int server, left = 0;
    printf("-- streams\n");
    show_local("before", listener);
    TELL(listen(listener, 5));
    TELL(unix_bind(listener, path("listener")));
    show_local("bound", listener);
    TELL(unix_bind(listener, path("another")));
    TELL(unix_bind(client, path("listener")));
    TELL(unix_connect(client, path("listener")));
    TELL(listen(listener, 5));
    TELL(option(listener, SO_ACCEPTCONN));
    TELL(option(listener, SO_DOMAIN) == AF_UNIX);
    TELL(option(listener, SO_TYPE) == SOCK_STREAM);
    TELL(option(listener, SO_PROTOCOL));
    show_peer("without a peer", client);
    query.fd = listener, query.events = POLLIN;
    TELL(poll(&query, 1, 0));
    TELL(unix_connect(client, path("listener")));
    TELL(poll(&query, 1, 1000));
    TELL(unix_connect(client, path("listener")));
    show_local("client", client);
    show_peer("client's peer", client);
    memset(&from, 0, sizeof from);
    TELL((server = accept(listener, SA(from), &length)) < 0);
    show("accepted", &from, length);
    show_local("server", server);
    show_peer("server's peer", server);
    TELL(fstat(server, &about));
    TELL(S_ISSOCK(about.st_mode));
    TELL(send(client, "question", 8, 0));
    TELL(recv(server, text, sizeof text, MSG_PEEK));
    TELL(recv(server, text, 3, 0));
    TELL(ioctl(server, FIONREAD, &left));
    TELL(left);
    close(server);
    TELL(recv(client, text, sizeof text, 0));
    close(client);

    TELL(unix_bind(named, path("client")));
    TELL(unix_connect(named, path("link")));
    show_peer("through a link", named);
    length = sizeof from;
    memset(&from, 0, sizeof from);
    TELL((server = accept4(listener, SA(from), &length, SOCK_NONBLOCK)) < 0);
    show("accepted", &from, length);
    TELL(recv(server, text, sizeof text, 0));
    TELL(shutdown(named, SHUT_WR));
    TELL(recv(server, text, sizeof text, 0));
    TELL(send(server, "answer", 6, 0));
    TELL(recv(named, text, sizeof text, 0));
    TELL(unix_bind(server, path("third")));
    length = 4;
    TELL(getsockname(listener, SA(from), &length));
    TELL(length > 4);
    TELL(send(named, "", 1, MSG_NOSIGNAL));
    close(named), close(server);
    close(listener);
    {
        const int late = stream();
        TELL(unix_connect(late, path("listener")));
        TELL(unix_bind(late, path("listener")));
        TELL(unlink(path("listener").sun_path));
        TELL(unlink(path("listener").sun_path));
        TELL(remove(path("client").sun_path));
        TELL(unix_connect(late, path("listener")));
        TELL(unix_bind(late, path("listener")));
        TELL(unlink(path("listener").sun_path));
        close(late);
    }
}

static void much(void) {
    const int listener = stream(), client = stream();
    static char block[65536];
    long sent = 0, got = 0, count;
    int server;
    printf("-- a lot at once\n");
    TELL(unix_bind(listener, path("much")));
    TELL(listen(listener, 1));
    TELL(unix_connect(client, path("much")));
    server = accept(listener, NULL, NULL);
    TELL(fcntl(client, F_SETFL, O_NONBLOCK));
    while ((count = send(client, block, sizeof block, 0)) > 0)
        sent += count;
    tell("no more", count);
    close(client);
    while ((count = recv(server, block, sizeof block, 0)) > 0)
        got += count;
    printf("all came: %d\n", sent == got && sent > 0);
    close(server), close(listener);
    TELL(unlink(path("much").sun_path));
}

static void queues(void) {
    const int listener = stream();
    int clients[3], i;
    printf("-- a full queue\n");
    TELL(unix_bind(listener, path("queue")));
    TELL(listen(listener, 0));
    for (i = 0; i < 3; ++i) {
        clients[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
        TELL(unix_connect(clients[i], path("queue")));
    }
    close(accept(listener, NULL, NULL));
    TELL(unix_connect(clients[2], path("queue")));
    for (i = 0; i < 3; ++i)
        close(clients[i]);
    close(listener);
    TELL(unlink(path("queue").sun_path));
}

static void messages(void) {
    const int a = datagrams(), b = datagrams(), nobody = datagrams();
    struct sockaddr_un to_a, to_b, unspecified;
    socklen_t length;
    printf("-- datagrams\n");
    TELL(unix_bind(a, path("a")));
    to_a = path("a");
    length = made;
    TELL(unix_bind(b, path("b")));
    to_b = path("b");
    TELL(sendto(nobody, "from nobody", 11, 0, SA(to_a), length));
    show_received("a", a, 0);
    TELL(sendto(b, "from b", 6, 0, SA(to_a), length));
    show_received("a peeks", a, MSG_PEEK);
    show_received("a", a, 0);
    show_received("a", a, MSG_DONTWAIT);
    TELL(sendto(b, "", 0, 0, SA(to_a), length));
    show_received("a, nothing", a, 0);
    TELL(send(b, "whereto", 7, 0));
    TELL(connect(b, SA(to_a), length));
    show_peer("b's peer", b);
    TELL(send(b, "connected", 9, 0));
    TELL(recv(a, &unspecified, 4, MSG_TRUNC));
    TELL(sendto(a, "back", 4, 0, SA(to_b), length));
    show_received("b", b, 0);
    TELL(sendto(nobody, "not for b", 9, 0, SA(to_b), length));
    memset(&unspecified, 0, sizeof unspecified);
    unspecified.sun_family = AF_UNSPEC;
    TELL(connect(b, SA(unspecified), sizeof unspecified));
    show_peer("b's peer", b);
    TELL(sendto(nobody, "for b now", 9, 0, SA(to_b), length));
    show_received("b", b, 0);
    {
        struct sockaddr_un from;
        char first[8], second[8];
        struct iovec parts[2], into[2];
        struct mmsghdr out[2], in[2];
        int i;
        memset(out, 0, sizeof out), memset(in, 0, sizeof in), memset(&from, 0, sizeof from);
        parts[0].iov_base = (void*)"one", parts[0].iov_len = 3;
        parts[1].iov_base = (void*)"two", parts[1].iov_len = 3;
        into[0].iov_base = first, into[0].iov_len = sizeof first;
        into[1].iov_base = second, into[1].iov_len = sizeof second;
        for (i = 0; i < 2; ++i) {
            out[i].msg_hdr.msg_iov = &parts[i], out[i].msg_hdr.msg_iovlen = 1;
            out[i].msg_hdr.msg_name = &to_a, out[i].msg_hdr.msg_namelen = length;
            in[i].msg_hdr.msg_iov = &into[i], in[i].msg_hdr.msg_iovlen = 1;
            in[i].msg_hdr.msg_name = &from, in[i].msg_hdr.msg_namelen = sizeof from;
        }
        TELL(sendmmsg(b, out, 2, 0));
        TELL(recvmmsg(a, in, 2, MSG_DONTWAIT, NULL));
        printf("%.3s %.3s\n", first, second);
        show("  from", &from, in[1].msg_hdr.msg_namelen);
        out[0].msg_hdr.msg_iov = parts, out[0].msg_hdr.msg_iovlen = 2;
        TELL(sendmsg(b, &out[0].msg_hdr, 0));
        in[0].msg_hdr.msg_namelen = sizeof from;
        TELL(recvmsg(a, &in[0].msg_hdr, 0));
        show("  from", &from, in[0].msg_hdr.msg_namelen);
    }
    close(a);
    TELL(sendto(b, "too late", 8, 0, SA(to_a), length));
    TELL(unlink(to_a.sun_path));
    TELL(sendto(b, "too late", 8, 0, SA(to_a), length));
    TELL(unlink(to_b.sun_path));
    close(b), close(nobody);
}

static void abstract_names(void) {
    const int listener = stream(), client = stream(), same = stream(), any = datagrams();
    struct sockaddr_un none;
    printf("-- abstract names\n");
    TELL(unix_bind(listener, abstract("x")));
    show_local("bound", listener);
    TELL(unix_bind(same, abstract("x")));
    TELL(listen(listener, 1));
    TELL(unix_connect(client, abstract("y")));
    TELL(unix_connect(client, abstract("x")));
    show_peer("client's peer", client);
    memset(&none, 0, sizeof none);
    none.sun_family = AF_UNIX;
    TELL(bind(any, SA(none), sizeof none.sun_family));
    show_local("bound by the system", any);
    close(listener), close(client), close(same), close(any);
}

static void mistakes(void) {
    const int fd = stream(), other = datagrams(), listener = stream();
    const int tcp = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_un name = path("nothing");
    struct sockaddr_in ipv4;
    memset(&ipv4, 0, sizeof ipv4);
    ipv4.sin_family = AF_INET, ipv4.sin_port = htons(9);
    printf("-- mistakes\n");
    TELL(socket(AF_UNIX, SOCK_STREAM, IPPROTO_TCP));
    TELL(socket(AF_UNIX, 77, 0));
    TELL(unix_connect(fd, path("nothing")));
    TELL(unix_connect(fd, path("plain")));
    TELL(unix_connect(fd, path("inner")));
    TELL(unix_connect(fd, path("plain/x")));
    TELL(unix_connect(fd, path("missing/x")));
    TELL(unix_bind(fd, path("plain")));
    TELL(unix_bind(fd, path("inner")));
    TELL(unix_bind(fd, path("plain/x")));
    TELL(unix_bind(fd, path("missing/x")));
    TELL(connect(fd, SA(name), sizeof name.sun_family));
    TELL(connect(fd, SA(name), 1));
    TELL(connect(fd, SA(name), sizeof name + 1));
    TELL(bind(fd, SA(name), sizeof name + 1));
    TELL(connect(fd, SA(ipv4), sizeof ipv4));
    TELL(bind(fd, SA(ipv4), sizeof ipv4));
    TELL(sendto(other, "x", 1, 0, SA(ipv4), sizeof ipv4));
    TELL(unix_connect(tcp, path("nothing")));
    TELL(unix_bind(tcp, path("nothing")));
    TELL(accept(fd, NULL, NULL));
    TELL(accept(other, NULL, NULL));
    TELL(listen(other, 1));
    TELL(send(fd, "x", 1, MSG_NOSIGNAL));
    TELL(send(other, "x", 1, 0));
    TELL(unix_bind(listener, path("listener")));
    TELL(listen(listener, 1));
    name = path("listener");
    TELL(sendto(fd, "x", 1, 0, SA(name), made));
    TELL(connect(other, SA(name), made));
    TELL(sendto(other, "x", 1, 0, SA(name), made));
    TELL(unlink(path("missing/x").sun_path));
    TELL(shutdown(fd, SHUT_RD));
    close(listener);
    TELL(unlink(name.sun_path));
    close(fd), close(other), close(tcp);
}

int main(int count, char** arguments) {
    if (count < 3) return 2;
    folder = arguments[1], word = arguments[2];
    setvbuf(stdout, NULL, _IOLBF, 0);
    streams();
    much();
    queues();
    messages();
    abstract_names();
    mistakes();
    return 0;
}
