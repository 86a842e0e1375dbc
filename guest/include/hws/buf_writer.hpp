#pragma once
/// `BufWriter`: many small writes as few large ones.
///
///     hws::BufWriter writer(stream);
///     for (const std::string& key : keys)
///         HWS_CHECK(writer.write_all("GET " + key + "\r\n"));
///     HWS_CHECK(writer.flush());

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <hws/result.hpp>
#include <hws/socket.hpp>
#include <span>
#include <string_view>
#include <vector>

namespace hws {

/// What has a `write_all` like TcpStream's.
template <class T>
concept Writer = requires(T& writer, std::span<const std::byte> from) {
    { writer.write_all(from) } -> std::same_as<Result<void>>;
};

/// Collects up to 8 KiB before it writes to `sink`, which must outlive it. What was not flushed
/// when it goes is dropped: a destructor has nobody to tell that it failed.
template <Writer Sink> class BufWriter {
public:
    explicit BufWriter(Sink& sink) : sink_(&sink) { buffer_.reserve(capacity_bytes); }

    /// Takes all of `from`. Errors: those of the sink, when the buffer was full; what was taken
    /// before may then have been written in part.
    Result<void> write_all(std::span<const std::byte> from) {
        if (buffer_.size() + from.size() > capacity_bytes) {
            HWS_CHECK(flush());
            if (from.size() >= capacity_bytes) return sink_->write_all(from);
        }
        buffer_.insert(buffer_.end(), from.begin(), from.end());
        return {};
    }
    Result<void> write_all(std::string_view text) { return write_all(bytes_of(text)); }

    /// Writes what is held.
    Result<void> flush() {
        if (buffer_.empty()) return {};
        auto written = sink_->write_all(std::span<const std::byte>(buffer_));
        // Never again, not even after a failure: a part of it may be under way.
        buffer_.clear();
        return written;
    }

    /// What was taken and not yet written.
    std::span<const std::byte> buffered() const { return buffer_; }

private:
    static constexpr std::size_t capacity_bytes = 8192;

    Sink* sink_;
    std::vector<std::byte> buffer_;
};

} // namespace hws
