#ifndef TELL_H
#define TELL_H
/* How programs of this folder say what calls gave: one line each, the same natively and in the sandbox. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Numbers differ between systems, names do not. */
static inline const char* error_name(int error) {
    static char other[32];
#define NAME(e)                                                                                    \
    if (error == e) return #e
    NAME(EACCES);
    NAME(EADDRINUSE);
    NAME(EADDRNOTAVAIL);
    NAME(EAFNOSUPPORT);
    NAME(EAGAIN);
    NAME(EALREADY);
    NAME(EBADF);
    NAME(ECHILD);
    NAME(ECONNABORTED);
    NAME(ECONNREFUSED);
    NAME(ECONNRESET);
    NAME(EDESTADDRREQ);
    NAME(EDOM);
    NAME(EFAULT);
    NAME(EINPROGRESS);
    NAME(EINVAL);
    NAME(EISCONN);
    NAME(EMSGSIZE);
    NAME(ENETUNREACH);
    NAME(ENODEV);
    NAME(ENOENT);
    NAME(ENOPROTOOPT);
    NAME(ENOSYS);
    NAME(ENAMETOOLONG);
    NAME(ENOTCONN);
    NAME(ENOTDIR);
    NAME(ENOTSOCK);
    NAME(ENOTTY);
    NAME(ENXIO);
    NAME(EOPNOTSUPP);
    NAME(EPERM);
    NAME(EPIPE);
    NAME(EPROTONOSUPPORT);
    NAME(EPROTOTYPE);
    NAME(ESOCKTNOSUPPORT);
    NAME(ETIMEDOUT);
#undef NAME
    sprintf(other, "errno %d", error);
    return other;
}

/* What a call gave: its number, or the name of its error. */
static inline void tell(const char* what, long result) {
    if (result < 0)
        printf("%s: %s\n", what, error_name(errno));
    else
        printf("%s: %ld\n", what, result);
    fflush(stdout);
}
#define TELL(call) (errno = 0, tell(#call, (long)(call)))
static inline void tell_ok(const char* what, long result) {
    tell(what, result < 0 ? -1 : 0);
}
#define TELL_OK(call) (errno = 0, tell_ok(#call, (long)(call)))

#endif
