#pragma once
/// One HTTP exchange, as each backend has it: v2_http.cpp, v1_http.cpp, no_http.cpp.

#include "../src/http_message.hpp"

#include <cstddef>
#include <hws/http.hpp>
#include <hws/result.hpp>
#include <hws/socket.hpp>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace hws::backend {

/// The destructor cancels what is still under way.
class HttpExchange {
public:
    /// Copies what it needs of the message.
    static Result<std::shared_ptr<HttpExchange>> start(const HttpRequestMessage& request);

    HttpExchange() = default;
    HttpExchange(const HttpExchange&) = delete;
    HttpExchange& operator=(const HttpExchange&) = delete;
    virtual ~HttpExchange() = default;

    virtual Result<http::ResponseHead> head() = 0;
    /// Of the response; after head().
    virtual Result<http::HeaderMap> headers() = 0;
    virtual Result<std::size_t> read(std::span<std::byte> into) = 0;
    virtual Result<std::size_t> write(std::span<const std::byte> from) = 0;
    virtual Result<void> finish_body() = 0;
    virtual Result<http::HeaderMap> trailers() = 0;
    virtual Result<std::vector<http::Informational>> informational() = 0;
    /// After redirects.
    virtual Result<std::string> url() = 0;
    virtual Result<void> set_blocking(Blocking blocking) = 0;
    /// -1: none.
    virtual int descriptor() const = 0;

    /// Method and URL as asked for, for messages.
    std::string what;
};

} // namespace hws::backend
