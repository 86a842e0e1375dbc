#include "adapter/preview1.hpp"
#include "core/resolver.hpp"
#include "core/stdio.hpp"
#include "os/clock.hpp"
#include "os/socket.hpp"

#include <algorithm>
#include <cstring>
#include <deque>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <functional>
#include <set>
#include <string>
#include <unistd.h>

using namespace hws;
using namespace hws::host;
using namespace hws::host::adapter::preview1;
using adapter::PluginState;
using core::Descriptor;
using core::DescriptorKind;
using os::Ready;
using namespace std::chrono_literals;

namespace {

// WASI's numbers, written out: they are what a guest's libc compares with.
constexpr int ok = 0, again = 6, badf = 8, fault = 21, inval = 28, mfile = 33, nosys = 52,
              notsock = 57, notsup = 58, pipe_broken = 64, spipe = 70, notcapable = 76;

class VectorMemory final : public adapter::GuestMemory {
public:
    std::vector<std::byte> contents = std::vector<std::byte>(std::size_t{256} << 10);
    void resize(std::size_t bytes) {
        contents.resize(bytes);
        forget();
    }

private:
    std::span<std::byte> look() override { return contents; }
};

/// A socket whose other end is the test.
class FakeSocket final : public Descriptor {
public:
    FakeSocket(os::Loop& loop, DescriptorKind kind) : kind_(kind), readiness_(loop, Ready::none) {}

    DescriptorKind kind() const override { return kind_; }
    Result<std::size_t> try_read(core::ReadBuffers into) override { return take(into, true); }
    Result<std::size_t> try_peek(core::ReadBuffers into) override { return take(into, false); }
    Result<std::size_t> try_write(core::WriteBuffers from) override {
        if (room == 0) return would_block(Ready::write);
        std::size_t count = 0;
        for (const auto& piece : from) {
            const std::size_t size = std::min(piece.size(), room);
            sent.append(reinterpret_cast<const char*>(piece.data()), size);
            room -= size;
            count += size;
        }
        ++writes;
        return count;
    }
    Result<void> shut_down(os::Half half) override {
        halves.push_back(half);
        return {};
    }
    Result<std::unique_ptr<Descriptor>> try_accept() override {
        if (kind_ != DescriptorKind::tcp_listener) return fail(Errc::unsupported);
        if (waiting == 0) return would_block(Ready::read);
        --waiting;
        return std::make_unique<FakeSocket>(readiness_.loop(), DescriptorKind::tcp_stream);
    }
    os::Readiness& readiness() override { return readiness_; }
    Ready poll_now(Ready what) override {
        ++polls;
        if (intersects(what, Ready::read) && (!arrived.empty() || ended || waiting > 0))
            return Ready::read;
        if (intersects(what, Ready::write) && room > 0) return Ready::write;
        readiness_.clear(what);
        return Ready::none;
    }
    std::size_t readable_bytes() override { return arrived.size(); }
    bool has_hung_up() override { return ended; }

    void arrive(std::string_view text) {
        arrived += text;
        readiness_.set(Ready::read);
    }
    void end() {
        ended = true;
        readiness_.set(Ready::both);
    }
    void make_room(std::size_t bytes) {
        room += bytes;
        readiness_.set(Ready::write);
    }
    void knock() {
        ++waiting;
        readiness_.set(Ready::read);
    }

    std::string arrived;
    std::string sent;
    std::size_t room = 0;
    bool ended = false;
    int waiting = 0;
    int polls = 0;
    int writes = 0;
    std::vector<os::Half> halves;

private:
    Result<std::size_t> take(core::ReadBuffers into, bool away) {
        if (arrived.empty() && !ended) return would_block(Ready::read);
        std::size_t count = 0;
        for (const auto& piece : into) {
            const std::size_t size = std::min(piece.size(), arrived.size() - count);
            std::memcpy(piece.data(), arrived.data() + count, size);
            count += size;
        }
        if (away) arrived.erase(0, count);
        return count;
    }
    std::unexpected<Error> would_block(Ready what) {
        readiness_.clear(what);
        return fail(Errc::would_block);
    }

    DescriptorKind kind_;
    os::Readiness readiness_;
};

os::Task<> later(os::Loop& loop, int turns, std::function<void()> act) {
    (void)loop;
    for (int turn = 0; turn < turns; ++turn)
        co_await os::yield_now();
    act();
    co_return {};
}

constexpr std::uint32_t result_at = 64; // where the tests have results written
constexpr std::uint32_t data_at = 4096;
constexpr std::uint32_t iovecs_at = 128 << 10;

struct Plugin {
    explicit Plugin(const core::Stdio& stdio = {}, core::Limits limits = {})
        : owned(*os::Loop::create()), loop(*owned), resolver(*core::Resolver::create(loop)),
          state(loop, *resolver, core::Policy(), limits) {
        state.memory = &memory;
        REQUIRE(install_stdio(state.descriptors, loop, stdio));
    }

    int number(const Result<void>& result) {
        return result ? 0 : wasi_number_of(result.error().code());
    }
    int number(os::Task<> task) { return number(os::run(loop, std::move(task))); }
    /// Runs the task while `act` happens a few turns of the loop later.
    int number(os::Task<> task, std::function<void()> act) {
        auto other = later(loop, 5, std::move(act));
        other.start(loop);
        const int answer = number(std::move(task));
        loop.run_until([&] { return other.is_done(); });
        return answer;
    }

    FakeSocket& add(DescriptorKind kind) {
        auto socket = std::make_unique<FakeSocket>(loop, kind);
        FakeSocket& reference = *socket;
        last = Fd{static_cast<std::int32_t>(*state.descriptors.insert(std::move(socket)))};
        return reference;
    }

    void put(std::uint32_t address, std::string_view text) {
        std::memcpy(memory.contents.data() + address, text.data(), text.size());
    }
    std::string text(std::uint32_t address, std::size_t size) {
        return {reinterpret_cast<const char*>(memory.contents.data()) + address, size};
    }
    template <class T> T load(std::uint32_t address) { return *memory.load<T>(address); }
    std::uint32_t result() { return load<std::uint32_t>(result_at); }

    GuestSpan<Iovec> iovecs(const std::vector<Iovec>& list) {
        std::memcpy(memory.contents.data() + iovecs_at, list.data(), list.size() * sizeof(Iovec));
        return {iovecs_at, static_cast<std::uint32_t>(list.size())};
    }
    GuestSpan<Iovec> one(std::uint32_t size) { return iovecs({{data_at, size}}); }

    VectorMemory memory;
    std::unique_ptr<os::Loop> owned;
    os::Loop& loop;
    std::unique_ptr<core::Resolver> resolver;
    PluginState state;
    Fd last;
};

constexpr GuestPointer<std::uint32_t> result_pointer{result_at};
constexpr GuestPointer<std::uint32_t> outside{0xfffffffe};

struct Pipe {
    Pipe() {
        int ends[2];
        REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
        read_end.reset(ends[0]);
        write_end.reset(ends[1]);
    }
    os::Fd read_end;
    os::Fd write_end;
};

Subscription clock_wish(ClockId clock, std::chrono::nanoseconds timeout, std::uint16_t flags = 0) {
    Subscription wish;
    wish.user_data = 0xc10c;
    wish.subject = static_cast<std::uint32_t>(clock);
    wish.timeout = static_cast<Timestamp>(timeout.count());
    wish.clock_flags = flags;
    return wish;
}

Subscription fd_wish(EventType type, Fd fd, std::uint64_t user_data = 0xfd) {
    Subscription wish;
    wish.user_data = user_data;
    wish.type = type;
    wish.subject = static_cast<std::uint32_t>(fd.number);
    return wish;
}

struct Polled {
    int number;
    std::vector<Event> events;
};

Polled poll(
    Plugin& plugin, const std::vector<Subscription>& wishes,
    std::function<void()> meanwhile = [] {}) {
    std::memcpy(plugin.memory.contents.data() + data_at, wishes.data(),
                wishes.size() * sizeof(Subscription));
    const std::uint32_t out = iovecs_at;
    Polled polled{.number = plugin.number(poll_oneoff(plugin.state, {data_at}, {out},
                                                      static_cast<std::uint32_t>(wishes.size()),
                                                      result_pointer),
                                          std::move(meanwhile)),
                  .events = {}};
    if (polled.number == ok)
        for (std::uint32_t i = 0; i < plugin.result(); ++i)
            polled.events.push_back(plugin.load<Event>(out + i * 32));
    return polled;
}

} // namespace

TEST_SUITE_BEGIN("preview1");

TEST_CASE("the table has the 46 functions of preview 1, named and typed as guests import them") {
    std::vector<adapter::HostFunction> rows;
    append_rows(rows);
    CHECK(rows.size() == 46);
    int waiting = 0;
    for (const auto& row : rows) {
        CHECK(row.module == "wasi_snapshot_preview1");
        waiting += row.may_wait();
    }
    CHECK(waiting == 8);
    using enum WasmType;
    static_assert(params_of<Errno(Fd, LookupFlags, GuestSpan<char>, OpenFlags, Rights, Rights,
                                  FdFlags, GuestPointer<Fd>)> ==
                  std::array{i32, i32, i32, i32, i32, i64, i64, i32, i32});
}

TEST_CASE("an error without a WASI number becomes the errno a C program would meet") {
    CHECK(wasi_number_of(Errc::denied) == 2);
    CHECK(wasi_number_of(Errc::not_capable) == 76);
    CHECK(wasi_number_of(Errc::name_not_found) == 44);
    CHECK(wasi_number_of(Errc::resolver_failed) == 29);
    CHECK(wasi_number_of(Errc::trapped) == 29);
#define HWS_ERROR(name, number, posix, sentence) CHECK(wasi_number_of(Errc::name) <= 76);
#include "errors.def"
#undef HWS_ERROR
}

// --- arguments, clocks, random numbers ---

TEST_CASE_FIXTURE(Plugin, "arguments are written one after the other, each ending in NUL") {
    state.arguments = {"prog", "", "x y"};
    CHECK(number(args_sizes_get(state, {0}, {4})) == ok);
    CHECK(load<std::uint32_t>(0) == 3);
    CHECK(load<std::uint32_t>(4) == 10);
    CHECK(number(args_get(state, {8}, {101})) == ok);
    CHECK(text(101, 10) == std::string("prog\0\0x y\0", 10));
    CHECK(load<std::uint32_t>(8) == 101);
    CHECK(load<std::uint32_t>(12) == 106);
    CHECK(load<std::uint32_t>(16) == 107);
}

TEST_CASE_FIXTURE(Plugin,
                  "the environment is written in the same way; an empty one needs no room") {
    CHECK(number(environ_sizes_get(state, {0}, {4})) == ok);
    CHECK(load<std::uint32_t>(0) == 0);
    CHECK(load<std::uint32_t>(4) == 0);
    CHECK(number(environ_get(state, {0xffffffff}, {0xffffffff})) == ok);
    state.environment = {"A=1"};
    CHECK(number(environ_get(state, {0}, {100})) == ok);
    CHECK(text(100, 4) == std::string("A=1\0", 4));
}

TEST_CASE_FIXTURE(Plugin, "arguments do not fit at the end of memory: fault") {
    state.arguments = {"prog"};
    const auto end = static_cast<std::uint32_t>(memory.contents.size());
    CHECK(number(args_get(state, {end - 3}, {0})) == fault);
    CHECK(number(args_get(state, {0}, {end - 4})) == fault);
    CHECK(number(args_get(state, {0}, {end - 5})) == ok);
    CHECK(number(args_get(state, {0xffffffff}, {0xffffffff})) == fault);
}

TEST_CASE_FIXTURE(
    Plugin, "the real-time and the monotonic clock tell the host's time, the CPU clocks nothing") {
    const auto before = os::time_of(os::SystemClock::realtime).count();
    CHECK(number(clock_time_get(state, ClockId::realtime, 1, {result_at})) == ok);
    CHECK(load<Timestamp>(result_at) >= static_cast<Timestamp>(before));
    CHECK(load<Timestamp>(result_at) - static_cast<Timestamp>(before) < 60'000'000'000u);
    CHECK(number(clock_time_get(state, ClockId::monotonic, 0, {result_at})) == ok);
    CHECK(load<Timestamp>(result_at) <=
          static_cast<Timestamp>(os::Clock::now().time_since_epoch().count()));
    CHECK(number(clock_res_get(state, ClockId::monotonic, {result_at})) == ok);
    CHECK(load<Timestamp>(result_at) >= 1);
    CHECK(number(clock_time_get(state, ClockId::process_cpu_time, 0, {result_at})) == notsup);
    CHECK(number(clock_res_get(state, ClockId::thread_cpu_time, {result_at})) == notsup);
    CHECK(number(clock_time_get(state, ClockId{4}, 0, {result_at})) == inval);
    CHECK(number(clock_time_get(state, ClockId::realtime, 0, {0xfffffff9})) == fault);
}

TEST_CASE_FIXTURE(Plugin, "random bytes fill exactly the buffer") {
    CHECK(number(random_get(state, {data_at, 200'000})) == ok);
    std::set<std::byte> seen(memory.contents.begin() + data_at,
                             memory.contents.begin() + data_at + 200'000);
    CHECK(seen.size() == 256);
    CHECK(memory.contents[data_at - 1] == std::byte{0});
    CHECK(memory.contents[data_at + 200'000] == std::byte{0});
    CHECK(number(random_get(state, {0, 0})) == ok);
    CHECK(number(random_get(state, {data_at, 0xffffffff})) == fault);
}

TEST_CASE_FIXTURE(
    Plugin, "proc_exit leaves its code, proc_raise is not there, sched_yield lets others run") {
    CHECK(number(proc_exit(state, 3)) == ok);
    CHECK(state.exit_code == 3);
    CHECK(number(proc_raise(state, Signal{6})) == nosys);
    bool ran = false;
    auto other = later(loop, 1, [&] { ran = true; });
    other.start(loop);
    CHECK(number(sched_yield(state)) == ok);
    CHECK(ran);
}

// --- descriptors ---

TEST_CASE_FIXTURE(Plugin, "a closed descriptor is bad and its number is used next") {
    add(DescriptorKind::tcp_stream);
    CHECK(last.number == 3);
    CHECK(number(fd_close(state, {1})) == ok);
    CHECK(number(fd_close(state, {1})) == badf);
    CHECK(number(fd_write(state, {1}, one(1), result_pointer)) == badf);
    add(DescriptorKind::tcp_stream);
    CHECK(last.number == 1);
    CHECK(number(fd_close(state, {-1})) == badf);
    CHECK(number(fd_close(state, {0x7fffffff})) == badf);
}

TEST_CASE_FIXTURE(Plugin, "renumbering moves a descriptor onto another open one") {
    FakeSocket& socket = add(DescriptorKind::tcp_stream);
    socket.room = 10;
    CHECK(number(fd_renumber(state, last, {1})) == ok);
    CHECK(number(fd_write(state, {1}, one(4), result_pointer)) == ok);
    CHECK(socket.sent.size() == 4);
    CHECK(number(fd_renumber(state, {3}, {0})) == badf);
    CHECK(number(fd_renumber(state, {0}, {3})) == badf);
    CHECK(number(fd_renumber(state, {0}, {0})) == ok);
}

TEST_CASE_FIXTURE(Plugin, "a descriptor's type and rights are those wasi-libc and Go look for") {
    struct {
        DescriptorKind kind;
        FileType type;
        bool accepts;
    } const rows[] = {
        {DescriptorKind::tcp_stream, FileType::socket_stream, false},
        {DescriptorKind::tcp_listener, FileType::socket_stream, true},
        {DescriptorKind::udp_socket, FileType::socket_datagram, false},
        {DescriptorKind::icmp_socket, FileType::socket_datagram, false},
        {DescriptorKind::http_exchange, FileType::socket_stream, false},
        {DescriptorKind::terminal, FileType::character_device, false},
        {DescriptorKind::byte_stream, FileType::unknown, false},
    };
    for (const auto& row : rows) {
        add(row.kind);
        CHECK(number(fd_fdstat_get(state, last, {result_at})) == ok);
        const auto status = load<FdStat>(result_at);
        CHECK(status.file_type == row.type);
        CHECK(status.flags == 0);
        const Rights wanted = rights::fd_read | rights::fd_write | rights::poll_fd_readwrite |
                              rights::fd_fdstat_set_flags;
        CHECK((status.rights_base & wanted) == wanted);
        CHECK(((status.rights_base & rights::sock_accept) != 0) == row.accepts);
        CHECK((status.rights_base & (1 << 2 | 1 << 5)) == 0); // neither seek nor tell
        CHECK(number(fd_filestat_get(state, last, {result_at})) == ok);
        CHECK(load<FileStat>(result_at).file_type == row.type);
        CHECK(load<FileStat>(result_at).size == 0);
    }
    CHECK(number(fd_fdstat_get(state, {0}, {result_at})) == ok);
    CHECK((load<FdStat>(result_at).rights_base & rights::fd_write) == 0);
    CHECK(number(fd_fdstat_get(state, {99}, {result_at})) == badf);
    CHECK(number(fd_fdstat_get(state, {0}, {0xffffffe9})) == fault);
    CHECK(number(fd_filestat_get(
              state, {0}, {static_cast<std::uint32_t>(memory.contents.size() - 63)})) == fault);
}

TEST_CASE_FIXTURE(Plugin,
                  "NONBLOCK is set, told and cleared; APPEND is taken, other flags are not") {
    add(DescriptorKind::tcp_stream);
    CHECK(number(fd_fdstat_set_flags(state, last, fd_flags::non_blocking | fd_flags::append)) ==
          ok);
    CHECK(number(fd_fdstat_get(state, last, {result_at})) == ok);
    CHECK(load<FdStat>(result_at).flags == fd_flags::non_blocking);
    CHECK(number(fd_fdstat_set_flags(state, last, 0)) == ok);
    CHECK(number(fd_fdstat_get(state, last, {result_at})) == ok);
    CHECK(load<FdStat>(result_at).flags == 0);
    CHECK(number(fd_fdstat_set_flags(state, last, fd_flags::sync)) == inval);
    CHECK(number(fd_fdstat_set_flags(state, last, 0x8000)) == inval);
    CHECK(number(fd_fdstat_set_flags(state, {99}, 0)) == badf);
}

TEST_CASE_FIXTURE(Plugin,
                  "rights can be confirmed, not raised, and lowering them is not pretended") {
    CHECK(number(fd_fdstat_get(state, {1}, {result_at})) == ok);
    const Rights present = load<FdStat>(result_at).rights_base;
    CHECK(number(fd_fdstat_set_rights(state, {1}, present, 0)) == ok);
    CHECK(number(fd_fdstat_set_rights(state, {1}, present | 1, 0)) == notcapable);
    CHECK(number(fd_fdstat_set_rights(state, {1}, 0, 0)) == notsup);
}

TEST_CASE_FIXTURE(Plugin,
                  "no descriptor is a granted directory, so that libraries stop looking at 3") {
    add(DescriptorKind::tcp_stream);
    for (Fd fd : {Fd{0}, Fd{3}, Fd{4}}) {
        CHECK(number(fd_prestat_get(state, fd, {result_at})) == badf);
        CHECK(number(fd_prestat_dir_name(state, fd, {data_at, 1})) == badf);
    }
}

TEST_CASE_FIXTURE(
    Plugin, "what only files can do is refused with the errno of a pipe, a bad number with badf") {
    for (Fd fd : {Fd{1}, Fd{99}}) {
        auto expected = [&](int answer) { return fd.number == 99 ? badf : answer; };
        CHECK(number(fd_advise(state, fd, 0, 0, Advice::normal)) == expected(spipe));
        CHECK(number(fd_allocate(state, fd, 0, 1)) == expected(spipe));
        CHECK(number(fd_datasync(state, fd)) == expected(inval));
        CHECK(number(fd_sync(state, fd)) == expected(inval));
        CHECK(number(fd_filestat_set_size(state, fd, 0)) == expected(inval));
        CHECK(number(fd_filestat_set_times(state, fd, 0, 0, 0)) == expected(notsup));
        CHECK(number(fd_pread(state, fd, one(1), 0, result_pointer)) == expected(spipe));
        CHECK(number(fd_pwrite(state, fd, one(1), 0, result_pointer)) == expected(spipe));
        CHECK(number(fd_seek(state, fd, 0, Whence::current, {result_at})) == expected(spipe));
        CHECK(number(fd_tell(state, fd, {result_at})) == expected(spipe));
        CHECK(number(fd_readdir(state, fd, {data_at, 10}, 0, result_pointer)) ==
              expected(notcapable));
    }
}

TEST_CASE_FIXTURE(Plugin,
                  "every path call is notcapable from an open descriptor and badf from another") {
    const GuestSpan<char> path{data_at, 4};
    for (Fd fd : {Fd{0}, Fd{99}, Fd{-1}}) {
        const int expected = fd.number == 0 ? notcapable : badf;
        CHECK(number(path_create_directory(state, fd, path)) == expected);
        CHECK(number(path_filestat_get(state, fd, 0, path, {result_at})) == expected);
        CHECK(number(path_filestat_set_times(state, fd, 0, path, 0, 0, 0)) == expected);
        CHECK(number(path_link(state, fd, 0, path, fd, path)) == expected);
        CHECK(number(path_link(state, {0}, 0, path, fd, path)) == expected);
        CHECK(number(path_open(state, fd, 0, path, 0, 0, 0, 0, {result_at})) == expected);
        CHECK(number(path_readlink(state, fd, path, path, result_pointer)) == expected);
        CHECK(number(path_remove_directory(state, fd, path)) == expected);
        CHECK(number(path_rename(state, fd, path, {0}, path)) == expected);
        CHECK(number(path_symlink(state, path, fd, path)) == expected);
        CHECK(number(path_unlink_file(state, fd, path)) == expected);
    }
}

// --- reading and writing ---

TEST_CASE("what a plugin prints arrives whole, from any number of buffers") {
    auto out = std::make_shared<std::string>();
    Plugin plugin({.in = {}, .out = core::StdioSink::collect(out, 10'000), .error = {}});
    plugin.put(data_at, "hello, world");
    const auto list =
        plugin.iovecs({{data_at, 5}, {0, 0}, {data_at + 5, 7}, {0xffffffff - (0xffffffff - 1), 0}});
    CHECK(plugin.number(fd_write(plugin.state, {1}, list, result_pointer)) == ok);
    CHECK(plugin.result() == 12);
    CHECK(*out == "hello, world");
    CHECK(plugin.number(fd_write(plugin.state, {1}, {iovecs_at, 0}, result_pointer)) == ok);
    CHECK(plugin.result() == 0);
}

TEST_CASE("input is read into the buffers in turn, then its end is told") {
    Plugin plugin({.in = core::StdioSource::text("hello"), .out = {}, .error = {}});
    const auto list = plugin.iovecs({{data_at, 2}, {data_at + 100, 0}, {data_at + 10, 2}});
    CHECK(plugin.number(fd_read(plugin.state, {0}, list, result_pointer)) == ok);
    CHECK(plugin.result() == 4);
    CHECK(plugin.text(data_at, 2) == "he");
    CHECK(plugin.text(data_at + 10, 2) == "ll");
    CHECK(plugin.number(fd_read(plugin.state, {0}, plugin.one(100), result_pointer)) == ok);
    CHECK(plugin.result() == 1);
    CHECK(plugin.number(fd_read(plugin.state, {0}, plugin.one(100), result_pointer)) == ok);
    CHECK(plugin.result() == 0);
}

TEST_CASE("buffers outside memory are a fault and nothing is read or written") {
    auto out = std::make_shared<std::string>();
    Plugin plugin({.in = core::StdioSource::text("hello"),
                   .out = core::StdioSink::collect(out, 10'000),
                   .error = {}});
    const auto end = static_cast<std::uint32_t>(plugin.memory.contents.size());
    const std::vector<std::vector<Iovec>> wrong = {
        {{end, 1}},
        {{end - 4, 5}},
        {{0xffffffff, 1}},
        {{0xfffffff0, 0x20}}, // wraps to a good address
        {{data_at, 0xffffffff}},
        {{data_at, 4}, {end, 1}},
        {{end + 1, 0}},
    };
    for (const auto& list : wrong) {
        CHECK(plugin.number(fd_read(plugin.state, {0}, plugin.iovecs(list), result_pointer)) ==
              fault);
        CHECK(plugin.number(fd_write(plugin.state, {1}, plugin.iovecs(list), result_pointer)) ==
              fault);
    }
    CHECK(plugin.number(fd_read(plugin.state, {0}, {end - 7, 1}, result_pointer)) == fault);
    CHECK(plugin.number(fd_read(plugin.state, {0}, {0xfffffffc, 2}, result_pointer)) == fault);
    CHECK(plugin.number(fd_read(plugin.state, {0}, plugin.one(5), outside)) == fault);
    CHECK(plugin.number(fd_write(plugin.state, {1}, plugin.one(5), outside)) == fault);
    CHECK(out->empty());
    CHECK(plugin.number(fd_read(plugin.state, {0}, plugin.one(5), result_pointer)) == ok);
    CHECK(plugin.text(data_at, 5) == "hello");
}

TEST_CASE("a plugin without memory gets fault") {
    Plugin plugin;
    plugin.state.memory = nullptr;
    CHECK(plugin.number(fd_read(plugin.state, {0}, {0, 1}, result_pointer)) == fault);
    CHECK(plugin.number(poll_oneoff(plugin.state, {0}, {0}, 1, result_pointer)) == fault);
    CHECK(plugin.number(clock_time_get(plugin.state, ClockId::realtime, 0, {0})) == fault);
    CHECK(plugin.number(random_get(plugin.state, {0, 0})) == fault);
}

TEST_CASE("unaligned and zero addresses are addresses like any other") {
    Plugin plugin({.in = core::StdioSource::text("abc"), .out = {}, .error = {}});
    plugin.iovecs({{0, 3}});
    std::memmove(plugin.memory.contents.data() + iovecs_at + 1,
                 plugin.memory.contents.data() + iovecs_at, 8);
    CHECK(plugin.number(fd_read(plugin.state, {0}, {iovecs_at + 1, 1}, {result_at + 3})) == ok);
    CHECK(plugin.text(0, 3) == "abc");
    CHECK(plugin.load<std::uint32_t>(result_at + 3) == 3);
}

TEST_CASE("up to 1024 buffers are used, more are refused, without a look at them") {
    auto out = std::make_shared<std::string>();
    Plugin plugin({.in = {}, .out = core::StdioSink::collect(out, 10'000), .error = {}});
    plugin.put(data_at, "abc");
    const std::vector<Iovec> most(1024, Iovec{data_at, 3});
    CHECK(plugin.number(fd_write(plugin.state, {1}, plugin.iovecs(most), result_pointer)) == ok);
    CHECK(plugin.result() == 3072);
    CHECK(out->size() == 3072);
    CHECK(plugin.number(fd_write(plugin.state, {1}, {iovecs_at, 1025}, result_pointer)) == inval);
    CHECK(plugin.number(fd_write(plugin.state, {1}, {iovecs_at, 0x80000000}, result_pointer)) ==
          inval);
    CHECK(plugin.number(fd_read(plugin.state, {0}, {iovecs_at, 0x80000000}, result_pointer)) ==
          inval);
}

TEST_CASE("overlapping buffers are filled in turn; more bytes in all than a result can count are "
          "refused") {
    Plugin plugin({.in = core::StdioSource::text("abcd"), .out = {}, .error = {}});
    CHECK(plugin.number(fd_read(plugin.state, {0}, plugin.iovecs({{data_at, 3}, {data_at + 1, 1}}),
                                result_pointer)) == ok);
    CHECK(plugin.result() == 4);
    CHECK(plugin.text(data_at, 3) == "adc");

    plugin.memory.resize(std::size_t{16} << 20);
    const std::vector<Iovec> much(1024, Iovec{0, 16 << 20});
    CHECK(plugin.number(fd_read(plugin.state, {0}, plugin.iovecs(much), result_pointer)) == inval);
    CHECK(plugin.number(fd_write(plugin.state, {1}, plugin.iovecs(much), result_pointer)) == inval);
}

TEST_CASE_FIXTURE(Plugin, "a read waits for the first byte and writes it where memory is by then") {
    FakeSocket& socket = add(DescriptorKind::tcp_stream);
    const int answer = number(fd_read(state, last, one(100), result_pointer), [&] {
        memory.resize(memory.contents.size() * 4); // as memory.grow: the old place is gone
        socket.arrive("late");
    });
    CHECK(answer == ok);
    CHECK(result() == 4);
    CHECK(text(data_at, 4) == "late");
    CHECK(state.statistics.bytes_received == 4);
}

TEST_CASE_FIXTURE(Plugin, "a non-blocking descriptor answers again instead of waiting") {
    FakeSocket& socket = add(DescriptorKind::tcp_stream);
    CHECK(number(fd_fdstat_set_flags(state, last, fd_flags::non_blocking)) == ok);
    CHECK(number(fd_read(state, last, one(10), result_pointer)) == again);
    CHECK(number(fd_write(state, last, one(10), result_pointer)) == again);
    socket.make_room(4);
    CHECK(number(fd_write(state, last, one(10), result_pointer)) == ok);
    CHECK(result() == 4);
}

TEST_CASE_FIXTURE(Plugin, "a read without room returns at once") {
    add(DescriptorKind::tcp_stream);
    CHECK(number(fd_read(state, last, one(0), result_pointer)) == ok);
    CHECK(result() == 0);
    CHECK(number(fd_read(state, last, {iovecs_at, 0}, result_pointer)) == ok);
}

TEST_CASE_FIXTURE(
    Plugin, "a write that may wait goes on until everything is taken; an empty datagram is sent") {
    FakeSocket& stream = add(DescriptorKind::tcp_stream);
    put(data_at, "0123456789");
    stream.make_room(3);
    CHECK(number(fd_write(state, last, iovecs({{data_at, 2}, {data_at + 2, 8}}), result_pointer),
                 [&] { stream.make_room(100); }) == ok);
    CHECK(result() == 10);
    CHECK(stream.sent == "0123456789");
    CHECK(state.statistics.bytes_sent == 10);

    FakeSocket& datagrams = add(DescriptorKind::udp_socket);
    datagrams.make_room(1);
    CHECK(number(fd_write(state, last, {iovecs_at, 0}, result_pointer)) == ok);
    CHECK(datagrams.writes == 1);
}

TEST_CASE_FIXTURE(Plugin, "a call that is cancelled while it waits leaves nothing behind") {
    FakeSocket& socket = add(DescriptorKind::tcp_stream);
    {
        auto task = fd_read(state, last, one(10), result_pointer);
        task.start(loop);
        CHECK_FALSE(task.is_done());
        auto polling = poll_oneoff(state, {data_at}, {iovecs_at}, 1, result_pointer);
        put(data_at,
            {reinterpret_cast<const char*>(std::array{fd_wish(EventType::fd_read, last)}.data()),
             48});
        polling.start(loop);
        CHECK_FALSE(polling.is_done());
    }
    socket.arrive("x");
    CHECK(number(sched_yield(state)) == ok);
}

TEST_CASE("a plugin that prints into a full pipe waits while the loop runs on") {
    Pipe pipe;
    Plugin plugin({.in = {}, .out = core::StdioSink::inherit(pipe.write_end.get()), .error = {}});
    const std::size_t size = 200'000;
    std::size_t drained = 0;
    int turns = 0;
    auto reader = [](int fd, std::size_t wanted, std::size_t& count, int& turns) -> os::Task<> {
        char buffer[1000];
        while (count < wanted) {
            for (int i = 0; i < 3; ++i)
                co_await os::yield_now();
            ++turns;
            const ssize_t got = ::read(fd, buffer, sizeof buffer);
            if (got > 0) count += static_cast<std::size_t>(got);
        }
        co_return {};
    }(pipe.read_end.get(), size, drained, turns);
    ::fcntl(pipe.read_end.get(), F_SETFL, O_NONBLOCK);
    reader.start(plugin.loop);
    CHECK(plugin.number(fd_write(plugin.state, {1}, plugin.iovecs({{0, size}}), result_pointer)) ==
          ok);
    CHECK(plugin.result() == size);
    CHECK(turns > 50);
    plugin.loop.run_until([&] { return reader.is_done(); });
    CHECK(drained == size);

    pipe.read_end.reset();
    CHECK(plugin.number(fd_write(plugin.state, {1}, plugin.one(1), result_pointer)) == pipe_broken);
}

TEST_CASE("a plugin waits for its standard input while the loop runs on") {
    Pipe pipe;
    Plugin plugin({.in = core::StdioSource::inherit(pipe.read_end.get()), .out = {}, .error = {}});
    CHECK(plugin.number(fd_read(plugin.state, {0}, plugin.one(10), result_pointer),
                        [&] { REQUIRE(::write(pipe.write_end.get(), "typed", 5) == 5); }) == ok);
    CHECK(plugin.text(data_at, plugin.result()) == "typed");
    CHECK(plugin.number(fd_read(plugin.state, {0}, plugin.one(10), result_pointer),
                        [&] { pipe.write_end.reset(); }) == ok);
    CHECK(plugin.result() == 0);
}

// --- sockets ---

TEST_CASE_FIXTURE(Plugin, "sock_recv peeks, takes, and with WAITALL fills its buffers") {
    FakeSocket& socket = add(DescriptorKind::tcp_stream);
    const GuestPointer<ReceivedFlags> flags{result_at + 4};
    socket.arrive("abcdef");
    CHECK(number(sock_recv(state, last, one(4), receive_flags::peek, result_pointer, flags)) == ok);
    CHECK(result() == 4);
    CHECK(number(sock_recv(state, last, one(2), 0, result_pointer, flags)) == ok);
    CHECK(text(data_at, 2) == "ab");
    CHECK(number(sock_recv(state, last, iovecs({{data_at, 5}, {data_at + 5, 5}}),
                           receive_flags::wait_all, result_pointer, flags),
                 [&] { socket.arrive("ghijklmn"); }) == ok);
    CHECK(result() == 10);
    CHECK(text(data_at, 10) == "cdefghijkl");
    socket.end();
    CHECK(number(sock_recv(state, last, one(10), receive_flags::wait_all, result_pointer, flags)) ==
          ok);
    CHECK(result() == 2);
    CHECK(number(sock_recv(state, last, one(1), 4, result_pointer, flags)) == notsup);
    CHECK(number(sock_recv(state, last, one(1), 0, result_pointer, {0xffffffff})) == fault);
}

TEST_CASE_FIXTURE(Plugin,
                  "socket calls on a standard stream are notsock, on a closed number badf") {
    const GuestPointer<ReceivedFlags> flags{result_at + 4};
    for (Fd fd : {Fd{0}, Fd{50}}) {
        const int expected = fd.number == 0 ? notsock : badf;
        CHECK(number(sock_recv(state, fd, one(1), 0, result_pointer, flags)) == expected);
        CHECK(number(sock_send(state, fd, one(1), 0, result_pointer)) == expected);
        CHECK(number(sock_shutdown(state, fd, 1)) == expected);
        CHECK(number(sock_accept(state, fd, 0, result_pointer)) == expected);
    }
}

TEST_CASE_FIXTURE(Plugin, "sock_send takes no flags; sock_shutdown ends the halves it is told") {
    FakeSocket& socket = add(DescriptorKind::tcp_stream);
    socket.make_room(10);
    CHECK(number(sock_send(state, last, one(3), 0, result_pointer)) == ok);
    CHECK(number(sock_send(state, last, one(3), 1, result_pointer)) == notsup);
    CHECK(socket.sent.size() == 3);
    for (ShutdownFlags halves : {1, 2, 3})
        CHECK(number(sock_shutdown(state, last, halves)) == ok);
    CHECK(socket.halves == std::vector{os::Half::read, os::Half::write, os::Half::both});
    CHECK(number(sock_shutdown(state, last, 0)) == inval);
    CHECK(number(sock_shutdown(state, last, 4)) == inval);
}

TEST_CASE_FIXTURE(Plugin, "accept waits for a connection and gives it the smallest free number") {
    FakeSocket& listener = add(DescriptorKind::tcp_listener);
    CHECK(number(sock_accept(state, last, fd_flags::non_blocking, result_pointer),
                 [&] { listener.knock(); }) == ok);
    CHECK(result() == 4);
    CHECK((*state.descriptors.find(4))->is_non_blocking());
    CHECK(number(fd_fdstat_set_flags(state, last, fd_flags::non_blocking)) == ok);
    CHECK(number(sock_accept(state, last, 0, result_pointer)) == again);
    CHECK(number(sock_accept(state, {4}, 0, result_pointer)) == notsup);
    CHECK(number(sock_accept(state, last, fd_flags::append, result_pointer)) == inval);
}

TEST_CASE("with all descriptors in use no connection is taken only to be dropped") {
    core::Limits limits;
    limits.descriptors = 4;
    Plugin plugin({}, limits);
    FakeSocket& listener = plugin.add(DescriptorKind::tcp_listener);
    listener.knock();
    CHECK(plugin.number(sock_accept(plugin.state, plugin.last, 0, result_pointer)) == mfile);
    CHECK(listener.waiting == 1);
}

// --- poll_oneoff ---

TEST_CASE_FIXTURE(Plugin,
                  "a clock's event comes after its time, relative or absolute, on either clock") {
    for (ClockId clock : {ClockId::monotonic, ClockId::realtime}) {
        const auto started = os::Clock::now();
        auto polled = poll(*this, {clock_wish(clock, 20ms)});
        REQUIRE(polled.number == ok);
        REQUIRE(polled.events.size() == 1);
        CHECK(polled.events[0].user_data == 0xc10c);
        CHECK(polled.events[0].type == EventType::clock);
        CHECK(polled.events[0].error == 0);
        CHECK(os::Clock::now() - started >= 20ms);

        const auto id =
            clock == ClockId::monotonic ? os::SystemClock::monotonic : os::SystemClock::realtime;
        const auto moment = os::time_of(id) + 20ms;
        polled = poll(*this, {clock_wish(clock, moment, absolute_time)});
        CHECK(polled.events.size() == 1);
        CHECK(os::time_of(id) >= moment);
        polled = poll(*this, {clock_wish(clock, 0ns, absolute_time)});
        CHECK(polled.events.size() == 1);
    }
}

TEST_CASE_FIXTURE(Plugin,
                  "of several clocks the first decides, and the longest time does not overflow") {
    const auto polled =
        poll(*this, {clock_wish(ClockId::monotonic, -1ns), // 2^64 - 1
                     clock_wish(ClockId::realtime, -1ns, absolute_time),
                     clock_wish(ClockId::monotonic, 1ms), clock_wish(ClockId::monotonic, 0ns)});
    CHECK(polled.number == ok);
    CHECK(polled.events.size() >= 1);
    CHECK(polled.events.size() <= 2);
}

TEST_CASE_FIXTURE(
    Plugin, "a bad clock or descriptor is an event with an error, not a failure of the call") {
    const auto polled =
        poll(*this, {clock_wish(ClockId::thread_cpu_time, 1h), clock_wish(ClockId{9}, 1h),
                     fd_wish(EventType::fd_read, {77}, 3), fd_wish(EventType::fd_write, {0}, 4)});
    REQUIRE(polled.number == ok);
    REQUIRE(polled.events.size() == 4);
    CHECK(polled.events[0].error == notsup);
    CHECK(polled.events[1].error == inval);
    CHECK(polled.events[2].error == badf);
    CHECK(polled.events[2].user_data == 3);
    CHECK(polled.events[2].type == EventType::fd_read);
    CHECK(polled.events[3].error == notcapable);
}

TEST_CASE_FIXTURE(Plugin,
                  "everything that is ready is told in one answer, with bytes and hang-up") {
    FakeSocket& first = add(DescriptorKind::tcp_stream);
    const Fd first_fd = last;
    FakeSocket& second = add(DescriptorKind::tcp_stream);
    const Fd second_fd = last;
    first.arrive("abc");
    second.make_room(1);
    second.end();
    const auto polled =
        poll(*this,
             {fd_wish(EventType::fd_read, first_fd, 1), fd_wish(EventType::fd_write, first_fd, 2),
              fd_wish(EventType::fd_write, second_fd, 3), fd_wish(EventType::fd_read, second_fd, 4),
              fd_wish(EventType::fd_write, {1}, 5), clock_wish(ClockId::monotonic, 1h)});
    REQUIRE(polled.events.size() == 4);
    CHECK(polled.events[0].user_data == 1);
    CHECK(polled.events[0].bytes == 3);
    CHECK(polled.events[0].flags == 0);
    CHECK(polled.events[1].user_data == 3);
    CHECK(polled.events[2].user_data == 4);
    CHECK(polled.events[2].bytes == 0);
    CHECK(polled.events[2].flags == hung_up);
    CHECK(polled.events[3].user_data == 5);
}

TEST_CASE_FIXTURE(Plugin,
                  "a poll waits until one of many is ready and then asks only who had an event") {
    std::vector<Subscription> wishes;
    std::vector<FakeSocket*> sockets;
    for (int i = 0; i < 100; ++i) {
        sockets.push_back(&add(DescriptorKind::tcp_stream));
        wishes.push_back(fd_wish(EventType::fd_read, last, static_cast<std::uint64_t>(i)));
    }
    const auto polled = poll(*this, wishes, [&] { sockets[42]->arrive("x"); });
    REQUIRE(polled.events.size() == 1);
    CHECK(polled.events[0].user_data == 42);
    CHECK(sockets[41]->polls == 1);
    CHECK(sockets[42]->polls == 2);
}

TEST_CASE("a poll waits for a pipe and gives up at its deadline") {
    Pipe pipe;
    Plugin plugin({.in = core::StdioSource::inherit(pipe.read_end.get()), .out = {}, .error = {}});
    const std::vector wishes{fd_wish(EventType::fd_read, {0}), clock_wish(ClockId::monotonic, 5ms)};
    auto polled = poll(plugin, wishes);
    REQUIRE(polled.events.size() == 1);
    CHECK(polled.events[0].type == EventType::clock);

    const std::vector patient{fd_wish(EventType::fd_read, {0}), clock_wish(ClockId::monotonic, 1h)};
    polled = poll(plugin, patient, [&] { REQUIRE(::write(pipe.write_end.get(), "abc", 3) == 3); });
    REQUIRE(polled.events.size() == 1);
    CHECK(polled.events[0].type == EventType::fd_read);
    CHECK(polled.events[0].bytes == 3);
}

TEST_CASE_FIXTURE(Plugin,
                  "no subscriptions, too many, an unknown kind or bad pointers are refused") {
    auto ask = [&](std::uint32_t in, std::uint32_t out, std::uint32_t count, std::uint32_t events) {
        return number(poll_oneoff(state, {in}, {out}, count, {events}));
    };
    CHECK(ask(data_at, iovecs_at, 0, result_at) == inval);
    CHECK(ask(data_at, iovecs_at, 4097, result_at) == inval);
    CHECK(ask(data_at, iovecs_at, 0x80000000, result_at) == inval);
    const auto end = static_cast<std::uint32_t>(memory.contents.size());
    CHECK(ask(end - 47, iovecs_at, 1, result_at) == fault);
    CHECK(ask(data_at, end - 31, 1, result_at) == fault);
    CHECK(ask(data_at, iovecs_at, 1, end - 3) == fault);
    CHECK(ask(0xfffffff0, iovecs_at, 1, result_at) == fault);
    CHECK(ask(data_at, iovecs_at + 1, 4096, result_at) == fault);
    Subscription unknown;
    unknown.type = EventType{3};
    CHECK(poll(*this, {unknown}).number == inval);
}

TEST_CASE_FIXTURE(Plugin, "4096 subscriptions are served") {
    memory.resize(std::size_t{1} << 20);
    FakeSocket& socket = add(DescriptorKind::tcp_stream);
    const std::vector<Subscription> wishes(4096, fd_wish(EventType::fd_read, last));
    std::memcpy(memory.contents.data() + data_at, wishes.data(),
                wishes.size() * sizeof(Subscription));
    CHECK(number(poll_oneoff(state, {data_at}, {std::uint32_t{512} << 10}, 4096, result_pointer),
                 [&] { socket.arrive("x"); }) == ok);
    CHECK(result() == 4096);
}

TEST_SUITE_END();
