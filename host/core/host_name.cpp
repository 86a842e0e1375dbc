#include "core/host_name.hpp"

#include <hws/quote.hpp>

namespace hws::host::core {
namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_hex_digit(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f');
}

/// What inet_aton and the WHATWG URL rules read as the last number of an IPv4 address. `label` is
/// in lower case.
bool is_numeric(std::string_view label) {
    auto all = [](std::string_view text, bool (*accepts)(char)) {
        for (char c : text)
            if (!accepts(c)) return false;
        return true;
    };
    if (label.starts_with("0x")) return all(label.substr(2), is_hex_digit);
    return all(label, is_digit);
}

std::unexpected<Error> not_a_name(std::string_view text, std::string_view reason) {
    return fail(Errc::bad_name, quote(text) + ' ' + std::string(reason));
}

} // namespace

Result<HostName> HostName::parse(std::string_view text) {
    std::string_view rest = text;
    if (rest.ends_with('.')) rest.remove_suffix(1);
    if (rest.empty()) return not_a_name(text, "is no host name: it is empty");
    if (rest.size() > max_name_chars)
        return not_a_name(text, "is no host name: it has more than 253 characters");

    std::string canonical;
    canonical.reserve(rest.size());
    std::size_t label_start = 0;
    for (std::size_t i = 0; i <= rest.size(); ++i) {
        if (i < rest.size() && rest[i] != '.') {
            char c = rest[i];
            if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
            if (!is_digit(c) && !(c >= 'a' && c <= 'z') && c != '-' && c != '_')
                return not_a_name(text, "is no host name: only letters, digits, - and _ may stand "
                                        "between the dots");
            canonical += c;
            continue;
        }
        const std::string_view label = std::string_view(canonical).substr(label_start);
        if (label.empty()) return not_a_name(text, "is no host name: a label is empty");
        if (label.size() > max_label_chars)
            return not_a_name(text, "is no host name: a label has more than 63 characters");
        if (label.front() == '-' || label.back() == '-')
            return not_a_name(text, "is no host name: a label begins or ends with -");
        if (i == rest.size()) {
            // Resolvers hand such text to inet_aton: 127.1, 0177.0.0.1, 2130706433 and 0x7f.1 would
            // be loopback.
            if (is_numeric(label))
                return not_a_name(text, "is neither a host name nor an IPv4 address in plain form");
            break;
        }
        canonical += '.';
        label_start = canonical.size();
    }
    return HostName(std::move(canonical));
}

} // namespace hws::host::core
