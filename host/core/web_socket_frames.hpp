#pragma once
/// The WebSocket protocol after its opening handshake, as a client speaks it: bytes of the network
/// in, messages out, and the other way. Does no I/O. Framing and masking are wslay's.
/// Source: RFC 6455, 5 to 8.

#include "core/utf8.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <hws/result.hpp>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <v2.hpp>
#include <vector>

struct wslay_frame_context;
struct wslay_frame_iocb;

namespace hws::host::core {

/// Numbers that a close frame tells a reason with. Source: RFC 6455, 7.4.
namespace close_code {
inline constexpr std::uint16_t going_away = 1001, protocol_error = 1002, none_told = 1005,
                               not_utf8 = 1007, too_big = 1009;
}
/// Whether a close frame may carry this number. Source: RFC 6455, 7.4; IANA's registry.
bool is_close_code(std::uint32_t code);

/// Answers pings by itself, as long as it is fed. Loop thread only.
class WebSocketFrames {
public:
    using Kind = abi::v2::WsKind;
    struct Bounds {
        /// What may lie here in each direction, at least 1 KiB. One piece of input and one control
        /// frame may go beyond it.
        std::size_t buffer_bytes = 0;
        /// A longer message is refused; the server is told (1009).
        std::uint64_t message_bytes = 0;
    };

    /// Errors: out_of_memory.
    static Result<std::unique_ptr<WebSocketFrames>> create(const Bounds& bounds);
    ~WebSocketFrames();
    WebSocketFrames(const WebSocketFrames&) = delete;
    WebSocketFrames& operator=(const WebSocketFrames&) = delete;

    // --- what comes

    /// More input is welcome: what was given has been looked at, and there is room for it.
    bool wants_input() const;
    void push(std::span<const std::byte> input);
    /// What comes next, out of the front of a message: a piece of it, or the rest.
    struct Piece {
        Kind kind{}; ///< text, binary, pong
        std::size_t bytes = 0;
        bool is_last = false; ///< the message ends with it
    };
    bool has_piece() const { return !pieces_.empty(); }
    /// Takes out what there is of the front message, as far as there is room. Nothing: none has
    /// come. A piece of text may end inside a character.
    std::optional<Piece> read(std::span<std::byte> into);

    /// What the server has said with its close frame: nothing more comes.
    struct Close {
        std::uint16_t code = close_code::none_told;
        std::string reason;
    };
    const std::optional<Close>& received_close() const { return received_close_; }
    /// How the server has broken the protocol, if it did: nothing more comes. It is told why.
    /// Errors: protocol, too_large.
    const std::optional<Error>& failure() const { return failure_; }

    // --- what goes

    /// Takes the beginning of `bytes`, all if there is room, and tells how much. `goes_on`: they
    /// are not the end of the message. What was not taken is to be sent with the next call; the
    /// server sees each call as a fragment.
    /// Text is checked: up to the end of `bytes` before anything of a message is taken.
    /// Errors: would_block, broken_pipe (after a close), invalid_argument (no UTF-8, another kind
    /// than the message has begun with, a ping or pong beyond 125 bytes or in pieces), io.
    Result<std::size_t> send(Kind kind, std::span<const std::byte> bytes, bool goes_on);
    /// Begins to close, or answers a close; only the first counts. `code` 0: none is told.
    /// Errors: invalid_argument (a code that may not be sent, a reason that is longer than 123
    /// bytes or no UTF-8, or has no code).
    Result<void> close(std::uint32_t code, std::string_view reason);
    bool is_close_sent() const { return is_close_sent_; }
    /// There is room for a good deal.
    bool has_room() const { return outgoing_.size() <= bounds_.buffer_bytes / 2; }

    /// What is to be sent now.
    std::span<const std::byte> outgoing() const { return outgoing_; }
    /// So much of it is sent.
    void drop_outgoing(std::size_t bytes);

private:
    explicit WebSocketFrames(const Bounds& bounds) : bounds_(bounds) {}
    struct Callbacks;
    struct FreeContext {
        void operator()(wslay_frame_context* context) const;
    };
    static constexpr std::size_t max_control_bytes = 125;

    bool is_input_over() const { return received_close_ || failure_; }
    bool is_full() const;
    void process();
    void take_chunk(const wslay_frame_iocb& chunk);
    bool begin_frame(const wslay_frame_iocb& chunk);
    void take_data(std::span<const std::byte> data, bool is_last);
    void take_control(std::uint8_t opcode);
    void take_close();
    void add_piece(Kind kind, std::span<const std::byte> data, bool is_last);
    void answer_ping(std::span<const std::byte> payload);
    void violate(std::uint16_t code, Error error);
    Result<void> put_frame(bool is_last, std::uint8_t opcode, std::span<const std::byte> payload);
    void put_close(std::span<const std::byte> payload);
    std::span<const std::byte> control() const { return std::span(control_).first(control_bytes_); }

    const Bounds bounds_;
    std::unique_ptr<wslay_frame_context, FreeContext> context_;

    std::vector<std::byte> input_; // not looked at from input_at_ on
    std::size_t input_at_ = 0;
    bool is_in_frame_ = false;
    std::uint64_t frame_left_ = 0;
    std::optional<Kind> incoming_kind_; // of the message that has begun and not ended
    std::uint64_t incoming_message_bytes_ = 0;
    Utf8Check incoming_text_;
    std::array<std::byte, max_control_bytes> control_;
    std::size_t control_bytes_ = 0;
    std::deque<Piece> pieces_;
    std::vector<std::byte> incoming_; // the pieces' bytes, from incoming_at_ on
    std::size_t incoming_at_ = 0;
    std::optional<Close> received_close_;
    std::optional<Error> failure_;

    std::optional<Kind> outgoing_kind_; // likewise
    Utf8Check outgoing_text_;
    std::vector<std::byte> outgoing_;
    std::optional<std::vector<std::byte>> unanswered_ping_; // for which there was no room
    std::size_t awaited_pongs_ = 0;
    bool is_close_sent_ = false;
};

} // namespace hws::host::core
