#pragma once
/// http and https URLs, and those of WebSockets, parsed once into what the policy is asked about
/// and what is sent.

#include "core/target.hpp"

#include <cstddef>
#include <cstdint>
#include <hws/result.hpp>
#include <memory>
#include <string>
#include <string_view>

struct Curl_URL; // libcurl's CURLU

namespace hws::host::core {

/// An absolute http or https URL in canonical form. Its host was read by our own parser and by
/// libcurl's, and both agree: what one of them would read differently (`http://2130706433/`,
/// `http://a\@b/`, `http://%31.2.3.4/`) is refused. Copies share what was read.
class Url {
public:
    static constexpr std::size_t max_bytes = std::size_t{64} << 10;

    /// Blanks and control characters are refused, other bytes beyond ASCII are percent-encoded;
    /// user names and zones are refused; the fragment is dropped. Errors: bad_url, bad_name.
    static Result<Url> parse(std::string_view text);
    /// A ws or wss URL, which is http or https in everything but its name: is_https() says whether
    /// it is wss. It has no fragment (RFC 6455, 3). Errors: bad_url, bad_name.
    static Result<Url> parse_web_socket(std::string_view text);
    /// What a Location header means here. Errors: bad_url, bad_name.
    Result<Url> resolve(std::string_view reference) const;

    bool is_https() const { return parts_->is_https; }
    /// Host and port, to be vetted.
    const Target& target() const { return parts_->target; }
    /// The host as it stands in a URL: `example.com`, `[::1]`.
    const std::string& host() const { return parts_->host; }
    /// `http://example.com:8080`; the port only if it is not the scheme's own.
    std::string_view origin() const { return text().substr(0, parts_->origin_bytes); }
    /// Without the query; begins with a slash.
    std::string_view path() const {
        return text().substr(parts_->origin_bytes, parts_->path_bytes);
    }
    /// Path and query, as a request names them.
    std::string_view request_target() const { return text().substr(parts_->origin_bytes); }
    /// `origin/path?query`.
    std::string_view text() const { return parts_->text; }
    /// What libcurl read, so that it need not read the same again; it does not change it.
    Curl_URL* curl_handle() const { return parts_->curl_handle.get(); }
    bool is_default_port() const { return target().port == (is_https() ? 443 : 80); }
    bool has_same_origin(const Url& other) const {
        return is_https() == other.is_https() && target() == other.target();
    }

private:
    struct FreeCurlUrl {
        void operator()(Curl_URL* url) const;
    };
    struct Parts {
        explicit Parts(Target whom) : target(std::move(whom)) {}
        bool is_https = false;
        Target target;
        std::string host;
        std::string text;
        std::size_t origin_bytes = 0;
        std::size_t path_bytes = 0;
        std::unique_ptr<Curl_URL, FreeCurlUrl> curl_handle;
    };
    explicit Url(std::shared_ptr<const Parts> parts) : parts_(std::move(parts)) {}
    std::shared_ptr<const Parts> parts_;
};

} // namespace hws::host::core
