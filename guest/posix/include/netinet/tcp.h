#ifndef HWS_POSIX_NETINET_TCP_H
#define HWS_POSIX_NETINET_TCP_H
/* TCP: POSIX.1-2017, tcp(7). */
#include_next <netinet/tcp.h>
#include <stdint.h>
#include <sys/types.h>

#ifndef SOL_TCP
#define SOL_TCP 6
#endif

#ifndef TCPI_OPT_ECN_SEEN
#define TCPI_OPT_ECN_SEEN 16
#endif
#ifndef TCPI_OPT_SYN_DATA
#define TCPI_OPT_SYN_DATA 32
#endif
#ifndef TCPOLEN_TSTAMP_APPA
#define TCPOLEN_TSTAMP_APPA (TCPOLEN_TIMESTAMP + 2)
#endif
#ifndef TCPOPT_TSTAMP_HDR
#define TCPOPT_TSTAMP_HDR (TCPOPT_NOP<<24|TCPOPT_NOP<<16|TCPOPT_TIMESTAMP<<8|TCPOLEN_TIMESTAMP)
#endif
#ifndef TCP_COOKIE_IN_ALWAYS
#define TCP_COOKIE_IN_ALWAYS (1 << 0)
#endif
#ifndef TCP_COOKIE_MAX
#define TCP_COOKIE_MAX 16
#endif
#ifndef TCP_COOKIE_MIN
#define TCP_COOKIE_MIN 8
#endif
#ifndef TCP_COOKIE_OUT_NEVER
#define TCP_COOKIE_OUT_NEVER (1 << 1)
#endif
#ifndef TCP_COOKIE_PAIR_SIZE
#define TCP_COOKIE_PAIR_SIZE (2*TCP_COOKIE_MAX)
#endif
#ifndef TCP_COOKIE_TRANSACTIONS
#define TCP_COOKIE_TRANSACTIONS 15
#endif
#ifndef TCP_MAXWIN
#define TCP_MAXWIN 65535
#endif
#ifndef TCP_MAX_WINSHIFT
#define TCP_MAX_WINSHIFT 14
#endif
#ifndef TCP_MSS
#define TCP_MSS 512
#endif
#ifndef TCP_MSS_DEFAULT
#define TCP_MSS_DEFAULT 536U
#endif
#ifndef TCP_MSS_DESIRED
#define TCP_MSS_DESIRED 1220U
#endif
#ifndef TCP_S_DATA_IN
#define TCP_S_DATA_IN (1 << 2)
#endif
#ifndef TCP_S_DATA_OUT
#define TCP_S_DATA_OUT (1 << 3)
#endif

enum { TCP_NO_QUEUE, TCP_RECV_QUEUE, TCP_SEND_QUEUE, TCP_QUEUES_NR };

struct tcp_repair_opt {
    uint32_t opt_code;
    uint32_t opt_val;
};

struct tcp_cookie_transactions {
    uint16_t tcpct_flags;
    uint8_t __tcpct_pad1;
    uint8_t tcpct_cookie_desired;
    uint16_t tcpct_s_data_desired;
    uint16_t tcpct_used;
    uint8_t tcpct_value[TCP_MSS_DEFAULT];
};

#endif
