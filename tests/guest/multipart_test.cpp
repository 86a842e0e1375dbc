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
