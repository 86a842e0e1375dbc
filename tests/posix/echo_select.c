/* An echo server around select, as textbooks write it. Arguments: a port, 0 for any, and how many
 * clients to serve. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

static int listen_on(int port) {
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    int yes = 1;
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    if (listener < 0) {
        perror("socket");
        exit(1);
    }
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((unsigned short)port);
    if (bind(listener, (struct sockaddr*)&address, sizeof address) < 0) {
        perror("bind");
        exit(1);
    }
    if (listen(listener, 128) < 0) {
        perror("listen");
        exit(1);
    }
    getsockname(listener, (struct sockaddr*)&address, &length);
    printf("listening on %d\n", ntohs(address.sin_port));
    fflush(stdout);
    return listener;
}

int main(int argc, char** argv) {
    int listener = listen_on(argc > 1 ? atoi(argv[1]) : 0);
    int clients = argc > 2 ? atoi(argv[2]) : 1;
    int served = 0;
    int highest = listener;
    char buffer[4096];
    fd_set all;
    FD_ZERO(&all);
    FD_SET(listener, &all);

    while (served < clients) {
        fd_set ready = all;
        int fd;
        if (select(highest + 1, &ready, NULL, NULL, NULL) < 0) {
            perror("select");
            return 1;
        }
        for (fd = 0; fd <= highest; fd++) {
            if (!FD_ISSET(fd, &ready)) continue;
            if (fd == listener) {
                struct sockaddr_in peer;
                socklen_t length = sizeof peer;
                int client = accept(listener, (struct sockaddr*)&peer, &length);
                if (client < 0) {
                    perror("accept");
                    return 1;
                }
                if (client >= FD_SETSIZE) {
                    close(client);
                    continue;
                }
                FD_SET(client, &all);
                if (client > highest) highest = client;
            } else {
                ssize_t got = read(fd, buffer, sizeof buffer);
                ssize_t sent = 0;
                while (sent < got) {
                    ssize_t n = write(fd, buffer + sent, (size_t)(got - sent));
                    if (n < 0) {
                        perror("write");
                        break;
                    }
                    sent += n;
                }
                if (got <= 0) {
                    close(fd);
                    FD_CLR(fd, &all);
                    served++;
                }
            }
        }
    }
    printf("served %d\n", served);
    return 0;
}
