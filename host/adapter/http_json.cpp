#include "adapter/http_json.hpp"

#include "core/http_client.hpp"
#include "core/http_syntax.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

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

// A header value may hold bytes that are not UTF-8; JSON cannot carry them, so they become U+FFFD.
std::string dump(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
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
    Json headers = Json::object();
    for (const auto& [name, value] : response.headers) headers[canonical_name(name)].push_back(value);
    std::string text = "{\"status\":" + std::to_string(response.status) + ",\"headers\":" + dump(headers) +
                       ",\"body\":\"";
    text += base64({reinterpret_cast<const char*>(response.body.data()), response.body.size()});
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

std::string base64(std::string_view bytes) {
    static constexpr char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::size_t left = std::min<std::size_t>(3, bytes.size() - i);
        std::uint32_t group = 0;
        for (std::size_t k = 0; k < 3; ++k)
            group = group << 8 | (k < left ? static_cast<unsigned char>(bytes[i + k]) : 0u);
        for (std::size_t k = 0; k < 4; ++k)
            text += k <= left ? digits[group >> (18 - 6 * k) & 63] : '=';
    }
    return text;
}

} // namespace hws::host::adapter
