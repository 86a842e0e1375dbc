// HTTP by dialect v2: an exchange is a descriptor, read and written like any other.

#include "http_exchange.hpp"
#include "v2_failure.hpp"

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>
#include <vector>

namespace hws::backend {

namespace {

v2::Iovec wire_text(std::string_view text) {
    return {v2::at(text.data()).address, static_cast<std::uint32_t>(text.size())};
}

v2::Duration wire_duration(std::optional<std::chrono::nanoseconds> time) {
    if (!time) return v2::no_limit;
    return static_cast<v2::Duration>(std::max(*time, std::chrono::nanoseconds(0)).count());
}

v2::HttpFlags wire_flags(const http::Options& options) {
    using namespace v2::http_flags;
    v2::HttpFlags flags = 0;
    if (options.decompression == Switch::on) flags |= decompress;
    if (options.cookies == Switch::on) flags |= keep_cookies;
    if (options.expect_continue == Switch::on) flags |= expect_continue;
    if (options.protocol == http::Protocol::http_1) flags |= http1_only;
    if (options.protocol == http::Protocol::http_2) flags |= http2_prior_knowledge;
    return flags;
}

v2::HttpRedirect wire_redirect(http::Redirects::Kind kind) {
    switch (kind) {
    case http::Redirects::Kind::none:
        return v2::HttpRedirect::none;
    case http::Redirects::Kind::limited:
        return v2::HttpRedirect::limited;
    case http::Redirects::Kind::same_origin:
        return v2::HttpRedirect::same_origin;
    }
    return v2::HttpRedirect::none;
}

http::Version version_of(std::uint32_t number) {
    switch (number) {
    case 10:
        return http::Version::http_1_0;
    case 11:
        return http::Version::http_1_1;
    case 20:
        return http::Version::http_2;
    default:
        return http::Version::unknown;
    }
}

/// Of name NUL value NUL, ...
template <class Take> void for_each_field(std::string_view text, Take take) {
    const auto take_part = [&text] {
        const std::size_t end = std::min(text.find('\0'), text.size());
        const std::string_view front = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        return front;
    };
    while (!text.empty()) {
        const std::string_view name = take_part();
        take(name, take_part());
    }
}

http::HeaderMap parse_fields(std::string_view text) {
    http::HeaderMap headers;
    for_each_field(text, [&](std::string_view name, std::string_view value) {
        headers.append(name, value);
    });
    return headers;
}

/// One map for each `:status` that begins a head.
std::vector<http::Informational> parse_informational(std::string_view text) {
    std::vector<http::Informational> heads;
    for_each_field(text, [&](std::string_view name, std::string_view value) {
        if (name == ":status") {
            http::Informational head;
            std::from_chars(value.data(), value.data() + value.size(), head.status);
            heads.push_back(std::move(head));
        } else if (!heads.empty()) {
            heads.back().headers.append(name, value);
        }
    });
    return heads;
}

class Exchange final : public HttpExchange {
public:
    explicit Exchange(v2::Fd fd) : fd_(fd) {}
    ~Exchange() override { preview1::fd_close(fd_); }

    Result<http::ResponseHead> head() override {
        v2::HttpHead wire;
        HWS_CHECK(with_what(v2::result_of(v2::http_head(fd_, v2::at(&wire)))));
        http::ResponseHead head;
        head.status = static_cast<std::uint16_t>(wire.status);
        head.version = version_of(wire.version);
        field_bytes_ = wire.field_bytes;
        if (wire.body_bytes != v2::no_limit) head.content_length = left_ = wire.body_bytes;
        head.redirects = wire.redirects;
        return head;
    }

    Result<http::HeaderMap> headers() override {
        HWS_TRY(const std::string fields, text_of(v2::HttpFields::head, field_bytes_));
        return parse_fields(fields);
    }

    Result<std::size_t> read(std::span<std::byte> into) override {
        // All that was announced has come: the host need not be asked whether that was the end.
        if (left_ == 0) return 0;
        return read_more(into);
    }

    Result<std::size_t> write(std::span<const std::byte> from) override {
        preview1::Iovec buffer{v2::at(from.data()).address,
                                     static_cast<std::uint32_t>(from.size())};
        std::uint32_t bytes = 0;
        const auto status = preview1::fd_write(fd_, v2::span_at(&buffer, 1), v2::at(&bytes));
        if (status != preview1::Errno::success) return failed(status, "sending the body");
        return bytes;
    }

    Result<void> finish_body() override {
        return with_what(v2::result_of(v2::socket_shutdown(fd_, v2::Half::write)));
    }

    Result<http::HeaderMap> trailers() override {
        if (std::byte end{}; left_ == 0 && !has_ended_) HWS_CHECK(read_more({&end, 1}));
        if (!has_ended_) return fail(Errc::would_block);
        HWS_TRY(const std::string fields, text_of(v2::HttpFields::trailers, 0));
        return parse_fields(fields);
    }

    Result<std::vector<http::Informational>> informational() override {
        HWS_TRY(const std::string fields, text_of(v2::HttpFields::informational, 0));
        return parse_informational(fields);
    }

    Result<std::string> url() override { return text_of(v2::HttpFields::url, 256); }

    Result<void> set_blocking(Blocking blocking) override {
        return with_what(v2::result_of(preview1::fd_fdstat_set_flags(
            fd_, blocking == Blocking::waits ? preview1::FdFlags{0} : preview1::fd_flags::non_blocking)));
    }

    int descriptor() const override { return fd_.number; }

private:
    Result<std::size_t> read_more(std::span<std::byte> into) {
        preview1::Iovec buffer{v2::at(into.data()).address,
                               static_cast<std::uint32_t>(into.size())};
        std::uint32_t bytes = 0;
        const auto status = preview1::fd_read(fd_, v2::span_at(&buffer, 1), v2::at(&bytes));
        if (status != preview1::Errno::success) return failed(status, "reading the body");
        if (bytes == 0) has_ended_ = true;
        if (left_) *left_ -= std::min<std::uint64_t>(bytes, *left_);
        return bytes;
    }

    Result<void> with_what(Result<void> result) const {
        if (!result && result.error() != Errc::would_block)
            return std::unexpected(
                Error(result.error().code(), result.error().context().empty()
                                                 ? what
                                                 : what + ": " + result.error().context()));
        return result;
    }

    std::unexpected<Error> failed(preview1::Errno status, std::string_view operation) const {
        const auto failure = v2::failed(status);
        const Error& error = failure.error();
        if (error == Errc::would_block) return failure;
        std::string text = what + ": " + std::string(operation);
        if (!error.context().empty()) text += ": " + error.context();
        return fail(error.code(), text);
    }

    Result<std::string> text_of(v2::HttpFields which, std::size_t likely_bytes) {
        std::string text(likely_bytes, '\0');
        while (true) {
            std::uint32_t length = 0;
            HWS_CHECK(with_what(v2::result_of(v2::http_fields(
                fd_, which, v2::span_at(text.data(), text.size()), v2::at(&length)))));
            const bool is_whole = length <= text.size();
            text.resize(length);
            if (is_whole) return text;
        }
    }

    v2::Fd fd_;
    std::uint32_t field_bytes_ = 0;
    std::optional<std::uint64_t> left_; // of the body, if its length was announced
    bool has_ended_ = false;
};

} // namespace

Result<std::shared_ptr<HttpExchange>> HttpExchange::start(const HttpRequestMessage& request) {
    std::string fields;
    for (const auto& [name, value] : request.headers) {
        fields.append(name).push_back('\0');
        fields.append(value).push_back('\0');
    }
    v2::HttpRequest wire;
    wire.method = wire_text(request.method);
    wire.url = wire_text(request.url);
    wire.fields = wire_text(fields);
    switch (request.body_kind) {
    case HttpRequestMessage::Body::none:
        break;
    case HttpRequestMessage::Body::memory:
        wire.body_kind = v2::HttpBody::memory;
        wire.body = wire_text(text_of(request.body));
        break;
    case HttpRequestMessage::Body::stream:
        wire.body_kind = v2::HttpBody::stream;
        wire.stream_bytes = request.stream_bytes.value_or(v2::no_limit);
        break;
    }
    const http::Options& options = request.options;
    wire.flags = wire_flags(options);
    wire.total_timeout = wire_duration(options.timeout);
    wire.connect_timeout = wire_duration(options.connect_timeout);
    wire.idle_timeout = wire_duration(options.idle_timeout);
    wire.redirect = wire_redirect(options.redirects.kind());
    wire.max_redirects = options.redirects.most();

    v2::Fd fd;
    if (const auto status = v2::http_start(v2::at(&std::as_const(wire)), v2::at(&fd)); status != v2::Status::ok) {
        const auto error = v2::failed(status).error();
        const std::string what = std::string(request.method) + " " + std::string(request.url);
        return fail(error.code(), error.context().empty() ? what : what + ": " + error.context());
    }
    return std::make_shared<Exchange>(fd);
}

} // namespace hws::backend
