#pragma once
/// The types of preview1.def, as they lie in the guest's memory: little-endian, no hidden padding,
/// so that a value copied to the guest carries nothing but what it says. Source: WASI snapshot
/// preview 1, wasi_snapshot_preview1.witx.

#include "lower.hpp"

#include <cstdint>
#include <type_traits>

namespace hws::abi::preview1 {

/// The result of a row; errors are the numbers of errors.def below 200 (hws/wasi_number.hpp).
enum class Errno : std::uint16_t { success = 0 };

enum class ClockId : std::uint32_t { realtime, monotonic, process_cpu_time, thread_cpu_time };

/// Nanoseconds; since 1970 for the real-time clock.
using Timestamp = std::uint64_t;

enum class Whence : std::uint8_t { set, current, end };
enum class Advice : std::uint8_t { normal, sequential, random, will_need, dont_need, no_reuse };
enum class Signal : std::uint8_t {};

enum class FileType : std::uint8_t {
    unknown,
    block_device,
    character_device,
    directory,
    regular_file,
    socket_datagram,
    socket_stream,
    symbolic_link,
};

using FdFlags = std::uint16_t;
namespace fd_flags {
inline constexpr FdFlags append = 1 << 0, dsync = 1 << 1, non_blocking = 1 << 2, rsync = 1 << 3,
                         sync = 1 << 4;
}

using Rights = std::uint64_t;
namespace rights {
inline constexpr Rights fd_read = 1 << 1, fd_fdstat_set_flags = 1 << 3, fd_write = 1 << 6,
                        fd_filestat_get = 1 << 21, poll_fd_readwrite = 1 << 27,
                        sock_shutdown = 1 << 28, sock_accept = 1 << 29;
}

using LookupFlags = std::uint32_t;
using OpenFlags = std::uint16_t;
using SetTimeFlags = std::uint16_t;

using ReceiveFlags = std::uint16_t;
namespace receive_flags {
inline constexpr ReceiveFlags peek = 1 << 0, wait_all = 1 << 1;
}
/// What sock_recv tells besides the data.
using ReceivedFlags = std::uint16_t;
namespace received_flags {
inline constexpr ReceivedFlags truncated = 1 << 0; ///< the datagram was longer than the buffers
}
using SendFlags = std::uint16_t;
using ShutdownFlags = std::uint8_t;
namespace shutdown_flags {
inline constexpr ShutdownFlags read = 1 << 0, write = 1 << 1;
}

/// A buffer of the guest: where reads go, or where writes come from.
struct Iovec {
    std::uint32_t address;
    std::uint32_t size;
};
using Ciovec = Iovec;

struct FdStat {
    FileType file_type = FileType::unknown;
    std::uint8_t padding_1 = 0;
    FdFlags flags = 0;
    std::uint32_t padding_2 = 0;
    Rights rights_base = 0;
    Rights rights_inheriting = 0;
};

struct FileStat {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    FileType file_type = FileType::unknown;
    std::uint8_t padding[7] = {};
    std::uint64_t links = 0;
    std::uint64_t size = 0;
    Timestamp accessed = 0;
    Timestamp modified = 0;
    Timestamp changed = 0;
};

struct Prestat {
    std::uint8_t kind = 0; // 0: a directory
    std::uint8_t padding[3] = {};
    std::uint32_t name_bytes = 0;
};

enum class EventType : std::uint8_t { clock, fd_read, fd_write };

/// What poll_oneoff shall wait for. `subject` is a ClockId for clocks and an Fd otherwise; the rest
/// is the clocks' only.
struct Subscription {
    std::uint64_t user_data = 0;
    EventType type = EventType::clock;
    std::uint8_t padding_1[7] = {};
    std::uint32_t subject = 0;
    std::uint32_t padding_2 = 0;
    Timestamp timeout = 0;
    Timestamp precision = 0;
    std::uint16_t clock_flags = 0; // bit 0: `timeout` is a moment, not a duration
    std::uint8_t padding_3[6] = {};
};
inline constexpr std::uint16_t absolute_time = 1 << 0;

struct Event {
    std::uint64_t user_data = 0;
    std::uint16_t error = 0;
    EventType type = EventType::clock;
    std::uint8_t padding_1[5] = {};
    std::uint64_t bytes = 0;
    std::uint16_t flags = 0; // bit 0: the peer has hung up
    std::uint8_t padding_2[6] = {};
};
inline constexpr std::uint16_t hung_up = 1 << 0;

template <class T, std::size_t bytes>
inline constexpr bool is_wire_type =
    sizeof(T) == bytes && std::has_unique_object_representations_v<T> &&
    std::is_trivially_copyable_v<T>;
static_assert(is_wire_type<Iovec, 8>);
static_assert(is_wire_type<FdStat, 24>);
static_assert(is_wire_type<FileStat, 64>);
static_assert(is_wire_type<Prestat, 8>);
static_assert(is_wire_type<Subscription, 48>);
static_assert(is_wire_type<Event, 32>);

} // namespace hws::abi::preview1
