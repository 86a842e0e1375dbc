#pragma once
/// Reading and writing standard streams without ever blocking the loop and without touching flags
/// of the open file, which the process shares with its parent, its children and every other plugin:
/// O_NONBLOCK set here would break them. Source: poll(2), preadv2(2) (RWF_NOWAIT), pipe(7),
/// send(2), sigprocmask(2).

#include "os/fd.hpp"
#include "os/loop.hpp"

#include <cstddef>
#include <span>

namespace hws::host::os {

/// An open file, pipe, terminal or socket that somebody else owns; it must stay open while this
/// exists. How it is kept from blocking depends on what it is:
/// - regular files, block devices: used directly; a disk is not waited for by any other means;
/// - sockets: MSG_DONTWAIT;
/// - terminals: opened once more with O_NONBLOCK, which makes an open file of our own;
/// - pipes: RWF_NOWAIT; where the system refuses it, and for all else: asked by poll(2) first, then
/// at most PIPE_BUF bytes, which
///   a pipe that polls as writable has room for. Only a second process that reads or fills the same
///   pipe between the two calls can block us then, until it or the other end moves on.
/// Writing to a pipe or socket without a reader is broken_pipe; SIGPIPE never reaches the process.
class StreamFile {
public:
    /// Looks at what `number` is. Errors: bad_handle.
    static Result<StreamFile> borrow(int number, Ready direction);

    /// At most 64 buffers are used. 0: end of stream, or no room was offered. Errors: would_block,
    /// reset, io, ...
    Result<std::size_t> try_read(std::span<const std::span<std::byte>> into);
    /// Errors: would_block, broken_pipe, io, ...
    Result<std::size_t> try_write(std::span<const std::span<const std::byte>> from);

    struct Polled {
        Ready ready = Ready::none;
        bool hung_up = false;
    };
    Polled poll_now() const;
    /// Bytes in a pipe, socket or terminal that can be read now; 0 where that is unknown.
    std::size_t readable_bytes() const;

    bool is_terminal() const { return way_ == Way::own_terminal || way_ == Way::shared_terminal; }
    /// A descriptor for the same open file that a Watch can have to itself: epoll knows one number
    /// only once, and plugins of one loop share theirs. Errors: too_many_handles.
    Result<Fd> duplicate() const;

private:
    enum class Way : std::uint8_t { file, socket, pipe, own_terminal, shared_terminal, other };

    StreamFile(int number, Way way) : number_(number), way_(way) {}
    bool is_ready(Ready what) const;

    int number_;
    Way way_;
    bool has_no_wait_flag_ = true; // pipes: until RWF_NOWAIT is refused
    Fd own_;                       // terminals
};

} // namespace hws::host::os
