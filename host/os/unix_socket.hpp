#pragma once
/// Unix sockets with a name: files, and abstract names. A file is looked at through a descriptor that
/// stands for it (O_PATH), so that what was checked and what is then used are the same file, whatever
/// becomes of its path meanwhile.
/// Source: unix(7), open(2), proc(5).

#include "os/fd.hpp"
#include "os/network_socket.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace hws::host::os {

/// Which file it is, as long as it exists.
struct FileIdentity {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

/// A file or folder, not open for reading or writing.
struct Place {
    Fd fd;
    std::string path; ///< where it lies, without links
    FileIdentity identity;
    bool is_socket = false;
};
/// Follows symbolic links. Errors: not_found (also for one that is being removed), not_permitted,
/// not_a_directory, too_many_links, name_too_long, unsupported (/proc is not mounted).
Result<Place> find_place(const std::string& path);
Result<Place> find_folder(const std::string& path);

/// Names as sockaddr_un has them: a path without its NUL, or a NUL and an abstract name; at most 108
/// bytes. Errors besides those of bind(2), connect(2) and sendto(2): not_permitted for EACCES, which
/// must not look like our policy's `denied`.
Result<void> bind_name(int socket, std::string_view name);
/// Connects to the socket of this file.
Result<void> connect_place(int socket, const Place& place);
Result<void> connect_name(int socket, std::string_view name);
Result<std::size_t> send_to_place(int socket, const IoList& from, std::uint32_t flags,
                                  const Place& place);
Result<std::size_t> send_to_name(int socket, const IoList& from, std::uint32_t flags,
                                 std::string_view name);
/// As receive_message; the sender's name is empty if it has none. What else a message of a Unix
/// socket may carry (descriptors) is not taken.
Result<ReceivedMessage> receive_named(int socket, const IoList& into, std::uint32_t flags,
                                      std::string& sender);
Result<std::string> find_local_name(int socket);
Result<std::string> find_peer_name(int socket);

/// Whether some process has a socket open that is bound to this file. Nobody notices the question.
bool has_owner(const Place& place);
/// What lies under this name in the folder, links not followed; nothing if there is nothing.
struct Entry {
    FileIdentity identity;
    bool is_socket = false;
};
std::optional<Entry> find_entry(const Place& folder, const std::string& file);
/// Errors: not_found, not_permitted, ...
Result<void> remove_entry(const Place& folder, const std::string& file);

} // namespace hws::host::os
