/* echo: "host:port"; echoes messages of 64 bytes until the connection ends, then says how many those were. */
#include "common/guest_v1.h"

enum { message_bytes = 64 };

EXPORT(echo) int32_t echo(void) {
    char address[64];
    unsigned char message[message_bytes];
    uint64_t bytes = 0;
    read_input(address, sizeof address, NULL, 0);
    uint32_t id = tcp_connect(store(address, strlen(address)));
    if (id == 0) return 1;
    for (;;) {
        uint64_t block = tcp_recv(id, message_bytes);
        if (block == 0) break;
        size_t size = (size_t)kernel_length(block);
        load(block, message, size);
        kernel_free(block);
        block = store(message, size);
        if (tcp_send(id, block, size) != size) return 2;
        kernel_free(block);
        bytes += size;
    }
    tcp_close(id);
    return output_number(bytes / message_bytes);
}
