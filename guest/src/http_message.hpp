#pragma once
/// A request and a response as they cross to a backend.
#include <cstdint>
#include <hws/http.hpp>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace hws::backend {

struct HttpRequestMessage {
    std::string_view method;
    std::string_view url;
    /// Lines `Name: value`, checked: no line breaks, names are tokens.
    std::span<const std::string> header_lines;
    /// No body is not the same as an empty one.
    std::optional<std::span<const std::byte>> body;
};

struct HttpResponseMessage {
    std::uint16_t status = 0;
    http::HeaderMap headers;
    std::vector<std::byte> body;
};

} // namespace hws::backend
