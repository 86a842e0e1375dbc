#include "core/http_exchange.hpp"

#include "core/http_engine.hpp"
#include "core/http_syntax.hpp"
#include "os/socket.hpp"
#include "os/socket_address.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <iterator>

namespace hws::host::core {
namespace {

/// A redirect's body is read so that the connection can be used again, but not for longer than a
/// new connection would cost.
constexpr std::size_t max_redirect_body_bytes = std::size_t{64} << 10;

/// A Content-Length; nothing if it is none, or none that a body can have.
std::optional<std::uint64_t> parse_length(std::string_view text) {
    std::int64_t length = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
    if (error != std::errc() || end != text.data() + text.size() || text.front() == '-') return {};
    return static_cast<std::uint64_t>(length);
}

bool is_redirect(int status) {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/// curl_slist_append that keeps the list when memory is short.
bool append_line(curl_slist*& list, const std::string& line) {
    curl_slist* const longer = curl_slist_append(list, line.c_str());
    if (longer) list = longer;
    return longer;
}

} // namespace

HttpExchange::Transfer::Transfer(Engine& engine, const Url& url, HttpHop&& hop,
                                 std::vector<Vetted>&& peers, std::vector<IpAddr>&& proxy,
                                 const HttpBounds& bounds)
    : Timer(engine.loop()), engine_(&engine), hop_(std::move(hop)), url_(url),
      peers_(std::move(peers)), proxy_(std::move(proxy)), bounds_(bounds), head_or_end_(engine.loop()), end_(engine.loop()),
      readable_(engine.loop(), os::Ready::none) {}

HttpExchange::Transfer::~Transfer() {
    if (engine_) finish_with(Error(Errc::canceled));
}

Result<std::unique_ptr<HttpExchange::Transfer>>
HttpExchange::Transfer::start(Engine& engine, const Url& url, HttpHop&& hop,
                              std::vector<Vetted>&& peers, std::vector<IpAddr>&& proxy,
                              const HttpBounds& bounds) {
    std::unique_ptr<Transfer> transfer(new Transfer(engine, url, std::move(hop), std::move(peers),
                                                    std::move(proxy), bounds));
    HWS_TRY(transfer->handle_, engine.take_handle());
    HWS_CHECK(transfer->set_up());
    HWS_CHECK(engine.add(*transfer));
    if (transfer->hop_.idle_timeout != std::chrono::nanoseconds::max())
        transfer->last_progress_ = os::Clock::now();
    transfer->arm_timer();
    return transfer;
}

Result<void> HttpExchange::Transfer::set_up() {
    Handle& handle = *handle_;
    CURL* const curl = handle.curl;
    bool has_memory = true;
    handle.transfer = this;
    handle.url = url_;
    handle.error_text[0] = '\0';
    curl_easy_setopt(curl, CURLOPT_CURLU, url_.curl_handle());
    if (handle.version != hop_.version) {
        handle.version = hop_.version;
        curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, curl_version_of(hop_.version));
    }
    if (handle.connect_timeout != hop_.connect_timeout) {
        handle.connect_timeout = hop_.connect_timeout;
        curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, milliseconds_of(hop_.connect_timeout));
    }
    // Without the share the handle has neither cookies nor a memory of any.
    CURLSH* const cookies = hop_.keeps_cookies ? engine_->cookies() : nullptr;
    has_memory &= !hop_.keeps_cookies || cookies;
    if (handle.cookies != cookies) {
        handle.cookies = cookies;
        curl_easy_setopt(curl, CURLOPT_SHARE, cookies);
        // An empty name switches them on and reads none; null switches them off again.
        curl_easy_setopt(curl, CURLOPT_COOKIEFILE, cookies ? "" : nullptr);
    }

    has_memory &= set_addresses();

    // libcurl, which would unpack before it can be told to wait, is not asked for it.
    if (!hop_.unpacked_codings.empty())
        has_memory &= append_line(header_lines_,
                                  "Accept-Encoding: " + std::string(hop_.unpacked_codings));
    bool has_content_type = false;
    for (const auto& [name, value] : hop_.headers) {
        has_content_type |= equals_no_case(name, "Content-Type");
        // "Name;" is libcurl's way to say an empty value.
        has_memory &= append_line(header_lines_, value.empty() ? name + ";" : name + ": " + value);
    }
    if (has_body()) {
        // Neither a made-up type nor a second's wait for "100 Continue" that nobody asked for.
        if (!has_content_type) has_memory &= append_line(header_lines_, "Content-Type:");
        has_memory &= append_line(header_lines_, hop_.is_expecting_continue
                                                     ? "Expect: 100-continue"
                                                     : "Expect:");
    }
    if (header_lines_) {
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, header_lines_);
        handle.has_header_lines = true;
    }
    const bool is_plain_get = hop_.method == "GET" && !has_body();
    if (!is_plain_get || !handle.is_plain_get) has_memory &= set_method();
    handle.is_plain_get = is_plain_get;
    if (!has_memory) return fail(Errc::out_of_memory, "libcurl");
    return {};
}

bool HttpExchange::Transfer::set_addresses() {
    CURL* const curl = handle_->curl;
    const auto host_text = [](const IpAddr& ip) {
        return ip.is_ipv6() ? "[" + ip.to_string() + "]" : ip.to_string();
    };
    const Target& target = engine_->proxy() ? engine_->proxy()->target() : url_.target();
    bool has_memory = true;
    // libcurl finds the name in its cache and never resolves. The leading + lets the entry expire,
    // so that the cache does not grow with every name a plugin has ever asked for; this transfer
    // takes it out at once.
    if (const HostName* const name = target.name()) {
        std::string pin = "+" + name->text() + ":" + std::to_string(target.port) + ":";
        const auto append = [&](const IpAddr& ip) {
            if (pin.back() != ':') pin += ',';
            pin += host_text(ip);
        };
        if (engine_->proxy())
            std::ranges::for_each(proxy_, append);
        else
            for (const Vetted& peer : peers_)
                append(peer.address().ip());
        has_memory &= append_line(pins_, pin);
        curl_easy_setopt(curl, CURLOPT_RESOLVE, pins_);
        handle_->has_pins = true;
    }
    if (engine_->proxy()) {
        const SocketAddr& peer = peers_.front().address();
        has_memory &= append_line(tunnel_, "::" + host_text(peer.ip()) + ":" +
                                               std::to_string(peer.port()));
        curl_easy_setopt(curl, CURLOPT_CONNECT_TO, tunnel_);
    }
    return has_memory;
}

bool HttpExchange::Transfer::may_open(const SocketAddr& peer) const {
    if (const auto& proxy = engine_->proxy())
        return peer.port() == proxy->target().port &&
               std::ranges::find(proxy_, peer.ip()) != proxy_.end();
    return std::ranges::any_of(peers_, [&](const Vetted& vetted) {
        return vetted.address().ip() == peer.ip() && vetted.address().port() == peer.port();
    });
}

bool HttpExchange::Transfer::is_sending_length() const {
    return !hop_.body.empty() || hop_.method == "POST" || hop_.method == "PUT" ||
           hop_.method == "PATCH";
}

bool HttpExchange::Transfer::has_body() const {
    return hop_.upload || is_sending_length();
}

bool HttpExchange::Transfer::set_method() {
    CURL* const curl = handle_->curl;
    curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L); // takes back HEAD and POST of the request before
    const char* own_method = nullptr;
    if (hop_.upload) {
        curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
        const auto length = hop_.upload->length();
        curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE,
                         length ? static_cast<curl_off_t>(*length) : curl_off_t{-1});
        if (hop_.method != "PUT") own_method = hop_.method.c_str();
        hop_.upload->set_reader([this] {
            if (is_upload_paused_) engine_->loop().queue(*this);
        });
    } else if (is_sending_length()) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                         static_cast<curl_off_t>(hop_.body.size()));
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS,
                         hop_.body.empty() ? "" : reinterpret_cast<const char*>(hop_.body.data()));
        if (hop_.method != "POST") own_method = hop_.method.c_str();
    } else if (hop_.method == "HEAD") {
        curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    } else if (hop_.method != "GET") {
        own_method = hop_.method.c_str();
    }
    return curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, own_method) == CURLE_OK;
}

void HttpExchange::Transfer::finish(CURLcode code) {
    if (code == CURLE_TOO_MANY_REDIRECTS) {
        // It wanted to repeat the request without Expect after a 417, and would do without on this
        // handle for ever.
        code = CURLE_OK;
        is_handle_spoiled_ = true;
    }
    if (code == CURLE_OK && has_head_) return finish_with({});
    if (code == CURLE_COULDNT_CONNECT) {
        // 500 and more: what RFC 9110 has for a gateway that fails. A refusal holds for all.
        long answer = 0;
        curl_easy_getinfo(handle_->curl, CURLINFO_HTTP_CONNECTCODE, &answer);
        has_missed_peer_ = answer >= 500;
    }
    has_missed_peer_ |= code == CURLE_PROXY;
    if (refusal_) return finish_with(std::move(refusal_));
    if (connect_refusal_ && code == CURLE_COULDNT_CONNECT)
        return finish_with(std::move(connect_refusal_));
    if (code == CURLE_OK) return finish_with(Error(Errc::protocol, context("no response")));
    finish_with(error_of(code));
}

void HttpExchange::Transfer::finish_with(std::optional<Error> error) {
    error_ = std::move(error);
    Engine& engine = *std::exchange(engine_, nullptr);
    if (handle_) {
        engine.remove(*this);
        CURL* const curl = handle_->curl;
        if (sets_cookies_) engine.bound_cookies(curl, url_.host());
        // Nothing in the handle may point here once this is gone.
        handle_->transfer = nullptr;
        if (!handle_->is_plain_get) curl_easy_setopt(curl, CURLOPT_POSTFIELDS, nullptr);
        if (std::exchange(handle_->has_header_lines, false))
            curl_easy_setopt(curl, CURLOPT_HTTPHEADER, nullptr);
        if (std::exchange(handle_->has_pins, false))
            curl_easy_setopt(curl, CURLOPT_RESOLVE, nullptr);
        if (tunnel_) curl_easy_setopt(curl, CURLOPT_CONNECT_TO, nullptr);
        // A handle counts the kept connections that died under its requests, never forgets one, and
        // refuses to go on after five. Which is no loss where a connection had to be opened.
        long opened_connections = 0;
        curl_easy_getinfo(curl, CURLINFO_NUM_CONNECTS, &opened_connections);
        if (is_handle_spoiled_ || opened_connections > 0)
            handle_.reset();
        else
            engine.give_back(std::move(handle_));
    }
    curl_slist_free_all(std::exchange(header_lines_, nullptr));
    curl_slist_free_all(std::exchange(pins_, nullptr));
    curl_slist_free_all(std::exchange(tunnel_, nullptr));
    Timer::disarm();
    engine.loop().unqueue(*this);
    if (hop_.upload) hop_.upload->set_reader(nullptr);
    // A redirect, or another peer, may yet go on with what nobody has taken.
    if (hop_.upload && !next_url_ && !has_missed_peer_) hop_.upload->abandon();
    head_or_end_.raise();
    end_.raise();
    set_readable();
}

void HttpExchange::Transfer::set_readable() {
    readable_.set(os::Ready::read);
    // A head that is on its way to another URL is none.
    if (hop_.readiness && has_head_ && !next_url_) hop_.readiness->set(os::Ready::read);
}

void HttpExchange::Transfer::note_progress() {
    if (hop_.idle_timeout != std::chrono::nanoseconds::max()) last_progress_ = os::Clock::now();
}

void HttpExchange::Transfer::arm_timer() {
    os::Deadline next = hop_.end;
    if (hop_.idle_timeout != std::chrono::nanoseconds::max() &&
        hop_.idle_timeout < os::no_deadline - last_progress_)
        next = std::min(next, last_progress_ + hop_.idle_timeout);
    Timer::arm(next);
}

void HttpExchange::Transfer::on_expiry() {
    const os::Deadline now = os::Clock::now();
    if (now >= hop_.end) return finish_with(Error(Errc::timed_out, context("all together")));
    // While the plugin is waited for, the server may be silent.
    const bool is_plugins_turn = is_paused_ || (is_upload_paused_ && !has_head_);
    if (is_plugins_turn) last_progress_ = now;
    if (now - last_progress_ >= hop_.idle_timeout)
        return finish_with(Error(Errc::timed_out, context("the server was silent for too long")));
    arm_timer();
}

void HttpExchange::Transfer::run() {
    if (std::exchange(is_unpacking_unfinished_, false)) set_readable();
    if (!engine_ || !is_upload_paused_) return;
    is_upload_paused_ = false;
    curl_easy_pause(handle_->curl, is_paused_ ? CURLPAUSE_RECV : CURLPAUSE_CONT);
    engine_->drive();
}

std::string HttpExchange::Transfer::context(std::string_view detail) const {
    std::string text = hop_.method;
    text.append(" ").append(url_.origin());
    if (!detail.empty()) text.append(" (").append(detail).append(")");
    return text;
}

Error HttpExchange::Transfer::error_of(CURLcode code) const {
    const std::string_view why =
        handle_->error_text[0] ? handle_->error_text : curl_easy_strerror(code);
    const std::string text = context(why);
    long system_error = 0;
    curl_easy_getinfo(handle_->curl, CURLINFO_OS_ERRNO, &system_error);
    switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
        return Error(Errc::timed_out, text);
    case CURLE_COULDNT_CONNECT: {
        if (long answer = 0;
            curl_easy_getinfo(handle_->curl, CURLINFO_HTTP_CONNECTCODE, &answer) == CURLE_OK &&
            answer >= 300)
            return Error(Errc::refused,
                         context("the proxy answers " + std::to_string(answer)));
        const Errc errc =
            system_error ? os::errc_of(static_cast<int>(system_error)) : Errc::refused;
        // The kernel's own EACCES must not look like our policy's `denied`.
        return Error(errc == Errc::denied ? Errc::not_permitted : errc, text);
    }
    case CURLE_PROXY: // SOCKS
        return Error(Errc::refused, text);
    case CURLE_TOO_LARGE: // a line of the head or a trailer
        return Error(Errc::too_large, text);
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_BAD_FUNCTION_ARGUMENT:
        // The codes for malformed chunks are the same; only the text tells.
        if (why.find("chunk") != why.npos) return Error(Errc::protocol, text);
        if (const Errc errc = os::errc_of(static_cast<int>(system_error));
            system_error && errc != Errc::io && errc != Errc::broken_pipe &&
            errc != Errc::would_block)
            return Error(errc, text);
        return Error(Errc::reset, text);
    case CURLE_SEND_FAIL_REWIND: // the connection was closed with the streamed body half sent
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
        return Error(Errc::reset, text);
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_CLIENTCERT:
    case CURLE_SSL_ENGINE_INITFAILED:
    case CURLE_USE_SSL_FAILED:
        return Error(Errc::tls_failed, text);
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return Error(Errc::resolver_failed, text);
    case CURLE_URL_MALFORMAT:
        return Error(Errc::bad_url, text);
    case CURLE_OUT_OF_MEMORY:
        return Error(Errc::out_of_memory, text);
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL: // what a server that answers in HTTP/0.9 leads to
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
    case CURLE_CHUNK_FAILED:
        return Error(Errc::protocol, text);
    default:
        return Error(Errc::io, text);
    }
}

// --- what libcurl calls: nothing here resumes a coroutine or calls libcurl, it only notes and
// wakes ---

std::size_t HttpExchange::Transfer::on_header(char* data, std::size_t size, std::size_t count,
                                              void* self) {
    auto& transfer = *static_cast<Handle*>(self)->transfer;
    const std::size_t bytes = size * count;
    return transfer.take_header_line({data, bytes}) ? bytes : 0;
}

bool HttpExchange::Transfer::take_header_line(std::string_view line) {
    header_bytes_ += line.size();
    note_progress();
    if (header_bytes_ > bounds_.header_bytes) {
        refusal_ = Error(Errc::too_large, context("response header beyond " +
                                                  std::to_string(bounds_.header_bytes) + " bytes"));
        return false;
    }
    if (!line.ends_with('\n')) { // libcurl takes the end of the connection for that of the line
        refusal_ = Error(Errc::reset, context("the connection ended within a line of the head"));
        return false;
    }
    while (!line.empty() && (line.back() == '\r' || line.back() == '\n'))
        line.remove_suffix(1);
    if (line.empty()) {
        if (!has_head_) complete_head();
        return true;
    }
    HttpHeaders& headers = has_head_ ? trailers_ : head_.headers;
    if (!has_head_ && line.starts_with("HTTP/")) {
        headers.reserve(16); // a moved pair is four times as dear as one that stays
        return true;
    }
    if (line.front() == ' ' || line.front() == '\t') {
        // A folded line (RFC 9112, 5.2) belongs to the one before.
        if (!headers.empty()) headers.back().second.append(" ").append(trim(line));
        return true;
    }
    const std::size_t colon = line.find(':');
    if (colon == line.npos) return true; // libcurl tolerates it, and it says nothing
    const std::string_view name = trim(line.substr(0, colon));
    const std::string_view value = trim(line.substr(colon + 1));
    const auto refuse = [&](std::string_view why) {
        refusal_ = Error(Errc::protocol, context(why));
        return false;
    };
    // libcurl would unpack it, and keep up to 64 MiB of that while it is to wait.
    if (equals_no_case(name, "Transfer-Encoding") && !equals_no_case(value, "chunked") &&
        !equals_no_case(value, "identity"))
        return refuse("a transfer coding that nobody asked for");
    if (!has_head_ && equals_no_case(name, "Content-Length")) {
        // libcurl reads "5 6" and "+5" as 5, takes the last of several, and 2^63 for none; who cuts
        // a body elsewhere than others do is who requests are smuggled past (RFC 9112, 6.3).
        if (!parse_length(value)) return refuse("Content-Length is no number");
        for (const auto& [other_name, other_value] : headers)
            if (equals_no_case(other_name, name) && other_value != value)
                return refuse("two lengths that contradict each other");
    }
    headers.emplace_back(name, value);
    sets_cookies_ |= hop_.keeps_cookies && equals_no_case(name, "Set-Cookie");
    return true;
}

void HttpExchange::Transfer::complete_head() {
    long status = 0;
    long version = 0;
    curl_easy_getinfo(handle_->curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(handle_->curl, CURLINFO_HTTP_VERSION, &version);
    if (status < 200) {
        head_.informational.emplace_back(":status", std::to_string(status));
        std::ranges::move(head_.headers, std::back_inserter(head_.informational));
        head_.headers.clear();
        return;
    }
    has_head_ = true;
    head_.status = static_cast<int>(status);
    head_.version = version == CURL_HTTP_VERSION_1_0   ? 10
                    : version == CURL_HTTP_VERSION_1_1 ? 11
                                                       : 20;
    head_.url = url_.text();
    bool is_chunked = false;
    for (const auto& [name, value] : head_.headers) {
        if (equals_no_case(name, "Content-Length")) head_.body_bytes = parse_length(value);
        is_chunked |= equals_no_case(name, "Transfer-Encoding") && equals_no_case(value, "chunked");
    }
    if (is_chunked) head_.body_bytes.reset(); // which overrides the length (RFC 9112, 6.3)
    if (bounds_.is_redirect_followed && is_redirect(head_.status)) {
        for (const auto& [name, value] : head_.headers) {
            if (!equals_no_case(name, "Location") || value.empty()) continue;
            auto next = url_.resolve(value);
            if (hop_.other_origin == OtherOrigin::followed || !next || next->has_same_origin(url_))
                next_url_ = std::move(next);
            break;
        }
    }
    if (!hop_.unpacked_codings.empty()) prepare_unpacking();
    head_or_end_.raise();
}

void HttpExchange::Transfer::prepare_unpacking() {
    std::vector<std::string_view> codings;
    for (const auto& [name, value] : head_.headers)
        if (equals_no_case(name, "Content-Encoding")) codings.push_back(value);
    auto decoder = ContentDecoder::create(codings, bounds_.body_bytes);
    if (decoder && !*decoder) return;
    if (decoder)
        decoder_ = *std::move(decoder);
    else
        coding_error_ = Error(decoder.error().code(), context(decoder.error().context()));
    head_.body_bytes.reset();
    std::erase_if(head_.headers, [](const auto& header) {
        return equals_no_case(header.first, "Content-Encoding") ||
               equals_no_case(header.first, "Content-Length");
    });
}

std::size_t HttpExchange::Transfer::on_upload(char* into, std::size_t size, std::size_t count,
                                              void* self) {
    auto& transfer = *static_cast<Handle*>(self)->transfer;
    HttpUpload& upload = *transfer.hop_.upload;
    transfer.note_progress();
    const std::size_t bytes = upload.take({reinterpret_cast<std::byte*>(into), size * count});
    if (bytes > 0) return bytes;
    if (upload.is_cut_short()) {
        transfer.refusal_ =
            Error(Errc::invalid_argument,
                  transfer.context("the request's body is shorter than was announced"));
        return CURL_READFUNC_ABORT;
    }
    if (upload.is_finished()) return 0;
    transfer.is_upload_paused_ = true;
    return CURL_READFUNC_PAUSE;
}

int HttpExchange::Transfer::on_rewind(void* self, curl_off_t offset, int origin) {
    // A kept connection was found dead. Of a body that is still all here nothing is lost.
    const bool is_possible = offset == 0 && origin == SEEK_SET &&
                             !static_cast<Handle*>(self)->transfer->hop_.upload->is_begun();
    return is_possible ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL;
}

std::size_t HttpExchange::Transfer::on_body(char* data, std::size_t size, std::size_t count,
                                            void* self) {
    auto& transfer = *static_cast<Handle*>(self)->transfer;
    const std::size_t bytes = size * count;
    transfer.note_progress();
    if (transfer.next_url_) {
        transfer.body_bytes_ += bytes;
        return transfer.body_bytes_ > max_redirect_body_bytes ? 0 : bytes;
    }
    // libcurl, which would repeat the request, gives of this body what it happens to have.
    if (transfer.hop_.is_expecting_continue && transfer.head_.status == 417) return bytes;
    if (transfer.coding_error_) {
        transfer.refusal_ = std::move(transfer.coding_error_);
        return 0;
    }
    const bool is_streamed = transfer.bounds_.is_streamed || transfer.decoder_;
    if (is_streamed && transfer.raw_bytes() >= transfer.bounds_.buffer_bytes) {
        transfer.is_paused_ = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    transfer.body_bytes_ += bytes;
    if (!transfer.bounds_.is_streamed && transfer.body_bytes_ > transfer.bounds_.body_bytes) {
        transfer.refusal_ =
            Error(Errc::too_large,
                  transfer.context("response body beyond " +
                                   std::to_string(transfer.bounds_.body_bytes) + " bytes"));
        return 0;
    }
    const auto* const first = reinterpret_cast<const std::byte*>(data);
    transfer.buffer_.insert(transfer.buffer_.end(), first, first + bytes);
    transfer.set_readable();
    return bytes;
}

curl_socket_t HttpExchange::Transfer::on_open_socket(void* self, curlsocktype,
                                                     curl_sockaddr* address) {
    auto& transfer = *static_cast<Handle*>(self)->transfer;
    const auto peer = os::from_native(&address->addr, address->addrlen);
    if (!peer || !transfer.may_open(*peer)) {
        transfer.connect_refusal_ =
            Error(Errc::denied,
                  transfer.context("an address that was not vetted: " +
                                   (peer ? peer->to_string() : std::string("no IP address"))));
        return CURL_SOCKET_BAD;
    }
    auto socket = os::open_socket(os::Transport::tcp, peer->ip());
    if (!socket) {
        // libcurl goes on to the next address; if none is left, this is why.
        transfer.connect_refusal_ = std::move(socket).error().with_context(transfer.context());
        return CURL_SOCKET_BAD;
    }
    return socket->release();
}

int HttpExchange::Transfer::on_resolve(void*, void*, void* self) {
    // Literal addresses come here too. A name only would if its pin were missing: then nothing may
    // be asked of anybody.
    const Transfer& transfer = *static_cast<Handle*>(self)->transfer;
    const auto& proxy = transfer.engine_->proxy();
    return (proxy ? proxy->target() : transfer.url_.target()).name() ? 1 : 0;
}

// --- reading ---

Result<std::size_t> HttpExchange::Transfer::try_read(std::span<std::byte> into) {
    if (into.empty()) return std::size_t{0};
    const std::size_t bytes = decoder_ || ahead_ ? take_unpacked(into) : take_raw(into);
    if (bytes > 0) {
        // A decoder may hold more than it had room for.
        if (!decoder_ && raw_bytes() == 0 && engine_) readable_.clear(os::Ready::read);
        return bytes;
    }
    if (is_ended() && !decoder_) {
        if (error_) return std::unexpected(*error_);
        return std::size_t{0};
    }
    readable_.clear(os::Ready::read);
    return fail(Errc::would_block);
}

std::size_t HttpExchange::Transfer::take_raw(std::span<std::byte> into) {
    const std::size_t bytes = std::min(into.size(), raw_bytes());
    if (bytes == 0) return 0;
    std::memcpy(into.data(), buffer_.data() + taken_bytes_, bytes);
    drop_raw(bytes);
    return bytes;
}

void HttpExchange::Transfer::drop_raw(std::size_t bytes) {
    taken_bytes_ += bytes;
    if (taken_bytes_ >= raw_bytes()) {
        // At least as much is dropped as is moved, so that reading stays linear.
        buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(taken_bytes_));
        taken_bytes_ = 0;
    }
    // Half empty is soon enough: going on at every byte would make libcurl copy small pieces.
    if (engine_ && is_paused_ && raw_bytes() <= bounds_.buffer_bytes / 2) {
        is_paused_ = false;
        // May call on_body from inside.
        curl_easy_pause(handle_->curl, is_upload_paused_ ? CURLPAUSE_SEND : CURLPAUSE_CONT);
        engine_->drive();
    }
}

std::size_t HttpExchange::Transfer::take_unpacked(std::span<std::byte> into) {
    if (!ahead_) return unpack(into);
    into.front() = *std::exchange(ahead_, {});
    return into.size() == 1 ? 1 : 1 + unpack(into.subspan(1));
}

/// 0: nothing can be had now; or that was all, or it went wrong, and there is no decoder any more.
std::size_t HttpExchange::Transfer::unpack(std::span<std::byte> into) {
    while (decoder_) {
        const auto step = decoder_->decode(std::span(buffer_).subspan(taken_bytes_), into);
        if (!step) {
            fail_body(Error(step.error().code(), context(step.error().context())));
            return 0;
        }
        drop_raw(step->taken);
        if (step->made > 0) return step->made;
        if (step->is_unfinished) {
            is_unpacking_unfinished_ = true;
            readable_.loop().queue(*this);
            return 0;
        }
        if (raw_bytes() > 0) continue; // come meanwhile
        if (!is_ended()) return 0;
        // Why the rest did not come says more than that it is missing.
        if (auto whole = decoder_->check_end(); !whole && !error_)
            error_ = Error(whole.error().code(), context(whole.error().context()));
        decoder_.reset();
    }
    return 0;
}

/// What is left of the body is of no use.
void HttpExchange::Transfer::fail_body(Error error) {
    decoder_.reset();
    buffer_ = {};
    taken_bytes_ = 0;
    if (engine_)
        finish_with(std::move(error));
    else
        error_ = std::move(error);
}

std::size_t HttpExchange::Transfer::readable_bytes() {
    // One byte tells that reading will not answer would_block.
    if (decoder_ && !ahead_)
        if (std::byte next{}; unpack({&next, 1}) > 0) ahead_ = next;
    return (ahead_ ? 1 : 0) + (decoder_ ? 0 : raw_bytes());
}

bool HttpExchange::Transfer::is_complete() const {
    return is_ended() && !error_ && !decoder_ && !ahead_ && raw_bytes() == 0;
}

HttpExchange::HttpExchange(std::unique_ptr<Transfer> transfer) : transfer_(std::move(transfer)) {}
HttpExchange::~HttpExchange() = default;

const HttpHead& HttpExchange::head() const {
    return transfer_->head();
}
const HttpHeaders& HttpExchange::trailers() const {
    return transfer_->trailers();
}
std::size_t HttpExchange::readable_bytes() {
    return transfer_->readable_bytes();
}
os::Readiness& HttpExchange::readiness() {
    return transfer_->readable();
}

bool HttpExchange::is_ended() const {
    return transfer_->is_ended();
}

bool HttpExchange::is_complete() const {
    return transfer_->is_complete();
}

Result<std::size_t> HttpExchange::try_read(std::span<std::byte> into) {
    return transfer_->try_read(into);
}

os::Task<std::size_t> HttpExchange::read(std::span<std::byte> into, os::Deadline deadline) {
    for (;;) {
        auto bytes = transfer_->try_read(into);
        if (bytes || bytes.error().code() != Errc::would_block) co_return bytes;
        const os::Wake wake = co_await transfer_->readable().until(os::Ready::read, deadline);
        if (wake == os::Wake::timed_out) co_return fail(Errc::timed_out, transfer_->head().url);
    }
}

} // namespace hws::host::core
