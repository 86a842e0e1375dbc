#pragma once
/// HTTP for one plugin, by libcurl on the event loop: HTTP/1.1 and 2, keep-alive, verified TLS. Its
/// connections belong to this plugin alone; there are no cookies, no stored credentials, no proxies
/// and nothing from the environment.
///
/// libcurl resolves nothing: each request, and each hop of a redirect, goes through `vet` and is
/// pinned to the addresses that passed; the callback that opens sockets refuses every other one.

#include "core/http_exchange.hpp"
#include "core/limits.hpp"
#include "core/policy.hpp"
#include "core/tls_options.hpp"
#include "os/loop.hpp"
#include "os/task.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace hws::host::core {

class Resolver;

struct HttpResponse {
    int status = 0;
    HttpHeaders headers; ///< in order of arrival; of a redirect chain, those of the last answer
    std::vector<std::byte> body;
    std::string url; ///< where it came from, after redirects
};

struct HttpClientOptions {
    TlsOptions tls{};
};

/// Loop thread only. Tasks of a client must end before it does; exchanges may outlive it.
class HttpClient {
public:
    /// Exchanges in progress at once, and connections kept for reuse. Bounds the sockets that a
    /// plugin holds here; the next request waits for its turn.
    static constexpr std::size_t max_exchanges = 8;

    /// Allocates next to nothing before the first request. What is passed must outlive the client.
    HttpClient(os::Loop& loop, Resolver& resolver, const Policy& policy, const Limits& limits,
               HttpClientOptions options = {});
    ~HttpClient();
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;

    /// Sends a request, follows redirects, and gives the whole answer. An HTTP status such as 404
    /// is an answer. As Go's client does, it asks for gzip and unpacks it (Content-Encoding and
    /// Content-Length are then taken out of the headers), unless the request has Accept-Encoding or
    /// Range. On a redirect to another origin Authorization and Cookie are dropped; 301, 302 and
    /// 303 turn every method but GET and HEAD into GET. Errors: denied, bad_url, bad_name,
    /// invalid_argument (method or header; the text names it), name_not_found, resolver_failed,
    /// refused, host_unreachable, network_unreachable, timed_out, reset, tls_failed, protocol,
    /// too_many_redirects, too_large (see Limits).
    os::Task<HttpResponse> fetch(HttpRequest request, os::Deadline deadline);

    /// The same up to the head; the body is then read from the exchange, whatever its size. The
    /// deadline counts until the head has come. Errors: as fetch.
    os::Task<std::unique_ptr<HttpExchange>> start(HttpRequest request, os::Deadline deadline);

    os::Loop& loop() { return loop_; }

    /// Room for a request's body that is held while its exchange lives; given back when the last
    /// copy is destroyed, which may be after the client. Errors: no_buffers, when the bodies
    /// together exceed Limits::http_request_bytes.
    Result<std::shared_ptr<const void>> hold_body(std::size_t bytes);

private:
    friend class HttpExchange;
    class Engine;
    os::Task<std::unique_ptr<HttpExchange>> follow(HttpRequest request, bool is_whole_body_wanted,
                                                   os::Deadline deadline);

    os::Loop& loop_;
    Resolver& resolver_;
    const Policy& policy_;
    const Limits& limits_;
    HttpClientOptions options_;
    std::unique_ptr<Engine> engine_; // null before the first request
    std::shared_ptr<std::size_t> held_body_bytes_ = std::make_shared<std::size_t>(0);
};

} // namespace hws::host::core
