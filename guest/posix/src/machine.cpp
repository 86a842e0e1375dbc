// gethostname(2), and who runs the program: user 0 of a machine of its own.

#include "wire.hpp"

#include <algorithm>
#include <cstring>
#include <unistd.h>

using namespace hws::posix;

extern "C" {

int gethostname(char* name, size_t bytes) {
    char whole[256];
    std::uint32_t length = 0;
    const auto status = v2::host_name(v2::span_at(whole, sizeof whole), v2::at(&length));
    if (failed(status)) return fail(errno_of(status));
    const std::size_t there = std::min<std::size_t>(length, sizeof whole);
    if (bytes > 0) std::memcpy(name, whole, std::min(there, bytes));
    if (there >= bytes) return fail(ENAMETOOLONG);
    name[there] = '\0';
    return 0;
}

int getdomainname(char* name, size_t bytes) {
    constexpr char none[] = "(none)"; // as Linux without a domain
    if (bytes < sizeof none) return fail(EINVAL);
    std::memcpy(name, none, sizeof none);
    return 0;
}

uid_t getuid(void) {
    return 0;
}
uid_t geteuid(void) {
    return 0;
}
gid_t getgid(void) {
    return 0;
}
gid_t getegid(void) {
    return 0;
}
}
