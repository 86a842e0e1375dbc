#ifndef ADDRESS_H
#define ADDRESS_H
/* Addresses as programs of this folder write them down. Ports are in the order of the network. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define SA(address) ((struct sockaddr*)&(address))

static inline struct sockaddr_in ipv4(const char* text, unsigned short port) {
    struct sockaddr_in address;
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = port;
    inet_pton(AF_INET, text, &address.sin_addr);
    return address;
}

static inline struct sockaddr_in6 ipv6(const char* text, unsigned short port, unsigned scope) {
    struct sockaddr_in6 address;
    memset(&address, 0, sizeof address);
    address.sin6_family = AF_INET6;
    address.sin6_port = port;
    address.sin6_scope_id = scope;
    inet_pton(AF_INET6, text, &address.sin6_addr);
    return address;
}

/* The port that the socket has. */
static inline unsigned short port_of(int fd) {
    struct sockaddr_in6 address;
    socklen_t length = sizeof address;
    memset(&address, 0, sizeof address);
    if (getsockname(fd, SA(address), &length) < 0) perror("getsockname");
    return address.sin6_port; /* in the same place for IPv4 */
}

#endif
