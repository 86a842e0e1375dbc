#pragma once
/// What one plugin may use of the host. On by default; each bound names its default, its reason and the error that tells
/// the plugin it was reached.

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace hws::host::core {

struct Limits {
    /// Each linear memory of the plugin, bytes: its module's, where memory.grow answers -1 beyond it, and its kernel's, where
    /// alloc answers 0 beyond it.
    std::size_t memory_bytes = std::size_t{256} << 20;
    /// Elements of each table. table.grow answers -1 beyond it.
    std::size_t table_elements = 20'000;
    /// Wall-clock time of one call, also while it waits in a host function. The call fails with `timed_out`; the instance
    /// is dropped. max() means no limit.
    std::chrono::nanoseconds call_time = std::chrono::seconds(30);
    /// Open descriptors, the three standard ones included. `too_many_handles`. A process has 1024 by default, for all its
    /// plugins together: an embedder with many of them raises that (RLIMIT_NOFILE) or lowers this.
    std::size_t descriptors = 256;
    /// Files of Unix sockets that the plugin has bound and that are still there; they go with the
    /// plugin. A program has one or two, and each keeps a descriptor of the host. `no_buffers`.
    std::size_t unix_files = 32;
    /// Bytes one receive may ask for; a larger wish is cut to it, as a short read. Bounds the block a v1 receive makes.
    std::size_t receive_bytes = std::size_t{1} << 20;
    /// Body of an HTTP request. `too_large`. Also the bodies of all exchanges of dialect v2 that are open, together:
    /// else a plugin could have the host keep one for each descriptor. `no_buffers`.
    std::size_t http_request_bytes = std::size_t{50} << 20;
    /// Body of an HTTP response. `too_large`.
    std::size_t http_body_bytes = std::size_t{50} << 20;
    /// All header lines of an HTTP response together. `too_large`.
    std::size_t http_header_bytes = std::size_t{256} << 10;
    /// HTTP exchanges that are not over, each with a connection of its own over HTTP/1: one is over
    /// when its answer has come whole, though nobody may have read it yet, or when it is closed. As
    /// many idle connections are kept, and both together are no more. `too_many_handles`.
    std::size_t http_exchanges = 64;
    /// Cookies that HTTP keeps if the plugin wants that. Beyond it some are forgotten, those of other
    /// hosts than the last that set one first.
    std::size_t http_cookie_bytes = std::size_t{64} << 10;
    /// Variables of a plugin, keys and values together. `out_of_memory`.
    std::size_t variable_bytes = std::size_t{1} << 20;
    /// One line of a plugin's log; the rest is cut.
    std::size_t log_line_bytes = std::size_t{16} << 10;
    /// Echo requests of one socket whose replies are still awaited. `rate_limited`.
    std::size_t icmp_pending = 256;
    /// Replies kept for a socket that does not fetch them; the oldest goes.
    std::size_t icmp_replies = 256;
    /// Bytes that the kept replies of all the plugin's sockets take together; of the socket that gets one more the oldest
    /// goes. 256 replies of 64 KiB would be 16 MiB a socket.
    std::size_t icmp_reply_bytes = std::size_t{1} << 20;
    /// Echo requests of the plugin, on all its sockets together: so many at once, then one each `icmp_interval`, so that
    /// nobody floods a network through a plugin. 100 a second are three times what tracing a route takes.
    /// `rate_limited`. An interval of 0: as many as it likes.
    std::size_t icmp_burst = 256;
    std::chrono::nanoseconds icmp_interval = std::chrono::milliseconds(10);

    /// A TLS handshake of a socket; a plugin may ask for less, not for more. `timed_out`.
    std::chrono::nanoseconds tls_handshake = std::chrono::seconds(15);

    /// Opening a WebSocket: names, connection, TLS and the server's answer. A plugin may ask for
    /// less, not for more. `timed_out`.
    std::chrono::nanoseconds web_socket_opening = std::chrono::seconds(30);
    /// A message of a WebSocket that is received; nobody has to hold it whole. `too_large`, and the
    /// server is told (close code 1009).
    std::size_t web_socket_message_bytes = std::size_t{64} << 20;
    /// What is held for one WebSocket in each direction: when it is full, the server is not read
    /// from, and sending is `would_block`. Also the request that opens it and the head of the answer.
    /// `too_large`. With 256 descriptors some 48 MiB a plugin at most.
    std::size_t web_socket_buffer_bytes = std::size_t{64} << 10;

    /// Look-ups of names under way, those that the plugin no longer waits for included.
    /// `rate_limited`.
    std::size_t lookups = 64;
    /// Addresses remembered with the name they were told under, so that rules for names hold for
    /// programs that resolve first and connect to the number then; the oldest goes. `denied`
    /// afterwards.
    std::size_t resolved_addresses = 512;
    /// How long one is remembered. Longer than most answers live, since programs keep them for a
    /// while, and no longer than a pool of addresses takes to give one to somebody else.
    std::chrono::nanoseconds resolved_name_lifetime = std::chrono::minutes(10);
    /// How long an HTTP request goes to the addresses that its name had a moment ago, without asking
    /// the name servers anew: requests come in rows. Each address is judged each time. Short, since
    /// a name may move; 0: every request asks.
    std::chrono::nanoseconds http_name_reuse = std::chrono::seconds(5);

    /// Dialect v1's deadlines (abi/v1.md): connect, send and receive; HTTP; redirects.
    std::chrono::nanoseconds v1_socket_wait = std::chrono::seconds(5);
    std::chrono::nanoseconds v1_http_wait = std::chrono::seconds(10);
    int v1_http_redirects = 10;
};

} // namespace hws::host::core
