/* An echo server whose sockets never block: what a client does not take is kept until it can be
 * written. Arguments: a port, 0 for any, and how many clients to serve. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_CLIENTS 512
#define BUFFER 4096

struct client {
    int fd;
    size_t kept;
    size_t written;
    char buffer[BUFFER];
};
static struct client clients[MAX_CLIENTS];
static int count;

static void die(const char* what) {
    perror(what);
    exit(1);
}

static void set_non_blocking(int fd) {
    int flags = fcntl(fd, F_GETFL, 0);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) die("fcntl");
}

static void accept_all(int listener) {
    for (;;) {
        int yes = 1;
        int fd = accept(listener, NULL, NULL);
        if (fd < 0) {
            if (errno == EAGAIN || errno == EWOULDBLOCK) return;
            die("accept");
        }
        if (count == MAX_CLIENTS) {
            close(fd);
            continue;
        }
        set_non_blocking(fd);
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        clients[count].fd = fd;
        clients[count].kept = clients[count].written = 0;
        count++;
    }
}

/* Returns 0 when the client has gone. */
static int serve(struct client* client) {
    for (;;) {
        if (client->written == client->kept) {
            ssize_t got = read(client->fd, client->buffer, BUFFER);
            if (got == 0) return 0;
            if (got < 0) return errno == EAGAIN || errno == EWOULDBLOCK;
            client->kept = (size_t)got;
            client->written = 0;
        }
        {
            ssize_t sent =
                write(client->fd, client->buffer + client->written, client->kept - client->written);
            if (sent < 0) return errno == EAGAIN || errno == EWOULDBLOCK;
            client->written += (size_t)sent;
        }
    }
}

int main(int argc, char** argv) {
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    int wanted = argc > 2 ? atoi(argv[2]) : 1;
    int served = 0;
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    if (listener < 0) die("socket");
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons((unsigned short)(argc > 1 ? atoi(argv[1]) : 0));
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    if (bind(listener, (struct sockaddr*)&address, sizeof address) < 0) die("bind");
    if (listen(listener, SOMAXCONN) < 0) die("listen");
    set_non_blocking(listener);
    getsockname(listener, (struct sockaddr*)&address, &length);
    printf("listening on %d\n", ntohs(address.sin_port));
    fflush(stdout);

    while (served < wanted) {
        static struct pollfd watched[MAX_CLIENTS + 1];
        int i;
        watched[0].fd = listener;
        watched[0].events = POLLIN;
        for (i = 0; i < count; i++) {
            watched[i + 1].fd = clients[i].fd;
            watched[i + 1].events = clients[i].written < clients[i].kept ? POLLOUT : POLLIN;
        }
        if (poll(watched, (nfds_t)count + 1, -1) < 0) die("poll");
        for (i = count - 1; i >= 0; i--) {
            if (!watched[i + 1].revents || serve(&clients[i])) continue;
            close(clients[i].fd);
            clients[i] = clients[--count];
            served++;
        }
        if (watched[0].revents) accept_all(listener);
    }
    printf("served %d\n", served);
    return 0;
}
