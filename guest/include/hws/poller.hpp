#pragma once
/// `Poller`: waits for many sockets at once.
///
///     hws::Poller poller;
///     HWS_CHECK(poller.add(listener, hws::Interest::read, 0));
///     HWS_CHECK(poller.add(stream, hws::Interest::read, 1));
///     while (true) {
///         HWS_TRY(auto events, poller.wait());
///         for (const hws::Poller::Event& event : events) ...
///     }

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <hws/result.hpp>
#include <memory>
#include <optional>
#include <span>

namespace hws {

/// What to wait for. Errors and the end of a connection are told in any case.
enum class Interest : std::uint8_t { read, write, both };

/// What a Poller can wait for: TcpStream, TcpListener, UdpSocket and all else that has a
/// descriptor.
template <class T>
concept Pollable = requires(const T& source) {
    { source.as_raw_fd() } -> std::same_as<int>;
};

/// A set of sockets, each with a key of the caller's choice. It tells what is, not what has changed
/// (level-triggered): what was not read is told of again. Take a socket out before it is closed;
/// one that was closed is told of as `bad_handle`.
/// Backend v1: wait returns `unsupported`.
class Poller {
public:
    struct Event {
        std::uint64_t key = 0;
        bool is_readable = false; ///< a read, or an accept, does not wait
        bool is_writable = false; ///< a write does not wait
        bool has_peer_ended =
            false;                ///< the peer has finished sending; told with interest in reading
        bool has_error = false;   ///< see take_error
        bool has_hung_up = false; ///< the connection is over in both directions
        bool is_bad_handle = false; ///< the socket was closed while it was here
    };

    Poller();
    Poller(Poller&& other) noexcept;
    Poller& operator=(Poller&& other) noexcept;
    ~Poller();

    /// Waits for the source from now on. The Poller keeps its descriptor and no more.
    /// Errors: exists (it is here already), no_buffers beyond 4096, bad_handle (backend v1, which
    /// has no descriptors).
    template <Pollable Source>
    Result<void> add(const Source& source, Interest interest, std::uint64_t key) {
        return add_fd(source.as_raw_fd(), interest, key);
    }
    /// Changes what to wait for. Errors: not_found.
    template <Pollable Source> Result<void> modify(const Source& source, Interest interest) {
        return modify_fd(source.as_raw_fd(), interest);
    }
    /// Errors: not_found.
    template <Pollable Source> Result<void> remove(const Source& source) {
        return remove_fd(source.as_raw_fd());
    }

    Result<void> add_fd(int fd, Interest interest, std::uint64_t key);
    Result<void> modify_fd(int fd, Interest interest);
    Result<void> remove_fd(int fd);
    std::size_t size() const;

    /// Waits until something can be done with at least one of them, and tells all of those, in the
    /// order in which they were added. None: the time is over. The events are valid until the next
    /// call.
    /// Source: abi poll.
    Result<std::span<const Event>>
    wait(std::optional<std::chrono::nanoseconds> timeout = std::nullopt);

    static constexpr std::size_t max_sources = 4096;

private:
    struct Entries;
    std::unique_ptr<Entries> entries_;
};

} // namespace hws
