#include "core/tls_client.hpp"

#include "os/socket.hpp"

#include <algorithm>
#include <curl/curl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace hws::host::core {

using os::Ready;

/// The bytes of a connection, in the form OpenSSL asks for them. What is written is always taken,
/// so that OpenSSL never waits for room: a record which it had encrypted would have to be written
/// again from the same bytes, and a plugin that was told would_block may send others.
struct TlsTransport {
    static TlsConnection& connection(BIO* bio) {
        return *static_cast<TlsConnection*>(BIO_get_data(bio));
    }

    static int read(BIO* bio, char* into, std::size_t size, std::size_t* count) {
        BIO_clear_retry_flags(bio);
        *count = 0;
        TlsConnection& self = connection(bio);
        auto fetched = self.fetch({reinterpret_cast<std::byte*>(into), size});
        if (fetched) {
            *count = *fetched;
            if (*fetched == 0) self.is_end_of_transport_ = true;
            return *fetched > 0;
        }
        if (fetched.error() == Errc::would_block)
            BIO_set_retry_read(bio);
        else
            self.transport_error_ = std::move(fetched).error();
        return 0;
    }

    static int write(BIO* bio, const char* from, std::size_t size, std::size_t* count) {
        BIO_clear_retry_flags(bio);
        *count = 0;
        TlsConnection& self = connection(bio);
        auto taken = self.deliver({reinterpret_cast<const std::byte*>(from), size});
        if (!taken) {
            self.transport_error_ = std::move(taken).error();
            return 0;
        }
        *count = size;
        return 1;
    }

    static long control(BIO* bio, int command, long, void*) {
        if (command == BIO_CTRL_EOF) return connection(bio).is_end_of_transport_;
        return command == BIO_CTRL_FLUSH;
    }

    /// Null if memory is short.
    static const BIO_METHOD* method() {
        static const BIO_METHOD* const made = [] {
            BIO_METHOD* const method =
                BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket of a plugin");
            if (!method) return method;
            BIO_meth_set_read_ex(method, &read);
            BIO_meth_set_write_ex(method, &write);
            BIO_meth_set_ctrl(method, &control);
            return method;
        }();
        return made;
    }
};

namespace {

/// The largest piece of text that TLS carries at once (RFC 8446, 5.1).
constexpr std::size_t record_bytes = 16 << 10;
/// What the peer of a closed connection may still say.
constexpr std::size_t max_drained_bytes = std::size_t{1} << 20;
/// OpenSSL reads so much at once from the socket: some records.
constexpr std::size_t read_ahead_bytes = 4 * (record_bytes + 512);

std::string reason_of(unsigned long code) {
    const char* const text = code != 0 ? ERR_reason_error_string(code) : nullptr;
    return text ? text : "unknown failure";
}

Error tls_error(std::string text) {
    return Error(Errc::tls_failed, std::move(text));
}

/// Every protocol behind its length, none empty (RFC 7301, 3.1).
bool is_alpn_list(std::string_view list) {
    while (!list.empty()) {
        const auto size = static_cast<unsigned char>(list.front());
        if (size == 0 || size >= list.size()) return false;
        list.remove_prefix(size + std::size_t{1});
    }
    return true;
}

bool is_offered(std::string_view list, std::string_view protocol) {
    while (!list.empty()) {
        const auto size = static_cast<unsigned char>(list.front());
        if (list.substr(1, size) == protocol) return true;
        list.remove_prefix(size + std::size_t{1});
    }
    return false;
}

} // namespace

// --- what connections share ---

/// Outlives the connection that it ends. Reads as well, to the end: a socket that is closed with
/// something unread resets the connection, and what was under way to the peer is lost; the tickets
/// that a server of TLS 1.3 sends after the handshake are unread more often than not.
class TlsClient::Farewell final : private os::Waiter, private os::Runnable, private os::Timer {
public:
    using Place = std::list<std::unique_ptr<Farewell>>::iterator;

    Farewell(TlsClient& client, os::Fd fd, std::vector<std::byte> rest)
        : Timer(client.loop_), client_(client), rest_(std::move(rest)), fd_(std::move(fd)) {}
    ~Farewell() override = default;

    /// False if there is nothing to wait for.
    bool begin(Place place) {
        place_ = place;
        auto watch = os::Watch::create(client_.loop_, fd_.get());
        if (!watch) return false;
        watch_ = *std::move(watch);
        Timer::arm(os::deadline_after(farewell_time));
        return go_on();
    }

private:
    bool go_on() {
        if (!send_rest() || !drain()) return false;
        Waiter::wait_for(*watch_, has_finished_ ? Ready::read : Ready::both);
        return true;
    }

    /// False if the connection is broken.
    bool send_rest() {
        while (sent_ < rest_.size()) {
            const std::span<const std::byte> left =
                std::span<const std::byte>(rest_).subspan(sent_);
            auto count = os::send(fd_.get(), std::span(&left, 1));
            if (!count) {
                watch_->clear(Ready::write);
                return count.error() == Errc::would_block;
            }
            sent_ += *count;
        }
        if (has_finished_) return true;
        has_finished_ = true;
        return os::shut_down(fd_.get(), os::Half::write).has_value();
    }

    /// Takes what still comes. False at its end, and when it is too much.
    bool drain() {
        std::array<std::byte, 4096> room;
        const std::span<std::byte> into = room;
        while (drained_ < max_drained_bytes) {
            auto count = os::receive(fd_.get(), std::span(&into, 1));
            if (!count) {
                watch_->clear(Ready::read);
                return count.error() == Errc::would_block;
            }
            if (*count == 0) return false;
            drained_ += *count;
        }
        return false;
    }

    void on_ready() override { client_.loop_.queue(*this); }
    void run() override {
        if (!go_on()) client_.forget(place_);
    }
    void on_expiry() override { client_.forget(place_); }

    TlsClient& client_;
    Place place_;
    std::vector<std::byte> rest_; // at most max_outgoing_bytes
    std::size_t sent_ = 0;
    std::size_t drained_ = 0;
    bool has_finished_ = false;
    os::Fd fd_;
    std::unique_ptr<os::Watch> watch_;
};

void TlsClient::FreeContext::operator()(ssl_ctx_st* context) const {
    SSL_CTX_free(context);
}

TlsClient::TlsClient(os::Loop& loop) : loop_(loop), farewells_over_(loop) {
    farewells_over_.raise();
}
TlsClient::~TlsClient() = default;

void TlsClient::say_farewell(os::Fd fd, std::vector<std::byte> rest) {
    if (farewells_.size() >= max_farewells) farewells_.pop_front();
    farewells_.push_back(std::make_unique<Farewell>(*this, std::move(fd), std::move(rest)));
    const auto place = std::prev(farewells_.end());
    farewells_over_.reset();
    if (!(*place)->begin(place)) forget(place);
}

void TlsClient::forget(std::list<std::unique_ptr<Farewell>>::iterator farewell) {
    farewells_.erase(farewell);
    if (farewells_.empty()) farewells_over_.raise();
}

Result<TlsClient::Context> TlsClient::create_context(const TlsOptions& options) {
    ERR_clear_error();
    Context context(SSL_CTX_new(TLS_client_method()));
    if (!context) return fail(Errc::out_of_memory, "TLS");
    SSL_CTX* const native = context.get();
    SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
    SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(native, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                 SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_read_ahead(native, 1);
    SSL_CTX_set_default_read_buffer_len(native, read_ahead_bytes);
    SSL_CTX_set_verify(native, SSL_VERIFY_PEER, nullptr);
    // As libcurl: an intermediate certificate that the host trusts needs no root.
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(native), X509_V_FLAG_PARTIAL_CHAIN);
    // OpenSSL would ask the terminal for the password of a key.
    SSL_CTX_set_default_passwd_cb(native, [](char*, int, int, void*) { return 0; });

    if (!options.ca_file.empty()) {
        if (SSL_CTX_load_verify_file(native, options.ca_file.c_str()) != 1)
            return fail(Errc::tls_failed, "the host's CA file cannot be used");
    } else {
        // The very store that https is verified with; OpenSSL's own default would heed the
        // environment.
        const char* const folder = curl_version_info(CURLVERSION_NOW)->capath;
        if (!folder || SSL_CTX_load_verify_dir(native, folder) != 1)
            return fail(Errc::tls_failed, "the system's CA store cannot be used");
    }
    if (!options.certificate_file.empty()) {
        const std::string& key =
            options.key_file.empty() ? options.certificate_file : options.key_file;
        if (SSL_CTX_use_certificate_chain_file(native, options.certificate_file.c_str()) != 1 ||
            SSL_CTX_use_PrivateKey_file(native, key.c_str(), SSL_FILETYPE_PEM) != 1 ||
            SSL_CTX_check_private_key(native) != 1)
            return fail(Errc::tls_failed, "the host's client certificate cannot be used");
    }
    return context;
}

std::vector<TlsClient::FileState> TlsClient::files_of(const TlsOptions& options) {
    std::vector<FileState> files;
    const auto add = [&files](const char* path) {
        std::error_code ignored; // one that is not there has a state, too
        files.push_back({std::filesystem::last_write_time(path, ignored),
                         std::filesystem::file_size(path, ignored)});
    };
    // The system's store is a folder, into which OpenSSL looks by itself at each verification.
    if (!options.ca_file.empty()) add(options.ca_file.c_str());
    if (!options.certificate_file.empty()) add(options.certificate_file.c_str());
    if (!options.key_file.empty()) add(options.key_file.c_str());
    return files;
}

Result<ssl_ctx_st*> TlsClient::context(const TlsOptions& options) {
    const auto found = std::ranges::find(contexts_, options, &Configured::options);
    auto files = files_of(options);
    if (found == contexts_.end()) {
        HWS_TRY(Context context, create_context(options));
        contexts_.push_back({options, std::move(files), std::move(context)});
        return contexts_.back().context.get();
    }
    if (found->files != files) {
        // Connections that are there keep what they began with. Half a file, which is still being
        // written, changes once more.
        if (auto context = create_context(options)) found->context = *std::move(context);
        found->files = std::move(files);
    }
    return found->context.get();
}

// --- a connection ---

void TlsConnection::FreeSsl::operator()(ssl_st* ssl) const {
    SSL_free(ssl);
}

void TlsConnection::Bell::on_ready() {
    owner_.client_.loop().queue(owner_);
}

TlsConnection::TlsConnection(TlsClient& client, TlsRequest request, int socket, os::Watch& watch)
    : Timer(client.loop()), client_(client), request_(std::move(request)), socket_(socket),
      watch_(watch), handshake_ended_(client.loop()) {}

TlsConnection::~TlsConnection() = default;

Result<std::unique_ptr<TlsConnection>> TlsConnection::start(TlsClient& client,
                                                            const TlsOptions& options,
                                                            TlsRequest request, int socket,
                                                            os::Watch& watch) {
    if (!is_alpn_list(request.alpn))
        return fail(Errc::invalid_argument, "malformed list of application protocols");
    // Whoever can write into the plain connection could otherwise put words before those of the
    // server whose certificate is verified.
    if (os::readable_bytes(socket) > 0)
        return fail(Errc::protocol, "plain bytes arrived before the TLS handshake");
    std::unique_ptr<TlsConnection> connection(
        new TlsConnection(client, std::move(request), socket, watch));
    HWS_CHECK(connection->set_up(options));
    connection->Timer::arm(connection->request_.deadline);
    client.loop().queue(*connection);
    return connection;
}

Result<void> TlsConnection::set_up(const TlsOptions& options) {
    HWS_TRY(ssl_ctx_st * context, client_.context(options));
    begin();
    ssl_.reset(SSL_new(context));
    BIO* const bio = ssl_ && TlsTransport::method() ? BIO_new(TlsTransport::method()) : nullptr;
    if (!bio) return fail(Errc::out_of_memory, "TLS");
    BIO_set_data(bio, this);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_.get(), bio, bio);
    SSL_set_connect_state(ssl_.get());

    bool is_set = true;
    X509_VERIFY_PARAM* const verify = SSL_get0_param(ssl_.get());
    if (const HostName* const name = request_.peer.name()) {
        X509_VERIFY_PARAM_set_hostflags(verify, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        is_set &= X509_VERIFY_PARAM_set1_host(verify, name->text().data(), name->text().size());
        is_set &= SSL_set_tlsext_host_name(ssl_.get(), name->text().c_str()) == 1;
    } else {
        const IpAddr ip = std::get<IpAddr>(request_.peer.host);
        const auto octets = [&](const auto& all) {
            return X509_VERIFY_PARAM_set1_ip(verify, all.data(), all.size()) == 1;
        };
        is_set &= ip.is_ipv4() ? octets(ip.v4().octets()) : octets(ip.v6().octets());
    }
    // This one function of OpenSSL's gives 0 for success.
    if (!request_.alpn.empty())
        is_set &= SSL_set_alpn_protos(ssl_.get(),
                                      reinterpret_cast<const unsigned char*>(request_.alpn.data()),
                                      static_cast<unsigned>(request_.alpn.size())) == 0;
    if (!is_set) return fail(Errc::tls_failed, reason_of(ERR_peek_last_error()));
    return {};
}

// --- below OpenSSL ---

Result<std::size_t> TlsConnection::fetch(std::span<std::byte> into) {
    if (!is_asking_always_ && !watch_.is(Ready::read)) return fail(Errc::would_block);
    if (fetched_bytes_ >= max_fetched_bytes) {
        // No event tells of what is left; run() will.
        is_resting_ = true;
        watch_.clear(Ready::read);
        client_.loop().queue(*this);
        return fail(Errc::would_block);
    }
    auto count = os::receive(socket_, std::span(&into, 1));
    if (!count) {
        if (count.error() == Errc::would_block) watch_.clear(Ready::read);
        return count;
    }
    fetched_bytes_ += *count;
    // As NetworkSocket::receive: a short read has emptied the socket.
    if (*count > 0 && *count < into.size() && !watch_.has_hung_up()) watch_.clear(Ready::read);
    return count;
}

Result<void> TlsConnection::deliver(std::span<const std::byte> bytes) {
    while (outgoing_.empty() && !bytes.empty()) {
        auto count = os::send(socket_, std::span(&bytes, 1));
        if (!count && count.error() != Errc::would_block)
            return std::unexpected(std::move(count).error());
        if (!count) {
            watch_.clear(Ready::write);
            break;
        }
        bytes = bytes.subspan(*count);
    }
    if (bytes.empty()) return {};
    // A peer that asks and asks, and reads no answer.
    if (!is_closing_ && outgoing_.size() + bytes.size() > max_outgoing_bytes)
        return fail(Errc::protocol, "the peer does not read what TLS has to answer");
    outgoing_.insert(outgoing_.end(), bytes.begin(), bytes.end());
    if (!writable_.is_waiting()) writable_.wait_for(watch_, Ready::write);
    return {};
}

bool TlsConnection::flush() {
    std::size_t sent = 0;
    while (sent < outgoing_.size()) {
        const std::span<const std::byte> left = std::span<const std::byte>(outgoing_).subspan(sent);
        auto count = os::send(socket_, std::span(&left, 1));
        if (!count) {
            if (count.error() == Errc::would_block) {
                watch_.clear(Ready::write);
                break;
            }
            if (!write_error_) write_error_ = count.error();
            sent = outgoing_.size(); // nobody will ever get it
            break;
        }
        sent += *count;
    }
    outgoing_.erase(outgoing_.begin(), outgoing_.begin() + static_cast<std::ptrdiff_t>(sent));
    if (outgoing_.empty()) return true;
    if (!writable_.is_waiting()) writable_.wait_for(watch_, Ready::write);
    return false;
}

void TlsConnection::begin() {
    ERR_clear_error();
    transport_error_.reset();
    fetched_bytes_ = 0;
}

std::optional<Error> TlsConnection::failure(int outcome) {
    const int kind = SSL_get_error(ssl_.get(), outcome);
    const unsigned long code = ERR_peek_error();
    if (transport_error_) return *transport_error_;
    if (kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_WANT_WRITE) return {};
    if (is_end_of_transport_)
        return Error(Errc::reset,
                     "the connection was cut without a farewell of TLS (close_notify)");
    // What the peer complains of comes as an alert.
    if (ERR_GET_REASON(code) >= SSL_AD_REASON_OFFSET) return tls_error(reason_of(code));
    return Error(Errc::protocol, "TLS: " + reason_of(code));
}

void TlsConnection::fail_both(const Error& error) {
    if (!read_error_) read_error_ = error;
    if (!write_error_) write_error_ = error;
}

// --- the handshake ---

Result<void> TlsConnection::handshake_outcome() const {
    if (state_ == State::shaking_hands) return fail(Errc::would_block);
    if (state_ == State::failed) return std::unexpected(*read_error_);
    return {};
}

void TlsConnection::run() {
    if (std::exchange(is_resting_, false)) watch_.set(Ready::read);
    if (state_ == State::shaking_hands) return shake_hands();
    flush();
}

void TlsConnection::on_expiry() {
    end_handshake(Error(Errc::timed_out, "TLS handshake"));
}

Error TlsConnection::handshake_failure() {
    const long verdict = SSL_get_verify_result(ssl_.get());
    if (verdict != X509_V_OK)
        return tls_error("certificate of " +
                         (request_.peer.name() ? request_.peer.name()->text()
                                               : std::get<IpAddr>(request_.peer.host).to_string()) +
                         ": " + X509_verify_cert_error_string(verdict));
    const unsigned long code = ERR_peek_error();
    if (transport_error_) return *transport_error_;
    if (is_end_of_transport_)
        return Error(Errc::reset, "the connection was cut during the TLS handshake");
    return tls_error(reason_of(code));
}

Result<void> TlsConnection::check_alpn() const {
    const unsigned char* chosen = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &chosen, &size);
    if (size == 0 || is_offered(request_.alpn, {reinterpret_cast<const char*>(chosen), size}))
        return {};
    return fail(Errc::tls_failed, "the server chose an application protocol that was not offered");
}

void TlsConnection::shake_hands() {
    begin();
    is_asking_always_ = true;
    const int outcome = SSL_do_handshake(ssl_.get());
    if (outcome == 1) {
        auto checked = check_alpn();
        return end_handshake(checked ? std::optional<Error>() : checked.error());
    }
    const int kind = SSL_get_error(ssl_.get(), outcome);
    if (kind != SSL_ERROR_WANT_READ && kind != SSL_ERROR_WANT_WRITE)
        return end_handshake(handshake_failure());
    if (!outgoing_.empty() && flush()) return client_.loop().queue(*this);
    if (!readable_.is_waiting()) readable_.wait_for(watch_, Ready::read);
}

void TlsConnection::end_handshake(std::optional<Error> error) {
    Timer::disarm();
    readable_.leave();
    state_ = error ? State::failed : State::open;
    if (error) fail_both(*error);
    // Whoever waits for either direction looks anew.
    watch_.set(Ready::both);
    handshake_ended_.raise();
}

// --- afterwards ---

Result<std::size_t> TlsConnection::send(const os::IoList& from) {
    if (state_ == State::shaking_hands) {
        watch_.clear(Ready::write); // set at the end of the handshake
        return fail(Errc::would_block);
    }
    if (is_writing_over_) return fail(Errc::broken_pipe);
    const bool is_flushed = flush();
    if (write_error_) return std::unexpected(*write_error_);
    if (!is_flushed) return fail(Errc::would_block);

    std::size_t done = 0;
    std::array<std::byte, record_bytes> gathered;
    for (std::size_t i = 0, skip = 0; i < from.count() && outgoing_.empty();) {
        // Small buffers go into one record together.
        std::span<const std::byte> piece = from[i].subspan(skip);
        piece = piece.first(std::min(piece.size(), record_bytes));
        std::size_t next = i, next_skip = skip;
        const auto advance = [&](std::size_t bytes) {
            next_skip += bytes;
            if (next_skip == from[next].size()) {
                ++next;
                next_skip = 0;
            }
        };
        if (piece.size() < record_bytes && i + 1 < from.count()) {
            std::size_t filled = 0;
            while (next < from.count() && filled < record_bytes) {
                const auto more = from[next].subspan(next_skip);
                const std::size_t bytes = std::min(more.size(), record_bytes - filled);
                std::copy_n(more.data(), bytes, gathered.data() + filled);
                filled += bytes;
                advance(bytes);
            }
            piece = std::span(gathered).first(filled);
        } else {
            advance(piece.size());
        }
        i = next;
        skip = next_skip;
        if (piece.empty()) continue;
        begin();
        std::size_t taken = 0;
        const int outcome = SSL_write_ex(ssl_.get(), piece.data(), piece.size(), &taken);
        if (outcome != 1) {
            auto error = failure(outcome);
            // The transport takes everything, so that there is nothing to wait for.
            write_error_ = error ? *error : Error(Errc::io, "TLS does not take what it is given");
            if (done > 0) break;
            return std::unexpected(*write_error_);
        }
        done += taken;
    }
    return done;
}

Result<os::ReceivedMessage> TlsConnection::receive(const os::IoList& into, std::uint32_t flags,
                                                   Ask ask) {
    if (state_ == State::shaking_hands) {
        watch_.clear(Ready::read); // set at the end of the handshake
        return fail(Errc::would_block);
    }
    const bool is_peeking = (flags & abi::v2::receive_flags::peek) != 0;
    is_asking_always_ = ask == Ask::always;
    os::ReceivedMessage message;
    for (std::size_t i = 0; i < into.count(); ++i) {
        std::span<std::byte> room = into[i];
        while (!room.empty() && !read_error_) {
            begin();
            std::size_t count = 0;
            const int outcome = is_peeking
                                    ? SSL_peek_ex(ssl_.get(), room.data(), room.size(), &count)
                                    : SSL_read_ex(ssl_.get(), room.data(), room.size(), &count);
            if (outcome != 1) {
                if (SSL_get_error(ssl_.get(), outcome) == SSL_ERROR_ZERO_RETURN) {
                    watch_.set(Ready::read); // and so it will stay
                    return message;
                }
                auto error = failure(outcome);
                if (error && error->code() != Errc::would_block) {
                    read_error_ = *error;
                    watch_.set(Ready::read);
                }
                break;
            }
            message.bytes += count;
            room = room.subspan(count);
            if (is_peeking) break;
        }
        if (is_peeking || !room.empty()) break;
    }
    // An event tells only of what is still in the socket.
    if (SSL_has_pending(ssl_.get())) watch_.set(Ready::read);
    if (message.bytes > 0) return message;
    if (read_error_) return std::unexpected(*read_error_);
    if (is_reading_over_ || into.bytes() == 0) return message;
    return fail(Errc::would_block);
}

Result<void> TlsConnection::shut_down(os::Half half) {
    if (state_ == State::shaking_hands) return fail(Errc::not_connected, "the TLS handshake");
    if (half != os::Half::write) is_reading_over_ = true;
    if (half != os::Half::read && !is_writing_over_) {
        is_writing_over_ = true;
        if (state_ == State::open && !write_error_) {
            begin();
            SSL_shutdown(ssl_.get());
        }
    }
    watch_.set(Ready::both);
    return {};
}

std::optional<std::vector<std::byte>> TlsConnection::close(std::span<const std::byte> last_words) {
    if (state_ != State::open || write_error_) return {};
    // Takes the tickets out of the socket, see Farewell.
    poll_state();
    if (!is_writing_over_) {
        is_closing_ = true;
        for (std::size_t taken = 0; !last_words.empty(); last_words = last_words.subspan(taken)) {
            begin();
            if (SSL_write_ex(ssl_.get(), last_words.data(), last_words.size(), &taken) != 1)
                return {};
        }
        begin();
        SSL_shutdown(ssl_.get());
    }
    flush();
    if (write_error_ || os::unsent_bytes(socket_) + outgoing_.size() == 0) return {};
    return std::exchange(outgoing_, {});
}

os::PollState TlsConnection::poll_state() {
    if (state_ == State::shaking_hands) return {};
    os::PollState state = os::poll_state(socket_);
    state.readable = is_reading_over_;
    if (!read_error_) {
        // Whether there is anything in the records that have come, only decrypting them tells.
        std::byte one;
        std::size_t count = 0;
        begin();
        is_asking_always_ = true;
        const int outcome = SSL_peek_ex(ssl_.get(), &one, 1, &count);
        if (outcome == 1) {
            state.readable = true;
        } else if (SSL_get_error(ssl_.get(), outcome) == SSL_ERROR_ZERO_RETURN) {
            state.readable = state.peer_ended = true;
        } else if (auto error = failure(outcome)) {
            read_error_ = *error;
        }
    }
    state.writable = flush() ? state.writable || write_error_.has_value() : false;
    if (read_error_) state.readable = state.error = true;
    return state;
}

std::size_t TlsConnection::readable_bytes() {
    if (!poll_state().readable) return 0;
    return static_cast<std::size_t>(SSL_pending(ssl_.get()));
}

std::optional<TlsFacts> TlsConnection::facts() const {
    if (state_ != State::open) return {};
    TlsFacts facts;
    facts.version = static_cast<std::uint16_t>(SSL_version(ssl_.get()));
    if (const SSL_CIPHER* const cipher = SSL_get_current_cipher(ssl_.get())) {
        facts.cipher = SSL_CIPHER_get_protocol_id(cipher);
        facts.cipher_name = SSL_CIPHER_standard_name(cipher);
    }
    const unsigned char* chosen = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &chosen, &size);
    facts.alpn.assign(reinterpret_cast<const char*>(chosen), size);
    if (X509* const certificate = SSL_get0_peer_certificate(ssl_.get())) {
        unsigned digest_bytes = 0;
        X509_digest(certificate, EVP_sha256(),
                    reinterpret_cast<unsigned char*>(facts.fingerprint.data()), &digest_bytes);
        const int bytes = i2d_X509(certificate, nullptr);
        if (bytes > 0) {
            facts.certificate.resize(static_cast<std::size_t>(bytes));
            auto* into = reinterpret_cast<unsigned char*>(facts.certificate.data());
            i2d_X509(certificate, &into);
        }
    }
    return facts;
}

} // namespace hws::host::core
