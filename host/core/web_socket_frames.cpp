#include "core/web_socket_frames.hpp"

#include "os/clock.hpp"

#include <algorithm>
#include <limits>
#include <wslay/wslay.h>

namespace hws::host::core {
namespace {

/// What a piece takes besides its bytes: messages of no bytes must not be for free.
constexpr std::size_t piece_overhead_bytes = sizeof(WebSocketFrames::Piece);

/// Less would not hold a ping.
constexpr std::size_t least_buffer_bytes = 1024;

constexpr bool is_control(std::uint8_t opcode) {
    return (opcode & 8) != 0;
}

std::uint8_t opcode_of(WebSocketFrames::Kind kind) {
    using Kind = WebSocketFrames::Kind;
    switch (kind) {
    case Kind::text:
        return WSLAY_TEXT_FRAME;
    case Kind::binary:
        return WSLAY_BINARY_FRAME;
    case Kind::ping:
        return WSLAY_PING;
    case Kind::pong:
        return WSLAY_PONG;
    case Kind::close:
        break;
    }
    return WSLAY_CONNECTION_CLOSE;
}

bool is_utf8(std::span<const std::byte> text) {
    Utf8Check check;
    return check.take(text) && check.is_complete();
}

Error protocol_error(const char* what) {
    return Error(Errc::protocol, std::string("the server sent ") + what);
}

} // namespace

bool is_close_code(std::uint32_t code) {
    return (code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006) ||
           (code >= 3000 && code <= 4999);
}

struct WebSocketFrames::Callbacks {
    static ssize_t receive(std::uint8_t* into, std::size_t size, int, void* self) {
        auto& frames = *static_cast<WebSocketFrames*>(self);
        const std::size_t count = std::min(size, frames.input_.size() - frames.input_at_);
        if (count == 0) return -1;
        std::copy_n(frames.input_.begin() + static_cast<std::ptrdiff_t>(frames.input_at_), count,
                    reinterpret_cast<std::byte*>(into));
        frames.input_at_ += count;
        return static_cast<ssize_t>(count);
    }

    /// Takes everything, so that no frame is ever cut by another.
    static ssize_t send(const std::uint8_t* from, std::size_t size, int, void* self) {
        auto& outgoing = static_cast<WebSocketFrames*>(self)->outgoing_;
        const auto* const first = reinterpret_cast<const std::byte*>(from);
        outgoing.insert(outgoing.end(), first, first + size);
        return static_cast<ssize_t>(size);
    }

    /// Not to be foreseen: a plugin that knows the mask could have the bytes of its choice on the
    /// wire, and a proxy in between believe them (RFC 6455, 10.3).
    static int make_mask(std::uint8_t* into, std::size_t size, void*) {
        return os::fill_random({reinterpret_cast<std::byte*>(into), size}) ? 0 : -1;
    }
};

void WebSocketFrames::FreeContext::operator()(wslay_frame_context* context) const {
    wslay_frame_context_free(context);
}

Result<std::unique_ptr<WebSocketFrames>> WebSocketFrames::create(const Bounds& bounds) {
    std::unique_ptr<WebSocketFrames> frames(
        new WebSocketFrames({.buffer_bytes = std::max(bounds.buffer_bytes, least_buffer_bytes),
                             .message_bytes = bounds.message_bytes}));
    const wslay_frame_callbacks callbacks{.send_callback = &Callbacks::send,
                                          .recv_callback = &Callbacks::receive,
                                          .genmask_callback = &Callbacks::make_mask};
    wslay_frame_context_ptr context = nullptr;
    if (wslay_frame_context_init(&context, &callbacks, frames.get()) != 0)
        return fail(Errc::out_of_memory);
    frames->context_.reset(context);
    return frames;
}

WebSocketFrames::~WebSocketFrames() = default;

// --- what comes ---

bool WebSocketFrames::is_full() const {
    return incoming_.size() - incoming_at_ + pieces_.size() * piece_overhead_bytes >=
           bounds_.buffer_bytes;
}

bool WebSocketFrames::wants_input() const {
    return input_at_ == input_.size() && !is_full() && !is_input_over();
}

void WebSocketFrames::push(std::span<const std::byte> input) {
    input_.insert(input_.end(), input.begin(), input.end());
    process();
}

void WebSocketFrames::process() {
    // Between two chunks is the place to stop at: wslay holds at most 4 KiB of what was not looked
    // at.
    while (!is_input_over() && !is_full()) {
        wslay_frame_iocb chunk{};
        const ssize_t count = wslay_frame_recv(context_.get(), &chunk);
        if (count == WSLAY_ERR_WANT_READ) {
            // It asks once, also where the input lies in two places.
            if (input_at_ == input_.size()) break;
            continue;
        }
        if (count < 0) {
            violate(close_code::protocol_error,
                    protocol_error("a frame that is none: a long or fragmented control frame, or a "
                                   "length that could be shorter"));
            break;
        }
        take_chunk(chunk);
    }
    if (input_at_ == input_.size() || is_input_over()) {
        input_.clear();
        input_at_ = 0;
    }
}

void WebSocketFrames::take_chunk(const wslay_frame_iocb& chunk) {
    if (!is_in_frame_ && !begin_frame(chunk)) return;
    const std::span<const std::byte> data(reinterpret_cast<const std::byte*>(chunk.data),
                                          chunk.data_length);
    frame_left_ -= data.size();
    is_in_frame_ = frame_left_ > 0;
    if (!is_control(chunk.opcode)) return take_data(data, !is_in_frame_ && chunk.fin);
    std::ranges::copy(data, control_.begin() + static_cast<std::ptrdiff_t>(control_bytes_));
    control_bytes_ += data.size();
    if (!is_in_frame_) take_control(chunk.opcode);
}

bool WebSocketFrames::begin_frame(const wslay_frame_iocb& chunk) {
    const auto refuse = [&](const char* what) {
        violate(close_code::protocol_error, protocol_error(what));
        return false;
    };
    if (chunk.rsv != 0) return refuse("a reserved bit");
    if (chunk.mask) return refuse("a masked frame"); // RFC 6455, 5.1
    is_in_frame_ = true;
    frame_left_ = chunk.payload_length;
    switch (chunk.opcode) {
    case WSLAY_CONTINUATION_FRAME:
        if (!incoming_kind_) return refuse("the continuation of no message");
        break;
    case WSLAY_TEXT_FRAME:
    case WSLAY_BINARY_FRAME:
        if (incoming_kind_) return refuse("a message within another");
        incoming_kind_ = chunk.opcode == WSLAY_TEXT_FRAME ? Kind::text : Kind::binary;
        incoming_message_bytes_ = 0;
        incoming_text_ = {};
        break;
    case WSLAY_CONNECTION_CLOSE:
    case WSLAY_PING:
    case WSLAY_PONG:
        control_bytes_ = 0;
        return true; // wslay has looked at its length
    default:
        return refuse("an unknown opcode");
    }
    if (frame_left_ > bounds_.message_bytes - incoming_message_bytes_) {
        violate(close_code::too_big,
                Error(Errc::too_large,
                      "a message beyond " + std::to_string(bounds_.message_bytes) + " bytes"));
        return false;
    }
    incoming_message_bytes_ += frame_left_;
    return true;
}

void WebSocketFrames::take_data(std::span<const std::byte> data, bool is_last) {
    const Kind kind = *incoming_kind_;
    if (kind == Kind::text &&
        (!incoming_text_.take(data) || (is_last && !incoming_text_.is_complete())))
        return violate(close_code::not_utf8, protocol_error("text that is no UTF-8"));
    if (is_last) incoming_kind_.reset();
    if (!data.empty() || is_last) add_piece(kind, data, is_last);
}

void WebSocketFrames::take_control(std::uint8_t opcode) {
    if (opcode == WSLAY_CONNECTION_CLOSE) return take_close();
    if (opcode == WSLAY_PING) return answer_ping(control());
    // One that nobody asked for is a sign of life (RFC 6455, 5.5.3) and no business of the
    // plugin's.
    if (awaited_pongs_ == 0) return;
    --awaited_pongs_;
    add_piece(Kind::pong, control(), true);
}

void WebSocketFrames::take_close() {
    Close close;
    if (control_bytes_ == 1)
        return violate(close_code::protocol_error, protocol_error("half a close code"));
    if (control_bytes_ >= 2) {
        close.code = static_cast<std::uint16_t>(std::to_integer<unsigned>(control_[0]) << 8 |
                                                std::to_integer<unsigned>(control_[1]));
        if (!is_close_code(close.code))
            return violate(close_code::protocol_error,
                           protocol_error("a close code that is not for the wire"));
        const auto reason = control().subspan(2);
        if (!is_utf8(reason))
            return violate(close_code::not_utf8, protocol_error("a reason that is no UTF-8"));
        close.reason.assign(reinterpret_cast<const char*>(reason.data()), reason.size());
    }
    received_close_ = std::move(close);
    put_close(control().first(std::min<std::size_t>(control_bytes_, 2)));
}

void WebSocketFrames::add_piece(Kind kind, std::span<const std::byte> data, bool is_last) {
    incoming_.insert(incoming_.end(), data.begin(), data.end());
    // A pong may have come in between.
    if (!pieces_.empty() && !pieces_.back().is_last && pieces_.back().kind == kind) {
        pieces_.back().bytes += data.size();
        pieces_.back().is_last = is_last;
        return;
    }
    pieces_.push_back({kind, data.size(), is_last});
}

std::optional<WebSocketFrames::Piece> WebSocketFrames::read(std::span<std::byte> into) {
    if (pieces_.empty()) return {};
    Piece& front = pieces_.front();
    Piece given = front;
    given.bytes = std::min(front.bytes, into.size());
    std::copy_n(incoming_.begin() + static_cast<std::ptrdiff_t>(incoming_at_), given.bytes,
                into.begin());
    incoming_at_ += given.bytes;
    front.bytes -= given.bytes;
    given.is_last = front.is_last && front.bytes == 0;
    if (front.bytes == 0) pieces_.pop_front();
    // Moved down only now and then, so that small reads do not move it each time.
    if (incoming_at_ == incoming_.size() || incoming_at_ >= bounds_.buffer_bytes / 2) {
        incoming_.erase(incoming_.begin(),
                        incoming_.begin() + static_cast<std::ptrdiff_t>(incoming_at_));
        incoming_at_ = 0;
    }
    process();
    return given;
}

void WebSocketFrames::violate(std::uint16_t code, Error error) {
    failure_ = std::move(error);
    const std::array<std::byte, 2> payload{static_cast<std::byte>(code >> 8),
                                           static_cast<std::byte>(code & 0xff)};
    put_close(payload);
}

// --- what goes ---

Result<void> WebSocketFrames::put_frame(bool is_last, std::uint8_t opcode,
                                        std::span<const std::byte> payload) {
    wslay_frame_iocb frame{};
    frame.fin = is_last;
    frame.opcode = opcode;
    frame.payload_length = payload.size();
    frame.mask = 1;
    frame.data = reinterpret_cast<const std::uint8_t*>(payload.data());
    frame.data_length = payload.size();
    if (wslay_frame_send(context_.get(), &frame) != static_cast<ssize_t>(payload.size()))
        return fail(Errc::io, "no random bytes to mask a frame with");
    return {};
}

void WebSocketFrames::put_close(std::span<const std::byte> payload) {
    if (std::exchange(is_close_sent_, true)) return;
    unanswered_ping_.reset();
    // Without it the server sees the connection end, which says as much.
    [[maybe_unused]] auto put = put_frame(true, WSLAY_CONNECTION_CLOSE, payload);
}

void WebSocketFrames::answer_ping(std::span<const std::byte> payload) {
    if (is_close_sent_) return;
    if (outgoing_.size() >= bounds_.buffer_bytes) {
        // Only the last one needs an answer (RFC 6455, 5.5.3), so that nothing piles up.
        unanswered_ping_.emplace(payload.begin(), payload.end());
        return;
    }
    unanswered_ping_.reset();
    if (auto put = put_frame(true, WSLAY_PONG, payload); !put) failure_ = put.error();
}

Result<std::size_t> WebSocketFrames::send(Kind kind, std::span<const std::byte> bytes,
                                          bool goes_on) {
    if (is_close_sent_ || is_input_over())
        return fail(Errc::broken_pipe, "the WebSocket is being closed");
    const std::size_t room =
        bounds_.buffer_bytes - std::min(outgoing_.size(), bounds_.buffer_bytes);
    if (kind == Kind::ping || kind == Kind::pong) {
        if (goes_on || bytes.size() > max_control_bytes)
            return fail(Errc::invalid_argument,
                        "a ping or pong has at most 125 bytes, in one piece");
        if (room < bytes.size() + 1) return fail(Errc::would_block);
        HWS_CHECK(put_frame(true, opcode_of(kind), bytes));
        if (kind == Kind::ping) ++awaited_pongs_;
        return bytes.size();
    }
    if (kind != Kind::text && kind != Kind::binary)
        return fail(Errc::invalid_argument, "a kind that cannot be sent");
    if (outgoing_kind_ && *outgoing_kind_ != kind)
        return fail(Errc::invalid_argument, "the message has begun as another kind");
    // Not a few bytes of a long message: each fragment costs the server something.
    std::size_t count = bytes.size();
    if (count > room) count = has_room() ? room : 0;
    if (count < bytes.size() ? count == 0 : room == 0) return fail(Errc::would_block);
    const bool is_last = !goes_on && count == bytes.size();
    Utf8Check text = outgoing_kind_ ? outgoing_text_ : Utf8Check();
    if (kind == Kind::text) {
        bool is_good = outgoing_kind_ || [&] {
            Utf8Check ahead;
            return ahead.take(bytes) && (goes_on || ahead.is_complete());
        }();
        is_good = is_good && text.take(bytes.first(count)) && (!is_last || text.is_complete());
        if (!is_good) return fail(Errc::invalid_argument, "text that is no UTF-8");
    }
    if (bytes.empty() && goes_on) return 0;
    HWS_CHECK(put_frame(is_last, outgoing_kind_ ? WSLAY_CONTINUATION_FRAME : opcode_of(kind),
                        bytes.first(count)));
    outgoing_text_ = text;
    outgoing_kind_ = is_last ? std::nullopt : std::optional(kind);
    return count;
}

Result<void> WebSocketFrames::close(std::uint32_t code, std::string_view reason) {
    const std::span<const std::byte> text(reinterpret_cast<const std::byte*>(reason.data()),
                                          reason.size());
    if (code == 0 ? !reason.empty() : !is_close_code(code))
        return fail(Errc::invalid_argument, "a close code that is not for the wire");
    if (reason.size() > max_control_bytes - 2 || !is_utf8(text))
        return fail(Errc::invalid_argument, "the reason of a close is at most 123 bytes of UTF-8");
    std::vector<std::byte> payload;
    if (code != 0)
        payload = {static_cast<std::byte>(code >> 8), static_cast<std::byte>(code & 0xff)};
    payload.insert(payload.end(), text.begin(), text.end());
    put_close(payload);
    return {};
}

void WebSocketFrames::drop_outgoing(std::size_t bytes) {
    outgoing_.erase(outgoing_.begin(), outgoing_.begin() + static_cast<std::ptrdiff_t>(bytes));
    if (unanswered_ping_) answer_ping(std::exchange(unanswered_ping_, std::nullopt).value());
}

} // namespace hws::host::core
