#include "core/web_socket_handshake.hpp"

#include "core/http_syntax.hpp"
#include "os/clock.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <openssl/evp.h>

namespace hws::host::core {
namespace {

constexpr std::string_view line_end = "\r\n";

std::string base64(std::span<const std::byte> bytes) {
    std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0'); // OpenSSL ends it in NUL
    const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                     reinterpret_cast<const unsigned char*>(bytes.data()),
                                     static_cast<int>(bytes.size()));
    text.resize(static_cast<std::size_t>(size));
    return text;
}

/// What the server must answer to the key (RFC 6455, 4.2.2). Empty if OpenSSL has no SHA-1.
std::string accept_of(std::string_view key) {
    const std::string text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    std::array<std::byte, EVP_MAX_MD_SIZE> digest;
    unsigned size = 0;
    if (EVP_Digest(text.data(), text.size(), reinterpret_cast<unsigned char*>(digest.data()), &size,
                   EVP_sha1(), nullptr) != 1)
        return {};
    return base64(std::span(digest).first(size));
}

/// What belongs to the handshake, or to the connection.
bool is_own_field(std::string_view lower_name) {
    static constexpr std::string_view names[] = {
        "host", "connection", "upgrade",    "content-length", "transfer-encoding",
        "te",   "expect",     "keep-alive", "trailer",        "http2-settings"};
    return std::ranges::find(names, lower_name) != std::ranges::end(names) ||
           lower_name.starts_with("sec-websocket-") || lower_name.starts_with("proxy-");
}

/// For a message: it may be what is wrong.
std::string shown(std::string_view name) {
    std::string text;
    for (const char c : name.substr(0, 64))
        text += is_token_char(c) ? c : '?';
    return text;
}

std::unexpected<Error> bad_field(std::string_view name, const char* why) {
    return fail(Errc::invalid_argument, "header " + shown(name) + " " + why);
}

/// Every value of a field.
std::vector<std::string_view> values_of(const HttpHeaders& fields, std::string_view name) {
    std::vector<std::string_view> values;
    for (const auto& field : fields)
        if (equals_no_case(field.first, name)) values.push_back(field.second);
    return values;
}

/// Whether one of the comma-separated values of the field is `word`.
bool has_word(const HttpHeaders& fields, std::string_view name, std::string_view word) {
    for (std::string_view list : values_of(fields, name)) {
        while (!list.empty()) {
            const std::size_t comma = std::min(list.find(','), list.size());
            if (equals_no_case(trim(list.substr(0, comma)), word)) return true;
            list.remove_prefix(std::min(comma + 1, list.size()));
        }
    }
    return false;
}

std::unexpected<Error> broken(const char* what) {
    return fail(Errc::protocol, std::string("the answer to the WebSocket handshake ") + what);
}

} // namespace

Result<std::string> make_web_socket_key() {
    std::array<std::byte, 16> random;
    HWS_CHECK(os::fill_random(random));
    return base64(random);
}

Result<std::string> format_opening(const WebSocketOffer& offer, std::string_view key,
                                   std::size_t max_bytes) {
    const Url& url = offer.url;
    std::string text = "GET ";
    text.append(url.request_target()).append(" HTTP/1.1\r\nHost: ").append(url.host());
    if (!url.is_default_port()) text.append(":").append(std::to_string(url.target().port));
    text.append("\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ").append(key);
    text.append("\r\nSec-WebSocket-Version: 13\r\n");
    std::string list;
    for (std::size_t i = 0; i < offer.protocols.size(); ++i) {
        const std::string& protocol = offer.protocols[i];
        const auto before = offer.protocols.begin() + static_cast<std::ptrdiff_t>(i);
        if (!is_token(protocol) || std::find(offer.protocols.begin(), before, protocol) != before)
            return fail(Errc::invalid_argument, "subprotocol " + shown(protocol));
        list.append(list.empty() ? "" : ", ").append(protocol);
    }
    if (!list.empty()) text.append("Sec-WebSocket-Protocol: ").append(list).append(line_end);
    for (const auto& [name, raw_value] : offer.fields) {
        if (!is_token(name)) return bad_field(name, "has a name that is none");
        const std::string_view value = trim(raw_value);
        if (!is_field_value(value)) return bad_field(name, "has a control character in its value");
        if (is_own_field(lower_case(name))) return bad_field(name, "is not the plugin's to set");
        text.append(name).append(": ").append(value).append(line_end);
    }
    text.append(line_end);
    if (text.size() > max_bytes)
        return fail(Errc::too_large,
                    "WebSocket handshake beyond " + std::to_string(max_bytes) + " bytes");
    return text;
}

Result<ResponseHead> parse_response_head(std::string_view text) {
    ResponseHead head;
    bool is_first = true;
    for (;;) {
        const std::size_t end = text.find(line_end);
        if (end == text.npos) return broken("ends too early");
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(end + line_end.size());
        if (std::exchange(is_first, false)) {
            // HTTP/1.1 101 Switching Protocols
            const auto digit = [&](std::size_t at) { return line[at] >= '0' && line[at] <= '9'; };
            if (line.size() < 12 || !line.starts_with("HTTP/1.") || !digit(7) || line[8] != ' ' ||
                !digit(9) || !digit(10) || !digit(11) || (line.size() > 12 && line[12] != ' ') ||
                !is_field_value(line))
                return broken("is no HTTP/1.1");
            head.status = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
            continue;
        }
        if (line.empty()) return head;
        const std::size_t colon = line.find(':');
        if (colon == line.npos || !is_token(line.substr(0, colon)) ||
            !is_field_value(line.substr(colon + 1)))
            return broken("has a header line that is none");
        head.fields.emplace_back(line.substr(0, colon), trim(line.substr(colon + 1)));
    }
}

Result<std::string> check_opening(const ResponseHead& head, const WebSocketOffer& offer,
                                  std::string_view key) {
    if (head.status != 101)
        return fail(Errc::bad_status, "HTTP " + std::to_string(head.status) + " instead of 101");
    if (!has_word(head.fields, "Upgrade", "websocket") ||
        !has_word(head.fields, "Connection", "upgrade"))
        return broken("does not switch to WebSocket");
    const auto accepts = values_of(head.fields, "Sec-WebSocket-Accept");
    const std::string expected = accept_of(key);
    if (accepts.size() != 1 || expected.empty() || accepts.front() != expected)
        return broken("has a wrong Sec-WebSocket-Accept");
    if (!values_of(head.fields, "Sec-WebSocket-Extensions").empty())
        return broken("has an extension that was not offered");
    const auto protocols = values_of(head.fields, "Sec-WebSocket-Protocol");
    if (protocols.empty()) return std::string();
    if (protocols.size() != 1 ||
        std::ranges::find(offer.protocols, protocols.front()) == offer.protocols.end())
        return broken("has a subprotocol that was not offered");
    return std::string(protocols.front());
}

} // namespace hws::host::core
