// clang-format off
/* A WASI command in C. Arguments: `exit=<n>` ends with that code, `cat` copies stdin to stdout, `abort` aborts; others are only shown.
 * Output, one line each:
 *   hello from C
 *   args=<argc> and then "arg <i>=<text>" for each, the program's name included
 *   "env <NAME=value>" for each variable
 *   realtime=ok                 the clock is later than 2024-01-01 (else: realtime=<seconds>)
 *   monotonic=ok                it does not run backwards, and its resolution is not above 1 ms
 *   sleep=ok                    20 ms of nanosleep took 20 ms to 5 s by the monotonic clock
 *   random=ok                   two times 16 bytes of getentropy differ
 *   open=<errno name or number> of fopen("/etc/passwd"): ENOTCAPABLE, ENOENT or EBADF are right, "opened" is wrong
 *   tty=<0|1>                   isatty(1)
 *   bye                         on stderr
 */
// clang-format on

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

extern char** environ;

static int64_t nanoseconds(clockid_t clock) {
    struct timespec now;
    if (clock_gettime(clock, &now) != 0) return -1;
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int main(int argc, char** argv) {
    int code = 0;
    puts("hello from C");
    printf("args=%d\n", argc);
    for (int i = 0; i < argc; ++i)
        printf("arg %d=%s\n", i, argv[i]);
    for (char** variable = environ; variable && *variable; ++variable)
        printf("env %s\n", *variable);

    int64_t realtime = nanoseconds(CLOCK_REALTIME) / 1000000000;
    if (realtime > 1704067200)
        puts("realtime=ok");
    else
        printf("realtime=%lld\n", (long long)realtime);

    struct timespec resolution;
    int64_t first = nanoseconds(CLOCK_MONOTONIC);
    int64_t second = nanoseconds(CLOCK_MONOTONIC);
    int fine = clock_getres(CLOCK_MONOTONIC, &resolution) == 0 && resolution.tv_sec == 0 &&
               resolution.tv_nsec > 0 && resolution.tv_nsec <= 1000000;
    printf("monotonic=%s\n", first >= 0 && second >= first && fine ? "ok" : "bad");

    struct timespec wait = {0, 20000000};
    int64_t before = nanoseconds(CLOCK_MONOTONIC);
    int slept = nanosleep(&wait, NULL);
    int64_t took = nanoseconds(CLOCK_MONOTONIC) - before;
    if (slept == 0 && took >= 20000000 && took < 5000000000)
        puts("sleep=ok");
    else
        printf("sleep=%d after %lld ns\n", slept, (long long)took);

    unsigned char one[16] = {0}, two[16] = {0};
    int random = getentropy(one, sizeof one) == 0 && getentropy(two, sizeof two) == 0 &&
                 memcmp(one, two, sizeof one) != 0;
    printf("random=%s\n", random ? "ok" : "bad");

    FILE* file = fopen("/etc/passwd", "r");
    if (file)
        puts("open=opened");
    else if (errno == ENOTCAPABLE)
        puts("open=ENOTCAPABLE");
    else if (errno == ENOENT)
        puts("open=ENOENT");
    else if (errno == EBADF)
        puts("open=EBADF");
    else
        printf("open=%d\n", errno);
    printf("tty=%d\n", isatty(1));

    for (int i = 1; i < argc; ++i) {
        if (strncmp(argv[i], "exit=", 5) == 0) code = atoi(argv[i] + 5);
        if (strcmp(argv[i], "abort") == 0) abort();
        if (strcmp(argv[i], "cat") == 0) {
            char buffer[4096];
            size_t count;
            while ((count = fread(buffer, 1, sizeof buffer, stdin)) > 0)
                fwrite(buffer, 1, count, stdout);
        }
    }
    fflush(stdout);
    fputs("bye\n", stderr);
    return code;
}
