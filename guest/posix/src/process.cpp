// One program, alone: no children, no other users, and signals that only the program itself raises.

#include "wire.hpp"

#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace hws::posix;

namespace {

constexpr int signals = 64;
struct sigaction actions[signals + 1];
sigset_t mask;

bool is_signal(int number) {
    return number >= 1 && number <= signals;
}

void run_handler(int number) {
    const struct sigaction action = actions[number];
    if (static_cast<unsigned>(action.sa_flags) & SA_RESETHAND) {
        actions[number] = {};
        signal(number, SIG_DFL);
    } else {
        signal(number, run_handler); // the emulation forgets it when it is raised
    }
    if (action.sa_flags & SA_SIGINFO) {
        siginfo_t info{};
        info.si_signo = number;
        info.si_pid = getpid();
        action.sa_sigaction(number, &info, nullptr);
    } else {
        action.sa_handler(number);
    }
}

unsigned bit_of(int number) {
    return 1u << ((number - 1) % 32);
}

} // namespace

extern "C" {

int sigaction(int number, const struct sigaction* __restrict wanted,
              struct sigaction* __restrict former) {
    if (!is_signal(number) || (wanted && (number == SIGKILL || number == SIGSTOP)))
        return fail(EINVAL);
    const struct sigaction before = actions[number];
    if (wanted) {
        const auto handler = wanted->sa_handler;
        const bool own =
            wanted->sa_flags & SA_SIGINFO || (handler != SIG_DFL && handler != SIG_IGN);
        if (signal(number, own ? run_handler : handler) == SIG_ERR) return -1;
        actions[number] = *wanted;
    }
    if (former) *former = before;
    return 0;
}

int sigemptyset(sigset_t* set) {
    *set = {};
    return 0;
}
int sigfillset(sigset_t* set) {
    set->__bits[0] = set->__bits[1] = ~0u;
    return 0;
}
int sigaddset(sigset_t* set, int number) {
    if (!is_signal(number)) return fail(EINVAL);
    set->__bits[(number - 1) / 32] |= bit_of(number);
    return 0;
}
int sigdelset(sigset_t* set, int number) {
    if (!is_signal(number)) return fail(EINVAL);
    set->__bits[(number - 1) / 32] &= ~bit_of(number);
    return 0;
}
int sigismember(const sigset_t* set, int number) {
    if (!is_signal(number)) return fail(EINVAL);
    return (set->__bits[(number - 1) / 32] & bit_of(number)) != 0;
}

int sigprocmask(int how, const sigset_t* __restrict set, sigset_t* __restrict former) {
    if (set && how != SIG_BLOCK && how != SIG_UNBLOCK && how != SIG_SETMASK) return fail(EINVAL);
    const sigset_t before = mask;
    for (int i = 0; set && i < 2; ++i) {
        mask.__bits[i] = how == SIG_BLOCK     ? mask.__bits[i] | set->__bits[i]
                         : how == SIG_UNBLOCK ? mask.__bits[i] & ~set->__bits[i]
                                              : set->__bits[i];
    }
    if (former) *former = before;
    return 0;
}
int pthread_sigmask(int how, const sigset_t* __restrict set, sigset_t* __restrict former) {
    return sigprocmask(how, set, former) == 0 ? 0 : errno;
}
int sigpending(sigset_t* set) {
    return sigemptyset(set);
}

int kill(pid_t process, int number) {
    if (number != 0 && !is_signal(number)) return fail(EINVAL);
    if (process != getpid() && process != 0) return fail(ESRCH);
    return number == 0 ? 0 : raise(number);
}
int killpg(pid_t group, int number) {
    return kill(group, number);
}

// --- fork(2) and its kin
pid_t fork(void) {
    return fail(ENOSYS);
}
pid_t vfork(void) {
    return fail(ENOSYS);
}
int execve(const char*, char* const[], char* const[]) {
    return fail(ENOSYS);
}
int execv(const char*, char* const[]) {
    return fail(ENOSYS);
}
int execvp(const char*, char* const[]) {
    return fail(ENOSYS);
}
int execl(const char*, const char*, ...) {
    return fail(ENOSYS);
}
int execlp(const char*, const char*, ...) {
    return fail(ENOSYS);
}
pid_t wait(int*) {
    return fail(ECHILD);
}
pid_t waitpid(pid_t, int*, int) {
    return fail(ECHILD);
}
int daemon(int, int) {
    return fail(ENOSYS);
}
pid_t setsid(void) { // as for the leader of a group
    return fail(EPERM);
}
pid_t getppid(void) {
    return 0; // as for a process whose parent is in another name space
}
int setuid(uid_t user) {
    return user == 0 ? 0 : fail(EPERM);
}
int setgid(gid_t group) {
    return group == 0 ? 0 : fail(EPERM);
}
int chroot(const char*) {
    return fail(EPERM);
}

mode_t umask(mode_t wanted) {
    static mode_t current = 022;
    const mode_t before = current;
    current = wanted & 0777;
    return before;
}

ssize_t process_vm_readv(pid_t, const iovec*, unsigned long, const iovec*, unsigned long,
                         unsigned long) {
    return fail(EPERM);
}
ssize_t process_vm_writev(pid_t, const iovec*, unsigned long, const iovec*, unsigned long,
                          unsigned long) {
    return fail(EPERM);
}

ssize_t getrandom(void* into, size_t bytes, unsigned flags) {
    if (flags & ~static_cast<unsigned>(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE))
        return fail(EINVAL);
    constexpr size_t at_once = 256; // what getentropy gives
    for (size_t done = 0; done < bytes; done += at_once) {
        const size_t part = bytes - done < at_once ? bytes - done : at_once;
        if (getentropy(static_cast<char*>(into) + done, part) != 0) return -1;
    }
    return static_cast<ssize_t>(bytes);
}

// --- users and groups
passwd* getpwnam(const char*) {
    return nullptr;
}
passwd* getpwuid(uid_t) {
    return nullptr;
}
int getpwnam_r(const char*, passwd*, char*, size_t, passwd** result) {
    *result = nullptr;
    return 0;
}
int getpwuid_r(uid_t, passwd*, char*, size_t, passwd** result) {
    *result = nullptr;
    return 0;
}
group* getgrnam(const char*) {
    return nullptr;
}
group* getgrgid(gid_t) {
    return nullptr;
}
int getgrnam_r(const char*, group*, char*, size_t, group** result) {
    *result = nullptr;
    return 0;
}
int getgrgid_r(gid_t, group*, char*, size_t, group** result) {
    *result = nullptr;
    return 0;
}
}
