#pragma once
/// Everything that a reader still has, behind what a container holds.

#include <cstddef>
#include <hws/result.hpp>
#include <span>
#include <string>

namespace hws::guest {

/// Errors: too_large once more than `max_bytes` have come; those of the reader. What came until then
/// is in the container.
template <class Reader, class Container>
Result<std::size_t> append_to_end(Reader& reader, Container& into, std::size_t max_bytes) {
    const std::size_t before = into.size();
    std::size_t piece_bytes = 4096;
    while (true) {
        const std::size_t have = into.size();
        into.resize(have + piece_bytes);
        auto count = reader.read(std::as_writable_bytes(std::span(into)).subspan(have));
        into.resize(have + count.value_or(0));
        if (!count) return std::unexpected(std::move(count).error());
        if (*count == 0) return into.size() - before;
        if (into.size() - before > max_bytes)
            return fail(Errc::too_large,
                        "read_to_end: more than " + std::to_string(max_bytes) + " bytes");
        // The host copies at most what it has; larger pieces only save calls.
        if (*count == piece_bytes && piece_bytes < (256 << 10)) piece_bytes *= 2;
    }
}

} // namespace hws::guest
