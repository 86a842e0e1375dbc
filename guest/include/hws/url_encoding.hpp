#pragma once
/// Text as it may stand in a URL or a form.

#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace hws::http {

/// A name and its value, of a form or of the query of a URL.
using FormField = std::pair<std::string_view, std::string_view>;

/// `q=a+b%26c&lang=en`: the fields as application/x-www-form-urlencoded. Bytes that are not ASCII go
/// through as the percent-encoding of each; give UTF-8.
/// Source: WHATWG URL, 5.2 (serializing).
std::string form_encode(std::span<const FormField> fields);

/// `text` as a segment of a path, or any other part of a URL, so that it means only itself: all but
/// letters, digits and `-._~` becomes %XX.
/// Source: RFC 3986, 2.3.
std::string percent_encode(std::string_view text);

} // namespace hws::http
