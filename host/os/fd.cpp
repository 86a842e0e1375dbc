#include "fd.hpp"

#include <cerrno>
#include <cstring>
#include <unistd.h>

namespace hws::host::os {

void Fd::reset(int number) {
    // close(2) on Linux releases the number even when it reports an error, so it is never repeated.
    if (number_ >= 0) ::close(number_);
    number_ = number;
}

Errc errc_of(int posix_errno) {
#define HWS_ERROR(name, number, posix, sentence)                                                   \
    if (posix_errno == posix) return Errc::name;
#include "errors.def"
#undef HWS_ERROR
    return Errc::io;
}

Error last_error(std::string_view what) {
    const int number = errno;
    if (number == EAGAIN || number == EWOULDBLOCK) return Errc::would_block;
    const Errc code = errc_of(number);
    std::string context(what);
    if (code == Errc::io) context += std::string(context.empty() ? "" : ": ") + std::strerror(number);
    return Error(code, std::move(context));
}

} // namespace hws::host::os
