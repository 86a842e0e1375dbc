#pragma once
/// What can fail returns `Result<T>`: a value, or an `Error` with a code that says what to do next and its context.
/// Both sides of the border, guest and host, use these very types.

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace hws {

/// Every error there is, by its fixed number (abi/errors.def). 0 is success and has no name here.
enum class Errc : std::uint16_t {
#define HWS_ERROR(name, number, posix, sentence) name = number,
#include "errors.def"
#undef HWS_ERROR
};

/// The code's name, e.g. "timed_out"; "unknown_error" for a number that has no row.
constexpr std::string_view name_of(Errc code) {
    switch (code) {
#define HWS_ERROR(name, number, posix, sentence)                                                   \
    case Errc::name:                                                                               \
        return #name;
#include "errors.def"
#undef HWS_ERROR
    }
    return "unknown_error";
}

/// What the code means and what the caller can do about it, one sentence.
constexpr std::string_view sentence_of(Errc code) {
    switch (code) {
#define HWS_ERROR(name, number, posix, sentence)                                                   \
    case Errc::name:                                                                               \
        return sentence;
#include "errors.def"
#undef HWS_ERROR
    }
    return "An error this version does not know.";
}

/// A code and, where it is known, the context: operation, endpoint, rule. The context is added once, by whoever knows it.
/// An error without context allocates nothing (`would_block` is ordinary).
class [[nodiscard]] Error {
public:
    Error(Errc code) : code_(code) {}
    Error(Errc code, std::string context) : code_(code), context_(std::move(context)) {}

    Errc code() const { return code_; }
    const std::string& context() const { return context_; }

    /// One line: `tcp_connect 198.51.100.7:443: denied (rule 3)`, or just the code's name.
    std::string message() const {
        if (context_.empty()) return std::string(name_of(code_));
        return context_ + ": " + std::string(name_of(code_));
    }

    /// The same error with its context, unless it has one already.
    Error with_context(std::string_view context) && {
        if (context_.empty()) context_ = context;
        return std::move(*this);
    }

    friend bool operator==(const Error& error, Errc code) { return error.code_ == code; }

private:
    Errc code_;
    std::string context_;
};

template <class T>
using Result = std::expected<T, Error>;

/// `return fail(Errc::denied, "tcp 192.0.2.1:80")`.
inline std::unexpected<Error> fail(Errc code, std::string context = {}) {
    return std::unexpected<Error>(Error(code, std::move(context)));
}

} // namespace hws

#define HWS_CONCAT_(a, b) a##b
#define HWS_CONCAT(a, b) HWS_CONCAT_(a, b)
#define HWS_TRY_(return_keyword, temporary, declaration, ...)                                      \
    auto temporary = (__VA_ARGS__);                                                                \
    if (!temporary) return_keyword std::unexpected(std::move(temporary).error());                  \
    declaration = *std::move(temporary)
#define HWS_CHECK_(return_keyword, temporary, ...)                                                 \
    if (auto temporary = (__VA_ARGS__); !temporary)                                                \
    return_keyword std::unexpected(std::move(temporary).error())

/// `HWS_TRY(auto socket, open())` declares the value or returns the error. Inside a coroutine: HWS_CO_TRY.
#define HWS_TRY(declaration, ...)                                                                  \
    HWS_TRY_(return, HWS_CONCAT(hws_try_, __LINE__), declaration, __VA_ARGS__)
#define HWS_CO_TRY(declaration, ...)                                                               \
    HWS_TRY_(co_return, HWS_CONCAT(hws_try_, __LINE__), declaration, __VA_ARGS__)
/// The same for a `Result<void>`, or where the value is not wanted.
#define HWS_CHECK(...) HWS_CHECK_(return, HWS_CONCAT(hws_check_, __LINE__), __VA_ARGS__)
#define HWS_CO_CHECK(...) HWS_CHECK_(co_return, HWS_CONCAT(hws_check_, __LINE__), __VA_ARGS__)
