#pragma once
/// What all the ICMP sockets of one plugin may use together: a rate of echo requests, and memory
/// for replies.

#include "core/limits.hpp"
#include "os/loop.hpp"

#include <algorithm>
#include <cstddef>

namespace hws::host::core {

/// One per plugin; outlives its clients. Loop thread only.
class IcmpAllowance {
public:
    explicit IcmpAllowance(const Limits& limits)
        : burst_(std::max<std::size_t>(limits.icmp_burst, 1)),
          interval_(
              std::min<std::chrono::nanoseconds>(limits.icmp_interval, std::chrono::hours(24))),
          reply_bytes_left_(limits.icmp_reply_bytes) {}
    IcmpAllowance(const IcmpAllowance&) = delete;
    IcmpAllowance& operator=(const IcmpAllowance&) = delete;

    /// Whether a request may go out at this moment; it counts if so. A full burst is allowed after
    /// a pause of `burst` intervals.
    bool take_request(os::Clock::time_point now) {
        if (interval_ <= std::chrono::nanoseconds{0}) return true;
        // `paid_until_` moves on by an interval a request, and may be this far ahead of the clock.
        const std::chrono::duration<double, std::nano> most = interval_ * double(burst_ - 1);
        const auto start = std::max(paid_until_, now);
        if (start - now > most) return false;
        paid_until_ = start + interval_;
        return true;
    }

    /// Whether `bytes` more may be kept; they count until they are given back.
    bool take_reply_bytes(std::size_t bytes) {
        if (bytes > reply_bytes_left_) return false;
        reply_bytes_left_ -= bytes;
        return true;
    }
    void give_back_reply_bytes(std::size_t bytes) { reply_bytes_left_ += bytes; }

private:
    std::size_t burst_;
    std::chrono::nanoseconds interval_;
    os::Clock::time_point paid_until_{};
    std::size_t reply_bytes_left_;
};

} // namespace hws::host::core
