#include "../backend/backend.hpp"
#include "http_message.hpp"

#include <algorithm>
#include <hws/http.hpp>
#include <hws/quote.hpp>

namespace hws::http {

namespace {

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return std::ranges::equal(a, b, {}, lower, lower);
}

// RFC 9110, 5.6.2
bool is_token(std::string_view text) {
    constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::ranges::all_of(text, [&](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               marks.contains(c);
    });
}

// RFC 9110, 5.5. A line break here would start a header, or a request, that the caller did not
// mean.
bool is_field_value(std::string_view text) {
    return std::ranges::all_of(text, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return (byte >= 0x20 && byte != 0x7f) || c == '\t';
    });
}

} // namespace

std::span<const std::string> HeaderMap::values(std::string_view name) const {
    for (const Header& header : headers_)
        if (equal_ignoring_case(header.name, name)) return header.values;
    return {};
}

std::optional<std::string_view> HeaderMap::first(std::string_view name) const {
    const std::span<const std::string> all = values(name);
    if (all.empty()) return std::nullopt;
    return all.front();
}

void HeaderMap::append(std::string_view name, std::string_view value) {
    for (Header& header : headers_) {
        if (!equal_ignoring_case(header.name, name)) continue;
        header.values.emplace_back(value);
        return;
    }
    headers_.push_back({std::string(name), {std::string(value)}});
}

RequestBuilder& RequestBuilder::header(std::string_view name, std::string_view value) {
    if (!is_token(name) || !is_field_value(value)) {
        if (first_mistake_.empty())
            first_mistake_ =
                "header " + quote(name) + ": " + quote(value) + " is not allowed in HTTP";
        return *this;
    }
    if (equal_ignoring_case(name, "Content-Type")) has_content_type_ = true;
    header_lines_.push_back(std::string(name) + ": " + std::string(value));
    return *this;
}

RequestBuilder& RequestBuilder::body(std::span<const std::byte> bytes) {
    body_.emplace(bytes.begin(), bytes.end());
    return *this;
}

RequestBuilder& RequestBuilder::json(std::string_view text) {
    if (!has_content_type_) header("Content-Type", "application/json");
    return body(text);
}

Result<Response> RequestBuilder::send() {
    if (!first_mistake_.empty()) return fail(Errc::invalid_argument, first_mistake_);
    if (!is_token(method_)) return fail(Errc::invalid_argument, "HTTP method " + quote(method_));
    if (url_.empty() || std::ranges::any_of(url_, [](char c) {
            return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f;
        }))
        return fail(Errc::bad_url, quote(url_));

    backend::HttpRequestMessage request{method_, url_, header_lines_, std::nullopt};
    if (body_) request.body = *body_;
    HWS_TRY(auto response, backend::exchange(request));
    return Response(response.status, std::move(response.headers), std::move(response.body));
}

} // namespace hws::http
