#pragma once
/// Receiving from a stream without the system call that only says "nothing there".

#include "os/fd.hpp"
#include "os/network_socket.hpp"

#include <cstddef>

namespace hws::host::os {

/// Receives from one stream socket and tells, as far as it can, that nothing is left, so that its
/// owner waits for the next event at once.
///
/// A short read says so by itself. Who asks for exactly what is there never has one: once such a
/// reader was seen, the system tells with the bytes how many more there are (TCP_INQ, tcp(7)),
/// which costs less than the receive that finds nothing. Measured: docs/performance.md.
class StreamReceiver {
public:
    /// Receives what has arrived, once. Errors: would_block, reset, timed_out, not_connected, ...
    Result<std::size_t> receive(int socket, const IoList& into);
    /// Of the last receive: it gave bytes, and no more had come, nor had the end of the stream.
    bool has_emptied() const { return has_emptied_; }

private:
    enum class Rest : unsigned char { not_asked, told, not_told };
    Rest rest_ = Rest::not_asked;
    bool was_full_ = false;
    bool has_emptied_ = false;
};

} // namespace hws::host::os
