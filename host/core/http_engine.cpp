#include "core/http_engine.hpp"

#include "os/receive_budget.hpp"

#include <algorithm>
#include <mutex>

namespace hws::host::core {
namespace {

std::string_view scheme_of(HttpProxy::Kind kind) {
    switch (kind) {
    case HttpProxy::Kind::http:
        return "http://";
    case HttpProxy::Kind::https:
        return "https://";
    case HttpProxy::Kind::socks5:
        return "socks5://";
    }
    return {};
}

/// In one turn of the loop. The dearest bytes, frames of HTTP/2 that mean little, take libcurl and
/// nghttp2 30 ns each: 8 ms.
constexpr std::size_t bytes_per_turn = std::size_t{256} << 10;

} // namespace

long curl_version_of(HttpVersion version) {
    switch (version) {
    case HttpVersion::negotiated:
        return CURL_HTTP_VERSION_2TLS;
    case HttpVersion::one:
        return CURL_HTTP_VERSION_1_1;
    case HttpVersion::two_by_prior_knowledge:
        return CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE;
    }
    return CURL_HTTP_VERSION_1_1;
}

long milliseconds_of(std::chrono::nanoseconds time) {
    constexpr std::chrono::milliseconds longest = std::chrono::hours(24);
    if (time >= longest) return static_cast<long>(longest.count());
    return std::max(1L, static_cast<long>(
                            std::chrono::ceil<std::chrono::milliseconds>(time).count()));
}

Error error_of(CURLMcode code) {
    if (code == CURLM_OUT_OF_MEMORY) return Errc::out_of_memory;
    return Error(Errc::io, std::string("libcurl: ") + curl_multi_strerror(code));
}

Result<std::unique_ptr<HttpClient::Engine>>
HttpClient::Engine::create(os::Loop& loop, Due& due, const Limits& limits,
                           const HttpClientOptions& options) {
    static std::once_flag initialized;
    std::call_once(initialized, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });

    std::unique_ptr<Engine> engine(new Engine(loop, due, limits, options));
    engine->multi_ = curl_multi_init();
    if (!engine->multi_) return fail(Errc::out_of_memory, "libcurl");
    CURLM* const multi = engine->multi_;
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, &Engine::on_socket);
    curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, engine.get());
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, &Engine::on_timer);
    curl_multi_setopt(multi, CURLMOPT_TIMERDATA, engine.get());
    // An idle connection makes room for a new one, so that the pool and the exchanges together stay
    // within the one bound.
    const auto most = static_cast<long>(std::clamp<std::size_t>(limits.http_exchanges, 1, 1 << 16));
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, most);
    curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, most);
    // A connection for each exchange, over HTTP/2 too: an exchange that waits for its reader would
    // hold up the others on its connection, or have libcurl keep 32 MiB for it (curl_easy_pause(3),
    // "MULTIPLEXED").
    curl_multi_setopt(multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
    return engine;
}

HttpClient::Engine::~Engine() {
    while (!active_.empty())
        active_.back()->finish_with(Error(Errc::canceled, "the HTTP client is gone"));
    idle_.clear();
    curl_multi_cleanup(multi_);
    if (cookies_) curl_share_cleanup(cookies_);
}

CURLSH* HttpClient::Engine::cookies() {
    if (cookies_) return cookies_;
    cookies_ = curl_share_init();
    if (cookies_) curl_share_setopt(cookies_, CURLSHOPT_SHARE, CURL_LOCK_DATA_COOKIE);
    return cookies_;
}

namespace {

/// One cookie as libcurl writes it, in Netscape's form: domain, whether it counts for hosts below
/// it, path, secure, end of its life, name, value, with tabs between them.
struct CookieLine {
    std::string_view text;

    std::string_view domain() const {
        std::string_view domain = text.substr(0, text.find('\t'));
        constexpr std::string_view http_only = "#HttpOnly_";
        if (domain.starts_with(http_only)) domain.remove_prefix(http_only.size());
        if (domain.starts_with('.')) domain.remove_prefix(1);
        return domain;
    }
    /// The same cookie, which ended in 1970: setting it is the way to forget it.
    std::string ended() const {
        std::size_t end = 0;
        for (int tabs = 0; tabs < 4; ++tabs)
            end = text.find('\t', end) + 1;
        return std::string(text.substr(0, end)) + "1" + std::string(text.substr(text.find('\t', end)));
    }
};

} // namespace

void HttpClient::Engine::bound_cookies(CURL* handle, std::string_view kept_host) {
    curl_slist* lines = nullptr;
    curl_easy_getinfo(handle, CURLINFO_COOKIELIST, &lines);
    std::vector<CookieLine> cookies;
    std::size_t bytes = 0;
    for (const curl_slist* line = lines; line; line = line->next) {
        cookies.push_back({line->data});
        bytes += cookies.back().text.size();
    }
    // Which cookies go is the client's choice (RFC 6265, 6.1).
    std::ranges::partition(cookies, [&](CookieLine c) { return c.domain() != kept_host; });
    for (const CookieLine cookie : cookies) {
        if (bytes <= max_cookie_bytes_) break;
        bytes -= cookie.text.size();
        curl_easy_setopt(handle, CURLOPT_COOKIELIST, cookie.ended().c_str());
    }
    curl_slist_free_all(lines);
}

void HttpClient::Engine::set_constants(Handle& owner) {
    CURL* const handle = owner.curl;
    curl_easy_setopt(handle, CURLOPT_PRIVATE, &owner);
    curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, owner.error_text);
    curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, &Transfer::on_header);
    curl_easy_setopt(handle, CURLOPT_HEADERDATA, &owner);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &Transfer::on_body);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, &owner);
    curl_easy_setopt(handle, CURLOPT_READFUNCTION, &Transfer::on_upload);
    curl_easy_setopt(handle, CURLOPT_READDATA, &owner);
    curl_easy_setopt(handle, CURLOPT_SEEKFUNCTION, &Transfer::on_rewind);
    curl_easy_setopt(handle, CURLOPT_SEEKDATA, &owner);
    curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, &Transfer::on_open_socket);
    curl_easy_setopt(handle, CURLOPT_OPENSOCKETDATA, &owner);
    curl_easy_setopt(handle, CURLOPT_RESOLVER_START_FUNCTION, &Transfer::on_resolve);
    curl_easy_setopt(handle, CURLOPT_RESOLVER_START_DATA, &owner);
    curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, curl_version_of(owner.version));
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, milliseconds_of(owner.connect_timeout));
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L); // HttpClient follows, after vetting
    // Else a 417 is followed by the same request, with the same Expect, without end.
    curl_easy_setopt(handle, CURLOPT_MAXREDIRS, 0L);
    set_proxy(handle);
    curl_easy_setopt(handle, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
    curl_easy_setopt(handle, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    curl_easy_setopt(handle, CURLOPT_HTTP09_ALLOWED, 0L);
    curl_easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, 2L);
    const TlsOptions& tls = options_.tls;
    if (!tls.ca_file.empty()) curl_easy_setopt(handle, CURLOPT_CAINFO, tls.ca_file.c_str());
    if (!tls.certificate_file.empty()) {
        curl_easy_setopt(handle, CURLOPT_SSLCERT, tls.certificate_file.c_str());
        curl_easy_setopt(handle, CURLOPT_SSLKEY,
                         tls.key_file.empty() ? tls.certificate_file.c_str()
                                              : tls.key_file.c_str());
    }
    curl_easy_setopt(handle, CURLOPT_USERAGENT, "hws/0.1");
    curl_easy_setopt(handle, CURLOPT_BUFFERSIZE, 64L << 10);
    curl_easy_setopt(handle, CURLOPT_CLOSESOCKETFUNCTION, &Engine::on_close_socket);
    curl_easy_setopt(handle, CURLOPT_CLOSESOCKETDATA, this);
}

void HttpClient::Engine::set_proxy(CURL* handle) {
    if (!proxy()) {
        // An empty proxy switches off the variables of the environment too.
        curl_easy_setopt(handle, CURLOPT_PROXY, "");
        curl_easy_setopt(handle, CURLOPT_NOPROXY, "*");
        return;
    }
    const std::string url =
        std::string(scheme_of(proxy()->kind())) + proxy()->target().to_string();
    curl_easy_setopt(handle, CURLOPT_PROXY, url.c_str());
    curl_easy_setopt(handle, CURLOPT_PROXY_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(handle, CURLOPT_PROXY_SSL_VERIFYHOST, 2L);
    if (!options_.tls.ca_file.empty())
        curl_easy_setopt(handle, CURLOPT_PROXY_CAINFO, options_.tls.ca_file.c_str());
    curl_easy_setopt(handle, CURLOPT_NOPROXY, ""); // no exceptions, from the environment neither
    curl_easy_setopt(handle, CURLOPT_HTTPPROXYTUNNEL, 1L);
    // The plugin's headers are none of the proxy's business, nor are the proxy's the plugin's.
    curl_easy_setopt(handle, CURLOPT_HEADEROPT, static_cast<long>(CURLHEADER_SEPARATE));
    curl_easy_setopt(handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    if (proxy()->user().empty()) return;
    curl_easy_setopt(handle, CURLOPT_PROXYUSERNAME, proxy()->user().c_str());
    curl_easy_setopt(handle, CURLOPT_PROXYPASSWORD, proxy()->password().c_str());
}

Result<std::unique_ptr<HttpClient::Engine::Handle>> HttpClient::Engine::take_handle() {
    if (!idle_.empty()) {
        auto handle = std::move(idle_.back());
        idle_.pop_back();
        return handle;
    }
    CURL* const curl = curl_easy_init();
    if (!curl) return fail(Errc::out_of_memory, "libcurl");
    auto handle = std::make_unique<Handle>(curl);
    set_constants(*handle);
    return handle;
}

Result<void> HttpClient::Engine::add(Transfer& transfer) {
    if (active_.size() >= max_exchanges_)
        return fail(Errc::too_many_handles, "more than " + std::to_string(max_exchanges_) +
                                                " HTTP exchanges at once; read or close some");
    if (const CURLMcode code = curl_multi_add_handle(multi_, transfer.handle_->curl); code != CURLM_OK)
        return std::unexpected(error_of(code));
    active_.push_back(&transfer);
    drive();
    return {};
}

void HttpClient::Engine::remove(Transfer& transfer) {
    const auto found = std::ranges::find(active_, &transfer);
    if (found == active_.end()) return;
    curl_multi_remove_handle(multi_, transfer.handle_->curl);
    active_.erase(found);
}

void HttpClient::Engine::drive() {
    act(CURL_SOCKET_TIMEOUT, 0);
}

void HttpClient::Engine::run() {
    drive();
    due_.resume_now();
}

void HttpClient::Engine::on_ready(int fd, os::Ready ready) {
    act(fd, (intersects(ready, os::Ready::read) ? CURL_CSELECT_IN : 0) |
                (intersects(ready, os::Ready::write) ? CURL_CSELECT_OUT : 0));
    due_.resume_now();
}

void HttpClient::Engine::act(curl_socket_t fd, int events) {
    const os::ReceiveBudget budget(bytes_per_turn);
    int running = 0;
    curl_multi_socket_action(multi_, fd, events, &running);
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
        if (message->msg != CURLMSG_DONE) continue;
        const CURLcode code = message->data.result; // the message dies with the handle's removal
        Handle* handle = nullptr;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &handle);
        handle->transfer->finish(code);
    }
}

void HttpClient::Engine::watch(int fd, int what) {
    const os::Ready wanted = what == CURL_POLL_IN      ? os::Ready::read
                             : what == CURL_POLL_OUT   ? os::Ready::write
                             : what == CURL_POLL_INOUT ? os::Ready::both
                                                       : os::Ready::none;
    auto& watch = watches_[fd];
    if (!watch) watch = std::make_unique<os::LevelWatch>(loop_, fd, *this);
    // A socket that cannot be watched stays silent, and the request's deadline ends it.
    [[maybe_unused]] auto watched = watch->want(wanted);
}

int HttpClient::Engine::on_socket(CURL*, curl_socket_t fd, int what, void* self, void*) {
    static_cast<Engine*>(self)->watch(fd, what);
    return 0;
}

int HttpClient::Engine::on_timer(CURLM*, long wait_ms, void* self) {
    auto& engine = *static_cast<Engine*>(self);
    engine.loop_.unqueue(engine);
    engine.disarm();
    if (wait_ms == 0)
        engine.loop_.queue(engine); // not from here: this is inside libcurl
    else if (wait_ms > 0)
        engine.arm(os::deadline_after(std::chrono::milliseconds(wait_ms)));
    return 0;
}

int HttpClient::Engine::on_close_socket(void* self, curl_socket_t fd) {
    // The number may come back with the next socket: nothing may stay registered under it.
    static_cast<Engine*>(self)->watches_.erase(fd);
    os::Fd(fd).reset();
    return 0;
}

} // namespace hws::host::core
