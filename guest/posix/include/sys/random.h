#ifndef HWS_POSIX_SYS_RANDOM_H
#define HWS_POSIX_SYS_RANDOM_H
/* getrandom(2): never waits, and gives all that was asked for. */
#include_next <sys/random.h>
#include <sys/types.h>

#ifndef GRND_NONBLOCK
#define GRND_NONBLOCK 1
#define GRND_RANDOM 2
#define GRND_INSECURE 4
#endif

#ifdef __cplusplus
extern "C" {
#endif

ssize_t getrandom(void*, size_t, unsigned);

#ifdef __cplusplus
}
#endif

#endif
