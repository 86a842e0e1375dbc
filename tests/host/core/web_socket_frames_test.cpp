#include "core/web_socket_frames.hpp"
#include "support/frames.hpp"

#include <doctest/doctest.h>
#include <set>
#include <string>

using namespace hws;
using namespace hws::host::core;
using namespace hws::test;
using Kind = WebSocketFrames::Kind;

namespace {

std::span<const std::byte> bytes(std::string_view text) {
    return std::as_bytes(std::span(text));
}

struct Client {
    explicit Client(std::size_t buffer_bytes = std::size_t{64} << 10,
                    std::uint64_t message_bytes = std::uint64_t{1} << 20)
        : frames(WebSocketFrames::create({buffer_bytes, message_bytes}).value()) {}

    void push(std::string_view input) { frames->push(bytes(input)); }
    /// The next piece as `text:abc`, `binary+:abc` if the message goes on; empty if there is none.
    std::string read(std::size_t room = 1 << 20) {
        std::string into(room, '\0');
        const auto piece = frames->read(std::as_writable_bytes(std::span(into)));
        if (!piece) return {};
        const char* const kind = piece->kind == Kind::text     ? "text"
                                 : piece->kind == Kind::binary ? "binary"
                                                               : "pong";
        return kind + std::string(piece->is_last ? ":" : "+:") + into.substr(0, piece->bytes);
    }
    Result<std::size_t> send(Kind kind, std::string_view what, bool goes_on = false) {
        return frames->send(kind, bytes(what), goes_on);
    }
    /// Everything that would go to the server now.
    std::string sent() {
        const auto out = frames->outgoing();
        std::string all(reinterpret_cast<const char*>(out.data()), out.size());
        frames->drop_outgoing(out.size());
        return all;
    }
    Frame next_sent() {
        unread += sent();
        auto next = take_frame(unread);
        REQUIRE(next);
        return *next;
    }
    std::unique_ptr<WebSocketFrames> frames;
    std::string unread;
};

std::string repeat(std::string_view what, std::size_t times) {
    std::string all;
    for (std::size_t i = 0; i < times; ++i)
        all += what;
    return all;
}

} // namespace

TEST_CASE("messages come out as they came in, wherever the network cuts them") {
    const std::string large(70'000, 'x');
    const std::string input =
        frame(Op::text, "hello") + frame(Op::binary, std::string("\0\xff", 2)) +
        fragment(Op::text, "in ") + frame(Op::ping, "?") + fragment(Op::continuation, "three ") +
        frame(Op::continuation, "parts") + frame(Op::text, "") +
        frame(Op::binary, std::string(300, 'y'));
    for (const std::size_t step : {1, 2, 3, 7, 4096, 100'000}) {
        CAPTURE(step);
        Client client;
        std::string got;
        for (std::size_t at = 0; at < input.size(); at += step) {
            client.push(std::string_view(input).substr(at, step));
            for (std::string piece = client.read(); !piece.empty(); piece = client.read())
                got +=
                    piece.substr(piece.find(':') + 1) + (piece.find('+') == piece.npos ? "|" : "");
        }
        CHECK(got == "hello|" + std::string("\0\xff", 2) + "|in three parts||" +
                         std::string(300, 'y') + "|");
        const Frame answer = client.next_sent();
        CHECK(answer.opcode == Op::pong);
        CHECK(answer.payload == "?");
    }
}

TEST_CASE("a message is read piece by piece, and its end is told with the last one") {
    Client client;
    client.push(frame(Op::text, "abcdef"));
    CHECK(client.read(0) == "text+:");
    CHECK(client.read(4) == "text+:abcd");
    CHECK(client.read(2) == "text:ef");
    CHECK(client.read().empty());
    client.push(fragment(Op::binary, "first"));
    CHECK(client.read() == "binary+:first");
    client.push(frame(Op::continuation, ""));
    CHECK(client.read() == "binary:");
}

TEST_CASE("what breaks the protocol ends it with the code for that, after what came before") {
    const std::string mask = "abcd";
    const struct {
        const char* what;
        std::string input;
        std::uint16_t code;
    } cases[] = {
        {"masked", frame_with(0x81, "x", mask), 1002},
        {"reserved bit 1", frame_with(0xc1, "x"), 1002},
        {"reserved bit 3", frame_with(0x91, "x"), 1002},
        {"unknown data opcode", frame_with(0x83, "x"), 1002},
        {"unknown control opcode", frame_with(0x8b, ""), 1002},
        {"continuation of nothing", frame(Op::continuation, "x"), 1002},
        {"message within a message", fragment(Op::text, "a") + frame(Op::text, "b"), 1002},
        {"fragmented ping", fragment(Op::ping, "x"), 1002},
        {"long ping", frame(Op::ping, std::string(126, 'x')), 1002},
        {"long close", frame(Op::close, "\x03\xe8" + std::string(124, 'x')), 1002},
        {"length that could be shorter, 16 bits", std::string("\x81\x7e\x00\x05hello", 9), 1002},
        {"length that could be shorter, 64 bits",
         std::string("\x81\x7f\0\0\0\0\0\0\0\x05hello", 15), 1002},
        {"negative length", std::string("\x81\x7f\xff\0\0\0\0\0\0\0x", 11), 1002},
        {"no UTF-8", frame(Op::text, "\xff"), 1007},
        {"UTF-8 that is cut", frame(Op::text, "\xe2\x82"), 1007},
        {"UTF-8 wrong across frames", fragment(Op::text, "\xe2\x82") + frame(Op::continuation, "a"),
         1007},
        {"half a close code", frame(Op::close, "\x03"), 1002},
        {"close code 999", close_frame(999), 1002},
        {"close code 1004", close_frame(1004), 1002},
        {"close code 1005", close_frame(1005), 1002},
        {"close code 1006", close_frame(1006), 1002},
        {"close code 1015", close_frame(1015), 1002},
        {"close code 2999", close_frame(2999), 1002},
        {"close code 5000", close_frame(5000), 1002},
        {"reason that is no UTF-8", close_frame(1000, "\xc0\x80"), 1007},
    };
    for (const auto& one : cases) {
        CAPTURE(one.what);
        Client client;
        client.push(frame(Op::text, "before") + one.input + frame(Op::text, "after"));
        CHECK(client.read() == "text:before");
        while (!client.read().empty()) // of a message that was begun
            ;
        REQUIRE(client.frames->failure());
        CHECK(*client.frames->failure() == Errc::protocol);
        CHECK_FALSE(client.frames->received_close());
        CHECK_FALSE(client.frames->wants_input());
        const Frame answer = client.next_sent();
        CHECK(answer.opcode == Op::close);
        CHECK(answer.code() == one.code);
        CHECK(client.sent().empty());
        CHECK(client.send(Kind::text, "x").error() == Errc::broken_pipe);
    }
}

TEST_CASE("UTF-8 that is cut by frames, and by control frames between them, is text") {
    Client client;
    client.push(fragment(Op::text, "\xe2") + frame(Op::ping, "") +
                fragment(Op::continuation, "\x82") + frame(Op::continuation, "\xac"));
    CHECK(client.read() == "text:\xe2\x82\xac");
    CHECK_FALSE(client.frames->failure());
}

TEST_CASE("a message beyond the bound is refused at its head, also when it comes in small frames") {
    Client one(1024, 1000);
    one.push(frame(Op::binary, std::string(1000, 'x')));
    CHECK(one.read() == "binary:" + std::string(1000, 'x'));
    // The announced length is believed before anything of it is held.
    one.push(std::string("\x82\x7f\0\0\x10\0\0\0\0\0x", 11));
    REQUIRE(one.frames->failure());
    CHECK(*one.frames->failure() == Errc::too_large);
    CHECK(one.next_sent().code() == 1009);

    Client many(std::size_t{64} << 10, 1000);
    many.push(fragment(Op::text, "x") + repeat(fragment(Op::continuation, "x"), 999));
    CHECK_FALSE(many.frames->failure());
    many.push(fragment(Op::continuation, ""));
    CHECK_FALSE(many.frames->failure());
    many.push(frame(Op::continuation, "x"));
    REQUIRE(many.frames->failure());
    CHECK(*many.frames->failure() == Errc::too_large);
}

TEST_CASE("what lies unread is bounded, and goes on when there is room") {
    Client client(4096);
    const std::string input = repeat(frame(Op::binary, std::string(1000, 'x')), 100);
    std::size_t pushed = 0;
    std::size_t most = 0;
    std::size_t got = 0;
    while (got < 100) {
        while (client.frames->wants_input() && pushed < input.size()) {
            client.push(std::string_view(input).substr(pushed, 500));
            pushed += 500;
            most = std::max(most, pushed - got * 1003);
        }
        REQUIRE(client.read() == "binary:" + std::string(1000, 'x'));
        ++got;
    }
    CHECK(most < 4096 + 4096 + 1000);
    // Messages of nothing take room as well.
    Client empty(4096);
    empty.push(repeat(frame(Op::text, ""), 10'000));
    CHECK_FALSE(empty.frames->wants_input());
    std::size_t count = 0;
    while (!empty.read().empty())
        ++count;
    CHECK(count == 10'000);
}

TEST_CASE("pings are answered in turn, and only the last one when the answers pile up") {
    Client client(2048);
    client.push(frame(Op::ping, "a") + frame(Op::ping, std::string(125, 'b')));
    CHECK(client.next_sent().payload == "a");
    CHECK(client.next_sent().payload == std::string(125, 'b'));
    for (int i = 0; i < 1000; ++i)
        client.push(frame(Op::ping, std::to_string(i)));
    CHECK(client.frames->outgoing().size() < 2048 + 131);
    std::string last;
    client.unread = client.sent() + client.sent();
    while (const auto answer = take_frame(client.unread))
        last = answer->payload;
    CHECK(last == "999");
}

TEST_CASE("a pong is told to who has sent a ping, and to nobody else") {
    Client client;
    client.push(frame(Op::pong, "unasked"));
    CHECK(client.read().empty());
    CHECK(client.send(Kind::ping, "asked") == 5);
    CHECK(client.next_sent().opcode == Op::ping);
    client.push(fragment(Op::text, "a") + frame(Op::pong, "asked") + frame(Op::continuation, "b") +
                frame(Op::pong, "again"));
    CHECK(client.read() == "text+:a");
    CHECK(client.read() == "pong:asked");
    CHECK(client.read() == "text:b");
    CHECK(client.read().empty());
}

TEST_CASE("every frame is masked, each with another mask") {
    Client client;
    std::set<std::string> masks;
    for (int i = 0; i < 100; ++i) {
        CHECK(client.send(Kind::binary, std::string(i, 'x')) == static_cast<std::size_t>(i));
        const Frame sent = client.next_sent();
        CHECK(sent.is_last);
        CHECK(sent.opcode == Op::binary);
        CHECK(sent.payload == std::string(i, 'x'));
        CHECK(sent.mask.size() == 4);
        masks.insert(sent.mask);
    }
    CHECK(masks.size() == 100);
}

TEST_CASE("a long message goes out in fragments, as there is room, and pings in between") {
    Client client(4096);
    const std::string message(10'000, 'x');
    std::size_t done = 0;
    std::string got;
    int fragments = 0;
    while (done < message.size()) {
        const auto taken = client.send(Kind::text, std::string_view(message).substr(done));
        if (!taken) {
            REQUIRE(taken.error() == Errc::would_block);
            client.unread += client.sent();
            client.push(frame(Op::ping, "?"));
            continue;
        }
        CHECK(client.frames->outgoing().size() < 4096 + 200);
        done += *taken;
    }
    client.unread += client.sent();
    while (const auto next = take_frame(client.unread)) {
        if (next->opcode == Op::pong) continue;
        CHECK(next->opcode == (fragments == 0 ? Op::text : Op::continuation));
        got += next->payload;
        CHECK(next->is_last == (got.size() == message.size()));
        ++fragments;
    }
    CHECK(got == message);
    CHECK(fragments > 2);
    CHECK(client.send(Kind::text, "next") == 4);
    CHECK(client.next_sent().opcode == Op::text);
}

TEST_CASE("a message may be sent in parts, and its text be cut anywhere") {
    Client client;
    CHECK(client.send(Kind::text, "", true) == 0);
    CHECK(client.sent().empty());
    CHECK(client.send(Kind::text, "\xe2\x82", true) == 2);
    CHECK(client.send(Kind::binary, "x").error() == Errc::invalid_argument);
    CHECK(client.send(Kind::text, "a").error() == Errc::invalid_argument);
    CHECK(client.send(Kind::text, "").error() == Errc::invalid_argument);
    CHECK(client.send(Kind::text, "\xac") == 1);
    CHECK_FALSE(client.next_sent().is_last);
    const Frame last = client.next_sent();
    CHECK(last.is_last);
    CHECK(last.opcode == Op::continuation);
    CHECK(last.payload == "\xac");
}

TEST_CASE("text that is no UTF-8 is not sent, not even its beginning") {
    Client client(2048);
    CHECK(client.send(Kind::text, "\xff").error() == Errc::invalid_argument);
    CHECK(client.send(Kind::text, std::string(10'000, 'x') + "\xc0").error() ==
          Errc::invalid_argument);
    CHECK(client.send(Kind::text, "cut \xe2\x82").error() == Errc::invalid_argument);
    CHECK(client.sent().empty());
    CHECK(client.send(Kind::binary, "\xff") == 1);
}

TEST_CASE("pings and pongs have at most 125 bytes, and closes cannot be sent as messages") {
    Client client;
    CHECK(client.send(Kind::ping, std::string(126, 'x')).error() == Errc::invalid_argument);
    CHECK(client.send(Kind::pong, "x", true).error() == Errc::invalid_argument);
    CHECK(client.send(Kind::close, "\x03\xe8").error() == Errc::invalid_argument);
    CHECK(client.send(static_cast<Kind>(77), "x").error() == Errc::invalid_argument);
    CHECK(client.send(Kind::pong, "sign of life") == 12);
    CHECK(client.next_sent().opcode == Op::pong);
}

TEST_CASE("the server's close is answered with its code, and is the end") {
    Client client;
    client.push(frame(Op::text, "last") + close_frame(4321, "because") + frame(Op::text, "after"));
    CHECK(client.read() == "text:last");
    CHECK(client.read().empty());
    REQUIRE(client.frames->received_close());
    CHECK(client.frames->received_close()->code == 4321);
    CHECK(client.frames->received_close()->reason == "because");
    const Frame answer = client.next_sent();
    CHECK(answer.opcode == Op::close);
    CHECK(answer.code() == 4321);
    CHECK(client.sent().empty());
    CHECK(client.frames->close(1000, ""));
    CHECK(client.sent().empty());

    Client without;
    without.push(frame(Op::close, ""));
    CHECK(without.frames->received_close()->code == 1005);
    CHECK(without.next_sent().payload.empty());
}

TEST_CASE("after its own close the client sends nothing and goes on to listen") {
    Client client;
    CHECK(client.frames->close(1000, "done"));
    CHECK(client.frames->close(1001, "again"));
    const Frame sent = client.next_sent();
    CHECK(sent.code() == 1000);
    CHECK(sent.payload.substr(2) == "done");
    client.push(frame(Op::text, "on its way") + frame(Op::ping, "") + frame(Op::close, ""));
    CHECK(client.sent().empty());
    CHECK(client.send(Kind::text, "x").error() == Errc::broken_pipe);
    CHECK(client.send(Kind::ping, "x").error() == Errc::broken_pipe);
    CHECK(client.read() == "text:on its way");
    CHECK(client.frames->received_close());
}

TEST_CASE("a close code that may not be sent is refused, and so is a reason that does not fit") {
    Client client;
    for (const std::uint32_t code : {1u, 999u, 1004u, 1005u, 1006u, 1015u, 2999u, 5000u, 66'536u})
        CHECK(client.frames->close(code, "").error() == Errc::invalid_argument);
    CHECK(client.frames->close(0, "why").error() == Errc::invalid_argument);
    CHECK(client.frames->close(1000, std::string(124, 'x')).error() == Errc::invalid_argument);
    CHECK(client.frames->close(1000, "\xff").error() == Errc::invalid_argument);
    CHECK_FALSE(client.frames->is_close_sent());
    CHECK(client.frames->close(0, ""));
    CHECK(client.next_sent().payload.empty());
}

TEST_CASE("random bytes end in an error or in waiting, never in anything else") {
    std::uint64_t seed = 88'172'645'463'325'252; // xorshift64
    for (int round = 0; round < 2000; ++round) {
        Client client(2048, 5000);
        std::string input(300, '\0');
        for (char& c : input) {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            // Often what a frame could begin with.
            c = static_cast<char>(seed % 3 == 0 ? seed >> 8 & 0x8f : seed >> 8 & 0x07);
        }
        for (std::size_t at = 0; at < input.size() && client.frames->wants_input(); at += 7)
            client.push(std::string_view(input).substr(at, 7));
        while (!client.read(3).empty())
            ;
        CHECK(client.frames->outgoing().size() < 2048 + 131);
    }
}
