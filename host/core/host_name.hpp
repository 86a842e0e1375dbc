#pragma once
/// A DNS name in the one form that the rest of the host knows.

#include <compare>
#include <cstddef>
#include <hws/result.hpp>
#include <string>
#include <string_view>

namespace hws::host::core {

/// A host name in canonical form: ASCII labels of letters, digits, `-` and `_`, lower-cased,
/// without a trailing dot. Never an address in disguise: what a resolver could read as a number
/// (`127.1`, `0x7f.1`, `2130706433`) is no name.
class HostName {
public:
    static constexpr std::size_t max_label_chars = 63; // RFC 1035, 2.3.4
    static constexpr std::size_t max_name_chars =
        253; // 255 bytes on the wire, less the lengths at both ends

    /// Takes one trailing dot away and lower-cases. Labels have 1..63 characters, do not begin or
    /// end with `-`, and the last is not numeric (decimal or 0x...). Underscores are allowed: names
    /// in use have them, and they confuse nobody. International names come as A-labels (`xn--...`);
    /// everything else is refused. Errors: bad_name.
    static Result<HostName> parse(std::string_view text);

    const std::string& text() const { return text_; }

    /// `localhost` or a name below it (RFC 6761, 6.3): loopback, and never asked of a name server.
    bool is_localhost() const { return text_ == "localhost" || text_.ends_with(".localhost"); }

    /// Whether this name has whole labels before `suffix`. No name is below itself.
    bool is_below(const HostName& suffix) const {
        return text_.size() > suffix.text_.size() && text_.ends_with(suffix.text_) &&
               text_[text_.size() - suffix.text_.size() - 1] == '.';
    }

    friend auto operator<=>(const HostName&, const HostName&) = default;

private:
    explicit HostName(std::string text) : text_(std::move(text)) {}
    std::string text_;
};

} // namespace hws::host::core
