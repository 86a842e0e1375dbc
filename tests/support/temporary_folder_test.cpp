#include "support/temporary_folder.hpp"

#include <doctest/doctest.h>
#include <utility>

using hws::test::read_file;
using hws::test::TemporaryFolder;

TEST_CASE("a temporary folder is gone with its content when its owner is") {
    std::filesystem::path path;
    {
        TemporaryFolder first;
        const TemporaryFolder folder = std::move(first);
        path = folder.path();
        CHECK(read_file(folder.write("a/b.txt", "text")) == "text");
    }
    CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("a file that does not exist reads as empty") {
    CHECK(read_file("/no/such/file").empty());
}
