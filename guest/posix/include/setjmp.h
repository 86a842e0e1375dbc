#ifndef HWS_POSIX_SETJMP_H
#define HWS_POSIX_SETJMP_H
/* Declared for programs that include it without need; one that jumps does not link. */

typedef long jmp_buf[8];
typedef jmp_buf sigjmp_buf;

#ifdef __cplusplus
extern "C" {
#endif

int setjmp(jmp_buf);
int sigsetjmp(sigjmp_buf, int);
void longjmp(jmp_buf, int);
void siglongjmp(sigjmp_buf, int);

#ifdef __cplusplus
}
#endif

#endif
