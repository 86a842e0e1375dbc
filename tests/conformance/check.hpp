#pragma once
/// Sentences about the SDK that run as one program natively and in the sandbox, where there are no
/// exceptions and no test framework.
///
///     SENTENCE("a stream reads what its peer wrote") {
///         REQUIRE_OK(auto pair, connected_pair());
///         CHECK(pair.client.write_all("x"));
///     }
///
/// | macro                        |                                                              |
/// |------------------------------|--------------------------------------------------------------|
/// | SENTENCE(text)               | a sentence that holds with backends v2 and native            |
/// | SENTENCE_OF_EVERY_BACKEND    | one that holds with v1, too                                  |
/// | SENTENCE_OF_V2               | one that holds in the sandbox only, with v2                  |
/// | SENTENCE_OF_V1               | one that holds with v1 only                                  |
/// | CHECK(expression)            | must be true; goes on if it is not                           |
/// | CHECK_ERROR(expression, code)| must have failed with that code                              |
/// | REQUIRE(expression)          | must be true; ends the sentence if it is not                 |
/// | REQUIRE_OK(declaration, ...) | declares the value of a Result that must be a success        |

#include <hws/result.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace conformance {

struct Sentence {
    const char* text;
    void (*run)();
};

/// All of this program, in the order of its sources.
inline std::vector<Sentence>& sentences() {
    static std::vector<Sentence> all;
    return all;
}

struct Registration {
    Registration(const char* text, void (*run)()) { sentences().push_back({text, run}); }
};

/// Says what went wrong; the running sentence has failed.
void report(const char* file, int line, std::string_view what);

template <class T> std::string error_of(const hws::Result<T>& result) {
    return result ? "it succeeded" : result.error().message();
}

/// Whether both succeeded with the same value.
template <class T> bool same(const hws::Result<T>& a, const hws::Result<T>& b) {
    return a && b && *a == *b;
}

/// Runs the sentences whose text contains `only`, says each one's outcome on stdout, and returns
/// how many have failed.
int run_all(std::string_view only);

} // namespace conformance

#define CONFORMANCE_SENTENCE_(name, text)                                                          \
    static void name();                                                                            \
    static const conformance::Registration HWS_CONCAT(name, _registration){text, name};            \
    static void name()
#define CONFORMANCE_OTHERS_(name, text) [[maybe_unused]] static void name()

#define SENTENCE_OF_EVERY_BACKEND(text) CONFORMANCE_SENTENCE_(HWS_CONCAT(sentence_, __LINE__), text)
#if defined(__wasm__) && !defined(HWS_BACKEND_V1)
#define SENTENCE_OF_V2(text) CONFORMANCE_SENTENCE_(HWS_CONCAT(sentence_, __LINE__), text)
#else
#define SENTENCE_OF_V2(text) CONFORMANCE_OTHERS_(HWS_CONCAT(sentence_, __LINE__), text)
#endif
#ifdef HWS_BACKEND_V1
#define SENTENCE(text) CONFORMANCE_OTHERS_(HWS_CONCAT(sentence_, __LINE__), text)
#define SENTENCE_OF_V1(text) CONFORMANCE_SENTENCE_(HWS_CONCAT(sentence_, __LINE__), text)
#else
#define SENTENCE(text) CONFORMANCE_SENTENCE_(HWS_CONCAT(sentence_, __LINE__), text)
#define SENTENCE_OF_V1(text) CONFORMANCE_OTHERS_(HWS_CONCAT(sentence_, __LINE__), text)
#endif

#define CHECK(...)                                                                                 \
    do {                                                                                           \
        if (!(__VA_ARGS__)) conformance::report(__FILE__, __LINE__, #__VA_ARGS__);                 \
    } while (false)
#define REQUIRE(...)                                                                               \
    do {                                                                                           \
        if (!(__VA_ARGS__)) return conformance::report(__FILE__, __LINE__, #__VA_ARGS__);          \
    } while (false)
#define CHECK_ERROR(expression, code)                                                              \
    do {                                                                                           \
        if (const auto& checked = (expression); checked || checked.error() != (code))              \
            conformance::report(__FILE__, __LINE__,                                                \
                                #expression " must be " #code ", but: " +                          \
                                    conformance::error_of(checked));                               \
    } while (false)
#define CHECK_OK(...)                                                                              \
    do {                                                                                           \
        if (const auto& checked = (__VA_ARGS__); !checked)                                         \
            conformance::report(__FILE__, __LINE__,                                                \
                                #__VA_ARGS__ ": " + conformance::error_of(checked));               \
    } while (false)
#define REQUIRE_OK_(temporary, declaration, ...)                                                   \
    auto temporary = (__VA_ARGS__);                                                                \
    if (!temporary)                                                                                \
        return conformance::report(__FILE__, __LINE__,                                             \
                                   #__VA_ARGS__ ": " + conformance::error_of(temporary));          \
    declaration = *std::move(temporary)
#define REQUIRE_OK(declaration, ...)                                                               \
    REQUIRE_OK_(HWS_CONCAT(required_, __LINE__), declaration, __VA_ARGS__)
