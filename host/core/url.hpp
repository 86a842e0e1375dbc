#pragma once
/// http and https URLs, parsed once into what the policy is asked about and what libcurl is given.

#include "core/target.hpp"

#include <cstddef>
#include <cstdint>
#include <hws/result.hpp>
#include <string>
#include <string_view>

namespace hws::host::core {

/// An absolute http or https URL in canonical form. Its host was read by our own parser and by
/// libcurl's, and both agree: what one of them would read differently (`http://2130706433/`,
/// `http://a\@b/`, `http://%31.2.3.4/`) is refused.
class Url {
public:
    static constexpr std::size_t max_bytes = std::size_t{64} << 10;

    /// Blanks and control characters are refused, other bytes beyond ASCII are percent-encoded;
    /// user names and zones are refused; the fragment is dropped. Errors: bad_url, bad_name.
    static Result<Url> parse(std::string_view text);
    /// What a Location header means here. Errors: bad_url, bad_name.
    Result<Url> resolve(std::string_view reference) const;

    bool is_https() const { return is_https_; }
    /// Host and port, to be vetted.
    const Target& target() const { return target_; }
    /// The host as it stands in a URL: `example.com`, `[::1]`.
    const std::string& host() const { return host_; }
    /// `http://example.com:8080`; the port only if it is not the scheme's own.
    std::string origin() const;
    /// Without the query; begins with a slash.
    std::string_view path() const;
    /// `origin/path?query`.
    const std::string& text() const { return text_; }
    bool is_default_port() const { return target_.port == (is_https_ ? 443 : 80); }
    bool has_same_origin(const Url& other) const {
        return is_https_ == other.is_https_ && target_ == other.target_;
    }

private:
    explicit Url(Target target) : target_(std::move(target)) {}
    bool is_https_ = false;
    Target target_;
    std::string host_;
    std::string text_;
};

} // namespace hws::host::core
