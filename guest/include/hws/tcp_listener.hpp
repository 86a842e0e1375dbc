#pragma once
/// `TcpListener`: accepts TCP connections.
///
///     HWS_TRY(auto listener, hws::TcpListener::bind("127.0.0.1:8080"));
///     for (auto connection : listener.incoming()) {
///         if (!connection) continue;
///         HWS_CHECK(connection->write_all("hello\n"));
///     }

#include <cstddef>
#include <cstdint>
#include <hws/ip_addr.hpp>
#include <hws/result.hpp>
#include <hws/socket.hpp>
#include <hws/tcp_stream.hpp>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace hws {

namespace backend {
class TcpListener;
}

/// A TCP socket that waits for connections. Moves, does not copy; the destructor closes it. One
/// that was moved from may only be destroyed or assigned to. Backend v1 has no listeners: bind
/// returns `unsupported`.
class TcpListener {
public:
    struct Accepted {
        TcpStream stream;
        SocketAddr peer;
    };
    class Incoming;

    /// Listens at `host:port`; port 0 lets the system choose one (see local_addr). A name is looked
    /// up, and the first of its addresses that can be had is taken. The address may be taken again
    /// at once after connections to it have ended (SO_REUSEADDR); 128 connections may wait.
    /// Errors: denied, address_in_use, address_not_available, invalid_argument (not host:port),
    /// name_not_found, too_many_handles.
    /// Source: abi socket_bind, socket_listen.
    static Result<TcpListener> bind(std::string_view local);
    static Result<TcpListener> bind(const char* local) { return bind(std::string_view(local)); }
    static Result<TcpListener> bind(const SocketAddr& local);
    /// The first of the addresses that can be had.
    static Result<TcpListener> bind(std::span<const SocketAddr> locals);

    TcpListener(TcpListener&& other) noexcept;
    TcpListener& operator=(TcpListener&& other) noexcept;
    ~TcpListener();

    /// The next connection, waiting for it. Connections whose peer the policy does not let in are
    /// closed and not told of.
    /// Errors: would_block (see set_blocking), aborted, too_many_handles.
    /// Source: abi socket_accept.
    Result<Accepted> accept();

    /// Every connection from now on, without end: `for (auto connection : listener.incoming())`,
    /// where each is a Result<TcpStream>. The listener must outlive it.
    Incoming incoming();

    Result<SocketAddr> local_addr() const;
    /// A second owner of the same listener.
    Result<TcpListener> try_clone() const;
    /// Whether accept waits.
    Result<void> set_blocking(Blocking blocking);
    /// The time to live of what it sends; accepted connections inherit it.
    Result<void> set_ttl(std::uint32_t hops);
    Result<std::uint32_t> ttl() const;
    /// Whether a listener at an IPv6 address leaves IPv4 connections to others. It can only be
    /// changed before an address is bound, so that setting it fails with invalid_argument, as in
    /// Rust, where it is deprecated for that reason.
    Result<void> set_only_v6(Switch only_v6);
    Result<Switch> only_v6() const;
    /// The error that is pending on the socket, which is then cleared; none if there is none.
    Result<std::optional<Error>> take_error();

    /// As TcpStream's.
    int as_raw_fd() const;
    int into_raw_fd() &&;
    static Result<TcpListener> from_raw_fd(int fd);

private:
    explicit TcpListener(std::unique_ptr<backend::TcpListener> socket);
    std::unique_ptr<backend::TcpListener> socket_;
};

/// What TcpListener::incoming gives: each step accepts a connection.
class TcpListener::Incoming {
public:
    class Iterator {
    public:
        using value_type = Result<TcpStream>;
        using difference_type = std::ptrdiff_t;

        explicit Iterator(TcpListener& listener) : listener_(&listener) {}
        Result<TcpStream> operator*() const;
        Iterator& operator++() { return *this; }
        void operator++(int) {}
        friend bool operator==(const Iterator&, std::unreachable_sentinel_t) { return false; }

    private:
        TcpListener* listener_;
    };

    explicit Incoming(TcpListener& listener) : listener_(&listener) {}
    Iterator begin() const { return Iterator(*listener_); }
    std::unreachable_sentinel_t end() const { return {}; }
    /// The next connection.
    Result<TcpStream> next() { return *begin(); }

private:
    TcpListener* listener_;
};

} // namespace hws
