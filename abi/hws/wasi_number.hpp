#pragma once
/// Our error codes as WASI errnos, for dialects and libraries that know only those.

#include <hws/result.hpp>

namespace hws {

/// The WASI preview 1 errno of an error. Below 200 the number of the code is that errno; the others
/// become the errno a C program would meet in such a case, or EIO. Where waiting would not help it
/// is never EAGAIN.
constexpr std::uint16_t wasi_number_of(Errc code) {
    constexpr std::uint16_t fbig = 22;
    constexpr std::uint16_t loop = 32;
    const auto number = static_cast<std::uint16_t>(code);
    if (number < 200) return number;
    switch (code) {
    case Errc::name_not_found:
    case Errc::missing_export:
        return static_cast<std::uint16_t>(Errc::not_found);
    case Errc::too_large:
        return fbig;
    case Errc::rate_limited:
        return static_cast<std::uint16_t>(Errc::no_buffers);
    case Errc::too_many_redirects:
        return loop;
    case Errc::tls_failed:
        return static_cast<std::uint16_t>(Errc::protocol);
    case Errc::bad_url:
    case Errc::bad_name:
    case Errc::wrong_signature:
    case Errc::bad_policy:
    case Errc::bad_manifest:
        return static_cast<std::uint16_t>(Errc::invalid_argument);
    default:
        return static_cast<std::uint16_t>(Errc::io);
    }
}

} // namespace hws
