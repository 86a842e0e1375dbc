/* run: "host:port count"; the sum of the first words of all echoes */
#include "common/guest_v1.h"

enum { message_bytes = 64 };

EXPORT(run) int32_t run(void) {
    char address[64];
    uint64_t count;
    unsigned char message[message_bytes];
    unsigned char echo[message_bytes];
    uint64_t sum = 0;
    read_input(address, sizeof address, &count, 1);
    for (size_t i = 0; i < sizeof message; ++i)
        message[i] = (unsigned char)((i * 31 + 7) % 251);
    uint32_t id = tcp_connect(store(address, strlen(address)));
    if (id == 0) return 1;
    for (uint64_t i = 0; i < count; ++i) {
        memcpy(message, &i, sizeof i);
        uint64_t block = store(message, sizeof message);
        if (tcp_send(id, block, sizeof message) != sizeof message) return 2;
        kernel_free(block);
        for (size_t got = 0; got < sizeof echo;) {
            block = tcp_recv(id, (uint32_t)(sizeof echo - got));
            if (block == 0) return 3;
            size_t size = (size_t)kernel_length(block);
            load(block, echo + got, size);
            kernel_free(block);
            got += size;
        }
        if (memcmp(message, echo, sizeof echo) != 0) return 4;
        uint64_t word;
        memcpy(&word, echo, sizeof word);
        sum += word + 1;
    }
    tcp_close(id);
    return output_number(sum);
}
