/* A small plugin with the usual imports: `empty` returns 0, `greet` shows that they are used. */
#include "common/guest_v1.h"

EXPORT(empty) int32_t empty(void) { return 0; }

EXPORT(greet) int32_t greet(void) {
    char address[64];
    uint64_t port;
    read_input(address, sizeof address, &port, 1);
    uint32_t id = tcp_connect(store(address, strlen(address)));
    uint64_t block = tcp_recv(id, 64);
    char text[64];
    load(block, text, (size_t)kernel_length(block));
    kernel_free(block);
    tcp_send(id, store(text, sizeof text), sizeof text);
    tcp_close(id);
    return output_number(port);
}
