#include "os/receive_budget.hpp"

#include <algorithm>
#include <cerrno>
#include <limits>
#include <sys/socket.h>

namespace hws::host::os {
namespace {

constexpr std::size_t unlimited = std::numeric_limits<std::size_t>::max();
thread_local std::size_t left = unlimited;

} // namespace

ReceiveBudget::ReceiveBudget(std::size_t bytes) : is_outermost_(left == unlimited) {
    if (is_outermost_) left = std::min(bytes, unlimited - 1);
}

ReceiveBudget::~ReceiveBudget() {
    if (is_outermost_) left = unlimited;
}

} // namespace hws::host::os

/// recv(2), for cmake/curl_config.h.
extern "C" ssize_t hws_receive_within_budget(int socket, void* into, std::size_t size) {
    std::size_t& left = hws::host::os::left;
    if (left == 0 && size > 0) {
        errno = EAGAIN;
        return -1;
    }
    const ssize_t received = ::recv(socket, into, std::min(size, left), 0);
    if (received > 0 && left != hws::host::os::unlimited) left -= static_cast<std::size_t>(received);
    return received;
}
