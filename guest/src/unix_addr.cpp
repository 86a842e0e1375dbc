#include <hws/unix_addr.hpp>

namespace hws {

Result<UnixAddr> UnixAddr::from_pathname(std::string_view path) {
    if (path.empty()) return fail(Errc::invalid_argument, "the path of a Unix socket is empty");
    if (path.size() >= max_bytes)
        return fail(Errc::invalid_argument, "the path of a Unix socket has at most 107 bytes");
    if (path.find('\0') != std::string_view::npos)
        return fail(Errc::invalid_argument, "the path of a Unix socket has a NUL");
    return from_raw(path);
}

Result<UnixAddr> UnixAddr::from_abstract_name(std::string_view name) {
    if (name.size() >= max_bytes)
        return fail(Errc::invalid_argument, "an abstract name has at most 107 bytes");
    std::string raw(1, '\0');
    raw += name;
    return from_raw(raw);
}

UnixAddr UnixAddr::from_raw(std::string_view raw) {
    UnixAddr address;
    address.raw_ = raw.substr(0, max_bytes);
    return address;
}

std::optional<std::string_view> UnixAddr::as_pathname() const {
    if (raw_.empty() || raw_[0] == '\0') return std::nullopt;
    return std::string_view(raw_);
}

std::optional<std::string_view> UnixAddr::as_abstract_name() const {
    if (raw_.empty() || raw_[0] != '\0') return std::nullopt;
    return std::string_view(raw_).substr(1);
}

std::string UnixAddr::to_string() const {
    if (raw_.empty()) return "(unnamed)";
    if (const auto name = as_abstract_name()) return '@' + std::string(*name);
    return raw_;
}

} // namespace hws
