#include "engine/engine.hpp"
#include "engine/module_cache.hpp"
#include "support/temporary_folder.hpp"

#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <string>
#include <sys/stat.h>
#include <vector>

namespace hws::host::engine {
namespace {

namespace fs = std::filesystem;
using Bytes = std::vector<std::byte>;

/// `(module)` with a custom section, so that any number of different ones can be had.
Bytes module_number(unsigned char number) {
    const unsigned char bytes[] = {0, 'a', 's', 'm', 1, 0, 0, 0, 0, 3, 1, 'n', number};
    const auto view = std::as_bytes(std::span(bytes));
    return {view.begin(), view.end()};
}

/// A cache in a folder of the test's own.
struct Place {
    test::TemporaryFolder folder;
    fs::path modules = folder.path() / "modules";
    fs::path key = folder.path() / "key" / "key";

    Result<std::unique_ptr<Engine>> engine() const {
        EngineOptions options;
        options.pooled_plugins = 1;
        options.cache = ModuleCache::Place{modules, key};
        return Engine::create(options);
    }
    /// Whether a fresh engine, as a new process has, takes the module from the cache. It works either way.
    bool is_cached(const Bytes& module) const {
        const auto made = engine();
        REQUIRE_MESSAGE(made.has_value(), made.error().message());
        const auto compiled = (*made)->compile(module);
        REQUIRE_MESSAGE(compiled.has_value(), compiled.error().message());
        return (*compiled)->was_cached();
    }
    std::vector<fs::path> entries() const {
        std::vector<fs::path> files;
        for (const auto& entry : fs::directory_iterator(modules))
            files.push_back(entry.path());
        return files;
    }
    /// The entry of that module: what compiling it adds to a cache that holds only the kernel.
    fs::path entry_of(const Bytes& module) const {
        const auto before = entries();
        REQUIRE_FALSE(is_cached(module));
        for (const fs::path& file : entries())
            if (std::find(before.begin(), before.end(), file) == before.end()) return file;
        FAIL("nothing was stored");
        return {};
    }
    void start() const { REQUIRE(engine().has_value()); } // stores the kernel
};

void write(const fs::path& file, std::string_view content) {
    std::ofstream stream(file, std::ios::binary | std::ios::trunc);
    stream << content;
    REQUIRE(stream.good());
}

} // namespace

TEST_CASE("a module compiled once is taken from the cache, by another engine too") {
    Place place;
    CHECK_FALSE(place.is_cached(module_number(1)));
    CHECK(place.is_cached(module_number(1)));
    CHECK_FALSE(place.is_cached(module_number(2)));
    CHECK(place.is_cached(module_number(1)));
    CHECK(place.is_cached(module_number(2)));
    for (const fs::path& file : place.entries())
        CHECK(fs::status(file).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
    CHECK(fs::status(place.modules).permissions() == fs::perms::owner_all);
    CHECK(fs::status(place.key).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
}

TEST_CASE("a truncated entry is compiled anew and replaced") {
    Place place;
    place.start();
    const fs::path entry = place.entry_of(module_number(1));
    const std::string whole = test::read_file(entry);
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{31}, std::size_t{32}, std::size_t{33},
                                   whole.size() / 2, whole.size() - 1}) {
        CAPTURE(size);
        write(entry, whole.substr(0, size));
        CHECK_FALSE(place.is_cached(module_number(1)));
        CHECK(place.is_cached(module_number(1)));
    }
    write(entry, whole + "x");
    CHECK_FALSE(place.is_cached(module_number(1)));
}

TEST_CASE("an entry with any bit flipped is compiled anew") {
    Place place;
    place.start();
    const fs::path entry = place.entry_of(module_number(1));
    const std::string whole = test::read_file(entry);
    for (std::size_t at = 0; at < whole.size(); at += whole.size() / 20 + 1) {
        CAPTURE(at);
        std::string flipped = whole;
        flipped[at] = static_cast<char>(flipped[at] ^ 1 << at % 8);
        write(entry, flipped);
        CHECK_FALSE(place.is_cached(module_number(1)));
        CHECK(test::read_file(entry) != flipped);
    }
}

TEST_CASE("one module's entry does not stand in for another's") {
    Place place;
    place.start();
    const fs::path one = place.entry_of(module_number(1));
    const fs::path two = place.entry_of(module_number(2));
    fs::copy_file(one, two, fs::copy_options::overwrite_existing);
    CHECK_FALSE(place.is_cached(module_number(2)));
    CHECK(place.is_cached(module_number(1)));
}

TEST_CASE("an entry made with another key, or by nobody's key, is compiled anew") {
    Place place;
    Place stranger;
    place.start();
    stranger.start();
    const fs::path own = place.entry_of(module_number(1));
    const fs::path foreign = stranger.entry_of(module_number(1));
    CHECK(own.filename() == foreign.filename());
    fs::copy_file(foreign, own, fs::copy_options::overwrite_existing);
    CHECK_FALSE(place.is_cached(module_number(1)));
    CHECK(place.is_cached(module_number(1)));
    // A key that was lost is made again; what the old one signed counts no more.
    fs::remove(place.key);
    CHECK_FALSE(place.is_cached(module_number(1)));
    CHECK(place.is_cached(module_number(1)));
    write(place.key, "short");
    const auto refused = place.engine();
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().context().find("key") != std::string::npos);
}

TEST_CASE("a folder, an entry or a key that others may write is not trusted") {
    Place place;
    place.start();
    const fs::path entry = place.entry_of(module_number(1));
    for (const fs::perms others : {fs::perms::group_write, fs::perms::others_write}) {
        fs::permissions(entry, others, fs::perm_options::add);
        CHECK_FALSE(place.is_cached(module_number(1)));
        CHECK(place.is_cached(module_number(1)));
        for (const fs::path& guarded : {place.modules, place.key, place.key.parent_path()}) {
            CAPTURE(guarded.string());
            fs::permissions(guarded, others, fs::perm_options::add);
            const auto refused = place.engine();
            REQUIRE_FALSE(refused.has_value());
            CHECK(refused.error() == Errc::not_permitted);
            CHECK(refused.error().context().find(guarded.string()) != std::string::npos);
            fs::permissions(guarded, others, fs::perm_options::remove);
        }
    }
    CHECK(place.is_cached(module_number(1)));
}

TEST_CASE("links are not followed: an entry is replaced, a folder or key refused") {
    Place place;
    place.start();
    const fs::path entry = place.entry_of(module_number(1));
    const fs::path elsewhere = place.folder.path() / "elsewhere";
    fs::rename(entry, elsewhere);
    fs::create_symlink(elsewhere, entry);
    CHECK_FALSE(place.is_cached(module_number(1)));
    CHECK_FALSE(fs::is_symlink(entry));
    CHECK(place.is_cached(module_number(1)));

    const fs::path moved = place.folder.path() / "moved";
    fs::rename(place.modules, moved);
    fs::create_directory_symlink(moved, place.modules);
    CHECK_FALSE(place.engine().has_value());
    fs::remove(place.modules);
    fs::rename(moved, place.modules);
    fs::rename(place.key, moved);
    fs::create_symlink(moved, place.key);
    CHECK_FALSE(place.engine().has_value());
}

TEST_CASE("a folder or a pipe where an entry should be costs a compilation and nothing else") {
    Place place;
    place.start();
    const fs::path entry = place.entry_of(module_number(1));
    fs::remove(entry);
    REQUIRE(::mkfifo(entry.c_str(), 0600) == 0);
    CHECK_FALSE(place.is_cached(module_number(1)));
    CHECK(place.is_cached(module_number(1)));
    fs::remove(entry);
    fs::create_directory(entry);
    CHECK_FALSE(place.is_cached(module_number(1)));
    CHECK_FALSE(place.is_cached(module_number(1)));
    // No temporary file is left behind.
    CHECK(place.entries().size() == 2);
}

TEST_CASE("without a cache nothing is kept and all works") {
    EngineOptions options;
    options.pooled_plugins = 1;
    const auto engine = Engine::create(options).value();
    for (int i = 0; i < 2; ++i)
        CHECK_FALSE(engine->compile(module_number(1)).value()->was_cached());
}

} // namespace hws::host::engine
