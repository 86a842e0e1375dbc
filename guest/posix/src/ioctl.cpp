// ioctl(2), as sys/ioctl.h of this library lists it.

#include "interfaces.hpp"

#include <algorithm>
#include <cstdarg>
#include <cstring>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <wasi/api.h>

using namespace hws::posix;

namespace {

int bytes_readable(int fd, int* bytes) {
    if (!bytes) return fail(EFAULT);
    std::uint32_t count = 0;
    const auto status = v2::bytes_readable({fd}, v2::at(&count));
    if (failed(status)) {
        const int error = errno_of(status);
        return fail(error == ENOTSOCK ? ENOTTY : error);
    }
    *bytes = static_cast<int>(std::min<std::uint32_t>(count, 0x7fffffff));
    return 0;
}

int set_non_blocking(int fd, const int* on) {
    if (!on) return fail(EFAULT);
    __wasi_fdstat_t status;
    if (const auto error = __wasi_fd_fdstat_get(fd, &status)) return fail(error);
    const auto others = static_cast<__wasi_fdflags_t>(status.fs_flags & ~__WASI_FDFLAGS_NONBLOCK);
    const auto flags =
        static_cast<__wasi_fdflags_t>(*on ? others | __WASI_FDFLAGS_NONBLOCK : others);
    const auto error = __wasi_fd_fdstat_set_flags(fd, flags);
    return error ? fail(error) : 0;
}

void write_loopback(sockaddr& into, std::uint32_t address) {
    sockaddr_in ipv4{};
    ipv4.sin_family = AF_INET;
    ipv4.sin_addr.s_addr = htonl(address);
    std::memcpy(&into, &ipv4, sizeof ipv4);
}

/// Questions about one interface, netdevice(7). Only the loopback's addresses are known.
int ask_interface(int request, ifreq* question) {
    if (!question) return fail(EFAULT);
    Interfaces interfaces;
    if (int error = interfaces.read()) return fail(error);
    const v2::Interface* found =
        request == SIOCGIFNAME ? interfaces.find(static_cast<std::uint32_t>(question->ifr_ifindex))
                               : interfaces.find(question->ifr_name, IFNAMSIZ);
    if (!found) return fail(ENODEV);
    const bool loopback = found->flags & v2::interface_flags::loopback;
    switch (request) {
    case SIOCGIFNAME:
        std::memcpy(question->ifr_name, found->name, IFNAMSIZ);
        return 0;
    case SIOCGIFINDEX:
        question->ifr_ifindex = static_cast<int>(found->index);
        return 0;
    case SIOCGIFFLAGS:
        question->ifr_flags = static_cast<short>(program_flags(found->flags));
        return 0;
    case SIOCGIFADDR:
    case SIOCGIFNETMASK:
        if (!loopback) return fail(EADDRNOTAVAIL);
        write_loopback(question->ifr_addr,
                       request == SIOCGIFADDR ? INADDR_LOOPBACK : IN_CLASSA_NET);
        return 0;
    default:
        return fail(EADDRNOTAVAIL);
    }
}

/// The interfaces that have an IPv4 address which is known.
int list_interfaces(ifconf* list) {
    if (!list) return fail(EFAULT);
    Interfaces interfaces;
    if (int error = interfaces.read()) return fail(error);
    std::size_t bytes = 0;
    for (const v2::Interface& interface : interfaces) {
        if (!(interface.flags & v2::interface_flags::loopback)) continue;
        if (list->ifc_buf) {
            if (bytes + sizeof(ifreq) > static_cast<std::size_t>(std::max(list->ifc_len, 0))) break;
            ifreq entry{};
            std::memcpy(entry.ifr_name, interface.name, IFNAMSIZ);
            write_loopback(entry.ifr_addr, INADDR_LOOPBACK);
            std::memcpy(list->ifc_buf + bytes, &entry, sizeof entry);
        }
        bytes += sizeof(ifreq);
    }
    list->ifc_len = static_cast<int>(bytes);
    return 0;
}

} // namespace

extern "C" int ioctl(int fd, int request, ...) {
    va_list arguments;
    va_start(arguments, request);
    void* argument = va_arg(arguments, void*);
    va_end(arguments);

    if (request == FIONREAD) return bytes_readable(fd, static_cast<int*>(argument));
    if (request == FIONBIO) return set_non_blocking(fd, static_cast<const int*>(argument));

    __wasi_fdstat_t status;
    if (const auto error = __wasi_fd_fdstat_get(fd, &status)) return fail(error);
    if (request == FIOCLEX || request == FIONCLEX) return 0;
    const bool socket = status.fs_filetype == __WASI_FILETYPE_SOCKET_STREAM ||
                        status.fs_filetype == __WASI_FILETYPE_SOCKET_DGRAM;
    if (!socket) return fail(ENOTTY);
    switch (request) {
    case SIOCATMARK:
        if (!argument) return fail(EFAULT);
        *static_cast<int*>(argument) = 0; // no data is urgent
        return 0;
    case SIOCGIFCONF:
        return list_interfaces(static_cast<ifconf*>(argument));
    case SIOCGIFNAME:
    case SIOCGIFINDEX:
    case SIOCGIFFLAGS:
    case SIOCGIFADDR:
    case SIOCGIFNETMASK:
    case SIOCGIFDSTADDR:
    case SIOCGIFBRDADDR:
    case SIOCGIFHWADDR:
    case SIOCGIFMTU:
    case SIOCGIFMETRIC:
        return ask_interface(request, static_cast<ifreq*>(argument));
    case SIOCSIFFLAGS:
    case SIOCSIFADDR:
    case SIOCSIFDSTADDR:
    case SIOCSIFBRDADDR:
    case SIOCSIFNETMASK:
    case SIOCSIFMETRIC:
    case SIOCSIFMTU:
    case SIOCSIFHWADDR:
        return fail(EPERM);
    default:
        return fail(ENOTTY);
    }
}
