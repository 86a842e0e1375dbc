#include <doctest/doctest.h>
#include <hws/json_reader.hpp>
#include <vector>

using hws::JsonReader;

namespace {
std::string string_in(std::string_view text) {
    JsonReader json(text);
    std::string value = json.read_string();
    return json.finish() ? value : "malformed";
}
std::string integer_in(std::string_view text) {
    JsonReader json(text);
    const auto value = json.read_integer();
    return json.finish() ? std::to_string(value) : "malformed";
}
bool is_json(std::string_view text) {
    JsonReader json(text);
    json.skip_value();
    return json.finish();
}
} // namespace

TEST_CASE("an object of the host is read in the order of its keys, and unknown ones are skipped") {
    JsonReader json(
        R"( { "status" : 200, "new": {"a": [1, {"b": "}"}], "c": null}, "names":["x","y"] , "t":true} )");
    std::vector<std::string> keys, names;
    std::int64_t status = 0;
    json.enter_object();
    while (auto key = json.next_key()) {
        keys.push_back(*key);
        if (*key == "status") {
            status = json.read_integer();
        } else if (*key == "names") {
            json.enter_array();
            while (json.next_element())
                names.push_back(json.read_string());
        } else {
            json.skip_value();
        }
    }
    CHECK(json.finish());
    CHECK(status == 200);
    CHECK(keys == std::vector<std::string>{"status", "new", "names", "t"});
    CHECK(names == std::vector<std::string>{"x", "y"});
}

TEST_CASE("null stands for an object or an array with nothing in it") {
    JsonReader json(R"({"a":null,"b":1})");
    json.enter_object();
    CHECK(json.next_key() == "a");
    json.enter_array();
    CHECK_FALSE(json.next_element());
    CHECK(json.next_key() == "b");
    CHECK(json.read_integer() == 1);
    CHECK_FALSE(json.next_key());
    CHECK(json.finish());
}

TEST_CASE("strings come without their escapes") {
    CHECK(string_in(R"("plain")") == "plain");
    CHECK(string_in(R"("")") == "");
    CHECK(string_in(R"("a\"b\\c\/d\n\t\r\b\f")") == "a\"b\\c/d\n\t\r\b\f");
    CHECK(string_in(R"("\u0041\u00e9\u20ac\ud83d\ude00")") == "A\u00e9\u20ac\U0001f600");
    CHECK(string_in(R"("\ud83d!")") == "\ufffd!");
    CHECK(string_in(R"("\ude00\ud83d\u0041")") == "\ufffd\ufffdA");
    CHECK(string_in(R"("\u0000")") == std::string(1, '\0'));
}

TEST_CASE("a string that does not end, holds a control character or a bad escape is malformed") {
    for (std::string_view text :
         {"\"", "\"abc", "abc", "\"a\nb\"", R"("\x")", R"("\u12")", R"("\u12g4")", R"("\)", ""}) {
        CAPTURE(text);
        CHECK(string_in(text) == "malformed");
    }
}

TEST_CASE("a long string ends at its quote, and is malformed by a control character, wherever they are") {
    for (std::size_t at = 0; at < 40; ++at) {
        CAPTURE(at);
        const std::string plain = std::string(at, 'x') + "\x7f\xff ~";
        CHECK(string_in("\"" + plain + "\"") == plain);
        CHECK(string_in("\"" + plain + "\\n" + plain + "\"") == plain + "\n" + plain);
        for (const char c : {'\0', '\x1f', '\n'})
            CHECK(string_in("\"" + plain + c + plain + "\"") == "malformed");
        CHECK(string_in("\"" + plain) == "malformed");
    }
}

TEST_CASE("integers are read exactly, and other numbers are malformed") {
    CHECK(integer_in("0") == "0");
    CHECK(integer_in("-12") == "-12");
    CHECK(integer_in(" 9223372036854775807 ") == "9223372036854775807");
    for (std::string_view text :
         {"9223372036854775808", "1.5", "1e3", "", "x", "\"1\"", "1x", "--1"}) {
        CAPTURE(text);
        CHECK(integer_in(text) == "malformed");
    }
}

TEST_CASE("what is cut off, nested too deeply or followed by something is malformed") {
    CHECK(is_json("[[[[]]]]"));
    CHECK(is_json(std::string(64, '[') + std::string(64, ']')));
    CHECK_FALSE(is_json(std::string(65, '[') + std::string(65, ']')));
    CHECK_FALSE(is_json(std::string(1000000, '[')));
    for (std::string_view text : {"", "{", "[1", "[1}", "{]", "1 2", "[] x", "{\"a\":\"b}"}) {
        CAPTURE(text);
        CHECK_FALSE(is_json(text));
    }
}

TEST_CASE("after a mistake nothing more is read") {
    JsonReader json(R"({"a" 1, "b": 2})");
    json.enter_object();
    CHECK_FALSE(json.next_key());
    CHECK_FALSE(json.next_key());
    CHECK(json.read_string() == "");
    CHECK_FALSE(json.next_element());
    CHECK_FALSE(json.finish());
}

TEST_CASE("every truncation of an answer ends, without a crash, as malformed") {
    const std::string whole =
        R"({"status":200,"headers":{"A":["x\u00e9","y"]},"body":"aGk=","n":[1,2,{"z":null}]})";
    for (std::size_t size = 0; size < whole.size(); ++size) {
        JsonReader json(std::string_view(whole).substr(0, size));
        json.enter_object();
        while (auto key = json.next_key())
            json.skip_value();
        CHECK_FALSE(json.finish());
    }
}

TEST_CASE("text becomes a JSON string that reads back as itself") {
    std::string all;
    for (int c = 0; c < 256; ++c)
        all += static_cast<char>(c);
    CHECK(hws::json_string("a\"\\\n") == R"("a\"\\\u000a")");
    CHECK(string_in(hws::json_string(all)) == all);
}
