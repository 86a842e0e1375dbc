#include "interruption.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <signal.h>
#include <thread>

namespace hws::cli {
namespace {

struct Watch {
    std::mutex mutex;
    host::Plugin* plugin = nullptr;
    int signal = 0;
};

/// Never freed: the thread that waits for signals lives as long as the process.
Watch& watch() {
    static Watch* const instance = new Watch;
    return *instance;
}

sigset_t watched_signals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    return set;
}

[[noreturn]] void die_of(int signal) {
    std::signal(signal, SIG_DFL);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal);
    pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
    std::raise(signal);
    std::_Exit(128 + signal); // not reached
}

void wait_for_signals() {
    const sigset_t set = watched_signals();
    for (;;) {
        int signal = 0;
        if (sigwait(&set, &signal) != 0) continue;
        const std::lock_guard lock(watch().mutex);
        if (!watch().plugin || watch().signal != 0) die_of(signal);
        watch().signal = signal;
        watch().plugin->cancel();
    }
}

} // namespace

void watch_signals() {
    std::signal(SIGPIPE, SIG_IGN);
    const sigset_t set = watched_signals();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    (void)watch();
    std::thread(wait_for_signals).detach();
}

Interruptible::Interruptible(host::Plugin& plugin) {
    const std::lock_guard lock(watch().mutex);
    watch().plugin = &plugin;
}

Interruptible::~Interruptible() {
    const std::lock_guard lock(watch().mutex);
    watch().plugin = nullptr;
}

void leave(int code) {
    const int signal = [] {
        const std::lock_guard lock(watch().mutex);
        return watch().signal;
    }();
    if (signal != 0) die_of(signal);
    std::fflush(nullptr);
    std::_Exit(code);
}

} // namespace hws::cli
