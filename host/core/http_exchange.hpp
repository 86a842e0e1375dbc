#pragma once
/// One HTTP request and its answer, as data and as a stream. Made by HttpClient.

#include "os/loop.hpp"
#include "os/task.hpp"

#include <chrono>
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

class HttpUpload;

/// How a redirect changes the method. `as_go`, as dialect v1 has it: 301, 302 and 303 turn every
/// one but GET and HEAD into GET. `as_fetch`, as the Fetch standard has it (HTTP-redirect fetch):
/// 301 and 302 only POST.
enum class MethodRewriting : std::uint8_t { as_go, as_fetch };
/// A redirect to another origin is followed, or is an answer like any other.
enum class OtherOrigin : std::uint8_t { followed, an_answer };
/// Over TLS the handshake chooses, otherwise it is 1.1; or 1.1 always; or 2 without asking.
enum class HttpVersion : std::uint8_t { negotiated, one, two_by_prior_knowledge };

struct HttpRequest {
    std::string method = "GET";
    std::string url;
    HttpHeaders headers;
    std::vector<std::byte> body;
    /// How many redirects are followed; one more is `too_many_redirects`. Nothing: a redirect is an
    /// answer like any other.
    std::optional<int> max_redirects = 10;
    MethodRewriting method_rewriting = MethodRewriting::as_go;
    OtherOrigin other_origin = OtherOrigin::followed;
    /// The body, written while the request is under way, instead of `body`. Null: none. Must
    /// outlive the exchange.
    HttpUpload* upload = nullptr;
    HttpVersion version = HttpVersion::negotiated;
    /// The body waits for "100 Continue", or a second for want of it. A 417 is an answer without
    /// its body; the request is not repeated.
    bool is_expecting_continue = false;
    /// Cookies of the client's own jar are sent, and those of the answer kept there.
    bool keeps_cookies = false;
    /// Codings to be asked for and unpacked. `as_headers_say`: gzip, unless the request has
    /// Accept-Encoding or Range.
    enum class Unpacking : std::uint8_t { none, all, as_headers_say };
    Unpacking unpacking = Unpacking::as_headers_say;
    /// Each connection, TLS included; max(): no limit of its own.
    std::chrono::nanoseconds connect_timeout = std::chrono::nanoseconds::max();
    /// Without a byte in either direction, while it is not the plugin that is waited for.
    std::chrono::nanoseconds idle_timeout = std::chrono::nanoseconds::max();
    /// The end of all, the response's body included.
    os::Deadline end = os::no_deadline;
    /// Told of everything that the exchange's own readiness() is told of, from its start on; also
    /// what the upload is writable by. Null: nobody. Must outlive the exchange.
    os::Readiness* readiness = nullptr;
};

/// What comes before the body.
struct HttpHead {
    int status = 0;
    /// 10, 11, 20 for HTTP/1.0, 1.1, 2.
    int version = 0;
    HttpHeaders headers;
    /// Those of the 1xx answers before; each begins with `:status`.
    HttpHeaders informational;
    /// The request's URL, or that of the last redirect.
    std::string url;
    /// Content-Length; nothing if it is not known, or not that of the unpacked body.
    std::optional<std::uint64_t> body_bytes;
    int redirects = 0; ///< that were followed
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
    /// Bytes that can be read at once; of a body that is unpacked at least one, if there is one.
    std::size_t readable_bytes();
    bool is_complete() const;
    /// Nothing more will come: it is complete, or it has failed.
    bool is_ended() const;
    /// Headers that came after the body; empty until is_complete.
    const HttpHeaders& trailers() const;

private:
    friend class HttpClient;
    class Transfer;
    explicit HttpExchange(std::unique_ptr<Transfer> transfer);
    std::unique_ptr<Transfer> transfer_;
};

} // namespace hws::host::core
