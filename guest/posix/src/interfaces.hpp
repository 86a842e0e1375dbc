#pragma once
/// The network interfaces that the host shows.

#include "wire.hpp"

#include <cstdint>

namespace hws::posix {

class Interfaces {
public:
    Interfaces() = default;
    Interfaces(const Interfaces&) = delete;
    Interfaces& operator=(const Interfaces&) = delete;
    ~Interfaces();

    /// Asks the host. Returns an errno, 0 for success.
    int read();

    const v2::Interface* begin() const { return entries_; }
    const v2::Interface* end() const { return entries_ + count_; }
    std::uint32_t count() const { return count_; }

    /// Null if there is none.
    const v2::Interface* find(std::uint32_t index) const;
    const v2::Interface* find(const char* name, std::size_t max_bytes) const;

private:
    v2::Interface* entries_ = nullptr;
    std::uint32_t count_ = 0;
};

/// IFF_* of the host's flags.
int program_flags(std::uint32_t wire_flags);

/// Families that this machine has an address of by which to reach others. What cannot be asked for
/// counts as there.
struct Families {
    bool ipv4 = true;
    bool ipv6 = true;
};
Families families_in_use();

} // namespace hws::posix
