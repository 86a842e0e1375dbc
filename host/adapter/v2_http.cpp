// Dialect v2: HTTP exchanges. http_start, http_head, http_fields.

#include "adapter/v2_guest.hpp"
#include "core/http_descriptor.hpp"
#include "core/url.hpp"

#include <string>
#include <string_view>

namespace hws::host::adapter::v2 {
namespace {

using core::HttpDescriptor;

/// Longer than any method that IANA knows.
constexpr std::uint32_t max_method_bytes = 64;

Result<HttpDescriptor*> find_exchange(PluginState& state, Fd fd) {
    return state.descriptors.find_as<HttpDescriptor>(
        static_cast<core::DescriptorNumber>(fd.number));
}

std::size_t bytes_of(const core::HttpHeaders& fields) {
    std::size_t bytes = 0;
    for (const auto& [name, value] : fields)
        bytes += name.size() + value.size() + 2;
    return bytes;
}

std::chrono::nanoseconds time_of(Duration duration) {
    constexpr auto longest = static_cast<Duration>(std::chrono::nanoseconds::max().count());
    return std::chrono::nanoseconds(static_cast<std::int64_t>(std::min(duration, longest)));
}

Result<void> read_redirect(const HttpRequest& wire, core::HttpRequest& request) {
    request.method_rewriting = core::MethodRewriting::as_fetch;
    constexpr std::uint32_t most = 1000;
    request.max_redirects = static_cast<int>(std::min(wire.max_redirects, most));
    switch (wire.redirect) {
    case HttpRedirect::none:
        request.max_redirects.reset();
        return {};
    case HttpRedirect::limited:
        return {};
    case HttpRedirect::same_origin:
        request.other_origin = core::OtherOrigin::an_answer;
        return {};
    }
    return fail(Errc::invalid_argument, "an unknown redirect policy");
}

Result<void> read_flags(HttpFlags flags, core::HttpRequest& request) {
    using namespace http_flags;
    HWS_CHECK(check_flags(flags, decompress | keep_cookies | expect_continue |
                                     http2_prior_knowledge | http1_only));
    if ((flags & http2_prior_knowledge) && (flags & http1_only))
        return fail(Errc::invalid_argument, "HTTP/1 only and HTTP/2 by prior knowledge");
    if (flags & http1_only) request.version = core::HttpVersion::one;
    if (flags & http2_prior_knowledge)
        request.version = core::HttpVersion::two_by_prior_knowledge;
    using Unpacking = core::HttpRequest::Unpacking;
    request.unpacking = flags & decompress ? Unpacking::all : Unpacking::none;
    request.keeps_cookies = flags & keep_cookies;
    request.is_expecting_continue = flags & expect_continue;
    return {};
}

} // namespace

Result<std::string_view> view(PluginState& state, Iovec text, std::size_t max_bytes,
                              const char* what) {
    if (text.size > max_bytes)
        return fail(Errc::too_large,
                    std::string(what) + " beyond " + std::to_string(max_bytes) + " bytes");
    HWS_TRY(const auto bytes, guest_bytes(state, text.address, text.size));
    return std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

Result<core::HttpHeaders> parse_fields(std::string_view text) {
    core::HttpHeaders fields;
    while (!text.empty()) {
        const std::size_t name = text.find('\0');
        const std::size_t value = name == text.npos ? name : text.find('\0', name + 1);
        if (value == text.npos)
            return fail(Errc::invalid_argument, "the header fields do not end in NUL");
        fields.emplace_back(text.substr(0, name), text.substr(name + 1, value - name - 1));
        text.remove_prefix(value + 1);
    }
    return fields;
}

std::string format_fields(const core::HttpHeaders& fields) {
    std::string text;
    for (const auto& [name, value] : fields) {
        text.append(name).push_back('\0');
        text.append(value).push_back('\0');
    }
    return text;
}

Result<void> http_start(PluginState& state, GuestPointer<const HttpRequest> pointer,
                        GuestPointer<Fd> number) {
    HWS_CHECK(check_room(state, number));
    HWS_CHECK(check_free_number(state));
    HWS_TRY(const HttpRequest wire, load(state, pointer));
    core::HttpRequest request;
    HWS_TRY(request.method, view(state, wire.method, max_method_bytes, "the method"));
    HWS_TRY(request.url, view(state, wire.url, core::Url::max_bytes, "the URL"));
    HWS_TRY(const auto fields,
            view(state, wire.fields, state.limits.http_header_bytes, "the request's headers"));
    HWS_TRY(request.headers, parse_fields(fields));
    HWS_CHECK(read_redirect(wire, request));
    HWS_CHECK(read_flags(wire.flags, request));
    request.connect_timeout = time_of(wire.connect_timeout);
    request.idle_timeout = time_of(wire.idle_timeout);
    request.end = deadline_of(wire.total_timeout);

    std::optional<HttpDescriptor::StreamedBody> streamed;
    switch (wire.body_kind) {
    case HttpBody::none:
        break;
    case HttpBody::memory: {
        HWS_TRY(const auto body,
                view(state, wire.body, state.limits.http_request_bytes, "the request's body"));
        const auto* const first = reinterpret_cast<const std::byte*>(body.data());
        request.body.assign(first, first + body.size());
        state.statistics.bytes_sent += body.size();
        break;
    }
    case HttpBody::stream:
        streamed.emplace();
        if (wire.stream_bytes != no_limit) {
            if (wire.stream_bytes > static_cast<std::uint64_t>(
                                        std::numeric_limits<std::int64_t>::max()))
                return fail(Errc::invalid_argument, "the length of the request's body");
            streamed->length = wire.stream_bytes;
        }
        break;
    default:
        return fail(Errc::invalid_argument, "an unknown kind of body");
    }
    HWS_TRY(auto exchange,
            HttpDescriptor::start(
                state.http(), std::move(request), streamed,
                [&state](const Error& error) { state.note_failure("http_start", error); }));
    return hand_out(state, std::move(exchange), 0, number);
}

os::Task<> http_head(PluginState& state, Fd fd, GuestPointer<HttpHead> pointer) {
    HWS_CO_CHECK(check_room(state, pointer));
    os::Deadline deadline = os::no_deadline;
    for (;;) {
        HWS_CO_TRY(HttpDescriptor * exchange, find_exchange(state, fd));
        const auto head = exchange->try_head();
        if (head) {
            const core::HttpHead& core_head = **head;
            HttpHead wire;
            wire.status = static_cast<std::uint32_t>(core_head.status);
            wire.version = static_cast<std::uint32_t>(core_head.version);
            wire.field_bytes = static_cast<std::uint32_t>(bytes_of(core_head.headers));
            wire.informational_bytes =
                static_cast<std::uint32_t>(bytes_of(core_head.informational));
            wire.body_bytes = core_head.body_bytes.value_or(no_limit);
            wire.redirects = static_cast<std::uint32_t>(core_head.redirects);
            co_return store(state, pointer, wire);
        }
        if (head.error() != Errc::would_block || exchange->is_non_blocking())
            co_return std::unexpected(head.error());
        if (deadline == os::no_deadline)
            deadline = os::deadline_after(exchange->receive_timeout());
        if (co_await exchange->readiness().until(os::Ready::read, deadline) ==
            os::Wake::timed_out)
            co_return fail(Errc::would_block);
    }
}

Result<void> http_fields(PluginState& state, Fd fd, HttpFields which, GuestSpan<char> text,
                         GuestPointer<std::uint32_t> length) {
    HWS_TRY(HttpDescriptor * exchange, find_exchange(state, fd));
    HWS_TRY(const core::HttpHead* head, exchange->peek_head());
    switch (which) {
    case HttpFields::head:
        return store_text(state, text, length, format_fields(head->headers));
    case HttpFields::informational:
        return store_text(state, text, length, format_fields(head->informational));
    case HttpFields::trailers:
        return store_text(state, text, length, format_fields(exchange->trailers()));
    case HttpFields::url:
        return store_text(state, text, length, head->url);
    }
    return fail(Errc::invalid_argument, "an unknown kind of fields");
}

} // namespace hws::host::adapter::v2
