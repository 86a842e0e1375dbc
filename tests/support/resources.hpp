#pragma once
/// Memory and descriptors of this process, for tests of what is bounded and of what is much.

#include <cstddef>
#include <cstdint>

namespace hws::test {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool is_sanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool is_sanitized = true;
#else
inline constexpr bool is_sanitized = false;
#endif
#else
inline constexpr bool is_sanitized = false;
#endif

/// Raises the limit of open descriptors as far as it can be. What is had then.
std::size_t raise_descriptor_limit(std::size_t wanted);

/// Resident now.
std::size_t resident_bytes();

/// How far what is resident rises above what it was at the beginning. Source: proc(5), clear_refs
/// and VmHWM.
class ResidentPeak {
public:
    ResidentPeak();
    /// So far. 0 under sanitizers, which keep what was freed, and where the kernel has no such
    /// counter.
    std::size_t growth_bytes() const;

private:
    std::size_t before_;
    bool is_reset_;
};

} // namespace hws::test
