#pragma once
/// An HTTP client. The host makes the connection, checks certificates, follows redirects (at most
/// 10) and keeps connections open for the next request.
///
///     hws::http::Client client;
///     HWS_TRY(auto response, client.post("https://api.example.com/items")
///                                .header("Authorization", "Bearer token123")
///                                .json(R"({"key": "value"})")
///                                .send());
///     for (const std::string& cookie : response.header("Set-Cookie"))
///         hws::log::info(cookie);

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <hws/result.hpp>
#include <hws/socket.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hws::http {

/// How a type of yours becomes JSON text and back; specialise it, and `RequestBuilder::json` and
/// `Response::json` take the type. <hws/nlohmann_json.hpp> does it for nlohmann::json and all that
/// converts to it.
///
///     template <> struct hws::http::JsonAdapter<MyJson> {
///         static std::string to_text(const MyJson& value);
///         static hws::Result<MyJson> from_text(std::string_view text);
///     };
template <class T> struct JsonAdapter;

template <class T>
concept JsonReadable = requires(std::string_view text) {
    { JsonAdapter<T>::from_text(text) } -> std::same_as<Result<T>>;
};
template <class T>
concept JsonWritable = requires(const T& value) {
    { JsonAdapter<T>::to_text(value) } -> std::convertible_to<std::string>;
};

/// One header and all its values, in the order in which they came.
struct Header {
    std::string name;
    std::vector<std::string> values;
};

/// Headers in the order in which their names first came. Names are compared without regard to case.
class HeaderMap {
public:
    /// All values of that header; empty if there is none.
    std::span<const std::string> values(std::string_view name) const;
    /// The first value.
    std::optional<std::string_view> first(std::string_view name) const;
    bool contains(std::string_view name) const { return !values(name).empty(); }

    /// Adds a value after those that the header has.
    void append(std::string_view name, std::string_view value);

    std::size_t size() const { return headers_.size(); }
    bool empty() const { return headers_.empty(); }
    /// `for (const auto& [name, values] : headers)`
    auto begin() const { return headers_.begin(); }
    auto end() const { return headers_.end(); }

private:
    std::vector<Header> headers_;
};

/// A response, complete with its body. A status such as 404 is a response like any other.
class Response {
public:
    Response(std::uint16_t status, HeaderMap headers, std::vector<std::byte> body)
        : status_(status), headers_(std::move(headers)), body_(std::move(body)) {}

    std::uint16_t status() const { return status_; }
    /// 200 to 299.
    bool status_is_success() const { return status_ >= 200 && status_ <= 299; }

    const HeaderMap& headers() const { return headers_; }
    /// All values of that header, whatever the case of its name; empty if there is none. They live
    /// as long as the response.
    std::span<const std::string> header(std::string_view name) const {
        return headers_.values(name);
    }

    std::span<const std::byte> bytes() const { return body_; }
    /// The body as it is, without a check of its encoding.
    std::string text() const { return std::string(text_of(body_)); }
    /// Errors: those of JsonAdapter<T>::from_text; by custom, invalid_argument.
    template <JsonReadable T> Result<T> json() const {
        return JsonAdapter<T>::from_text(text_of(body_));
    }

private:
    std::uint16_t status_;
    HeaderMap headers_;
    std::vector<std::byte> body_;
};

/// A request in the making. What is wrong with it, `send` says.
class RequestBuilder {
public:
    RequestBuilder(std::string_view method, std::string_view url) : method_(method), url_(url) {}

    /// Adds a header; the same name may be given several times.
    RequestBuilder& header(std::string_view name, std::string_view value);
    /// Sets the body, copied.
    RequestBuilder& body(std::span<const std::byte> bytes);
    RequestBuilder& body(std::string_view text) { return body(bytes_of(text)); }
    /// Sets the body to a JSON text and `Content-Type: application/json`, unless a content type was
    /// given.
    RequestBuilder& json(std::string_view text);
    template <JsonWritable T> RequestBuilder& json(const T& value) {
        return json(std::string_view(JsonAdapter<T>::to_text(value)));
    }

    /// Makes the request and waits for the whole response. May be called again.
    /// Errors: invalid_argument (a method or header that HTTP does not allow, such as a line break
    /// in a value), bad_url (blanks or control characters), io (denied, unreachable, timed out, an
    /// 11th redirect, ...: see the host's log).
    /// Source: abi http_request; RFC 9110.
    Result<Response> send();

private:
    std::string method_;
    std::string url_;
    std::vector<std::string> header_lines_;
    std::optional<std::vector<std::byte>> body_;
    bool has_content_type_ = false;
    std::string first_mistake_;
};

/// Makes requests. Copies freely: it holds nothing yet.
class Client {
public:
    RequestBuilder get(std::string_view url) const { return {"GET", url}; }
    RequestBuilder head(std::string_view url) const { return {"HEAD", url}; }
    RequestBuilder post(std::string_view url) const { return {"POST", url}; }
    RequestBuilder put(std::string_view url) const { return {"PUT", url}; }
    RequestBuilder patch(std::string_view url) const { return {"PATCH", url}; }
    /// `delete` is a word of C++.
    RequestBuilder delete_(std::string_view url) const { return {"DELETE", url}; }
    /// Any method, as it is to stand in the request.
    RequestBuilder request(std::string_view method, std::string_view url) const {
        return {method, url};
    }
};

} // namespace hws::http
