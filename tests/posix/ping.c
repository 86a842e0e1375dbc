/* ping ADDRESS COUNT: what a C program does with a ping socket of Linux, in plain BSD sockets. */

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { message_bytes = 64, echo_request = 8, echo_reply = 0, echo6_request = 128, echo6_reply = 129 };

static int failed(const char* what) {
    perror(what);
    return 1;
}

int main(int count, char** arguments) {
    if (count != 3) return 2;
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_DGRAM};
    struct addrinfo* target;
    if (getaddrinfo(arguments[1], NULL, &hints, &target) != 0) return failed("getaddrinfo");
    const int is_v4 = target->ai_family == AF_INET;
    const int fd = socket(target->ai_family, SOCK_DGRAM, is_v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6);
    if (fd < 0) return failed("socket");
    const int hops = 64;
    if (setsockopt(fd, is_v4 ? IPPROTO_IP : IPPROTO_IPV6, is_v4 ? IP_TTL : IPV6_UNICAST_HOPS, &hops,
                   sizeof hops) != 0)
        return failed("setsockopt TTL");
    const struct timeval patience = {10, 0};
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0)
        return failed("setsockopt SO_RCVTIMEO");

    for (int number = 1; number <= atoi(arguments[2]); ++number) {
        unsigned char message[message_bytes] = {is_v4 ? echo_request : echo6_request};
        message[6] = (unsigned char)(number >> 8);
        message[7] = (unsigned char)number;
        memset(message + 8, number, sizeof message - 8);
        if (sendto(fd, message, sizeof message, 0, target->ai_addr, target->ai_addrlen) !=
            (ssize_t)sizeof message)
            return failed("sendto");
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        if (poll(&ready, 1, 10000) != 1 || !(ready.revents & POLLIN)) return failed("poll");

        unsigned char answer[2 * message_bytes];
        struct sockaddr_storage from;
        socklen_t from_bytes = sizeof from;
        const ssize_t bytes =
            recvfrom(fd, answer, sizeof answer, 0, (struct sockaddr*)&from, &from_bytes);
        if (bytes < 0) return failed("recvfrom");
        if (bytes < 8 || answer[0] != (is_v4 ? echo_reply : echo6_reply) ||
            memcmp(answer + 6, message + 6, (size_t)bytes - 6) != 0) {
            fprintf(stderr, "another answer came\n");
            return 1;
        }
        char name[INET6_ADDRSTRLEN];
        if (getnameinfo((struct sockaddr*)&from, from_bytes, name, sizeof name, NULL, 0,
                        NI_NUMERICHOST) != 0)
            return failed("getnameinfo");
        printf("%zd bytes from %s: seq=%d\n", bytes, name, answer[6] << 8 | answer[7]);
    }
    freeaddrinfo(target);
    return close(fd) == 0 ? 0 : failed("close");
}
