#pragma once
/// Names of Unix sockets as a plugin gives them and as rules mean them. A name is nothing (unnamed),
/// a path, or an abstract name: a NUL and any bytes, which are no file.
/// Source: unix(7).

#include <cstddef>
#include <expected>
#include <hws/result.hpp>
#include <string>
#include <string_view>

namespace hws::host::core {

/// A name in the one spelling that is compared: an absolute path without empty and dot segments. A
/// plugin has no working directory, so that a relative path begins at `/`.
class UnixName {
public:
    /// Unnamed.
    UnixName() = default;
    /// Errors: invalid_argument (too long, a NUL inside a path), denied for a path with `..`, since
    /// where that leads depends on links.
    static Result<UnixName> parse(std::string_view given);
    /// A path that this host has found out by itself, of any length. Errors: denied for one that is
    /// not absolute.
    static Result<UnixName> of_real_path(std::string_view path);

    bool is_unnamed() const { return text_.empty(); }
    bool is_abstract() const { return !text_.empty() && text_[0] == '\0'; }
    bool is_path() const { return !text_.empty() && text_[0] != '\0'; }
    /// As the system takes it: the path, or the NUL and what follows.
    const std::string& text() const { return text_; }
    /// As it was given.
    const std::string& given() const { return given_; }
    /// Of a path: the folder, and the last segment.
    std::string_view folder() const;
    std::string_view file() const;
    /// For messages: as a rule has it, or in quotes.
    std::string to_string() const;

    friend bool operator==(const UnixName& a, const UnixName& b) { return a.text_ == b.text_; }

private:
    std::string text_;
    std::string given_;
};

/// Which names a rule means: `/run/app/x.sock`; `/run/app/*.sock`, where a star in the last segment
/// stands for any characters of it; `/run/app/**`, everything below that folder; `@name` for an
/// abstract name, where a star stands for any characters. The folders are always written out.
class UnixPattern {
public:
    struct Mistake {
        std::size_t at = 0; ///< counted from 0
        std::string what;
    };
    static std::expected<UnixPattern, Mistake> parse(std::string_view text);

    bool matches(const UnixName& name) const;

private:
    enum class Kind { path, below, abstract };
    Kind kind_ = Kind::path;
    std::string folder_; ///< with the slash at its end
    std::string last_;   ///< with its stars
};

} // namespace hws::host::core
