#pragma once
/// A request as it crosses to a backend.
#include <cstddef>
#include <cstdint>
#include <hws/http_options.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace hws::backend {

struct HttpRequestMessage {
    /// `none` is not the same as an empty one in memory. `stream`: written to the exchange.
    enum class Body : std::uint8_t { none, memory, stream };

    std::string_view method;
    std::string_view url;
    /// Checked: no line breaks, names are tokens. In the order in which they are to be sent.
    std::span<const std::pair<std::string, std::string>> headers;
    Body body_kind = Body::none;
    std::span<const std::byte> body;
    /// Of a streamed body; none: it ends when it ends.
    std::optional<std::uint64_t> stream_bytes;
    http::Options options;
};

} // namespace hws::backend
