// send, receive: "port total digest"; the digest (FNV-1a) of what was received if `digest` is 1, else 0
#include "common/guest.hpp"

using namespace hws::bench::guest;

namespace {

unsigned char chunk[64 << 10];

std::size_t chunk_of(std::uint64_t left) { return left < sizeof chunk ? static_cast<std::size_t>(left) : sizeof chunk; }

std::int32_t finish(Fd socket, std::uint64_t digest) {
    unsigned char end;
    if (!receive_all(socket, &end, 1)) return 2;
    close(socket);
    return output_number(digest);
}

} // namespace

BENCH_EXPORT(send) {
    const Numbers<3> input;
    const auto [port, total, with_digest] = input.value;
    const Fd socket = connect_to(port);
    if (!send(socket, "s", 1)) return 1;
    fill_pattern(chunk, sizeof chunk);
    for (std::uint64_t left = total; left > 0; left -= chunk_of(left))
        if (!send(socket, chunk, chunk_of(left))) return 1;
    return finish(socket, with_digest ? digest_start : 0);
}

BENCH_EXPORT(receive) {
    const Numbers<3> input;
    const auto [port, total, with_digest] = input.value;
    const Fd socket = connect_to(port);
    if (!send(socket, "r", 1)) return 1;
    std::uint64_t digest = digest_start;
    for (std::uint64_t left = total; left > 0;) {
        const std::size_t count = receive(socket, chunk, chunk_of(left));
        if (count == 0) return 1;
        if (with_digest) digest = digest_of(digest, chunk, count);
        left -= count;
    }
    if (!send(socket, ".", 1)) return 1;
    return finish(socket, with_digest ? digest : 0);
}
