#pragma once
/// `WebSocket`: messages to and from a server, over ws and wss.
///
///     HWS_TRY(auto socket, hws::WebSocket::connect("wss://example.com/chat"));
///     HWS_CHECK(socket.send_text("hello"));
///     HWS_TRY(const auto message, socket.receive());
///     if (message.is_text()) hws::log::info(message.data);
///     HWS_CHECK(socket.close());

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <hws/http_headers.hpp>
#include <hws/result.hpp>
#include <hws/socket.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hws {

struct WebSocketOptions {
    /// Sent with the opening request: Origin, Cookie, Authorization ... What belongs to the
    /// handshake itself is refused (invalid_argument).
    http::HeaderMap headers{};
    /// Subprotocols to offer, the wanted one first.
    std::vector<std::string> protocols{};
    /// How long the opening may take; the host has a bound of its own.
    std::optional<std::chrono::nanoseconds> timeout{};
    /// A longer message is `too_large`, and the server is told (1009). The host has a bound of its
    /// own.
    std::uint64_t max_message_bytes = std::uint64_t{16} << 20;
};

/// A WebSocket as its client (RFC 6455). Moves, does not copy; the destructor tells the server that
/// its peer goes away (1001), after what was sent before.
///
/// The host answers pings and the server's close by itself, also while the plugin does something
/// else. It holds a bounded part of what has come (64 KiB, Limits::web_socket_buffer_bytes), and
/// holds the server back while that lies unread.
///
/// Operations wait, unless set_blocking says otherwise; then they fail with would_block, and a
/// Poller tells when it is worth another try. Backend v2 only: on the others connect is
/// `unsupported`.
class WebSocket {
public:
    enum class Kind : std::uint8_t { text, binary, pong, close };
    /// A whole message, an answer to a ping, or the server's close.
    struct Message {
        Kind kind = Kind::text;
        std::string data;       ///< of a close the reason
        std::uint16_t code = 0; ///< of a close; 1005: the server told none

        bool is_text() const { return kind == Kind::text; }
        bool is_binary() const { return kind == Kind::binary; }
        bool is_pong() const { return kind == Kind::pong; }
        bool is_close() const { return kind == Kind::close; }
        std::span<const std::byte> bytes() const { return bytes_of(data); }
    };

    /// Opens a WebSocket and waits until it is open.
    /// Errors: denied, bad_url, bad_name, name_not_found, resolver_failed, refused,
    /// host_unreachable, timed_out, tls_failed, reset, bad_status (the server does not want to; the
    /// text has its status, redirects are not followed), protocol, too_large, invalid_argument
    /// (headers or subprotocols), too_many_handles, unsupported.
    /// Source: abi ws_connect, ws_opened; RFC 6455, 4.1.
    static Result<WebSocket> connect(std::string_view url, const WebSocketOptions& options = {});
    /// Begins to open one, which never waits, this included (Blocking::never_waits). It is writable
    /// once it is open or has failed; then ask `opened`. Errors: those of connect that are known at
    /// once.
    static Result<WebSocket> start(std::string_view url, const WebSocketOptions& options = {});
    /// Errors: would_block (under way), and those of connect.
    Result<void> opened();

    WebSocket(WebSocket&& other) noexcept;
    WebSocket& operator=(WebSocket&& other) noexcept;
    ~WebSocket();

    // --- whole messages

    /// Sends a message. One that never waits takes it whole or not at all (would_block); what the
    /// host had no room for is kept here and goes with the next call, or with `flush`.
    /// Errors: broken_pipe (after a close), invalid_argument (`text` is no UTF-8), timed_out (see
    /// set_write_timeout: a part of the message may be on its way, so close), and how it has ended.
    /// Source: abi ws_send.
    Result<void> send_text(std::string_view text);
    Result<void> send_binary(std::span<const std::byte> bytes);
    /// Asks the server for a sign of life, with at most 125 bytes that come back in a pong.
    Result<void> ping(std::string_view payload = {});
    /// Sends what is kept here. Errors: would_block (not all yet), and those of send_text.
    Result<void> flush();
    /// Whether something is kept here: wait for writing then.
    bool has_unsent() const { return !unsent_.empty(); }

    /// The next message, put together; after the last one the server's close, as often as asked.
    /// Pongs come to who has sent a ping.
    /// Errors: would_block, timed_out (see set_read_timeout; nothing is lost), reset (the
    /// connection ended without a close), protocol, too_large. Source: abi ws_receive.
    Result<Message> receive();

    // --- messages of any size, by pieces

    enum class Part : std::uint8_t { goes_on, last };
    /// Sends a part of a message, as much of it as there is room for where it never waits, and
    /// tells how much; the rest is the caller's to send. `Kind::text` or `Kind::binary`, the same
    /// for all parts. A character may be cut by the end of a part. Errors: would_block, and as
    /// send_text.
    Result<std::size_t> send_part(Kind kind, std::span<const std::byte> part, Part which);

    struct Piece {
        Kind kind = Kind::text;
        std::size_t bytes = 0;  ///< put into the room there was
        bool is_last = false;   ///< the message ends with it
        std::uint16_t code = 0; ///< of a close
    };
    /// What has come of the next message, as far as there is room. Not in the middle of one that
    /// `receive` has begun and not ended. Errors: as receive.
    Result<Piece> receive_piece(std::span<std::byte> into);

    // --- the end

    /// Tells the server that this is the end, and waits for its close; what comes before is
    /// dropped, read it first if it matters. One that never waits does not wait for that either:
    /// receive tells it. Errors: would_block (something is kept here still, see flush),
    /// invalid_argument (a code that is not for the wire, a reason beyond 123 bytes), timed_out,
    /// and how it has ended otherwise. Source: abi ws_close; RFC 6455, 7.
    Result<void> close(std::uint16_t code = 1000, std::string_view reason = {});

    // --- facts and options

    /// The subprotocol that the server chose; empty: none.
    Result<std::string> protocol() const;
    /// The status of the server's answer, also one that is a refusal; would_block before it.
    Result<std::uint16_t> status() const;
    Result<http::HeaderMap> headers() const;

    Result<void> set_blocking(Blocking blocking);
    /// How long an operation waits before it is `timed_out`; nothing: as long as it takes.
    Result<void> set_read_timeout(std::optional<std::chrono::nanoseconds> timeout);
    Result<void> set_write_timeout(std::optional<std::chrono::nanoseconds> timeout);

    /// For a Poller. read and write of the C library do not work on it.
    int as_raw_fd() const { return fd_; }

private:
    explicit WebSocket(int fd, std::string url) : fd_(fd), what_(std::move(url)) {}
    Result<void> send(Kind kind, std::span<const std::byte> bytes);
    Error told(Error error, std::string_view operation) const;
    Result<http::HeaderMap> answer() const;

    int fd_ = -1;
    bool never_waits_ = false;
    std::string what_;   // the URL, for messages
    Message partial_;    // what receive has of a message that has not ended
    std::string unsent_; // the rest of a message that was taken
    Kind unsent_kind_ = Kind::text;
};

} // namespace hws
