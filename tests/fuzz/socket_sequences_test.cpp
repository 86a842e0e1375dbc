// Random sequences of socket calls, made of dialect v2 and of Linux itself; each answer must be the
// same.

#include "fuzz/sequences.hpp"
#include "host/adapter/v2_fixture.hpp"
#include "support/network_namespace.hpp"

#include <netinet/tcp.h>
#include <algorithm>
#include <poll.h>
#include <random>
#include <sched.h>
#include <sys/ioctl.h>
#include <thread>

using namespace hws;
using namespace hws::test;

namespace {

constexpr std::size_t slots = 6;

enum class Operation {
    open_stream,
    open_datagram,
    bind_any,
    bind_as,
    listen,
    accept,
    connect,
    disconnect,
    send,
    send_to,
    receive,
    shut_down,
    local_address,
    peer_address,
    pending_error,
    is_listening,
    readable_bytes,
    set_option,
    get_option,
    send_parts,
    receive_parts,
    send_batch,
    receive_batch,
    poll,
    close,
    count
};
constexpr const char* operation_names[] = {
    "open_stream",   "open_datagram", "bind_any",       "bind_as",      "listen",
    "accept",        "connect",       "disconnect",     "send",         "send_to",
    "receive",       "shut_down",     "local_address",  "peer_address", "pending_error",
    "is_listening",  "readable_bytes", "set_option",    "get_option",   "send_parts",
    "receive_parts", "send_batch",    "receive_batch",  "poll",         "close"};
static_assert(std::size(operation_names) == static_cast<std::size_t>(Operation::count));

/// The options that both sides have, and what a number means to each.
enum class Form : std::uint8_t { number, seconds, milliseconds, linger };
struct OptionRow {
    Option option;
    int level, name;
    Form form = Form::number;
};
constexpr OptionRow option_rows[] = {
    {Option::keep_alive, SOL_SOCKET, SO_KEEPALIVE},
    {Option::keep_alive_idle, IPPROTO_TCP, TCP_KEEPIDLE, Form::seconds},
    {Option::keep_alive_interval, IPPROTO_TCP, TCP_KEEPINTVL, Form::seconds},
    {Option::keep_alive_count, IPPROTO_TCP, TCP_KEEPCNT},
    {Option::linger, SOL_SOCKET, SO_LINGER, Form::linger},
    {Option::receive_buffer, SOL_SOCKET, SO_RCVBUF},
    {Option::send_buffer, SOL_SOCKET, SO_SNDBUF},
    {Option::no_delay, IPPROTO_TCP, TCP_NODELAY},
    {Option::cork, IPPROTO_TCP, TCP_CORK},
    {Option::user_timeout, IPPROTO_TCP, TCP_USER_TIMEOUT, Form::milliseconds},
    {Option::max_segment, IPPROTO_TCP, TCP_MAXSEG},
    {Option::broadcast, SOL_SOCKET, SO_BROADCAST},
    {Option::out_of_band_inline, SOL_SOCKET, SO_OOBINLINE},
    {Option::receive_low_water, SOL_SOCKET, SO_RCVLOWAT},
    {Option::protocol, SOL_SOCKET, SO_PROTOCOL},
    {Option::ipv4_ttl, IPPROTO_IP, IP_TTL},
    {Option::ipv4_tos, IPPROTO_IP, IP_TOS},
    {Option::ipv4_multicast_ttl, IPPROTO_IP, IP_MULTICAST_TTL},
    {Option::ipv4_multicast_loop, IPPROTO_IP, IP_MULTICAST_LOOP},
    {Option::ipv6_only, IPPROTO_IPV6, IPV6_V6ONLY},
    {Option::ipv6_hops, IPPROTO_IPV6, IPV6_UNICAST_HOPS},
    {Option::ipv6_traffic_class, IPPROTO_IPV6, IPV6_TCLASS},
    {Option::ipv6_multicast_hops, IPPROTO_IPV6, IPV6_MULTICAST_HOPS},
    {Option::ipv6_multicast_loop, IPPROTO_IPV6, IPV6_MULTICAST_LOOP},
};
constexpr int option_values[] = {0,   1,   2,   -1,   -2,    7,     64,     127,
                                 128, 255, 256, 4096, 32767, 32768, 100'000};
constexpr std::uint64_t second = 1'000'000'000, millisecond = 1'000'000;

/// One call: on slot `a`, with slot `b` as whom it speaks of.
struct Step {
    Operation operation{};
    std::size_t a = 0, b = 0;
    std::uint32_t number = 0;

    const OptionRow& row() const { return option_rows[(b + number) % std::size(option_rows)]; }
    int value() const { return option_values[number / 7 % std::size(option_values)]; }
    /// The sizes of three buffers, one of them empty.
    std::array<std::uint32_t, 3> parts() const { return {number / 3, 0, number - number / 3}; }
    /// The family of what is opened.
    int family() const { return b % 3 == 0 ? AF_INET6 : AF_INET; }
    /// Whether the address is of the family that the socket does not have.
    bool is_of_other_family() const { return number % 16 == 5; }

    std::string text() const {
        return std::string(operation_names[static_cast<int>(operation)]) + '(' +
               std::to_string(a) + ", " + std::to_string(b) + ", " + std::to_string(number) + ')';
    }
};

/// An address without its port, which differs on the two sides: by the slot that has it.
struct LocalNames {
    struct Entry {
        int type;
        std::uint16_t port;
    };
    std::array<std::optional<Entry>, slots> of;

    std::string name(int type, const SocketAddr& address) const {
        std::string text = address.ip().to_string() + ' ';
        if (address.port() == 0) return text + "no port";
        for (std::size_t i = 0; i < slots; ++i)
            if (of[i] && of[i]->type == type && of[i]->port == address.port())
                return text + std::to_string(i);
        return text + "other";
    }
};

SocketAddr loopback_of(bool is_ipv6, std::uint16_t port) {
    if (is_ipv6) return SocketAddr(Ipv6Addr::localhost, port);
    return SocketAddr(Ipv4Addr::localhost, port);
}

/// Linux.
class NativeSide {
public:
    explicit NativeSide(std::uint16_t nobody) : nobody_(nobody) {}

    Outcome run(const Step& step) {
        errno = 0;
        Outcome outcome;
        const auto result = [&](long value) {
            if (value < 0) outcome.error = number_of(errno);
            return value >= 0;
        };
        const int fd = fds_[step.a].get();
        switch (step.operation) {
        case Operation::open_stream:
        case Operation::open_datagram:
            fds_[step.a].reset(::socket(
                step.family(), (is_stream(step) ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK, 0));
            types_[step.a] = is_stream(step) ? SOCK_STREAM : SOCK_DGRAM;
            families_[step.a] = step.family();
            break;
        case Operation::bind_any:
        case Operation::bind_as: {
            const Native local(
                peer_of(step, step.operation == Operation::bind_any ? 0 : port_of(step.b)));
            result(::bind(fd, local.address(), local.size));
            break;
        }
        case Operation::listen:
            result(::listen(fd, 4096));
            break;
        case Operation::accept: {
            sockaddr_storage peer{};
            socklen_t size = sizeof peer;
            const int accepted =
                ::accept4(fd, reinterpret_cast<sockaddr*>(&peer), &size, SOCK_NONBLOCK);
            if (!result(accepted)) break;
            fds_[step.b].reset(accepted);
            types_[step.b] = SOCK_STREAM;
            families_[step.b] = families_[step.a];
            outcome.told = name(step.a, peer, size);
            break;
        }
        case Operation::connect: {
            const Native peer(peer_of(step, port_of(step.b)));
            result(::connect(fd, peer.address(), peer.size));
            break;
        }
        case Operation::disconnect: {
            sockaddr nobody{};
            nobody.sa_family = AF_UNSPEC;
            result(::connect(fd, &nobody, sizeof nobody));
            break;
        }
        case Operation::send: {
            const std::string text = payload(step.number);
            const ssize_t sent = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
            if (result(sent)) outcome.told = std::to_string(sent);
            break;
        }
        case Operation::send_to: {
            const std::string text = payload(step.number);
            const Native peer(peer_of(step, port_of(step.b)));
            const ssize_t sent = ::sendto(fd, text.data(), text.size(), MSG_NOSIGNAL,
                                          peer.address(), peer.size);
            if (result(sent)) outcome.told = std::to_string(sent);
            break;
        }
        case Operation::receive: {
            std::string text(step.number, '\0');
            iovec buffer{text.data(), text.size()};
            sockaddr_storage sender{};
            msghdr header{};
            header.msg_iov = &buffer;
            header.msg_iovlen = 1;
            header.msg_name = &sender;
            header.msg_namelen = sizeof sender;
            const ssize_t count = ::recvmsg(fd, &header, step.b % 2 == 1 ? MSG_PEEK : 0);
            if (!result(count)) break;
            text.resize(static_cast<std::size_t>(count));
            outcome.told = text;
            if (types_[step.a] == SOCK_DGRAM)
                outcome.told += ((header.msg_flags & MSG_TRUNC) ? " cut from " : " from ") +
                                name(step.a, sender, header.msg_namelen);
            break;
        }
        case Operation::shut_down:
            result(::shutdown(fd, static_cast<int>(step.number % 3)));
            break;
        case Operation::local_address:
        case Operation::peer_address: {
            sockaddr_storage address{};
            socklen_t size = sizeof address;
            auto* const into = reinterpret_cast<sockaddr*>(&address);
            const bool is_local = step.operation == Operation::local_address;
            if (result(is_local ? ::getsockname(fd, into, &size) : ::getpeername(fd, into, &size)))
                outcome.told = name(step.a, address, size);
            break;
        }
        case Operation::pending_error:
            if (const auto value = option(fd, SOL_SOCKET, SO_ERROR, outcome))
                outcome.told = std::to_string(number_of(*value));
            break;
        case Operation::is_listening:
            if (const auto value = option(fd, SOL_SOCKET, SO_ACCEPTCONN, outcome))
                outcome.told = std::to_string(*value);
            break;
        case Operation::readable_bytes: {
            int count = 0;
            if (result(::ioctl(fd, FIONREAD, &count))) outcome.told = std::to_string(count);
            break;
        }
        case Operation::set_option: {
            const OptionRow& row = step.row();
            const int value = step.value();
            const linger lingering{value >= 0, std::max(value, 0)};
            result(row.form == Form::linger
                       ? ::setsockopt(fd, row.level, row.name, &lingering, sizeof lingering)
                       : ::setsockopt(fd, row.level, row.name, &value, sizeof value));
            break;
        }
        case Operation::get_option: {
            const OptionRow& row = step.row();
            linger value{};
            socklen_t size = row.form == Form::linger ? sizeof value : sizeof(int);
            if (!result(::getsockopt(fd, row.level, row.name, &value, &size))) break;
            if (row.form != Form::linger)
                outcome.told = std::to_string(value.l_onoff);
            else
                outcome.told = value.l_onoff ? std::to_string(value.l_linger) : "off";
            break;
        }
        case Operation::send_parts: {
            std::string text = payload(step.number);
            const auto list = parts_of(step, text);
            msghdr header{};
            header.msg_iov = const_cast<iovec*>(list.data());
            header.msg_iovlen = list.size();
            const ssize_t sent = ::sendmsg(fd, &header, MSG_NOSIGNAL);
            if (result(sent)) outcome.told = std::to_string(sent);
            break;
        }
        case Operation::receive_parts: {
            std::string text(step.number, '\0');
            const auto list = parts_of(step, text);
            msghdr header{};
            header.msg_iov = const_cast<iovec*>(list.data());
            header.msg_iovlen = list.size();
            const ssize_t count = ::recvmsg(fd, &header, step.b % 2 == 1 ? MSG_TRUNC : 0);
            if (!result(count)) break;
            // Of a stream MSG_TRUNC takes and throws away.
            if (step.b % 2 == 0) outcome.told = text.substr(0, static_cast<std::size_t>(count));
            outcome.told += ' ' + std::to_string(count);
            break;
        }
        case Operation::send_batch: {
            std::string text = payload(step.number);
            const Native peer(peer_of(step, port_of(step.b)));
            iovec buffers[3];
            mmsghdr messages[3]{};
            for (std::size_t i = 0; i < 3; ++i) {
                buffers[i] = {text.data(), text.size() / (i + 1)};
                messages[i].msg_hdr.msg_iov = &buffers[i];
                messages[i].msg_hdr.msg_iovlen = 1;
                if (step.number % 2 == 0) continue;
                messages[i].msg_hdr.msg_name = const_cast<sockaddr*>(peer.address());
                messages[i].msg_hdr.msg_namelen = peer.size;
            }
            const int count = ::sendmmsg(fd, messages, 3, MSG_NOSIGNAL);
            if (result(count)) outcome.told = std::to_string(count);
            for (int i = 0; i < count; ++i)
                outcome.told += ' ' + std::to_string(messages[i].msg_len);
            break;
        }
        case Operation::receive_batch: {
            std::array<std::string, 3> texts;
            std::array<sockaddr_storage, 3> senders{};
            iovec buffers[3];
            mmsghdr messages[3]{};
            for (std::size_t i = 0; i < 3; ++i) {
                texts[i].resize(step.number);
                buffers[i] = {texts[i].data(), texts[i].size()};
                messages[i].msg_hdr.msg_iov = &buffers[i];
                messages[i].msg_hdr.msg_iovlen = 1;
                messages[i].msg_hdr.msg_name = &senders[i];
                messages[i].msg_hdr.msg_namelen = sizeof senders[i];
            }
            const int count = ::recvmmsg(fd, messages, 3, 0, nullptr);
            if (result(count)) outcome.told = std::to_string(count);
            for (int i = 0; i < count; ++i) {
                const auto at = static_cast<std::size_t>(i);
                const bool is_cut = messages[i].msg_hdr.msg_flags & MSG_TRUNC;
                outcome.told += ' ' + texts[at].substr(0, messages[i].msg_len) +
                                (is_cut ? " cut from " : " from ") +
                                name(step.a, senders[at], messages[i].msg_hdr.msg_namelen);
            }
            break;
        }
        case Operation::poll: {
            pollfd entry{fd, POLLIN | POLLOUT | POLLRDHUP, 0};
            ::poll(&entry, 1, 0);
            if (fd < 0) entry.revents = POLLNVAL;
            const auto say = [&](short bit, const char* what) {
                if (entry.revents & bit) outcome.told += what;
            };
            say(POLLIN, " read");
            say(POLLOUT, " write");
            say(POLLRDHUP, " ended");
            say(POLLERR, " error");
            say(POLLHUP, " hung up");
            say(POLLNVAL, " invalid");
            break;
        }
        case Operation::close:
            if (!fds_[step.a].is_open()) errno = EBADF;
            result(fds_[step.a].is_open() ? 0 : -1);
            fds_[step.a].reset();
            break;
        case Operation::count:
            break;
        }
        return outcome;
    }

    bool is_open(std::size_t slot) const { return fds_[slot].is_open(); }
    bool is_datagram(std::size_t slot) const { return types_[slot] == SOCK_DGRAM; }

private:
    static bool is_stream(const Step& step) { return step.operation == Operation::open_stream; }
    struct Native {
        explicit Native(const SocketAddr& from) : size(os::to_native(from, storage)) {}
        const sockaddr* address() const { return reinterpret_cast<const sockaddr*>(&storage); }
        sockaddr_storage storage{};
        socklen_t size;
    };
    SocketAddr peer_of(const Step& step, std::uint16_t port) const {
        return loopback_of((families_[step.a] == AF_INET6) != step.is_of_other_family(), port);
    }
    static std::array<iovec, 3> parts_of(const Step& step, std::string& text) {
        std::array<iovec, 3> list;
        std::size_t at = 0;
        for (std::size_t i = 0; i < list.size(); ++i) {
            list[i] = {text.data() + at, step.parts()[i]};
            at += step.parts()[i];
        }
        return list;
    }
    std::optional<int> option(int fd, int level, int which, Outcome& outcome) {
        int value = 0;
        socklen_t size = sizeof value;
        if (::getsockopt(fd, level, which, &value, &size) == 0) return value;
        outcome.error = number_of(errno);
        return {};
    }
    std::uint16_t port_of(std::size_t slot) const {
        if (!fds_[slot].is_open()) return nobody_;
        const auto local = os::find_local_address(fds_[slot].get());
        return local && *local && (*local)->port() != 0 ? (*local)->port() : nobody_;
    }
    std::string name(std::size_t slot, const sockaddr_storage& native, socklen_t size) const {
        LocalNames names;
        for (std::size_t i = 0; i < slots; ++i)
            if (fds_[i].is_open()) names.of[i] = {types_[i], port_of(i)};
        const auto address = os::from_native(reinterpret_cast<const sockaddr*>(&native), size);
        return address ? names.name(types_[slot], *address) : "none";
    }

    std::uint16_t nobody_;
    std::array<os::Fd, slots> fds_;
    std::array<int, slots> types_{};
    std::array<int, slots> families_{};
};

/// Dialect v2.
class GuestSide {
public:
    explicit GuestSide(std::uint16_t nobody) : nobody_(nobody) { fds_.fill(Fd{-1}); }

    Outcome run(const Step& step) {
        Outcome outcome;
        const auto result = [&](int number) {
            outcome.error = number;
            return number == ok;
        };
        auto& state = plugin_.state;
        Fd& fd = fds_[step.a];
        switch (step.operation) {
        case Operation::open_stream:
        case Operation::open_datagram: {
            const auto type = step.operation == Operation::open_stream ? SocketType::stream
                                                                       : SocketType::datagram;
            plugin_.close(fd);
            if (result(plugin_.number(
                    v2::socket_open(state, step.family() == AF_INET6 ? Family::ipv6 : Family::ipv4,
                                    type, 1, {result_at}))))
                fd = plugin_.load<Fd>(result_at);
            types_[step.a] = type == SocketType::stream ? SOCK_STREAM : SOCK_DGRAM;
            families_[step.a] = step.family();
            break;
        }
        case Operation::bind_any:
        case Operation::bind_as:
            result(plugin_.number(v2::socket_bind(
                state, fd,
                at(step, step.operation == Operation::bind_any ? std::uint16_t{0}
                                                               : port_of(step.b)))));
            break;
        case Operation::listen:
            result(plugin_.number(v2::socket_listen(state, fd, 4096)));
            break;
        case Operation::accept:
            if (!result(plugin_.number(
                    v2::socket_accept(state, fd, 1, {result_at}, {address_at}))))
                break;
            fds_[step.b] = plugin_.load<Fd>(result_at);
            types_[step.b] = SOCK_STREAM;
            families_[step.b] = families_[step.a];
            outcome.told = name(step.a, plugin_.load<Address>(address_at));
            break;
        case Operation::connect: {
            const auto peer = at(step, port_of(step.b));
            result(plugin_.number(v2::socket_connect(state, fd, peer)));
            break;
        }
        case Operation::disconnect:
            plugin_.put_value(address_at, Address());
            result(plugin_.number(v2::socket_connect(state, fd, {address_at})));
            break;
        case Operation::send:
        case Operation::send_to: {
            std::optional<SocketAddr> to;
            if (step.operation == Operation::send_to)
                to = peer_of(step, port_of(step.b));
            const Sent sent = plugin_.send(fd, payload(step.number), 0, to);
            if (result(sent.number)) outcome.told = std::to_string(sent.bytes);
            break;
        }
        case Operation::receive: {
            const Got got = plugin_.receive(fd, step.number,
                                            step.b % 2 == 1 ? abi::v2::receive_flags::peek : 0);
            if (!result(got.number)) break;
            outcome.told = got.text;
            if (types_[step.a] == SOCK_DGRAM)
                outcome.told += (got.is_truncated ? " cut from " : " from ") +
                                (got.sender ? name(step.a, Plugin::wire(*got.sender)) : "none");
            break;
        }
        case Operation::shut_down:
            result(plugin_.number(v2::socket_shutdown(
                state, fd, static_cast<abi::v2::Half>(step.number % 3 + 1))));
            break;
        case Operation::local_address:
            if (result(plugin_.number(v2::socket_local_address(state, fd, {address_at}))))
                outcome.told = name(step.a, plugin_.load<Address>(address_at));
            break;
        case Operation::peer_address:
            if (result(plugin_.number(v2::socket_peer_address(state, fd, {address_at}))))
                outcome.told = name(step.a, plugin_.load<Address>(address_at));
            break;
        case Operation::pending_error:
            option(fd, Option::error, outcome);
            break;
        case Operation::is_listening:
            option(fd, Option::listening, outcome);
            break;
        case Operation::readable_bytes:
            if (result(plugin_.number(v2::bytes_readable(state, fd, {result_at}))))
                outcome.told = std::to_string(plugin_.result());
            break;
        case Operation::set_option: {
            const auto value = static_cast<std::int64_t>(step.value());
            const std::int64_t unit = step.row().form == Form::seconds        ? second
                                      : step.row().form == Form::milliseconds ? millisecond
                                                                              : 1;
            if (step.row().form == Form::linger)
                result(plugin_.set(fd, Option::linger,
                                   value < 0 ? abi::v2::no_limit
                                             : static_cast<std::uint64_t>(value) * second));
            else
                result(plugin_.set(fd, step.row().option,
                                   static_cast<std::uint64_t>(value * unit)));
            break;
        }
        case Operation::get_option: {
            if (!result(plugin_.get_number(fd, step.row().option))) break;
            const auto value = plugin_.load<std::uint64_t>(result_at);
            if (step.row().form == Form::linger && value == abi::v2::no_limit)
                outcome.told = "off";
            else if (step.row().form == Form::number)
                outcome.told = std::to_string(static_cast<std::int64_t>(value));
            else
                outcome.told = std::to_string(
                    value / (step.row().form == Form::milliseconds ? millisecond : second));
            break;
        }
        case Operation::send_parts: {
            plugin_.put(data_at, payload(step.number));
            const int number = plugin_.number(
                v2::socket_send(state, fd, parts_of(step), 0, {0}, {result_at}));
            if (result(number)) outcome.told = std::to_string(plugin_.result());
            break;
        }
        case Operation::receive_parts: {
            using namespace abi::v2::receive_flags;
            const int number =
                plugin_.number(v2::socket_receive(state, fd, parts_of(step),
                                                  step.b % 2 == 1 ? whole_length : 0, {result_at}));
            if (!result(number)) break;
            const auto bytes = plugin_.load<abi::v2::Received>(result_at).bytes;
            if (step.b % 2 == 0) outcome.told = plugin_.text(data_at, bytes);
            outcome.told += ' ' + std::to_string(bytes);
            break;
        }
        case Operation::send_batch: {
            plugin_.put(data_at, payload(step.number));
            const SocketAddr peer = peer_of(step, port_of(step.b));
            std::vector<abi::v2::Iovec> buffers;
            for (std::uint32_t i = 0; i < 3; ++i)
                buffers.push_back({data_at, step.number / (i + 1)});
            put_messages(buffers, step.number % 2 == 0 ? Address() : Plugin::wire(peer));
            if (!result(plugin_.number(
                    v2::send_batch(state, fd, {messages_at, 3}, 0, {result_at}))))
                break;
            const std::uint32_t count = plugin_.result();
            outcome.told = std::to_string(count);
            for (std::uint32_t i = 0; i < count; ++i)
                outcome.told += ' ' + std::to_string(message(i).bytes);
            break;
        }
        case Operation::receive_batch: {
            std::vector<abi::v2::Iovec> buffers;
            for (std::uint32_t i = 0; i < 3; ++i)
                buffers.push_back({data_at + i * 1024, step.number});
            put_messages(buffers, Address());
            if (!result(plugin_.number(v2::receive_batch(state, fd, {messages_at, 3}, 0,
                                                         abi::v2::no_limit, {result_at}))))
                break;
            const std::uint32_t count = plugin_.result();
            outcome.told = std::to_string(count);
            for (std::uint32_t i = 0; i < count; ++i) {
                const bool is_cut = message(i).flags & abi::v2::received_flags::truncated;
                outcome.told += ' ' + plugin_.text(data_at + i * 1024, message(i).bytes) +
                                (is_cut ? " cut from " : " from ") +
                                name(step.a, message(i).address);
            }
            break;
        }
        case Operation::poll: {
            namespace events = abi::v2::poll_events;
            // A negative number is left out by poll(2); here it stands for a closed one.
            const Fd asked = fd.number < 0 ? Fd{200} : fd;
            const auto happened =
                plugin_.poll(asked, events::read | events::write | events::peer_ended);
            const auto say = [&](std::uint16_t bit, const char* what) {
                if (happened & bit) outcome.told += what;
            };
            say(events::read, " read");
            say(events::write, " write");
            say(events::peer_ended, " ended");
            say(events::error, " error");
            say(events::hung_up, " hung up");
            say(events::bad_handle, " invalid");
            break;
        }
        case Operation::close:
            result(plugin_.close(fd));
            fd = Fd{-1};
            break;
        case Operation::count:
            break;
        }
        return outcome;
    }

private:
    SocketAddr peer_of(const Step& step, std::uint16_t port) const {
        return loopback_of((families_[step.a] == AF_INET6) != step.is_of_other_family(), port);
    }
    GuestPointer<const Address> at(const Step& step, std::uint16_t port) {
        return plugin_.at(peer_of(step, port));
    }
    GuestSpan<const abi::v2::Iovec> parts_of(const Step& step) {
        std::vector<abi::v2::Iovec> list;
        std::uint32_t at = data_at;
        for (const std::uint32_t size : step.parts()) {
            list.push_back({at, size});
            at += size;
        }
        return plugin_.iovecs(list);
    }
    void put_messages(const std::vector<abi::v2::Iovec>& buffers, const Address& address) {
        const auto list = plugin_.iovecs(buffers);
        for (std::uint32_t i = 0; i < buffers.size(); ++i) {
            abi::v2::Message message;
            message.buffers = list.address + i * static_cast<std::uint32_t>(sizeof buffers[0]);
            message.buffer_count = 1;
            message.address = address;
            plugin_.put_value(messages_at + i * static_cast<std::uint32_t>(sizeof message),
                              message);
        }
    }
    abi::v2::Message message(std::uint32_t i) {
        return plugin_.load<abi::v2::Message>(
            messages_at + i * static_cast<std::uint32_t>(sizeof(abi::v2::Message)));
    }
    void option(Fd fd, Option option, Outcome& outcome) {
        outcome.error = plugin_.get_number(fd, option);
        if (outcome.error == ok)
            outcome.told = std::to_string(plugin_.load<std::uint64_t>(result_at));
    }
    std::uint16_t port_of(std::size_t slot) {
        if (fds_[slot].number < 0) return nobody_;
        if (plugin_.number(v2::socket_local_address(plugin_.state, fds_[slot], {result_at})) != ok)
            return nobody_;
        const auto port = plugin_.load<Address>(result_at).port;
        return port != 0 ? port : nobody_;
    }
    std::string name(std::size_t slot, const Address& wire) {
        LocalNames names;
        for (std::size_t i = 0; i < slots; ++i)
            if (fds_[i].number >= 0) names.of[i] = {types_[i], port_of(i)};
        const auto address = Plugin::unwire(wire);
        return address ? names.name(types_[slot], *address) : "none";
    }

    Plugin plugin_;
    std::uint16_t nobody_;
    std::array<Fd, slots> fds_;
    std::array<int, slots> types_{};
    std::array<int, slots> families_{};
};

/// All that was sent on loopback so far has arrived: it goes through one queue of this CPU, behind
/// which a datagram of ours comes last.
class Settling {
public:
    Settling() : socket_(NativeSocket::datagrams()) {
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(::sched_getcpu(), &one);
        ::sched_getaffinity(0, sizeof before_, &before_);
        ::sched_setaffinity(0, sizeof one, &one);
        // A port where nobody listens may be this one's: it hears itself only.
        REQUIRE(socket_.connect(socket_.local()) == 0);
    }
    ~Settling() { ::sched_setaffinity(0, sizeof before_, &before_); }
    void wait() {
        socket_.send("x");
        REQUIRE(socket_.receive() == "x");
    }

private:
    NativeSocket socket_;
    cpu_set_t before_{};
};

Step next_step(std::mt19937_64& random) {
    const auto below = [&](std::size_t bound) { return random() % bound; };
    // The more interesting ones come more often.
    static constexpr Operation often[] = {Operation::open_stream, Operation::open_datagram,
                                          Operation::connect,     Operation::accept,
                                          Operation::send,        Operation::receive,
                                          Operation::send_to,     Operation::poll,
                                          Operation::listen,      Operation::bind_any};
    Step step;
    step.operation = below(2) == 0 ? often[below(std::size(often))]
                                   : static_cast<Operation>(
                                         below(static_cast<std::size_t>(Operation::count)));
    step.a = below(slots);
    step.b = below(slots);
    step.number = static_cast<std::uint32_t>(below(4) == 0 ? 0 : below(500));
    return step;
}

/// Whether the step has a meaning that both sides must share.
bool makes_sense(const Step& step, const NativeSide& native) {
    switch (step.operation) {
    case Operation::open_stream:
    case Operation::open_datagram:
        return !native.is_open(step.a);
    case Operation::accept:
        return !native.is_open(step.b) && native.is_open(step.a);
    case Operation::send_batch:
    case Operation::receive_batch:
        return native.is_datagram(step.a);
    default:
        // Everything else is tried on closed ones, too.
        return true;
    }
}

/// What differed, if anything did.
std::string difference_of(std::uint64_t seed, Settling& settling) {
    std::mt19937_64 random(seed);
    // Ports where nobody answers, one for each side: bound, and not listening.
    NativeSocket nobody(SOCK_STREAM), no_guest(SOCK_STREAM);
    REQUIRE(nobody.bind("127.0.0.1:0") == 0);
    REQUIRE(no_guest.bind("127.0.0.1:0") == 0);
    NativeSide native(nobody.local().port());
    GuestSide guest(no_guest.local().port());
    std::string log;
    for (int count = 0; count < 150; ++count) {
        const Step step = next_step(random);
        if (!makes_sense(step, native)) continue;
        const Outcome expected = native.run(step);
        const Outcome got = guest.run(step);
        settling.wait();
        log += "  " + step.text() + " -> " + expected.text() + '\n';
        if (got == expected) continue;
        return tell_difference(got, expected, log);
    }
    return {};
}

void run_sequence(std::uint64_t seed, Settling& settling) {
    std::string difference = difference_of(seed, settling);
    // Ports are the machine's: now and then the one that a side wants somebody else has just taken.
    for (int again = 0; again < 2 && !difference.empty(); ++again)
        difference = difference_of(seed, settling);
    if (!difference.empty()) FAIL_CHECK("HWS_FUZZ_SEED=" << seed << ": " << difference);
}

// --- calls that wait, with a peer on a thread

/// What the waiting side does, in turn: none of it depends on when the peer does what.
struct WaitingStep {
    enum class Kind : std::uint8_t { receive_all, peek_all, receive_parts, send, count } kind{};
    std::uint32_t size = 0;
};

struct Conversation {
    std::string from_peer;                ///< all that the peer sends before it ends its half
    std::vector<std::size_t> peer_pieces; ///< in which sizes
    std::vector<WaitingStep> steps;
};

Conversation conversation_of(std::uint64_t seed) {
    std::mt19937_64 random(seed);
    const auto below = [&](std::size_t bound) { return random() % bound; };
    Conversation conversation;
    conversation.from_peer = payload(static_cast<std::uint32_t>(below(300'000)));
    for (std::size_t sent = 0; sent < conversation.from_peer.size();) {
        const std::size_t piece =
            std::min(1 + below(below(4) == 0 ? 60'000 : 900), conversation.from_peer.size() - sent);
        conversation.peer_pieces.push_back(piece);
        sent += piece;
    }
    for (int i = 0; i < 40; ++i) {
        WaitingStep step;
        step.kind = static_cast<WaitingStep::Kind>(
            below(static_cast<std::size_t>(WaitingStep::Kind::count)));
        // A peek waits for ever for more than the system's buffer takes, in many small pieces.
        const std::size_t most =
            step.kind == WaitingStep::Kind::peek_all || below(3) != 0 ? 400 : 30'000;
        step.size = static_cast<std::uint32_t>(below(5) == 0 ? 0 : 1 + below(most));
        conversation.steps.push_back(step);
    }
    return conversation;
}

/// The peer: sends in pieces, ends its half, and receives until the other side ends.
std::string converse(NativeSocket peer, const Conversation& conversation) {
    std::thread sender([&] {
        std::size_t at = 0;
        for (const std::size_t piece : conversation.peer_pieces) {
            peer.send(std::string_view(conversation.from_peer).substr(at, piece));
            at += piece;
        }
        ::shutdown(peer.get(), SHUT_WR);
    });
    std::string all;
    while (const auto piece = peer.receive()) {
        if (piece->empty()) break;
        all += *piece;
    }
    sender.join();
    return all;
}

/// What each step gave, and at the end what the peer has received.
std::string natively(const Conversation& conversation, SocketAddr server) {
    NativeSocket socket(SOCK_STREAM);
    REQUIRE(socket.connect(server) == 0);
    std::string told;
    std::vector<char> room(100'000);
    for (const WaitingStep& step : conversation.steps) {
        ssize_t count = 0;
        if (step.kind == WaitingStep::Kind::send) {
            const std::string text = payload(step.size);
            count = ::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL);
            told += "sent " + std::to_string(count) + '\n';
            continue;
        }
        iovec parts[3] = {{room.data(), step.size}, {nullptr, 0}, {nullptr, 0}};
        msghdr header{};
        header.msg_iov = parts;
        header.msg_iovlen = 1;
        if (step.kind == WaitingStep::Kind::receive_parts) {
            parts[0].iov_len = step.size / 2;
            parts[2] = {room.data() + step.size / 2, step.size - step.size / 2};
            header.msg_iovlen = 3;
        }
        const int peeks = step.kind == WaitingStep::Kind::peek_all ? MSG_PEEK : 0;
        count = ::recvmsg(socket.get(), &header, MSG_WAITALL | peeks);
        told += "got ";
        if (count > 0) told.append(room.data(), static_cast<std::size_t>(count));
        told += '\n';
    }
    ::shutdown(socket.get(), SHUT_WR);
    std::string rest;
    while (const auto piece = socket.receive()) {
        if (piece->empty()) break;
        rest += *piece;
    }
    return told + "rest " + rest;
}

std::string through_v2(const Conversation& conversation, SocketAddr server) {
    using namespace abi::v2::receive_flags;
    Plugin plugin;
    const Fd fd = plugin.open();
    REQUIRE(plugin.number(v2::socket_connect(plugin.state, fd, plugin.at(server))) == ok);
    std::string told;
    for (const WaitingStep& step : conversation.steps) {
        if (step.kind == WaitingStep::Kind::send) {
            told += "sent " + std::to_string(plugin.send(fd, payload(step.size)).bytes) + '\n';
            continue;
        }
        std::vector<abi::v2::Iovec> parts{{data_at, step.size}};
        if (step.kind == WaitingStep::Kind::receive_parts)
            parts = {{data_at, step.size / 2},
                     {data_at, 0},
                     {data_at + step.size / 2, step.size - step.size / 2}};
        const std::uint32_t peeks = step.kind == WaitingStep::Kind::peek_all ? peek : 0;
        const int number = plugin.number(v2::socket_receive(
            plugin.state, fd, plugin.iovecs(parts), wait_all | peeks, {result_at}));
        const std::uint32_t count = number == ok ? plugin.result() : 0;
        told += "got " + plugin.text(data_at, count) + '\n';
    }
    REQUIRE(plugin.number(v2::socket_shutdown(plugin.state, fd, abi::v2::Half::write)) == ok);
    std::string rest;
    for (;;) {
        const Got got = plugin.receive(fd, 65'536);
        REQUIRE(got.number == ok);
        if (got.bytes == 0) break;
        rest += got.text;
    }
    return told + "rest " + rest;
}

/// Everything that was told on one side.
template <class Act> std::string outcome_of(const Conversation& conversation, Act act) {
    NativeSocket listener = NativeSocket::listener();
    std::string received;
    std::thread peer([&] { received = converse(listener.accept(), conversation); });
    const std::string told = act(conversation, listener.local());
    peer.join();
    return told + "\nthe peer got " + received;
}

} // namespace

TEST_SUITE_BEGIN("fuzz");

TEST_CASE("any sequence of socket calls gives through dialect v2 what Linux gives") {
    const auto run = [] {
        Settling settling;
        for_each_seed(60, [&](std::uint64_t seed) { run_sequence(seed, settling); });
    };
    // Elsewhere another program could take a port that was just given back.
    NetworkNamespace own;
    own.is_available() ? own.run(run) : run();
}

TEST_CASE("calls that wait for a peer on a thread give through dialect v2 what Linux gives") {
    const auto compare = [](std::uint64_t seed) {
        const Conversation conversation = conversation_of(seed);
        const std::string native = outcome_of(conversation, natively);
        const std::string guest = outcome_of(conversation, through_v2);
        const auto differs = std::ranges::mismatch(native, guest);
        const auto from = static_cast<std::size_t>(differs.in1 - native.begin());
        if (native != guest)
            FAIL_CHECK("HWS_FUZZ_SEED=" << seed << ": from byte " << from << " of "
                                        << native.size() << " on: v2 gave \""
                                        << guest.substr(from, 60) << "\", Linux \""
                                        << native.substr(from, 60) << '"');
    };
    for_each_seed(40, compare);
}

TEST_SUITE_END();
