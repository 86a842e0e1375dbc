#ifndef HWS_POSIX_SYS_IOCTL_H
#define HWS_POSIX_SYS_IOCTL_H
/* ioctl(2): FIONREAD (TIOCINQ, SIOCINQ), FIONBIO, FIOCLEX, FIONCLEX and the inquiries SIOCGIF*
 * about interfaces work, others are ENOTTY. */
#include_next <sys/ioctl.h>

#ifndef FIOCLEX
#define FIONCLEX 0x5450
#define FIOCLEX 0x5451
#endif
#define FIOASYNC 0x5452
#define FIOSETOWN 0x8901
#define FIOGETOWN 0x8903
#define TIOCGWINSZ 0x5413
#define TIOCSWINSZ 0x5414
#define TIOCOUTQ 0x5411
#define TIOCINQ FIONREAD
#define SIOCINQ FIONREAD
#define SIOCOUTQ TIOCOUTQ
#define SIOCSPGRP 0x8902
#define SIOCGPGRP 0x8904
#define SIOCATMARK 0x8905
#define SIOCGIFNAME 0x8910
#define SIOCGIFCONF 0x8912
#define SIOCGIFFLAGS 0x8913
#define SIOCSIFFLAGS 0x8914
#define SIOCGIFADDR 0x8915
#define SIOCSIFADDR 0x8916
#define SIOCGIFDSTADDR 0x8917
#define SIOCSIFDSTADDR 0x8918
#define SIOCGIFBRDADDR 0x8919
#define SIOCSIFBRDADDR 0x891a
#define SIOCGIFNETMASK 0x891b
#define SIOCSIFNETMASK 0x891c
#define SIOCGIFMETRIC 0x891d
#define SIOCSIFMETRIC 0x891e
#define SIOCGIFMTU 0x8921
#define SIOCSIFMTU 0x8922
#define SIOCGIFHWADDR 0x8927
#define SIOCSIFHWADDR 0x8924
#define SIOCADDMULTI 0x8931
#define SIOCDELMULTI 0x8932
#define SIOCGIFINDEX 0x8933
#define SIOGIFINDEX SIOCGIFINDEX
#define SIOCGIFCOUNT 0x8938
#define SIOCGIFTXQLEN 0x8942

struct winsize {
    unsigned short ws_row;
    unsigned short ws_col;
    unsigned short ws_xpixel;
    unsigned short ws_ypixel;
};

#endif
