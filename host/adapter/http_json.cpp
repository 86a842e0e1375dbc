#include "adapter/http_json.hpp"

#include "core/http_client.hpp"
#include "core/http_syntax.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <span>

namespace hws::host::adapter {
namespace {

using Json = nlohmann::json;

/// More than a URL and the headers of any request take, escapes included. A parsed text of brackets
/// takes 80 times its size of the host's memory.
constexpr std::size_t max_json_bytes = std::size_t{1} << 20;

/// Without exceptions: what does not parse is "discarded". Errors: too_large.
Result<Json> parse(std::string_view text) {
    if (text.size() > max_json_bytes) return fail(Errc::too_large, "JSON beyond 1 MiB");
    return Json::parse(text, nullptr, false);
}

constexpr bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

std::string canonical_name(std::string_view name) {
    std::string canonical = core::lower_case(name);
    bool first = true;
    for (char& c : canonical) {
        if (first && is_lower(c)) c = static_cast<char>(c - 'a' + 'A');
        first = c == '-';
    }
    return canonical;
}

constexpr std::size_t base64_size(std::size_t bytes) {
    return (bytes + 2) / 3 * 4;
}

/// RFC 4648, section 4, with padding.
void append_base64(std::string& text, std::span<const std::byte> bytes) {
    static constexpr char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const std::size_t begin = text.size();
    text.resize(begin + base64_size(bytes.size()), '=');
    char* out = text.data() + begin;
    const auto at = [&](std::size_t i) { return std::to_integer<std::uint32_t>(bytes[i]); };
    std::size_t i = 0;
    for (; i + 3 <= bytes.size(); i += 3, out += 4) {
        const std::uint32_t group = at(i) << 16 | at(i + 1) << 8 | at(i + 2);
        out[0] = digits[group >> 18];
        out[1] = digits[group >> 12 & 63];
        out[2] = digits[group >> 6 & 63];
        out[3] = digits[group & 63];
    }
    if (const std::size_t left = bytes.size() - i; left > 0) {
        const std::uint32_t group = at(i) << 16 | (left == 2 ? at(i + 1) << 8 : 0u);
        out[0] = digits[group >> 18];
        out[1] = digits[group >> 12 & 63];
        if (left == 2) out[2] = digits[group >> 6 & 63];
    }
}

// A header value may hold bytes that are not UTF-8; JSON cannot carry them, so they become U+FFFD.
std::string dump(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// As JSON's string, in quotes.
void append_string(std::string& text, std::string_view value) {
    const bool is_plain = std::ranges::all_of(
        value, [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; });
    if (!is_plain) {
        text += dump(Json(value));
        return;
    }
    text += '"';
    text += value;
    text += '"';
}

} // namespace

Result<HeaderList> parse_header_lines(std::string_view json) {
    HeaderList headers;
    if (json.empty()) return headers;
    HWS_TRY(const Json parsed, parse(json));
    if (parsed.is_null()) return headers;
    if (!parsed.is_array())
        return fail(Errc::invalid_argument, "headers are not a JSON array of \"Name: value\"");
    for (const Json& item : parsed) {
        if (!item.is_string())
            return fail(Errc::invalid_argument, "a header is not a string");
        const auto& line = item.get_ref<const std::string&>();
        const std::size_t colon = line.find(':');
        if (colon == std::string::npos)
            return fail(Errc::invalid_argument, "a header has no colon");
        std::size_t value = colon + 1;
        while (value < line.size() && (line[value] == ' ' || line[value] == '\t')) ++value;
        headers.emplace_back(line.substr(0, colon), line.substr(value));
    }
    return headers;
}

std::string format_v1_response(const core::HttpResponse& response) {
    // By name, and of one name in order of arrival, as a map of lists would have them: at a tenth of
    // what a tree of JSON costs.
    std::vector<std::pair<std::string, const std::string*>> headers;
    headers.reserve(response.headers.size());
    std::size_t header_bytes = 0;
    for (const auto& [name, value] : response.headers) {
        headers.emplace_back(canonical_name(name), &value);
        header_bytes += name.size() + value.size() + 8;
    }
    std::ranges::sort(headers, {}, [](const auto& header) {
        return std::pair<const std::string&, const void*>(header.first, header.second);
    });

    std::string text;
    text.reserve(64 + header_bytes + base64_size(response.body.size()));
    text.append("{\"status\":").append(std::to_string(response.status)).append(",\"headers\":{");
    for (std::size_t i = 0; i < headers.size(); ++i) {
        const auto& [name, value] = headers[i];
        if (i > 0 && headers[i - 1].first == name) {
            text += ',';
        } else {
            if (i > 0) text += "],";
            append_string(text, name);
            text += ":[";
        }
        append_string(text, *value);
    }
    if (!headers.empty()) text += ']';
    text += "},\"body\":\"";
    append_base64(text, response.body);
    text += "\"}";
    return text;
}

Result<core::HttpRequest> parse_extism_request(std::string_view json) {
    HWS_TRY(const Json parsed, parse(json));
    if (!parsed.is_object()) return fail(Errc::invalid_argument, "the request is not a JSON object");
    const auto text = [&](const char* key, std::string otherwise) -> Result<std::string> {
        const auto found = parsed.find(key);
        if (found == parsed.end() || found->is_null()) return otherwise;
        if (!found->is_string())
            return fail(Errc::invalid_argument, std::string("the request's ") + key + " is not a string");
        return found->get<std::string>();
    };
    core::HttpRequest request;
    HWS_TRY(request.url, text("url", ""));
    HWS_TRY(request.method, text("method", "GET"));
    if (const auto headers = parsed.find("headers"); headers != parsed.end() && !headers->is_null()) {
        if (!headers->is_object())
            return fail(Errc::invalid_argument, "the request's headers are not an object");
        for (const auto& [name, value] : headers->items()) {
            if (!value.is_string())
                return fail(Errc::invalid_argument, "a header's value is not a string");
            request.headers.emplace_back(name, value.get<std::string>());
        }
    }
    return request;
}

std::string format_extism_headers(const core::HttpResponse& response) {
    Json headers = Json::object();
    for (const auto& [name, value] : response.headers) {
        Json& entry = headers[core::lower_case(name)];
        if (entry.is_null())
            entry = value;
        else
            entry.get_ref<std::string&>().append(", ").append(value);
    }
    return dump(headers);
}

} // namespace hws::host::adapter
