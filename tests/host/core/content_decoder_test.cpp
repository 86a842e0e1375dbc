#include "core/content_decoder.hpp"
#include "support/packing.hpp"

#include <doctest/doctest.h>
#include <map>
#include <random>
#include <string>

using namespace hws;
using namespace hws::host::core;
using namespace hws::test;

namespace {

/// Text that packs neither to nothing nor not at all.
std::string some_text(std::size_t bytes) {
    std::mt19937 random(7);
    std::string text;
    while (text.size() < bytes)
        text += "line " + std::to_string(random() % 10'000) + " of the text\n";
    text.resize(bytes);
    return text;
}

struct Unpacked {
    std::string text;
    Errc end = Errc{}; ///< none: it ended well
    std::string why;
    std::size_t turns = 0; ///< given to others
};

/// What comes of `packed`, given in pieces of `piece` bytes to a reader with `room` bytes.
Unpacked unpack(std::vector<std::string_view> fields, std::string_view packed,
                std::size_t piece = 1000, std::size_t room = 1000,
                std::uint64_t max_bytes = std::uint64_t{1} << 30) {
    Unpacked result;
    const auto ended = [&](const Error& error) {
        result.end = error.code();
        result.why = error.context();
        return result;
    };
    auto decoder = ContentDecoder::create(fields, max_bytes);
    if (!decoder) return ended(decoder.error());
    REQUIRE(*decoder != nullptr);
    std::vector<std::byte> into(room);
    auto rest = std::as_bytes(std::span(packed));
    auto given = rest.first(std::min(piece, rest.size()));
    rest = rest.subspan(given.size());
    for (;;) {
        const auto step = (*decoder)->decode(given, into);
        if (!step) return ended(step.error());
        result.text.append(reinterpret_cast<const char*>(into.data()), step->made);
        given = given.subspan(step->taken);
        if (step->is_unfinished) {
            ++result.turns;
            continue;
        }
        if (step->made > 0) continue;
        REQUIRE(given.empty()); // it may not leave anything while there is room
        if (rest.empty()) break;
        given = rest.first(std::min(piece, rest.size()));
        rest = rest.subspan(given.size());
    }
    if (const auto end = (*decoder)->check_end(); !end) return ended(end.error());
    return result;
}

/// Each coding with what its encoder makes of a text.
std::map<std::string, std::string> packed_in_each(std::string_view text) {
    return {{"gzip", gzip(text)},
            {"x-gzip", gzip(text)},
            {"deflate", zlib_deflate(text)},
            {"Deflate", bare_deflate(text)},
            {"br", brotli(text)},
            {"zstd", zstd(text)}};
}

} // namespace

TEST_SUITE_BEGIN("content_decoder");

TEST_CASE("each coding is unpacked, whatever the sizes of pieces and room") {
    const std::string text = some_text(100'000);
    for (const auto& [coding, packed] : packed_in_each(text))
        for (const std::size_t piece : {1, 2, 999, 1'000'000})
            for (const std::size_t room : {1, 7, 65'536}) {
                if (piece * room < 7) continue; // slow, and nothing new
                CAPTURE(coding);
                const Unpacked got = unpack({coding}, packed, piece, room);
                CHECK(got.end == Errc{});
                CHECK(got.text == text);
            }
}

TEST_CASE("codings one upon the other come off in the other order") {
    const std::string text = some_text(100'000);
    for (const std::size_t size : {1, 1000, 1'000'000}) {
        CHECK(unpack({"gzip, br"}, brotli(gzip(text)), size, 5000).text == text);
        CHECK(unpack({"zstd , identity", "deflate,"}, zlib_deflate(zstd(text)), size, 5000).text ==
              text);
        CHECK(unpack({"gzip", "gzip", "GZIP"}, gzip(gzip(gzip(text))), size, 5000).text == text);
    }
}

TEST_CASE("nothing is to be done where nothing is packed") {
    using Fields = std::vector<std::string_view>;
    for (const Fields& fields : {Fields{}, Fields{""}, Fields{"identity", " Identity , "}}) {
        const auto decoder = ContentDecoder::create(fields, 1000);
        REQUIRE(decoder.has_value());
        CHECK(*decoder == nullptr);
    }
}

TEST_CASE("unknown codings, too many of them, and a large window twice are refused at once") {
    const auto refusal = [](std::vector<std::string_view> fields) {
        const auto decoder = ContentDecoder::create(fields, 1000);
        REQUIRE_FALSE(decoder.has_value());
        CHECK(decoder.error() == Errc::protocol);
        return decoder.error().context();
    };
    CHECK(refusal({"compress"}) == "unknown content coding compress");
    CHECK(refusal({"gzip, \x01\xff"}) == "unknown content coding ??");
    CHECK(refusal({"gzip, gzip, gzip, gzip"}) == "more than 3 content codings");
    CHECK(refusal({"br", "gzip, br"}) == "the content coding br twice");
    CHECK(refusal({"zstd, zstd"}) == "the content coding zstd twice");
}

TEST_CASE("a body without a byte is whole, one that is cut short is not") {
    const std::string text = some_text(10'000);
    for (const auto& [coding, packed] : packed_in_each(text)) {
        CAPTURE(coding);
        CHECK(unpack({coding}, "").end == Errc{});
        for (const std::size_t bytes : {std::size_t{1}, packed.size() / 2, packed.size() - 1}) {
            const Unpacked got = unpack({coding}, std::string_view(packed).substr(0, bytes));
            CHECK(got.end == Errc::protocol);
            CHECK(got.why.ends_with("cut short"));
            CHECK(text.starts_with(got.text));
        }
    }
    const std::string inner = gzip(text);
    CHECK(unpack({"gzip, br"}, brotli(inner.substr(0, 500))).why == "gzip: cut short");
}

TEST_CASE("members and frames in a row are one body") {
    CHECK(unpack({"gzip"}, gzip("one ") + gzip("two"), 3).text == "one two");
    CHECK(unpack({"zstd"}, zstd("one ") + zstd("two"), 3).text == "one two");
}

TEST_CASE("what follows the end is an error, after all that came before") {
    for (const auto& [coding, packed] : packed_in_each("a text")) {
        CAPTURE(coding);
        for (const std::size_t piece : {1, 1000}) {
            const Unpacked got = unpack({coding}, packed + "garbage", piece);
            CHECK(got.end == Errc::protocol);
            CHECK(got.text == "a text");
        }
    }
    // Servers that add a checksum to the bare form are forgiven, as libcurl forgives them.
    CHECK(unpack({"deflate"}, bare_deflate("a text") + "1234", 1).end == Errc{});
    CHECK(unpack({"deflate"}, bare_deflate("a text") + "12345").end == Errc::protocol);
}

TEST_CASE("broken data is an error with the library's words, after all that came before") {
    const std::string text = some_text(200'000);
    for (const auto& [coding, packed] : packed_in_each(text)) {
        if (coding == "Deflate") continue; // the bare form has no checksum
        CAPTURE(coding);
        std::string broken = packed;
        broken.replace(packed.size() / 2, 20, 20, '\xff');
        const Unpacked got = unpack({coding}, broken, 1'000'000, 1'000'000);
        CHECK(got.end != Errc{});
        CHECK(got.why.size() > 6);
        if (coding == "gzip") {
            CHECK(got.text.size() > 10'000);
            CHECK(text.starts_with(got.text.substr(0, 10'000)));
        }
    }
    CHECK(unpack({"gzip"}, "no gzip at all").why == "gzip: incorrect header check");
    std::string wrong_sum = gzip("a text");
    wrong_sum[wrong_sum.size() - 8] ^= 1;
    CHECK(unpack({"gzip"}, wrong_sum).why == "gzip: incorrect data check");
    CHECK(unpack({"zstd"}, "no zstd at all").end == Errc::protocol);
}

TEST_CASE("random bytes harm nobody") {
    std::mt19937 random(11);
    const std::string text = some_text(5'000);
    for (const auto& [coding, packed] : packed_in_each(text))
        for (int round = 0; round < 300; ++round) {
            std::string bytes = packed;
            for (int i = 0; i < 3; ++i)
                bytes[random() % bytes.size()] = static_cast<char>(random());
            unpack({coding}, bytes, 1 + random() % 700, 1 + random() % 700, 20'000);
            for (char& byte : bytes)
                byte = static_cast<char>(random());
            unpack({coding}, bytes, 1 + random() % 700, 1 + random() % 700, 20'000);
        }
}

TEST_CASE("a body may unfold to its limit, and not to a byte more") {
    for (const std::size_t room : {100, 100'000}) {
        for (const auto& [coding, packed] : packed_in_each(std::string(10'000, 'x'))) {
            CAPTURE(coding);
            CHECK(unpack({coding}, packed, 1000, room, 10'000).end == Errc{});
            const Unpacked got = unpack({coding}, packed, 1000, room, 9'999);
            CHECK(got.end == Errc::too_large);
            CHECK(got.text.size() == 9'999);
        }
    }
    // What is unfolded on the way counts, too.
    const std::string small_at_last = gzip(gzip(gzip("")) + gzip(std::string(100'000, '\0')));
    CHECK(unpack({"gzip, gzip"}, small_at_last, 1000, 1000, 50'000).end == Errc::too_large);
}

TEST_CASE("a zstd frame that asks for more memory than the coding may is too large") {
    const std::string text = some_text(100'000);
    CHECK(unpack({"zstd"}, zstd(text, 23)).text == text);
    const Unpacked got = unpack({"zstd"}, zstd(text, 24));
    CHECK(got.end == Errc::too_large);
}

TEST_CASE("much ado about nothing in between lets others have their turn") {
    // Stored blocks without content, five bytes each (RFC 1951, 3.2.4), then the last.
    std::string nothing = "\x1f\x8b\x08";
    nothing.append("\0\0\0\0\0\0\xff", 7);
    constexpr std::size_t mebibytes = 8;
    while (nothing.size() < mebibytes << 20)
        nothing.append("\0\0\0\xff\xff", 5);
    nothing.append("\x03\0", 2).append(8, '\0');
    const Unpacked got = unpack({"gzip, gzip"}, gzip(nothing), 1 << 20, 1000);
    CHECK(got.end == Errc{});
    CHECK(got.text.empty());
    CHECK(got.turns >= mebibytes - 1);
    CHECK(got.turns <= mebibytes + 1);
}

TEST_SUITE_END();
