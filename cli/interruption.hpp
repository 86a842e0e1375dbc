#pragma once
/// SIGINT and SIGTERM end the plugin in good order: its call gives `canceled`, figures are printed,
/// and the process then dies of that signal, as its parent expects. Where no plugin runs, or at the
/// second signal, the process dies at once.

#include <hws/host/runtime.hpp>

namespace hws::cli {

/// Takes charge of the signals. To be called once, before any thread is made: later threads leave
/// the signals to this one. SIGPIPE is ignored from then on: a closed stdout is an error of write.
void watch_signals();

/// While it lives, a signal ends this plugin.
class Interruptible {
public:
    explicit Interruptible(host::Plugin& plugin);
    ~Interruptible();
    Interruptible(const Interruptible&) = delete;
    Interruptible& operator=(const Interruptible&) = delete;
};

/// Ends the process: by the signal that came, if one did, else with this code. Destructors are left
/// out, since the kernel takes memory, threads and sockets back in less time (2 of 20 ms of a
/// call).
[[noreturn]] void leave(int code);

} // namespace hws::cli
