#pragma once
/// One HTTP request and its answer, as data and as a stream. Made by HttpClient.

#include "os/loop.hpp"
#include "os/task.hpp"

#include <cstddef>
#include <cstdint>
#include <hws/result.hpp>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace hws::host::core {

/// Names and values in their order, repeats included. Names as they were sent or came: HTTP/2 has
/// them in lower case.
using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
    std::string method = "GET";
    std::string url;
    HttpHeaders headers;
    std::vector<std::byte> body;
    /// How many redirects are followed; one more is `too_many_redirects`. Nothing: a redirect is an
    /// answer like any other.
    std::optional<int> max_redirects = 10;
};

/// What comes before the body.
struct HttpHead {
    int status = 0;
    /// 10, 11, 20 for HTTP/1.0, 1.1, 2.
    int version = 0;
    HttpHeaders headers;
    /// The request's URL, or that of the last redirect.
    std::string url;
};

/// The answer to a request, whose head has come and whose body is coming. Moves along only while it
/// is read: a bounded buffer lies between the network and the reader. Destroying it ends the
/// exchange at once. When its client is gone first, reading fails with `canceled`. Loop thread
/// only.
class HttpExchange {
public:
    ~HttpExchange();
    HttpExchange(const HttpExchange&) = delete;
    HttpExchange& operator=(const HttpExchange&) = delete;

    const HttpHead& head() const;

    /// Takes what has come of the body, up to `into.size()` bytes; never waits. 0: the body is
    /// complete, or `into` is empty. Errors: would_block, reset, protocol, too_large, tls_failed,
    /// canceled.
    Result<std::size_t> try_read(std::span<std::byte> into);
    /// The same, but waits for the first byte. Errors: timed_out, and those of try_read.
    os::Task<std::size_t> read(std::span<std::byte> into, os::Deadline deadline);
    /// Readable: try_read will not answer would_block.
    os::Readiness& readiness();
    /// Bytes that can be read at once.
    std::size_t readable_bytes() const;
    bool is_complete() const;
    /// Headers that came after the body; empty until is_complete.
    const HttpHeaders& trailers() const;

private:
    friend class HttpClient;
    class Transfer;
    explicit HttpExchange(std::unique_ptr<Transfer> transfer);
    std::unique_ptr<Transfer> transfer_;
};

} // namespace hws::host::core
