#pragma once
/// Watches a file descriptor for a library that keeps its own state (libcurl, c-ares): it says what
/// it wants to know now, and is told again and again as long as that is so.

#include "os/loop.hpp"

#include <memory>

namespace hws::host::os {

/// Told about the descriptors of its LevelWatches. May destroy or change the watch that calls.
class LevelWatchOwner {
public:
    virtual void on_ready(int fd, Ready ready) = 0;

protected:
    ~LevelWatchOwner() = default;
};

/// Destroy it before the descriptor is closed, or soon after. Tells nobody from inside want().
class LevelWatch final : private Waiter {
public:
    LevelWatch(Loop& loop, int fd, LevelWatchOwner& owner) : loop_(loop), owner_(owner), fd_(fd) {}
    ~LevelWatch() override { leave(); } // or the end of watch_ would be taken for an event

    /// What the owner wants to be told from now on. Wanting less costs no system call: the kernel
    /// is told when it reports something that nobody wants, which between two requests on one
    /// connection is usually never. Errors: io, not_permitted.
    Result<void> want(Ready what);

private:
    void on_ready() override;

    Loop& loop_;
    LevelWatchOwner& owner_;
    int fd_;
    Ready wanted_ = Ready::none;
    Ready registered_ = Ready::none;
    std::unique_ptr<Watch> watch_; // null while nothing is registered
};

} // namespace hws::host::os
