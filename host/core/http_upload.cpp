#include "core/http_upload.hpp"

#include <algorithm>
#include <cstring>

namespace hws::host::core {

HttpUpload::HttpUpload(os::Readiness& readiness, std::optional<std::uint64_t> length)
    : readiness_(readiness), length_(length) {
    readiness_.set(os::Ready::write);
}

bool HttpUpload::is_writable() const {
    return is_finished_ || is_abandoned_ || buffer_.size() - taken_ < buffer_bytes;
}

Result<std::size_t> HttpUpload::try_write(WriteBuffers from) {
    if (is_finished_ || is_abandoned_) return fail(Errc::broken_pipe);
    std::size_t room = buffer_bytes - (buffer_.size() - taken_);
    if (length_ && *length_ - written_ < room) {
        room = static_cast<std::size_t>(*length_ - written_);
        if (room == 0 && std::ranges::any_of(from, [](const auto& part) { return !part.empty(); }))
            return fail(Errc::too_large, "the request's body is longer than was announced");
    }
    if (room == 0) {
        readiness_.clear(os::Ready::write);
        return fail(Errc::would_block);
    }
    if (taken_ > 0) {
        buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(taken_));
        taken_ = 0;
    }
    std::size_t done = 0;
    for (const auto& part : from) {
        const std::size_t bytes = std::min(part.size(), room - done);
        buffer_.insert(buffer_.end(), part.begin(),
                       part.begin() + static_cast<std::ptrdiff_t>(bytes));
        done += bytes;
    }
    written_ += done;
    if (!is_writable()) readiness_.clear(os::Ready::write);
    if (done > 0 && on_more_) on_more_();
    return done;
}

Result<void> HttpUpload::finish() {
    if (is_finished_) return {};
    is_finished_ = true;
    readiness_.set(os::Ready::write);
    const bool is_short = is_cut_short();
    if (on_more_) on_more_();
    if (is_short)
        return fail(Errc::invalid_argument, "the request's body is shorter than was announced");
    return {};
}

std::size_t HttpUpload::take(std::span<std::byte> into) {
    const std::size_t bytes = std::min(into.size(), buffer_.size() - taken_);
    if (bytes == 0) return 0;
    std::memcpy(into.data(), buffer_.data() + taken_, bytes);
    taken_ += bytes;
    is_begun_ = true;
    if (taken_ == buffer_.size()) {
        buffer_.clear();
        taken_ = 0;
    }
    readiness_.set(os::Ready::write);
    return bytes;
}

void HttpUpload::abandon() {
    is_abandoned_ = true;
    on_more_ = nullptr;
    readiness_.set(os::Ready::write);
}

} // namespace hws::host::core
