#pragma once
/// A socket with the whole life of a BSD socket: opened, bound, then listening or connected, as
/// Linux has it. What `TcpSocket` and `UdpSocket` (socket.hpp) are to dialect v1, this is to
/// dialect v2.

#include "core/descriptor.hpp"
#include "core/destination.hpp"
#include "core/policy.hpp"
#include "core/tls_client.hpp"
#include "core/unix_files.hpp"
#include "os/network_socket.hpp"
#include "os/stream_receiver.hpp"

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace hws::host::core {

/// Whose sockets they are. Outlives them.
class SocketOwner {
public:
    virtual const Policy& socket_policy() const = 0;
    /// The names under which the plugin was told this address.
    virtual std::vector<HostName> names_of(const IpAddr& address) const = 0;
    /// Somebody else's connection or datagram was not let in.
    virtual void on_denied(std::string_view operation, const Error& error) = 0;
    /// The files of the Unix sockets it has bound.
    virtual UnixFiles& unix_files() = 0;

protected:
    ~SocketOwner() = default;
};

/// Never waits: what would, fails with would_block or in_progress, to be tried again when
/// readiness() says so.
///
/// A datagram socket that the plugin has not bound by itself hears only whom it may talk to:
/// unless a rule lets it bind any port of the unspecified address (use udp-bind), a datagram whose
/// sender use udp does not allow is dropped unseen.
class NetworkSocket final : public Descriptor {
public:
    ~NetworkSocket() override;

    /// Errors: family_not_supported, too_many_handles, ...
    static Result<std::unique_ptr<NetworkSocket>> open(os::Loop& loop, SocketOwner& owner,
                                                       os::Family family, os::SocketType type);
    /// Two that are connected to each other.
    using Pair = std::array<std::unique_ptr<NetworkSocket>, 2>;
    static Result<Pair> open_pair(os::Loop& loop, SocketOwner& owner, os::SocketType type);

    os::Family family() const { return family_; }
    os::SocketType type() const { return type_; }

    /// Binding to `::` includes IPv4 only if 0.0.0.0 may be bound as well.
    /// Errors: denied, address_in_use, address_not_available, invalid_argument (it is bound).
    Result<void> bind(const SocketAddr& local);
    /// Errors: denied (where bind has not been asked yet), unsupported (datagrams), ...
    Result<void> listen(int backlog);
    /// Errors: denied, in_progress (streams: once writable, ask finish_connecting), refused, ...
    /// An address that the plugin was told under a name is judged under that name too.
    Result<void> connect(const SocketAddr& peer);
    Result<void> connect(const Vetted& peer);
    /// The outcome of a connect that was in progress. Errors: would_block (not yet), refused,
    /// timed_out, host_unreachable, denied (it is connected to somebody else), ...
    Result<void> finish_connecting();
    /// Takes the peer away again.
    Result<void> disconnect();

    struct Connection {
        std::unique_ptr<NetworkSocket> socket;
        std::optional<SocketAddr> peer;
    };
    /// The next connection whose peer is let in; the others are closed.
    /// Errors: would_block, invalid_argument (does not listen), too_many_handles, ...
    Result<Connection> accept();

    /// `to`: for datagrams; a stream ignores it, as Linux does.
    /// Errors: denied, would_block, destination_required, broken_pipe, reset, message_too_long, ...
    /// `with`: of datagrams, more that they are sent with. A source other than what the socket is
    /// bound to is for use udp-bind to allow.
    Result<std::size_t> send(const os::IoList& from, std::uint32_t flags, const SocketAddr* to,
                             const os::Ancillary* with = nullptr);
    /// 0 bytes of a stream: its end. `with`: gets what the options ask for of a datagram.
    /// Errors: would_block, reset, timed_out, not_connected, ...
    Result<os::ReceivedMessage> receive(const os::IoList& into, std::uint32_t flags,
                                        os::Details details = os::Details::all,
                                        os::Ancillary* with = nullptr);
    /// How many of the messages were sent, those before the first that failed; an error only if
    /// that was the first. Errors: as send.
    Result<std::size_t> send_batch(std::span<os::OutgoingMessage> messages, std::uint32_t flags);
    /// How many came, at least one. Errors: as receive.
    Result<std::size_t> receive_batch(std::span<os::IncomingMessage> messages, std::uint32_t flags);

    /// Of the family `local` there is none.
    Result<std::optional<SocketAddr>> local_address() const {
        return os::find_local_address(fd_.get());
    }
    Result<std::optional<SocketAddr>> peer_address() const {
        return os::find_peer_address(fd_.get());
    }

    // --- of the family `local` (unix_socket.cpp); of others: family_not_supported ---

    /// Makes a file for a path. Errors: denied, address_in_use, invalid_argument (it has a name),
    /// not_found (no such folder), not_permitted, name_too_long, no_buffers (too many files).
    Result<void> bind(const UnixName& name);
    /// Errors: denied, not_found, refused, wrong_type, already_connected, would_block (a stream whose
    /// listener has a full queue; no readiness will tell when it has not), ...
    Result<void> connect(const UnixName& peer);
    /// Errors: as connect; would_block where the receiver has no room, of which no readiness tells.
    Result<std::size_t> send(const os::IoList& from, std::uint32_t flags, const UnixName& to);
    /// As the other; `sender` gets its name, empty if it has none.
    Result<os::ReceivedMessage> receive(const os::IoList& into, std::uint32_t flags,
                                        std::string& sender);
    /// As it was bound; empty if it was not.
    Result<std::string> local_name() const;
    /// As the peer has bound it. Errors: not_connected.
    Result<std::string> peer_name() const;

    // --- of every family ---

    /// Errors: option_not_supported, invalid_argument, denied.
    Result<std::uint64_t> get_option(os::SocketOption option);
    Result<void> set_option(os::SocketOption option, std::uint64_t value);

    /// Errors: denied, invalid_argument (no group, other family), address_in_use (joined already),
    /// ...
    Result<void> join_group(const os::GroupMembership& membership, std::uint32_t scope_id);
    Result<void> leave_group(const os::GroupMembership& membership);

    /// What poll(2) says at this moment; readiness() is brought up to it.
    os::PollState poll_state();
    /// Sees to it that an event comes once readiness() is cleared. Where a call says would_block
    /// that is so. Errors: out_of_memory.
    Result<void> watch();

    /// Begins to turn a connected stream into TLS, as its client. Once it has begun, nothing
    /// plain is sent or received any more, whatever comes of it. Errors: not_connected, unsupported
    /// (no stream of the network's), already (under way), already_connected (it is TLS), protocol,
    /// tls_failed, invalid_argument.
    Result<void> start_tls(TlsClient& client, const TlsOptions& options, TlsRequest request);
    /// Null if the stream is plain.
    TlsConnection* tls() { return tls_.get(); }

    /// Closes a connected stream once the peer has had `last_words` and everything before them: the
    /// loop sees to that, also after the socket is gone. Nothing else can be done with it
    /// afterwards.
    void close_after(TlsClient& client, std::span<const std::byte> last_words);

    // --- what every descriptor has ---
    DescriptorKind kind() const override;
    Result<std::size_t> try_read(ReadBuffers into) override;
    Result<std::size_t> try_peek(ReadBuffers into) override;
    Result<std::size_t> try_write(WriteBuffers from) override;
    Result<void> shut_down(os::Half half) override;
    Result<std::unique_ptr<Descriptor>> try_accept() override;
    os::Readiness& readiness() override;
    os::Ready poll_now(os::Ready what) override;
    std::size_t readable_bytes() override;
    bool has_hung_up() override;

private:
    NetworkSocket(os::Loop& loop, SocketOwner& owner, os::Fd fd, os::Family family,
                  os::SocketType type);
    bool is_worth_trying(os::Ready what, std::uint32_t flags = 0);
    bool is_stream() const { return type_ == os::SocketType::stream; }
    bool filters_senders() const;
    void find_only_sender();
    bool may_hear(const SocketAddr& sender);
    std::size_t drop_strangers(std::span<os::IncomingMessage> messages);
    Result<os::ReceivedMessage> receive_bytes(const os::IoList& into);
    void note_received();
    Error not_now(os::Ready what, Error error);
    Result<void> check_destination(const SocketAddr& to);
    Result<void> check_source(const os::Ancillary& with) const;
    Result<Vetted> check_peer(Use use, const SocketAddr& peer) const;
    Result<void> apply_reuse(std::uint16_t port);
    Result<void> narrow_to_ipv6(Use use, std::uint16_t port);
    SocketAddr unspecified() const;
    Result<void> check_local() const;
    const Policy& policy() const { return owner_.socket_policy(); }

    os::Loop& loop_;
    SocketOwner& owner_;
    const os::Family family_;
    const os::SocketType type_;
    bool is_listening_ = false;
    bool is_bound_ = false; ///< by the plugin, with leave of the policy
    bool may_be_watched_ = false;
    bool has_ended_sending_ = false;
    bool has_asked_ = false; ///< sent a datagram since the last one came
    bool has_port_ = false;  ///< of datagrams: somebody could have sent one here
    /// The peer of a datagram socket that was connected before anybody else could send to it: the
    /// system lets in nobody else, and senders need not be looked at.
    std::optional<SocketAddr> only_sender_;
    std::string local_name_; ///< of the family `local`: as the plugin gave it, if it gave a path
    std::optional<std::uint64_t> linger_; ///< asked for; closing does not wait all the same
    bool wants_reuse_address_ = false;
    bool wants_reuse_port_ = false;
    std::optional<bool> may_bind_any_; ///< what the policy says of an implicit bind, once asked
    std::optional<SocketAddr> connecting_to_;
    std::optional<SocketAddr> allowed_destination_; ///< the last one that the policy let pass
    std::optional<SocketAddr> allowed_sender_;      ///< likewise

    // Declared in this order so that the watch goes before the descriptor it names is closed.
    os::Fd fd_;
    /// Made when something has to be waited for, as many connections end before. A stream is
    /// watched from connect or listen on: before, the system calls it hung up, which a watch would
    /// remember.
    std::unique_ptr<os::Watch> watch_;
    os::Readiness unwatched_;
    os::StreamReceiver receiver_;
    TlsClient* tls_client_ = nullptr;
    std::unique_ptr<TlsConnection> tls_;
};

/// A timeout as options have it: nanoseconds, where 0 and no_limit are none, which is max().
std::chrono::nanoseconds option_time(std::uint64_t value);
std::uint64_t option_number(std::chrono::nanoseconds time);

/// How name connections are raced. Source: RFC 8305.
struct RaceOptions {
    /// How long one attempt is alone before the next begins beside it (RFC 8305, 5: 250 ms).
    std::chrono::nanoseconds attempt_delay = std::chrono::milliseconds(250);
    /// How long an IPv4 answer waits for the IPv6 one (RFC 8305, 3: 50 ms).
    std::chrono::nanoseconds resolution_delay = std::chrono::milliseconds(50);
};
/// What a shorter attempt delay is taken for (RFC 8305, 5: never less than 10 ms).
inline constexpr std::chrono::nanoseconds least_attempt_delay = std::chrono::milliseconds(10);

struct RaceOutcome {
    std::unique_ptr<NetworkSocket> socket;
    SocketAddr winner;
};

/// Connects to the first address that answers, and closes the others: in the order of RFC 6724,
/// families in turn. Begins as soon as the IPv6 addresses are there, or IPv4's and the resolution
/// delay is over; what comes later joins in. If none answers, the error of the last one, or of the
/// look-ups if there was no address. All are vetted for use tcp, ws or wss; `lookups` must outlive
/// the task.
os::Task<RaceOutcome> race(os::Loop& loop, SocketOwner& owner, FamilyLookups& lookups,
                           RaceOptions options, os::Deadline deadline);

/// The order in which addresses are tried: families in turn, beginning with the first one's.
/// Source: RFC 8305, 4.
std::vector<Vetted> interleave_families(std::vector<Vetted> peers);

} // namespace hws::host::core
