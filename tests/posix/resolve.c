/* Asks getaddrinfo for a name, prints what it gave in order, and connects to the first number that
 * answers, as clients do.
 * Arguments: name, port. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include <netdb.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tell.h"

static struct addrinfo* find(const char* name, const char* port, int family, int flags,
                             const char* how) {
    struct addrinfo hints, *list = NULL, *one;
    char text[NI_MAXHOST];
    int error;
    memset(&hints, 0, sizeof hints);
    hints.ai_family = family, hints.ai_socktype = SOCK_STREAM, hints.ai_flags = flags;
    error = getaddrinfo(name, port, &hints, &list);
    printf("%s:", how);
    if (error) printf(" %s", error == EAI_NONAME ? "EAI_NONAME" : gai_strerror(error));
    for (one = error ? NULL : list; one; one = one->ai_next) {
        if (getnameinfo(one->ai_addr, one->ai_addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST))
            return NULL;
        printf(" %s", text);
    }
    printf("\n");
    return error ? NULL : list;
}

static void show(const char* name, const char* port, int family, const char* how) {
    struct addrinfo* list = find(name, port, family, AI_ADDRCONFIG, how);
    if (list) freeaddrinfo(list);
}

int main(int count, char** arguments) {
    struct addrinfo *list, *one;
    char answer[16];
    if (count < 3) return 1;
    show(arguments[1], arguments[2], AF_INET, "IPv4, as configured");
    show(arguments[1], arguments[2], AF_INET6, "IPv6, as configured");
    show(arguments[1], arguments[2], AF_UNSPEC, "any, as configured");
    list = find(arguments[1], arguments[2], AF_UNSPEC, 0, "any");
    for (one = list; one; one = one->ai_next) {
        const int fd = socket(one->ai_family, one->ai_socktype, one->ai_protocol);
        errno = 0;
        if (connect(fd, one->ai_addr, one->ai_addrlen) == 0) {
            const long length = read(fd, answer, sizeof answer);
            printf("the server said %.*s\n", (int)(length > 0 ? length : 0), answer);
            close(fd);
            break;
        }
        tell("connect", -1);
        close(fd);
    }
    if (list) freeaddrinfo(list);
    return 0;
}
