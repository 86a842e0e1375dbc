#pragma once
/// HTTP for one plugin, by libcurl on the event loop: HTTP/1.1 and 2, keep-alive, verified TLS. Its
/// connections belong to this plugin alone; there are no cookies, no stored credentials, no proxy
/// but the host's and nothing from the environment.
///
/// libcurl resolves nothing: each request, and each hop of a redirect, goes through `vet` and is
/// pinned to the addresses that passed; the callback that opens sockets refuses every other one.

#include "core/http_exchange.hpp"
#include "core/http_proxy.hpp"
#include "core/limits.hpp"
#include "core/policy.hpp"
#include "core/tls_options.hpp"
#include "core/url.hpp"
#include "os/loop.hpp"
#include "os/task.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace hws::host::core {

class Lookups;

struct HttpResponse {
    int status = 0;
    HttpHeaders headers; ///< in order of arrival; of a redirect chain, those of the last answer
    std::vector<std::byte> body;
    std::string url; ///< where it came from, after redirects
};

struct HttpClientOptions {
    TlsOptions tls{};
    std::optional<HttpProxy> proxy{};
};

/// Loop thread only. Tasks of a client must end before it does; exchanges may outlive it.
class HttpClient {
public:
    /// Allocates next to nothing before the first request. What is passed must outlive the client.
    HttpClient(os::Loop& loop, Lookups& lookups, const Policy& policy, const Limits& limits,
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
    /// too_many_redirects, too_large, too_many_handles, rate_limited (see Limits).
    os::Task<HttpResponse> fetch(HttpRequest request, os::Deadline deadline);

    /// The same up to the head; the body is then read from the exchange, whatever its size. The
    /// deadline counts until the head has come. Errors: as fetch.
    os::Task<std::unique_ptr<HttpExchange>> start(HttpRequest request, os::Deadline deadline);

    os::Loop& loop() { return loop_; }
    /// Resumes whoever waits for an exchange as soon as libcurl has returned, instead of in the
    /// loop's next round. For tasks that only tell others to go on. It goes with the client.
    os::Executor& executor() { return due_; }

    /// Room for a request's body that is held while its exchange lives; given back when the last
    /// copy is destroyed, which may be after the client. Errors: no_buffers, when the bodies
    /// together exceed Limits::http_request_bytes.
    Result<std::shared_ptr<const void>> hold_body(std::size_t bytes);

private:
    friend class HttpExchange;
    class Engine;
    os::Task<std::unique_ptr<HttpExchange>> follow(HttpRequest request, bool is_whole_body_wanted,
                                                   os::Deadline deadline);

    /// Tasks to be resumed: by the engine, or by the loop in its next round, whoever is first.
    class Due final : public os::Executor, private os::Runnable {
    public:
        explicit Due(os::Loop& loop) : loop_(loop) {}
        void resume_soon(os::Resumption& resumption) override {
            tasks_.add(resumption);
            loop_.queue(*this);
        }
        void resume_now() {
            if (tasks_.is_empty()) return;
            loop_.unqueue(*this);
            run();
        }

    private:
        void run() override { tasks_.run_once(); }
        os::Loop& loop_;
        os::RunQueue tasks_;
    };

    /// The proxy's addresses.
    os::Task<std::vector<IpAddr>> find_proxy(os::Deadline deadline);
    /// As Url::parse; the last one is kept, since requests repeat.
    Result<Url> parse_url(std::string_view text);

    os::Loop& loop_;
    Lookups& lookups_;
    const Policy& policy_;
    const Limits& limits_;
    HttpClientOptions options_;
    Due due_;
    std::string last_url_text_;
    std::optional<Url> last_url_;
    std::unique_ptr<Engine> engine_; // null before the first request
    std::shared_ptr<std::size_t> held_body_bytes_ = std::make_shared<std::size_t>(0);
};

} // namespace hws::host::core
