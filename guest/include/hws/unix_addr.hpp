#pragma once
/// `UnixAddr`: the name of a Unix socket.

#include <compare>
#include <cstddef>
#include <hws/result.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace hws {

/// No name, a path, or an abstract name, which is no file and any bytes. A value.
/// What Rust's `std::os::unix::net::SocketAddr` is. Source: unix(7).
class UnixAddr {
public:
    /// What fits into a name; a path leaves one byte for its NUL.
    static constexpr std::size_t max_bytes = 108;

    /// Unnamed.
    UnixAddr() = default;
    /// Errors: invalid_argument for an empty path, one with a NUL, or one of more than 107 bytes.
    static Result<UnixAddr> from_pathname(std::string_view path);
    /// Errors: invalid_argument for more than 107 bytes.
    static Result<UnixAddr> from_abstract_name(std::string_view name);
    /// A name as the system has it: nothing, a path, or a NUL and an abstract name. Of more bytes
    /// than fit the first.
    static UnixAddr from_raw(std::string_view raw);

    bool is_unnamed() const { return raw_.empty(); }
    /// Views of this value.
    std::optional<std::string_view> as_pathname() const;
    std::optional<std::string_view> as_abstract_name() const;
    std::string_view raw() const { return raw_; }

    /// `/run/app.sock`, `@name`, `(unnamed)`.
    std::string to_string() const;

    friend bool operator==(const UnixAddr&, const UnixAddr&) = default;

private:
    std::string raw_;
};

} // namespace hws
