// Unix sockets with names in dialect v2: what they do, and what a plugin cannot reach through them.

#include "support/temporary_folder.hpp"
#include "v2_fixture.hpp"

#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <sys/un.h>

namespace hws::test {
namespace {

using abi::v2::Received;
using abi::v2::UnixEnd;
namespace files = std::filesystem;

constexpr int not_found = 44, busy = 10, no_buffers = 42, not_permitted = 63, wrong_type = 67;
constexpr std::uint32_t name_at = 512, length_at = 768;

const std::string abstract_word = std::string(1, '\0') + "hws-v2-unix-test-" + std::to_string(::getpid());

/// A plugin that may use one folder, beside another that it may not.
struct UnixPlugin : Plugin {
    explicit UnixPlugin(std::vector<std::string> more = {}, core::Limits limits = {})
        : UnixPlugin(std::make_unique<TemporaryFolder>(), std::move(more), limits) {}
    UnixPlugin(std::unique_ptr<TemporaryFolder> made, std::vector<std::string> more,
               core::Limits limits)
        : Plugin(rules(files::canonical(made->path()), std::move(more)), limits),
          owned_folder(std::move(made)), root(files::canonical(owned_folder->path())) {}

    static std::vector<std::string> rules(const files::path& root, std::vector<std::string> more) {
        files::create_directory(root / "in");
        files::create_directory(root / "out");
        more.push_back("allow unix:" + (root / "in/*").string());
        more.push_back("allow unix-listen:" + (root / "in/*").string());
        return more;
    }
    std::string in(std::string_view file) const { return (root / "in" / file).string(); }
    std::string out(std::string_view file) const { return (root / "out" / file).string(); }

    GuestSpan<const char> named(std::string_view name) {
        put(name_at, name);
        return {name_at, static_cast<std::uint32_t>(name.size())};
    }
    Fd stream(std::uint32_t flags = 0) { return open(SocketType::stream, Family::local, flags); }
    Fd datagrams(std::uint32_t flags = 0) { return open(SocketType::datagram, Family::local, flags); }
    int bind_to(Fd fd, std::string_view name) {
        return number(v2::unix_bind(state, fd, named(name)));
    }
    int connect_to(Fd fd, std::string_view name) {
        return number(v2::unix_connect(state, fd, named(name)));
    }
    int remove(std::string_view path) { return number(v2::unix_remove(state, named(path))); }
    int send_to(Fd fd, std::string_view what, std::string_view to) {
        put(data_at, what);
        const auto list = iovecs({{data_at, static_cast<std::uint32_t>(what.size())}});
        return number(v2::unix_send(state, fd, list, 0, named(to), {result_at}));
    }
    /// Of a task that runs already.
    int outcome_of(os::Task<>& task) {
        const auto until_done = [&]() -> os::Task<> {
            while (!task.is_done())
                co_await os::sleep_until(loop, os::deadline_after(1ms));
            co_return Result<void>();
        };
        REQUIRE(number(until_done()) == ok);
        return number(task.take_result());
    }
    Fd listening_at(std::string_view name) {
        const Fd fd = stream();
        REQUIRE(bind_to(fd, name) == ok);
        REQUIRE(number(v2::socket_listen(state, fd, 4)) == ok);
        return fd;
    }
    Fd accepted(Fd listener) {
        REQUIRE(number(v2::socket_accept(state, listener, 0, {result_at}, {})) == ok);
        return load<Fd>(result_at);
    }
    std::string name_of(Fd fd, UnixEnd end) {
        REQUIRE(number(v2::unix_name(state, fd, end, {name_at, 128}, {length_at})) == ok);
        return text(name_at, load<std::uint32_t>(length_at));
    }

    std::unique_ptr<TemporaryFolder> owned_folder;
    files::path root;
};

/// A socket of the test's own process at a path.
NativeSocket native_at(const std::string& path, int type, int backlog = 4) {
    NativeSocket socket(type, AF_UNIX);
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    REQUIRE(path.size() < sizeof name.sun_path);
    path.copy(name.sun_path, path.size());
    REQUIRE(::bind(socket.get(), reinterpret_cast<sockaddr*>(&name), sizeof name) == 0);
    if (type == SOCK_STREAM) REQUIRE(::listen(socket.get(), backlog) == 0);
    return socket;
}

TEST_CASE("a stream connects to a native server by its path, and both hear each other") {
    UnixPlugin plugin;
    NativeSocket server = native_at(plugin.in("server"), SOCK_STREAM);
    const Fd fd = plugin.stream();
    REQUIRE(plugin.connect_to(fd, plugin.in("server")) == ok);
    NativeSocket connection = server.accept();
    CHECK(plugin.send(fd, "question").bytes == 8);
    CHECK(connection.receive() == "question");
    connection.send("answer");
    CHECK(plugin.receive(fd).text == "answer");
    CHECK(plugin.name_of(fd, UnixEnd::peer) == plugin.in("server"));
    CHECK(plugin.name_of(fd, UnixEnd::local).empty());
    connection.close();
    CHECK(plugin.receive(fd).bytes == 0);
}

TEST_CASE("a native client finds a plugin that listens, and the name it was given is told as it was") {
    UnixPlugin plugin;
    const std::string spelled = plugin.root.string() + "//in/./mine";
    const Fd listener = plugin.listening_at(spelled);
    CHECK(plugin.name_of(listener, UnixEnd::local) == spelled);
    CHECK(files::is_socket(plugin.in("mine")));
    const Fd client = plugin.stream();
    REQUIRE(plugin.connect_to(client, plugin.in("mine")) == ok);
    const Fd server = plugin.accepted(listener);
    CHECK(plugin.name_of(client, UnixEnd::peer) == plugin.in("mine"));
    CHECK(plugin.name_of(server, UnixEnd::local) == spelled);
    CHECK(plugin.name_of(server, UnixEnd::peer).empty());
}

TEST_CASE("a path outside of the rules is denied, and nobody there notices") {
    UnixPlugin plugin;
    NativeSocket canary = native_at(plugin.out("canary"), SOCK_STREAM);
    NativeSocket datagram_canary = native_at(plugin.out("datagrams"), SOCK_DGRAM);
    for (const std::string& path :
         {plugin.out("canary"), plugin.in("../out/canary"), plugin.in("x/../../out/canary"),
          plugin.root.string() + "/in/.././out/canary"}) {
        CHECK(plugin.connect_to(plugin.stream(), path) == denied);
        CHECK(plugin.connect_to(plugin.datagrams(), path) == denied);
    }
    CHECK(plugin.send_to(plugin.datagrams(), "x", plugin.out("datagrams")) == denied);
    CHECK(plugin.bind_to(plugin.stream(), plugin.out("new")) == denied);
    CHECK(plugin.bind_to(plugin.stream(), plugin.in("../out/new")) == denied);
    CHECK(plugin.remove(plugin.out("canary")) == denied);
    CHECK(plugin.connect_to(plugin.stream(), abstract_word) == denied);
    CHECK(plugin.bind_to(plugin.stream(), abstract_word) == denied);
    CHECK(plugin.bind_to(plugin.stream(), "") == denied);
    CHECK_FALSE(files::exists(plugin.out("new")));
    CHECK_FALSE(canary.has_visitor());
    CHECK_FALSE(datagram_canary.has_datagram());
    CHECK(plugin.denials.size() == 15);
}

TEST_CASE("whether a denied path exists is not told") {
    UnixPlugin plugin;
    const Fd fd = plugin.stream();
    REQUIRE(plugin.connect_to(fd, plugin.out("nothing")) == denied);
    const std::string of_nothing = plugin.last_error();
    NativeSocket canary = native_at(plugin.out("something"), SOCK_STREAM);
    REQUIRE(plugin.connect_to(fd, plugin.out("something")) == denied);
    CHECK(plugin.last_error() == of_nothing);
}

TEST_CASE("a symbolic link leads nowhere that the rules do not allow") {
    UnixPlugin plugin;
    NativeSocket canary = native_at(plugin.out("canary"), SOCK_STREAM);
    NativeSocket datagram_canary = native_at(plugin.out("datagrams"), SOCK_DGRAM);
    files::create_symlink("../out/canary", plugin.in("link"));
    files::create_symlink(plugin.out("datagrams"), plugin.in("datagrams"));
    files::create_directory_symlink(plugin.root / "out", plugin.in("folder"));
    CHECK(plugin.connect_to(plugin.stream(), plugin.in("link")) == denied);
    REQUIRE(!plugin.denials.empty());
    CHECK(plugin.denials.back() == "test unix " + plugin.out("canary") +
                                       ": no rule allows it; that is where " + plugin.in("link") +
                                       " leads");
    CHECK(plugin.send_to(plugin.datagrams(), "x", plugin.in("datagrams")) == denied);
    CHECK_FALSE(canary.has_visitor());
    CHECK_FALSE(datagram_canary.has_datagram());

    // A rule that reaches through a folder which is a link: the folder's real place counts as well.
    Plugin through({"allow unix:" + plugin.in("folder/*"), "allow unix-listen:" + plugin.in("folder/*")});
    const Fd fd = through.open(SocketType::stream, Family::local);
    const auto named = [&](const std::string& name) {
        through.put(name_at, name);
        return GuestSpan<const char>{name_at, static_cast<std::uint32_t>(name.size())};
    };
    CHECK(through.number(v2::unix_connect(through.state, fd, named(plugin.in("folder/canary")))) == denied);
    CHECK(through.number(v2::unix_bind(through.state, fd, named(plugin.in("folder/new")))) == denied);
    CHECK(through.number(v2::unix_remove(through.state, named(plugin.in("folder/canary")))) == denied);
    CHECK_FALSE(files::exists(plugin.out("new")));
    CHECK(files::exists(plugin.out("canary")));
    CHECK_FALSE(canary.has_visitor());
}

TEST_CASE("a link to an allowed path is followed, and a deny rule holds for where it leads") {
    UnixPlugin plugin;
    NativeSocket server = native_at(plugin.in("server"), SOCK_STREAM);
    files::create_symlink("server", plugin.in("alias"));
    CHECK(plugin.connect_to(plugin.stream(), plugin.in("alias")) == ok);
    Plugin narrowed({"allow unix:" + plugin.in("*"), "deny unix:" + plugin.in("server")});
    narrowed.put(name_at, plugin.in("alias"));
    const Fd fd = narrowed.open(SocketType::stream, Family::local);
    CHECK(narrowed.number(v2::unix_connect(
              narrowed.state, fd,
              {name_at, static_cast<std::uint32_t>(plugin.in("alias").size())})) == denied);
    files::create_symlink("circle", plugin.in("circle"));
    CHECK(plugin.connect_to(plugin.stream(), plugin.in("circle")) == 32); // ELOOP
}

TEST_CASE("a link is never bound to, nor what it points at") {
    UnixPlugin plugin;
    files::create_symlink(plugin.out("target"), plugin.in("dangling"));
    CHECK(plugin.bind_to(plugin.stream(), plugin.in("dangling")) == address_in_use);
    CHECK(plugin.remove(plugin.in("dangling")) == not_permitted);
    CHECK_FALSE(files::exists(plugin.out("target")));
    CHECK(files::is_symlink(plugin.in("dangling")));
}

TEST_CASE("what is no socket is neither connected to, bound over nor removed") {
    UnixPlugin plugin;
    plugin.owned_folder->write("in/file", "precious");
    files::create_directory(plugin.in("folder"));
    REQUIRE(::mkfifo(plugin.in("fifo").c_str(), 0600) == 0);
    for (const char* name : {"file", "folder", "fifo"}) {
        CHECK(plugin.connect_to(plugin.stream(), plugin.in(name)) == refused);
        CHECK(plugin.bind_to(plugin.stream(), plugin.in(name)) == address_in_use);
        CHECK(plugin.remove(plugin.in(name)) == not_permitted);
    }
    CHECK(read_file(plugin.in("file")) == "precious");
    CHECK(plugin.remove(plugin.in("nothing")) == not_found);
    CHECK(plugin.connect_to(plugin.stream(), plugin.in("nothing")) == not_found);
}

TEST_CASE("a plugin removes its own file and one that nobody has open, and no other") {
    UnixPlugin plugin;
    NativeSocket stream = native_at(plugin.in("stream"), SOCK_STREAM);
    NativeSocket datagrams = native_at(plugin.in("datagrams"), SOCK_DGRAM);
    NativeSocket packets = native_at(plugin.in("packets"), SOCK_SEQPACKET);
    NativeSocket unheard(SOCK_STREAM, AF_UNIX);
    for (const char* name : {"stream", "datagrams", "packets"})
        CHECK(plugin.remove(plugin.in(name)) == busy);
    CHECK_FALSE(stream.has_visitor());
    stream.close(), datagrams.close(), packets.close();
    for (const char* name : {"stream", "datagrams", "packets"}) {
        CHECK(plugin.remove(plugin.in(name)) == ok);
        CHECK_FALSE(files::exists(plugin.in(name)));
    }
    const Fd mine = plugin.listening_at(plugin.in("mine"));
    CHECK(plugin.bind_to(plugin.stream(), plugin.in("mine")) == address_in_use);
    CHECK(plugin.remove(plugin.in("mine")) == ok);
    CHECK(plugin.bind_to(plugin.stream(), plugin.in("mine")) == ok);
    CHECK(plugin.close(mine) == ok);
    CHECK(files::is_socket(plugin.in("mine")));
}

TEST_CASE("what a plugin has bound goes with it, and nothing that took its place") {
    TemporaryFolder folder;
    const files::path root = files::canonical(folder.path());
    const auto name = [&](const char* file) { return (root / file).string(); };
    {
        Plugin plugin({"allow unix-listen:" + (root / "*").string()});
        for (const char* file : {"open", "closed", "replaced"}) {
            const std::string path = name(file);
            plugin.put(name_at, path);
            const Fd fd = plugin.open(SocketType::stream, Family::local);
            REQUIRE(plugin.number(v2::unix_bind(plugin.state, fd,
                                                {name_at, static_cast<std::uint32_t>(path.size())})) ==
                    ok);
            if (file != std::string_view("open")) CHECK(plugin.close(fd) == ok);
        }
        files::remove(name("replaced"));
        folder.write("replaced", "somebody else's");
    }
    CHECK_FALSE(files::exists(name("open")));
    CHECK_FALSE(files::exists(name("closed")));
    CHECK(read_file(name("replaced")) == "somebody else's");
}

TEST_CASE("a plugin has a bounded number of files") {
    core::Limits limits;
    limits.unix_files = 2;
    UnixPlugin plugin({}, limits);
    for (const char* name : {"1", "2"}) {
        const Fd fd = plugin.stream();
        CHECK(plugin.bind_to(fd, plugin.in(name)) == ok);
        CHECK(plugin.close(fd) == ok);
    }
    CHECK(plugin.bind_to(plugin.stream(), plugin.in("3")) == no_buffers);
    CHECK_FALSE(files::exists(plugin.in("3")));
    files::remove(plugin.in("1")); // by somebody else
    CHECK(plugin.bind_to(plugin.stream(), plugin.in("3")) == ok);
}

TEST_CASE("datagrams go by path and come with the sender's name, cut to the room there is") {
    UnixPlugin plugin;
    NativeSocket native = native_at(plugin.in("native"), SOCK_DGRAM);
    const Fd mine = plugin.datagrams(), unnamed = plugin.datagrams();
    REQUIRE(plugin.bind_to(mine, plugin.in("mine")) == ok);
    CHECK(plugin.send_to(mine, "hello", plugin.in("native")) == ok);
    char text[16];
    sockaddr_un from{};
    socklen_t size = sizeof from;
    CHECK(::recvfrom(native.get(), text, sizeof text, 0, reinterpret_cast<sockaddr*>(&from), &size) == 5);
    CHECK(from.sun_path == plugin.in("mine")); // so that a native peer can answer
    CHECK(::sendto(native.get(), "answer", 6, 0, reinterpret_cast<sockaddr*>(&from), size) == 6);

    const auto receive = [&](std::uint32_t room) {
        const auto list = plugin.iovecs({{data_at, 64}});
        CHECK(plugin.number(v2::unix_receive(plugin.state, mine, list, 0, {result_at}, {name_at, room},
                                             {length_at})) == ok);
        const auto received = plugin.load<Received>(result_at);
        CHECK(received.sender.family ==
              (plugin.load<std::uint32_t>(length_at) > 0 ? static_cast<int>(Family::local) : 0));
        return plugin.text(data_at, received.bytes);
    };
    CHECK(receive(128) == "answer");
    CHECK(plugin.text(name_at, plugin.load<std::uint32_t>(length_at)) == plugin.in("native"));
    CHECK(plugin.send_to(unnamed, "anonymous", plugin.in("mine")) == ok);
    CHECK(receive(128) == "anonymous");
    CHECK(plugin.load<std::uint32_t>(length_at) == 0);
    CHECK(plugin.send_to(mine, "to myself", plugin.in("mine")) == ok);
    plugin.put(name_at, "....");
    CHECK(receive(2) == "to myself");
    CHECK(plugin.load<std::uint32_t>(length_at) == plugin.in("mine").size());
    CHECK(plugin.text(name_at, 4) == plugin.in("mine").substr(0, 2) + "..");
    CHECK(plugin.send_to(plugin.stream(), "x", plugin.in("native")) == notsup);
    CHECK(plugin.connect_to(plugin.datagrams(), plugin.in("mine")) == ok);
    CHECK(plugin.connect_to(plugin.stream(), plugin.in("mine")) == wrong_type);
}

std::size_t open_descriptors() {
    const files::directory_iterator all("/proc/self/fd");
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

/// Sends a descriptor along with a byte.
void send_descriptor(int socket, int descriptor) {
    char byte = 'x';
    iovec one{&byte, 1};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))]{};
    msghdr message{};
    message.msg_iov = &one, message.msg_iovlen = 1;
    message.msg_control = control, message.msg_controllen = sizeof control;
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET, header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
    REQUIRE(::sendmsg(socket, &message, 0) == 1);
}

TEST_CASE("a descriptor that somebody sends along comes neither to the plugin nor to this process") {
    UnixPlugin plugin;
    NativeSocket server = native_at(plugin.in("server"), SOCK_STREAM);
    NativeSocket sender = native_at(plugin.in("sender"), SOCK_DGRAM);
    const Fd stream = plugin.stream(), datagrams = plugin.datagrams();
    REQUIRE(plugin.connect_to(stream, plugin.in("server")) == ok);
    NativeSocket connection = server.accept();
    REQUIRE(plugin.bind_to(datagrams, plugin.in("mine")) == ok);
    REQUIRE(plugin.set(datagrams, Option::timestamp, 1) == ok);
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    plugin.in("mine").copy(name.sun_path, sizeof name.sun_path - 1);
    REQUIRE(::connect(sender.get(), reinterpret_cast<sockaddr*>(&name), sizeof name) == 0);
    const std::size_t before = open_descriptors();
    for (int i = 0; i < 4; ++i) {
        send_descriptor(connection.get(), 0);
        send_descriptor(sender.get(), 0);
    }
    const auto list = plugin.iovecs({{data_at, 16}});
    CHECK(plugin.number(v2::socket_receive(plugin.state, stream, list, 0, {result_at})) == ok);
    CHECK(plugin.number(v2::socket_receive_with(plugin.state, stream, list, 0, {result_at}, {2048})) == ok);
    CHECK(plugin.number(v2::socket_receive(plugin.state, datagrams, list, 0, {result_at})) == ok);
    CHECK(plugin.number(v2::socket_receive_with(plugin.state, datagrams, list, 0, {result_at}, {2048})) ==
          ok);
    CHECK(plugin.number(v2::unix_receive(plugin.state, datagrams, list, 0, {result_at}, {name_at, 128},
                                         {length_at})) == ok);
    abi::v2::Message message;
    message.buffers = list.address, message.buffer_count = 1;
    plugin.put_value(messages_at, message);
    CHECK(plugin.number(v2::receive_batch(plugin.state, datagrams, {messages_at, 1}, 0, 0,
                                          {result_at})) == ok);
    CHECK(open_descriptors() == before);
}

TEST_CASE("a waiting connect comes through as soon as a full listener has room") {
    UnixPlugin plugin;
    NativeSocket server = native_at(plugin.in("server"), SOCK_STREAM, 0);
    const Fd first = plugin.stream();
    REQUIRE(plugin.connect_to(first, plugin.in("server")) == ok);
    const Fd eager = plugin.stream(abi::v2::open_flags::non_blocking);
    CHECK(plugin.connect_to(eager, plugin.in("server")) == again);
    const Fd patient = plugin.stream();
    CHECK(plugin.set(patient, Option::send_timeout, 20'000'000) == ok);
    CHECK(plugin.connect_to(patient, plugin.in("server")) == again);
    CHECK(plugin.set(patient, Option::send_timeout, 0) == ok);
    auto waiting = v2::unix_connect(plugin.state, patient, plugin.named(plugin.in("server")));
    waiting.start(plugin.loop);
    CHECK_FALSE(waiting.is_done());
    NativeSocket taken = server.accept();
    CHECK(plugin.outcome_of(waiting) == ok);
}

TEST_CASE("a waiting datagram goes as soon as its receiver has room") {
    UnixPlugin plugin;
    NativeSocket native = native_at(plugin.in("native"), SOCK_DGRAM);
    const Fd fd = plugin.datagrams(abi::v2::open_flags::non_blocking);
    int sent = 0, last = ok;
    while (last == ok && sent < 100'000) {
        last = plugin.send_to(fd, "x", plugin.in("native"));
        sent += last == ok;
    }
    REQUIRE(last == again);
    plugin.set_non_blocking(fd, false);
    const auto list = plugin.iovecs({{data_at, 1}});
    auto waiting = v2::unix_send(plugin.state, fd, list, 0, plugin.named(plugin.in("native")), {result_at});
    waiting.start(plugin.loop);
    CHECK_FALSE(waiting.is_done());
    CHECK(native.receive() == "x");
    CHECK(plugin.outcome_of(waiting) == ok);
}

TEST_CASE("abstract names are reached where a rule says so") {
    UnixPlugin plugin({"allow unix:@" + abstract_word.substr(1) + "*",
                       "allow unix-listen:@" + abstract_word.substr(1) + "*"});
    const Fd listener = plugin.listening_at(abstract_word + "-a");
    CHECK(plugin.name_of(listener, UnixEnd::local) == abstract_word + "-a");
    CHECK(plugin.connect_to(plugin.stream(), abstract_word + "-a") == ok);
    CHECK(plugin.connect_to(plugin.stream(), abstract_word + "-b") == refused);
    CHECK(plugin.bind_to(plugin.datagrams(), "") == denied);
    Plugin free({"allow unix-listen:@*"});
    const Fd fd = free.open(SocketType::datagram, Family::local);
    CHECK(free.number(v2::unix_bind(free.state, fd, {})) == ok);
    CHECK(free.number(v2::unix_name(free.state, fd, UnixEnd::local, {name_at, 128}, {length_at})) == ok);
    CHECK(free.load<std::uint32_t>(length_at) == 6);
}

TEST_CASE("mistakes with names are told apart, and other sockets have none") {
    UnixPlugin plugin;
    const Fd fd = plugin.stream(), inet = plugin.open();
    CHECK(plugin.bind_to(inet, plugin.in("x")) == family_wrong);
    CHECK(plugin.connect_to(inet, plugin.in("x")) == family_wrong);
    CHECK(plugin.number(v2::unix_name(plugin.state, inet, UnixEnd::local, {name_at, 8}, {length_at})) ==
          family_wrong);
    CHECK(plugin.number(v2::unix_name(plugin.state, fd, UnixEnd::peer, {name_at, 8}, {length_at})) ==
          notconn);
    CHECK(plugin.number(v2::unix_name(plugin.state, fd, UnixEnd{3}, {name_at, 8}, {length_at})) == inval);
    CHECK(plugin.connect_to(fd, "") == inval);
    CHECK(plugin.connect_to(fd, std::string(109, 'x')) == inval);
    CHECK(plugin.bind_to(fd, std::string(109, '\0')) == inval);
    CHECK(plugin.bind_to(fd, plugin.in("a") + std::string(1, '\0') + "b") == inval);
    CHECK(plugin.number(v2::unix_bind(plugin.state, {99}, plugin.named("/x"))) == badf);
    CHECK(plugin.number(v2::unix_bind(plugin.state, fd, {0xffff'fff0, 100})) == fault);
    CHECK(plugin.number(v2::unix_connect(plugin.state, fd, {0xffff'fff0, 100})) == fault);
    CHECK(plugin.number(v2::unix_connect(plugin.state, fd, {name_at, 0xffff'ffff})) == inval);
    CHECK(plugin.bind(fd, "127.0.0.1:0") == inval);
    CHECK(plugin.connect(fd, "127.0.0.1:9") == inval);
    CHECK(plugin.number(v2::socket_listen(plugin.state, fd, 1)) == inval);
    CHECK(plugin.bind_to(fd, plugin.in("x")) == ok);
    CHECK(plugin.bind_to(fd, plugin.in("y")) == inval);
    CHECK(plugin.connect_to(plugin.stream(), plugin.in("x")) == refused);
    CHECK(plugin.bind_to(plugin.stream(), plugin.in("missing/x")) == denied); // one level only
}

} // namespace
} // namespace hws::test
