#pragma once
/// The files of the Unix sockets that one plugin has bound. On Linux a file outlives its socket; a
/// plugin has no other way to be rid of it, so that its files go when it goes.

#include "core/policy.hpp"
#include "os/unix_socket.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace hws::host::core {

/// A place to bind to: its folder is held, so that nobody can exchange it.
struct UnixBinding {
    os::Place folder;
    std::string file;
    std::string path; ///< without links
};

class UnixFiles {
public:
    /// `most`: files at one time.
    explicit UnixFiles(std::size_t most) : most_(most) {}
    UnixFiles(const UnixFiles&) = delete;
    UnixFiles& operator=(const UnixFiles&) = delete;
    ~UnixFiles() { clear(); }
    /// Removes what is left of them.
    void clear();

    /// Where this path leads, and whether the policy lets a socket be bound there. Errors: denied,
    /// not_found (the folder), not_a_directory, not_permitted, no_buffers (too many files).
    Result<UnixBinding> find_place_for(const Policy& policy, const UnixName& path);
    /// The file that has been made there. Errors: denied, if the folder is not where it was.
    Result<void> add(UnixBinding binding);

    /// Removes the file of a socket, if it is one of these or nobody's. Errors: denied, not_found,
    /// busy (somebody else's socket is open), not_permitted (no socket, or the file system says no).
    Result<void> remove(const Policy& policy, const UnixName& path);

private:
    struct Bound {
        UnixBinding at;
        os::FileIdentity identity;
        os::Fd held; ///< keeps the file's number from being given to another one
    };
    static bool is_there(const Bound& bound);

    std::size_t most_;
    std::vector<Bound> list_;
};

/// The socket file at this path, which the policy allows as it is written and as it lies. Errors:
/// denied, not_found, not_permitted, ...
Result<os::Place> find_unix_peer(const Policy& policy, const UnixName& path);

} // namespace hws::host::core
