#include "fake_host.hpp"

#include <doctest/doctest.h>
#include <hws/plugin.hpp>

namespace {
/// Frees the input's block, which is the host's.
void free_input(FakeHost& host) {
    for (std::uint64_t offset = 0x1000; host.live_blocks() > 0 && offset < 0x100000; ++offset)
        host.free(offset);
}

hws::Result<void> fails() {
    return hws::fail(hws::Errc::denied, "tcp 192.0.2.1:80");
}
int returns_five() {
    return 5;
}
} // namespace
HWS_PLUGIN_EXPORT(fails)
HWS_PLUGIN_EXPORT_AS(five, returns_five)

TEST_CASE("input comes whole, whatever its length") {
    for (std::size_t size : {0, 1, 7, 8, 9, 1000}) {
        FakeHost host;
        host.input = std::string(size, 'i');
        CHECK(hws::input_text() == host.input);
        CHECK(hws::input().size() == size);
        free_input(host);
    }
}

TEST_CASE("the last output counts") {
    FakeHost host;
    hws::output("first");
    hws::output("the second");
    CHECK(host.output == "the second");
    hws::output("");
    CHECK(host.output == "");
}

TEST_CASE("a failed export returns 1 and its error's line, an int is returned as it is") {
    FakeHost host;
    CHECK(hws_export_fails() == 1);
    CHECK(host.error == "tcp 192.0.2.1:80: denied");
    CHECK(hws_export_five() == 5);
}

TEST_CASE("configuration and variables are there or not") {
    FakeHost host;
    host.config["key"] = "value";
    CHECK(hws::config("key") == "value");
    CHECK_FALSE(hws::config("other"));
    CHECK_FALSE(hws::config(""));
    CHECK(hws::var::set("v", "1"));
    CHECK(hws::var::set("empty", ""));
    CHECK(hws::var::get_text("v") == "1");
    CHECK(hws::var::get_text("empty") == "");
    hws::var::remove("v");
    CHECK_FALSE(hws::var::get("v"));
}

TEST_CASE("messages go to their level's function, and the level in force can be asked") {
    FakeHost host;
    host.log_level = 3;
    CHECK_FALSE(hws::log::is_enabled(hws::log::Level::info));
    CHECK(hws::log::is_enabled(hws::log::Level::warn));
    hws::log::warn("one");
    hws::log::error("two");
    CHECK(host.calls == std::vector<std::string>{"warn one", "error two"});
}
