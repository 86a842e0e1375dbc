#include "support/network_namespace.hpp"

#include <cstdlib>
#include <cstring>
#include <exception>
#include <fstream>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace hws::test {
namespace {

bool bring_loopback_up() {
    const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (socket < 0) return false;
    ifreq request{};
    std::strcpy(request.ifr_name, "lo");
    bool up = ::ioctl(socket, SIOCGIFFLAGS, &request) == 0;
    request.ifr_flags |= IFF_UP;
    up = up && ::ioctl(socket, SIOCSIFFLAGS, &request) == 0;
    ::close(socket);
    return up;
}

} // namespace

NetworkNamespace::NetworkNamespace() : thread_([this] { serve(); }) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return ready_; });
}

NetworkNamespace::~NetworkNamespace() {
    {
        std::lock_guard lock(mutex_);
        ending_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

void NetworkNamespace::serve() {
    // Of this thread only; the rest of the process stays where it is.
    const bool made = ::unshare(CLONE_NEWNET) == 0 && bring_loopback_up();
    std::unique_lock lock(mutex_);
    available_ = made;
    thread_id_ = static_cast<int>(::syscall(SYS_gettid));
    ready_ = true;
    changed_.notify_all();
    for (;;) {
        changed_.wait(lock, [this] { return ending_ || work_; });
        if (!work_) return;
        (*work_)();
        work_ = nullptr;
        changed_.notify_all();
    }
}

void NetworkNamespace::run(const std::function<void()>& work) {
    std::exception_ptr thrown;
    const std::function<void()> guarded = [&] {
        try {
            work();
        } catch (...) {
            thrown = std::current_exception();
        }
    };
    std::unique_lock lock(mutex_);
    work_ = &guarded;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !work_; });
    if (thrown) std::rethrow_exception(thrown);
}

bool NetworkNamespace::shell(const std::string& command) {
    bool succeeded = false;
    run([&] { succeeded = std::system(("(" + command + ") >/dev/null 2>&1").c_str()) == 0; });
    return succeeded;
}

bool NetworkNamespace::set(const std::string& name, const std::string& value) {
    bool succeeded = false;
    run([&] {
        // Below /proc/sys/net each thread sees its own namespace.
        std::ofstream file("/proc/sys/net/" + name);
        file << value << std::flush;
        succeeded = file.good();
    });
    return succeeded;
}

} // namespace hws::test
