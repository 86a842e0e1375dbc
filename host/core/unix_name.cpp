#include "core/unix_name.hpp"

#include <algorithm>
#include <hws/quote.hpp>
#include <optional>
#include <v2.hpp>

namespace hws::host::core {
namespace {

/// An absolute path without empty and dot segments. Nothing if there is a `..`.
std::optional<std::string> canonical(std::string_view path) {
    std::string out;
    for (std::size_t at = 0; at < path.size();) {
        const std::size_t end = std::min(path.find('/', at), path.size());
        const std::string_view segment = path.substr(at, end - at);
        if (segment == "..") return {};
        if (!segment.empty() && segment != ".") (out += '/') += segment;
        at = end + 1;
    }
    if (out.empty()) out = "/";
    return out;
}

/// Whether the text is what the pattern says, in which each star stands for any characters.
bool matches_stars(std::string_view pattern, std::string_view text) {
    // Where to go on if it comes to nothing: one more character for the last star.
    std::size_t star = std::string_view::npos, taken = 0;
    std::size_t p = 0, t = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            taken = t;
        } else if (p < pattern.size() && pattern[p] == text[t]) {
            ++p, ++t;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            t = ++taken;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

} // namespace

Result<UnixName> UnixName::parse(std::string_view given) {
    if (given.size() > abi::v2::max_unix_name_bytes)
        return fail(Errc::invalid_argument, "a name of a Unix socket has at most 108 bytes");
    UnixName name;
    name.given_ = given;
    if (given.empty() || given[0] == '\0') {
        name.text_ = given;
        return name;
    }
    if (given.find('\0') != std::string_view::npos)
        return fail(Errc::invalid_argument, "a NUL in a path");
    auto path = canonical(given);
    if (!path) return fail(Errc::denied, "unix " + quote(given) + ": a path with .. leads anywhere");
    name.text_ = *std::move(path);
    return name;
}

Result<UnixName> UnixName::of_real_path(std::string_view path) {
    const auto plain = canonical(path);
    if (!path.starts_with('/') || !plain)
        return fail(Errc::denied, "unix " + quote(path) + ": nobody knows where that is");
    UnixName name;
    name.text_ = *plain;
    name.given_ = path;
    return name;
}

std::string_view UnixName::folder() const {
    const std::size_t slash = text_.rfind('/');
    return std::string_view(text_).substr(0, std::max<std::size_t>(slash, 1));
}

std::string_view UnixName::file() const {
    return std::string_view(text_).substr(text_.rfind('/') + 1);
}

std::string UnixName::to_string() const {
    if (is_unnamed()) return "@*";
    std::string text = is_abstract() ? '@' + text_.substr(1) : text_;
    // A star would be one in the rule that somebody makes of the message.
    const bool is_plain = std::ranges::all_of(
        text, [](char c) { return c > ' ' && c < 0x7f && c != '*' && c != '"'; });
    return is_plain ? text : quote(text, 2 * abi::v2::max_unix_name_bytes);
}

std::expected<UnixPattern, UnixPattern::Mistake> UnixPattern::parse(std::string_view text) {
    const auto mistake = [](std::size_t at, std::string what) {
        return std::unexpected(Mistake{at, std::move(what)});
    };
    const auto is_control = [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    };
    if (const auto bad = std::ranges::find_if(text, is_control); bad != text.end())
        return mistake(static_cast<std::size_t>(bad - text.begin()), "a control character");
    UnixPattern pattern;
    if (text.starts_with('@')) {
        if (text.size() == 1) return mistake(1, "the abstract name is empty: @* means every one");
        pattern.kind_ = Kind::abstract;
        pattern.last_ = text.substr(1);
        return pattern;
    }
    if (!text.starts_with('/'))
        return mistake(0, "a path begins with /, an abstract name with @");
    for (std::size_t at = 1; at <= text.size();) {
        const std::size_t end = std::min(text.find('/', at), text.size());
        const std::string_view segment = text.substr(at, end - at);
        if (segment.empty()) return mistake(at, "an empty segment");
        if (segment == "." || segment == "..")
            return mistake(at, "write the path without . and ..");
        const bool is_last = end == text.size();
        if (!is_last && segment.find('*') != std::string_view::npos)
            return mistake(at, "folders are written out: * stands in the last segment only");
        if (is_last) {
            pattern.kind_ = segment == "**" ? Kind::below : Kind::path;
            pattern.folder_ = text.substr(0, at);
            pattern.last_ = segment;
        }
        at = end + 1;
    }
    return pattern;
}

bool UnixPattern::matches(const UnixName& name) const {
    const std::string_view text = name.text();
    if (kind_ == Kind::abstract) {
        // The system gives out abstract names of its own to who binds without one.
        if (name.is_unnamed()) return last_.find_first_not_of('*') == std::string::npos;
        return name.is_abstract() && matches_stars(last_, text.substr(1));
    }
    if (!name.is_path() || !text.starts_with(folder_) || text.size() == folder_.size()) return false;
    if (kind_ == Kind::below) return true;
    const std::string_view rest = text.substr(folder_.size());
    return rest.find('/') == std::string_view::npos && matches_stars(last_, rest);
}

} // namespace hws::host::core
