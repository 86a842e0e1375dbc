#pragma once
/// The body of a request on its way from the plugin to the network: a bounded buffer between them.

#include "core/descriptor.hpp"
#include "os/loop.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <hws/result.hpp>
#include <optional>
#include <vector>

namespace hws::host::core {

/// Loop thread only. The plugin writes, a transfer reads; when it is full the plugin waits, when it
/// is empty the transfer.
class HttpUpload {
public:
    static constexpr std::size_t buffer_bytes = std::size_t{64} << 10;

    /// `length`: the body's, if it is known beforehand. `readiness` is writable while there is
    /// room; it must outlive this.
    HttpUpload(os::Readiness& readiness, std::optional<std::uint64_t> length);

    // The plugin's side.

    /// Takes what there is room for. Errors: would_block; broken_pipe after the end, or when
    /// nobody reads any more; too_large beyond the length.
    Result<std::size_t> try_write(WriteBuffers from);
    /// The body is complete. Errors: invalid_argument if bytes of its length are missing; the
    /// request fails then.
    Result<void> finish();
    /// Whether try_write would not answer would_block.
    bool is_writable() const;

    // The transfer's side.

    std::optional<std::uint64_t> length() const { return length_; }
    /// Moves bytes out. 0: none are there now.
    std::size_t take(std::span<std::byte> into);
    bool is_empty() const { return taken_ == buffer_.size(); }
    bool is_finished() const { return is_finished_; }
    /// It ended before its length was reached.
    bool is_cut_short() const { return is_finished_ && length_ && written_ < *length_; }
    /// Whether some of it has been taken: it cannot be sent a second time.
    bool is_begun() const { return is_begun_; }
    /// Who is to be told when there is something to take, or the end. Null: nobody.
    void set_reader(std::function<void()> on_more) { on_more_ = std::move(on_more); }
    /// Nobody will read any more.
    void abandon();

private:
    os::Readiness& readiness_;
    std::optional<std::uint64_t> length_;
    std::uint64_t written_ = 0;
    std::vector<std::byte> buffer_; // at most buffer_bytes
    std::size_t taken_ = 0;         // of buffer_
    bool is_finished_ = false;
    bool is_begun_ = false;
    bool is_abandoned_ = false;
    std::function<void()> on_more_;
};

} // namespace hws::host::core
