#pragma once
/// Reading and writing to the last byte, over a stream's `read` and `write`.

#include <cstddef>
#include <hws/result.hpp>
#include <span>
#include <string>

namespace hws::guest {

/// Errors: reset when the stream ends before, those of read.
template <class Stream> Result<void> read_exact(Stream& stream, std::span<std::byte> into) {
    std::size_t done = 0;
    while (done < into.size()) {
        HWS_TRY(const std::size_t count, stream.read(into.subspan(done)));
        if (count == 0)
            return fail(Errc::reset, "read_exact: the stream ended after " + std::to_string(done) +
                                         " of " + std::to_string(into.size()) + " bytes");
        done += count;
    }
    return {};
}

/// Errors: those of write.
template <class Stream> Result<void> write_all(Stream& stream, std::span<const std::byte> from) {
    while (!from.empty()) {
        HWS_TRY(const std::size_t count, stream.write(from));
        from = from.subspan(count);
    }
    return {};
}

} // namespace hws::guest
