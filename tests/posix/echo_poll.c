/* An echo server around poll, as textbooks write it. Arguments: a port, 0 for any, and how many
 * clients to serve. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_CLIENTS 1024

static int listen_on(const char* port) {
    struct addrinfo hints, *addresses, *address;
    struct sockaddr_storage local;
    socklen_t length = sizeof local;
    char name[NI_MAXSERV];
    int listener = -1, error, yes = 1;
    memset(&hints, 0, sizeof hints);
    hints.ai_family = AF_INET;
    hints.ai_socktype = SOCK_STREAM;
    error = getaddrinfo("127.0.0.1", port, &hints, &addresses);
    if (error) {
        fprintf(stderr, "getaddrinfo: %s\n", gai_strerror(error));
        exit(1);
    }
    for (address = addresses; address; address = address->ai_next) {
        listener = socket(address->ai_family, address->ai_socktype, address->ai_protocol);
        if (listener < 0) continue;
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
        if (bind(listener, address->ai_addr, address->ai_addrlen) == 0 &&
            listen(listener, SOMAXCONN) == 0)
            break;
        perror("bind");
        close(listener);
        listener = -1;
    }
    freeaddrinfo(addresses);
    if (listener < 0) exit(1);
    getsockname(listener, (struct sockaddr*)&local, &length);
    getnameinfo((struct sockaddr*)&local, length, NULL, 0, name, sizeof name, NI_NUMERICSERV);
    printf("listening on %s\n", name);
    fflush(stdout);
    return listener;
}

int main(int argc, char** argv) {
    static struct pollfd watched[MAX_CLIENTS];
    int clients = argc > 2 ? atoi(argv[2]) : 1;
    int served = 0, highest = 0, i;
    char buffer[4096];
    signal(SIGPIPE, SIG_IGN);
    watched[0].fd = listen_on(argc > 1 ? argv[1] : "0");
    watched[0].events = POLLIN;
    for (i = 1; i < MAX_CLIENTS; i++)
        watched[i].fd = -1; /* a free place, which poll leaves alone */

    while (served < clients) {
        int ready = poll(watched, (nfds_t)(highest + 1), -1);
        if (ready < 0) {
            if (errno == EINTR) continue;
            perror("poll");
            return 1;
        }
        if (watched[0].revents & POLLIN) {
            int client = accept(watched[0].fd, NULL, NULL);
            if (client < 0) {
                perror("accept");
                return 1;
            }
            for (i = 1; i < MAX_CLIENTS && watched[i].fd >= 0; i++)
                ;
            if (i == MAX_CLIENTS) {
                close(client);
            } else {
                watched[i].fd = client;
                watched[i].events = POLLIN;
                watched[i].revents = 0;
                if (i > highest) highest = i;
            }
            if (--ready <= 0) continue;
        }
        for (i = 1; i <= highest; i++) {
            if (watched[i].fd < 0 || !(watched[i].revents & (POLLIN | POLLERR | POLLHUP))) continue;
            {
                ssize_t got = recv(watched[i].fd, buffer, sizeof buffer, 0);
                if (got > 0 && send(watched[i].fd, buffer, (size_t)got, MSG_NOSIGNAL) == got)
                    continue;
                if (got < 0 && errno != ECONNRESET) perror("recv");
                close(watched[i].fd);
                watched[i].fd = -1;
                served++;
            }
        }
    }
    printf("served %d\n", served);
    return 0;
}
