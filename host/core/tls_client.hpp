#pragma once
/// TLS for connected sockets, as a client: what all connections of a loop share, and one
/// connection. Handshake and verification are done here, with what the host trusts
/// (tls_options.hpp); the bytes go through the socket that was there before.
///
/// TLS 1.2 or newer, by OpenSSL. No renegotiation, no compression, no resumption: a session that
/// could be resumed would tie connections of different plugins together.

#include "core/target.hpp"
#include "core/tls_options.hpp"
#include "os/loop.hpp"
#include "os/network_socket.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

struct ssl_st;
struct ssl_ctx_st;

namespace hws::host::os {
enum class Half : std::uint8_t; // os/socket.hpp
}

namespace hws::host::core {

/// Shared by all plugins of a loop; outlives their sockets.
class TlsClient {
public:
    /// Closed connections whose last bytes are still on the way, at once; the oldest is given up
    /// for another one. Such a connection holds a file descriptor of the process.
    static constexpr std::size_t max_farewells = 64;
    /// How long a closed connection may take to get rid of its last bytes, and its peer to close.
    static constexpr std::chrono::nanoseconds farewell_time = std::chrono::seconds(10);

    explicit TlsClient(os::Loop& loop);
    ~TlsClient();
    TlsClient(const TlsClient&) = delete;
    TlsClient& operator=(const TlsClient&) = delete;

    os::Loop& loop() { return loop_; }
    /// The files are read at the first use, and again by the first connection after they have
    /// changed; what cannot be used then leaves things as they were. Errors: tls_failed (a file
    /// cannot be used; the text says which, not where it is).
    Result<ssl_ctx_st*> context(const TlsOptions& options);
    /// Sends what a connection still had to send, and closes it when the peer has had it.
    void say_farewell(os::Fd fd, std::vector<std::byte> rest);
    /// Raised while no closed connection has anything left to say.
    os::Event& farewells_over() { return farewells_over_; }

private:
    class Farewell;
    struct FreeContext {
        void operator()(ssl_ctx_st* context) const;
    };
    using Context = std::unique_ptr<ssl_ctx_st, FreeContext>;
    /// What tells that a file is another one, or has other bytes, than when it was read
    struct FileState {
        std::filesystem::file_time_type changed;
        std::uintmax_t bytes = 0;
        bool operator==(const FileState&) const = default;
    };
    struct Configured {
        TlsOptions options;
        std::vector<FileState> files;
        Context context;
    };
    static std::vector<FileState> files_of(const TlsOptions& options);
    static Result<Context> create_context(const TlsOptions& options);
    void forget(std::list<std::unique_ptr<Farewell>>::iterator farewell);

    os::Loop& loop_;
    std::vector<Configured> contexts_; // as many as the host has configured
    std::list<std::unique_ptr<Farewell>> farewells_;
    os::Event farewells_over_;
};

struct TlsRequest {
    /// Whom the certificate must name, a name or an address; a name is also sent to the server
    /// (SNI).
    Target peer;
    /// Protocols to offer, the wanted one first, each behind its length (RFC 7301, 3.1). May be
    /// empty.
    std::string alpn;
    os::Deadline deadline = os::no_deadline;
};

/// What a connection has agreed on.
struct TlsFacts {
    std::uint16_t version = 0;               ///< 0x0303: TLS 1.2, 0x0304: TLS 1.3
    std::uint16_t cipher = 0;                ///< IANA's number
    std::string cipher_name;                 ///< "TLS_AES_256_GCM_SHA384"
    std::string alpn;                        ///< empty: none was agreed on
    std::array<std::byte, 32> fingerprint{}; ///< SHA-256 of the server's certificate
    std::vector<std::byte> certificate;      ///< the server's, DER
};

/// One connection. Knows the socket, does not own it: whoever does destroys this first.
///
/// The handshake is driven by the loop, on the loop's stack, whether or not anybody waits for it.
/// Afterwards every call does its own work. Bytes are encrypted when they are taken; those for
/// which the socket has no room are kept and sent by the loop, and until they are gone nothing
/// more is taken.
class TlsConnection final : private os::Runnable, private os::Timer {
public:
    /// Encrypted bytes that wait for room in the socket: a record of the plugin's and what the
    /// protocol wants to say meanwhile. The last words of one that is closed come on top.
    static constexpr std::size_t max_outgoing_bytes = std::size_t{64} << 10;
    /// What one call takes from the socket before it gives a byte to the plugin: a peer that sends
    /// tickets and new keys without end must not keep the loop from the others.
    static constexpr std::size_t max_fetched_bytes = std::size_t{256} << 10;

    /// Begins the handshake. Errors: tls_failed (see TlsClient::context), protocol (something has
    /// arrived before it: nobody may speak before the client does), invalid_argument (`alpn`).
    static Result<std::unique_ptr<TlsConnection>> start(TlsClient& client,
                                                        const TlsOptions& options,
                                                        TlsRequest request, int socket,
                                                        os::Watch& watch);
    ~TlsConnection() override;

    /// Raised once the handshake has ended, well or not.
    os::Event& handshake_ended() { return handshake_ended_; }
    /// Errors: would_block (under way), tls_failed, reset, timed_out, protocol.
    Result<void> handshake_outcome() const;

    /// Whether the call must ask the system, or may rely on the loop to have been told.
    enum class Ask : std::uint8_t { if_told, always };
    /// Errors: would_block, reset (also: the stream was cut without the peer's farewell,
    /// close_notify), protocol, tls_failed, broken_pipe.
    Result<std::size_t> send(const os::IoList& from);
    /// 0: the peer has finished, and said so. With peek no more than one record is seen.
    /// Errors: as send.
    Result<os::ReceivedMessage> receive(const os::IoList& into, std::uint32_t flags, Ask ask);
    /// `write`: sends close_notify.
    Result<void> shut_down(os::Half half);
    /// What poll(2) would say of a socket that has the decrypted bytes.
    os::PollState poll_state();
    std::size_t readable_bytes();
    /// Nothing before the handshake has ended well.
    std::optional<TlsFacts> facts() const;
    /// The error that has ended it, if one did.
    const std::optional<Error>& error() const { return read_error_ ? read_error_ : write_error_; }

    /// Ends it: sends `last_words` and close_notify. Gives what there was no room for, perhaps
    /// nothing; no value if the peer's system has everything and the socket may be closed at once.
    std::optional<std::vector<std::byte>> close(std::span<const std::byte> last_words = {});

private:
    enum class State : std::uint8_t { shaking_hands, open, failed };

    /// Queues the connection on the loop when its socket is ready.
    class Bell final : public os::Waiter {
    public:
        explicit Bell(TlsConnection& owner) : owner_(owner) {}
        ~Bell() override = default;

    private:
        void on_ready() override;
        TlsConnection& owner_;
    };
    friend class Bell;
    friend struct TlsTransport;

    TlsConnection(TlsClient& client, TlsRequest request, int socket, os::Watch& watch);
    Result<void> set_up(const TlsOptions& options);
    void run() override;
    void on_expiry() override;
    void shake_hands();
    void end_handshake(std::optional<Error> error);
    Result<void> check_alpn() const;
    /// Before each call of OpenSSL's: forgets what went wrong in those before.
    void begin();
    /// What went wrong in the last call of OpenSSL's, which gave `outcome`; nothing if it only has
    /// to be called again.
    std::optional<Error> failure(int outcome);
    Error handshake_failure();
    void fail_both(const Error& error);
    /// Whether nothing is left to be sent.
    bool flush();

    /// The transport below OpenSSL.
    Result<std::size_t> fetch(std::span<std::byte> into);
    Result<void> deliver(std::span<const std::byte> bytes);

    struct FreeSsl {
        void operator()(ssl_st* ssl) const;
    };

    TlsClient& client_;
    const TlsRequest request_;
    const int socket_;
    os::Watch& watch_;
    State state_ = State::shaking_hands;
    bool is_end_of_transport_ = false;
    bool is_resting_ = false; // has fetched enough for this turn
    std::size_t fetched_bytes_ = 0;
    bool is_asking_always_ = true;
    bool is_reading_over_ = false; // shut down on this side
    bool is_writing_over_ = false;
    bool is_closing_ = false; // what is left goes out whole, whoever reads it
    std::optional<Error> transport_error_;
    std::optional<Error> read_error_;
    std::optional<Error> write_error_;
    std::vector<std::byte> outgoing_;
    std::unique_ptr<ssl_st, FreeSsl> ssl_;
    os::Event handshake_ended_;
    Bell readable_{*this};
    Bell writable_{*this};
};

} // namespace hws::host::core
