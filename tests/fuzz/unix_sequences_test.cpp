// Random sequences of calls on Unix sockets with names, made of dialect v2 and of Linux itself; each
// answer must be the same.

#include "fuzz/sequences.hpp"
#include "host/adapter/v2_fixture.hpp"
#include "support/temporary_folder.hpp"

#include <algorithm>
#include <filesystem>
#include <poll.h>
#include <random>
#include <sys/ioctl.h>
#include <sys/un.h>

using namespace hws;
using namespace hws::test;

namespace {

namespace files = std::filesystem;
constexpr std::size_t slots = 6, names = 6;
constexpr std::uint32_t name_at = 512, length_at = 768;

enum class Operation {
    open_stream,
    open_datagram,
    pair,
    bind,
    listen,
    accept,
    connect,
    disconnect,
    send,
    send_to,
    receive,
    receive_batch,
    shut_down,
    local_name,
    peer_name,
    is_listening,
    readable_bytes,
    remove,
    poll,
    close,
    count
};
constexpr const char* operation_names[] = {
    "open_stream", "open_datagram", "pair",      "bind",       "listen",       "accept",         "connect",
    "disconnect",  "send",          "send_to",   "receive",    "receive_batch", "shut_down",     "local_name",
    "peer_name",   "is_listening",  "readable_bytes", "remove", "poll",         "close"};
static_assert(std::size(operation_names) == static_cast<std::size_t>(Operation::count));

struct Step {
    Operation operation{};
    std::size_t a = 0, b = 0, name = 0;
    std::uint32_t number = 0;

    std::string text() const {
        return std::string(operation_names[static_cast<int>(operation)]) + '(' + std::to_string(a) + ", " +
               std::to_string(b) + ", name " + std::to_string(name) + ", " + std::to_string(number) + ')';
    }
};

/// The names of one side: files of a folder of its own, one in a folder that is not there, and
/// abstract ones.
class Names {
public:
    explicit Names(char side) : root_(files::canonical(folder_.path())) {
        const std::string word =
            std::string(1, '\0') + "hws-fuzz-" + std::to_string(::getpid()) + side;
        for (const char* file : {"0", "1", "2", "missing/3"})
            all_.push_back((root_ / file).string());
        all_.push_back(word + "4");
        all_.push_back(word + "5");
    }
    const std::string& operator[](std::size_t index) const { return all_[index]; }
    /// By number, since names differ from side to side.
    std::string say(const std::string& name) const {
        if (name.empty()) return "unnamed";
        const auto found = std::ranges::find(all_, name);
        return found == all_.end() ? "another name" : "name " + std::to_string(found - all_.begin());
    }
    std::vector<std::string> rules() const {
        std::vector<std::string> rules;
        for (const char* use : {"unix:", "unix-listen:"}) {
            rules.push_back(std::string("allow ") + use + root_.string() + "/**");
            rules.push_back(std::string("allow ") + use + "@hws-fuzz-*");
        }
        return rules;
    }

private:
    TemporaryFolder folder_;
    files::path root_;
    std::vector<std::string> all_;
};

/// Linux.
class NativeSide {
public:
    Outcome run(const Step& step) {
        errno = 0;
        Outcome outcome;
        const auto result = [&](long value) {
            if (value < 0) outcome.error = number_of(errno);
            return value >= 0;
        };
        const int fd = fds_[step.a].get();
        sockaddr_un name{};
        socklen_t size = native(step.name, name);
        auto* const address = reinterpret_cast<sockaddr*>(&name);
        switch (step.operation) {
        case Operation::open_stream:
        case Operation::open_datagram: {
            const int type = step.operation == Operation::open_stream ? SOCK_STREAM : SOCK_DGRAM;
            fds_[step.a].reset(::socket(AF_UNIX, type | SOCK_NONBLOCK, 0));
            is_stream_[step.a] = type == SOCK_STREAM;
            break;
        }
        case Operation::pair: {
            int ends[2];
            const int type = step.number % 2 ? SOCK_STREAM : SOCK_DGRAM;
            REQUIRE(::socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, ends) == 0);
            fds_[step.a].reset(ends[0]), fds_[step.b].reset(ends[1]);
            is_stream_[step.a] = is_stream_[step.b] = type == SOCK_STREAM;
            break;
        }
        case Operation::bind:
            result(::bind(fd, address, size));
            break;
        case Operation::listen:
            result(::listen(fd, static_cast<int>(step.number % 3)));
            break;
        case Operation::accept: {
            size = sizeof name;
            const int accepted = ::accept4(fd, address, &size, SOCK_NONBLOCK);
            if (!result(accepted)) break;
            fds_[step.b].reset(accepted);
            is_stream_[step.b] = true;
            outcome.told = say(name, size);
            break;
        }
        case Operation::connect:
            result(::connect(fd, address, size));
            break;
        case Operation::disconnect: {
            sockaddr nobody{};
            nobody.sa_family = AF_UNSPEC;
            result(::connect(fd, &nobody, sizeof nobody));
            break;
        }
        case Operation::send:
        case Operation::send_to: {
            const std::string text = payload(step.number);
            const bool has_name = step.operation == Operation::send_to;
            const ssize_t sent = ::sendto(fd, text.data(), text.size(), MSG_NOSIGNAL,
                                          has_name ? address : nullptr, has_name ? size : 0);
            if (result(sent)) outcome.told = std::to_string(sent);
            break;
        }
        case Operation::receive: {
            std::string text(step.number, '\0');
            iovec buffer{text.data(), text.size()};
            msghdr header{};
            header.msg_iov = &buffer, header.msg_iovlen = 1;
            header.msg_name = &name, header.msg_namelen = sizeof name;
            const ssize_t count = ::recvmsg(fd, &header, step.b % 2 ? MSG_PEEK : 0);
            if (!result(count)) break;
            outcome.told = text.substr(0, static_cast<std::size_t>(count));
            if (is_stream_[step.a]) break;
            outcome.told +=
                (header.msg_flags & MSG_TRUNC ? " cut from " : " from ") + say(name, header.msg_namelen);
            break;
        }
        case Operation::receive_batch: {
            std::array<std::string, 3> texts;
            iovec buffers[3];
            mmsghdr messages[3]{};
            for (std::size_t i = 0; i < 3; ++i) {
                texts[i].resize(step.number);
                buffers[i] = {texts[i].data(), texts[i].size()};
                messages[i].msg_hdr.msg_iov = &buffers[i];
                messages[i].msg_hdr.msg_iovlen = 1;
            }
            const int count = ::recvmmsg(fd, messages, 3, 0, nullptr);
            if (result(count)) outcome.told = std::to_string(count);
            for (int i = 0; i < count; ++i)
                outcome.told += ' ' + texts[static_cast<std::size_t>(i)].substr(0, messages[i].msg_len) +
                                (messages[i].msg_hdr.msg_flags & MSG_TRUNC ? " cut" : "");
            break;
        }
        case Operation::shut_down:
            result(::shutdown(fd, static_cast<int>(step.number % 3)));
            break;
        case Operation::local_name:
        case Operation::peer_name:
            size = sizeof name;
            if (result(step.operation == Operation::local_name ? ::getsockname(fd, address, &size)
                                                               : ::getpeername(fd, address, &size)))
                outcome.told = say(name, size);
            break;
        case Operation::is_listening: {
            int value = 0;
            size = sizeof value;
            if (result(::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &size)))
                outcome.told = std::to_string(value);
            break;
        }
        case Operation::readable_bytes: {
            int count = 0;
            if (result(::ioctl(fd, FIONREAD, &count))) outcome.told = std::to_string(count);
            break;
        }
        case Operation::remove:
            result(::unlink(names_[step.name].c_str()));
            break;
        case Operation::poll: {
            pollfd entry{fd, POLLIN | POLLOUT | POLLRDHUP, 0};
            ::poll(&entry, 1, 0);
            const auto say_bit = [&](int bit, const char* what) {
                if (entry.revents & bit) outcome.told += what;
            };
            say_bit(POLLIN, " read"), say_bit(POLLOUT, " write"), say_bit(POLLRDHUP, " ended");
            say_bit(POLLERR, " error"), say_bit(POLLHUP, " hung up");
            break;
        }
        case Operation::close:
            fds_[step.a].reset();
            break;
        case Operation::count:
            break;
        }
        return outcome;
    }
    bool is_open(std::size_t slot) const { return fds_[slot].is_open(); }
    bool is_datagram(std::size_t slot) const { return is_open(slot) && !is_stream_[slot]; }

private:
    socklen_t native(std::size_t index, sockaddr_un& into) const {
        const std::string& name = names_[index];
        into.sun_family = AF_UNIX;
        REQUIRE(name.size() < sizeof into.sun_path);
        name.copy(into.sun_path, name.size());
        return static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    }
    std::string say(const sockaddr_un& name, socklen_t size) const {
        constexpr socklen_t before = offsetof(sockaddr_un, sun_path);
        if (size <= before) return names_.say({});
        std::string text(name.sun_path, size - before);
        return names_.say(text[0] == '\0' ? text : text.c_str());
    }

    Names names_{'n'};
    std::array<os::Fd, slots> fds_;
    std::array<bool, slots> is_stream_{};
};

/// Dialect v2.
class GuestSide {
public:
    Outcome run(const Step& step) {
        Outcome outcome;
        const auto result = [&](int number) {
            outcome.error = number;
            return number == ok;
        };
        auto& state = plugin_.state;
        const Fd fd = fds_[step.a];
        switch (step.operation) {
        case Operation::open_stream:
        case Operation::open_datagram: {
            const bool is_stream = step.operation == Operation::open_stream;
            fds_[step.a] = plugin_.open(is_stream ? SocketType::stream : SocketType::datagram, Family::local,
                                        abi::v2::open_flags::non_blocking);
            is_stream_[step.a] = is_stream;
            break;
        }
        case Operation::pair: {
            const bool is_stream = step.number % 2;
            std::tie(fds_[step.a], fds_[step.b]) =
                plugin_.pair(is_stream ? SocketType::stream : SocketType::datagram);
            plugin_.set_non_blocking(fds_[step.a]), plugin_.set_non_blocking(fds_[step.b]);
            is_stream_[step.a] = is_stream_[step.b] = is_stream;
            break;
        }
        case Operation::bind:
            result(plugin_.number(v2::unix_bind(state, fd, named(step.name))));
            break;
        case Operation::listen:
            result(plugin_.number(v2::socket_listen(state, fd, step.number % 3)));
            break;
        case Operation::accept:
            if (!result(plugin_.number(
                    v2::socket_accept(state, fd, abi::v2::open_flags::non_blocking, {result_at}, {}))))
                break;
            fds_[step.b] = plugin_.load<Fd>(result_at);
            is_stream_[step.b] = true;
            outcome.told = name_of(fds_[step.b], abi::v2::UnixEnd::peer, outcome);
            break;
        case Operation::connect:
            result(plugin_.number(v2::unix_connect(state, fd, named(step.name))));
            break;
        case Operation::disconnect:
            plugin_.put_value(address_at, Address());
            result(plugin_.number(v2::socket_connect(state, fd, {address_at})));
            break;
        case Operation::send: {
            const Sent sent = plugin_.send(fd, payload(step.number));
            if (result(sent.number)) outcome.told = std::to_string(sent.bytes);
            break;
        }
        case Operation::send_to: {
            plugin_.put(data_at, payload(step.number));
            const auto list = plugin_.iovecs({{data_at, step.number}});
            if (result(plugin_.number(v2::unix_send(state, fd, list, 0, named(step.name), {result_at}))))
                outcome.told = std::to_string(plugin_.result());
            break;
        }
        case Operation::receive: {
            const auto list = plugin_.iovecs({{data_at, step.number}});
            const std::uint32_t flags = step.b % 2 ? abi::v2::receive_flags::peek : 0;
            if (!result(plugin_.number(v2::unix_receive(state, fd, list, flags, {result_at}, {name_at, 128},
                                                        {length_at}))))
                break;
            const auto received = plugin_.load<abi::v2::Received>(result_at);
            outcome.told = plugin_.text(data_at, received.bytes);
            if (is_stream_[step.a]) break;
            outcome.told +=
                (received.flags ? " cut from " : " from ") +
                names_.say(plugin_.text(name_at, plugin_.load<std::uint32_t>(length_at)));
            break;
        }
        case Operation::receive_batch: {
            const auto list = plugin_.iovecs({{data_at, step.number},
                                              {data_at + 1000, step.number},
                                              {data_at + 2000, step.number}});
            constexpr auto message_bytes = static_cast<std::uint32_t>(sizeof(abi::v2::Message));
            for (std::uint32_t i = 0; i < 3; ++i) {
                abi::v2::Message message;
                message.buffers = list.address + i * 8, message.buffer_count = 1;
                plugin_.put_value(messages_at + i * message_bytes, message);
            }
            if (result(plugin_.number(
                    v2::receive_batch(state, fd, {messages_at, 3}, 0, abi::v2::no_limit, {result_at}))))
                outcome.told = std::to_string(plugin_.result());
            for (std::uint32_t i = 0; outcome.error == ok && i < plugin_.result(); ++i) {
                const auto message = plugin_.load<abi::v2::Message>(messages_at + i * message_bytes);
                outcome.told += ' ' + plugin_.text(data_at + i * 1000, message.bytes) +
                                (message.flags ? " cut" : "");
            }
            break;
        }
        case Operation::shut_down:
            result(plugin_.number(v2::socket_shutdown(
                state, fd, static_cast<abi::v2::Half>(step.number % 3 + 1))));
            break;
        case Operation::local_name:
            outcome.told = name_of(fd, abi::v2::UnixEnd::local, outcome);
            break;
        case Operation::peer_name:
            outcome.told = name_of(fd, abi::v2::UnixEnd::peer, outcome);
            break;
        case Operation::is_listening:
            if (result(plugin_.get_number(fd, Option::listening)))
                outcome.told = std::to_string(plugin_.load<std::uint64_t>(result_at));
            break;
        case Operation::readable_bytes:
            if (result(plugin_.number(v2::bytes_readable(state, fd, {result_at}))))
                outcome.told = std::to_string(plugin_.result());
            break;
        case Operation::remove:
            result(plugin_.number(v2::unix_remove(state, named(step.name))));
            break;
        case Operation::poll: {
            namespace events = abi::v2::poll_events;
            const auto happened = plugin_.poll(fd, events::read | events::write | events::peer_ended);
            const auto say_bit = [&](std::uint16_t bit, const char* what) {
                if (happened & bit) outcome.told += what;
            };
            say_bit(events::read, " read"), say_bit(events::write, " write");
            say_bit(events::peer_ended, " ended"), say_bit(events::error, " error");
            say_bit(events::hung_up, " hung up");
            break;
        }
        case Operation::close:
            REQUIRE(plugin_.close(fd) == ok);
            break;
        case Operation::count:
            break;
        }
        return outcome;
    }

private:
    GuestSpan<const char> named(std::size_t index) {
        const std::string& name = names_[index];
        plugin_.put(name_at, name);
        return {name_at, static_cast<std::uint32_t>(name.size())};
    }
    std::string name_of(Fd fd, abi::v2::UnixEnd end, Outcome& outcome) {
        outcome.error =
            plugin_.number(v2::unix_name(plugin_.state, fd, end, {name_at, 128}, {length_at}));
        if (outcome.error != ok) return {};
        return names_.say(plugin_.text(name_at, plugin_.load<std::uint32_t>(length_at)));
    }

    Names names_{'g'};
    Plugin plugin_{names_.rules()};
    std::array<Fd, slots> fds_;
    std::array<bool, slots> is_stream_{};
};

Step next_step(std::mt19937_64& random) {
    const auto below = [&](std::size_t bound) { return random() % bound; };
    static constexpr Operation often[] = {Operation::open_stream, Operation::open_datagram, Operation::bind,
                                          Operation::bind,        Operation::listen,        Operation::connect,
                                          Operation::connect,     Operation::accept,        Operation::send,
                                          Operation::send_to,     Operation::receive,       Operation::receive};
    Step step;
    step.operation = below(2) == 0 ? often[below(std::size(often))]
                                   : static_cast<Operation>(
                                         below(static_cast<std::size_t>(Operation::count)));
    step.a = below(slots);
    step.b = below(slots);
    // Few names, so that they are met again.
    step.name = below(6) == 0 ? below(names) : below(2) * 4;
    step.number = static_cast<std::uint32_t>(below(5) == 0 ? 0 : below(400));
    return step;
}

bool makes_sense(const Step& step, const NativeSide& native) {
    switch (step.operation) {
    case Operation::open_stream:
    case Operation::open_datagram:
        return !native.is_open(step.a);
    case Operation::pair:
        return step.a != step.b && !native.is_open(step.a) && !native.is_open(step.b);
    case Operation::accept:
        return native.is_open(step.a) && !native.is_open(step.b);
    case Operation::receive_batch: // of a stream it is one message after the other
        return native.is_datagram(step.a);
    case Operation::remove:
        return step.name < 4;
    default:
        return native.is_open(step.a);
    }
}

void run_sequence(std::uint64_t seed) {
    std::mt19937_64 random(seed);
    NativeSide native;
    GuestSide guest;
    std::string log;
    for (int count = 0; count < 250; ++count) {
        const Step step = next_step(random);
        if (!makes_sense(step, native)) continue;
        const Outcome expected = native.run(step);
        const Outcome got = guest.run(step);
        log += "  " + step.text() + " -> " + expected.text() + '\n';
        if (got == expected) continue;
        FAIL_CHECK("HWS_FUZZ_SEED=" << seed << ": " << tell_difference(got, expected, log));
        return;
    }
}

} // namespace

TEST_SUITE_BEGIN("fuzz");

TEST_CASE("any sequence of calls on Unix sockets gives through dialect v2 what Linux gives") {
    for_each_seed(100, run_sequence);
}

TEST_SUITE_END();
