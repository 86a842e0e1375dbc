// Servers that break the rules: each breach has an error of its own, and nothing grows beyond its
// limit. HTTP/1.1 here; what gets the better of HTTP/2 is nghttp2's to know, and is tried at the end.
#include "support/canned_server.hpp"
#include "support/certificates.hpp"
#include "support/echo_server.hpp"
#include "support/packing.hpp"
#include "support/resources.hpp"
#include "support/tls_server.hpp"
#include "v2_http_fixture.hpp"

#include <random>

using namespace hws;
using namespace hws::test;
using namespace hws::abi::v2;

namespace {

/// What became of an exchange: the error of its head or body, or ok with what came.
struct Outcome {
    int error = ok;
    bool has_head = false;
    std::uint32_t status = 0;
    std::string body{};
};

struct Victim : Browser {
    explicit Victim(core::Limits limits = {})
        : Browser({"allow http:127.0.0.1:*", "allow https:127.0.0.1:*"}, limits) {}

    Outcome outcome_at(const std::string& url, HttpRequest more = {}) {
        if (more.total_timeout == no_limit) more.total_timeout = 20'000'000'000;
        Outcome outcome;
        const Fd fd = started({.url = url, .more = more});
        outcome.error = head_number(fd);
        if (outcome.error == ok) {
            outcome.has_head = true;
            outcome.status = load<HttpHead>(address_at).status;
            for (;;) {
                // A plugin that always finds something to read is interrupted now and then.
                REQUIRE(os::run(loop, a_turn()));
                const Got got = read(fd);
                outcome.error = got.number;
                if (got.number != ok || got.bytes == 0) break;
                if (outcome.body.size() < 1 << 20) outcome.body += got.text;
            }
        }
        CHECK(close(fd) == ok);
        return outcome;
    }
    Outcome outcome(const std::string& answer, const HttpRequest& more = {}) {
        CannedServer server(answer);
        return outcome_at(server.url(), more);
    }
    /// Lets everybody else on the loop have a turn, timers and events included.
    static os::Task<> a_turn() {
        co_await os::yield_now();
        co_await os::yield_now();
        co_return {};
    }
    int error_of(const std::string& answer, const HttpRequest& more = {}) {
        return outcome(answer, more).error;
    }
};

const std::string good = "HTTP/1.1 200 OK\r\n";
const std::string chunked = good + "Transfer-Encoding: chunked\r\n\r\n";

/// A server that sends `start`, then `more` again and again for as long as somebody takes it.
CannedServer::Script endless(std::string start, std::string more) {
    while (more.size() < 64 << 10)
        more += more;
    return [start, more](CannedConnection& connection) {
        connection.read_head();
        if (connection.send(start))
            while (connection.send(more)) {}
    };
}

} // namespace

TEST_SUITE_BEGIN("v2_http hostile");

TEST_CASE_FIXTURE(Victim, "an answer cut at any byte is an error, and what came of its body is given") {
    const std::string head = "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" + good + "X: y\r\n";
    for (const std::string& answer :
         {head + "Content-Length: 5\r\n\r\nhello",
          head + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nT: 1\r\n\r\n"})
        for (std::size_t bytes = 0; bytes < answer.size(); ++bytes) {
            CAPTURE(bytes);
            if (answer.substr(bytes) == "\n") continue; // nothing is missing but that
            const Outcome cut = outcome(answer.substr(0, bytes));
            CHECK((cut.error == reset || cut.error == protocol));
            CHECK(std::string_view("hello").starts_with(cut.body));
        }
}

TEST_CASE_FIXTURE(Victim, "a reset is told from an orderly end, before and within the body") {
    for (const std::string& answer :
         {std::string(), good, good + "Content-Length: 5\r\n\r\nhe", chunked + "5\r\nhe", good + "\r\nhe"}) {
        CAPTURE(answer);
        CannedServer server([&](CannedConnection& connection) {
            connection.read_head();
            connection.send(answer);
            connection.reset();
        });
        CHECK(outcome_at(server.url()).error == reset);
    }
}

TEST_CASE_FIXTURE(Victim, "a status line that is none is a protocol error") {
    for (const char* line :
         {"", " HTTP/1.1 200 OK", "HTTP/1.1", "HTTP/1.1 ", "HTTP/1.1 abc OK", "HTTP/1.1 20 OK",
          "HTTP/9.9 200 OK", "HTTP/ 200 OK", "ICY 200 OK", "RTSP/1.0 200 OK",
          "HTTP/1.1 99 Low", "\x16\x03\x01\x02", "<html></html>"}) {
        CAPTURE(std::string(line));
        const Outcome got = outcome(std::string(line) + "\r\nContent-Length: 0\r\n\r\n");
        CHECK(got.error == protocol);
        CHECK_FALSE(got.has_head);
    }
    CHECK(outcome("HTTP/1.1 1000 High\r\nContent-Length: 0\r\n\r\n").error == reset);
}

TEST_CASE_FIXTURE(Victim, "lengths that contradict each other or are none do not pass for a body") {
    for (const char* length :
         {"-5", "+5", "five", "5 6", "5,5", "5, 6", "0x5", "5\r\nContent-Length: 6",
          "6\r\ncontent-length: 5", "9223372036854775808", "99999999999999999999", ""}) {
        CAPTURE(std::string(length));
        CHECK(error_of(good + "Content-Length: " + length + "\r\n\r\nhello!") == protocol);
    }
    CHECK(outcome(good + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello").body == "hello");
    CHECK(error_of(good + "Content-Length: 9223372036854775807\r\n\r\nhello") == reset);
    CannedServer both(good + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
                             "3\r\nabc\r\n0\r\n\r\n");
    const Fd fd = started({.url = both.url()});
    CHECK(head(fd).body_bytes == no_limit);
    CHECK(body(fd) == "abc");
}

TEST_CASE_FIXTURE(Victim, "what comes beyond the length is not the next request's answer") {
    CannedServer server([](CannedConnection& connection) {
        while (!connection.read_head().empty())
            connection.send(good + "Content-Length: 5\r\n\r\nhello" + good +
                            "Content-Length: 4\r\n\r\nevil");
    });
    for (int i = 0; i < 5; ++i)
        CHECK(outcome_at(server.url()).body == "hello");
}

TEST_CASE_FIXTURE(Victim, "bad chunks are protocol errors, and endless ones cost nothing") {
    for (const char* body : {"zz\r\n", "-1\r\nx", "\r\nhello", " 5\r\nhello", "ffffffffffffffffff\r\nx",
                             "7fffffffffffffff0\r\nx", "5\r\nhelloX\r\n0\r\n\r\n",
                             "5\r\nhello\n\n0\r\n\r\n", "0x5\r\nhello\r\n0\r\n\r\n"}) {
        CAPTURE(std::string(body));
        CHECK(error_of(chunked + body) == protocol);
    }
    // An extension says nothing, however long it is; the exchange's own time ends it.
    CHECK(outcome(chunked + "5;" + std::string(1 << 20, 'x') + "\r\nhello\r\n0\r\n\r\n").body ==
          "hello");
    HttpRequest more;
    more.total_timeout = 100'000'000;
    const ResidentPeak memory;
    CannedServer extension(endless(chunked + "5;", "x"));
    CHECK(outcome_at(extension.url(), more).error == timed_out);
    CHECK(memory.growth_bytes() < std::size_t{4} << 20);
}

TEST_CASE_FIXTURE(Victim, "heads, interim answers and trailers without end are too large") {
    const ResidentPeak memory;
    for (const auto& [start, more] :
         {std::pair<std::string, std::string>{good, "X: y\r\n"},
          {good + "X: ", "y"},
          {"", "HTTP/1.1 100 Continue\r\n\r\n"},
          {"", "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"},
          {"HTTP/1.1 103 Early Hints\r\n", "Link: x\r\n"},
          {good + "X: y\r\n", " folded\r\n"},
          {chunked + "5\r\nhello\r\n0\r\n", "T: 1\r\n"},
          {chunked + "5\r\nhello\r\n0\r\nT: ", "1"}}) {
        CAPTURE(start);
        CAPTURE(more);
        CannedServer server(endless(start, more));
        CHECK(outcome_at(server.url()).error == too_large);
    }
    CHECK(memory.growth_bytes() < std::size_t{16} << 20);
}

TEST_CASE_FIXTURE(Victim, "header lines that are none are errors or nothing, never another header") {
    CHECK(error_of(good + std::string("X: a\0b\r\n\r\n", 10)) == protocol);
    for (const char* line : {"no colon", ": no name", "X y: z", "X\t: z", "\x01: z"}) {
        CAPTURE(std::string(line));
        const Outcome got = outcome(good + line + "\r\nContent-Length: 5\r\n\r\nhello");
        CHECK((got.error == protocol || got.body == "hello"));
    }
    CHECK(outcome(good + " folded at first\r\nContent-Length: 5\r\n\r\nhello").error != reset);
}

TEST_CASE_FIXTURE(Victim, "101 Switching Protocols, which nobody asked for, is no answer") {
    CHECK(error_of("HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n") != ok);
    CHECK(error_of("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\nframes") != ok);
}

TEST_CASE("bombs of every coding are too large at their limit, and not before they are read") {
    core::Limits limits;
    limits.http_body_bytes = std::size_t{8} << 20;
    Victim victim(limits);
    const std::string zeros(std::size_t{16} << 20, '\0');
    for (const auto& [coding, packed] :
         {std::pair<std::string, std::string>{"gzip", gzip(zeros)},
          {"deflate", zlib_deflate(zeros)},
          {"br", brotli(zeros)},
          {"zstd", zstd(zeros)},
          {"gzip, gzip", gzip(gzip(zeros))},
          {"zstd, br", brotli(zstd(zeros))}}) {
        CAPTURE(coding);
        CannedServer server(good + "Content-Encoding: " + coding + "\r\nContent-Length: " +
                            std::to_string(packed.size()) + "\r\n\r\n" + packed);
        const ResidentPeak memory;
        const Fd fd = victim.started({.url = server.url(), .more = unpacking()});
        CHECK(victim.head(fd).status == 200);
        std::size_t bytes = 0;
        for (;;) {
            const Got got = victim.read(fd);
            bytes += got.number == ok ? got.bytes : 0;
            if (got.number == ok) continue;
            CHECK(got.number == too_large);
            break;
        }
        CHECK(bytes == limits.http_body_bytes);
        CHECK(memory.growth_bytes() < std::size_t{20} << 20); // br may have a window of 16 MiB
        CHECK(victim.close(fd) == ok);
    }
}

TEST_CASE_FIXTURE(Victim, "an answer with a few wrong bytes ends in an answer or an error") {
    std::mt19937 random(42);
    const std::string answer = "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" + good +
                               "Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello"
                               "\r\n0\r\nT: 1\r\n\r\n";
    for (int round = 0; round < 500; ++round) {
        std::string bytes = answer;
        for (unsigned i = random() % 4 + 1; i > 0; --i) {
            const std::size_t at = random() % bytes.size();
            switch (random() % 3) {
            case 0:
                bytes[at] = static_cast<char>(random());
                break;
            case 1:
                bytes.erase(at, random() % 8);
                break;
            default:
                bytes.insert(at, bytes.substr(random() % bytes.size(), random() % 20));
            }
        }
        CAPTURE(bytes);
        CHECK(outcome(bytes, unpacking()).error != timed_out);
    }
    CHECK(state.descriptors.open_count() == 0);
}

namespace {

enum FrameType : std::uint8_t { // RFC 9113, 6
    data = 0,
    headers = 1,
    priority = 2,
    reset_stream = 3,
    settings = 4,
    push_promise = 5,
    ping = 6,
    go_away = 7,
    window_update = 8,
    continuation = 9,
    altsvc = 10, // RFC 7838, 4
    unknown = 0x60,
};
constexpr std::uint8_t end_stream = 1, end_headers = 4;

std::string frame(FrameType type, std::uint8_t flags, std::uint32_t stream,
                  std::string_view payload) {
    std::string text;
    for (const int shift : {16, 8, 0})
        text += static_cast<char>(payload.size() >> shift);
    text += static_cast<char>(type);
    text += static_cast<char>(flags);
    for (const int shift : {24, 16, 8, 0})
        text += static_cast<char>(stream >> shift);
    return text.append(payload);
}

/// A field as HPACK writes it without its tables (RFC 7541, 6.2.2), each part up to 126 bytes.
std::string field(std::string_view name, std::string_view value) {
    std::string text(1, '\0');
    for (const std::string_view part : {name, value})
        text.append(1, static_cast<char>(part.size())).append(part);
    return text;
}
const std::string status_200 = "\x88"; // an entry of HPACK's own table

/// A server that waits for the request's head, on stream 1, and then sends `frames`, the last of
/// them again and again for as long as somebody takes it if it `repeats`.
CannedServer::Script http2(std::vector<std::string> frames, bool repeats = false) {
    return [=](CannedConnection& connection) {
        connection.read_head(); // PRI * HTTP/2.0
        connection.read(6);     // SM
        connection.send(frame(settings, 0, 0, ""));
        for (std::string head; (head = connection.read(9)).size() == 9;) {
            const auto byte = [&](int at) { return static_cast<std::uint8_t>(head[at]); };
            connection.read(static_cast<std::size_t>(byte(0)) << 16 | byte(1) << 8 | byte(2));
            if (byte(3) == headers) break;
        }
        for (const std::string& one : frames)
            connection.send(one);
        if (!repeats) return;
        std::string many = frames.back();
        while (many.size() < 64 << 10)
            many += many;
        while (connection.send(many)) {}
    };
}

HttpRequest over_http2() {
    HttpRequest more;
    more.flags = http_flags::http2_prior_knowledge;
    return more;
}

} // namespace

TEST_CASE_FIXTURE(Victim, "HTTP/2: a well-behaved answer passes, so that the next ones fail for cause") {
    const auto answer = http2(
        {frame(headers, end_headers, 1, field(":status", "103") + field("a", "1")),
         frame(headers, end_headers, 1, status_200 + field("content-length", "5")),
         frame(data, 0, 1, "he"), frame(data, end_stream, 1, "llo")});
    CannedServer server([&](CannedConnection& connection) {
        answer(connection);
        connection.is_left(); // what the client says meanwhile must not meet a reset
    });
    CHECK(outcome_at(server.url(), over_http2()).body == "hello");
}

TEST_CASE_FIXTURE(Victim, "HTTP/2: what breaks its rules is a protocol error or a reset") {
    const std::string answer =
        frame(headers, end_headers, 1, status_200 + field("content-length", "5"));
    const std::string unbounded = frame(headers, end_headers, 1, status_200);
    using Frames = std::vector<std::string>;
    const std::pair<const char*, Frames> breaches[] = {
        {"another protocol", {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}},
        {"nothing", {}},
        {"go away", {frame(go_away, 0, 0, std::string(8, '\0'))}},
        {"cut within the head", {answer.substr(0, 9)}},
        {"cut within the body", {answer, frame(data, 0, 1, "he")}},
        {"reset within the body",
         {answer, frame(data, 0, 1, "he"), frame(reset_stream, 0, 1, {"\0\0\0\2", 4})}},
        {"reset as if all were well",
         {answer, frame(data, 0, 1, "he"), frame(reset_stream, 0, 1, {"\0\0\0\0", 4})}},
        {"cut within a body without a length", {unbounded, frame(data, 0, 1, "he")}},
        {"another protocol within a body without a length",
         {unbounded, frame(data, 0, 1, "he"), "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}},
        {"reset within a body without a length",
         {unbounded, frame(data, 0, 1, "he"), frame(reset_stream, 0, 1, {"\0\0\0\2", 4})}},
        {"fewer bytes than announced", {answer, frame(data, end_stream, 1, "he")}},
        {"more bytes than announced",
         {frame(headers, end_headers, 1, status_200 + field("content-length", "1")),
          frame(data, end_stream, 1, "he")}},
        {"a body before its head", {frame(data, end_stream, 1, "he")}},
        {"a body of a stream that is none", {answer, frame(data, end_stream, 3, "he")}},
        {"a head without a status", {frame(headers, end_headers | end_stream, 1, field("a", "b"))}},
        {"a status that is none",
         {frame(headers, end_headers | end_stream, 1, field(":status", "abc"))}},
        {"an upper-case name",
         {frame(headers, end_headers | end_stream, 1, status_200 + field("Abc", "d"))}},
        {"a field of the connection",
         {frame(headers, end_headers | end_stream, 1,
                status_200 + field("transfer-encoding", "chunked"))}},
        {"an entry that no table has", {frame(headers, end_headers | end_stream, 1, "\xff\x7f")}},
        {"a push that nobody wants",
         {frame(push_promise, end_headers, 1, std::string("\0\0\0\2", 4) + "\x82")}},
        {"a head that another frame interrupts",
         {frame(headers, 0, 1, status_200), frame(data, end_stream, 1, "he")}},
        {"a frame beyond the size that is allowed",
         {answer, frame(data, end_stream, 1, std::string(20'000, 'x'))}},
        {"settings of a length that is none", {frame(settings, 0, 0, "odd")}},
    };
    for (const auto& [what, frames] : breaches) {
        CAPTURE(std::string(what));
        CannedServer server(http2(frames));
        const Outcome got = outcome_at(server.url(), over_http2());
        CAPTURE(got.error);
        CHECK((got.error == protocol || got.error == reset));
        CHECK(std::string_view("he").starts_with(got.body));
    }
}

TEST_CASE_FIXTURE(Victim, "HTTP/2: a field whose value breaks the line does not come through") {
    CannedServer server(http2(
        {frame(headers, end_headers | end_stream, 1,
               status_200 + field("a", "b\r\nc: d") + field("e", "f"))}));
    const Fd fd = started({.url = server.url(), .more = over_http2()});
    REQUIRE(head_number(fd) == ok);
    CHECK(fields(fd) == std::vector<std::string>{"e", "f"});
}

TEST_CASE_FIXTURE(Victim, "HTTP/2: what has no end meets a limit") {
    // One large entry of HPACK's dynamic table, then a byte for each time it is meant.
    std::string large("\x40\x01x\x7f\xe1\x1e", 6); // a value of 4,064 bytes
    large.append(4064, 'y');
    const std::string bomb = frame(headers, end_headers, 1, status_200 + large + std::string(8000, '\xbe'));
    const std::string head = frame(headers, 0, 1, status_200);
    struct Endless {
        const char* what;
        int error;
        std::vector<std::string> frames;
    };
    const Endless endless_ones[] = {
        {"an HPACK bomb", protocol, {bomb}},
        {"interim heads", too_large,
         {frame(headers, end_headers, 1, field(":status", "103") + field("a", "b"))}},
        {"continuations", protocol, {head, frame(continuation, 0, 1, field("a", "b"))}},
        {"empty continuations", protocol, {head, frame(continuation, 0, 1, "")}},
        {"pings", protocol, {frame(ping, 0, 0, std::string(8, 'x'))}},
        {"settings", protocol, {frame(settings, 0, 0, "")}},
    };
    for (const auto& [what, error, frames] : endless_ones) {
        CAPTURE(std::string(what));
        CannedServer server(http2(frames, true));
        HttpRequest more = over_http2();
        more.total_timeout = 300'000'000;
        const ResidentPeak memory;
        const Outcome got = outcome_at(server.url(), more);
        CHECK(got.error == error);
        CHECK(memory.growth_bytes() < std::size_t{8} << 20);
    }
}

namespace {

/// Another plugin on the same loop, which sends a line to a server and gets it back, again and
/// again.
class Neighbour {
public:
    explicit Neighbour(Victim& victim)
        : loop_(victim.loop),
          state_(victim.loop, *victim.resolver, core::Policy::parse({"allow tcp:127.0.0.1:*"}).value(),
                 core::Limits{}) {
        state_.memory = &memory_;
        REQUIRE(v2::socket_open(state_, Family::ipv4, SocketType::stream, 0, {result_at}));
        fd_ = *memory_.load<Fd>(result_at);
        REQUIRE(memory_.store(address_at, Plugin::wire(SocketAddr::parse(server_.address()).value())));
        REQUIRE(os::run(loop_, v2::socket_connect(state_, fd_, {address_at})));
        REQUIRE(memory_.store(iovecs_at, Iovec{data_at, 64}));
        task_ = talk();
        task_.start(loop_);
    }
    int round_trips() const { return round_trips_; }
    os::Clock::duration longest() const { return longest_; }
    void forget() {
        round_trips_ = 0;
        longest_ = {};
    }

private:
    os::Task<> talk() {
        for (;;) {
            const auto begin = os::Clock::now();
            HWS_CO_CHECK(co_await v2::socket_send(state_, fd_, {iovecs_at, 1}, 0, {}, {result_at}));
            HWS_CO_CHECK(co_await v2::socket_receive(state_, fd_, {iovecs_at, 1},
                                                     abi::v2::receive_flags::wait_all, {result_at}));
            ++round_trips_;
            longest_ = std::max(longest_, os::Clock::now() - begin);
        }
    }
    EchoServer server_;
    os::Loop& loop_;
    VectorMemory memory_;
    host::adapter::PluginState state_;
    Fd fd_{};
    int round_trips_ = 0;
    os::Clock::duration longest_{};
    os::Task<> task_;
};

/// What has no end: what comes once, and what comes then again and again.
struct Flood {
    const char* what;
    std::vector<std::string> frames;
};

std::vector<Flood> floods_of_http2() {
    const std::string head = frame(headers, end_headers, 1, status_200);
    const std::string part_of_head = frame(headers, 0, 1, status_200);
    const std::string four(4, '\0');
    return {
        {"empty data", {head, frame(data, 0, 1, "")}},
        {"data of one byte", {head, frame(data, 0, 1, "x")}},
        {"padding", {head, frame(data, 8, 1, std::string(1, '\xff') + std::string(255, '\0'))}},
        {"empty data of a stream that is none", {head, frame(data, 0, 3, "")}},
        {"empty data of a stream that has ended",
         {frame(headers, end_headers | end_stream, 1, status_200), frame(data, 0, 1, "")}},
        {"pings", {head, frame(ping, 0, 0, std::string(8, 'x'))}},
        {"answers to pings", {head, frame(ping, 1, 0, std::string(8, 'x'))}},
        {"settings", {head, frame(settings, 0, 0, "")}},
        {"settings that change", {head, frame(settings, 0, 0, std::string("\0\4\0\0\xff\xff", 6))}},
        {"acknowledged settings", {head, frame(settings, 1, 0, "")}},
        {"updates of the window", {head, frame(window_update, 0, 1, {"\0\0\0\1", 4})}},
        {"updates of the connection's window", {head, frame(window_update, 0, 0, {"\0\0\0\1", 4})}},
        {"continuations", {part_of_head, frame(continuation, 0, 1, field("a", "b"))}},
        {"empty continuations", {part_of_head, frame(continuation, 0, 1, "")}},
        {"priorities", {head, frame(priority, 0, 1, four + "x")}},
        {"priorities of streams that are none", {head, frame(priority, 0, 7, four + "x")}},
        {"empty heads", {frame(headers, end_headers, 1, "")}},
        {"interim heads", {frame(headers, end_headers, 1, field(":status", "103") + field("a", "b"))}},
        {"heads after the head", {head, frame(headers, end_headers, 1, field("a", "b"))}},
        {"frames of an unknown kind", {head, frame(unknown, 0, 1, "what")}},
        {"empty frames of an unknown kind", {head, frame(unknown, 0, 0, "")}},
        {"other places", {head, frame(altsvc, 0, 1, std::string("\0\0h2=\":1\"", 10))}},
        {"farewells", {head, frame(go_away, 0, 0, std::string("\x7f\xff\xff\xff\0\0\0\0", 8))}},
        {"resets of a stream that is none", {head, frame(reset_stream, 0, 3, four)}},
        {"pushes", {head, frame(push_promise, end_headers, 1, std::string("\0\0\0\2", 4) + "\x82")}},
    };
}

/// The same over TLS: what http2() does, in a TlsServer's hands.
TlsServer::Talk over_tls(const std::vector<std::string>& frames) {
    return [=](TlsPeer& peer) {
        peer.send(frame(settings, 0, 0, ""));
        peer.receive(24); // its preface
        peer.receive();   // and settings or head, which is all one here
        std::string many = frames.back();
        for (std::size_t i = 0; i + 1 < frames.size(); ++i)
            peer.send(frames[i]);
        while (many.size() < 64 << 10)
            many += many;
        while (peer.send(many)) {}
    };
}

} // namespace

TEST_CASE("whatever a server sends without end, other plugins go on meanwhile") {
    CertificateAuthority authority;
    const Certificate certificate = authority.issue("IP:127.0.0.1");
    Victim victim;
    victim.state.http_options.tls.ca_file = authority.file();
    Neighbour neighbour(victim);
    const auto check = [&](const std::string& url, HttpRequest more) {
        more.total_timeout = 400'000'000;
        neighbour.forget();
        const auto begin = os::Clock::now();
        const Outcome got = victim.outcome_at(url, more);
        // Generous, for busy machines and sanitizers: a turn that does not end has no bound at all.
        CHECK(os::Clock::now() - begin < 10s);
        CHECK(neighbour.longest() < 5s);
        if (got.error == timed_out) CHECK(neighbour.round_trips() > 0);
    };
    for (const auto& [what, frames] : floods_of_http2()) {
        CAPTURE(std::string(what));
        CannedServer server(http2(frames, true));
        check(server.url(), over_http2());
        TlsServer tls({.certificate = certificate, .protocol = "h2"}, over_tls(frames));
        check("https://" + tls.address(), {});
    }
    for (const auto& [start, more] :
         {std::pair<std::string, std::string>{good, "X: y\r\n"},
          {"", "HTTP/1.1 100 Continue\r\n\r\n"},
          {chunked + "5;", "x"},
          {chunked, "1\r\nx\r\n"},
          {good + "\r\n", "x"},
          {good + "Content-Length: 5\r\n\r\nhello", "x"}}) {
        CAPTURE(start);
        CannedServer server(endless(start, more));
        check(server.url(), {});
    }
}

TEST_SUITE_END();
