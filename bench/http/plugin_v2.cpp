// fetch: "URL count"; the digest (FNV-1a) of all bodies. fetch_bytes: the sum of their sizes.
#include "common/guest.hpp"

using namespace hws::bench::guest;

namespace {

alignas(64) unsigned char buffer_of_body[64 << 10];

/// Calls `take(data, size)` with each part of each body.
template <class Take> bool fetch_all(Take take) {
    char input[256];
    std::size_t size = 0;
    for (const std::uint64_t length = extism::input_length(); size < length && size < sizeof input; ++size)
        input[size] = static_cast<char>(extism::input_load_u8(size));
    std::size_t url_size = 0;
    while (url_size < size && input[url_size] != ' ') ++url_size;
    std::uint64_t count = 0;
    for (std::size_t i = url_size + 1; i < size; ++i) count = count * 10 + static_cast<std::uint64_t>(input[i] - '0');

    v2::HttpRequest request;
    request.method = buffer("GET", 3);
    request.url = buffer(input, url_size);
    for (; count > 0; --count) {
        Fd exchange;
        v2::HttpHead head;
        if (!is_ok(v2::http_start(v2::at(&std::as_const(request)), v2::at(&exchange)))) return false;
        if (!is_ok(v2::http_head(exchange, v2::at(&head))) || head.status != 200) return false;
        for (std::uint64_t left = head.body_bytes; left > 0;) {
            const ssize_t got = ::read(exchange.number, buffer_of_body, sizeof buffer_of_body);
            if (got <= 0) return false;
            take(buffer_of_body, static_cast<std::size_t>(got));
            left -= static_cast<std::uint64_t>(got);
        }
        close(exchange);
    }
    return true;
}

} // namespace

BENCH_EXPORT(fetch) {
    std::uint64_t digest = digest_start;
    const bool is_done = fetch_all([&](const unsigned char* data, std::size_t size) { digest = digest_of(digest, data, size); });
    return is_done ? output_number(digest) : 1;
}

BENCH_EXPORT(fetch_bytes) {
    std::uint64_t bytes = 0;
    const bool is_done = fetch_all([&](const unsigned char*, std::size_t size) { bytes += size; });
    return is_done ? output_number(bytes) : 1;
}
