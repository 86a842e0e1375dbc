#ifndef HWS_POSIX_UNISTD_H
#define HWS_POSIX_UNISTD_H
/* What unistd.h of wasi-libc leaves out and network programs use. A pipe is a pair of sockets of
 * which each end is shut in one direction. There is one user, 0, and one host name, which the host
 * tells. */
#include_next <unistd.h>

#ifdef __cplusplus
extern "C" {
#endif

int dup(int);
int dup2(int, int);
int dup3(int, int, int);
int pipe(int[2]);
int pipe2(int[2], int);
int gethostname(char*, size_t);
int getdomainname(char*, size_t);
uid_t getuid(void);
uid_t geteuid(void);
gid_t getgid(void);
gid_t getegid(void);
int setuid(uid_t);
int setgid(gid_t);

/* A program is alone: ENOSYS, and setsid and chroot EPERM. */
pid_t fork(void);
pid_t vfork(void);
int execl(const char*, const char*, ...);
int execlp(const char*, const char*, ...);
int execv(const char*, char* const[]);
int execve(const char*, char* const[], char* const[]);
int execvp(const char*, char* const[]);
int daemon(int, int);
pid_t setsid(void);
pid_t getppid(void);
int chroot(const char*);

/* Sockets too, by a name of its own: wasi-libc's, which is asked about files, stands in one object
 * with what every program needs. */
int unlink(const char*) __asm__("__hws_unlink");

#ifdef __cplusplus
}
#endif

#endif
