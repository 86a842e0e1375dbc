#include "core/network_socket.hpp"

#include "core/address_order.hpp"
#include "core/host_name.hpp"
#include "os/socket.hpp"

#include <algorithm>
#include <cstring>

namespace hws::host::core {

using os::Ready;
using Option = os::SocketOption;

namespace {

/// Refused connections that one call looks at; the rest is left to the next.
constexpr int max_refusals = 64;
/// Datagrams of strangers that one call drops.
constexpr int max_strangers = 64;

template <class Buffers> void fill(os::IoList& list, const Buffers& buffers) {
    for (const auto& buffer : buffers)
        list.add(buffer);
}

/// What a stranger's datagram has written into the plugin's memory is no business of the plugin's.
void wipe(const os::IoList& list, std::size_t bytes) {
    list.overwrite_with_zeros(bytes);
}

/// Asks the policy about the peer of something that came in: nobody chose the spelling of an IPv4
/// peer at an IPv6 socket.
SocketAddr canonical(SocketAddr address) {
    address.set_ip(address.ip().to_canonical());
    return address;
}

/// What speaks of the bytes on the wire, which are not those of the plugin once TLS is between.
bool is_below_tls(Option option) {
    return option == Option::receive_low_water || option == Option::out_of_band_inline;
}

bool is_over(const os::PollState& state) {
    return state.hung_up || state.error;
}

bool may_read(const os::PollState& state) {
    return state.readable || state.peer_ended || is_over(state);
}

bool may_write(const os::PollState& state) {
    return state.writable || is_over(state);
}

bool is_same_peer(const SocketAddr& a, const SocketAddr& b) {
    return a.ip().to_canonical() == b.ip().to_canonical() && a.port() == b.port();
}

} // namespace

std::chrono::nanoseconds option_time(std::uint64_t value) {
    constexpr auto longest = static_cast<std::uint64_t>(std::chrono::nanoseconds::max().count());
    if (value == 0 || value >= longest) return std::chrono::nanoseconds::max();
    return std::chrono::nanoseconds(static_cast<std::int64_t>(value));
}

std::uint64_t option_number(std::chrono::nanoseconds time) {
    if (time == std::chrono::nanoseconds::max()) return abi::v2::no_limit;
    return static_cast<std::uint64_t>(time.count());
}

NetworkSocket::NetworkSocket(os::Loop& loop, SocketOwner& owner, os::Fd fd, os::Family family,
                             os::SocketType type)
    : loop_(loop), owner_(owner), family_(family), type_(type), fd_(std::move(fd)),
      unwatched_(loop, Ready::both) {}

NetworkSocket::~NetworkSocket() {
    if (!tls_) {
        if (watch_) watch_->leave_to_close();
        return;
    }
    auto rest = tls_->close();
    tls_.reset();
    if (!rest) return;
    watch_.reset(); // a descriptor is registered once
    tls_client_->say_farewell(std::move(fd_), *std::move(rest));
}

Result<std::unique_ptr<NetworkSocket>> NetworkSocket::open(os::Loop& loop, SocketOwner& owner,
                                                           os::Family family, os::SocketType type) {
    HWS_TRY(os::Fd fd, os::open_socket(family, type));
    // Another plugin's memberships must not bring this one datagrams.
    if (type == os::SocketType::datagram && family != os::Family::local)
        HWS_CHECK(os::receive_own_groups_only(fd.get(), family));
    std::unique_ptr<NetworkSocket> socket(
        new NetworkSocket(loop, owner, std::move(fd), family, type));
    socket->may_be_watched_ = type == os::SocketType::datagram;
    return socket;
}

Result<NetworkSocket::Pair> NetworkSocket::open_pair(os::Loop& loop, SocketOwner& owner,
                                                     os::SocketType type) {
    HWS_TRY(auto fds, os::open_socket_pair(type));
    Pair pair;
    for (std::size_t i = 0; i < pair.size(); ++i) {
        pair[i].reset(new NetworkSocket(loop, owner, std::move(fds[i]), os::Family::local, type));
        pair[i]->may_be_watched_ = true;
    }
    return pair;
}

Result<void> NetworkSocket::watch() {
    if (watch_ || !may_be_watched_) return {};
    HWS_TRY(watch_, is_stream() ? os::Watch::create(loop_, fd_.get())
                                : os::Watch::create_repeating(loop_, fd_.get()));
    return {};
}

os::Readiness& NetworkSocket::readiness() {
    if (watch()) return watch_ ? *watch_ : unwatched_;
    // Who waits tries again, and is told that there is no memory.
    unwatched_.set(Ready::both);
    return unwatched_;
}

/// What a system call would have had to wait for is cleared, to be set by the next event.
Error NetworkSocket::not_now(Ready what, Error error) {
    if (error != Errc::would_block) return error;
    if (auto watched = watch(); !watched) return std::move(watched).error();
    if (!watch_) return error;
    if (what == Ready::write) watch_->stop_repeating();
    watch_->clear(what);
    return error;
}

SocketAddr NetworkSocket::unspecified() const {
    if (family_ == os::Family::ipv6) return SocketAddr(Ipv6Addr::unspecified, 0);
    return SocketAddr(Ipv4Addr::unspecified, 0);
}

bool NetworkSocket::is_worth_trying(Ready what, std::uint32_t flags) {
    // Who waits is told by the next event. Who does not wait may come before the loop has fetched
    // it, and is told what the system knows.
    static_assert(abi::v2::send_flags::dont_wait == abi::v2::receive_flags::dont_wait);
    return !watch_ || watch_->is(what) || is_non_blocking() ||
           (flags & abi::v2::receive_flags::dont_wait) != 0;
}

// --- bind, listen, accept ---

Result<void> NetworkSocket::apply_reuse(std::uint16_t port) {
    // Only a port that a rule let the plugin name is shared: with port 0 the system might hand out
    // one of another socket.
    if (port == 0) return {};
    if (wants_reuse_port_) HWS_CHECK(os::set_option(fd_.get(), Option::reuse_port, 1));
    if (wants_reuse_address_ && !is_stream())
        HWS_CHECK(os::set_option(fd_.get(), Option::reuse_address, 1));
    return {};
}

Result<void> NetworkSocket::narrow_to_ipv6(Use use, std::uint16_t port) {
    if (policy().check(use, SocketAddr(Ipv4Addr::unspecified, port))) return {};
    return os::set_option(fd_.get(), Option::ipv6_only, 1);
}

Result<void> NetworkSocket::bind(const SocketAddr& local) {
    if (family_ == os::Family::local) return fail(Errc::invalid_argument);
    // Linux finds an IPv4 address too short for IPv6 before it looks at its family.
    if (local.is_ipv4() && family_ == os::Family::ipv6) return fail(Errc::invalid_argument);
    if (local.is_ipv6() && family_ == os::Family::ipv4) return fail(Errc::family_not_supported);
    const Use use = is_stream() ? Use::tcp_listen : Use::udp_bind;
    HWS_TRY(const Vetted vetted, policy().check(use, local));
    if (local.is_ipv6() && local.ip().is_unspecified())
        HWS_CHECK(narrow_to_ipv6(use, local.port()));
    HWS_CHECK(apply_reuse(local.port()));
    HWS_CHECK(os::bind(fd_.get(), vetted.address()));
    is_bound_ = true;
    has_port_ = true;
    return {};
}

Result<void> NetworkSocket::listen(int backlog) {
    if (!is_stream()) return fail(Errc::unsupported);
    if (family_ == os::Family::local && !is_bound_) return fail(Errc::invalid_argument);
    if (!is_bound_) {
        // The system binds it now, to a port of its choice.
        HWS_CHECK(policy().check(Use::tcp_listen, unspecified()));
        if (family_ == os::Family::ipv6) HWS_CHECK(narrow_to_ipv6(Use::tcp_listen, 0));
    }
    HWS_CHECK(os::listen(fd_.get(), backlog));
    if (!is_listening_) {
        is_listening_ = true;
        may_be_watched_ = true;
        watch_.reset(); // of a connection that failed
    }
    return {};
}

Result<NetworkSocket::Connection> NetworkSocket::accept() {
    // Nothing would ever end the wait of who asks another socket.
    if (!is_stream()) return fail(Errc::unsupported);
    if (!is_listening_) return fail(Errc::invalid_argument);
    for (int refusals = 0; refusals < max_refusals; ++refusals) {
        if (!is_worth_trying(Ready::read)) return fail(Errc::would_block);
        auto accepted = os::accept(fd_.get());
        if (!accepted) {
            // The peer has gone before it was its turn (accept(2)).
            if (accepted.error() == Errc::aborted) continue;
            return std::unexpected(not_now(Ready::read, std::move(accepted).error()));
        }
        if (accepted->peer) {
            if (auto verdict = policy().check_accepted(*accepted->peer); !verdict) {
                owner_.on_denied("accept", verdict.error());
                continue;
            }
        }
        std::unique_ptr<NetworkSocket> socket(
            new NetworkSocket(loop_, owner_, std::move(accepted->fd), family_, type_));
        socket->is_bound_ = true;
        socket->local_name_ = local_name_;
        socket->may_be_watched_ = true;
        socket->linger_ = linger_;
        return Connection{std::move(socket), accepted->peer};
    }
    return fail(Errc::would_block);
}

Result<std::unique_ptr<Descriptor>> NetworkSocket::try_accept() {
    HWS_TRY(Connection connection, accept());
    return std::unique_ptr<Descriptor>(std::move(connection.socket));
}

// --- connect ---

Result<Vetted> NetworkSocket::check_peer(Use use, const SocketAddr& peer) const {
    return policy().check_told(use, peer, owner_.names_of(peer.ip()));
}

Result<void> NetworkSocket::connect(const SocketAddr& peer) {
    if (family_ == os::Family::local) return fail(Errc::invalid_argument);
    HWS_TRY(const Vetted vetted, check_peer(is_stream() ? Use::tcp : Use::udp, peer));
    return connect(vetted);
}

Result<void> NetworkSocket::connect(const Vetted& peer) {
    // What was allowed for one use opens no connection of another. Those of a WebSocket are out of
    // the plugin's reach.
    const bool is_right_use =
        is_stream() ? peer.use() == Use::tcp || peer.use() == Use::ws || peer.use() == Use::wss
                    : peer.use() == Use::udp;
    if (!is_right_use) return fail(Errc::denied, "vetted for " + std::string(name_of(peer.use())));
    auto started = os::connect(fd_.get(), peer.address());
    if (!is_stream()) {
        only_sender_.reset();
        if (!std::exchange(has_port_, true) && started) find_only_sender();
        return started;
    }
    if (started || started.error() == Errc::in_progress) {
        connecting_to_ = peer.address();
        may_be_watched_ = true;
        watch_.reset(); // of an attempt that failed
    }
    return started;
}

void NetworkSocket::find_only_sender() {
    // connect(2) gives it a port before a peer: what came between the two lies in the queue now.
    if (os::poll_state(fd_.get()).readable) return;
    if (const auto peer = peer_address()) only_sender_ = *peer;
}

Result<void> NetworkSocket::finish_connecting() {
    if (!connecting_to_) return fail(Errc::not_connected);
    // Asked by the same call again, as a waiting connect(2) would be: SO_ERROR would leave a socket
    // that failed unfit for another attempt.
    auto outcome = os::connect(fd_.get(), *connecting_to_);
    if (!outcome && outcome.error() == Errc::already)
        return std::unexpected(not_now(Ready::both, Error(Errc::would_block)));
    if (!outcome && outcome.error() != Errc::already_connected) return outcome;
    // Whatever stood between the check and the connection must not have changed it.
    HWS_TRY(const auto peer, peer_address());
    if (peer && !is_same_peer(*peer, *connecting_to_))
        return fail(Errc::denied, "connected to " + peer->to_string() + " instead of " +
                                      connecting_to_->to_string());
    return {};
}

Result<void> NetworkSocket::disconnect() {
    if (family_ == os::Family::local)
        return is_stream() ? fail(Errc::invalid_argument) : os::disconnect(fd_.get());
    if (tls_) return fail(Errc::unsupported, "a TLS connection ends with its descriptor");
    HWS_CHECK(os::disconnect(fd_.get()));
    is_listening_ = false;
    only_sender_.reset();
    connecting_to_.reset();
    // With its peer the system may have taken a port away that it had chosen itself. The next one
    // is not of the plugin's binding.
    HWS_TRY(const auto local, local_address());
    if (!local || local->port() == 0) is_bound_ = false;
    if (is_stream()) {
        may_be_watched_ = false;
        watch_.reset();
    }
    return {};
}

// --- TLS ---

Result<void> NetworkSocket::start_tls(TlsClient& client, const TlsOptions& options,
                                      TlsRequest request) {
    if (tls_ && !tls_->handshake_ended().is_raised()) return fail(Errc::already, "TLS handshake");
    if (tls_) return fail(Errc::already_connected, "this is TLS already");
    if (!is_stream() || family_ == os::Family::local)
        return fail(Errc::unsupported, "TLS needs a TCP stream");
    HWS_CHECK(peer_address());
    if (!may_be_watched_) return fail(Errc::not_connected);
    HWS_CHECK(watch());
    // One byte must do, since nobody knows how many a record still lacks.
    HWS_CHECK(os::set_option(fd_.get(), Option::receive_low_water, 1));
    HWS_TRY(tls_, TlsConnection::start(client, options, std::move(request), fd_.get(), *watch_));
    tls_client_ = &client;
    return {};
}

void NetworkSocket::close_after(TlsClient& client, std::span<const std::byte> last_words) {
    std::optional<std::vector<std::byte>> rest(std::in_place, last_words.begin(), last_words.end());
    if (tls_) rest = tls_->close(last_words);
    tls_.reset();
    watch_.reset(); // a descriptor is registered once
    if (rest) client.say_farewell(std::move(fd_), *std::move(rest));
    fd_.reset();
}

// --- send ---

Result<void> NetworkSocket::check_destination(const SocketAddr& to) {
    if (family_ == os::Family::local) return fail(Errc::invalid_argument);
    has_port_ = true; // sendto(2) gives it one
    if (allowed_destination_ == to) return {};
    HWS_CHECK(check_peer(Use::udp, to));
    allowed_destination_ = to;
    return {};
}

Result<void> NetworkSocket::check_source(const os::Ancillary& with) const {
    if (!with.local || with.local->is_unspecified()) return {};
    HWS_TRY(const auto local, local_address());
    if (!local) return fail(Errc::unsupported, "a source address");
    const IpAddr source = with.local->to_canonical();
    // Whoever hears what comes for every address may answer from each.
    if (is_bound_ && (local->ip().is_unspecified() || local->ip().to_canonical() == source))
        return {};
    const std::uint16_t port = is_bound_ ? local->port() : std::uint16_t{0};
    const bool has_zone = source.is_ipv6() && source.v6().is_unicast_link_local();
    const std::uint32_t zone = has_zone ? with.interface_index : 0;
    HWS_CHECK(policy().check(Use::udp_bind, SocketAddr(source, port, zone)));
    return {};
}

Result<std::size_t> NetworkSocket::send(const os::IoList& from, std::uint32_t flags,
                                        const SocketAddr* to, const os::Ancillary* with) {
    if (is_stream()) to = nullptr, with = nullptr;
    if (to) HWS_CHECK(check_destination(*to));
    if (with) HWS_CHECK(check_source(*with));
    if (tls_) return tls_->send(from);
    if (!is_worth_trying(Ready::write, flags)) return fail(Errc::would_block);
    auto count = os::send_message(fd_.get(), from, flags, to, with);
    if (!count) return std::unexpected(not_now(Ready::write, std::move(count).error()));
    has_asked_ = true;
    // The buffer is full, so the next event tells of room (epoll(7), "edge-triggered").
    if (is_stream() && *count < from.bytes() && watch_ && !watch_->has_hung_up())
        watch_->clear(Ready::write);
    return count;
}

Result<std::size_t> NetworkSocket::send_batch(std::span<os::OutgoingMessage> messages,
                                              std::uint32_t flags) {
    std::size_t allowed = 0;
    for (os::OutgoingMessage& message : messages) {
        if (is_stream()) message.to.reset();
        if (message.to) {
            auto verdict = check_destination(*message.to);
            if (!verdict && allowed == 0) return std::unexpected(std::move(verdict).error());
            if (!verdict) break;
        }
        ++allowed;
    }
    if (!is_worth_trying(Ready::write, flags)) return fail(Errc::would_block);
    auto count = os::send_messages(fd_.get(), messages.first(allowed), flags);
    if (!count) return std::unexpected(not_now(Ready::write, std::move(count).error()));
    return count;
}

// --- receive ---

bool NetworkSocket::filters_senders() const {
    return !is_stream() && family_ != os::Family::local && !is_bound_ && !only_sender_;
}

bool NetworkSocket::may_hear(const SocketAddr& sender) {
    if (!may_bind_any_) may_bind_any_ = policy().check(Use::udp_bind, unspecified()).has_value();
    if (*may_bind_any_ || allowed_sender_ == sender) return true;
    auto verdict = check_peer(Use::udp, canonical(sender));
    if (!verdict) {
        owner_.on_denied("receive", verdict.error());
        return false;
    }
    allowed_sender_ = sender;
    return true;
}

Result<os::ReceivedMessage> NetworkSocket::receive_bytes(const os::IoList& into) {
    auto count = receiver_.receive(fd_.get(), into);
    if (!count) return std::unexpected(not_now(Ready::read, std::move(count).error()));
    // The next event tells of more. Not so once the peer has hung up: end of stream or the error is
    // still to come. A Unix socket's read also ends short of bytes with which something was sent.
    if (watch_ && family_ != os::Family::local && receiver_.has_emptied() && !watch_->has_hung_up())
        watch_->clear(Ready::read);
    return os::ReceivedMessage{.bytes = *count, .is_truncated = false, .sender = {}};
}

Result<os::ReceivedMessage> NetworkSocket::receive(const os::IoList& into, std::uint32_t flags,
                                                   os::Details details,
                                                   os::Ancillary* with) {
    using namespace abi::v2::receive_flags;
    if (tls_) {
        const bool must_ask = is_non_blocking() || (flags & abi::v2::receive_flags::dont_wait) != 0;
        return tls_->receive(into, flags,
                             must_ask ? TlsConnection::Ask::always : TlsConnection::Ask::if_told);
    }
    // With room for control data the system would hand this process whatever descriptors somebody
    // sends along with a message of a Unix socket.
    if (family_ == os::Family::local && is_bound_) with = nullptr;
    if (is_stream())
        details = os::Details::bytes_only, with = nullptr;
    else if (filters_senders())
        details = os::Details::all;
    else if (only_sender_ && details == os::Details::all)
        details = os::Details::truncation;
    for (int strangers = 0; strangers < max_strangers; ++strangers) {
        if (!is_worth_trying(Ready::read, flags)) return fail(Errc::would_block);
        if (is_stream() && !(flags & (peek | whole_length))) return receive_bytes(into);
        auto message = os::receive_message(fd_.get(), into, flags, details, with);
        if (!message) return std::unexpected(not_now(Ready::read, std::move(message).error()));
        if (is_stream() || !filters_senders() || !message->sender || may_hear(*message->sender)) {
            if (is_stream()) return message;
            note_received();
            if (only_sender_) message->sender = only_sender_;
            return message;
        }
        wipe(into, message->bytes);
        if (flags & peek) [[maybe_unused]]
            auto dropped = os::receive_message(fd_.get(), os::IoList(), 0);
    }
    return fail(Errc::would_block);
}

/// One question, one answer: whoever has asked seldom finds a second datagram, and waits at once.
void NetworkSocket::note_received() {
    if (std::exchange(has_asked_, false) && watch_ && watch_->repeats())
        watch_->clear(Ready::read);
}

Result<std::size_t> NetworkSocket::receive_batch(std::span<os::IncomingMessage> messages,
                                                 std::uint32_t flags) {
    // One by one what a batch cannot say: each system call peeks at the first message.
    if (is_stream() || (flags & abi::v2::receive_flags::peek)) {
        std::size_t count = 0;
        for (os::IncomingMessage& message : messages) {
            auto received = receive(message.into, flags);
            if (!received && count == 0) return std::unexpected(std::move(received).error());
            if (!received) break;
            message.received = *received;
            ++count;
            if (is_stream() && received->bytes == 0) break;
        }
        return count;
    }
    for (int strangers = 0; strangers < max_strangers;) {
        if (!is_worth_trying(Ready::read, flags)) return fail(Errc::would_block);
        auto count = os::receive_messages(fd_.get(), messages, flags,
                                          only_sender_ ? os::Details::truncation : os::Details::all);
        if (!count) return std::unexpected(not_now(Ready::read, std::move(count).error()));
        if (only_sender_)
            for (os::IncomingMessage& message : messages.first(*count))
                message.received.sender = only_sender_;
        const std::size_t heard = filters_senders() ? drop_strangers(messages.first(*count)) : *count;
        if (heard > 0) return heard;
        strangers += static_cast<int>(*count);
    }
    return fail(Errc::would_block);
}

/// The messages of those whom the plugin may hear move to the front, and nothing of the others
/// stays. Gives their number.
std::size_t NetworkSocket::drop_strangers(std::span<os::IncomingMessage> messages) {
    std::size_t heard = 0;
    for (os::IncomingMessage& message : messages) {
        if (!message.received.sender || may_hear(*message.received.sender)) {
            os::IncomingMessage& to = messages[heard++];
            if (&to != &message) message.move_to(to);
        } else {
            wipe(message.into, message.received.bytes);
        }
    }
    return heard;
}

// --- options ---

Result<std::uint64_t> NetworkSocket::get_option(Option option) {
    if (is_stream() && abi::v2::tells_of_datagrams(option)) return fail(Errc::option_not_supported);
    if (tls_ && is_below_tls(option)) return fail(Errc::option_not_supported, "TLS");
    switch (option) {
    case Option::error: {
        if (tls_ && tls_->error()) return static_cast<std::uint64_t>(tls_->error()->code());
        const auto pending = os::take_error(fd_.get());
        return pending ? std::uint64_t{0} : static_cast<std::uint64_t>(pending.error().code());
    }
    case Option::type:
        return static_cast<std::uint64_t>(type_);
    case Option::family:
        return static_cast<std::uint64_t>(family_);
    case Option::reuse_address:
        return wants_reuse_address_;
    case Option::reuse_port:
        return wants_reuse_port_;
    case Option::receive_timeout:
        return option_number(receive_timeout());
    case Option::send_timeout:
        return option_number(send_timeout());
    case Option::linger:
        if (linger_) return *linger_;
        [[fallthrough]];
    default:
        return os::get_option(fd_.get(), option);
    }
}

Result<void> NetworkSocket::set_option(Option option, std::uint64_t value) {
    if (is_stream() && abi::v2::tells_of_datagrams(option)) return fail(Errc::option_not_supported);
    if (tls_ && is_below_tls(option)) return fail(Errc::option_not_supported, "TLS");
    switch (option) {
    case Option::reuse_address:
        // For streams it only means not to wait for connections of before.
        if (is_stream()) HWS_CHECK(os::set_option(fd_.get(), option, value));
        wants_reuse_address_ = value != 0;
        return {};
    case Option::reuse_port:
        wants_reuse_port_ = value != 0;
        return {};
    case Option::receive_timeout:
        set_receive_timeout(option_time(value));
        return {};
    case Option::send_timeout:
        set_send_timeout(option_time(value));
        return {};
    case Option::linger: {
        // The system would wait in close(2), non-blocking or not, and all plugins with it.
        const bool waits = value != 0 && value != abi::v2::no_limit;
        HWS_TRY(const std::uint64_t linger, os::whole_linger_time(value));
        HWS_CHECK(os::set_option(fd_.get(), option, waits ? abi::v2::no_limit : value));
        linger_.reset();
        if (waits) linger_ = linger;
        return {};
    }
    case Option::ipv6_only:
        // An IPv6 socket that was narrowed by the policy is bound by then, and stays as it is.
    default:
        return os::set_option(fd_.get(), option, value);
    }
}

Result<void> NetworkSocket::join_group(const os::GroupMembership& membership,
                                       std::uint32_t scope_id) {
    if (is_stream()) return fail(Errc::option_not_supported);
    HWS_TRY(const auto local, local_address());
    if (!local) return fail(Errc::option_not_supported);
    if (membership.group.is_ipv4() != (family_ == os::Family::ipv4))
        return fail(Errc::invalid_argument);
    if (!membership.group.is_multicast()) return fail(Errc::invalid_argument);
    HWS_CHECK(
        policy().check(Use::multicast, SocketAddr(membership.group, local->port(), scope_id)));
    return os::join_group(fd_.get(), membership);
}

Result<void> NetworkSocket::leave_group(const os::GroupMembership& membership) {
    if (is_stream() || family_ == os::Family::local) return fail(Errc::option_not_supported);
    if (membership.group.is_ipv4() != (family_ == os::Family::ipv4))
        return fail(Errc::invalid_argument);
    return os::leave_group(fd_.get(), membership);
}

// --- what every descriptor has ---

DescriptorKind NetworkSocket::kind() const {
    if (!is_stream()) return DescriptorKind::udp_socket;
    return is_listening_ ? DescriptorKind::tcp_listener : DescriptorKind::tcp_stream;
}

Result<std::size_t> NetworkSocket::try_read(ReadBuffers into) {
    os::IoList list;
    fill(list, into);
    HWS_TRY(const os::ReceivedMessage message, receive(list, 0, os::Details::bytes_only));
    return message.bytes;
}

Result<std::size_t> NetworkSocket::try_peek(ReadBuffers into) {
    os::IoList list;
    fill(list, into);
    HWS_TRY(const os::ReceivedMessage message,
            receive(list, abi::v2::receive_flags::peek, os::Details::bytes_only));
    return message.bytes;
}

Result<std::size_t> NetworkSocket::try_write(WriteBuffers from) {
    os::IoList list;
    fill(list, from);
    return send(list, 0, nullptr);
}

Result<void> NetworkSocket::shut_down(os::Half half) {
    if (tls_) return tls_->shut_down(half);
    HWS_CHECK(os::shut_down(fd_.get(), half));
    if (half != os::Half::read) has_ended_sending_ = true;
    // Reading has come to its end without an event of the network's.
    if (watch_) watch_->set(Ready::both);
    return {};
}

Ready NetworkSocket::poll_now(Ready what) {
    const os::PollState state = poll_state();
    Ready ready = Ready::none;
    if (may_read(state) && intersects(what, Ready::read)) ready = ready | Ready::read;
    if (may_write(state) && intersects(what, Ready::write)) ready = ready | Ready::write;
    return ready;
}

os::PollState NetworkSocket::poll_state() {
    const os::PollState state = tls_ ? tls_->poll_state() : os::poll_state(fd_.get());
    const bool readable = may_read(state);
    const bool writable = may_write(state);
    // Without memory for a watch nothing can be waited for; whatever is tried next says so.
    if ((!readable || !writable) && !watch()) return {.readable = true, .writable = true, .error = true};
    if (!watch_) return state;
    if (!writable) watch_->stop_repeating();
    // Set as well: the event may be still to be fetched, and a read that follows must find what was
    // promised.
    readable ? watch_->set(Ready::read) : watch_->clear(Ready::read);
    writable ? watch_->set(Ready::write) : watch_->clear(Ready::write);
    return state;
}

std::size_t NetworkSocket::readable_bytes() {
    if (tls_) return tls_->readable_bytes();
    return is_listening_ ? 1 : os::readable_bytes(fd_.get());
}

bool NetworkSocket::has_hung_up() {
    const os::PollState state = poll_state();
    return state.peer_ended || state.hung_up || state.error;
}

// --- connecting by name ---

std::vector<Vetted> interleave_families(std::vector<Vetted> peers) {
    if (peers.empty()) return peers;
    const bool ipv4_first = peers.front().address().is_ipv4();
    std::vector<Vetted> firsts, seconds, ordered;
    for (const Vetted& peer : peers)
        (peer.address().is_ipv4() == ipv4_first ? firsts : seconds).push_back(peer);
    for (std::size_t i = 0; i < std::max(firsts.size(), seconds.size()); ++i) {
        if (i < firsts.size()) ordered.push_back(firsts[i]);
        if (i < seconds.size()) ordered.push_back(seconds[i]);
    }
    return ordered;
}

namespace {

/// The attempts of one race.
class Race {
public:
    Race(os::Loop& loop, SocketOwner& owner) : loop_(loop), owner_(owner) {}

    void add(std::vector<Vetted> peers) {
        waiting_.insert(waiting_.end(), peers.begin(), peers.end());
        order_addresses(waiting_);
    }
    bool has_waiting() const { return !waiting_.empty(); }
    bool has_running() const { return !running_.empty(); }
    const std::optional<Error>& last_failure() const { return last_failure_; }

    /// Begins with the first that waits, of the family that was not the last one if there is one.
    void begin_next() {
        auto next = std::ranges::find_if(waiting_, [&](const Vetted& peer) {
            return peer.address().is_ipv4() != last_was_ipv4_;
        });
        if (next == waiting_.end() || !last_was_ipv4_) next = waiting_.begin();
        const Vetted peer = *next;
        waiting_.erase(next);
        last_was_ipv4_ = peer.address().is_ipv4();
        const auto family = peer.address().is_ipv4() ? os::Family::ipv4 : os::Family::ipv6;
        auto socket = NetworkSocket::open(loop_, owner_, family, os::SocketType::stream);
        Result<void> started;
        if (socket)
            started = (*socket)->connect(peer);
        else
            started = std::unexpected(socket.error());
        if (started || started.error() == Errc::in_progress)
            running_.push_back({*std::move(socket), peer.address()});
        else
            last_failure_ = std::move(started).error();
    }

    void add_interests(std::vector<os::Interest>& interests) {
        for (const Attempt& attempt : running_)
            interests.push_back({&attempt.socket->readiness(), Ready::write});
    }

    /// Whoever has arrived. `failed`: whether somebody has given up.
    std::optional<RaceOutcome> take_winner(bool& failed) {
        for (std::size_t i = 0; i < running_.size();) {
            Attempt& attempt = running_[i];
            Result<void> outcome = fail(Errc::would_block);
            if (attempt.socket->readiness().is(Ready::write))
                outcome = attempt.socket->finish_connecting();
            if (outcome) return RaceOutcome{std::move(attempt.socket), attempt.peer};
            if (outcome.error() == Errc::would_block) {
                ++i;
                continue;
            }
            last_failure_ = std::move(outcome).error();
            failed = true;
            running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(i));
        }
        return {};
    }

private:
    struct Attempt {
        std::unique_ptr<NetworkSocket> socket;
        SocketAddr peer;
    };
    os::Loop& loop_;
    SocketOwner& owner_;
    std::vector<Vetted> waiting_;
    std::vector<Attempt> running_;
    std::optional<bool> last_was_ipv4_;
    std::optional<Error> last_failure_;
};

} // namespace

os::Task<RaceOutcome> race(os::Loop& loop, SocketOwner& owner, FamilyLookups& lookups,
                           RaceOptions options, os::Deadline deadline) {
    options.attempt_delay = std::max(options.attempt_delay, least_attempt_delay);
    Race race(loop, owner);
    // When the next attempt may begin; once the first addresses are there.
    os::Deadline next_start = os::no_deadline;
    for (;;) {
        auto peers = lookups.take_new();
        if (!peers.empty()) {
            race.add(std::move(peers));
            if (next_start == os::no_deadline)
                next_start = os::deadline_after(options.resolution_delay);
        }
        // Whom nobody waits for begins at once.
        if (!race.has_running() && lookups.has_answered(os::Family::ipv6))
            next_start = os::Clock::now();
        while (race.has_waiting() && os::Clock::now() >= next_start) {
            race.begin_next();
            if (race.has_running()) next_start = os::deadline_after(options.attempt_delay);
        }
        if (!race.has_running() && !race.has_waiting() && lookups.is_complete())
            co_return std::unexpected(race.last_failure().value_or(lookups.failure()));

        std::vector<os::Interest> interests;
        race.add_interests(interests);
        if (!lookups.is_complete()) interests.push_back({&lookups.news(), Ready::read});
        HWS_CO_CHECK(co_await os::wait_any(
            loop, interests, race.has_waiting() ? std::min(next_start, deadline) : deadline));

        bool failed = false;
        if (auto winner = race.take_winner(failed)) co_return *std::move(winner);
        // RFC 8305, 5: a failure does not wait for its turn to end.
        if (failed) next_start = os::Clock::now();
        if (os::Clock::now() >= deadline) co_return fail(Errc::timed_out);
    }
}

} // namespace hws::host::core
