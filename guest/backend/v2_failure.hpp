#pragma once
/// What a call of the host has come to, with the host's own words.

#include "preview1.hpp"
#include "v2.hpp"

#include <hws/result.hpp>

namespace hws::backend::v2 {

/// The error of the call just made, with the text that the host has for it. would_block and
/// in_progress carry none.
std::unexpected<Error> failed(Status status);

inline Result<void> result_of(Status status) {
    if (status != Status::ok) return failed(status);
    return {};
}

/// Preview 1 has no texts.
inline Result<void> result_of(preview1::Errno status) {
    if (status != preview1::Errno::success) return fail(static_cast<Errc>(status));
    return {};
}

} // namespace hws::backend::v2
