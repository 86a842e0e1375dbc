// unlink(2) and remove(3) of Unix sockets; what is none is wasi-libc's affair.

#include "wire.hpp"

#include <cstring>

using namespace hws::posix;

extern "C" {
int libc_unlink(const char* path) __asm__("unlink");
int libc_remove(const char* path) __asm__("remove");
int hws_unlink(const char* path) __asm__("__hws_unlink");
int hws_remove(const char* path) __asm__("__hws_remove");
}

namespace {

/// Whether the host has answered for a socket; else it is no socket, or none that the policy speaks
/// of.
bool is_answered(const char* path, int& result) {
    if (!path) return false;
    const std::size_t length = std::strlen(path);
    if (length == 0 || length > v2::max_unix_name_bytes) return false;
    const auto status = v2::unix_remove(v2::span_at(path, length));
    const bool is_about_a_socket =
        !failed(status) || status == static_cast<v2::Status>(hws::Errc::not_found) ||
        status == static_cast<v2::Status>(hws::Errc::busy);
    if (is_about_a_socket) result = answer(status);
    return is_about_a_socket;
}

} // namespace

extern "C" {

int hws_unlink(const char* path) {
    int result = 0;
    return is_answered(path, result) ? result : libc_unlink(path);
}

int hws_remove(const char* path) {
    int result = 0;
    return is_answered(path, result) ? result : libc_remove(path);
}
}
