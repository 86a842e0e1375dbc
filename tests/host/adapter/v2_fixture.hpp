#pragma once
/// A plugin of dialect v2 without wasm: its memory is a vector, and the test calls the host
/// functions by itself.

#include "adapter/preview1.hpp"
#include "adapter/v2.hpp"
#include "core/network_socket.hpp"
#include "core/resolver.hpp"
#include "os/socket_address.hpp"

#include <cstring>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <optional>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace hws::test {

namespace v2 = hws::host::adapter::v2;
namespace preview1 = hws::host::adapter::preview1;
namespace os = hws::host::os;
namespace core = hws::host::core;
using abi::Fd;
using abi::GuestPointer;
using abi::GuestSpan;
using abi::v2::Address;
using abi::v2::Family;
using abi::v2::Option;
using abi::v2::SocketType;
using namespace std::chrono_literals;

// The numbers of errors.def, written out: they are what a guest compares with.
constexpr int ok = 0, denied = 2, address_in_use = 3, family_wrong = 5, again = 6, already = 7,
              badf = 8, refused = 14, fault = 21, in_progress = 26, inval = 28, is_connected = 30,
              mfile = 33, msgsize = 35, noprotoopt = 50, notconn = 53, notsock = 57, notsup = 58,
              broken_pipe = 64, timed_out = 73, bad_name = 207, name_not_found = 200,
              destination_required = 17, resolver_failed = 201, rate_limited = 203;

constexpr std::uint32_t result_at = 64;
constexpr std::uint32_t address_at = 128;
constexpr std::uint32_t data_at = 4096;
constexpr std::uint32_t iovecs_at = 128 << 10;
constexpr std::uint32_t messages_at = 160 << 10;

class VectorMemory final : public host::adapter::GuestMemory {
public:
    std::vector<std::byte> contents = std::vector<std::byte>(std::size_t{256} << 10);
    void resize(std::size_t bytes) {
        contents.resize(bytes);
        forget();
    }

private:
    std::span<std::byte> look() override { return contents; }
};

inline const std::vector<std::string> everything_on_loopback = {
    "allow tcp:127.0.0.0/8:*",        "allow tcp:[::1]:*",
    "allow udp:127.0.0.0/8:*",        "allow udp:[::1]:*",
    "allow tcp-listen:127.0.0.0/8:*", "allow tcp-listen:[::1]:*",
    "allow tcp-listen:[::]:*",        "allow tcp-listen:0.0.0.0:*",
    "allow udp-bind:127.0.0.0/8:*",   "allow udp-bind:[::1]:*",
    "allow udp-bind:0.0.0.0:*",       "allow multicast:239.0.0.0/8:*",
    "allow udp:239.0.0.0/8:*",        "allow resolve:localhost"};

struct Got {
    int number = 0;
    std::string text;
    std::uint32_t bytes = 0;
    bool is_truncated = false;
    std::optional<SocketAddr> sender;
};

struct Sent {
    int number = 0;
    std::uint32_t bytes = 0;
};

struct Plugin {
    explicit Plugin(const std::vector<std::string>& rules = everything_on_loopback,
                    core::Limits limits = {}, core::ResolverOptions resolving = {})
        : owned(*os::Loop::create()), loop(*owned),
          resolver(*core::Resolver::create(loop, std::move(resolving))),
          state(loop, *resolver, core::Policy::parse(rules).value(), limits) {
        state.memory = &memory;
        state.denial_sink = [this](std::string_view operation, std::string_view reason) {
            denials.push_back(std::string(operation) + " " + std::string(reason));
        };
    }

    int number(const Result<void>& result) {
        return static_cast<int>(v2::StatusAndText::lower<abi::v2::Status>(state, "test", result));
    }
    int number(os::Task<> task) { return number(os::run(loop, std::move(task))); }

    void put(std::uint32_t at, std::string_view text) {
        text.copy(reinterpret_cast<char*>(memory.contents.data()) + at, text.size());
    }
    std::string text(std::uint32_t at, std::size_t size) {
        return {reinterpret_cast<const char*>(memory.contents.data()) + at, size};
    }
    template <class T> T load(std::uint32_t at) { return *memory.load<T>(at); }
    template <class T> void put_value(std::uint32_t at, const T& value) {
        REQUIRE(memory.store(at, value));
    }
    std::uint32_t result() { return load<std::uint32_t>(result_at); }

    GuestSpan<const abi::v2::Iovec> iovecs(const std::vector<abi::v2::Iovec>& list) {
        std::memcpy(memory.contents.data() + iovecs_at, list.data(),
                    list.size() * sizeof(abi::v2::Iovec));
        return {iovecs_at, static_cast<std::uint32_t>(list.size())};
    }

    static Address wire(const SocketAddr& address) {
        Address out;
        out.family = address.is_ipv4() ? 4 : 6;
        out.port = address.port();
        out.scope_id = address.scope_id();
        if (address.is_ipv4())
            std::memcpy(out.octets, address.ip().v4().octets().data(), 4);
        else
            std::memcpy(out.octets, address.ip().v6().octets().data(), 16);
        return out;
    }
    static std::optional<SocketAddr> unwire(const Address& address) {
        std::array<std::uint8_t, 4> ipv4;
        std::array<std::uint8_t, 16> ipv6;
        std::memcpy(ipv4.data(), address.octets, 4);
        std::memcpy(ipv6.data(), address.octets, 16);
        if (address.family == 4) return SocketAddr(Ipv4Addr(ipv4), address.port);
        if (address.family == 6)
            return SocketAddr(Ipv6Addr(ipv6), address.port, address.scope_id, address.flowinfo);
        return {};
    }
    GuestPointer<const Address> at(const SocketAddr& address) {
        put_value(address_at, wire(address));
        return {address_at};
    }
    GuestPointer<const Address> at(std::string_view address) {
        return at(SocketAddr::parse(address).value());
    }

    Fd open(SocketType type = SocketType::stream, Family family = Family::ipv4,
            std::uint32_t flags = 0) {
        REQUIRE(number(v2::socket_open(state, family, type, flags, {result_at})) == ok);
        return load<Fd>(result_at);
    }
    Fd open_datagram() { return open(SocketType::datagram); }
    void set_non_blocking(Fd fd, bool on = true) {
        REQUIRE(number(preview1::fd_fdstat_set_flags(state, fd, on ? 4 : 0)) == ok);
    }
    int connect(Fd fd, std::string_view peer) {
        return number(v2::socket_connect(state, fd, at(peer)));
    }
    int bind(Fd fd, std::string_view local) {
        return number(v2::socket_bind(state, fd, at(local)));
    }
    Fd connected(std::string_view peer) {
        const Fd fd = open(SocketType::stream, peer.front() == '[' ? Family::ipv6 : Family::ipv4);
        REQUIRE(connect(fd, peer) == ok);
        return fd;
    }
    Fd listening(std::string_view local = "127.0.0.1:0") {
        const Fd fd = open(SocketType::stream, local.front() == '[' ? Family::ipv6 : Family::ipv4);
        REQUIRE(bind(fd, local) == ok);
        REQUIRE(number(v2::socket_listen(state, fd, 16)) == ok);
        return fd;
    }
    SocketAddr local(Fd fd) {
        REQUIRE(number(v2::socket_local_address(state, fd, {result_at})) == ok);
        return unwire(load<Address>(result_at)).value();
    }
    std::pair<Fd, Fd> pair(SocketType type = SocketType::stream) {
        REQUIRE(number(v2::socket_pair(state, type, 0, {result_at})) == ok);
        return {load<Fd>(result_at), load<Fd>(result_at + 4)};
    }

    Sent send(Fd fd, std::string_view what, std::uint32_t flags = 0,
              std::optional<SocketAddr> to = {}) {
        put(data_at, what);
        GuestPointer<const Address> destination{};
        if (to) destination = at(*to);
        const auto list = iovecs({{data_at, static_cast<std::uint32_t>(what.size())}});
        put_value<std::uint32_t>(result_at, 0);
        Sent sent;
        sent.number = number(v2::socket_send(state, fd, list, flags, destination, {result_at}));
        sent.bytes = result();
        return sent;
    }
    Got receive(Fd fd, std::uint32_t size = 1024, std::uint32_t flags = 0) {
        const auto list = iovecs({{data_at, size}});
        Got got;
        got.number = number(v2::socket_receive(state, fd, list, flags, {result_at}));
        if (got.number != ok) return got;
        const auto answer = load<abi::v2::Received>(result_at);
        got.bytes = answer.bytes;
        got.text = text(data_at, std::min(answer.bytes, size));
        got.is_truncated = answer.flags & abi::v2::received_flags::truncated;
        got.sender = unwire(answer.sender);
        return got;
    }
    /// Exactly so many bytes of a stream.
    std::string receive_all(Fd fd, std::uint32_t size) {
        const Got got = receive(fd, size, abi::v2::receive_flags::wait_all);
        REQUIRE(got.number == ok);
        return got.text;
    }
    int set(Fd fd, Option option, std::uint64_t value) {
        return number(v2::socket_set_option(state, fd, option, value));
    }
    int get_number(Fd fd, Option option) {
        return number(v2::socket_get_option(state, fd, option, {result_at}));
    }
    std::uint64_t get(Fd fd, Option option) {
        REQUIRE(get_number(fd, option) == ok);
        return load<std::uint64_t>(result_at);
    }
    int close(Fd fd) { return number(preview1::fd_close(state, fd)); }
    std::uint16_t poll(Fd fd, std::uint16_t wanted, std::chrono::nanoseconds wait = 0ns) {
        put_value(data_at, abi::v2::PollEntry{fd, wanted, 0});
        REQUIRE(number(v2::poll(state, {data_at, 1}, static_cast<std::uint64_t>(wait.count()),
                                {result_at})) == ok);
        return load<abi::v2::PollEntry>(data_at).happened;
    }
    std::string last_error() {
        REQUIRE(v2::last_error(state, {data_at, 1024}, {result_at}));
        return text(data_at, result());
    }

    VectorMemory memory;
    std::vector<std::string> denials;
    std::unique_ptr<os::Loop> owned;
    os::Loop& loop;
    std::unique_ptr<core::Resolver> resolver;
    host::adapter::PluginState state;
};

/// A socket of this test's own process, blocking, that gives up after some seconds.
class NativeSocket {
public:
    explicit NativeSocket(int type, int family = AF_INET)
        : fd_(::socket(family, type | SOCK_CLOEXEC, 0)) {
        REQUIRE(fd_.is_open());
        adopt();
    }
    explicit NativeSocket(os::Fd fd) : fd_(std::move(fd)) { adopt(); }

    static NativeSocket listener(std::string_view local = "127.0.0.1:0", int backlog = 16) {
        NativeSocket socket(SOCK_STREAM, local.front() == '[' ? AF_INET6 : AF_INET);
        REQUIRE(socket.bind(local) == 0);
        REQUIRE(::listen(socket.get(), backlog) == 0);
        return socket;
    }
    static NativeSocket datagrams(std::string_view local = "127.0.0.1:0") {
        NativeSocket socket(SOCK_DGRAM, local.front() == '[' ? AF_INET6 : AF_INET);
        REQUIRE(socket.bind(local) == 0);
        return socket;
    }

    int bind(std::string_view local) {
        sockaddr_storage native{};
        const auto size = os::to_native(SocketAddr::parse(local).value(), native);
        return ::bind(get(), reinterpret_cast<sockaddr*>(&native), size);
    }
    int connect(const SocketAddr& peer) {
        sockaddr_storage native{};
        const auto size = os::to_native(peer, native);
        return ::connect(get(), reinterpret_cast<sockaddr*>(&native), size);
    }
    NativeSocket accept() {
        os::Fd fd(::accept(get(), nullptr, nullptr));
        REQUIRE(fd.is_open());
        return NativeSocket(std::move(fd));
    }
    /// Whether somebody has connected within a moment: what a canary is asked.
    bool has_visitor() {
        timeval moment{0, 50'000};
        ::setsockopt(get(), SOL_SOCKET, SO_RCVTIMEO, &moment, sizeof moment);
        os::Fd fd(::accept(get(), nullptr, nullptr));
        return fd.is_open();
    }
    bool has_datagram() {
        timeval moment{0, 50'000};
        ::setsockopt(get(), SOL_SOCKET, SO_RCVTIMEO, &moment, sizeof moment);
        char byte;
        return ::recv(get(), &byte, 1, 0) >= 0;
    }
    void send(std::string_view text) {
        REQUIRE(::send(get(), text.data(), text.size(), MSG_NOSIGNAL) ==
                static_cast<ssize_t>(text.size()));
    }
    void send_to(std::string_view text, const SocketAddr& to) {
        sockaddr_storage native{};
        const auto size = os::to_native(to, native);
        REQUIRE(::sendto(get(), text.data(), text.size(), 0, reinterpret_cast<sockaddr*>(&native),
                         size) == static_cast<ssize_t>(text.size()));
    }
    /// What one receive gives; nothing for an error.
    std::optional<std::string> receive(std::size_t most = 65'536) {
        std::string text(most, '\0');
        const ssize_t count = ::recv(get(), text.data(), text.size(), 0);
        if (count < 0) return {};
        text.resize(static_cast<std::size_t>(count));
        return text;
    }
    SocketAddr local() { return *os::find_local_address(get()).value(); }
    std::string name() { return local().to_string(); }
    int get() const { return fd_.get(); }
    void close() { fd_.reset(); }
    void reset() {
        const linger now{1, 0};
        ::setsockopt(get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
        close();
    }

private:
    void adopt() {
        timeval patience{10, 0};
        ::setsockopt(get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    }
    os::Fd fd_;
};

} // namespace hws::test
