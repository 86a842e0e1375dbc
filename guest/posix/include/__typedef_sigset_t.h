#ifndef HWS_POSIX_TYPEDEF_SIGSET_T_H
#define HWS_POSIX_TYPEDEF_SIGSET_T_H
/* In place of wasi-libc's single byte: one bit for each of 64 signals. */

typedef struct {
    unsigned int __bits[2];
} sigset_t;

#endif
