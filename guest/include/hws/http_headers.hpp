#pragma once
/// `HeaderMap`: the headers or trailers of an HTTP message.

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hws::http {

/// One header and all its values, in the order in which they came.
struct Header {
    std::string name;
    std::vector<std::string> values;
};

/// Headers in the order in which their names first came. Names are compared without regard to case,
/// as RFC 9110, 5.1 says.
class HeaderMap {
public:
    /// All values of that header; empty if there is none.
    std::span<const std::string> values(std::string_view name) const;
    /// The first value.
    std::optional<std::string_view> first(std::string_view name) const;
    bool contains(std::string_view name) const { return !values(name).empty(); }

    /// Adds a value after those that the header has.
    void append(std::string_view name, std::string_view value);
    /// Makes that value the only one.
    void set(std::string_view name, std::string_view value);
    /// Forgets the header; nothing happens if there is none.
    void remove(std::string_view name);

    std::size_t size() const { return headers_.size(); }
    bool empty() const { return headers_.empty(); }
    /// `for (const auto& [name, values] : headers)`
    auto begin() const { return headers_.begin(); }
    auto end() const { return headers_.end(); }

private:
    std::vector<Header> headers_;
};

} // namespace hws::http
