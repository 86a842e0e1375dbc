// clang-format off
/* Straight against the imports of dialect v1 and of the Extism convention: no SDK, own declarations, so that a mistake of the SDK can't
 * hide one of the host. Exports of the same name as net_sdk's take the same input. On failure: error_set and return 1; the text is the
 * function that returned 0, e.g. "tcp_connect".
 *
 * export              input                          output
 * ------------------- ------------------------------ ------------------------------------------------------------------
 * empty               anything                       nothing, no host call is made
 * echo                bytes                          the same bytes, by input_load_u8 and store_u8
 * tcp_echo            host:port LF payload           the payload as it came back (blocks are not freed, the address ends with NUL)
 * tcp_read_all        host:port                      all bytes until tcp_recv returns 0
 * tcp_wait            host:port                      connects, one tcp_recv; what came
 * tcp_bulk_send       host:port total chunk          as net_sdk: pattern bytes, then one tcp_recv; "sent=<n> digest=<hex> answer=<text>"
 * tcp_bulk_recv       host:port total chunk          "received=<n> digest=<hex>"
 * udp_echo            host:port LF payload           the datagram that came back
 * udp_empty_datagram  host:port                      sends block 0 of length 0; "received=<n>" (a block of length n came)
 * icmp_echo           target [seq [payload]]         the host's JSON as it is
 * icmp_wait           timeout in ms                  the host's JSON as it is
 * http                METHOD URL LF header lines     the host's JSON as it is
 *                     [LF empty line, body]
 * extism_http         METHOD URL [LF body]           Extism's own http_request: "status=<n>" LF "headers=<JSON>" LF body
 * config              key                            the value, or error "config_get"
 * var_set             name LF value                  nothing (a name without LF: removes it)
 * var_get             name                           the value, or error "var_get"
 * log                 level LF message               nothing
 * fail                text                           error_set(text), returns 3
 * script              calls, one a line              one line a call: the result
 *
 * script: `function argument ...`. An argument is a number (decimal, 0x..., may be negative: the low 32 or 64 bits are taken),
 * `@text` (a new block with that text, %XX for any byte; `@` alone is a block of length 0 or 0) or `$n` (the result of line n,
 * from 1). Missing arguments are 0. The result is a decimal number, unsigned; "-" for functions that return nothing. Lines of the
 * script's own:  `show <block>` -> "<length>:<bytes, %XX where not printable>", `close_all` -> tcp_close and udp_close of 1..64.
 * Every function of abi/v1.md and abi/extism-kernel.md that a plugin may import can be named; the Extism http_request is
 * `extism_http_request`. An unknown function ends the script with the error "no such function".
 */
// clang-format on

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ENV(name) __attribute__((import_module("env"), import_name(#name)))
#define EXTISM(name) __attribute__((import_module("extism:host/env"), import_name(#name)))
#define EXPORT(name) __attribute__((export_name(#name)))

ENV(tcp_connect) uint32_t tcp_connect(uint64_t address);
ENV(tcp_send) uint32_t tcp_send(uint32_t id, uint64_t data, uint64_t length);
ENV(tcp_recv) uint64_t tcp_recv(uint32_t id, uint32_t max);
ENV(tcp_close) void tcp_close(uint32_t id);
ENV(udp_connect) uint32_t udp_connect(uint64_t address);
ENV(udp_send) uint32_t udp_send(uint32_t id, uint64_t data, uint64_t length);
ENV(udp_recv) uint64_t udp_recv(uint32_t id, uint32_t max);
ENV(udp_close) void udp_close(uint32_t id);
ENV(icmp_send)
uint32_t icmp_send(uint64_t target, uint64_t payload, uint64_t length, uint16_t sequence);
ENV(icmp_recv) uint64_t icmp_recv(uint32_t timeout_ms);
ENV(http_request)
uint64_t http_request(uint64_t method, uint64_t url, uint64_t headers, uint64_t body);

EXTISM(alloc) uint64_t kernel_alloc(uint64_t length);
EXTISM(free) void kernel_free(uint64_t block);
EXTISM(length) uint64_t kernel_length(uint64_t block);
EXTISM(length_unsafe) uint64_t kernel_length_unsafe(uint64_t block);
EXTISM(load_u8) uint32_t kernel_load_u8(uint64_t address);
EXTISM(load_u64) uint64_t kernel_load_u64(uint64_t address);
EXTISM(store_u8) void kernel_store_u8(uint64_t address, uint32_t value);
EXTISM(store_u64) void kernel_store_u64(uint64_t address, uint64_t value);
EXTISM(input_length) uint64_t kernel_input_length(void);
EXTISM(input_offset) uint64_t kernel_input_offset(void);
EXTISM(input_load_u8) uint32_t kernel_input_load_u8(uint64_t index);
EXTISM(input_load_u64) uint64_t kernel_input_load_u64(uint64_t index);
EXTISM(output_set) void kernel_output_set(uint64_t address, uint64_t length);
EXTISM(error_set) void kernel_error_set(uint64_t block);
EXTISM(config_get) uint64_t config_get(uint64_t key);
EXTISM(var_get) uint64_t var_get(uint64_t key);
EXTISM(var_set) void var_set(uint64_t key, uint64_t value);
EXTISM(http_request) uint64_t extism_http_request(uint64_t request, uint64_t body);
EXTISM(http_status_code) uint32_t http_status_code(void);
EXTISM(http_headers) uint64_t http_headers(void);
EXTISM(log_trace) void log_trace(uint64_t message);
EXTISM(log_debug) void log_debug(uint64_t message);
EXTISM(log_info) void log_info(uint64_t message);
EXTISM(log_warn) void log_warn(uint64_t message);
EXTISM(log_error) void log_error(uint64_t message);
EXTISM(get_log_level) uint32_t get_log_level(void);

/* --- memory */

struct bytes {
    unsigned char* data;
    size_t size;
};

static struct bytes bytes_of_block(uint64_t block) {
    struct bytes bytes = {NULL, (size_t)kernel_length(block)};
    size_t i = 0;
    bytes.data = calloc(bytes.size + 1, 1);
    for (; i + 8 <= bytes.size; i += 8) {
        uint64_t word = kernel_load_u64(block + i);
        memcpy(bytes.data + i, &word, 8);
    }
    for (; i < bytes.size; ++i)
        bytes.data[i] = (unsigned char)kernel_load_u8(block + i);
    return bytes;
}

static uint64_t block_of_bytes(const void* data, size_t size) {
    const unsigned char* bytes = data;
    uint64_t block = kernel_alloc(size);
    size_t i = 0;
    if (block == 0) return 0;
    for (; i + 8 <= size; i += 8) {
        uint64_t word;
        memcpy(&word, bytes + i, 8);
        kernel_store_u64(block + i, word);
    }
    for (; i < size; ++i)
        kernel_store_u8(block + i, bytes[i]);
    return block;
}

static uint64_t block_of(const char* text) {
    return block_of_bytes(text, strlen(text));
}

static struct bytes input(void) {
    struct bytes bytes = {NULL, (size_t)kernel_input_length()};
    size_t i = 0;
    bytes.data = calloc(bytes.size + 1, 1);
    for (; i + 8 <= bytes.size; i += 8) {
        uint64_t word = kernel_input_load_u64(i);
        memcpy(bytes.data + i, &word, 8);
    }
    for (; i < bytes.size; ++i)
        bytes.data[i] = (unsigned char)kernel_input_load_u8(i);
    return bytes;
}

static int32_t failed(const char* function) {
    kernel_error_set(block_of(function));
    return 1;
}

static int32_t output(const void* data, size_t size) {
    kernel_output_set(block_of_bytes(data, size), size);
    return 0;
}

static int32_t output_block(uint64_t block, const char* function) {
    if (block == 0) return failed(function);
    kernel_output_set(block, kernel_length(block));
    return 0;
}

/* --- text that grows */

struct text {
    char* data;
    size_t size;
    size_t capacity;
};

static void append_bytes(struct text* text, const void* data, size_t size) {
    if (text->size + size > text->capacity) {
        text->capacity = (text->size + size) * 2;
        text->data = realloc(text->data, text->capacity);
    }
    memcpy(text->data + text->size, data, size);
    text->size += size;
}

static void append(struct text* text, const char* more) {
    append_bytes(text, more, strlen(more));
}

static void append_number(struct text* text, uint64_t number) {
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    append_bytes(text, digits + at, sizeof digits - at);
}

static void append_hex(struct text* text, uint64_t number) {
    for (int shift = 60; shift >= 0; shift -= 4)
        append_bytes(text, &"0123456789abcdef"[number >> shift & 15], 1);
}

static int32_t output_text(struct text text) {
    return output(text.data, text.size);
}

/* Cuts the text at the separator and returns what follows; the end of the text if there is none. */
static char* cut(char* text, char separator) {
    char* found = strchr(text, separator);
    if (!found) return text + strlen(text);
    *found = 0;
    return found + 1;
}

static const uint64_t digest_start = 0xcbf29ce484222325u;

static uint64_t digest_add(uint64_t digest, const unsigned char* data, size_t size) {
    for (size_t i = 0; i < size; ++i)
        digest = (digest ^ data[i]) * 0x100000001b3u;
    return digest;
}

/* --- exports */

EXPORT(empty) int32_t export_empty(void) {
    return 0;
}

EXPORT(echo) int32_t export_echo(void) {
    uint64_t size = kernel_input_length();
    uint64_t block = kernel_alloc(size);
    for (uint64_t i = 0; i < size; ++i)
        kernel_store_u8(block + i, kernel_input_load_u8(i));
    kernel_output_set(block, size);
    return 0;
}

EXPORT(tcp_echo) int32_t export_tcp_echo(void) {
    struct bytes in = input();
    char* payload = cut((char*)in.data, '\n');
    size_t size = in.size - (size_t)(payload - (char*)in.data);
    /* with its NUL, as the first plugins sent it */
    uint32_t id = tcp_connect(block_of_bytes(in.data, strlen((char*)in.data) + 1));
    if (id == 0) return failed("tcp_connect");
    if (size > 0 && tcp_send(id, block_of_bytes(payload, size), size) != size)
        return failed("tcp_send");
    struct text echo = {0};
    while (echo.size < size) {
        uint64_t block = tcp_recv(id, (uint32_t)(size - echo.size));
        if (block == 0) return failed("tcp_recv");
        struct bytes piece = bytes_of_block(block);
        append_bytes(&echo, piece.data, piece.size);
        free(piece.data);
    }
    tcp_close(id);
    return output_text(echo);
}

EXPORT(tcp_read_all) int32_t export_tcp_read_all(void) {
    struct bytes in = input();
    uint32_t id = tcp_connect(block_of_bytes(in.data, in.size));
    if (id == 0) return failed("tcp_connect");
    struct text all = {0};
    for (uint64_t block; (block = tcp_recv(id, 65536)) != 0; kernel_free(block)) {
        struct bytes piece = bytes_of_block(block);
        append_bytes(&all, piece.data, piece.size);
        free(piece.data);
    }
    tcp_close(id);
    return output_text(all);
}

EXPORT(tcp_wait) int32_t export_tcp_wait(void) {
    struct bytes in = input();
    uint32_t id = tcp_connect(block_of_bytes(in.data, in.size));
    if (id == 0) return failed("tcp_connect");
    uint64_t block = tcp_recv(id, 4096);
    tcp_close(id);
    return output_block(block, "tcp_recv");
}

EXPORT(tcp_bulk_send) int32_t export_tcp_bulk_send(void) {
    char* address = (char*)input().data;
    char* total_text = cut(address, ' ');
    uint64_t chunk = strtoull(cut(total_text, ' '), NULL, 10);
    uint64_t total = strtoull(total_text, NULL, 10);
    unsigned char* data = malloc((size_t)chunk);
    uint64_t digest = digest_start;
    uint32_t id = tcp_connect(block_of(address));
    if (id == 0) return failed("tcp_connect");
    for (uint64_t sent = 0; sent < total;) {
        uint64_t now = total - sent < chunk ? total - sent : chunk;
        for (uint64_t i = 0; i < now; ++i)
            data[i] = (unsigned char)(((sent + i) * 31 + 7) % 251);
        uint64_t block = block_of_bytes(data, (size_t)now);
        if (block == 0) return failed("alloc");
        if (tcp_send(id, block, now) != now) return failed("tcp_send");
        kernel_free(block);
        digest = digest_add(digest, data, (size_t)now);
        sent += now;
    }
    uint64_t answer = tcp_recv(id, 4096);
    struct bytes answer_bytes = bytes_of_block(answer);
    cut((char*)answer_bytes.data, '\n');
    struct text text = {0};
    append(&text, "sent=");
    append_number(&text, total);
    append(&text, " digest=");
    append_hex(&text, digest);
    append(&text, " answer=");
    append(&text, (char*)answer_bytes.data);
    tcp_close(id);
    return output_text(text);
}

EXPORT(tcp_bulk_recv) int32_t export_tcp_bulk_recv(void) {
    char* address = (char*)input().data;
    char* total_text = cut(address, ' ');
    uint64_t chunk = strtoull(cut(total_text, ' '), NULL, 10);
    uint64_t total = strtoull(total_text, NULL, 10);
    uint64_t digest = digest_start;
    uint64_t received = 0;
    uint32_t id = tcp_connect(block_of(address));
    if (id == 0) return failed("tcp_connect");
    while (received < total) {
        uint64_t now = total - received < chunk ? total - received : chunk;
        uint64_t block = tcp_recv(id, (uint32_t)now);
        if (block == 0) break;
        struct bytes piece = bytes_of_block(block);
        kernel_free(block);
        if (piece.size > now) return failed("tcp_recv gave more than max");
        digest = digest_add(digest, piece.data, piece.size);
        received += piece.size;
        free(piece.data);
    }
    tcp_close(id);
    struct text text = {0};
    append(&text, "received=");
    append_number(&text, received);
    append(&text, " digest=");
    append_hex(&text, digest);
    return output_text(text);
}

EXPORT(udp_echo) int32_t export_udp_echo(void) {
    struct bytes in = input();
    char* payload = cut((char*)in.data, '\n');
    size_t size = in.size - (size_t)(payload - (char*)in.data);
    uint32_t id = udp_connect(block_of((char*)in.data));
    if (id == 0) return failed("udp_connect");
    if (udp_send(id, block_of_bytes(payload, size), size) != size) return failed("udp_send");
    uint64_t block = udp_recv(id, 65535);
    udp_close(id);
    return output_block(block, "udp_recv");
}

EXPORT(udp_empty_datagram) int32_t export_udp_empty_datagram(void) {
    struct bytes in = input();
    uint32_t id = udp_connect(block_of_bytes(in.data, in.size));
    if (id == 0) return failed("udp_connect");
    udp_send(id, 0, 0);
    uint64_t block = udp_recv(id, 64);
    udp_close(id);
    if (block == 0) return failed("udp_recv");
    struct text text = {0};
    append(&text, "received=");
    append_number(&text, kernel_length(block));
    return output_text(text);
}

EXPORT(icmp_echo) int32_t export_icmp_echo(void) {
    char* target = (char*)input().data;
    char* sequence = cut(target, ' ');
    char* payload = cut(sequence, ' ');
    if (*payload == 0) payload = "ping";
    uint16_t number = *sequence ? (uint16_t)strtoul(sequence, NULL, 10) : 1;
    if (icmp_send(block_of(target), block_of(payload), strlen(payload), number) != 1)
        return failed("icmp_send");
    return output_block(icmp_recv(5000), "icmp_recv");
}

EXPORT(icmp_wait) int32_t export_icmp_wait(void) {
    return output_block(icmp_recv((uint32_t)strtoul((char*)input().data, NULL, 10)), "icmp_recv");
}

EXPORT(http) int32_t export_http(void) {
    struct bytes in = input();
    const char* end = (char*)in.data + in.size;
    char* method = (char*)in.data;
    char* line = cut(method, '\n');
    char* url = cut(method, ' ');
    struct text headers = {0};
    uint64_t body = 0;
    append(&headers, "[");
    while (line < end) {
        char* next = cut(line, '\n');
        if (*line == 0) {
            body = block_of_bytes(next, (size_t)(end - next));
            break;
        }
        append(&headers, headers.size > 1 ? ",\"" : "\"");
        for (; *line; ++line) {
            if (*line == '"' || *line == '\\') append(&headers, "\\");
            append_bytes(&headers, line, 1);
        }
        append(&headers, "\"");
        line = next;
    }
    append(&headers, "]");
    return output_block(http_request(block_of(method), block_of(url),
                                     block_of_bytes(headers.data, headers.size), body),
                        "http_request");
}

EXPORT(extism_http) int32_t export_extism_http(void) {
    struct bytes in = input();
    char* method = (char*)in.data;
    char* body = cut(method, '\n');
    char* url = cut(method, ' ');
    size_t body_size = in.size - (size_t)(body - (char*)in.data);
    struct text request = {0};
    append(&request, "{\"url\":\"");
    append(&request, url);
    append(&request, "\",\"method\":\"");
    append(&request, method);
    append(&request, "\",\"headers\":{\"X-Raw\":\"yes\"}}");
    uint64_t answer = extism_http_request(block_of_bytes(request.data, request.size),
                                          body_size ? block_of_bytes(body, body_size) : 0);
    struct text text = {0};
    append(&text, "status=");
    append_number(&text, http_status_code());
    append(&text, "\nheaders=");
    struct bytes headers = bytes_of_block(http_headers());
    append_bytes(&text, headers.data, headers.size);
    append(&text, "\n");
    struct bytes content = bytes_of_block(answer);
    append_bytes(&text, content.data, content.size);
    return output_text(text);
}

EXPORT(config) int32_t export_config(void) {
    struct bytes in = input();
    return output_block(config_get(block_of_bytes(in.data, in.size)), "config_get");
}

EXPORT(var_set) int32_t export_var_set(void) {
    struct bytes in = input();
    int has_value = memchr(in.data, '\n', in.size) != NULL;
    char* value = cut((char*)in.data, '\n');
    var_set(block_of((char*)in.data),
            has_value ? block_of_bytes(value, in.size - (size_t)(value - (char*)in.data)) : 0);
    return 0;
}

EXPORT(var_get) int32_t export_var_get(void) {
    struct bytes in = input();
    return output_block(var_get(block_of_bytes(in.data, in.size)), "var_get");
}

EXPORT(log) int32_t export_log(void) {
    char* level = (char*)input().data;
    uint64_t message = block_of(cut(level, '\n'));
    if (strcmp(level, "trace") == 0)
        log_trace(message);
    else if (strcmp(level, "debug") == 0)
        log_debug(message);
    else if (strcmp(level, "info") == 0)
        log_info(message);
    else if (strcmp(level, "warn") == 0)
        log_warn(message);
    else if (strcmp(level, "error") == 0)
        log_error(message);
    else
        return failed("no such level");
    return 0;
}

EXPORT(fail) int32_t export_fail(void) {
    struct bytes in = input();
    kernel_error_set(block_of_bytes(in.data, in.size));
    return 3;
}

/* --- script */

enum { max_lines = 1024, max_arguments = 4 };

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

static uint64_t argument(const char* word, const uint64_t* results, size_t count) {
    if (*word == '$') {
        unsigned long line = strtoul(word + 1, NULL, 10);
        return line >= 1 && line <= count ? results[line - 1] : 0;
    }
    if (*word != '@')
        return *word == '-' ? (uint64_t)strtoll(word, NULL, 0) : strtoull(word, NULL, 0);
    struct text text = {0};
    for (++word; *word; ++word) {
        char byte = *word;
        if (byte == '%' && hex_digit(word[1]) >= 0 && hex_digit(word[2]) >= 0) {
            byte = (char)(hex_digit(word[1]) * 16 + hex_digit(word[2]));
            word += 2;
        }
        append_bytes(&text, &byte, 1);
    }
    return block_of_bytes(text.data, text.size);
}

static void show(struct text* out, uint64_t block) {
    struct bytes bytes = bytes_of_block(block);
    append_number(out, bytes.size);
    append(out, ":");
    for (size_t i = 0; i < bytes.size; ++i) {
        if (bytes.data[i] >= 0x20 && bytes.data[i] < 0x7f && bytes.data[i] != '%') {
            append_bytes(out, bytes.data + i, 1);
        } else {
            append(out, "%");
            append_bytes(out, &"0123456789abcdef"[bytes.data[i] >> 4], 1);
            append_bytes(out, &"0123456789abcdef"[bytes.data[i] & 15], 1);
        }
    }
    free(bytes.data);
}

EXPORT(script) int32_t export_script(void) {
    static uint64_t results[max_lines];
    size_t count = 0;
    struct text out = {0};
    for (char* line = (char*)input().data; *line && count < max_lines; ++count) {
        char* next_line = cut(line, '\n');
        char* rest = cut(line, ' ');
        uint64_t a[max_arguments] = {0};
        for (int i = 0; i < max_arguments && *rest; ++i) {
            char* next = cut(rest, ' ');
            a[i] = argument(rest, results, count);
            rest = next;
        }
        uint64_t result = 0;
        int has_result = 1;
#define IS(name) strcmp(line, #name) == 0
#define VALUE(name, call)                                                                          \
    else if (IS(name)) {                                                                           \
        result = (uint64_t)(call);                                                                 \
    }
#define NOTHING(name, call)                                                                        \
    else if (IS(name)) {                                                                           \
        call;                                                                                      \
        has_result = 0;                                                                            \
    }
        if (IS(show)) {
            show(&out, a[0]);
            append(&out, "\n");
            line = next_line;
            continue;
        }
        NOTHING(close_all, for (uint32_t id = 1; id <= 64; ++id)(tcp_close(id), udp_close(id)))
        VALUE(tcp_connect, tcp_connect(a[0]))
        VALUE(tcp_send, tcp_send((uint32_t)a[0], a[1], a[2]))
        VALUE(tcp_recv, tcp_recv((uint32_t)a[0], (uint32_t)a[1]))
        NOTHING(tcp_close, tcp_close((uint32_t)a[0]))
        VALUE(udp_connect, udp_connect(a[0]))
        VALUE(udp_send, udp_send((uint32_t)a[0], a[1], a[2]))
        VALUE(udp_recv, udp_recv((uint32_t)a[0], (uint32_t)a[1]))
        NOTHING(udp_close, udp_close((uint32_t)a[0]))
        VALUE(icmp_send, icmp_send(a[0], a[1], a[2], (uint16_t)a[3]))
        VALUE(icmp_recv, icmp_recv((uint32_t)a[0]))
        VALUE(http_request, http_request(a[0], a[1], a[2], a[3]))
        VALUE(alloc, kernel_alloc(a[0]))
        NOTHING(free, kernel_free(a[0]))
        VALUE(length, kernel_length(a[0]))
        VALUE(length_unsafe, kernel_length_unsafe(a[0]))
        VALUE(load_u8, kernel_load_u8(a[0]))
        VALUE(load_u64, kernel_load_u64(a[0]))
        NOTHING(store_u8, kernel_store_u8(a[0], (uint32_t)a[1]))
        NOTHING(store_u64, kernel_store_u64(a[0], a[1]))
        VALUE(input_length, kernel_input_length())
        VALUE(input_offset, kernel_input_offset())
        VALUE(input_load_u8, kernel_input_load_u8(a[0]))
        VALUE(input_load_u64, kernel_input_load_u64(a[0]))
        NOTHING(output_set, kernel_output_set(a[0], a[1]))
        NOTHING(error_set, kernel_error_set(a[0]))
        VALUE(config_get, config_get(a[0]))
        VALUE(var_get, var_get(a[0]))
        NOTHING(var_set, var_set(a[0], a[1]))
        VALUE(extism_http_request, extism_http_request(a[0], a[1]))
        VALUE(http_status_code, http_status_code())
        VALUE(http_headers, http_headers())
        NOTHING(log_trace, log_trace(a[0]))
        NOTHING(log_debug, log_debug(a[0]))
        NOTHING(log_info, log_info(a[0]))
        NOTHING(log_warn, log_warn(a[0]))
        NOTHING(log_error, log_error(a[0]))
        VALUE(get_log_level, get_log_level())
        else return failed("no such function");
        results[count] = result;
        if (has_result)
            append_number(&out, result);
        else
            append(&out, "-");
        append(&out, "\n");
        line = next_line;
    }
    return output_text(out);
}
