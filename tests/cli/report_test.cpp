#include "cli/report.hpp"

#include <doctest/doctest.h>

using hws::cli::printable;
using hws::cli::rules_that_allow;
using Rules = std::vector<std::string>;

TEST_CASE("text stays as it is, controls become visible") {
    CHECK(printable("plain text, Grüße, 日本語, 🙂") == "plain text, Grüße, 日本語, 🙂");
    CHECK(printable("a\nb\tc\r\x1b[31m\x7f") == "a\\nb\\tc\\x0d\\x1b[31m\\x7f");
    CHECK(printable("\xc2\x9b") == "\\xc2\\x9b");          // C1: CSI in one character
    CHECK(printable("\xe2\x80\xae") == "\\xe2\\x80\\xae"); // right-to-left override
    CHECK(printable("\xe2\x80\xa8") == "\\xe2\\x80\\xa8"); // line separator
    CHECK(printable("\xff\xc0\xaf\xed\xa0\x80\xe2\x80") ==
          "\\xff\\xc0\\xaf\\xed\\xa0\\x80\\xe2\\x80");
    CHECK(printable(std::string_view("\0", 1)) == "\\x00");
}

TEST_CASE("a denial is answered with the rule that would allow it") {
    CHECK(rules_that_allow("tcp 127.0.0.1:6379: no rule allows it; 127.0.0.1 is special "
                           "(loopback), which names and * never reach") ==
          Rules{"tcp:127.0.0.1:6379"});
    CHECK(rules_that_allow("tcp example.com:443: no rule allows this name") ==
          Rules{"tcp:example.com:443"});
    CHECK(rules_that_allow("tcp localhost:80: no rule allows loopback") ==
          Rules{"tcp:localhost:80"});
    CHECK(rules_that_allow("tcp 127.0.0.1:80 (localhost): no rule allows it") ==
          Rules{"tcp:127.0.0.1:80"});
    CHECK(rules_that_allow("udp [::1]:53: the policy has no rules") == Rules{"udp:[::1]:53"});
    CHECK(rules_that_allow("icmp 10.0.0.1: no rule allows it") == Rules{"icmp:10.0.0.1"});
    CHECK(rules_that_allow("icmp ::1: no rule allows it") == Rules{"icmp:[::1]"});
    CHECK(rules_that_allow("tcp [fe80::1%2]:80: no rule allows it") == Rules{"tcp:[fe80::1]:80"});
    CHECK(rules_that_allow("https 10.0.0.5:443 (db.internal): no rule allows it; 10.0.0.5 is "
                           "special (private), ...") ==
          Rules{"https:10.0.0.5:443", "resolve:db.internal"});
}

TEST_CASE("no rule is offered where none would help") {
    CHECK(rules_that_allow("tcp 127.0.0.1:80: forbidden by rule 3 (deny tcp:127.0.0.0/8:*)") ==
          Rules{});
    CHECK(rules_that_allow("tcp 0.0.0.0:80: an unspecified address is no destination") == Rules{});
    CHECK(rules_that_allow("tcp [::ffff:10.0.0.1]:80: it carries 10.0.0.1, which no rule allows") ==
          Rules{});
    CHECK(rules_that_allow("") == Rules{});
    CHECK(rules_that_allow("no rule allows") == Rules{});
}
