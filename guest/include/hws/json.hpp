#pragma once
/// How a type of yours becomes JSON text and back, for `RequestBuilder::json` and `Response::json`.
/// Either write these functions beside the type, in its namespace:
///
///     std::string to_json_text(const Point& point);
///     hws::Result<void> from_json_text(std::string_view text, Point& into);
///
/// or, for a type that is not yours, specialise JsonAdapter. <hws/nlohmann_json.hpp> has done it for
/// nlohmann::json. <hws/json_reader.hpp> helps to write the functions without a library.

#include <concepts>
#include <hws/result.hpp>
#include <string>
#include <string_view>

namespace hws::http {

template <class T>
concept HasToJsonText = requires(const T& value) {
    { to_json_text(value) } -> std::convertible_to<std::string>;
};
template <class T>
concept HasFromJsonText =
    std::default_initializable<T> && requires(std::string_view text, T& into) {
        { from_json_text(text, into) } -> std::same_as<Result<void>>;
    };

template <class T> struct JsonAdapter {
    static std::string to_text(const T& value)
        requires HasToJsonText<T>
    {
        return to_json_text(value);
    }
    static Result<T> from_text(std::string_view text)
        requires HasFromJsonText<T>
    {
        T value{};
        HWS_CHECK(from_json_text(text, value));
        return value;
    }
};

template <class T>
concept JsonReadable = requires(std::string_view text) {
    { JsonAdapter<T>::from_text(text) } -> std::same_as<Result<T>>;
};
template <class T>
concept JsonWritable = requires(const T& value) {
    { JsonAdapter<T>::to_text(value) } -> std::convertible_to<std::string>;
};

} // namespace hws::http
