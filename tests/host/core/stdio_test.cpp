#include "core/stdio.hpp"
#include "os/fd.hpp"

#include <csignal>
#include <cstdlib>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <string>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace hws;
using namespace hws::host;
using core::Descriptor;
using os::Ready;

namespace {

struct Pair {
    os::Fd read_end;
    os::Fd write_end;
};

Pair make_pipe() {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    return {os::Fd(ends[0]), os::Fd(ends[1])};
}

/// A named pipe, which some kernels treat otherwise than an unnamed one.
Pair make_fifo() {
    char folder[] = "/tmp/hws_stdio_XXXXXX";
    REQUIRE(::mkdtemp(folder));
    const std::string path = std::string(folder) + "/fifo";
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    const int both = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    Pair ends{os::Fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC)),
              os::Fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC))};
    ::close(both);
    ::unlink(path.c_str());
    ::rmdir(folder);
    REQUIRE(ends.read_end.is_open());
    REQUIRE(ends.write_end.is_open());
    return ends;
}

Pair make_socket_pair() {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    return {os::Fd(ends[0]), os::Fd(ends[1])};
}

/// A terminal without echo or line editing: the slave is written, the master read.
Pair make_terminal() {
    os::Fd master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    REQUIRE(master.is_open());
    REQUIRE(::grantpt(master.get()) == 0);
    REQUIRE(::unlockpt(master.get()) == 0);
    os::Fd slave(::open(::ptsname(master.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
    REQUIRE(slave.is_open());
    return {std::move(master), std::move(slave)};
}

Result<std::size_t> write(Descriptor& to, std::string_view text) {
    const std::span<const std::byte> pieces[] = {std::as_bytes(std::span(text))};
    return to.try_write(pieces);
}

Result<std::string> read(Descriptor& from, std::size_t max) {
    std::string text(max, '\0');
    const std::span<std::byte> pieces[] = {std::as_writable_bytes(std::span(text))};
    HWS_TRY(const std::size_t count, from.try_read(pieces));
    text.resize(count);
    return text;
}

os::Task<> write_all(Descriptor& to, std::string_view text) {
    while (!text.empty()) {
        auto count = write(to, text);
        if (count) {
            text.remove_prefix(*count);
            continue;
        }
        if (count.error() != Errc::would_block) co_return std::unexpected(count.error());
        co_await to.readiness().until(Ready::write, os::no_deadline);
    }
    co_return {};
}

os::Task<std::string> read_all(Descriptor& from) {
    std::string all;
    for (;;) {
        auto piece = read(from, 1000);
        if (piece) {
            if (piece->empty()) co_return all;
            all += *piece;
            continue;
        }
        if (piece.error() != Errc::would_block) co_return std::unexpected(piece.error());
        co_await from.readiness().until(Ready::read, os::no_deadline);
    }
}

/// Reads `wanted` bytes by small pieces, giving way between them: on the thread of the one who
/// writes.
os::Task<std::size_t> drain_slowly(int fd, std::size_t wanted) {
    ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
    std::size_t count = 0;
    char buffer[3000];
    while (count < wanted) {
        for (int turn = 0; turn < 3; ++turn)
            co_await os::yield_now();
        const ssize_t got = ::read(fd, buffer, sizeof buffer);
        if (got > 0) count += static_cast<std::size_t>(got);
    }
    co_return count;
}

/// Lets everything on the loop run that can.
os::Task<> some_turns() {
    for (int turn = 0; turn < 5; ++turn)
        co_await os::yield_now();
    co_return {};
}

struct Loop {
    std::unique_ptr<os::Loop> owned = *os::Loop::create();
    os::Loop& loop = *owned;
};

} // namespace

TEST_CASE_FIXTURE(Loop, "by default there is no input, and output is taken and lost") {
    core::DescriptorTable table(8);
    REQUIRE(install_stdio(table, loop, {}));
    CHECK(table.open_count() == 3);
    CHECK(read(**table.find(0), 10) == "");
    CHECK(write(**table.find(1), "lost") == 4);
    CHECK(write(**table.find(2), "lost") == 4);
}

TEST_CASE_FIXTURE(Loop, "a table too small for three streams is refused") {
    core::DescriptorTable table(2);
    CHECK(install_stdio(table, loop, {}).error() == Errc::bad_handle);
}

TEST_CASE_FIXTURE(Loop, "a standard stream goes one way") {
    auto in = core::StdioSource::text("x").open(loop);
    auto out = core::StdioSink().open(loop);
    CHECK(in->directions() == Ready::read);
    CHECK(out->directions() == Ready::write);
    CHECK(write(*in, "x").error() == Errc::not_capable);
    CHECK(read(*out, 1).error() == Errc::not_capable);
    CHECK(in->poll_now(Ready::both) == Ready::read);
    CHECK(out->poll_now(Ready::both) == Ready::write);

    const Pair pipe = make_pipe();
    auto inherited = core::StdioSource::inherit(pipe.read_end.get()).open(loop);
    CHECK(write(*inherited, "x").error() == Errc::not_capable);
}

TEST_CASE_FIXTURE(Loop,
                  "a text is read piece by piece, then its end; every plugin gets all of it") {
    const auto source = core::StdioSource::text("hello");
    for (int plugin = 0; plugin < 2; ++plugin) {
        auto in = source.open(loop);
        CHECK(in->readable_bytes() == 5);
        CHECK(read(*in, 3) == "hel");
        CHECK_FALSE(in->has_hung_up());
        CHECK(read(*in, 3) == "lo");
        CHECK(read(*in, 3) == "");
        CHECK(in->has_hung_up());
    }
}

TEST_CASE_FIXTURE(Loop, "a callback gets each piece that is written") {
    std::string all;
    auto out = core::StdioSink::call([&](std::string_view piece) { all += piece; }).open(loop);
    CHECK(write(*out, "one,") == 4);
    CHECK(write(*out, "two") == 3);
    CHECK(all == "one,two");
}

TEST_CASE_FIXTURE(Loop, "a collecting sink takes no more than its bound") {
    auto text = std::make_shared<std::string>();
    auto out = core::StdioSink::collect(text, 5).open(loop);
    CHECK(write(*out, "abcd") == 4);
    CHECK(write(*out, "ef").error() == Errc::no_buffers);
    CHECK(write(*out, "e") == 1);
    CHECK(*text == "abcde");
}

TEST_CASE_FIXTURE(Loop, "a number that is not open gives no input and takes output") {
    const int closed = 999;
    CHECK(read(*core::StdioSource::inherit(closed).open(loop), 1) == "");
    CHECK(write(*core::StdioSink::inherit(closed).open(loop), "x") == 1);
}

TEST_CASE_FIXTURE(Loop, "regular files and /dev/null are always ready") {
    os::Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    auto in = core::StdioSource::inherit(null.get()).open(loop);
    auto out = core::StdioSink::inherit(null.get()).open(loop);
    CHECK(in->kind() == core::DescriptorKind::byte_stream);
    CHECK(in->poll_now(Ready::read) == Ready::read);
    CHECK(read(*in, 10) == "");
    CHECK(write(*out, "x") == 1);

    os::Fd file(::memfd_create("hws", MFD_CLOEXEC));
    auto to = core::StdioSink::inherit(file.get()).open(loop);
    const std::string text(100'000, 't');
    CHECK(write(*to, text) == text.size());
    ::lseek(file.get(), 0, SEEK_SET);
    auto from = core::StdioSource::inherit(file.get()).open(loop);
    CHECK(from->poll_now(Ready::read) == Ready::read);
    CHECK(os::run(loop, read_all(*from)) == text);
}

TEST_CASE_FIXTURE(Loop, "an empty pipe makes the reader wait, not the loop, and keeps its flags") {
    Pair kinds[] = {make_pipe(), make_fifo(), make_socket_pair()};
    for (Pair& pipe : kinds) {
        auto in = core::StdioSource::inherit(pipe.read_end.get()).open(loop);
        CHECK(read(*in, 10).error() == Errc::would_block);
        CHECK(in->poll_now(Ready::read) == Ready::none);

        auto all = read_all(*in);
        all.start(loop);
        CHECK(os::run(loop, some_turns()));
        CHECK_FALSE(all.is_done());
        REQUIRE(::write(pipe.write_end.get(), "hello", 5) == 5);
        CHECK(os::run(loop, some_turns()));
        CHECK_FALSE(all.is_done());
        pipe.write_end.reset();
        loop.run_until([&] { return all.is_done(); });
        CHECK(all.take_result() == "hello");
        CHECK(in->has_hung_up());
        CHECK((::fcntl(pipe.read_end.get(), F_GETFL) & O_NONBLOCK) == 0);
    }
}

TEST_CASE_FIXTURE(Loop, "a slow reader makes the writer wait, not the loop") {
    const std::string text(300'000, 'w');
    // The reader runs on the same thread: a write that blocked would never end.
    Pair kinds[] = {make_pipe(), make_fifo(), make_socket_pair(), make_terminal()};
    for (Pair& pipe : kinds) {
        auto out = core::StdioSink::inherit(pipe.write_end.get()).open(loop);
        auto reader = drain_slowly(pipe.read_end.get(), text.size());
        reader.start(loop);
        CHECK(os::run(loop, write_all(*out, text)));
        loop.run_until([&] { return reader.is_done(); });
        CHECK(reader.take_result() == text.size());
        CHECK((::fcntl(pipe.write_end.get(), F_GETFL) & O_NONBLOCK) == 0);
    }
}

TEST_CASE_FIXTURE(
    Loop, "many plugins of one loop wait for the same pipe, and each byte goes to one of them") {
    Pair pipe = make_pipe();
    const auto source = core::StdioSource::inherit(pipe.read_end.get());
    std::vector<std::unique_ptr<Descriptor>> plugins;
    std::vector<os::Task<std::string>> readers;
    for (int i = 0; i < 10; ++i)
        plugins.push_back(source.open(loop));
    for (auto& plugin : plugins) {
        readers.push_back(read_all(*plugin));
        readers.back().start(loop);
    }
    REQUIRE(::write(pipe.write_end.get(), "0123456789", 10) == 10);
    pipe.write_end.reset();
    std::size_t count = 0;
    for (auto& reader : readers) {
        loop.run_until([&] { return reader.is_done(); });
        count += reader.take_result()->size();
    }
    CHECK(count == 10);
}

TEST_CASE_FIXTURE(Loop, "writing where nobody reads is broken_pipe and raises no signal") {
    // The test runs with SIGPIPE's own disposition: a signal would end it.
    ::signal(SIGPIPE, SIG_DFL);
    Pair kinds[] = {make_pipe(), make_fifo(), make_socket_pair()};
    for (Pair& pipe : kinds) {
        auto out = core::StdioSink::inherit(pipe.write_end.get()).open(loop);
        pipe.read_end.reset();
        CHECK(write(*out, "x").error() == Errc::broken_pipe);
        CHECK(out->poll_now(Ready::write) == Ready::write);
        CHECK(out->has_hung_up());
        sigset_t pending;
        ::sigpending(&pending);
        CHECK(::sigismember(&pending, SIGPIPE) == 0);
        sigset_t blocked;
        ::pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
        CHECK(::sigismember(&blocked, SIGPIPE) == 0);
    }
}

TEST_CASE_FIXTURE(Loop, "a terminal is known as one") {
    const Pair terminal = make_terminal();
    auto out = core::StdioSink::inherit(terminal.write_end.get()).open(loop);
    CHECK(out->kind() == core::DescriptorKind::terminal);
    CHECK(write(*out, "x") == 1);
}

TEST_CASE_FIXTURE(Loop, "the number of bytes waiting in a pipe is told") {
    const Pair pipe = make_pipe();
    auto in = core::StdioSource::inherit(pipe.read_end.get()).open(loop);
    REQUIRE(::write(pipe.write_end.get(), "hello", 5) == 5);
    CHECK(in->readable_bytes() == 5);
}
