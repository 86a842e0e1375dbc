#ifndef HWS_POSIX_SIGNAL_H
#define HWS_POSIX_SIGNAL_H
/* Signals as far as one program alone has them, beside wasi-libc's signal and raise: nobody sends
 * any, raise and kill of oneself call the handler at once, a mask is remembered and holds nothing
 * back. */
#define __NEED_pid_t
#define __NEED_uid_t
#define __NEED_sigset_t
#include_next <signal.h>
#include <bits/alltypes.h>
#include <__typedef_sigset_t.h>

struct timespec;

#ifndef SIG_BLOCK
#define SIG_BLOCK 0
#define SIG_UNBLOCK 1
#define SIG_SETMASK 2
#endif

#ifndef SA_NOCLDSTOP
#define SA_NOCLDSTOP 1
#define SA_NOCLDWAIT 2
#define SA_SIGINFO 4
#define SA_ONSTACK 0x08000000
#define SA_RESTART 0x10000000
#define SA_NODEFER 0x40000000
#define SA_RESETHAND 0x80000000
#endif

#define SI_USER 0
#define SI_QUEUE (-1)
#define SIGEV_SIGNAL 0
#define SIGEV_NONE 1
#define SIGEV_THREAD 2

union sigval {
    int sival_int;
    void* sival_ptr;
};

typedef struct {
    int si_signo;
    int si_errno;
    int si_code;
    pid_t si_pid;
    uid_t si_uid;
    int si_status;
    void* si_addr;
    union sigval si_value;
} siginfo_t;

struct sigaction {
    union {
        void (*sa_handler)(int);
        void (*sa_sigaction)(int, siginfo_t*, void*);
    } __sa_handler;
    sigset_t sa_mask;
    int sa_flags;
    void (*sa_restorer)(void);
};
#define sa_handler __sa_handler.sa_handler
#define sa_sigaction __sa_handler.sa_sigaction

struct sigevent {
    union sigval sigev_value;
    int sigev_signo;
    int sigev_notify;
    void (*sigev_notify_function)(union sigval);
    void* sigev_notify_attributes;
};

#ifdef __cplusplus
extern "C" {
#endif

int sigaction(int, const struct sigaction* __restrict, struct sigaction* __restrict);
int sigprocmask(int, const sigset_t* __restrict, sigset_t* __restrict);
int pthread_sigmask(int, const sigset_t* __restrict, sigset_t* __restrict);
int sigpending(sigset_t*);
int sigemptyset(sigset_t*);
int sigfillset(sigset_t*);
int sigaddset(sigset_t*, int);
int sigdelset(sigset_t*, int);
int sigismember(const sigset_t*, int);
/* ESRCH for anyone else than the program itself. */
int kill(pid_t, int);
int killpg(pid_t, int);

#ifdef __cplusplus
}
#endif

#endif
