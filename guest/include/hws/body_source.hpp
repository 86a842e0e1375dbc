#pragma once
/// `BodySource`: where the body of an HTTP request comes from, piece by piece.

#include <cstddef>
#include <functional>
#include <hws/buf_reader.hpp>
#include <hws/result.hpp>
#include <span>

namespace hws::http {

/// Gives the next bytes of a body into the room it gets, and how many; 0: there are no more.
using BodySource = std::function<Result<std::size_t>(std::span<std::byte>)>;

/// Of something with `read`, such as a TcpStream or a Response, which must outlive the source.
template <Reader Source> BodySource source_of(Source& source) {
    return [&source](std::span<std::byte> into) { return source.read(into); };
}

} // namespace hws::http
