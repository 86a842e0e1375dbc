// resolver(3): there are no name servers to ask directly.

#include <cerrno>
#include <cstring>
#include <netdb.h>
#include <resolv.h>

extern "C" {

struct __res_state* __res_state(void) {
    static struct __res_state state;
    return &state;
}

int res_ninit(res_state state) {
    std::memset(state, 0, sizeof *state);
    state->retrans = RES_TIMEOUT;
    state->retry = 2;
    state->options = RES_INIT | RES_DEFAULT;
    state->ndots = 1;
    return 0;
}

int res_init(void) {
    return res_ninit(__res_state());
}
void res_nclose(res_state) {}
void res_close(void) {}

int res_query(const char*, int, int, unsigned char*, int) {
    h_errno = NO_RECOVERY;
    return -1;
}
int res_search(const char*, int, int, unsigned char*, int) {
    h_errno = NO_RECOVERY;
    return -1;
}
int res_querydomain(const char*, const char*, int, int, unsigned char*, int) {
    h_errno = NO_RECOVERY;
    return -1;
}
int res_nquery(res_state, const char*, int, int, unsigned char*, int) {
    h_errno = NO_RECOVERY;
    return -1;
}
int res_nsearch(res_state, const char*, int, int, unsigned char*, int) {
    h_errno = NO_RECOVERY;
    return -1;
}
int res_nquerydomain(res_state, const char*, const char*, int, int, unsigned char*, int) {
    h_errno = NO_RECOVERY;
    return -1;
}
int res_send(const unsigned char*, int, unsigned char*, int) {
    errno = ECONNREFUSED;
    return -1;
}
int res_nsend(res_state, const unsigned char*, int, unsigned char*, int) {
    errno = ECONNREFUSED;
    return -1;
}
}
