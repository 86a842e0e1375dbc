#include "v2_failure.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

namespace hws::backend::v2 {

namespace {

/// What the host has to say about the last failure, without the row's name in front, which is not
/// the caller's word for it, and without the error's own name at the end.
std::string failure_text(Errc code) {
    std::array<char, 512> room;
    std::uint32_t length = 0;
    if (last_error(span_at(room.data(), room.size()), at(&length)) != Status::ok) return {};
    std::string_view text(room.data(), std::min<std::size_t>(length, room.size()));
    if (const std::size_t colon = text.find(": "); colon != text.npos)
        text.remove_prefix(colon + 2);
    if (text.starts_with(name_of(code))) return {};
    if (text.ends_with(name_of(code))) text.remove_suffix(name_of(code).size());
    if (text.ends_with(": ")) text.remove_suffix(2);
    return std::string(text);
}

/// Preview 1 has no words of its own for some of what can go wrong with a body.
Errc unfold(preview1::Errno number) {
    constexpr std::uint16_t file_too_big = 22;
    constexpr std::uint16_t loop = 32;
    switch (static_cast<std::uint16_t>(number)) {
    case file_too_big:
        return Errc::too_large;
    case loop:
        return Errc::too_many_redirects;
    default:
        return static_cast<Errc>(number);
    }
}

} // namespace

// Not inlined into the calls, whose ordinary end is success.
[[gnu::noinline]] std::unexpected<Error> failed(Status status) {
    const auto code = static_cast<Errc>(static_cast<std::uint16_t>(status));
    if (code == Errc::would_block || code == Errc::in_progress) return fail(code);
    return fail(code, failure_text(code));
}

[[gnu::noinline]] std::unexpected<Error> failed(preview1::Errno status) {
    const Errc code = unfold(status);
    if (code == Errc::would_block) return fail(code);
    return fail(code, failure_text(code));
}

} // namespace hws::backend::v2
