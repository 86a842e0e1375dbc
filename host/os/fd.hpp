#pragma once
/// Ownership of a file descriptor of the operating system, and its errno as our error.

#include <hws/result.hpp>

#include <string_view>
#include <utility>

namespace hws::host::os {

/// Owns one file descriptor; closes it when destroyed. Moves, does not copy.
class Fd {
public:
    Fd() = default;
    explicit Fd(int number) : number_(number) {}
    Fd(Fd&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Fd& operator=(Fd&& other) noexcept {
        if (this != &other) reset(std::exchange(other.number_, -1));
        return *this;
    }
    ~Fd() { reset(); }

    int get() const { return number_; }
    bool is_open() const { return number_ >= 0; }
    /// Closes what it owns and takes `number` over.
    void reset(int number = -1);
    /// Gives the descriptor away; the caller closes it.
    int release() { return std::exchange(number_, -1); }

private:
    int number_ = -1;
};

/// The error code for an errno of the operating system. Where several codes share an errno, the first row of errors.def
/// counts; an errno without a row is `io`.
Errc errc_of(int posix_errno);

/// The calling thread's errno as an error. `what` is its context; EAGAIN carries none, so that it allocates nothing.
Error last_error(std::string_view what = {});

} // namespace hws::host::os
