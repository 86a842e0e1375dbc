#include "core/http_descriptor.hpp"

#include "os/socket.hpp"

namespace hws::host::core {

using os::Ready;

HttpDescriptor::HttpDescriptor(HttpClient& client, HttpRequest&& request,
                               std::optional<StreamedBody> body)
    : readiness_(client.loop(), Ready::none) {
    if (body) {
        upload_.emplace(readiness_, body->length);
        request.upload = &*upload_;
    }
    request.readiness = &readiness_;
    running_ = run(client, std::move(request));
}

HttpDescriptor::~HttpDescriptor() = default;

Result<std::unique_ptr<HttpDescriptor>>
HttpDescriptor::start(HttpClient& client, HttpRequest&& request, std::optional<StreamedBody> body,
                      OnDenied on_denied) {
    HWS_TRY(auto held_body, client.hold_body(request.body.size()));
    std::unique_ptr<HttpDescriptor> descriptor(
        new HttpDescriptor(client, std::move(request), body));
    descriptor->held_body_ = std::move(held_body);
    descriptor->on_denied_ = std::move(on_denied);
    descriptor->running_.start(client.executor());
    if (descriptor->error_) return std::unexpected(*std::move(descriptor->error_));
    descriptor->is_started_ = true;
    return descriptor;
}

os::Task<> HttpDescriptor::run(HttpClient& client, HttpRequest request) {
    const os::Deadline end = request.end;
    auto exchange = co_await client.start(std::move(request), end);
    if (exchange)
        exchange_ = *std::move(exchange);
    else
        error_ = std::move(exchange).error();
    if (error_ == Errc::denied && is_started_ && on_denied_) {
        on_denied_(*error_);
        error_ = Errc::denied;
    }
    if (error_ && upload_) upload_->abandon();
    readiness_.set(Ready::read);
    co_return {};
}

Result<const HttpHead*> HttpDescriptor::try_head() {
    auto head = peek_head();
    if (head)
        is_head_fetched_ = true;
    else if (head.error() == Errc::would_block)
        readiness_.clear(Ready::read);
    return head;
}

Result<const HttpHead*> HttpDescriptor::peek_head() const {
    if (error_) return std::unexpected(*error_);
    if (!exchange_) return fail(Errc::would_block);
    return &exchange_->head();
}

const HttpHeaders& HttpDescriptor::trailers() const {
    static const HttpHeaders none;
    return exchange_ && exchange_->is_complete() ? exchange_->trailers() : none;
}

Ready HttpDescriptor::directions() const {
    return upload_ ? Ready::both : Ready::read;
}

Result<std::size_t> HttpDescriptor::try_read(ReadBuffers into) {
    if (error_) return std::unexpected(*error_);
    if (!exchange_) {
        readiness_.clear(Ready::read);
        return fail(Errc::would_block);
    }
    is_head_fetched_ = true;
    std::size_t done = 0;
    for (const std::span<std::byte> part : into) {
        if (part.empty()) continue;
        auto bytes = exchange_->try_read(part);
        if (!bytes) {
            if (done > 0) break;
            if (bytes.error() == Errc::would_block) readiness_.clear(Ready::read);
            return bytes;
        }
        done += *bytes;
        if (*bytes < part.size()) break;
    }
    return done;
}

Result<std::size_t> HttpDescriptor::try_write(WriteBuffers from) {
    if (!upload_) return fail(Errc::not_capable, "the request has no streamed body");
    return upload_->try_write(from);
}

Result<void> HttpDescriptor::shut_down(os::Half half) {
    if (!upload_ || half != os::Half::write)
        return fail(Errc::unsupported, "only the end of a streamed request body can be told");
    return upload_->finish();
}

bool HttpDescriptor::is_readable() const {
    if (error_) return true;
    if (!exchange_) return false;
    return !is_head_fetched_ || exchange_->readable_bytes() > 0 || exchange_->is_ended();
}

Ready HttpDescriptor::poll_now(Ready what) {
    Ready now = Ready::none;
    if (is_readable())
        now = now | Ready::read;
    else
        readiness_.clear(Ready::read);
    if (upload_) {
        if (upload_->is_writable())
            now = now | Ready::write;
        else
            readiness_.clear(Ready::write);
    }
    return static_cast<Ready>(static_cast<unsigned>(now) & static_cast<unsigned>(what));
}

std::size_t HttpDescriptor::readable_bytes() {
    return exchange_ ? exchange_->readable_bytes() : 0;
}

bool HttpDescriptor::has_hung_up() {
    return error_.has_value();
}

} // namespace hws::host::core
