#include "bulk/bulk.hpp"
#include "common/socket.hpp"

#include <algorithm>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace hws::bench::bulk {

std::string run_native(std::uint16_t port, char direction, std::uint64_t total, bool with_digest) {
    const int connection = connect_to(port);
    std::vector<char> buffer(chunk_bytes);
    fill_pattern(buffer.data(), buffer.size());
    std::uint64_t digest = digest_start;
    std::uint64_t left = total;
    send_all(connection, &direction, 1);
    while (direction == 's' && left > 0) {
        const std::size_t now = std::min<std::uint64_t>(left, buffer.size());
        if (!send_all(connection, buffer.data(), now)) break;
        left -= now;
    }
    while (direction == 'r' && left > 0) {
        const ssize_t count = ::recv(connection, buffer.data(), std::min<std::uint64_t>(left, buffer.size()), 0);
        if (count <= 0) break;
        if (with_digest) digest = digest_of(digest, buffer.data(), static_cast<std::size_t>(count));
        left -= static_cast<std::uint64_t>(count);
    }
    if (direction == 'r') send_all(connection, ".", 1);
    char end = 0;
    receive_all(connection, &end, 1);
    ::close(connection);
    return std::to_string(with_digest ? digest : 0);
}

} // namespace hws::bench::bulk
