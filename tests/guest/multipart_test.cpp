#include <algorithm>
#include <doctest/doctest.h>
#include <hws/multipart.hpp>

using hws::http::Multipart;

namespace {
std::string boundary_of(const Multipart& form) {
    const std::string type = form.content_type();
    return type.substr(type.find('=') + 1);
}
} // namespace

TEST_CASE("parts stand between boundaries, files with name and type") {
    Multipart form;
    form.text("title", "Holidays").file("picture", "beach.png", "image/png", "\x89PNG\r\n--");
    const std::string b = "--" + boundary_of(form);
    const auto body = form.body();
    REQUIRE(body);
    CHECK(hws::text_of(*body) == b +
                                     "\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\n"
                                     "Holidays\r\n" +
                                     b +
                                     "\r\nContent-Disposition: form-data; name=\"picture\"; "
                                     "filename=\"beach.png\"\r\nContent-Type: image/png\r\n\r\n"
                                     "\x89PNG\r\n--\r\n" +
                                     b + "--\r\n");
}

TEST_CASE("a name can't leave its quotes or its line") {
    Multipart form;
    form.file("a\"; x=\"b", "c\r\nX: y", "", "");
    const auto body = form.body();
    REQUIRE(body);
    CHECK(hws::text_of(*body).contains(
        "form-data; name=\"a%22; x=%22b\"; filename=\"c%0D%0AX: y\"\r\n\r\n\r\n"));
}

TEST_CASE("a content type with a line break is an error, and the form stays one") {
    Multipart form;
    form.file("a", "b", "text/plain\r\nX: y", "c");
    CHECK(form.body().error() == hws::Errc::invalid_argument);
}

TEST_CASE("each form has a boundary of its own, which RFC 2046 allows") {
    const std::string first = boundary_of(Multipart());
    CHECK(first != boundary_of(Multipart()));
    CHECK(first.size() <= 70);
    CHECK(first.find_first_not_of("abcdefhswx0123456789-") == std::string::npos);
}

TEST_CASE("a part from a source is read to its end, and its length is that of the form") {
    const auto source_of = [](std::string text) {
        return hws::http::BodySource(
            [text = std::move(text)](std::span<std::byte> into) mutable -> hws::Result<std::size_t> {
                const std::size_t count = std::min<std::size_t>({into.size(), text.size(), 3});
                std::copy_n(hws::bytes_of(text).begin(), count, into.begin());
                text.erase(0, count);
                return count;
            });
    };
    Multipart form;
    form.text("a", "b").file_from("f", "n", "t/t", source_of("0123456789"), 10).text("c", "d");
    CHECK(form.has_source());
    const auto body = form.body();
    REQUIRE(body);
    const std::string b = "--" + boundary_of(form);
    CHECK(hws::text_of(*body) ==
          b + "\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n" + b +
              "\r\nContent-Disposition: form-data; name=\"f\"; filename=\"n\"\r\n"
              "Content-Type: t/t\r\n\r\n0123456789\r\n" +
              b + "\r\nContent-Disposition: form-data; name=\"c\"\r\n\r\nd\r\n" + b + "--\r\n");
    CHECK(form.body_bytes() == body->size());

    for (const std::uint64_t wrong : {9, 11}) {
        Multipart other;
        other.file_from("f", "n", "", source_of("0123456789"), wrong);
        CHECK(other.body().error() == hws::Errc::invalid_argument);
    }
    Multipart unknown;
    unknown.file_from("f", "n", "", source_of("0123456789"));
    CHECK_FALSE(unknown.body_bytes().has_value());
    CHECK(unknown.body());
    Multipart failing;
    failing.file_from("f", "n", "", [](std::span<std::byte>) -> hws::Result<std::size_t> {
        return hws::fail(hws::Errc::reset, "the source is dry");
    });
    CHECK(failing.body().error() == hws::Errc::reset);
}
