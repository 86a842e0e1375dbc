#pragma once
/// An HTTP exchange as a descriptor: begun at once, it resolves, connects and follows redirects by
/// itself while the plugin does something else.

#include "core/descriptor.hpp"
#include "core/http_client.hpp"
#include "core/http_upload.hpp"

#include <functional>
#include <memory>
#include <optional>

namespace hws::host::core {

/// Readable: the head has come and nobody has asked for it, or there are bytes of the body, or its
/// end, or an error. Writable, with a streamed request body only: it takes bytes.
class HttpDescriptor final : public Descriptor {
public:
    /// How the request's body is given: in `HttpRequest::body`, or by writing, in a known length
    /// or not.
    struct StreamedBody {
        std::optional<std::uint64_t> length;
    };

    /// Told, with the reason, of a denial that comes later than `start`, as of a redirect: at once,
    /// since the plugin may never ask. What the plugin is then told has no reason any more.
    using OnDenied = std::function<void(const Error&)>;

    /// Begins it. `client` must outlive what this waits for: destroy it first. Errors: those of
    /// HttpClient::start that are known at once, no_buffers (see hold_body), denied by the policy's
    /// words about the URL above all; every other one is told by try_head and try_read.
    static Result<std::unique_ptr<HttpDescriptor>> start(HttpClient& client, HttpRequest&& request,
                                                         std::optional<StreamedBody> body,
                                                         OnDenied on_denied = {});
    ~HttpDescriptor() override;

    /// The head, once it has come. Errors: would_block, and those of HttpClient::start.
    Result<const HttpHead*> try_head();
    /// The same, but does not count as asking: it stays readable until somebody does.
    Result<const HttpHead*> peek_head() const;
    /// Those that have come; empty before the end of the body.
    const HttpHeaders& trailers() const;

    DescriptorKind kind() const override { return DescriptorKind::http_exchange; }
    os::Ready directions() const override;
    /// The body. Errors: would_block, and those of HttpClient::start and HttpExchange::try_read.
    Result<std::size_t> try_read(ReadBuffers into) override;
    /// Errors: those of HttpUpload::try_write; not_capable without a streamed body.
    Result<std::size_t> try_write(WriteBuffers from) override;
    /// Ends the request's body. Errors: unsupported for the other half, or without a streamed body.
    Result<void> shut_down(os::Half half) override;
    os::Readiness& readiness() override { return readiness_; }
    os::Ready poll_now(os::Ready what) override;
    std::size_t readable_bytes() override;
    bool has_hung_up() override;

private:
    HttpDescriptor(HttpClient& client, HttpRequest&& request,
                   std::optional<StreamedBody> body);
    os::Task<> run(HttpClient& client, HttpRequest request);
    bool is_readable() const;

    std::shared_ptr<const void> held_body_; // the request's, which the exchange keeps to its end
    os::Readiness readiness_;
    std::optional<HttpUpload> upload_;
    std::unique_ptr<HttpExchange> exchange_; // null before the head has come
    std::optional<Error> error_;
    OnDenied on_denied_;
    bool is_started_ = false;
    bool is_head_fetched_ = false;
    os::Task<> running_; // ends before what it refers to
};

} // namespace hws::host::core
