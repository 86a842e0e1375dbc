#pragma once
/// The system's clocks beyond what <chrono> tells, and its random numbers.
/// Source: clock_getres(2), getrandom(2).

#include <chrono>
#include <cstddef>
#include <hws/result.hpp>
#include <span>

namespace hws::host::os {

enum class SystemClock : std::uint8_t { realtime, monotonic };

/// Since 1970, or since some moment in the past. The monotonic one is that of os::Clock.
std::chrono::nanoseconds time_of(SystemClock clock);
/// The step between two different answers of time_of.
std::chrono::nanoseconds resolution_of(SystemClock clock);

/// Fills with random bytes fit for cryptography. Errors: io.
Result<void> fill_random(std::span<std::byte> into);

} // namespace hws::host::os
