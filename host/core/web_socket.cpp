#include "core/web_socket.hpp"

#include "core/destination.hpp"
#include "core/lookups.hpp"

#include <algorithm>
#include <array>

namespace hws::host::core {

using os::Ready;

namespace {

/// Read from the network at once.
constexpr std::size_t input_bytes = std::size_t{16} << 10;
/// Read before it is the others' turn: pings, say, leave nothing behind that would be full.
constexpr std::size_t max_turn_bytes = std::size_t{256} << 10;
constexpr std::string_view alpn = "\x08http/1.1";
constexpr std::string_view head_end = "\r\n\r\n";

Result<std::size_t> send_to(NetworkSocket& socket, std::span<const std::byte> bytes) {
    os::IoList list;
    list.add(bytes);
    return socket.send(list, 0, nullptr);
}

Result<std::size_t> receive_from(NetworkSocket& socket, std::span<std::byte> into) {
    os::IoList list;
    list.add(into);
    HWS_TRY(const os::ReceivedMessage message, socket.receive(list, 0, os::Details::bytes_only));
    return message.bytes;
}

} // namespace

WebSocket::WebSocket(const WebSocketSurroundings& surroundings, WebSocketRequest request)
    : surroundings_(surroundings), request_(std::move(request)),
      readiness_(surroundings.loop, Ready::none), wake_(surroundings.loop) {}

WebSocket::~WebSocket() {
    if (!is_open()) return;
    [[maybe_unused]] auto told = frames_->close(close_code::going_away, {});
    finish({});
}

Result<std::unique_ptr<WebSocket>> WebSocket::start(const WebSocketSurroundings& surroundings,
                                                    WebSocketRequest request) {
    request.deadline =
        std::min(request.deadline, os::deadline_after(surroundings.limits.web_socket_opening));
    std::unique_ptr<WebSocket> socket(new WebSocket(surroundings, std::move(request)));
    socket->running_ = socket->run();
    socket->running_.start(surroundings.loop);
    if (socket->error_) return std::unexpected(*std::move(socket->error_));
    socket->is_started_ = true;
    return socket;
}

os::Task<> WebSocket::run() {
    auto opened = co_await open();
    if (!opened) {
        socket_.reset();
        error_ = std::move(opened).error();
        // The operator is told now, whether or not the plugin ever asks.
        if (*error_ == Errc::denied && is_started_) {
            surroundings_.owner.on_denied("ws_connect", *error_);
            error_ = Errc::denied;
        } else if (error_->context().empty())
            error_ = Error(error_->code(), request_.offer.url.target().to_string());
        readiness_.set(Ready::both);
        co_return {};
    }
    co_return co_await drive();
}

// --- opening ---

os::Task<> WebSocket::open_connection() {
    const Url& url = request_.offer.url;
    HWS_CO_TRY(const auto lookups,
               FamilyLookups::begin(surroundings_.loop, surroundings_.owner.socket_policy(),
                                    url.is_https() ? Use::wss : Use::ws, url.target(),
                                    surroundings_.lookups, request_.deadline));
    HWS_CO_TRY(RaceOutcome outcome, co_await race(surroundings_.loop, surroundings_.owner, *lookups,
                                                  RaceOptions(), request_.deadline));
    socket_ = std::move(outcome.socket);
    // A message is not held back for another that may never come.
    HWS_CO_CHECK(socket_->set_option(os::SocketOption::no_delay, 1));
    if (!url.is_https()) co_return {};
    const os::Deadline longest = os::deadline_after(surroundings_.limits.tls_handshake);
    HWS_CO_CHECK(socket_->start_tls(surroundings_.tls, surroundings_.tls_options,
                                    {.peer = url.target(),
                                     .alpn = std::string(alpn),
                                     .deadline = std::min(longest, request_.deadline)}));
    co_await socket_->tls()->handshake_ended().until(os::no_deadline); // it has a deadline
    co_return socket_->tls()->handshake_outcome();
}

os::Task<> WebSocket::open() {
    HWS_CO_TRY(const std::string key, make_web_socket_key());
    HWS_CO_TRY(const std::string text,
               format_opening(request_.offer, key, surroundings_.limits.web_socket_buffer_bytes));
    HWS_CO_CHECK(co_await open_connection());
    // An answer that comes at once, and even the end of it all, is told the same way as a later one.
    co_await os::yield_now();

    auto left = std::as_bytes(std::span(text));
    while (!left.empty()) {
        auto sent = send_to(*socket_, left);
        if (sent) {
            left = left.subspan(*sent);
            continue;
        }
        if (sent.error() != Errc::would_block) co_return std::unexpected(std::move(sent).error());
        if (co_await socket_->readiness().until(Ready::write, request_.deadline) ==
            os::Wake::timed_out)
            co_return fail(Errc::timed_out, "WebSocket handshake");
    }
    HWS_CO_TRY(const std::string first_bytes, co_await read_answer());
    HWS_CO_TRY(protocol_, check_opening(*answer_, request_.offer, key));
    request_.offer.fields = {}; // credentials, perhaps

    const Limits& limits = surroundings_.limits;
    HWS_CO_TRY(frames_, WebSocketFrames::create(
                            {.buffer_bytes = limits.web_socket_buffer_bytes,
                             .message_bytes = std::min<std::uint64_t>(
                                 limits.web_socket_message_bytes, request_.max_message_bytes)}));
    // The server may have spoken right behind its head.
    frames_->push(std::as_bytes(std::span(first_bytes)));
    co_return {};
}

/// Gives the bytes behind the head.
os::Task<std::string> WebSocket::read_answer() {
    const std::size_t most = surroundings_.limits.web_socket_buffer_bytes;
    std::string text;
    std::size_t searched = 0;
    std::size_t interim_bytes = 0;
    for (;;) {
        const std::size_t end = text.find(head_end, searched);
        if (end != text.npos) {
            const std::size_t head_bytes = end + head_end.size();
            HWS_CO_TRY(answer_, parse_response_head(std::string_view(text).substr(0, head_bytes)));
            text.erase(0, head_bytes);
            // Another one follows an interim answer (RFC 9110, 15.2).
            if (answer_->status >= 200 || answer_->status == 101) co_return text;
            interim_bytes += head_bytes;
            searched = 0;
            continue;
        }
        searched = text.size() - std::min(text.size(), head_end.size() - 1);
        if (interim_bytes + text.size() >= most)
            co_return fail(Errc::too_large, "the answer to the WebSocket handshake is beyond " +
                                                std::to_string(most) + " bytes");
        std::array<std::byte, 4096> room;
        auto count = receive_from(*socket_, std::span(room).first(std::min(
                                                room.size(), most - interim_bytes - text.size())));
        if (count && *count == 0)
            co_return fail(Errc::reset, "the server ended the connection instead of answering");
        if (count) {
            text.append(reinterpret_cast<const char*>(room.data()), *count);
            continue;
        }
        if (count.error() != Errc::would_block) co_return std::unexpected(std::move(count).error());
        if (co_await socket_->readiness().until(Ready::read, request_.deadline) ==
            os::Wake::timed_out)
            co_return fail(Errc::timed_out, "WebSocket handshake");
    }
}

Result<void> WebSocket::opening_outcome() const {
    if (frames_) return {};
    if (error_) return std::unexpected(*error_);
    return fail(Errc::would_block);
}

// --- afterwards ---

os::Task<> WebSocket::drive() {
    for (;;) {
        exchange_bytes();
        if (!is_open()) co_return {};
        if (is_resting_) {
            co_await os::yield_now();
            continue;
        }
        Ready what = Ready::none;
        if (frames_->wants_input()) what = what | Ready::read;
        if (!frames_->outgoing().empty()) what = what | Ready::write;
        wake_.reset();
        const std::array interests{os::Interest{&wake_, Ready::read},
                                   os::Interest{&socket_->readiness(), what}};
        // Who waits for nothing would not be told that the socket is gone.
        const std::size_t count = what == Ready::none ? 1 : 2;
        HWS_CO_CHECK(co_await os::wait_any(surroundings_.loop, std::span(interests).first(count),
                                           os::no_deadline));
        if (!is_open()) co_return {};
    }
}

/// Sends and receives what can be without waiting, and ends what is over.
void WebSocket::exchange_bytes() {
    if (!is_open()) return;
    receive();
    if (is_open()) flush();
    if (is_open() && (frames_->received_close() || frames_->failure())) finish(frames_->failure());
    tell_readiness();
}

void WebSocket::receive() {
    is_resting_ = false;
    std::array<std::byte, input_bytes> input;
    for (std::size_t taken = 0; frames_->wants_input();) {
        if (taken >= max_turn_bytes) {
            is_resting_ = true;
            return;
        }
        auto count = receive_from(*socket_, input);
        if (!count) {
            if (count.error() != Errc::would_block) finish(std::move(count).error());
            return;
        }
        if (*count == 0) return finish(Error(Errc::reset, "the connection ended without a close"));
        taken += *count;
        frames_->push(std::span(input).first(*count));
        // Answers go out before more questions come in.
        flush();
    }
}

void WebSocket::flush() {
    while (!frames_->outgoing().empty()) {
        auto sent = send_to(*socket_, frames_->outgoing());
        if (!sent && sent.error() == Errc::would_block) return;
        if (!sent) {
            // What the server has said before it went is still to be read.
            frames_->drop_outgoing(frames_->outgoing().size()); // nobody will ever get it
            if (!send_error_) send_error_ = std::move(sent).error();
            continue;
        }
        frames_->drop_outgoing(*sent);
    }
}

/// What was done here, in a call of the plugin's, may have left something to the loop.
void WebSocket::tell_driver() {
    if (!is_open()) return;
    if (is_resting_ || !frames_->outgoing().empty() || frames_->received_close() ||
        frames_->failure())
        wake_.raise();
}

/// Nothing is received any more; what is to be sent is left to the loop, and so is to wait for the
/// server to end the connection (RFC 6455, 7.1.1).
void WebSocket::finish(std::optional<Error> error) {
    if (error) error_ = std::move(error);
    socket_->close_after(surroundings_.tls, frames_->outgoing());
    socket_.reset();
    readiness_.set(Ready::both);
    wake_.raise();
}

Result<std::size_t> WebSocket::try_send(Kind kind, std::span<const std::byte> bytes, bool goes_on) {
    if (auto opened = opening_outcome(); !opened) {
        if (opened.error() == Errc::would_block) readiness_.clear(Ready::write);
        return std::unexpected(std::move(opened).error());
    }
    if (error_) return std::unexpected(*error_);
    // First: the event that tells of room may be still to be fetched.
    if (socket_) flush();
    if (send_error_) return std::unexpected(*send_error_);
    auto taken = frames_->send(kind, bytes, goes_on);
    if (socket_ && taken) flush();
    if (!taken && taken.error() == Errc::would_block) readiness_.clear(Ready::write);
    tell_driver();
    return taken;
}

Result<void> WebSocket::close(std::uint32_t code, std::string_view reason) {
    if (!frames_) return fail(Errc::not_connected, "the WebSocket is not open");
    HWS_CHECK(frames_->close(code, reason));
    if (socket_) flush();
    readiness_.set(Ready::write); // sending is broken_pipe now
    tell_driver();
    return {};
}

Result<WebSocket::Received> WebSocket::try_receive(std::span<std::byte> into) {
    if (auto opened = opening_outcome(); !opened) {
        if (opened.error() == Errc::would_block) readiness_.clear(Ready::read);
        return std::unexpected(std::move(opened).error());
    }
    if (!frames_->has_piece()) exchange_bytes();
    const bool was_full = !frames_->wants_input();
    if (const auto piece = frames_->read(into)) {
        if (was_full) wake_.raise();
        tell_driver();
        return Received{*piece};
    }
    if (frames_->received_close())
        return Received{{.kind = Kind::close, .bytes = 0, .is_last = true},
                        &*frames_->received_close()};
    if (error_) return std::unexpected(*error_);
    readiness_.clear(Ready::read);
    return fail(Errc::would_block);
}

// --- what every descriptor has ---

bool WebSocket::is_readable() const {
    if (error_) return true;
    return frames_ && (frames_->has_piece() || frames_->received_close());
}

bool WebSocket::is_writable() const {
    if (error_) return true;
    return frames_ && (!socket_ || send_error_ || frames_->is_close_sent() || frames_->has_room());
}

void WebSocket::tell_readiness() {
    is_readable() ? readiness_.set(Ready::read) : readiness_.clear(Ready::read);
    is_writable() ? readiness_.set(Ready::write) : readiness_.clear(Ready::write);
}

Ready WebSocket::poll_now(Ready what) {
    exchange_bytes();
    tell_readiness();
    tell_driver();
    Ready now = Ready::none;
    if (intersects(what, Ready::read) && is_readable()) now = now | Ready::read;
    if (intersects(what, Ready::write) && is_writable()) now = now | Ready::write;
    return now;
}

std::size_t WebSocket::readable_bytes() {
    return is_readable() ? 1 : 0;
}

Result<std::size_t> WebSocket::try_read(ReadBuffers) {
    return fail(Errc::unsupported, "a WebSocket has messages, not bytes");
}

Result<std::size_t> WebSocket::try_write(WriteBuffers) {
    return fail(Errc::unsupported, "a WebSocket has messages, not bytes");
}

Result<std::uint64_t> WebSocket::get_option(os::SocketOption option) const {
    switch (option) {
    case os::SocketOption::error:
        return error_ ? static_cast<std::uint64_t>(error_->code()) : std::uint64_t{0};
    case os::SocketOption::receive_timeout:
        return option_number(receive_timeout());
    case os::SocketOption::send_timeout:
        return option_number(send_timeout());
    default:
        return fail(Errc::option_not_supported);
    }
}

Result<void> WebSocket::set_option(os::SocketOption option, std::uint64_t value) {
    switch (option) {
    case os::SocketOption::receive_timeout:
        set_receive_timeout(option_time(value));
        return {};
    case os::SocketOption::send_timeout:
        set_send_timeout(option_time(value));
        return {};
    default:
        return fail(Errc::option_not_supported);
    }
}

} // namespace hws::host::core
