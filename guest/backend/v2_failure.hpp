#pragma once
/// What a call of the host has come to, with the host's own words.

#include "preview1.hpp"
#include "v2.hpp"

#include <hws/result.hpp>

namespace hws::backend::v2 {

/// The error of the call just made, with the text that the host has for it. would_block and
/// in_progress carry none.
std::unexpected<Error> failed(Status status);

/// The same for a call of preview 1, whose numbers say less: what they fold (abi/hws/wasi_number.hpp)
/// is unfolded.
std::unexpected<Error> failed(preview1::Errno status);

inline Result<void> result_of(Status status) {
    if (status != Status::ok) return failed(status);
    return {};
}

/// Without the text, which is asked for where it says more than the number.
inline Result<void> result_of(preview1::Errno status) {
    if (status != preview1::Errno::success) return fail(static_cast<Errc>(status));
    return {};
}

} // namespace hws::backend::v2
