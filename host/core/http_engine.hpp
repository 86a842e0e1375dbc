#pragma once
/// What HttpClient and HttpExchange are made of: libcurl's multi handle on the event loop, and one
/// transfer of it. Private to host/core/http_*.cpp.

#include "core/content_decoder.hpp"
#include "core/http_client.hpp"
#include "core/http_upload.hpp"
#include "core/policy.hpp"
#include "core/url.hpp"
#include "os/level_watch.hpp"
#include "os/loop.hpp"

#include <chrono>
#include <curl/curl.h>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace hws::host::core {

/// Errors of libcurl's own set-up calls.
Error error_of(CURLMcode code);
long curl_version_of(HttpVersion version);
/// Rounded up. No limit is a day: 0 would be libcurl's own five minutes.
long milliseconds_of(std::chrono::nanoseconds time);

/// A request in the form of one hop: validated, without what this code sets itself.
struct HttpHop {
    std::string method;
    HttpHeaders headers;
    std::vector<std::byte> body;
    /// Accept-Encoding, of which what comes is unpacked and its traces taken out of the headers;
    /// empty: the plugin's own, if any, and what comes is left as it is.
    std::string_view unpacked_codings;
    HttpUpload* upload = nullptr;
    HttpVersion version = HttpVersion::negotiated;
    bool is_expecting_continue = false;
    bool keeps_cookies = false;
    std::chrono::nanoseconds connect_timeout = std::chrono::nanoseconds::max();
    std::chrono::nanoseconds idle_timeout = std::chrono::nanoseconds::max();
    os::Deadline end = os::no_deadline;
    os::Readiness* readiness = nullptr;
    OtherOrigin other_origin = OtherOrigin::followed;
};

/// What a transfer may take.
struct HttpBounds {
    /// Bytes of all header lines, trailers and heads of 1xx answers included.
    std::size_t header_bytes;
    /// Whole body, unpacked; more is `too_large`. A streamed one that is not packed has no bound.
    std::size_t body_bytes;
    bool is_streamed;
    /// Unread body as it comes from the network, beyond which the server has to wait, unless the
    /// body is awaited whole. Exceeded by one chunk of libcurl's at most.
    std::size_t buffer_bytes;
    /// A redirect is going to be followed: its body is thrown away.
    bool is_redirect_followed;
};

/// The multi handle: sockets, timer, connection pool. One per HttpClient.
class HttpClient::Engine final : public os::LevelWatchOwner,
                                 private os::Timer,
                                 private os::Runnable {
public:
    using Transfer = HttpExchange::Transfer;

    /// An easy handle of libcurl, which serves one transfer after the other and is what libcurl's
    /// callbacks are given. It knows what it has been told: what is the same for every request is
    /// told once, and the rest when it changes.
    struct Handle {
        explicit Handle(CURL* owned) : curl(owned) {}
        ~Handle() { curl_easy_cleanup(curl); }
        Handle(const Handle&) = delete;
        Handle& operator=(const Handle&) = delete;

        CURL* const curl;
        Transfer* transfer = nullptr; // null while it is idle
        std::optional<Url> url;                     // what libcurl reads it from lives as long
        char error_text[CURL_ERROR_SIZE] = {};

        HttpVersion version = HttpVersion::negotiated;
        std::chrono::nanoseconds connect_timeout = std::chrono::nanoseconds::max();
        CURLSH* cookies = nullptr;
        bool has_header_lines = false;
        bool has_pins = false;
        bool is_plain_get = true; // method GET, no body
    };

    /// Errors: out_of_memory. `due` must outlive the engine.
    static Result<std::unique_ptr<Engine>> create(os::Loop& loop, Due& due, const Limits& limits,
                                                  const HttpClientOptions& options);
    /// Transfers that are still in progress end with `canceled`.
    ~Engine();

    os::Loop& loop() { return loop_; }

    /// Errors: out_of_memory.
    Result<std::unique_ptr<Handle>> take_handle();
    void give_back(std::unique_ptr<Handle> handle) { idle_.push_back(std::move(handle)); }
    const std::optional<HttpProxy>& proxy() const { return options_.proxy; }
    /// The plugin's cookies, for the handles that keep them; null if there is no memory.
    CURLSH* cookies();
    /// Forgets some of them if they are too many (Limits::http_cookie_bytes), those of `kept_host`
    /// last. `handle` keeps cookies.
    void bound_cookies(CURL* handle, std::string_view kept_host);
    /// Errors: too_many_handles (Limits::http_exchanges); those of libcurl; out_of_memory.
    Result<void> add(Transfer& transfer);
    void remove(Transfer& transfer);
    /// Lets libcurl do what it can do now. Never from inside one of its callbacks.
    void drive();

private:
    Engine(os::Loop& loop, Due& due, const Limits& limits, const HttpClientOptions& options)
        : Timer(loop), loop_(loop), due_(due), max_exchanges_(limits.http_exchanges),
          max_cookie_bytes_(limits.http_cookie_bytes), options_(options) {}
    void on_ready(int fd, os::Ready ready) override;
    void on_expiry() override { run(); }
    void run() override;
    void act(curl_socket_t fd, int events);
    void watch(int fd, int what);
    void set_constants(Handle& handle);
    void set_proxy(CURL* handle);

    static int on_socket(CURL*, curl_socket_t fd, int what, void* self, void*);
    static int on_timer(CURLM*, long wait_ms, void* self);
    static int on_close_socket(void* self, curl_socket_t fd);

    os::Loop& loop_;
    Due& due_;
    const std::size_t max_exchanges_;
    const std::size_t max_cookie_bytes_;
    HttpClientOptions options_;
    CURLM* multi_ = nullptr;
    CURLSH* cookies_ = nullptr; // made at the first use
    std::vector<std::unique_ptr<Handle>> idle_;
    std::vector<Transfer*> active_;
    std::unordered_map<int, std::unique_ptr<os::LevelWatch>> watches_;
};

/// One request and its answer on the network; no redirects here.
class HttpExchange::Transfer final : private os::Timer, private os::Runnable {
public:
    using Engine = HttpClient::Engine;
    using Handle = Engine::Handle;

    /// Begins it. `peers`: the only addresses that may be connected to; through the proxy, whose
    /// addresses are `proxy`, if there is one. Errors: those of Engine.
    static Result<std::unique_ptr<Transfer>> start(Engine& engine, const Url& url, HttpHop&& hop,
                                                   std::vector<Vetted>&& peers,
                                                   std::vector<IpAddr>&& proxy,
                                                   const HttpBounds& bounds);
    ~Transfer() override;

    const HttpHead& head() const { return head_; }
    const HttpHeaders& trailers() const { return trailers_; }
    bool has_head() const { return has_head_; }
    bool is_ended() const { return !engine_; }
    /// The proxy could not reach the first of `peers`: nothing was sent to anybody.
    bool has_missed_peer() const { return has_missed_peer_; }
    const std::optional<Error>& error() const { return error_; }
    /// Where a redirect that is to be followed points to; nothing if this is none.
    const std::optional<Result<Url>>& next_url() const { return next_url_; }
    void set_redirects(int count) { head_.redirects = count; }

    os::Event& head_or_end() { return head_or_end_; }
    os::Event& end() { return end_; }
    os::Readiness& readable() { return readable_; }

    Result<std::size_t> try_read(std::span<std::byte> into);
    /// See HttpExchange.
    std::size_t readable_bytes();
    /// All has been read, and it ended well.
    bool is_complete() const;
    /// The body has to go through try_read to become what was asked for.
    bool is_packed() const { return decoder_ != nullptr; }
    /// Of one that is not packed, after the end.
    std::vector<std::byte> take_whole_body() { return std::exchange(buffer_, {}); }
    HttpHead take_head() { return std::move(head_); }
    /// The request's body and headers, for the next hop. After the end.
    HttpHop take_hop() { return std::move(hop_); }

private:
    friend class HttpClient::Engine;
    Transfer(Engine& engine, const Url& url, HttpHop&& hop, std::vector<Vetted>&& peers,
             std::vector<IpAddr>&& proxy, const HttpBounds& bounds);
    Result<void> set_up();
    bool set_method();
    /// What names mean to libcurl, and where a proxy's tunnel goes. False: no memory.
    bool set_addresses();
    bool may_open(const SocketAddr& peer) const;
    bool is_sending_length() const;
    bool has_body() const;
    void note_progress();
    /// libcurl is done with it; the handle goes back to the engine.
    void finish(CURLcode code);
    void finish_with(std::optional<Error> error);
    Error error_of(CURLcode code) const;
    bool take_header_line(std::string_view line);
    void complete_head();
    void prepare_unpacking();
    std::string context(std::string_view detail = {}) const;

    std::size_t raw_bytes() const { return buffer_.size() - taken_bytes_; }
    void drop_raw(std::size_t bytes);
    std::size_t take_raw(std::span<std::byte> into);
    std::size_t take_unpacked(std::span<std::byte> into);
    std::size_t unpack(std::span<std::byte> into);
    void fail_body(Error error);
    void set_readable();
    /// The end, or the next moment to look whether the server still does something.
    void arm_timer();
    void on_expiry() override;
    /// Goes on with unpacking that gave others their turn; lets libcurl go on with an upload that
    /// waited for the plugin.
    void run() override;

    // `self` is the Handle.
    static std::size_t on_upload(char* into, std::size_t size, std::size_t count, void* self);
    static int on_rewind(void* self, curl_off_t offset, int origin);
    static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
    static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
    static curl_socket_t on_open_socket(void* self, curlsocktype purpose, curl_sockaddr* address);
    static int on_resolve(void* resolver_state, void* reserved, void* self);

    Engine* engine_; // null once it has ended
    std::unique_ptr<Handle> handle_; // null before the start and after the end
    HttpHop hop_;
    Url url_;
    std::vector<Vetted> peers_;
    std::vector<IpAddr> proxy_; // empty: there is none
    HttpBounds bounds_;
    curl_slist* header_lines_ = nullptr;
    curl_slist* pins_ = nullptr;
    curl_slist* tunnel_ = nullptr;

    HttpHead head_;
    HttpHeaders trailers_;
    std::optional<Result<Url>> next_url_;
    bool has_head_ = false;
    std::size_t header_bytes_ = 0;
    std::size_t body_bytes_ = 0;
    std::vector<std::byte> buffer_; // as it came from the network
    std::size_t taken_bytes_ = 0;   // of buffer_, by the reader
    std::unique_ptr<ContentDecoder> decoder_; // null: not packed, or unpacked to its end
    std::optional<Error> coding_error_;       // how it is packed, we cannot unpack
    std::optional<std::byte> ahead_; // was unpacked to see whether there is something
    bool is_unpacking_unfinished_ = false;
    bool sets_cookies_ = false;
    bool has_missed_peer_ = false;
    bool is_handle_spoiled_ = false; // cannot be used again
    bool is_paused_ = false;
    bool is_upload_paused_ = false;
    os::Deadline last_progress_{};
    std::optional<Error> refusal_;         // why a callback of ours stopped libcurl
    std::optional<Error> connect_refusal_; // the same of the last address that was not connected to
    std::optional<Error> error_;

    os::Event head_or_end_;
    os::Event end_;
    os::Readiness readable_;
};

} // namespace hws::host::core
