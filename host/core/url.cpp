#include "core/url.hpp"

#include <curl/curl.h>
#include <memory>

namespace hws::host::core {
namespace {

struct FreeCurlText {
    void operator()(char* text) const { curl_free(text); }
};
using CurlText = std::unique_ptr<char, FreeCurlText>;

CurlText part_of(CURLU* url, CURLUPart part) {
    char* text = nullptr;
    if (curl_url_get(url, part, &text, 0) != CURLUE_OK) return nullptr;
    return CurlText(text);
}

std::unexpected<Error> bad_url(const char* why) {
    return fail(Errc::bad_url, std::string("URL: ") + why);
}

bool is_alpha(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

void append_encoded(std::string& out, char c) {
    static constexpr char digits[] = "0123456789ABCDEF";
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += digits[byte >> 4];
    out += digits[byte & 15];
}

bool begins_with_no_case(std::string_view text, std::string_view lower) {
    if (text.size() < lower.size()) return false;
    for (std::size_t i = 0; i < lower.size(); ++i)
        if ((is_alpha(text[i]) ? static_cast<char>(text[i] | 0x20) : text[i]) != lower[i])
            return false;
    return true;
}

bool has_scheme(std::string_view reference) {
    if (reference.empty() || !is_alpha(reference[0])) return false;
    for (const char c : reference) {
        if (c == ':') return true;
        if (!is_alpha(c) && !is_digit(c) && c != '+' && c != '-' && c != '.') return false;
    }
    return false;
}

} // namespace

void Url::FreeCurlUrl::operator()(Curl_URL* url) const {
    curl_url_cleanup(url);
}

Result<Url> Url::parse(std::string_view text) {
    if (text.size() > max_bytes) return bad_url("too long");
    for (const char c : text)
        if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f)
            return bad_url("has a blank or a control character");

    bool is_https = false;
    if (begins_with_no_case(text, "http://"))
        text.remove_prefix(7);
    else if (begins_with_no_case(text, "https://"))
        is_https = true, text.remove_prefix(8);
    else
        return bad_url("is not http:// or https://");

    const std::size_t authority_bytes = std::min(text.find_first_of("/?#"), text.size());
    const std::string_view authority = text.substr(0, authority_bytes);
    const std::string_view rest = text.substr(authority_bytes);
    if (authority.find('@') != authority.npos) return bad_url("has a user name");
    if (authority.find('\\') != authority.npos) return bad_url("has a backslash in its host");
    if (authority.find('%') != authority.npos) return bad_url("has a zone or a % in its host");

    std::string_view host = authority;
    std::string_view port;
    const bool is_bracketed = authority.starts_with('[');
    const std::size_t after_host = is_bracketed ? authority.find(']') : authority.find(':');
    if (is_bracketed) {
        if (after_host == authority.npos) return bad_url("has a bracket without its partner");
        host = authority.substr(0, after_host + 1);
        port = authority.substr(after_host + 1);
    } else if (after_host != authority.npos) {
        host = authority.substr(0, after_host);
        port = authority.substr(after_host);
    }
    if (host.empty()) return bad_url("has no host");
    if (!port.empty() && port[0] != ':') return bad_url("has something behind its bracket");

    HWS_TRY(Target target, parse_host(host));
    target.port = is_https ? 443 : 80;
    // An empty port is the default one (RFC 3986, 3.2.3).
    if (port.size() > 1) {
        const auto number = parse_port(port.substr(1));
        if (!number) return bad_url("its port is not a number from 1 to 65535");
        target.port = *number;
    }

    auto parts = std::make_shared<Parts>(std::move(target));
    parts->is_https = is_https;
    if (const HostName* name = parts->target.name()) {
        parts->host = name->text();
    } else {
        const IpAddr ip = parts->target.address()->ip();
        parts->host = ip.is_ipv6() ? "[" + ip.to_string() + "]" : ip.to_string();
    }

    std::string& full = parts->text;
    full.reserve(text.size() + 16);
    full.append(is_https ? "https://" : "http://").append(parts->host);
    if (parts->target.port != (is_https ? 443 : 80))
        full.append(":").append(std::to_string(parts->target.port));
    parts->origin_bytes = full.size();
    if (!rest.starts_with('/')) full += '/';
    for (const char c : rest.substr(0, rest.find('#'))) {
        if (static_cast<unsigned char>(c) >= 0x80)
            append_encoded(full, c);
        else
            full += c;
    }

    parts->curl_handle.reset(curl_url());
    CURLU* const parsed = parts->curl_handle.get();
    if (!parsed) return fail(Errc::out_of_memory);
    if (const CURLUcode code = curl_url_set(parsed, CURLUPART_URL, full.c_str(), 0);
        code != CURLUE_OK)
        return bad_url(curl_url_strerror(code));
    const CurlText curl_host = part_of(parsed, CURLUPART_HOST);
    const CurlText path = part_of(parsed, CURLUPART_PATH);
    const CurlText query = part_of(parsed, CURLUPART_QUERY);
    if (!curl_host || !path) return bad_url("cannot be read");
    const auto seen = parse_host(curl_host.get());
    if (!seen || seen->host != parts->target.host) return bad_url("its host is ambiguous");

    full.resize(parts->origin_bytes);
    full += path.get();
    parts->path_bytes = full.size() - parts->origin_bytes;
    if (query) full.append("?").append(query.get());
    return Url(std::move(parts));
}

Result<Url> Url::parse_web_socket(std::string_view text) {
    if (text.size() > max_bytes) return bad_url("too long");
    if (text.find('#') != text.npos) return bad_url("of a WebSocket has a fragment");
    if (begins_with_no_case(text, "ws://")) return parse("http" + std::string(text.substr(2)));
    if (begins_with_no_case(text, "wss://")) return parse("https" + std::string(text.substr(3)));
    return bad_url("is not ws:// or wss://");
}

Result<Url> Url::resolve(std::string_view reference) const {
    std::string encoded;
    for (const char c : reference) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte <= 0x20 || byte >= 0x7f)
            append_encoded(encoded, c);
        else
            encoded += c;
    }
    // Whatever names a host goes through our own parser, which refuses what libcurl would guess.
    if (has_scheme(encoded)) return parse(encoded);
    if (encoded.starts_with("//")) return parse((is_https() ? "https:" : "http:") + encoded);
    const std::unique_ptr<CURLU, FreeCurlUrl> joined(curl_url_dup(curl_handle()));
    if (!joined) return fail(Errc::out_of_memory);
    if (curl_url_set(joined.get(), CURLUPART_URL, encoded.c_str(), 0) != CURLUE_OK)
        return bad_url("the redirect's Location cannot be read");
    const CurlText text = part_of(joined.get(), CURLUPART_URL);
    if (!text) return bad_url("the redirect's Location cannot be read");
    return parse(text.get());
}

} // namespace hws::host::core
