// <hws/buf_reader.hpp>, <hws/buf_writer.hpp>, <hws/iostream.hpp>
#include "check.hpp"
#include "servers.hpp"

#include <array>
#include <hws/iostream.hpp>

using namespace conformance;
using hws::BufReader;
using hws::BufWriter;
using hws::Errc;
using hws::IoStream;
using hws::TcpStream;

SENTENCE_OF_EVERY_BACKEND("lines come one by one, with either end, and the last without") {
    REQUIRE_OK(auto stream, TcpStream::connect(servers().tcp_echo));
    CHECK_OK(stream.write_all("one\r\ntwo\n\nfour\n"));
    BufReader reader(stream);
    CHECK(reader.read_line() == "one");
    CHECK(reader.read_line() == "two");
    CHECK(reader.read_line() == "");
    CHECK(reader.read_line() == "four");
}

SENTENCE_OF_EVERY_BACKEND("a buffered writer sends when it is full or flushed") {
    REQUIRE_OK(auto stream, TcpStream::connect(servers().tcp_echo));
    BufWriter writer(stream);
    CHECK_OK(writer.write_all("held "));
    CHECK(writer.buffered().size() == 5);
    const std::string large(20'000, 'l');
    CHECK_OK(writer.write_all(large));
    CHECK(writer.buffered().empty());
    CHECK_OK(writer.write_all(" end\n"));
    CHECK_OK(writer.flush());
    CHECK(writer.buffered().empty());
    BufReader reader(stream);
    CHECK(reader.read_line() == "held " + large + " end");
}

SENTENCE_OF_EVERY_BACKEND("an iostream over a stream writes, reads words and reads lines") {
    REQUIRE_OK(auto stream, TcpStream::connect(servers().tcp_echo));
    IoStream io(stream);
    io << "answer " << 42 << "\nthe second line\n" << std::flush;
    std::string word;
    int number = 0;
    io >> word >> number;
    CHECK(word == "answer" && number == 42);
    std::string line;
    std::getline(io, line); // what is left of the first
    CHECK(std::getline(io, line) && line == "the second line");
    const std::string large(100'000, 'l');
    io << large << '\n' << std::flush;
    CHECK(std::getline(io, line) && line == large);
    CHECK(!io.error());
}

SENTENCE("all lines of a stream are read in one loop, which ends with the stream") {
    REQUIRE_OK(auto pair, connected_pair());
    CHECK_OK(pair.client.write_all("a\nb\r\nc"));
    CHECK_OK(pair.client.shutdown(hws::Shutdown::write));
    BufReader reader(pair.server);
    std::string all;
    for (auto& line : reader.lines()) {
        REQUIRE(line);
        all += *line + ";";
    }
    CHECK(all == "a;b;c;");
    CHECK(reader.read_line() == std::nullopt);
}

SENTENCE("lines end with the error that stopped them") {
    REQUIRE_OK(auto pair, connected_pair());
    CHECK_OK(pair.client.write_all("short\nmuch too long\n"));
    BufReader reader(pair.server);
    int count = 0;
    for (auto& line : reader.lines(8)) {
        if (++count == 1) CHECK(line == "short");
        if (count == 2) CHECK_ERROR(line, Errc::too_large);
    }
    CHECK(count == 2);
}

SENTENCE("records and exact pieces are read from what is buffered") {
    REQUIRE_OK(auto pair, connected_pair());
    CHECK_OK(pair.client.write_all("key=value;rest"));
    CHECK_OK(pair.client.shutdown(hws::Shutdown::write));
    BufReader reader(pair.server);
    CHECK(reader.read_until('=') == "key=");
    std::array<std::byte, 5> five;
    CHECK_OK(reader.read_exact(five));
    CHECK(hws::text_of(five) == "value");
    CHECK(reader.read_until('!') == ";rest");
    CHECK(reader.read_until('!') == std::nullopt);
    CHECK_ERROR(reader.read_exact(five), Errc::reset);
}

SENTENCE("an iostream ends with its stream, and keeps why it failed") {
    REQUIRE_OK(auto pair, connected_pair());
    CHECK_OK(pair.client.write_all("last"));
    CHECK_OK(pair.client.shutdown(hws::Shutdown::write));
    IoStream io(pair.server);
    std::string word;
    CHECK(io >> word && word == "last");
    CHECK(!(io >> word));
    CHECK(io.eof() && !io.error());
    CHECK_OK(pair.server.shutdown(hws::Shutdown::write));
    io.clear();
    io << "x" << std::flush;
    CHECK(!io);
    CHECK(io.error() && *io.error() == Errc::broken_pipe);
}
