// Functions that programs name and that have nothing behind them here: each fails as its manual
// page lets it fail, so that a program that can do without goes on.

#include "wire.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/time.h>

using namespace hws::posix;

extern "C" {

// --- reserved ports, and those who trust them: rcmd(3), rexec(3)
int rcmd(char**, unsigned short, const char*, const char*, const char*, int*) {
    return fail(EACCES);
}
int rcmd_af(char**, unsigned short, const char*, const char*, const char*, int*, sa_family_t) {
    return fail(EACCES);
}
int rexec(char**, int, const char*, const char*, const char*, int*) {
    return fail(EACCES);
}
int rexec_af(char**, int, const char*, const char*, const char*, int*, sa_family_t) {
    return fail(EACCES);
}
int rresvport(int*) {
    return fail(EACCES);
}
int rresvport_af(int*, sa_family_t) {
    return fail(EACCES);
}
int bindresvport6(int, sockaddr_in6*) {
    return fail(EACCES);
}
int ruserok(const char*, int, const char*, const char*) {
    return -1;
}
int ruserok_af(const char*, int, const char*, const char*, sa_family_t) {
    return -1;
}
int iruserok(uint32_t, int, const char*, const char*) {
    return -1;
}
int iruserok_af(const void*, int, const char*, const char*, sa_family_t) {
    return -1;
}

// --- netgroups: setnetgrent(3)
int setnetgrent(const char*) {
    return 0;
}
void endnetgrent(void) {}
int getnetgrent(char**, char**, char**) {
    return 0;
}
int getnetgrent_r(char**, char**, char**, char*, size_t) {
    return 0;
}
int innetgr(const char*, const char*, const char*, const char*) {
    return 0;
}

// --- source filters: RFC 3678
int getipv4sourcefilter(int, in_addr, in_addr, uint32_t*, uint32_t*, in_addr*) {
    return fail(ENOPROTOOPT);
}
int setipv4sourcefilter(int, in_addr, in_addr, uint32_t, uint32_t, const in_addr*) {
    return fail(ENOPROTOOPT);
}
int getsourcefilter(int, uint32_t, const sockaddr*, socklen_t, uint32_t*, uint32_t*,
                    sockaddr_storage*) {
    return fail(ENOPROTOOPT);
}
int setsourcefilter(int, uint32_t, const sockaddr*, socklen_t, uint32_t, uint32_t,
                    const sockaddr_storage*) {
    return fail(ENOPROTOOPT);
}

// --- timers, which would need signals; the clock, which is the host's
int getitimer(int, itimerval*) {
    return fail(ENOSYS);
}
int setitimer(int, const itimerval* __restrict, itimerval* __restrict) {
    return fail(ENOSYS);
}
int settimeofday(const timeval*, const struct timezone*) {
    return fail(EPERM);
}
int adjtime(const timeval*, timeval*) {
    return fail(EPERM);
}
}
