#pragma once
/// nlohmann::json for RequestBuilder::json and Response::json. Include it if you use that library;
/// the SDK itself does not. It adds some 200 KiB to a plugin. Without exceptions the library needs
/// JSON_NOEXCEPTION, which must be defined before its first include in a source; this header sees
/// to it.

#ifndef JSON_NOEXCEPTION
#define JSON_NOEXCEPTION
#endif

#include <hws/json.hpp>
#include <nlohmann/json.hpp>

template <> struct hws::http::JsonAdapter<nlohmann::json> {
    static std::string to_text(const nlohmann::json& value) {
        return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    }
    /// Errors: invalid_argument.
    static hws::Result<nlohmann::json> from_text(std::string_view text) {
        auto value = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
        if (value.is_discarded())
            return hws::fail(hws::Errc::invalid_argument, "the text is not JSON");
        return value;
    }
};
