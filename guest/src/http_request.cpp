#include "../backend/http_exchange.hpp"
#include "base64.hpp"
#include "http_syntax.hpp"

#include <algorithm>
#include <hws/http.hpp>
#include <hws/quote.hpp>

namespace hws::http {

namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

bool contains(const Headers& headers, std::string_view name) {
    return std::ranges::any_of(headers, [&](const auto& header) {
        return guest::equal_ignoring_case(header.first, name);
    });
}

bool has_control_characters(std::string_view text) {
    return std::ranges::any_of(text, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 0x20 || byte == 0x7f;
    });
}

// What a body from a source is read into, piece by piece.
constexpr std::size_t source_piece_bytes = 64 << 10;

} // namespace

Client& Client::default_header(std::string_view name, std::string_view value) {
    default_headers_.emplace_back(name, value);
    return *this;
}

RequestBuilder Client::request(std::string_view method, std::string_view url) const {
    RequestBuilder request(method, url);
    request.set_options(OptionSetters::options());
    request.default_headers_ = default_headers_;
    return request;
}

void RequestBuilder::add_mistake(std::string text) {
    if (first_mistake_.empty()) first_mistake_ = std::move(text);
}

bool RequestBuilder::has_header(std::string_view name) const {
    return contains(headers_, name);
}

RequestBuilder& RequestBuilder::header(std::string_view name, std::string_view value) {
    headers_.emplace_back(name, value);
    return *this;
}

RequestBuilder& RequestBuilder::basic_auth(std::string_view user, std::string_view password) {
    if (user.contains(':') || has_control_characters(user) || has_control_characters(password)) {
        // Without the password: messages end up in logs.
        add_mistake("basic_auth: user " + quote(user) +
                    " has a colon, or it or the password a control character");
        return *this;
    }
    const std::string both = std::string(user) + ":" + std::string(password);
    return header("Authorization", "Basic " + guest::encode_base64(bytes_of(both)));
}

RequestBuilder& RequestBuilder::bearer_auth(std::string_view token) {
    if (token.empty() || token.contains(' ') || !guest::is_field_value(token)) {
        add_mistake("bearer_auth: the token is empty or has a blank or control character");
        return *this;
    }
    return header("Authorization", "Bearer " + std::string(token));
}

RequestBuilder& RequestBuilder::query(std::string_view name, std::string_view value) {
    const FormField field{name, value};
    const std::size_t end = std::min(url_.find('#'), url_.size());
    const std::size_t mark = std::min(url_.find('?'), end);
    std::string addition;
    if (mark == end)
        addition = "?";
    else if (mark + 1 < end && url_[end - 1] != '&')
        addition = "&";
    url_.insert(end, addition + form_encode({&field, 1}));
    return *this;
}

RequestBuilder& RequestBuilder::body(std::span<const std::byte> bytes) {
    return body(std::vector<std::byte>(bytes.begin(), bytes.end()));
}

RequestBuilder& RequestBuilder::body(std::vector<std::byte>&& bytes) {
    body_kind_ = BodyKind::memory;
    body_ = std::move(bytes);
    source_ = nullptr;
    return *this;
}

RequestBuilder& RequestBuilder::json(std::string_view text) {
    if (!has_header("Content-Type")) header("Content-Type", "application/json");
    return body(text);
}

RequestBuilder& RequestBuilder::form(std::span<const FormField> fields) {
    if (!has_header("Content-Type"))
        header("Content-Type", "application/x-www-form-urlencoded");
    return body(form_encode(fields));
}

RequestBuilder& RequestBuilder::multipart(const Multipart& form) {
    // Another content type would not have the boundary.
    std::erase_if(headers_, [](const auto& header) {
        return guest::equal_ignoring_case(header.first, "Content-Type");
    });
    header("Content-Type", form.content_type());
    if (form.has_source()) return body_from(form.source(), form.body_bytes());
    auto whole = form.body();
    if (!whole) {
        add_mistake(whole.error().context());
        return *this;
    }
    return body(std::move(*whole));
}

RequestBuilder& RequestBuilder::set_stream(BodyKind kind, std::optional<std::uint64_t> bytes) {
    body_kind_ = kind;
    body_.clear();
    source_ = nullptr;
    stream_bytes_ = bytes;
    return *this;
}

RequestBuilder& RequestBuilder::body_from(BodySource source, std::optional<std::uint64_t> bytes) {
    set_stream(BodyKind::source, bytes);
    source_ = std::move(source);
    return *this;
}

RequestBuilder& RequestBuilder::stream_body(std::optional<std::uint64_t> bytes) {
    return set_stream(BodyKind::stream, bytes);
}

Result<Exchange> RequestBuilder::begin() {
    if (!first_mistake_.empty()) return fail(Errc::invalid_argument, first_mistake_);
    if (!guest::is_token(method_))
        return fail(Errc::invalid_argument, "HTTP method " + quote(method_));
    if (url_.empty() || url_.contains(' ') || has_control_characters(url_))
        return fail(Errc::bad_url, quote(url_));

    Headers headers = headers_;
    for (const auto& header : default_headers_)
        if (!has_header(header.first)) headers.push_back(header);
    for (const auto& [name, value] : headers)
        if (!guest::is_token(name) || !guest::is_field_value(value))
            return fail(Errc::invalid_argument,
                        "header " + quote(name) + ": " + quote(value) + " is not allowed in HTTP");

    using Body = backend::HttpRequestMessage::Body;
    backend::HttpRequestMessage message{.method = method_,
                                        .url = url_,
                                        .headers = headers,
                                        .body_kind = Body::none,
                                        .body = body_,
                                        .stream_bytes = stream_bytes_,
                                        .options = options()};
    if (body_kind_ == BodyKind::memory) message.body_kind = Body::memory;
    if (body_kind_ == BodyKind::stream || body_kind_ == BodyKind::source)
        message.body_kind = Body::stream;
    HWS_TRY(auto exchange, backend::HttpExchange::start(message));
    exchange->what = method_ + " " + url_;
    return Exchange(std::move(exchange));
}

Result<Exchange> RequestBuilder::start() {
    if (body_kind_ == BodyKind::source)
        return fail(Errc::invalid_argument,
                    "start: a body from a source is sent by send; use stream_body and write it");
    return begin();
}

Result<Response> RequestBuilder::send() {
    if (body_kind_ == BodyKind::stream)
        return fail(Errc::invalid_argument,
                    "send: nobody would write the body; use start, or body_from");
    if (body_kind_ != BodyKind::source) {
        HWS_TRY(Exchange exchange, begin());
        return exchange.response();
    }

    if (!source_)
        return fail(Errc::invalid_argument, "send: the body's source is empty or was used already");
    HWS_TRY(Exchange exchange, begin());
    const BodySource source = std::exchange(source_, nullptr);
    std::vector<std::byte> piece(source_piece_bytes);
    while (true) {
        HWS_TRY(const std::size_t count, source(piece));
        if (count == 0) break;
        const auto written = exchange.write_all(std::span(piece).first(count));
        // The server may answer before it has read everything, and then reads no more: what it said
        // is worth more than that it stopped listening.
        if (!written && written.error() == Errc::broken_pipe) return exchange.response();
        HWS_CHECK(written);
    }
    const auto finished = exchange.finish_body();
    if (!finished && finished.error() != Errc::broken_pipe)
        return std::unexpected(finished.error());
    return exchange.response();
}

} // namespace hws::http
