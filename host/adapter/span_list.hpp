#pragma once
/// The guest's buffers as spans of its memory.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace hws::host::adapter {

/// Of bytes to read or to write: `Byte` is std::byte or const. For one attempt, never across a wait, since memory may move.
/// A few need no allocation.
template <class Byte> class SpanList {
public:
    SpanList() = default;
    SpanList(const SpanList&) = delete;
    SpanList& operator=(const SpanList&) = delete;

    void add(std::span<Byte> buffer) {
        bytes_ += buffer.size();
        if (count_ < few_.size()) {
            few_[count_++] = buffer;
            return;
        }
        if (many_.empty()) many_.assign(few_.begin(), few_.end());
        many_.push_back(buffer);
    }
    /// In all of them together.
    std::uint64_t bytes() const { return bytes_; }
    std::span<const std::span<Byte>> spans() const {
        if (many_.empty()) return std::span(few_).first(count_);
        return many_;
    }

private:
    std::array<std::span<Byte>, 16> few_;
    std::vector<std::span<Byte>> many_; // all of them once there are more than a few
    std::size_t count_ = 0;
    std::uint64_t bytes_ = 0;
};

} // namespace hws::host::adapter
