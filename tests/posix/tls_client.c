/* A C program that has TLS without a TLS library. Arguments: a port of 127.0.0.1 whose server has a
   certificate for echo.test, knows the protocol echo/1 and sends lines back. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <hws/tls.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void expect(int is_so, const char* what) {
    if (is_so) return;
    printf("failed: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int connect_to(int port) {
    struct sockaddr_in peer;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    memset(&peer, 0, sizeof peer);
    peer.sin_family = AF_INET;
    peer.sin_port = htons((unsigned short)port);
    peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    expect(connect(fd, (struct sockaddr*)&peer, sizeof peer) == 0, "connect");
    return fd;
}

static int upgrade(int fd, const char* text, socklen_t bytes) {
    return setsockopt(fd, SOL_HWS_TLS, HWS_TLS_CLIENT, text, bytes);
}

static void echo(int fd) {
    char answer[64];
    ssize_t count;
    struct pollfd wait;
    expect(write(fd, "hello\n", 6) == 6, "write");
    wait.fd = fd;
    wait.events = POLLIN;
    expect(poll(&wait, 1, 20000) == 1 && (wait.revents & POLLIN), "poll for the answer");
    count = read(fd, answer, sizeof answer);
    expect(count == 6 && memcmp(answer, "hello\n", 6) == 0, "read");
    expect(shutdown(fd, SHUT_WR) == 0, "shutdown");
    do
        count = read(fd, answer, sizeof answer);
    while (count < 0 && errno == EAGAIN && poll(&wait, 1, 20000) == 1);
    expect(count == 0, "the end of the stream");
}

int main(int argc, char** argv) {
    static const char name[] = "echo.test";
    static const char name_and_protocols[] = "echo.test\0echo/2\0echo/1";
    const int port = argc > 1 ? atoi(argv[1]) : 0;
    struct hws_tls_info info;
    socklen_t bytes = sizeof info;
    struct pollfd wait;
    int fd = connect_to(port);

    expect(getsockopt(fd, SOL_HWS_TLS, HWS_TLS_INFO, &info, &bytes) < 0 && errno == ENOTCONN,
           "a plain stream has no TLS to tell of");
    expect(upgrade(fd, name_and_protocols, sizeof name_and_protocols - 1) == 0, "upgrade");
    expect(getsockopt(fd, SOL_HWS_TLS, HWS_TLS_INFO, &info, &bytes) == 0, "info");
    expect(bytes == sizeof info && info.version >= 0x0303, "the version");
    expect(strcmp(info.protocol, "echo/1") == 0, "the protocol");
    expect(upgrade(fd, name, sizeof name - 1) < 0 && errno == EISCONN, "a second upgrade");
    echo(fd);
    close(fd);

    fd = connect_to(port);
    expect(upgrade(fd, "other.test", 10) < 0 && errno == EPROTO, "the wrong name is refused");
    expect(write(fd, "plain\n", 6) < 0 && errno == EPROTO, "nothing plain is sent");
    close(fd);

    fd = connect_to(port);
    expect(fcntl(fd, F_SETFL, O_NONBLOCK) == 0, "fcntl");
    expect(upgrade(fd, name, sizeof name - 1) < 0 && errno == EINPROGRESS, "in progress");
    wait.fd = fd;
    wait.events = POLLOUT;
    expect(poll(&wait, 1, 20000) == 1, "poll for the handshake");
    expect(getsockopt(fd, SOL_HWS_TLS, HWS_TLS_INFO, &info, &bytes) == 0, "info after polling");
    echo(fd);
    close(fd);

    fd = socket(AF_INET, SOCK_DGRAM, 0);
    expect(upgrade(fd, name, sizeof name - 1) < 0 && errno == EOPNOTSUPP, "datagrams");
    close(fd);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    expect(upgrade(fd, name, sizeof name - 1) < 0 && errno == ENOTCONN, "not connected");
    close(fd);
    printf("all is well\n");
    return 0;
}
