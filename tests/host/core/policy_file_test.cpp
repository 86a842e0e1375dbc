#include "core/policy_file.hpp"

#include <doctest/doctest.h>
#include <random>

using namespace hws;
using namespace hws::host::core;

namespace {
std::string mistake_in(std::string_view text) {
    auto policy = parse_policy_toml(text);
    if (policy) return "accepted";
    CHECK(policy.error() == Errc::bad_policy);
    return policy.error().context();
}
} // namespace

TEST_SUITE_BEGIN("policy file");

TEST_CASE("a policy file lists what is allowed and what is denied") {
    auto policy = parse_policy_toml(R"(# for the tests
allow = [
    "tcp:127.0.0.1:6379",  # redis
    'https:*.example.com:443',
]
deny = ["https:admin.example.com:443"]
)");
    REQUIRE(policy);
    CHECK(policy->rules() == std::vector<std::string>{"allow tcp:127.0.0.1:6379",
                                                      "allow https:*.example.com:443",
                                                      "deny https:admin.example.com:443"});
}

TEST_CASE("an empty file denies everything") {
    for (const char* text : {"", "\n", "# nothing", "allow = []"}) {
        auto policy = parse_policy_toml(text);
        REQUIRE(policy);
        CHECK(policy->rule_count() == 0);
    }
}

TEST_CASE("a mistake in a rule is reported at its line and column") {
    CHECK(
        mistake_in("\n\nallow = [\"tcp:127.0.0.1/8:80\"]\n") ==
        "policy.toml:3:15: \"127.0.0.1/8\" has host bits set: is the address or the prefix meant?");
    CHECK(mistake_in("allow = [\n    \"tpc:*:80\",\n]")
              .starts_with("policy.toml:2:6: unknown use \"tpc\""));
    CHECK(mistake_in("allow = [\"tcp:*:80\"]\ndeny = [\"tcp::80\"]") ==
          "policy.toml:2:14: the host is empty");
}

TEST_CASE("whatever is not understood refuses the file") {
    CHECK(mistake_in("alow = []") ==
          "policy.toml:1:1: unknown key \"alow\"; there are allow and deny");
    CHECK(mistake_in("allow = []\n[limits]\nsockets = 3").starts_with("policy.toml:2:"));
    CHECK(mistake_in("allow = \"tcp:*:80\"") == "policy.toml:1:9: allow is an array of strings");
    CHECK(mistake_in("deny = [80]").starts_with("policy.toml:1:9: a rule is a string"));
    CHECK(
        mistake_in("allow = [[\"tcp:*:80\"]]").starts_with("policy.toml:1:10: a rule is a string"));
    CHECK(mistake_in("allow = [").starts_with("policy.toml:1:"));
    CHECK(mistake_in("allow = []\nallow = []").starts_with("policy.toml:2:"));
    CHECK(mistake_in("allow = [\"\xff\"]").starts_with("policy.toml:"));
    CHECK(mistake_in(std::string(max_policy_file_bytes + 1, '\n')).contains("larger than 1 MiB"));
    CHECK(mistake_in("allow = " + std::string(100000, '[')).starts_with("policy.toml:1:"));
    auto named = parse_policy_toml("x = 1", "etc/my.toml");
    REQUIRE_FALSE(named);
    CHECK(named.error().context().starts_with("etc/my.toml:1:1: "));
}

TEST_CASE("random bytes never do more than fail") {
    std::mt19937 random(23);
    constexpr std::string_view alphabet = "allow=deny[]\"',.:*tcp10 \n#\\\0\xff{}";
    for (int i = 0; i < 20000; ++i) {
        std::string text = random() % 2 ? "allow = [\"" : "";
        for (std::size_t length = random() % 40; length > 0; --length)
            text += alphabet[random() % alphabet.size()];
        if (auto policy = parse_policy_toml(text)) CHECK(policy->rule_count() < 3);
    }
}

TEST_SUITE_END();
