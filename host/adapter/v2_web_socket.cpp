// Dialect v2: WebSockets. ws_connect, ws_opened, ws_fields, ws_send, ws_receive, ws_close.

#include "adapter/v2_guest.hpp"
#include "core/url.hpp"
#include "core/web_socket.hpp"

#include <algorithm>

namespace hws::host::adapter::v2 {
namespace {

using core::WebSocket;
using os::Ready;

Result<WebSocket*> find(PluginState& state, Fd fd) {
    return state.descriptors.find_as<WebSocket>(static_cast<core::DescriptorNumber>(fd.number));
}

/// name NUL, ... Errors: invalid_argument.
Result<std::vector<std::string>> parse_protocols(std::string_view text) {
    std::vector<std::string> protocols;
    while (!text.empty()) {
        const std::size_t end = text.find('\0');
        if (end == text.npos)
            return fail(Errc::invalid_argument, "the subprotocols do not end in NUL");
        protocols.emplace_back(text.substr(0, end));
        text.remove_prefix(end + 1);
    }
    return protocols;
}

Result<core::WebSocketRequest> load_request(PluginState& state,
                                            GuestPointer<const WsRequest> pointer) {
    HWS_TRY(const WsRequest wire, load(state, pointer));
    HWS_TRY(const auto url_text, view(state, wire.url, core::Url::max_bytes, "the URL"));
    HWS_TRY(core::Url url, core::Url::parse_web_socket(url_text));
    core::WebSocketRequest request{.offer = {.url = std::move(url)}};
    HWS_TRY(const auto fields,
            view(state, wire.fields, state.limits.web_socket_buffer_bytes, "the handshake's headers"));
    HWS_TRY(request.offer.fields, parse_fields(fields));
    if (wire.protocols.size > max_ws_protocols_bytes)
        return fail(Errc::invalid_argument, "too many subprotocols");
    HWS_TRY(const auto protocols,
            view(state, wire.protocols, max_ws_protocols_bytes, "the subprotocols"));
    HWS_TRY(request.offer.protocols, parse_protocols(protocols));
    request.deadline = deadline_of(wire.timeout);
    request.max_message_bytes = wire.max_message_bytes;
    return request;
}

} // namespace

Result<void> ws_connect(PluginState& state, GuestPointer<const WsRequest> pointer,
                        GuestPointer<Fd> number) {
    HWS_CHECK(check_room(state, number));
    HWS_CHECK(check_free_number(state));
    HWS_TRY(core::WebSocketRequest request, load_request(state, pointer));
    HWS_TRY(auto socket, WebSocket::start({.loop = state.loop,
                                           .owner = state,
                                           .lookups = state.lookups,
                                           .limits = state.limits,
                                           .tls = state.tls_client(),
                                           .tls_options = state.http_options.tls},
                                          std::move(request)));
    return hand_out(state, std::move(socket), 0, number);
}

os::Task<> ws_opened(PluginState& state, Fd fd) {
    Patience patience;
    for (;;) {
        HWS_CO_TRY(WebSocket * socket, find(state, fd));
        auto outcome = socket->opening_outcome();
        if (outcome || outcome.error() != Errc::would_block || socket->is_non_blocking())
            co_return outcome;
        socket->readiness().clear(Ready::write); // set by the end of the opening
        if (co_await patience.wait(*socket, Ready::write) == os::Wake::timed_out) co_return outcome;
    }
}

Result<void> ws_fields(PluginState& state, Fd fd, WsFields which, GuestSpan<char> text,
                       GuestPointer<std::uint32_t> length) {
    HWS_TRY(WebSocket * socket, find(state, fd));
    if (!socket->answer()) {
        HWS_CHECK(socket->opening_outcome());
        return fail(Errc::would_block);
    }
    switch (which) {
    case WsFields::head: {
        core::HttpHeaders all{{":status", std::to_string(socket->answer()->status)}};
        const core::HttpHeaders& fields = socket->answer()->fields;
        all.insert(all.end(), fields.begin(), fields.end());
        return store_text(state, text, length, format_fields(all));
    }
    case WsFields::protocol:
        return store_text(state, text, length, socket->protocol());
    }
    return fail(Errc::invalid_argument, "an unknown kind of fields");
}

os::Task<> ws_send(PluginState& state, Fd fd, WsKind kind, WsSendFlags flags,
                   GuestSpan<const char> from, GuestPointer<std::uint32_t> bytes) {
    HWS_CO_CHECK(find(state, fd));
    HWS_CO_CHECK(check_flags(flags, ws_send_flags::goes_on | ws_send_flags::dont_wait));
    HWS_CO_CHECK(check_room(state, bytes));
    HWS_CO_CHECK(check_room(state, from));
    Patience patience;
    std::uint32_t done = 0;
    for (;;) {
        HWS_CO_TRY(WebSocket * socket, find(state, fd));
        const std::uint32_t rest = from.count - done;
        const auto piece = static_cast<std::uint32_t>(std::min<std::size_t>(rest, max_write_bytes));
        HWS_CO_TRY(const auto data, guest_bytes(state, from.address + std::uint64_t{done}, piece));
        const bool goes_on = piece < rest || (flags & ws_send_flags::goes_on) != 0;
        auto count = socket->try_send(kind, data, goes_on);
        if (count) {
            done += static_cast<std::uint32_t>(*count);
            state.statistics.bytes_sent += *count;
            if (done == from.count) break;
            co_await os::yield_now();
            continue;
        }
        const bool may_wait = count.error() == Errc::would_block && !socket->is_non_blocking() &&
                              (flags & ws_send_flags::dont_wait) == 0;
        if (may_wait && co_await patience.wait(*socket, Ready::write) == os::Wake::ready) continue;
        if (done > 0) break;
        co_return std::unexpected(std::move(count).error());
    }
    co_return store(state, bytes, done);
}

os::Task<> ws_receive(PluginState& state, Fd fd, ReceiveFlags flags, GuestSpan<char> into,
                      GuestPointer<WsReceived> received) {
    HWS_CO_CHECK(find(state, fd));
    HWS_CO_CHECK(check_flags(flags, receive_flags::dont_wait));
    HWS_CO_CHECK(check_room(state, received));
    Patience patience;
    for (;;) {
        HWS_CO_TRY(WebSocket * socket, find(state, fd));
        HWS_CO_TRY(const auto room, guest_bytes(state, into.address, into.count));
        auto got = socket->try_receive(room);
        if (got) {
            WsReceived wire;
            wire.kind = got->piece.kind;
            wire.bytes = static_cast<std::uint32_t>(got->piece.bytes);
            wire.flags = got->piece.is_last ? ws_received_flags::last : 0;
            if (got->close) {
                const std::string& reason = got->close->reason;
                wire.code = got->close->code;
                wire.bytes = static_cast<std::uint32_t>(reason.size());
                std::ranges::copy(
                    std::as_bytes(std::span(reason)).first(std::min(room.size(), reason.size())),
                    room.begin());
            }
            state.statistics.bytes_received += got->piece.bytes;
            co_return store(state, received, wire);
        }
        const bool may_wait = got.error() == Errc::would_block && !socket->is_non_blocking() &&
                              (flags & receive_flags::dont_wait) == 0;
        if (may_wait && co_await patience.wait(*socket, Ready::read) == os::Wake::ready) continue;
        co_return std::unexpected(std::move(got).error());
    }
}

Result<void> ws_close(PluginState& state, Fd fd, std::uint32_t code, GuestSpan<const char> reason) {
    HWS_TRY(WebSocket * socket, find(state, fd));
    HWS_TRY(const auto text, guest_bytes(state, reason.address, reason.count));
    return socket->close(code, {reinterpret_cast<const char*>(text.data()), text.size()});
}

} // namespace hws::host::adapter::v2
