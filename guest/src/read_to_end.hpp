#pragma once
/// Everything that a reader still has, behind what a container holds.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <hws/result.hpp>
#include <optional>
#include <span>
#include <string>

namespace hws::guest {

/// `expected`: how many bytes there are, if that is known; only a hint. Errors: too_large once more
/// than `max_bytes` have come; those of the reader. What came until then is in the container.
template <class Reader, class Container>
Result<std::size_t> append_to_end(Reader& reader, Container& into, std::size_t max_bytes,
                                  std::optional<std::uint64_t> expected = {}) {
    const std::size_t before = into.size();
    // Whoever expects too much gets no more than it can have.
    constexpr std::size_t most_at_once = 1 << 20;
    std::size_t piece_bytes = 4096;
    if (expected)
        piece_bytes = static_cast<std::size_t>(
            std::clamp<std::uint64_t>(std::min<std::uint64_t>(*expected, max_bytes), 1, most_at_once));
    while (true) {
        const std::size_t have = into.size();
        if (expected && have - before == *expected) {
            // Nothing should follow, and to see that takes no room in the container.
            std::byte more{};
            HWS_TRY(const std::size_t count, reader.read(std::span(&more, 1)));
            if (count == 0) return have - before;
            into.push_back(static_cast<typename Container::value_type>(more));
            expected.reset();
            continue;
        }
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
