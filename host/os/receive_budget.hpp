#pragma once
/// How much a library may receive before the loop goes on. libcurl reads as long as there is
/// something to read, and in places for longer than any bound of its own (8.22: as long as GOAWAY
/// frames come, by curl_multi_socket_action's own rounds); a server that is faster than it would
/// keep it, and with it every plugin of the loop. Our build of libcurl (cmake/Curl.cmake) receives
/// by this budget alone. What is left unread makes the socket readable in the next round.

#include <cstddef>

namespace hws::host::os {

/// While it lives, what libcurl receives on this thread is bounded: after `bytes` nothing seems to
/// be there. Nested ones do not add up: the outermost counts.
class ReceiveBudget {
public:
    explicit ReceiveBudget(std::size_t bytes);
    ~ReceiveBudget();
    ReceiveBudget(const ReceiveBudget&) = delete;
    ReceiveBudget& operator=(const ReceiveBudget&) = delete;

private:
    bool is_outermost_;
};

} // namespace hws::host::os
