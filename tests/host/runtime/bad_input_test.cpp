// Every row of dialect v2 with what no program should give it, called by real wasm. The calls come
// from the table itself, so that a new row is tried as soon as it stands there.

#include "assemble.hpp"
#include "plugin_fixture.hpp"
#include "support/web_socket_server.hpp"

#include <cstring>
#include <doctest/doctest.h>
#include <lower.hpp>
#include <optional>
#include <v2.hpp>

using namespace hws;
using hws::host::Module;
using namespace hws::test;
using namespace hws::abi;
using namespace hws::abi::v2;

namespace {

constexpr std::uint32_t memory_bytes = 65'536; // one page

/// What one argument of a row is, in wasm.
struct Parameter {
    enum class Kind { number, descriptor, pointer, span };
    Kind kind = Kind::number;
    std::vector<bool> is_64_bits{}; ///< of each wasm value it takes
    std::size_t pointee_bytes = 0;
};

template <class T> struct Describe {
    static Parameter of() { return {Parameter::Kind::number, {Lower<T>::types[0] == WasmType::i64}}; }
};
template <> struct Describe<Fd> {
    static Parameter of() { return {Parameter::Kind::descriptor, {false}}; }
};
template <class T> struct Describe<GuestPointer<T>> {
    static Parameter of() { return {Parameter::Kind::pointer, {false}, sizeof(T)}; }
};
template <class T> struct Describe<GuestSpan<T>> {
    static Parameter of() { return {Parameter::Kind::span, {false, false}, sizeof(T)}; }
};

std::string i32(std::int64_t number) { return "(i32.const " + std::to_string(number) + ')'; }

struct Row {
    std::string name;
    std::vector<Parameter> parameters;
};

template <class Signature> struct Parameters;
template <class R, class... A> struct Parameters<R(A...)> {
    static std::vector<Parameter> all() { return {Describe<A>::of()...}; }
};

std::vector<Row> rows() {
    std::vector<Row> all;
#define ABI_FUNCTION(name, signature, wait, sentence)                                              \
    all.push_back({#name, Parameters<signature>::all()});
#include <functions.def>
#undef ABI_FUNCTION
    return all;
}

/// The arguments of one call; each is one or two numbers. `$fd` is a socket, of the rows of
/// WebSockets an open one of those.
using Call = std::vector<std::vector<std::string>>;

/// What might work: a socket, room enough at distinct places, one element, no time to wait.
Call plausible(const Row& row) {
    Call call;
    std::uint32_t place = 4096;
    for (const Parameter& parameter : row.parameters) {
        switch (parameter.kind) {
        case Parameter::Kind::number:
            call.push_back({parameter.is_64_bits[0] ? "(i64.const 0)" : "(i32.const 1)"});
            break;
        case Parameter::Kind::descriptor:
            call.push_back({"(global.get $fd)"});
            break;
        case Parameter::Kind::pointer:
            call.push_back({i32(place)});
            break;
        case Parameter::Kind::span:
            call.push_back({i32(place), i32(16)});
            break;
        }
        place += 4096;
    }
    return call;
}

std::string text_of(const Row& row, const Call& call) {
    std::string text = "(call $" + row.name;
    for (const auto& argument : call)
        for (const std::string& number : argument)
            text += ' ' + number;
    return text + ')';
}

struct Attack {
    std::string what;
    const Row* row;
    Call call;
    bool must_fail;
};

std::vector<Attack> attacks(const std::vector<Row>& all) {
    std::vector<Attack> out;
    for (const Row& row : all) {
        for (std::size_t i = 0; i < row.parameters.size(); ++i) {
            const Parameter& parameter = row.parameters[i];
            const auto add = [&](std::string what, std::vector<std::string> argument,
                                 bool must_fail) {
                Call call = plausible(row);
                call[i] = std::move(argument);
                out.push_back({row.name + ", argument " + std::to_string(i + 1) + ": " + what, &row,
                               std::move(call), must_fail});
            };
            const bool is_span = parameter.kind == Parameter::Kind::span;
            if (parameter.kind == Parameter::Kind::descriptor) {
                for (const std::int64_t fd : {-1L, 250L, 2'147'483'647L, -2'147'483'648L})
                    add("descriptor " + std::to_string(fd), {i32(fd)}, true);
                add("standard output", {"(i32.const 1)"}, false);
            } else if (parameter.kind != Parameter::Kind::number) {
                const auto size =
                    static_cast<std::uint32_t>(parameter.pointee_bytes * (is_span ? 16 : 1));
                for (const std::uint32_t address :
                     {memory_bytes, memory_bytes - size + 1, 0x7fffffffu, 0x80000000u, 0xfffffff0u,
                      0xffffffffu}) {
                    std::vector<std::string> argument{i32(static_cast<std::int32_t>(address))};
                    if (is_span) argument.push_back("(i32.const 16)");
                    add("address " + std::to_string(address), argument, true);
                }
                // Some may be left out, and alignment does not matter.
                for (const std::uint32_t address : {0u, 4097u, 4099u}) {
                    std::vector<std::string> argument{i32(address)};
                    if (is_span) argument.push_back("(i32.const 16)");
                    add("address " + std::to_string(address), argument, false);
                }
                if (is_span)
                    for (const char* count : {"0", "1024", "0x10000", "0x08000000", "-0x80000000",
                                              "-1"})
                        add(std::string("count ") + count,
                            {"(i32.const 4096)", std::string("(i32.const ") + count + ")"}, false);
            } else if (parameter.is_64_bits[0]) {
                // Not the longest: a call that waits as long as it is told would do so.
                add("1", {"(i64.const 1)"}, false);
            } else {
                for (const char* number : {"0", "2", "3", "4", "6", "255", "65536", "0x7fffffff",
                                           "-0x80000000", "-1"})
                    add(std::string("number ") + number, {std::string("(i32.const ") + number + ")"},
                        false);
            }
        }
    }
    return out;
}

/// As a string of the text format.
std::string wat_string(std::string_view bytes) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string text = "\"";
    for (const char c : bytes)
        (text += '\\').append({digits[static_cast<unsigned char>(c) >> 4], digits[c & 15]});
    return text + '"';
}

bool is_of_web_sockets(const Row& row) {
    return row.name.starts_with("ws_") && row.name != "ws_connect";
}

constexpr std::uint32_t request_at = 128, url_at = 256;

/// The module: `attack` takes the number of an attack as four bytes of input, and gives the row's
/// answer as four bytes of output.
std::string module_of_attacks(const std::vector<Row>& all, const std::vector<Attack>& list,
                              const std::string& url) {
    std::string text = "(module\n";
    for (const Row& row : all) {
        text += "(import \"hws\" \"" + row.name + "\" (func $" + row.name + " (param";
        for (const Parameter& parameter : row.parameters)
            for (const bool is_64_bits : parameter.is_64_bits)
                text += is_64_bits ? " i64" : " i32";
        text += ") (result i32)))\n";
    }
    text += R"(
(import "extism:host/env" "input_load_u64" (func $input_load_u64 (param i64) (result i64)))
(import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
(import "extism:host/env" "store_u64" (func $store_u64 (param i64 i64)))
(import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
(import "wasi_snapshot_preview1" "fd_fdstat_set_flags" (func $set_flags (param i32 i32) (result i32)))
(memory (export "memory") 1 1)
(func $open_web_socket
  (drop (call $ws_connect (i32.const 128) (i32.const 72)))
  (global.set $fd (i32.load (i32.const 72)))
  (drop (call $ws_opened (global.get $fd)))
  (drop (call $set_flags (global.get $fd) (i32.const 4)))) ;; it does not wait
(global $fd (mut i32) (i32.const -1))
(table funcref (elem)";
    for (std::size_t i = 0; i < list.size(); ++i)
        text += " $attack" + std::to_string(i);
    text += "))\n(type $attack (func (result i32)))\n";
    WsRequest request;
    request.url = {url_at, static_cast<std::uint32_t>(url.size())};
    std::string request_bytes(sizeof request, '\0');
    std::memcpy(request_bytes.data(), &request, sizeof request);
    text += "(data (i32.const " + std::to_string(request_at) + ") " + wat_string(request_bytes) + ")\n";
    text += "(data (i32.const " + std::to_string(url_at) + ") " + wat_string(url) + ")\n";
    for (std::size_t i = 0; i < list.size(); ++i)
        text += "(func $attack" + std::to_string(i) + " (result i32) " +
                (is_of_web_sockets(*list[i].row) ? "(call $open_web_socket) " : "") +
                text_of(*list[i].row, list[i].call) + ")\n";
    // A pair of sockets that do not wait, anew for each attack: 3 and 4 if the host keeps order.
    text += R"(
(func (export "attack") (result i32)
  (local $block i64)
  (local $number i32)
  (drop (call $socket_pair (i32.const 1) (i32.const 1) (i32.const 64)))
  (global.set $fd (i32.load (i32.const 64)))
  (local.set $number
    (call_indirect (type $attack) (i32.wrap_i64 (call $input_load_u64 (i64.const 0)))))
  (local.set $block (call $alloc (i64.const 8)))
  (call $store_u64 (local.get $block) (i64.extend_i32_u (local.get $number)))
  (call $output_set (local.get $block) (i64.const 8))
  (i32.const 0)))
)";
    return text;
}

std::string bytes_of_number(std::uint64_t number) {
    return {reinterpret_cast<const char*>(&number), sizeof number};
}

} // namespace

TEST_SUITE_BEGIN("bad input");

TEST_CASE("no row of dialect v2 takes a bad pointer or descriptor, and none harms the host") {
    const std::vector<Row> all = rows();
    const std::vector<Attack> list = attacks(all);
    REQUIRE(list.size() > 30 * 5);
    WebSocketServer server;
    const Module module =
        runtime().load(assemble(module_of_attacks(all, list, server.url("/echo")))).value();
    std::optional<TestPlugin> plugin;
    std::size_t must_fail = 0;
    std::size_t sent_messages = 0;
    for (std::size_t i = 0; i < list.size(); ++i) {
        CAPTURE(list[i].what);
        // Sockets of before would fill the table.
        if (i % 50 == 0)
            plugin.emplace(module, Setup{.rules = {"allow udp:loopback:9", "allow ws:loopback:*"},
                                         .limits = impatient()});
        const std::string output = plugin->call("attack", bytes_of_number(i));
        REQUIRE_MESSAGE(output.size() == 8, output);
        std::uint64_t number = 0;
        std::memcpy(&number, output.data(), sizeof number);
        CHECK(number < 1000);
        if (list[i].row->name == "ws_send" && number == 0) ++sent_messages;
        if (list[i].must_fail) {
            ++must_fail;
            CHECK(number != 0);
        }
    }
    CHECK(must_fail > 100);
    CHECK(sent_messages > 3); // the WebSockets were open
}

TEST_SUITE_END();
