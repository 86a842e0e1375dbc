#pragma once
/// The JSON shapes in which dialect v1 and Extism speak HTTP. Source: abi/v1.md rows in abi/v1.def, abi/extism.def.

#include <hws/result.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hws::host::core {
struct HttpRequest;
struct HttpResponse;
} // namespace hws::host::core

namespace hws::host::adapter {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

/// Dialect v1's request headers: a JSON array of "Name: value". Empty text is no header. Errors: invalid_argument,
/// too_large.
Result<HeaderList> parse_header_lines(std::string_view json);

/// Dialect v1's answer: {"status":N,"headers":{"Name":["v1","v2"]},"body":"base64"}. Names in canonical form
/// (`set-cookie` becomes `Set-Cookie`), values in order of arrival.
std::string format_v1_response(const core::HttpResponse& response);

/// Extism's request: {"url","method","headers":{"name":"value"}}; the method is GET if absent. Errors: invalid_argument,
/// too_large.
Result<core::HttpRequest> parse_extism_request(std::string_view json);
/// Extism's headers: {"name":"value"} in lower case, repeated ones joined by ", ".
std::string format_extism_headers(const core::HttpResponse& response);

} // namespace hws::host::adapter
