#include <deque>
#include <doctest/doctest.h>
#include <hws/buf_reader.hpp>

using hws::BufReader;
using hws::Errc;
using hws::Result;

namespace {
/// Gives its pieces one at a time, then the end of the stream or an error.
struct Pieces {
    std::deque<std::string> pieces;
    bool broken = false;
    int reads = 0;

    Result<std::size_t> read(std::span<std::byte> into) {
        ++reads;
        if (pieces.empty()) {
            if (broken) return hws::fail(Errc::reset);
            return 0;
        }
        std::string& piece = pieces.front();
        const std::size_t count = std::min(into.size(), piece.size());
        std::memcpy(into.data(), piece.data(), count);
        piece.erase(0, count);
        if (piece.empty()) pieces.pop_front();
        return count;
    }
};

std::optional<std::string> line(BufReader<Pieces>& reader) {
    auto result = reader.read_line();
    REQUIRE(result);
    return *result;
}
} // namespace

TEST_CASE("lines are found across pieces, with either ending, and the last one needs none") {
    Pieces source{{"fir", "st\r", "\nsecond\n\nlast"}};
    BufReader reader(source);
    CHECK(line(reader) == "first");
    CHECK(line(reader) == "second");
    CHECK(line(reader) == "");
    CHECK(line(reader) == "last");
    CHECK_FALSE(line(reader));
}

TEST_CASE("many lines of one piece cost one read") {
    Pieces source{{"a\nb\nc\n"}};
    BufReader reader(source);
    for (int i = 0; i < 3; ++i)
        CHECK(line(reader));
    CHECK(source.reads == 1);
}

TEST_CASE("a record keeps its delimiter") {
    Pieces source{{"a;b"}};
    BufReader reader(source);
    CHECK(reader.read_until(';').value() == "a;");
    CHECK(reader.read_until(';').value() == "b");
    CHECK_FALSE(reader.read_until(';').value());
}

TEST_CASE("a line longer than allowed is too large") {
    Pieces source{{std::string(100, 'x') + "\n"}};
    BufReader reader(source);
    CHECK(reader.read_line(50).error() == Errc::too_large);
}

TEST_CASE("bytes after a line are read exactly, and an early end is a reset") {
    Pieces source{{"$5\r\nhel", "lo\r\nxy"}};
    BufReader reader(source);
    CHECK(line(reader) == "$5");
    std::array<std::byte, 7> value;
    REQUIRE(reader.read_exact(value));
    CHECK(std::memcmp(value.data(), "hello\r\n", 7) == 0);
    CHECK(reader.buffered().size() == 2);
    CHECK(reader.read_exact(value).error() == Errc::reset);
}

TEST_CASE("an error of the source is passed on") {
    Pieces source{{"half"}, true};
    BufReader reader(source);
    CHECK(reader.read_line().error() == Errc::reset);
}
