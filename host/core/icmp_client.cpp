#include "core/icmp_client.hpp"

#include "os/icmp_socket.hpp"

#include <algorithm>
#include <bitset>
#include <mutex>
#include <utility>

namespace hws::host::core {
namespace {

/// How many packets are read before others on the loop have their turn.
constexpr int packets_per_turn = 64;
/// How many identifiers are tried when other programs' ping sockets have them.
constexpr int identifier_attempts = 64;
/// Larger than any IP packet.
constexpr std::size_t packet_bytes = 65'536;

/// The identifiers in use by all clients of the process, on whatever loop: raw sockets all see all
/// replies of the machine, so two clients with one identifier could take each other's. The one
/// thing here that is shared; it holds no traffic.
class Identifiers {
public:
    /// 0: none left. Random, so that nobody off the path can guess it.
    std::uint16_t acquire() {
        std::lock_guard lock(mutex_);
        const std::size_t start = os::random_identifier();
        for (std::size_t i = 0; i < used_.size(); ++i) {
            const std::size_t candidate = (start + i) % used_.size();
            if (candidate == 0 || used_[candidate])
                continue; // 0 asks a ping socket to choose itself
            used_[candidate] = true;
            return static_cast<std::uint16_t>(candidate);
        }
        return 0;
    }
    void release(std::uint16_t identifier) {
        std::lock_guard lock(mutex_);
        used_[identifier] = false;
    }
    static Identifiers& of_process() {
        static Identifiers identifiers;
        return identifiers;
    }

private:
    std::mutex mutex_;
    std::bitset<65'536> used_;
};

/// An identifier for as long as this lives.
class IdentifierLease {
public:
    IdentifierLease() : value_(Identifiers::of_process().acquire()) {}
    IdentifierLease(IdentifierLease&& other) noexcept : value_(std::exchange(other.value_, 0)) {}
    IdentifierLease& operator=(IdentifierLease&&) = delete;
    ~IdentifierLease() {
        if (value_ != 0) Identifiers::of_process().release(value_);
    }
    std::uint16_t value() const { return value_; }

private:
    std::uint16_t value_;
};

bool is_same_host(const SocketAddr& a, const SocketAddr& b) {
    if (a.ip() != b.ip()) return false;
    // The same link-local address may exist on several links.
    return a.scope_id() == 0 || b.scope_id() == 0 || a.scope_id() == b.scope_id();
}

} // namespace

/// One socket of one family, and the reader that empties it into the client.
class IcmpClient::Channel final : private os::Waiter, private os::Runnable {
public:
    static Result<std::unique_ptr<Channel>> open(IcmpClient& client, IcmpFamily family,
                                                 os::IcmpSocketKind kind) {
        const IpAddr family_of = family == IcmpFamily::v4 ? IpAddr(Ipv4Addr()) : IpAddr(Ipv6Addr());
        for (int attempt = 0; attempt < identifier_attempts; ++attempt) {
            IdentifierLease identifier;
            if (identifier.value() == 0) break;
            auto socket = os::IcmpSocket::open(kind, family_of, identifier.value());
            if (!socket) {
                if (socket.error() == Errc::address_in_use) continue;
                return std::unexpected(std::move(socket).error());
            }
            return std::unique_ptr<Channel>(
                new Channel(client, family, std::move(identifier), *std::move(socket)));
        }
        return fail(Errc::address_not_available, "no ICMP identifier is free");
    }
    ~Channel() override { leave(); }

    std::uint16_t identifier() const { return identifier_.value(); }
    bool is_raw() const { return socket_.kind() == os::IcmpSocketKind::raw; }

    /// Reads what is there, but no further than the answer to the last request that awaits one:
    /// what may lie behind it is nobody's, and is found with the next arrival. A request and its
    /// reply cost one system call each this way.
    void read() {
        // On the loop's own stack; a buffer per plugin would cost 64 KiB each.
        std::array<std::byte, packet_bytes> buffer;
        for (int left = packets_per_turn; left > 0; --left) {
            auto arrival = socket_.receive(buffer);
            if (arrival) {
                const bool is_ours =
                    accept_arrival(*arrival, std::span(buffer).first(arrival->size));
                if (is_ours && client_.pending_.empty()) return await_more();
            } else if (arrival.error() != Errc::would_block) {
                // The errno of an ICMP error, whose text lies in the error queue.
                read_error_queue(buffer);
            } else {
                // A send may have met that errno before and taken it away.
                if (!read_error_queue(buffer)) return await_more();
            }
        }
        client_.loop_.queue(*this);
    }

    Result<void> send(const SocketAddr& target, std::span<const std::byte> payload,
                      std::uint16_t sequence, std::optional<std::uint8_t> ttl) {
        const auto header = echo_request_header(family_, identifier_.value(), sequence, payload);
        HWS_CHECK(socket_.send(target, header, payload, ttl));
        // Whoever sends and goes on to other waits has the answers read by the loop.
        if (!watch_) client_.loop_.queue(*this);
        return {};
    }

private:
    Channel(IcmpClient& client, IcmpFamily family, IdentifierLease identifier,
            os::IcmpSocket socket)
        : client_(client), family_(family), identifier_(std::move(identifier)),
          socket_(std::move(socket)) {}

    void on_ready() override { client_.loop_.queue(*this); }

    void run() override { read(); }

    /// Every packet that arrives at a socket of epoll's costs its sender's system call a call into
    /// epoll, so it is registered when an answer first has to be waited for: on near networks it
    /// often never is.
    void await_more() {
        client_.loop_.unqueue(*this);
        if (!watch_) {
            if (client_.pending_.empty()) return; // the next send queues it
            auto made = os::Watch::create(client_.loop_, socket_.fd());
            // No memory for it in the kernel: an answer counts as lost until somebody looks again.
            if (!made) return;
            watch_ = *std::move(made);
        }
        watch_->clear(os::Ready::read);
        if (!is_waiting()) wait_for(*watch_, os::Ready::read);
    }

    /// Whether it had anything.
    bool read_error_queue(std::span<std::byte> buffer) {
        if (socket_.kind() != os::IcmpSocketKind::ping) return false;
        const auto error = socket_.receive_error(buffer);
        if (error) accept_queued_error(*error, buffer.first(error->size));
        return error.has_value();
    }

    /// Whether it answers a request of ours.
    bool accept_arrival(const os::IcmpSocket::Arrival& arrival, std::span<const std::byte> bytes) {
        const bool has_ip_header =
            family_ == IcmpFamily::v4 && socket_.kind() == os::IcmpSocketKind::raw;
        const auto message = has_ip_header ? parse_ipv4_packet(bytes) : parse_icmp(family_, bytes);
        if (!message) return false;
        if (message->is_echo_reply) {
            if (message->identifier != identifier_.value()) return false;
            IcmpReply reply;
            reply.id = message->identifier;
            reply.sequence = message->sequence;
            return deliver(std::move(reply), arrival.source, message->sequence, message->type,
                           message->code, arrival.source, arrival.ttl, arrival.age, message->data);
        }
        if (message->quoted->identifier != identifier_.value()) return false;
        return deliver({}, SocketAddr(message->quoted->target, 0), message->quoted->sequence,
                       message->type, message->code, arrival.source, arrival.ttl, arrival.age,
                       message->data);
    }

    void accept_queued_error(const os::IcmpSocket::QueuedError& error,
                             std::span<const std::byte> request) {
        if (!is_final_error(family_, error.type)) return;
        const auto numbers = parse_echo_request(family_, request);
        if (!numbers || numbers->identifier != identifier_.value()) return;
        deliver({}, error.target, numbers->sequence, error.type, error.code, error.offender,
                error.ttl, error.age, request);
    }

    bool deliver(IcmpReply reply, const SocketAddr& target, std::uint16_t sequence,
                 std::uint8_t type, std::uint8_t code, const SocketAddr& source,
                 std::optional<std::uint8_t> ttl, std::chrono::nanoseconds age,
                 std::span<const std::byte> data) {
        const auto now = os::Clock::now();
        const auto answered = client_.take_pending(target, sequence, now);
        if (!answered) return false;
        reply.source = source.ip();
        reply.target = answered->target.ip();
        reply.scope_id = answered->target.scope_id();
        reply.type = type;
        reply.code = code;
        reply.request_sequence = sequence;
        reply.ttl = ttl;
        reply.round_trip =
            std::max(std::chrono::nanoseconds{0},
                     std::chrono::nanoseconds(now - answered->sent_at) - age);
        reply.data.assign(data.begin(), data.end());
        client_.keep(std::move(reply));
        return true;
    }

    IcmpClient& client_;
    IcmpFamily family_;
    IdentifierLease identifier_;
    // Declared in this order so that the watch goes before the descriptor it names is closed.
    os::IcmpSocket socket_;
    std::unique_ptr<os::Watch> watch_; // null until something is waited for
};

IcmpClient::IcmpClient(os::Loop& loop, const Limits& limits, IcmpAllowance& allowance,
                       IcmpSockets sockets)
    : loop_(loop), max_pending_(limits.icmp_pending), max_replies_(limits.icmp_replies),
      sockets_(sockets), allowance_(allowance), arrived_(loop, os::Ready::write) {}

IcmpClient::~IcmpClient() {
    while (!replies_.empty())
        take_oldest();
}

Result<std::unique_ptr<IcmpClient::Channel>> IcmpClient::open_channel(IcmpFamily family) {
    if (sockets_ != IcmpSockets::raw_only) {
        auto ping = Channel::open(*this, family, os::IcmpSocketKind::ping);
        if (ping) return ping;
        const Errc code = ping.error().code();
        if (code != Errc::not_permitted && code != Errc::protocol_not_supported) return ping;
    }
    if (sockets_ != IcmpSockets::ping_only) {
        auto raw = Channel::open(*this, family, os::IcmpSocketKind::raw);
        if (raw) return raw;
        const Errc code = raw.error().code();
        if (code != Errc::not_permitted && code != Errc::protocol_not_supported) return raw;
    }
    return fail(Errc::not_permitted, os::icmp_permission_advice());
}

Result<void> IcmpClient::send(const Vetted& target, std::span<const std::byte> payload,
                              std::uint16_t sequence, std::optional<std::uint8_t> ttl) {
    if (target.use() != Use::icmp)
        return fail(Errc::denied, "the address was vetted for another use");
    if (ttl == std::uint8_t{0}) return fail(Errc::invalid_argument, "ttl must be 1 to 255");
    const SocketAddr& address = target.address();
    const IcmpFamily family = icmp_family_of(address.ip());
    if (payload.size() > max_echo_payload_bytes(family))
        return fail(Errc::message_too_long, "an echo request carries at most " +
                                                std::to_string(max_echo_payload_bytes(family)) +
                                                " bytes");
    const auto sent_at = os::Clock::now();
    forget_expired(sent_at);
    // What has been answered by now does not count, also where the loop had no turn since.
    if (pending_.size() >= max_pending_) read_arrivals();
    if (pending_.size() >= max_pending_)
        return fail(Errc::rate_limited, "limit icmp_pending: " + std::to_string(max_pending_) +
                                            " echo requests await their replies");
    auto& channel = channel_of(family);
    if (!channel) {
        HWS_TRY(channel, open_channel(family));
    }
    if (!allowance_.take_request(sent_at))
        return fail(Errc::rate_limited,
                    "limit icmp_interval: the plugin has sent too many echo requests lately");
    HWS_CHECK(channel->send(address, payload, sequence, ttl));
    // Only the loop reads replies, so none can have been looked at before this.
    pending_.push_back({address, sequence, sent_at});
    return {};
}

Result<void> IcmpClient::open(IcmpFamily family) {
    if (channel_of(family)) return {};
    HWS_TRY(auto channel, open_channel(family));
    // Every ICMP packet of the machine passes the filter of every raw socket: whoever may not send
    // shall not have any, and leave to send is asked for later.
    if (!channel->is_raw()) channel_of(family) = std::move(channel);
    return {};
}

std::optional<std::uint16_t> IcmpClient::identifier(IcmpFamily family) const {
    const auto& channel = family == IcmpFamily::v4 ? v4_ : v6_;
    if (!channel) return {};
    return channel->identifier();
}

os::Task<IcmpReply> IcmpClient::receive(os::Deadline deadline) {
    for (;;) {
        auto reply = try_receive();
        if (reply) co_return std::move(reply);
        const os::Wake wake = co_await arrived_.until(os::Ready::read, deadline);
        if (wake == os::Wake::timed_out && replies_.empty()) co_return fail(Errc::timed_out);
    }
}

Result<IcmpReply> IcmpClient::try_receive() {
    if (!peek()) return fail(Errc::would_block);
    return take_oldest();
}

const IcmpReply* IcmpClient::peek() {
    // A near target has answered by now, and the loop need not be asked.
    if (replies_.empty()) read_arrivals();
    return replies_.empty() ? nullptr : &replies_.front();
}

void IcmpClient::read_arrivals() {
    for (Channel* const channel : {v4_.get(), v6_.get()})
        if (channel && !pending_.empty()) channel->read();
}

std::size_t IcmpClient::pending_count() {
    forget_expired(os::Clock::now());
    return pending_.size();
}

void IcmpClient::forget_expired(os::Clock::time_point now) {
    const auto oldest = now - pending_lifetime;
    while (!pending_.empty() && pending_.front().sent_at < oldest)
        pending_.pop_front();
}

std::optional<IcmpClient::Pending> IcmpClient::take_pending(const SocketAddr& target,
                                                            std::uint16_t sequence,
                                                            os::Clock::time_point now) {
    forget_expired(now);
    const auto found = std::ranges::find_if(pending_, [&](const Pending& pending) {
        return pending.sequence == sequence && is_same_host(pending.target, target);
    });
    if (found == pending_.end()) return {};
    Pending taken = *found;
    pending_.erase(found);
    return taken;
}

IcmpReply IcmpClient::take_oldest() {
    IcmpReply reply = std::move(replies_.front());
    replies_.pop_front();
    allowance_.give_back_reply_bytes(kept_bytes(reply));
    if (replies_.empty()) arrived_.clear(os::Ready::read);
    return reply;
}

void IcmpClient::keep(IcmpReply reply) {
    const std::size_t bytes = kept_bytes(reply);
    while (replies_.size() >= max_replies_ || !allowance_.take_reply_bytes(bytes)) {
        // Other sockets of the plugin hold everything: this one is lost.
        if (replies_.empty()) return;
        take_oldest();
    }
    replies_.push_back(std::move(reply));
    arrived_.set(os::Ready::read);
}

} // namespace hws::host::core
