#include "http_syntax.hpp"

#include <hws/http_headers.hpp>

namespace hws::http {

using guest::equal_ignoring_case;

std::span<const std::string> HeaderMap::values(std::string_view name) const {
    for (const Header& header : headers_)
        if (equal_ignoring_case(header.name, name)) return header.values;
    return {};
}

std::optional<std::string_view> HeaderMap::first(std::string_view name) const {
    const std::span<const std::string> all = values(name);
    if (all.empty()) return std::nullopt;
    return all.front();
}

void HeaderMap::append(std::string_view name, std::string_view value) {
    for (Header& header : headers_) {
        if (!equal_ignoring_case(header.name, name)) continue;
        header.values.emplace_back(value);
        return;
    }
    if (headers_.empty()) headers_.reserve(16); // an answer has as many
    Header& added = headers_.emplace_back();
    added.name = name;
    added.values.emplace_back(value);
}

void HeaderMap::set(std::string_view name, std::string_view value) {
    for (Header& header : headers_) {
        if (!equal_ignoring_case(header.name, name)) continue;
        header.values.assign(1, std::string(value));
        return;
    }
    append(name, value);
}

void HeaderMap::remove(std::string_view name) {
    std::erase_if(headers_,
                  [&](const Header& header) { return equal_ignoring_case(header.name, name); });
}

} // namespace hws::http
