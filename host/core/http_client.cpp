#include "core/http_client.hpp"

#include "core/destination.hpp"
#include "core/http_engine.hpp"
#include "core/resolver.hpp"

#include <algorithm>

namespace hws::host::core {
namespace {

/// Unread body of a streamed exchange.
constexpr std::size_t stream_buffer_bytes = std::size_t{256} << 10;

bool is_token_char(char c) { // RFC 9110, 5.6.2
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos);
}

bool is_token(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, is_token_char);
}

/// RFC 9110, 5.5: visible characters, blanks, tabs and bytes beyond ASCII. CR, LF and NUL would end
/// the line early and begin another.
bool is_field_value(std::string_view text) {
    return std::ranges::all_of(text, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
    });
}

std::string lower_case(std::string_view text) {
    std::string lowered(text);
    for (char& c : lowered)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
    return lowered;
}

std::string_view trim(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t");
    if (first == text.npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::unexpected<Error> bad_header(std::string_view name, std::string_view why) {
    std::string text = "header ";
    // The name itself may be what is wrong with it.
    for (const char c : name.substr(0, 64))
        text += is_token_char(c) ? c : '?';
    return fail(Errc::invalid_argument, text.append(" ").append(why));
}

/// The request's headers and method as libcurl may have them. Errors: invalid_argument, too_large.
Result<HttpHop> prepare(HttpRequest& request, const Url& url, const Limits& limits) {
    HttpHop hop;
    if (!is_token(request.method)) return fail(Errc::invalid_argument, "HTTP method");
    if (request.method == "CONNECT")
        return fail(Errc::invalid_argument, "HTTP method CONNECT is not for requests");
    if (request.method == "HEAD" && !request.body.empty())
        return fail(Errc::invalid_argument, "HTTP method HEAD has a body");

    bool has_accept_encoding = false;
    bool has_range = false;
    std::size_t header_bytes = 0;
    for (const auto& [name, raw_value] : request.headers) {
        if (!is_token(name)) return bad_header(name, "has a name that is none");
        const std::string_view value = trim(raw_value);
        if (!is_field_value(value)) return bad_header(name, "has a control character in its value");
        header_bytes += name.size() + value.size() + 4;
        if (header_bytes > limits.http_header_bytes)
            return fail(Errc::too_large, "request headers beyond " +
                                             std::to_string(limits.http_header_bytes) + " bytes");

        const std::string lower = lower_case(name);
        if (lower == "host") {
            const std::string host = lower_case(value);
            const std::string with_port = url.host() + ":" + std::to_string(url.target().port);
            if (host != with_port && !(host == url.host() && url.is_default_port()))
                return bad_header(name, "differs from the URL's host");
            continue;
        }
        if (lower == "content-length") {
            if (value != std::to_string(request.body.size()))
                return bad_header(name, "differs from the body's length");
            continue;
        }
        // They speak of the connection, which is not the plugin's.
        if (lower == "connection" || lower == "transfer-encoding" || lower == "upgrade" ||
            lower == "keep-alive" || lower == "http2-settings" || lower.starts_with("proxy-"))
            return bad_header(name, "is not the plugin's to set");
        if (lower == "te" && lower_case(value) != "trailers")
            return bad_header(name, "may only be \"trailers\"");
        has_accept_encoding |= lower == "accept-encoding";
        has_range |= lower == "range";
        hop.headers.emplace_back(name, value);
    }
    hop.is_gzip_ours = !has_accept_encoding && !has_range && request.method != "HEAD";
    hop.method = std::move(request.method);
    hop.body = std::move(request.body);
    return hop;
}

/// What changes on the way from one URL to the next.
void adapt_to_redirect(HttpHop& hop, int status, bool is_same_origin) {
    const bool keeps_body = status == 307 || status == 308;
    if (!keeps_body) {
        if (hop.method != "HEAD") hop.method = "GET";
        hop.body.clear();
    }
    std::erase_if(hop.headers, [&](const auto& header) {
        const std::string name = lower_case(header.first);
        if (!is_same_origin && (name == "authorization" || name == "cookie")) return true;
        return !keeps_body && (name.starts_with("content-") || name == "expect");
    });
}

} // namespace

HttpClient::HttpClient(os::Loop& loop, Resolver& resolver, const Policy& policy,
                       const Limits& limits, HttpClientOptions options)
    : loop_(loop), resolver_(resolver), policy_(policy), limits_(limits),
      options_(std::move(options)) {}

HttpClient::~HttpClient() = default;

os::Task<std::unique_ptr<HttpExchange>> HttpClient::follow(HttpRequest request,
                                                           std::size_t buffer_bytes,
                                                           bool is_whole_body_wanted,
                                                           os::Deadline deadline) {
    HWS_CO_TRY(Url url, Url::parse(request.url));
    HWS_CO_TRY(HttpHop hop, prepare(request, url, limits_));
    const HttpBounds bounds{
        .header_bytes = limits_.http_header_bytes,
        .body_bytes = is_whole_body_wanted ? limits_.http_body_bytes : static_cast<std::size_t>(-1),
        .buffer_bytes = buffer_bytes,
        .is_redirect_followed = request.max_redirects.has_value(),
    };
    for (int redirects = 0;; ++redirects) {
        const Use use = url.is_https() ? Use::https : Use::http;
        HWS_CO_TRY(std::vector<Vetted> peers,
                   co_await vet(policy_, use, url.target(), resolver_, deadline));
        if (!engine_) {
            HWS_CO_TRY(engine_, Engine::create(loop_, options_));
        }
        while (!engine_->has_free_slot()) {
            engine_->slot_freed().reset();
            const os::Wake wake = co_await engine_->slot_freed().until(deadline);
            if (wake == os::Wake::timed_out)
                co_return fail(Errc::timed_out, "all HTTP exchanges of the plugin are in use");
        }
        HWS_CO_TRY(auto transfer, HttpExchange::Transfer::start(*engine_, url, std::move(hop),
                                                                std::move(peers), bounds));
        const os::Wake head = co_await transfer->head_or_end().until(deadline);
        if (head == os::Wake::timed_out) co_return fail(Errc::timed_out, url.origin());
        if (!transfer->has_head()) co_return std::unexpected(*transfer->error());
        if (!transfer->location())
            co_return std::unique_ptr<HttpExchange>(new HttpExchange(std::move(transfer)));

        if (redirects >= *request.max_redirects)
            co_return fail(Errc::too_many_redirects, "more than " + std::to_string(redirects));
        HWS_CO_TRY(Url next, url.resolve(*transfer->location()));
        // Its body is read to the end, if it has one, so that the connection can be used again; how
        // that ends does not matter.
        const os::Wake end = co_await transfer->end().until(deadline);
        if (end == os::Wake::timed_out) co_return fail(Errc::timed_out, url.origin());
        hop = transfer->take_hop();
        adapt_to_redirect(hop, transfer->head().status, next.has_same_origin(url));
        url = std::move(next);
    }
}

os::Task<std::unique_ptr<HttpExchange>> HttpClient::start(HttpRequest request,
                                                          os::Deadline deadline) {
    return follow(std::move(request), stream_buffer_bytes, false, deadline);
}

os::Task<HttpResponse> HttpClient::fetch(HttpRequest request, os::Deadline deadline) {
    // The buffer is never full: the body's own limit comes first.
    HWS_CO_TRY(const std::unique_ptr<HttpExchange> exchange,
               co_await follow(std::move(request), static_cast<std::size_t>(-1), true, deadline));
    HttpExchange::Transfer& transfer = *exchange->transfer_;
    const os::Wake end = co_await transfer.end().until(deadline);
    if (end == os::Wake::timed_out) co_return fail(Errc::timed_out, transfer.head().url);
    if (transfer.error()) co_return std::unexpected(*transfer.error());
    HttpResponse response;
    response.status = transfer.head().status;
    response.headers = transfer.head().headers;
    response.url = transfer.head().url;
    response.body = transfer.take_whole_body();
    co_return response;
}

} // namespace hws::host::core
