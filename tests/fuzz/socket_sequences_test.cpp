// Random sequences of socket calls, made of dialect v2 and of Linux itself; each answer must be the
// same. HWS_FUZZ_SEED=n replays one, HWS_FUZZ_RUNS=n tries as many more.

#include "host/adapter/v2_fixture.hpp"
#include "support/network_namespace.hpp"

#include <cstdlib>
#include <netinet/tcp.h>
#include <poll.h>
#include <random>
#include <sched.h>
#include <sys/ioctl.h>

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
    set_no_delay,
    get_no_delay,
    poll,
    close,
    count
};
constexpr const char* operation_names[] = {
    "open_stream",   "open_datagram", "bind_any",       "bind_as",      "listen",
    "accept",        "connect",       "disconnect",     "send",         "send_to",
    "receive",       "shut_down",     "local_address",  "peer_address", "pending_error",
    "is_listening",  "readable_bytes", "set_no_delay",  "get_no_delay", "poll",
    "close"};
static_assert(std::size(operation_names) == static_cast<std::size_t>(Operation::count));

/// One call: on slot `a`, with slot `b` as whom it speaks of.
struct Step {
    Operation operation{};
    std::size_t a = 0, b = 0;
    std::uint32_t number = 0;

    std::string text() const {
        return std::string(operation_names[static_cast<int>(operation)]) + '(' +
               std::to_string(a) + ", " + std::to_string(b) + ", " + std::to_string(number) + ')';
    }
};

/// What a call gave: the number of the error, and everything that was told.
struct Outcome {
    int error = 0;
    std::string told;
    friend bool operator==(const Outcome&, const Outcome&) = default;
};

std::string payload(std::uint32_t size) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i < text.size(); ++i)
        text[i] = static_cast<char>('a' + (i + size) % 26);
    return text;
}

/// The number of errors.def for a number of Linux.
int number_of(int error) {
    if (error == 0) return 0;
#define HWS_ERROR(name, number, posix, sentence)                                                   \
    if (error == posix) return number;
#include <errors.def>
#undef HWS_ERROR
    return -error;
}

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
                AF_INET, (is_stream(step) ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK, 0));
            types_[step.a] = is_stream(step) ? SOCK_STREAM : SOCK_DGRAM;
            break;
        case Operation::bind_any:
        case Operation::bind_as: {
            const auto local =
                loopback(step.operation == Operation::bind_any ? 0 : port_of(step.b));
            result(::bind(fd, raw(local), sizeof local));
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
            outcome.told = name(step.a, peer, size);
            break;
        }
        case Operation::connect: {
            const auto peer = loopback(port_of(step.b));
            result(::connect(fd, raw(peer), sizeof peer));
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
            const auto peer = loopback(port_of(step.b));
            const ssize_t sent = ::sendto(fd, text.data(), text.size(), MSG_NOSIGNAL, raw(peer),
                                          sizeof peer);
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
        case Operation::set_no_delay: {
            const int on = static_cast<int>(step.number % 2);
            result(::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));
            break;
        }
        case Operation::get_no_delay:
            if (const auto value = option(fd, IPPROTO_TCP, TCP_NODELAY, outcome))
                outcome.told = std::to_string(*value);
            break;
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
    static const sockaddr* raw(const sockaddr_in& address) {
        return reinterpret_cast<const sockaddr*>(&address);
    }
    static sockaddr_in loopback(std::uint16_t port) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(port);
        return address;
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
                    v2::socket_open(state, Family::ipv4, type, 1, {result_at}))))
                fd = plugin_.load<Fd>(result_at);
            types_[step.a] = type == SocketType::stream ? SOCK_STREAM : SOCK_DGRAM;
            break;
        }
        case Operation::bind_any:
        case Operation::bind_as:
            result(plugin_.number(v2::socket_bind(
                state, fd,
                at(step.operation == Operation::bind_any ? std::uint16_t{0} : port_of(step.b)))));
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
            outcome.told = name(step.a, plugin_.load<Address>(address_at));
            break;
        case Operation::connect: {
            const auto peer = at(port_of(step.b));
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
                to = SocketAddr(Ipv4Addr::localhost, port_of(step.b));
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
        case Operation::set_no_delay:
            result(plugin_.set(fd, Option::no_delay, step.number % 2));
            break;
        case Operation::get_no_delay:
            option(fd, Option::no_delay, outcome);
            break;
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
    GuestPointer<const Address> at(std::uint16_t port) {
        return plugin_.at(SocketAddr(Ipv4Addr::localhost, port));
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
    }
    ~Settling() { ::sched_setaffinity(0, sizeof before_, &before_); }
    void wait() {
        socket_.send_to("x", socket_.local());
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
    default:
        // Everything else is tried on closed ones, too.
        return true;
    }
}

void run_sequence(std::uint64_t seed, Settling& settling) {
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
        log += "  " + step.text() + " -> " + std::to_string(expected.error) + ' ' + expected.told +
               '\n';
        if (got == expected) continue;
        FAIL_CHECK("HWS_FUZZ_SEED=" << seed << ": v2 gave " << got.error << " \"" << got.told
                                    << "\", Linux " << expected.error << " \"" << expected.told
                                    << "\"\n" << log);
        return;
    }
}

std::optional<std::uint64_t> number_in(const char* variable) {
    const char* const text = std::getenv(variable);
    if (!text) return {};
    return std::strtoull(text, nullptr, 10);
}

} // namespace

TEST_SUITE_BEGIN("fuzz");

TEST_CASE("any sequence of socket calls gives through dialect v2 what Linux gives") {
    const auto run = [] {
        Settling settling;
        if (const auto seed = number_in("HWS_FUZZ_SEED")) return run_sequence(*seed, settling);
        const std::uint64_t runs = number_in("HWS_FUZZ_RUNS").value_or(60);
        for (std::uint64_t seed = 1; seed <= runs; ++seed)
            run_sequence(seed, settling);
    };
    // Elsewhere another program could take a port that was just given back.
    NetworkNamespace own;
    own.is_available() ? own.run(run) : run();
}

TEST_SUITE_END();
