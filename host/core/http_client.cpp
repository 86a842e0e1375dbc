#include "core/http_client.hpp"

#include "core/destination.hpp"
#include "core/http_engine.hpp"
#include "core/http_syntax.hpp"
#include "core/http_upload.hpp"
#include "core/lookups.hpp"

#include <algorithm>

namespace hws::host::core {
namespace {

/// Unread body of an exchange, as it came from the network.
constexpr std::size_t buffer_bytes = std::size_t{256} << 10;

std::unexpected<Error> bad_header(std::string_view name, std::string_view why) {
    std::string text = "header ";
    // The name itself may be what is wrong with it.
    for (const char c : name.substr(0, 64))
        text += is_token_char(c) ? c : '?';
    return fail(Errc::invalid_argument, text.append(" ").append(why));
}

/// Makes `hop` of the request, with headers and method as libcurl may have them. Errors:
/// invalid_argument, too_large.
Result<void> prepare(HttpHop& hop, HttpRequest& request, const Url& url, const Limits& limits) {
    if (!is_token(request.method)) return fail(Errc::invalid_argument, "HTTP method");
    if (request.method == "CONNECT")
        return fail(Errc::invalid_argument, "HTTP method CONNECT is not for requests");
    if (request.method == "HEAD" && (!request.body.empty() || request.upload))
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
            const std::optional<std::uint64_t> length =
                request.upload ? request.upload->length() : request.body.size();
            if (!length || value != std::to_string(*length))
                return bad_header(name, "differs from the body's length");
            continue;
        }
        // They speak of the connection, which is not the plugin's.
        if (lower == "connection" || lower == "transfer-encoding" || lower == "upgrade" ||
            lower == "keep-alive" || lower == "http2-settings" || lower.starts_with("proxy-"))
            return bad_header(name, "is not the plugin's to set");
        if (lower == "te" && lower_case(value) != "trailers")
            return bad_header(name, "may only be \"trailers\"");
        if (lower == "expect") {
            if (lower_case(value) != "100-continue")
                return bad_header(name, "may only be \"100-continue\"");
            request.is_expecting_continue = true;
            continue;
        }
        has_accept_encoding |= lower == "accept-encoding";
        has_range |= lower == "range";
        hop.headers.emplace_back(name, value);
    }
    using Unpacking = HttpRequest::Unpacking;
    if (request.method != "HEAD" && !has_accept_encoding) {
        if (request.unpacking == Unpacking::all) hop.unpacked_codings = ContentDecoder::all_codings;
        if (request.unpacking == Unpacking::as_headers_say && !has_range)
            hop.unpacked_codings = "gzip";
    }
    hop.upload = request.upload;
    hop.version = request.version;
    hop.is_expecting_continue = request.is_expecting_continue;
    hop.keeps_cookies = request.keeps_cookies;
    hop.connect_timeout = request.connect_timeout;
    hop.idle_timeout = request.idle_timeout;
    hop.end = request.end;
    hop.readiness = request.readiness;
    hop.other_origin = request.other_origin;
    hop.method = std::move(request.method);
    hop.body = std::move(request.body);
    return {};
}

/// What changes on the way from one URL to the next.
void adapt_to_redirect(HttpHop& hop, MethodRewriting rewriting, int status, bool is_same_origin) {
    bool keeps_body = status == 307 || status == 308;
    if (rewriting == MethodRewriting::as_fetch && status != 303)
        keeps_body = keeps_body || hop.method != "POST";
    if (!keeps_body) {
        if (hop.method != "HEAD") hop.method = "GET";
        hop.body.clear();
        if (hop.upload) std::exchange(hop.upload, nullptr)->abandon();
        hop.is_expecting_continue = false;
    }
    std::erase_if(hop.headers, [&](const auto& header) {
        const std::string name = lower_case(header.first);
        if (!is_same_origin && (name == "authorization" || name == "cookie")) return true;
        return !keeps_body && name.starts_with("content-");
    });
}

os::Task<std::vector<std::byte>> read_whole(HttpExchange& exchange, os::Deadline deadline) {
    std::vector<std::byte> body;
    for (std::size_t size = 0;;) {
        if (size == body.size()) body.resize(std::max(std::size_t{64} << 10, 2 * size));
        HWS_CO_TRY(const std::size_t bytes,
                   co_await exchange.read(std::span(body).subspan(size), deadline));
        if (bytes == 0) {
            body.resize(size);
            co_return body;
        }
        size += bytes;
    }
}

} // namespace

HttpClient::HttpClient(os::Loop& loop, Lookups& lookups, const Policy& policy,
                       const Limits& limits, HttpClientOptions options)
    : loop_(loop), lookups_(lookups), policy_(policy), limits_(limits),
      options_(std::move(options)), due_(loop) {}

HttpClient::~HttpClient() = default;

Result<Url> HttpClient::parse_url(std::string_view text) {
    if (last_url_ && last_url_text_ == text) return *last_url_;
    auto url = Url::parse(text);
    if (constexpr std::size_t most_kept = 2048; url && text.size() <= most_kept) {
        last_url_text_ = text;
        last_url_ = *url;
    }
    return url;
}

os::Task<std::vector<IpAddr>> HttpClient::find_proxy(os::Deadline deadline) {
    const Target& target = options_.proxy->target();
    if (const auto address = target.address()) co_return std::vector{address->ip()};
    const HostName& name = *target.name();
    if (const auto* const recent = lookups_.recent().find(name)) co_return *recent;
    HWS_CO_TRY(auto addresses, co_await lookups_.resolve(name, deadline));
    lookups_.recent().keep(name, addresses);
    co_return addresses;
}

Result<std::shared_ptr<const void>> HttpClient::hold_body(std::size_t bytes) {
    if (bytes == 0) return nullptr;
    if (bytes > limits_.http_request_bytes - std::min(*held_body_bytes_, limits_.http_request_bytes))
        return fail(Errc::no_buffers,
                    "request bodies under way beyond " +
                        std::to_string(limits_.http_request_bytes) + " bytes together");
    *held_body_bytes_ += bytes;
    return std::shared_ptr<const void>(
        nullptr, [all = held_body_bytes_, bytes](const void*) { *all -= bytes; });
}

os::Task<std::unique_ptr<HttpExchange>> HttpClient::follow(HttpRequest request,
                                                           bool is_whole_body_wanted,
                                                           os::Deadline deadline) {
    HWS_CO_TRY(Url url, parse_url(request.url));
    HttpHop hop;
    HWS_CO_CHECK(prepare(hop, request, url, limits_));
    const HttpBounds bounds{
        .header_bytes = limits_.http_header_bytes,
        .body_bytes = limits_.http_body_bytes,
        .is_streamed = !is_whole_body_wanted,
        .buffer_bytes = buffer_bytes,
        .is_redirect_followed = request.max_redirects.has_value(),
    };
    const MethodRewriting rewriting = request.method_rewriting;
    std::vector<Vetted> other_peers; // for a proxy that cannot reach the first
    for (int redirects = 0;;) {
        const Use use = url.is_https() ? Use::https : Use::http;
        const HttpTarget what{hop.method, url.path()};
        std::vector<Vetted> peers = std::exchange(other_peers, {});
        if (peers.empty()) {
            HWS_CO_TRY(peers, try_vet_http(policy_, use, url.target(), what, lookups_));
        }
        if (peers.empty()) {
            HWS_CO_TRY(peers, co_await vet_http(policy_, use, url.target(), what, lookups_, deadline));
        }
        if (!engine_) {
            HWS_CO_TRY(engine_, Engine::create(loop_, due_, limits_, options_));
        }
        std::vector<IpAddr> proxy;
        if (options_.proxy) {
            HWS_CO_TRY(proxy, co_await find_proxy(deadline));
            other_peers.assign(peers.begin() + 1, peers.end());
        }
        HWS_CO_TRY(auto transfer,
                   HttpExchange::Transfer::start(*engine_, url, std::move(hop), std::move(peers),
                                                 std::move(proxy), bounds));
        // An answer may have come already. It is told the same way as one that comes later.
        if (redirects == 0 && request.readiness && transfer->head_or_end().is_raised())
            co_await os::yield_now();
        const os::Wake head = co_await transfer->head_or_end().until(deadline);
        if (head == os::Wake::timed_out) co_return fail(Errc::timed_out, std::string(url.origin()));
        if (!transfer->has_head()) {
            if (!transfer->has_missed_peer() || other_peers.empty())
                co_return std::unexpected(*transfer->error());
            hop = transfer->take_hop();
            continue;
        }
        other_peers.clear();
        transfer->set_redirects(redirects);
        if (!transfer->next_url())
            co_return std::unique_ptr<HttpExchange>(new HttpExchange(std::move(transfer)));

        if (redirects >= *request.max_redirects)
            co_return fail(Errc::too_many_redirects, "more than " + std::to_string(redirects));
        HWS_CO_TRY(Url next, *transfer->next_url());
        // Its body is read to the end, if it has one, so that the connection can be used again; how
        // that ends does not matter.
        const os::Wake end = co_await transfer->end().until(deadline);
        if (end == os::Wake::timed_out) co_return fail(Errc::timed_out, std::string(url.origin()));
        hop = transfer->take_hop();
        adapt_to_redirect(hop, rewriting, transfer->head().status, next.has_same_origin(url));
        // What has been written is gone (Fetch: a body without a source is a network error).
        if (hop.upload)
            co_return fail(Errc::unsupported,
                           "a redirect asks for the streamed request body once more");
        url = std::move(next);
        ++redirects;
    }
}

os::Task<std::unique_ptr<HttpExchange>> HttpClient::start(HttpRequest request,
                                                          os::Deadline deadline) {
    return follow(std::move(request), false, deadline);
}

os::Task<HttpResponse> HttpClient::fetch(HttpRequest request, os::Deadline deadline) {
    HWS_CO_TRY(const std::unique_ptr<HttpExchange> exchange,
               co_await follow(std::move(request), true, deadline));
    HttpExchange::Transfer& transfer = *exchange->transfer_;
    HttpResponse response;
    if (transfer.is_packed()) {
        HWS_CO_TRY(response.body, co_await read_whole(*exchange, deadline));
    } else {
        const os::Wake end = co_await transfer.end().until(deadline);
        if (end == os::Wake::timed_out) co_return fail(Errc::timed_out, transfer.head().url);
        if (transfer.error()) co_return std::unexpected(*transfer.error());
        response.body = transfer.take_whole_body();
    }
    HttpHead head = transfer.take_head();
    response.status = head.status;
    response.headers = std::move(head.headers);
    response.url = std::move(head.url);
    co_return response;
}

} // namespace hws::host::core
