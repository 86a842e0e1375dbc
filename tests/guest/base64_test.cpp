#include "../../guest/src/base64.hpp"

#include <doctest/doctest.h>
#include <string>

using hws::guest::decode_base64;

namespace {
std::string decoded(std::string_view text) {
    const auto bytes = decode_base64(text);
    if (!bytes) return "malformed";
    return std::string(reinterpret_cast<const char*>(bytes->data()), bytes->size());
}
} // namespace

TEST_CASE("the test vectors of RFC 4648 are encoded") {
    const auto encoded = [](std::string_view text) {
        return hws::guest::encode_base64(std::as_bytes(std::span(text)));
    };
    CHECK(encoded("") == "");
    CHECK(encoded("f") == "Zg==");
    CHECK(encoded("fo") == "Zm8=");
    CHECK(encoded("foo") == "Zm9v");
    CHECK(encoded("foob") == "Zm9vYg==");
    CHECK(encoded("fooba") == "Zm9vYmE=");
    CHECK(encoded("foobar") == "Zm9vYmFy");
    CHECK(encoded("\xfb\xff\xbf") == "+/+/");
}

TEST_CASE("the test vectors of RFC 4648 are decoded") {
    CHECK(decoded("") == "");
    CHECK(decoded("Zg==") == "f");
    CHECK(decoded("Zm8=") == "fo");
    CHECK(decoded("Zm9v") == "foo");
    CHECK(decoded("Zm9vYg==") == "foob");
    CHECK(decoded("Zm9vYmE=") == "fooba");
    CHECK(decoded("Zm9vYmFy") == "foobar");
    CHECK(decoded("+/+/") == "\xfb\xff\xbf");
}

TEST_CASE("base64 with a wrong length, digit or padding is malformed") {
    for (const char* text :
         {"Z", "Zg", "Zg=", "Zg===", "Zm9v\n", "Zm-v", "=Zg=", "Zg==Zg==", "====", "Z==="}) {
        CAPTURE(text);
        CHECK(decoded(text) == "malformed");
    }
}
