#include "adapter/preview1_guest.hpp"
#include "core/descriptor.hpp"
#include "os/clock.hpp"
#include "os/socket.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

namespace hws::host::adapter::preview1 {
namespace {

using core::Descriptor;
using core::DescriptorKind;

// --- arguments and environment ---

Result<void> write_sizes(PluginState& state, const std::vector<std::string>& strings,
                         GuestPointer<std::uint32_t> count, GuestPointer<std::uint32_t> bytes) {
    std::uint64_t total = 0;
    for (const std::string& string : strings)
        total += string.size() + 1;
    if (total > std::numeric_limits<std::uint32_t>::max()) return fail(Errc::overflow);
    HWS_CHECK(store(state, count, static_cast<std::uint32_t>(strings.size())));
    return store(state, bytes, static_cast<std::uint32_t>(total));
}

Result<void> write_strings(PluginState& state, const std::vector<std::string>& strings,
                           GuestPointer<std::uint32_t> addresses, GuestPointer<char> text) {
    std::uint32_t next_address = addresses.address;
    std::uint32_t next_text = text.address;
    for (const std::string& string : strings) {
        HWS_CHECK(store<std::uint32_t>(state, {next_address}, next_text));
        HWS_TRY(const auto to, guest_bytes(state, next_text, string.size() + 1));
        std::memcpy(to.data(), string.c_str(), string.size() + 1);
        // No overflow but at the very end of a full memory, where the next access is refused.
        next_address += sizeof next_address;
        next_text += static_cast<std::uint32_t>(string.size() + 1);
    }
    return {};
}

// --- clocks ---

Result<os::SystemClock> system_clock(ClockId clock) {
    switch (clock) {
    case ClockId::realtime:
        return os::SystemClock::realtime;
    case ClockId::monotonic:
        return os::SystemClock::monotonic;
    case ClockId::process_cpu_time:
    case ClockId::thread_cpu_time:
        // A plugin shares its thread and process with others, whose time is none of its business.
        return fail(Errc::unsupported);
    }
    return fail(Errc::invalid_argument);
}

// --- descriptors ---

FileType file_type_of(DescriptorKind kind) {
    switch (kind) {
    case DescriptorKind::terminal:
        return FileType::character_device;
    case DescriptorKind::tcp_stream:
    case DescriptorKind::tcp_listener:
    case DescriptorKind::http_exchange:
    case DescriptorKind::web_socket:
        return FileType::socket_stream;
    case DescriptorKind::udp_socket:
    case DescriptorKind::icmp_socket:
        return FileType::socket_datagram;
    case DescriptorKind::byte_stream:
        // Not a character device: libraries would take it for a terminal.
        return FileType::unknown;
    }
    return FileType::unknown;
}

/// What wasi-libc's fcntl and isatty and Go's runtime look at: a terminal is what can neither seek
/// nor tell.
Rights rights_of(const Descriptor& descriptor) {
    Rights all = rights::fd_fdstat_set_flags | rights::fd_filestat_get | rights::poll_fd_readwrite;
    if (intersects(descriptor.directions(), os::Ready::read)) all |= rights::fd_read;
    if (intersects(descriptor.directions(), os::Ready::write)) all |= rights::fd_write;
    if (is_socket(descriptor)) all |= rights::sock_shutdown;
    if (descriptor.kind() == DescriptorKind::tcp_listener) all |= rights::sock_accept;
    return all;
}

/// For what only files or directories can do: `bad_handle` for a number that is not open,
/// `otherwise` for all that are.
Result<void> refuse(PluginState& state, Fd fd, Errc otherwise) {
    HWS_CHECK(find(state, fd));
    return fail(otherwise);
}

} // namespace

bool is_socket(const Descriptor& descriptor) {
    return descriptor.kind() != DescriptorKind::byte_stream &&
           descriptor.kind() != DescriptorKind::terminal;
}

Result<void> args_get(PluginState& state, GuestPointer<std::uint32_t> argv,
                      GuestPointer<char> text) {
    return write_strings(state, state.arguments, argv, text);
}

Result<void> args_sizes_get(PluginState& state, GuestPointer<std::uint32_t> count,
                            GuestPointer<std::uint32_t> bytes) {
    return write_sizes(state, state.arguments, count, bytes);
}

Result<void> environ_get(PluginState& state, GuestPointer<std::uint32_t> environ,
                         GuestPointer<char> text) {
    return write_strings(state, state.environment, environ, text);
}

Result<void> environ_sizes_get(PluginState& state, GuestPointer<std::uint32_t> count,
                               GuestPointer<std::uint32_t> bytes) {
    return write_sizes(state, state.environment, count, bytes);
}

Result<void> clock_res_get(PluginState& state, ClockId clock, GuestPointer<Timestamp> resolution) {
    HWS_TRY(const os::SystemClock known, system_clock(clock));
    return store(state, resolution, static_cast<Timestamp>(os::resolution_of(known).count()));
}

Result<void> clock_time_get(PluginState& state, ClockId clock, Timestamp,
                            GuestPointer<Timestamp> time) {
    HWS_TRY(const os::SystemClock known, system_clock(clock));
    return store(state, time, static_cast<Timestamp>(os::time_of(known).count()));
}

Result<void> fd_advise(PluginState& state, Fd fd, std::uint64_t, std::uint64_t, Advice) {
    return refuse(state, fd, Errc::not_seekable);
}

Result<void> fd_allocate(PluginState& state, Fd fd, std::uint64_t, std::uint64_t) {
    return refuse(state, fd, Errc::not_seekable);
}

Result<void> fd_close(PluginState& state, Fd fd) {
    return state.descriptors.close(static_cast<core::DescriptorNumber>(fd.number));
}

Result<void> fd_datasync(PluginState& state, Fd fd) {
    return refuse(state, fd, Errc::invalid_argument);
}

Result<void> fd_fdstat_get(PluginState& state, Fd fd, GuestPointer<FdStat> status) {
    HWS_TRY(const Descriptor* descriptor, find(state, fd));
    FdStat answer;
    answer.file_type = file_type_of(descriptor->kind());
    answer.flags = descriptor->is_non_blocking() ? fd_flags::non_blocking : FdFlags{0};
    answer.rights_base = rights_of(*descriptor);
    // A connection that is accepted has the rights of a stream.
    if (descriptor->kind() == DescriptorKind::tcp_listener)
        answer.rights_inheriting = rights_of(*descriptor) & ~rights::sock_accept;
    return store(state, status, answer);
}

Result<void> fd_fdstat_set_flags(PluginState& state, Fd fd, FdFlags flags) {
    HWS_TRY(Descriptor * descriptor, find(state, fd));
    if (flags & ~(fd_flags::non_blocking | fd_flags::append)) return fail(Errc::invalid_argument);
    descriptor->set_non_blocking((flags & fd_flags::non_blocking) != 0);
    return {};
}

Result<void> fd_fdstat_set_rights(PluginState& state, Fd fd, Rights base, Rights) {
    HWS_TRY(const Descriptor* descriptor, find(state, fd));
    const Rights present = rights_of(*descriptor);
    if (base & ~present) return fail(Errc::not_capable);
    // Pretending to have dropped a right would be worse than refusing to.
    if (base != present) return fail(Errc::unsupported);
    return {};
}

Result<void> fd_filestat_get(PluginState& state, Fd fd, GuestPointer<FileStat> status) {
    HWS_TRY(const Descriptor* descriptor, find(state, fd));
    FileStat answer;
    answer.file_type = file_type_of(descriptor->kind());
    return store(state, status, answer);
}

Result<void> fd_filestat_set_size(PluginState& state, Fd fd, std::uint64_t) {
    return refuse(state, fd, Errc::invalid_argument);
}

Result<void> fd_filestat_set_times(PluginState& state, Fd fd, Timestamp, Timestamp, SetTimeFlags) {
    return refuse(state, fd, Errc::unsupported);
}

Result<void> fd_pread(PluginState& state, Fd fd, GuestSpan<Iovec>, std::uint64_t,
                      GuestPointer<std::uint32_t>) {
    return refuse(state, fd, Errc::not_seekable);
}

Result<void> fd_prestat_get(PluginState&, Fd, GuestPointer<Prestat>) {
    return fail(Errc::bad_handle);
}

Result<void> fd_prestat_dir_name(PluginState&, Fd, GuestSpan<char>) {
    return fail(Errc::bad_handle);
}

Result<void> fd_pwrite(PluginState& state, Fd fd, GuestSpan<Ciovec>, std::uint64_t,
                       GuestPointer<std::uint32_t>) {
    return refuse(state, fd, Errc::not_seekable);
}

Result<void> fd_readdir(PluginState& state, Fd fd, GuestSpan<std::byte>, std::uint64_t,
                        GuestPointer<std::uint32_t>) {
    return refuse(state, fd, Errc::not_capable);
}

Result<void> fd_renumber(PluginState& state, Fd from, Fd to) {
    return state.descriptors.renumber(static_cast<core::DescriptorNumber>(from.number),
                                      static_cast<core::DescriptorNumber>(to.number));
}

Result<void> fd_seek(PluginState& state, Fd fd, std::int64_t, Whence, GuestPointer<std::uint64_t>) {
    return refuse(state, fd, Errc::not_seekable);
}

Result<void> fd_sync(PluginState& state, Fd fd) {
    return refuse(state, fd, Errc::invalid_argument);
}

Result<void> fd_tell(PluginState& state, Fd fd, GuestPointer<std::uint64_t>) {
    return refuse(state, fd, Errc::not_seekable);
}

// --- paths: no directory is ever granted, so no descriptor is one ---

Result<void> path_create_directory(PluginState& state, Fd directory, GuestSpan<char>) {
    return refuse(state, directory, Errc::not_capable);
}

Result<void> path_filestat_get(PluginState& state, Fd directory, LookupFlags, GuestSpan<char>,
                               GuestPointer<FileStat>) {
    return refuse(state, directory, Errc::not_capable);
}

Result<void> path_filestat_set_times(PluginState& state, Fd directory, LookupFlags, GuestSpan<char>,
                                     Timestamp, Timestamp, SetTimeFlags) {
    return refuse(state, directory, Errc::not_capable);
}

Result<void> path_link(PluginState& state, Fd old_directory, LookupFlags, GuestSpan<char>,
                       Fd new_directory, GuestSpan<char>) {
    HWS_CHECK(find(state, old_directory));
    return refuse(state, new_directory, Errc::not_capable);
}

Result<void> path_open(PluginState& state, Fd directory, LookupFlags, GuestSpan<char>, OpenFlags,
                       Rights, Rights, FdFlags, GuestPointer<Fd>) {
    return refuse(state, directory, Errc::not_capable);
}

Result<void> path_readlink(PluginState& state, Fd directory, GuestSpan<char>, GuestSpan<char>,
                           GuestPointer<std::uint32_t>) {
    return refuse(state, directory, Errc::not_capable);
}

Result<void> path_remove_directory(PluginState& state, Fd directory, GuestSpan<char>) {
    return refuse(state, directory, Errc::not_capable);
}

Result<void> path_rename(PluginState& state, Fd old_directory, GuestSpan<char>, Fd new_directory,
                         GuestSpan<char>) {
    HWS_CHECK(find(state, old_directory));
    return refuse(state, new_directory, Errc::not_capable);
}

Result<void> path_symlink(PluginState& state, GuestSpan<char>, Fd directory, GuestSpan<char>) {
    return refuse(state, directory, Errc::not_capable);
}

Result<void> path_unlink_file(PluginState& state, Fd directory, GuestSpan<char>) {
    return refuse(state, directory, Errc::not_capable);
}

// --- the rest ---

Result<void> proc_exit(PluginState& state, std::uint32_t code) {
    state.exit_code = code;
    return {};
}

Result<void> proc_raise(PluginState&, Signal) {
    return fail(Errc::not_implemented);
}

os::Task<> sched_yield(PluginState&) {
    co_await os::yield_now();
    co_return {};
}

os::Task<> random_get(PluginState& state, GuestSpan<std::byte> into) {
    HWS_CO_CHECK(guest_bytes(state, into.address, into.count));
    for (std::uint32_t done = 0; done < into.count;) {
        if (done > 0) co_await os::yield_now();
        const std::uint32_t piece = std::min<std::uint32_t>(into.count - done, random_piece_bytes);
        HWS_CO_TRY(const auto to, guest_bytes(state, std::uint64_t{into.address} + done, piece));
        HWS_CO_CHECK(os::fill_random(to));
        done += piece;
    }
    co_return {};
}

Result<void> sock_shutdown(PluginState& state, Fd socket, ShutdownFlags halves) {
    HWS_TRY(Descriptor * descriptor, find_socket(state, socket));
    switch (halves) {
    case shutdown_flags::read:
        return descriptor->shut_down(os::Half::read);
    case shutdown_flags::write:
        return descriptor->shut_down(os::Half::write);
    case shutdown_flags::read | shutdown_flags::write:
        return descriptor->shut_down(os::Half::both);
    default:
        return fail(Errc::invalid_argument);
    }
}

void append_rows(std::vector<HostFunction>& rows) {
#define ABI_FUNCTION(name, signature, wait, sentence)                                              \
    rows.push_back(                                                                                \
        bind<signature, &name, wait, ErrorNumber, #name>("wasi_snapshot_preview1", sentence));
#include <preview1.def>
#undef ABI_FUNCTION
}

} // namespace hws::host::adapter::preview1
