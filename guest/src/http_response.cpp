#include "../backend/http_exchange.hpp"
#include "read_to_end.hpp"
#include "whole_transfer.hpp"

#include <algorithm>
#include <hws/http.hpp>

namespace hws::http {

// --- Response

Response::Response(std::shared_ptr<backend::HttpExchange> exchange, ResponseHead head)
    : exchange_(std::move(exchange)), head_(std::move(head)) {}
Response::Response(Response&&) noexcept = default;
Response& Response::operator=(Response&&) noexcept = default;
Response::~Response() = default;

Result<void> Response::error_for_status() const {
    if (status() < 400) return {};
    return fail(Errc::bad_status, exchange_->what + ": status " + std::to_string(status()));
}

const HeaderMap& Response::headers() const {
    if (!headers_) {
        // Cannot fail: the exchange is there, and so is its head.
        auto headers = exchange_->headers();
        headers_.emplace(headers ? *std::move(headers) : HeaderMap());
    }
    return *headers_;
}

Result<std::string> Response::url() const {
    return exchange_->url();
}

Result<HeaderMap> Response::trailers() const {
    return exchange_->trailers();
}

Result<std::vector<Informational>> Response::informational() const {
    return exchange_->informational();
}

Result<std::size_t> Response::read(std::span<std::byte> into) {
    if (into.empty()) return 0;
    auto count = exchange_->read(into);
    if (count) read_bytes_ += *count;
    return count;
}

std::optional<std::uint64_t> Response::bytes_left() const {
    const auto all = content_length();
    if (!all || *all < read_bytes_) return {};
    return *all - read_bytes_;
}

Result<std::size_t> Response::read_to_end(std::vector<std::byte>& into, std::size_t max_bytes) {
    return guest::append_to_end(*this, into, max_bytes, bytes_left());
}

Result<std::size_t> Response::read_to_end(std::string& into, std::size_t max_bytes) {
    return guest::append_to_end(*this, into, max_bytes, bytes_left());
}

Chunks Response::chunks(std::size_t chunk_bytes) {
    return {*this, std::max<std::size_t>(chunk_bytes, 1)};
}

void Chunks::advance() {
    if (!current_) {
        is_done_ = true;
        return;
    }
    auto count = response_->read(buffer_);
    if (count) {
        current_ = std::span<const std::byte>(buffer_).first(*count);
        is_done_ = *count == 0;
    } else {
        current_ = std::unexpected(std::move(count).error());
    }
}

Result<std::span<const std::byte>> Response::bytes(std::size_t max_bytes) {
    // What is kept already counts, so that asking again does not get around the bound.
    if (body_.size() <= max_bytes) {
        HWS_CHECK(read_to_end(body_, max_bytes - body_.size()));
        return body_;
    }
    return fail(Errc::too_large, "bytes: more than " + std::to_string(max_bytes) + " bytes");
}

Result<std::string> Response::text(std::size_t max_bytes) && {
    if (body_.size() > max_bytes)
        return fail(Errc::too_large, "text: more than " + std::to_string(max_bytes) + " bytes");
    std::string text(text_of(body_));
    HWS_CHECK(read_to_end(text, max_bytes - text.size()));
    return text;
}

Result<std::string> Response::text(std::size_t max_bytes) & {
    HWS_TRY(const std::span<const std::byte> body, bytes(max_bytes));
    return std::string(text_of(body));
}

Result<void> Response::set_blocking(Blocking blocking) {
    return exchange_->set_blocking(blocking);
}

int Response::as_raw_fd() const {
    return exchange_->descriptor();
}

// --- Exchange

Exchange::Exchange(std::shared_ptr<backend::HttpExchange> exchange)
    : exchange_(std::move(exchange)) {}
Exchange::Exchange(Exchange&&) noexcept = default;
Exchange& Exchange::operator=(Exchange&&) noexcept = default;
Exchange::~Exchange() = default;

Result<std::size_t> Exchange::write(std::span<const std::byte> from) {
    if (from.empty()) return 0;
    return exchange_->write(from);
}

Result<void> Exchange::write_all(std::span<const std::byte> from) {
    return guest::write_all(*this, from);
}

Result<void> Exchange::finish_body() {
    return exchange_->finish_body();
}

Result<Response> Exchange::response() {
    HWS_TRY(ResponseHead head, exchange_->head());
    return Response(exchange_, std::move(head));
}

Result<void> Exchange::set_blocking(Blocking blocking) {
    return exchange_->set_blocking(blocking);
}

int Exchange::as_raw_fd() const {
    return exchange_->descriptor();
}

} // namespace hws::http
