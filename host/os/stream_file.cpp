#include "os/stream_file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <string>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

namespace hws::host::os {
namespace {

constexpr std::size_t max_buffers = 64;
constexpr std::size_t unlimited = SSIZE_MAX;

/// The system's list for our spans: as many buffers as fit, as many bytes as are allowed.
class BufferList {
public:
    template <class Byte>
    BufferList(std::span<const std::span<Byte>> buffers, std::size_t max_bytes) {
        for (const std::span<Byte>& buffer : buffers) {
            if (count_ == max_buffers || max_bytes == 0) break;
            if (buffer.empty()) continue;
            const std::size_t size = std::min(buffer.size(), max_bytes);
            list_[count_++] = {const_cast<std::byte*>(buffer.data()), size};
            max_bytes -= size;
        }
    }
    bool is_empty() const { return count_ == 0; }
    const iovec* data() const { return list_.data(); }
    int count() const { return static_cast<int>(count_); }
    msghdr message() {
        msghdr header{};
        header.msg_iov = list_.data();
        header.msg_iovlen = count_;
        return header;
    }

private:
    std::array<iovec, max_buffers> list_;
    std::size_t count_ = 0;
};

/// Keeps a write to a pipe without a reader from raising SIGPIPE: the signal is blocked in this
/// thread meanwhile, and taken away if the write left one behind. write(2) has no flag for it, and
/// how the process treats the signal is not ours to change.
class SigpipeBlocked {
public:
    SigpipeBlocked() {
        sigset_t pending;
        ::sigpending(&pending);
        was_pending_ = ::sigismember(&pending, SIGPIPE) == 1;
        ::pthread_sigmask(SIG_BLOCK, only_sigpipe(), &before_);
    }
    SigpipeBlocked(const SigpipeBlocked&) = delete;
    SigpipeBlocked& operator=(const SigpipeBlocked&) = delete;
    ~SigpipeBlocked() {
        const int error = errno;
        if (broke_ && !was_pending_) {
            const timespec now{};
            while (::sigtimedwait(only_sigpipe(), nullptr, &now) < 0 && errno == EINTR) {
            }
        }
        if (::sigismember(&before_, SIGPIPE) == 0)
            ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
        errno = error;
    }
    /// The write failed with EPIPE, so a signal came with it.
    void broke() { broke_ = true; }

private:
    static const sigset_t* only_sigpipe() {
        static const sigset_t set = [] {
            sigset_t signals;
            ::sigemptyset(&signals);
            ::sigaddset(&signals, SIGPIPE);
            return signals;
        }();
        return &set;
    }

    sigset_t before_;
    bool was_pending_ = false;
    bool broke_ = false;
};

/// Repeats a system call that a signal interrupted.
template <class Call> ssize_t uninterrupted(Call&& call) {
    ssize_t count;
    do
        count = call();
    while (count < 0 && errno == EINTR);
    return count;
}

Result<std::size_t> counted(ssize_t count) {
    if (count < 0) return std::unexpected(last_error());
    return static_cast<std::size_t>(count);
}

ssize_t write_quietly(int fd, const BufferList& list, int flags) {
    SigpipeBlocked quiet;
    // Without flags the plain call: it works on whatever file there is.
    const ssize_t count = uninterrupted([&] {
        return flags ? ::pwritev2(fd, list.data(), list.count(), -1, flags)
                     : ::writev(fd, list.data(), list.count());
    });
    if (count < 0 && errno == EPIPE) quiet.broke();
    return count;
}

/// What a kernel or a file system without RWF_NOWAIT answers.
bool is_flag_refused() {
    return errno == EOPNOTSUPP || errno == ENOSYS || errno == EINVAL || errno == ESPIPE;
}

} // namespace

Result<StreamFile> StreamFile::borrow(int number, Ready direction) {
    struct stat status;
    if (::fstat(number, &status) < 0) return std::unexpected(last_error("standard stream"));
    if (S_ISREG(status.st_mode) || S_ISBLK(status.st_mode)) return StreamFile(number, Way::file);
    if (S_ISSOCK(status.st_mode)) return StreamFile(number, Way::socket);
    if (S_ISFIFO(status.st_mode)) return StreamFile(number, Way::pipe);
    if (!S_ISCHR(status.st_mode) || !::isatty(number)) return StreamFile(number, Way::other);

    // A terminal that polls as writable may have room for a single byte only, so poll is not
    // enough. Opening it again fails where it belongs to another user (su), or without /proc.
    const int access = direction == Ready::read ? O_RDONLY : O_WRONLY;
    const std::string path = "/proc/self/fd/" + std::to_string(number);
    Fd own(::open(path.c_str(), access | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (!own.is_open()) return StreamFile(number, Way::shared_terminal);
    StreamFile file(own.get(), Way::own_terminal);
    file.own_ = std::move(own);
    return file;
}

Result<std::size_t> StreamFile::try_read(std::span<const std::span<std::byte>> into) {
    BufferList list(into, unlimited);
    if (list.is_empty()) return 0;
    switch (way_) {
    case Way::socket: {
        msghdr message = list.message();
        return counted(uninterrupted([&] { return ::recvmsg(number_, &message, MSG_DONTWAIT); }));
    }
    case Way::pipe:
        if (has_no_wait_flag_) {
            const ssize_t count = uninterrupted(
                [&] { return ::preadv2(number_, list.data(), list.count(), -1, RWF_NOWAIT); });
            if (count >= 0 || !is_flag_refused()) return counted(count);
            has_no_wait_flag_ = false;
        }
        [[fallthrough]];
    case Way::shared_terminal:
    case Way::other:
        if (!is_ready(Ready::read)) return fail(Errc::would_block);
        break;
    case Way::file:
    case Way::own_terminal:
        break;
    }
    return counted(uninterrupted([&] { return ::readv(number_, list.data(), list.count()); }));
}

Result<std::size_t> StreamFile::try_write(std::span<const std::span<const std::byte>> from) {
    BufferList all(from, unlimited);
    if (all.is_empty()) return 0;
    switch (way_) {
    case Way::socket: {
        const msghdr message = all.message();
        return counted(uninterrupted(
            [&] { return ::sendmsg(number_, &message, MSG_DONTWAIT | MSG_NOSIGNAL); }));
    }
    case Way::file:
    case Way::own_terminal:
        return counted(write_quietly(number_, all, 0));
    case Way::pipe:
        if (has_no_wait_flag_) {
            const ssize_t count = write_quietly(number_, all, RWF_NOWAIT);
            if (count >= 0 || !is_flag_refused()) return counted(count);
            has_no_wait_flag_ = false;
        }
        [[fallthrough]];
    case Way::shared_terminal:
    case Way::other:
        break;
    }
    if (!is_ready(Ready::write)) return fail(Errc::would_block);
    return counted(write_quietly(number_, BufferList(from, PIPE_BUF), 0));
}

StreamFile::Polled StreamFile::poll_now() const {
    if (way_ == Way::file) return {Ready::both, false};
    pollfd entry{number_, POLLIN | POLLOUT | POLLRDHUP, 0};
    if (uninterrupted([&] { return ::poll(&entry, 1, 0); }) < 0) return {Ready::both, true};
    Polled answer;
    // A hang-up or an error is told by the next read or write.
    if (entry.revents & (POLLIN | POLLHUP | POLLERR | POLLNVAL | POLLRDHUP))
        answer.ready = answer.ready | Ready::read;
    if (entry.revents & (POLLOUT | POLLHUP | POLLERR | POLLNVAL))
        answer.ready = answer.ready | Ready::write;
    answer.hung_up = entry.revents & (POLLHUP | POLLERR | POLLNVAL | POLLRDHUP);
    return answer;
}

bool StreamFile::is_ready(Ready what) const {
    return intersects(poll_now().ready, what);
}

std::size_t StreamFile::readable_bytes() const {
    int count = 0;
    if (way_ == Way::file || ::ioctl(number_, FIONREAD, &count) < 0) return 0;
    return static_cast<std::size_t>(std::max(count, 0));
}

Result<Fd> StreamFile::duplicate() const {
    Fd copy(::fcntl(number_, F_DUPFD_CLOEXEC, 0));
    if (!copy.is_open()) return std::unexpected(last_error("standard stream"));
    return copy;
}

} // namespace hws::host::os
