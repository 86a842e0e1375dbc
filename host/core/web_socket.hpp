#pragma once
/// A WebSocket of a plugin's, as its client. Source: RFC 6455.

#include "core/descriptor.hpp"
#include "core/limits.hpp"
#include "core/network_socket.hpp"
#include "core/web_socket_frames.hpp"
#include "core/web_socket_handshake.hpp"
#include "os/loop.hpp"
#include "os/task.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace hws::host::core {

/// What WebSockets of one plugin share. Everything outlives them; `tls` also their last bytes.
struct WebSocketSurroundings {
    os::Loop& loop;
    SocketOwner& owner;
    Lookups& lookups;
    const Limits& limits;
    TlsClient& tls;
    const TlsOptions& tls_options;
};

struct WebSocketRequest {
    WebSocketOffer offer;
    /// Of the opening; the limit comes on top.
    os::Deadline deadline = os::no_deadline;
    /// Of a message that is received; likewise.
    std::uint64_t max_message_bytes = static_cast<std::uint64_t>(-1);
};

/// Opened, and from then on driven, by the loop: pings and the server's close are answered while
/// nobody reads, unless so much lies unread that the server is not read from. Never waits.
///
/// Readable: there is a piece of a message, or the server's close, or an error. Writable: it is
/// open and takes a good deal, or it is over. What was taken is sent, also when the descriptor is
/// closed right after it.
class WebSocket final : public Descriptor {
public:
    using Kind = WebSocketFrames::Kind;

    /// Begins to open it. Asks the policy (use ws or wss) for the name and for each address.
    /// Errors: those that are known at once, denied above all; the others are told by
    /// opening_outcome.
    static Result<std::unique_ptr<WebSocket>> start(const WebSocketSurroundings& surroundings,
                                                    WebSocketRequest request);
    /// One that is open tells the server that it goes away (1001).
    ~WebSocket() override;

    /// Errors: would_block (under way), denied, name_not_found, resolver_failed, refused,
    /// timed_out, host_unreachable, reset, tls_failed, bad_status (the server does not want to),
    /// protocol, too_large.
    Result<void> opening_outcome() const;
    /// The subprotocol that the server chose; empty: none.
    const std::string& protocol() const { return protocol_; }
    /// The server's answer, also one that is a refusal; null before it has come.
    const ResponseHead* answer() const { return answer_ ? &*answer_ : nullptr; }

    /// See WebSocketFrames::send. Errors: those, and why it was not opened, or has failed.
    Result<std::size_t> try_send(Kind kind, std::span<const std::byte> bytes, bool goes_on);
    /// See WebSocketFrames::close. Errors: those; not_connected while it is not open.
    Result<void> close(std::uint32_t code, std::string_view reason);

    struct Received {
        WebSocketFrames::Piece piece;
        /// The server's close, whose reason is not in the piece: the end, told as often as asked.
        const WebSocketFrames::Close* close = nullptr;
    };
    /// The next piece of a message, then the server's close, or the error that ended it. Errors:
    /// would_block, reset (the connection ended without a close), protocol, too_large, timed_out,
    /// those of the opening.
    Result<Received> try_receive(std::span<std::byte> into);

    /// Errors: option_not_supported for all but the timeouts and the pending error, which stays.
    Result<std::uint64_t> get_option(os::SocketOption option) const;
    Result<void> set_option(os::SocketOption option, std::uint64_t value);

    // --- what every descriptor has ---
    DescriptorKind kind() const override { return DescriptorKind::web_socket; }
    Result<std::size_t> try_read(ReadBuffers) override;
    Result<std::size_t> try_write(WriteBuffers) override;
    os::Readiness& readiness() override { return readiness_; }
    os::Ready poll_now(os::Ready what) override;
    std::size_t readable_bytes() override;
    bool has_hung_up() override { return error_.has_value(); }

private:
    WebSocket(const WebSocketSurroundings& surroundings, WebSocketRequest request);
    os::Task<> run();
    os::Task<> open();
    os::Task<> open_connection();
    os::Task<std::string> read_answer();
    os::Task<> drive();
    bool is_open() const { return frames_ && socket_; }
    void exchange_bytes();
    void receive();
    void flush();
    void tell_driver();
    void finish(std::optional<Error> error);
    void tell_readiness();
    bool is_readable() const;
    bool is_writable() const;

    const WebSocketSurroundings surroundings_;
    WebSocketRequest request_;
    os::Readiness readiness_;
    os::Event wake_; ///< what the loop waits for has changed
    std::string protocol_;
    std::optional<ResponseHead> answer_;
    std::unique_ptr<NetworkSocket> socket_;   // null before it is connected, and after the end
    std::unique_ptr<WebSocketFrames> frames_; // null before it is open
    std::optional<Error> error_;
    std::optional<Error> send_error_;
    bool is_started_ = false; // what goes wrong now is told by opening_outcome
    bool is_resting_ = false; // there may be more to read, but it is the others' turn
    os::Task<> running_;      // ends before what it refers to
};

} // namespace hws::host::core
