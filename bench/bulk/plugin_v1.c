/* send, receive: "host:port total digest"; the digest (FNV-1a, decimal) of what was received if `digest` is 1, else 0 */
#include "common/guest_v1.h"

enum { chunk_bytes = 64 << 10 };

static unsigned char buffer[chunk_bytes];

static uint64_t min(uint64_t a, uint64_t b) { return a < b ? a : b; }

static uint32_t open(uint64_t numbers[2], const char* letter) {
    char address[64];
    read_input(address, sizeof address, numbers, 2);
    uint32_t id = tcp_connect(store(address, strlen(address)));
    if (id != 0) tcp_send(id, store(letter, 1), 1);
    return id;
}

EXPORT(send) int32_t send_all(void) {
    uint64_t numbers[2];
    uint32_t id = open(numbers, "s");
    for (size_t i = 0; i < sizeof buffer; ++i)
        buffer[i] = (unsigned char)((i * 31 + 7) % 251);
    for (uint64_t left = numbers[0]; left > 0;) {
        size_t now = (size_t)min(left, sizeof buffer);
        uint64_t block = store(buffer, now);
        if (tcp_send(id, block, now) != now) return 1;
        kernel_free(block);
        left -= now;
    }
    if (tcp_recv(id, 1) == 0) return 2;
    tcp_close(id);
    return output_number(numbers[1] ? 0xcbf29ce484222325u : 0);
}

EXPORT(receive) int32_t receive_all(void) {
    uint64_t numbers[2];
    uint32_t id = open(numbers, "r");
    uint64_t digest = 0xcbf29ce484222325u;
    for (uint64_t left = numbers[0]; left > 0;) {
        uint64_t block = tcp_recv(id, (uint32_t)min(left, sizeof buffer));
        if (block == 0) return 1;
        size_t now = (size_t)kernel_length(block);
        load(block, buffer, now);
        kernel_free(block);
        if (numbers[1]) digest = digest_of(digest, buffer, now);
        left -= now;
    }
    tcp_send(id, store(".", 1), 1);
    if (tcp_recv(id, 1) == 0) return 2;
    tcp_close(id);
    return output_number(numbers[1] ? digest : 0);
}
