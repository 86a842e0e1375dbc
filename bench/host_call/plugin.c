/* Each export makes 10,000 calls that find nothing to do. */
#include "common/guest_v1.h"

enum { batch = 10000, no_connection = 999 };

/* Cannot wait: one way into the host and back. */
EXPORT(close) int32_t close_many(void) {
    for (int i = 0; i < batch; ++i)
        tcp_close(no_connection);
    return 0;
}

EXPORT(log_level) int32_t log_level_many(void) {
    uint32_t sum = 0;
    for (int i = 0; i < batch; ++i)
        sum += get_log_level();
    return sum == 1;
}

/* May wait, though it does not. */
EXPORT(send) int32_t send_many(void) {
    uint64_t block = store("x", 1);
    uint32_t sent = 0;
    for (int i = 0; i < batch; ++i)
        sent += tcp_send(no_connection, block, 1);
    return (int32_t)sent;
}
