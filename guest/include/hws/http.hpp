#pragma once
/// An HTTP client. The host makes the connection, checks certificates, follows redirects and keeps
/// connections open for the next request.
///
///     hws::http::Client client;
///     HWS_TRY(auto response, client.post("https://api.example.com/items")
///                                .bearer_auth("token123")
///                                .json(R"({"key": "value"})")
///                                .send());
///     for (const std::string& cookie : response.header("Set-Cookie"))
///         hws::log::info(cookie);
///     HWS_TRY(const std::string text, response.text());
///
/// What is marked (v2) needs backend v2; with backend v1 it is `unsupported`.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <hws/body_source.hpp>
#include <hws/buf_reader.hpp>
#include <hws/http_headers.hpp>
#include <hws/http_options.hpp>
#include <hws/json.hpp>
#include <hws/multipart.hpp>
#include <hws/result.hpp>
#include <hws/socket.hpp>
#include <hws/url_encoding.hpp>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hws {

namespace backend {
class HttpExchange;
}

namespace http {

/// What takes bytes until it has all of them, as TcpStream does.
template <class T>
concept Writer = requires(T& writer, std::span<const std::byte> from) {
    { writer.write_all(from) } -> std::same_as<Result<void>>;
};
/// Or a function that does.
template <class T>
concept WriteFunction = requires(T& write, std::span<const std::byte> from) {
    { write(from) } -> std::same_as<Result<void>>;
};

/// What a response says before its body.
struct ResponseHead {
    std::uint16_t status = 0;
    Version version = Version::unknown;
    std::optional<std::uint64_t> content_length;
    std::uint32_t redirects = 0;
};

/// What a server said before its response (RFC 9110, 15.2).
struct Informational {
    std::uint16_t status = 0;
    HeaderMap headers;
};

class Chunks;

/// A response, as soon as its head is there; the body is read from it like from a TcpStream. A
/// status such as 404 is a response like any other. Moves, does not copy; the destructor ends the
/// exchange if the body was not read to its end.
class Response {
public:
    Response(Response&& other) noexcept;
    Response& operator=(Response&& other) noexcept;
    ~Response();

    std::uint16_t status() const { return head_.status; }
    /// 200 to 299.
    bool status_is_success() const { return status() >= 200 && status() <= 299; }
    /// Errors: bad_status, whose text has the status and the URL, for 400 and more.
    Result<void> error_for_status() const;

    /// `unknown` with backend v1, which does not tell.
    Version version() const { return head_.version; }
    /// Fetched when first asked for; even so nothing waits here.
    const HeaderMap& headers() const;
    /// All values of that header, whatever the case of its name; empty if there is none. They live
    /// as long as the response.
    std::span<const std::string> header(std::string_view name) const {
        return headers().values(name);
    }
    /// How long the body is, if the server said so and nothing was unpacked.
    std::optional<std::uint64_t> content_length() const { return head_.content_length; }
    /// How many redirects were followed; 0 with backend v1, which does not tell.
    std::uint32_t redirects() const { return head_.redirects; }
    /// (v2) The URL that answered, after redirects.
    Result<std::string> url() const;
    /// (v2) The headers that came after the body.
    /// Errors: would_block before the end of the body was read.
    Result<HeaderMap> trailers() const;

    /// (v2) The 1xx responses that came before this one, such as 103 Early Hints.
    Result<std::vector<Informational>> informational() const;

    /// Reads what has arrived of the body, waiting for the first byte. 0: that was all of it, or
    /// `into` is empty. The server is held back while nobody reads, so that a large body takes no
    /// more memory than `into`.
    /// Errors: reset (the connection broke before the end), timed_out, protocol, too_large (a host's
    /// limit), would_block (see set_blocking).
    /// Source: dialect v2 fd_read.
    Result<std::size_t> read(std::span<std::byte> into);

    /// Appends the rest of the body, and returns how many bytes that were.
    /// Errors: too_large once more than `max_bytes` have come; those of read. What has come until
    /// then is in `into`.
    Result<std::size_t> read_to_end(std::vector<std::byte>& into,
                                    std::size_t max_bytes = default_max_bytes);
    Result<std::size_t> read_to_end(std::string& into, std::size_t max_bytes = default_max_bytes);

    /// The rest of the body, piece by piece as it comes:
    ///
    ///     for (auto& chunk : response.chunks()) {
    ///         HWS_TRY(const auto bytes, chunk);
    ///         hash.add(bytes);
    ///     }
    Chunks chunks(std::size_t chunk_bytes = default_chunk_bytes);

    /// Hands the rest of the body on, to something with `write_all` or to a function that takes a
    /// span, and returns how many bytes that were.
    /// Errors: those of read and of the writer.
    template <Writer To> Result<std::uint64_t> copy_to(To&& to) {
        return copy_to([&to](std::span<const std::byte> bytes) { return to.write_all(bytes); });
    }
    template <WriteFunction To> Result<std::uint64_t> copy_to(To&& to) {
        std::vector<std::byte> buffer(default_chunk_bytes);
        std::uint64_t copied = 0;
        while (true) {
            HWS_TRY(const std::size_t count, read(buffer));
            if (count == 0) return copied;
            HWS_CHECK(to(std::span<const std::byte>(buffer).first(count)));
            copied += count;
        }
    }

    /// The body, which the response then keeps: may be asked again, and by text and json too. What
    /// `read` took before is not part of it. The bytes live as long as the response.
    /// Errors: too_large for more than `max_bytes`; those of read.
    Result<std::span<const std::byte>> bytes(std::size_t max_bytes = default_max_bytes);
    /// The body as it is, without a check of its encoding. A response that nobody keeps hands it over
    /// without a copy: `std::move(response).text()`.
    Result<std::string> text(std::size_t max_bytes = default_max_bytes) &;
    Result<std::string> text(std::size_t max_bytes = default_max_bytes) &&;
    /// Errors: those of JsonAdapter<T>::from_text, by custom invalid_argument; those of bytes.
    template <JsonReadable T> Result<T> json(std::size_t max_bytes = default_max_bytes) {
        HWS_TRY(const std::span<const std::byte> body, bytes(max_bytes));
        return JsonAdapter<T>::from_text(text_of(body));
    }

    /// (v2) Whether reads wait.
    Result<void> set_blocking(Blocking blocking);
    /// The WASI descriptor, for a Poller: readable when bytes of the body, or its end, are there. It
    /// stays the response's. Backend v1: -1.
    int as_raw_fd() const;

    static constexpr std::size_t default_max_bytes = 64 << 20;
    static constexpr std::size_t default_chunk_bytes = 64 << 10;

private:
    friend class Exchange;
    Response(std::shared_ptr<backend::HttpExchange> exchange, ResponseHead head);
    /// Of the body, if the server has said how long it is.
    std::optional<std::uint64_t> bytes_left() const;

    std::shared_ptr<backend::HttpExchange> exchange_;
    ResponseHead head_;
    mutable std::optional<HeaderMap> headers_;
    std::uint64_t read_bytes_ = 0;
    std::vector<std::byte> body_;
};

/// The rest of a response's body in pieces; see Response::chunks. The response must outlive it, and
/// stay where it is. Ends after the last piece, or after the first error.
class Chunks {
public:
    using value_type = Result<std::span<const std::byte>>;

    class Iterator {
    public:
        using value_type = Chunks::value_type;
        using difference_type = std::ptrdiff_t;

        explicit Iterator(Chunks& chunks) : chunks_(&chunks) {}
        /// The bytes live until the iterator moves on.
        value_type& operator*() const { return chunks_->current_; }
        Iterator& operator++() {
            chunks_->advance();
            return *this;
        }
        void operator++(int) { ++*this; }
        friend bool operator==(const Iterator& it, std::default_sentinel_t) {
            return it.is_at_end();
        }

    private:
        bool is_at_end() const { return chunks_->is_done_; }
        Chunks* chunks_;
    };

    /// Reads the first piece.
    Iterator begin() {
        advance();
        return Iterator(*this);
    }
    std::default_sentinel_t end() const { return {}; }

private:
    friend class Response;
    Chunks(Response& response, std::size_t chunk_bytes)
        : response_(&response), buffer_(chunk_bytes) {}
    void advance();

    Response* response_;
    std::vector<std::byte> buffer_;
    value_type current_;
    bool is_done_ = false;
};

/// A request on its way, for those who want to do something else until the answer is there, or who
/// write the body as it comes into being. Moves, does not copy. The destructor cancels the request
/// if no response was taken.
///
///     HWS_TRY(auto exchange, client.put(url).stream_body().start());
///     HWS_CHECK(exchange.write_all("first part"));
///     HWS_CHECK(exchange.finish_body());
///     HWS_TRY(auto response, exchange.response());
///
/// Backend v1 knows only whole exchanges: there `start` waits for all of it.
class Exchange {
public:
    Exchange(Exchange&& other) noexcept;
    Exchange& operator=(Exchange&& other) noexcept;
    ~Exchange();

    /// (v2) Sends a part of the body of a request with `stream_body`, at least one byte, and returns
    /// how many bytes were taken. Waits while the server is slow.
    /// Errors: broken_pipe (the server has answered or is gone: see response), would_block,
    /// too_large (more than was announced).
    Result<std::size_t> write(std::span<const std::byte> from);
    Result<std::size_t> write(std::string_view text) { return write(bytes_of(text)); }
    /// All of it; for an exchange that waits.
    Result<void> write_all(std::span<const std::byte> from);
    Result<void> write_all(std::string_view text) { return write_all(bytes_of(text)); }
    /// (v2) Tells the server that the body is complete.
    Result<void> finish_body();

    /// Waits for the head of the response. Once it was given, the exchange serves only for what is
    /// left to write.
    /// Errors: denied, name_not_found, refused, timed_out, tls_failed, protocol, reset,
    /// too_many_redirects, too_large, rate_limited; would_block: ask again when the descriptor is
    /// readable. With backend v1 all are io.
    Result<Response> response();

    /// (v2) Whether write and response wait; holds for the response, too.
    Result<void> set_blocking(Blocking blocking);
    /// The WASI descriptor, for a Poller: readable when the head is there, writable when the body of
    /// `stream_body` can be written. It stays the exchange's. Backend v1: -1.
    int as_raw_fd() const;

private:
    friend class RequestBuilder;
    explicit Exchange(std::shared_ptr<backend::HttpExchange> exchange);

    std::shared_ptr<backend::HttpExchange> exchange_;
};

/// A request in the making. What is wrong with it, `send` and `start` say.
class RequestBuilder : public OptionSetters<RequestBuilder> {
public:
    RequestBuilder(std::string_view method, std::string_view url) : method_(method), url_(url) {}

    /// Adds a header; the same name may be given several times.
    RequestBuilder& header(std::string_view name, std::string_view value);
    /// `Authorization: Basic ...`. Source: RFC 7617.
    RequestBuilder& basic_auth(std::string_view user, std::string_view password);
    /// `Authorization: Bearer ...`. Source: RFC 6750.
    RequestBuilder& bearer_auth(std::string_view token);

    /// Adds `name=value` to the query of the URL, encoded as forms are, before its fragment.
    RequestBuilder& query(std::string_view name, std::string_view value);

    /// Sets the body, copied. Of several bodies the last counts.
    RequestBuilder& body(std::span<const std::byte> bytes);
    RequestBuilder& body(std::string_view text) { return body(bytes_of(text)); }
    /// Sets the body without a copy.
    RequestBuilder& body(std::vector<std::byte>&& bytes);
    /// Sets the body to a JSON text and `Content-Type: application/json`, unless a content type was
    /// given. A type of yours: see <hws/json.hpp>.
    RequestBuilder& json(std::string_view text);
    template <JsonWritable T> RequestBuilder& json(const T& value) {
        return json(std::string_view(JsonAdapter<T>::to_text(value)));
    }
    /// Sets the body to the fields of a form, and its content type unless one was given.
    RequestBuilder& form(std::span<const FormField> fields);
    RequestBuilder& form(std::initializer_list<FormField> fields) {
        return form(std::span(fields.begin(), fields.size()));
    }
    /// Sets the body to a form with files, and its content type. (v2) One with parts from a source is
    /// sent as body_from does.
    RequestBuilder& multipart(const Multipart& form);

    /// (v2) The body is what `source` gives, asked by `send` for more as the server takes it, and
    /// never held as a whole. `bytes`: how many there will be; none: the server learns it at the
    /// end. An error of the source cancels the request and is the result of `send`.
    RequestBuilder& body_from(BodySource source, std::optional<std::uint64_t> bytes = std::nullopt);
    /// The same from something with `read`, such as a TcpStream or a Response, which must live until
    /// `send` has returned.
    template <Reader Source>
        requires(!std::convertible_to<Source&, BodySource>)
    RequestBuilder& body_from(Source& source, std::optional<std::uint64_t> bytes = std::nullopt) {
        return body_from(source_of(source), bytes);
    }
    /// (v2) The body will be written to the Exchange that `start` gives.
    RequestBuilder& stream_body(std::optional<std::uint64_t> bytes = std::nullopt);

    /// Makes the request and waits for the head of the response. May be called again, unless the
    /// body comes from a source.
    /// Errors: invalid_argument (a method or header that HTTP does not allow, such as a line break
    /// in a value), bad_url (blanks or control characters), those of Exchange::response.
    /// Source: abi http_start and http_head, or http_request; RFC 9110.
    Result<Response> send();

    /// Begins the request and does not wait for the answer.
    /// Errors: as send; denied and others come with Exchange::response, when the host has looked up
    /// the name.
    Result<Exchange> start();

private:
    friend class Client;
    enum class BodyKind : std::uint8_t { none, memory, stream, source };

    void add_mistake(std::string text);
    bool has_header(std::string_view name) const;
    RequestBuilder& set_stream(BodyKind kind, std::optional<std::uint64_t> bytes);
    Result<Exchange> begin();

    std::string method_;
    std::string url_;
    std::vector<std::pair<std::string, std::string>> headers_;
    std::vector<std::pair<std::string, std::string>> default_headers_;
    BodyKind body_kind_ = BodyKind::none;
    std::vector<std::byte> body_;
    BodySource source_;
    std::optional<std::uint64_t> stream_bytes_;
    std::string first_mistake_;
};

/// Makes requests, which begin with the client's options and headers. Copies freely: it holds no
/// connection; those are the plugin's.
class Client : public OptionSetters<Client> {
public:
    /// Adds a header to every request that does not set one of this name itself.
    Client& default_header(std::string_view name, std::string_view value);

    RequestBuilder get(std::string_view url) const { return request("GET", url); }
    RequestBuilder head(std::string_view url) const { return request("HEAD", url); }
    /// `OPTIONS`; `options()` without a URL is what the client was told.
    using OptionSetters::options;
    RequestBuilder options(std::string_view url) const { return request("OPTIONS", url); }
    RequestBuilder post(std::string_view url) const { return request("POST", url); }
    RequestBuilder put(std::string_view url) const { return request("PUT", url); }
    RequestBuilder patch(std::string_view url) const { return request("PATCH", url); }
    /// `delete` is a word of C++.
    RequestBuilder delete_(std::string_view url) const { return request("DELETE", url); }
    /// Any method, as it is to stand in the request.
    RequestBuilder request(std::string_view method, std::string_view url) const;

private:
    std::vector<std::pair<std::string, std::string>> default_headers_;
};

} // namespace http
} // namespace hws
