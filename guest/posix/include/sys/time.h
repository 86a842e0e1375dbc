#ifndef HWS_POSIX_SYS_TIME_H
#define HWS_POSIX_SYS_TIME_H
/* Time and timers: setitimer(2) is ENOSYS for want of signals, the clock cannot be set, EPERM. */
#include_next <sys/time.h>

#define ITIMER_REAL 0
#define ITIMER_VIRTUAL 1
#define ITIMER_PROF 2

struct itimerval {
    struct timeval it_interval;
    struct timeval it_value;
};

#ifdef __cplusplus
extern "C" {
#endif

int getitimer(int, struct itimerval*);
int setitimer(int, const struct itimerval* __restrict, struct itimerval* __restrict);
#if defined(_GNU_SOURCE) || defined(_BSD_SOURCE)
int settimeofday(const struct timeval*, const struct timezone*);
int adjtime(const struct timeval*, struct timeval*);
int futimes(int, const struct timeval[2]);
int lutimes(const char*, const struct timeval[2]);
#endif

#ifdef __cplusplus
}
#endif

#endif
