#include "lower.hpp"

#include <doctest/doctest.h>
#include <string_view>
#include <vector>

using namespace hws::abi;
using enum WasmType;

namespace {

struct Row {
    std::string_view name;
    std::vector<WasmType> params;
    std::vector<WasmType> results;
    Wait wait;
};

template <class Signature> Row row(std::string_view name, Wait wait) {
    const auto& params = params_of<Signature>;
    const auto& results = results_of<Signature>;
    return {name, {params.begin(), params.end()}, {results.begin(), results.end()}, wait};
}

const std::vector<Row> v1{
#define ABI_FUNCTION(name, signature, wait, sentence) row<signature>(#name, wait),
#include "v1.def"
#undef ABI_FUNCTION
};

const std::vector<Row> extism{
#define ABI_KERNEL_FUNCTION(name, signature, sentence) row<signature>(#name, never_waits),
#define ABI_FUNCTION(name, signature, wait, sentence) row<signature>(#name, wait),
#include "extism.def"
#undef ABI_KERNEL_FUNCTION
#undef ABI_FUNCTION
};

const Row& find(const std::vector<Row>& rows, std::string_view name) {
    for (const Row& row : rows)
        if (row.name == name) return row;
    FAIL("no row ", name);
    return rows.front();
}

enum class Small : std::uint8_t { zero, one };

} // namespace

TEST_CASE("every type of a row has its wasm form") {
    using Signature =
        Small(Fd, GuestPointer<int>, GuestSpan<char>, Block, std::uint16_t, std::int64_t);
    static_assert(
        std::is_same_v<lowered_t<Signature>,
                       std::int32_t(std::int32_t, std::int32_t, std::int32_t, std::int32_t,
                                    std::int64_t, std::int32_t, std::int64_t)>);
    static_assert(params_of<Signature> == std::array{i32, i32, i32, i32, i64, i32, i64});
    static_assert(results_of<Signature> == std::array{i32});
    static_assert(std::is_same_v<lowered_t<void()>, void()>);
    CHECK(params_of<void()>.empty());
    CHECK(results_of<void()>.empty());
}

TEST_CASE("arguments are lifted from their slots in order, a span taking two") {
    using Signature = void(std::int32_t, GuestSpan<char>, Block, std::uint8_t);
    constexpr std::array<std::uint64_t, 5> slots{0xffffffff, 16, 0x80000000, ~0ull, 0x101};
    constexpr auto arguments = lift_arguments<Signature>(slots);
    CHECK(std::get<0>(arguments) == -1);
    CHECK(std::get<1>(arguments) == GuestSpan<char>{16, 0x80000000});
    CHECK(std::get<2>(arguments) == Block{~0ull});
    CHECK(std::get<3>(arguments) == 1);
}

TEST_CASE("a result is lowered to one slot and an i32 is not sign-extended") {
    CHECK(lower_result(std::int32_t{-1}) == 0xffffffffu);
    CHECK(lower_result(Block{1ull << 40}) == 1ull << 40);
    CHECK(lower_result(Small::one) == 1);
}

TEST_CASE("dialect v1 has its eleven functions with the wasm types that existing plugins import") {
    CHECK(v1.size() == 11);
    CHECK(find(v1, "tcp_send").params == std::vector{i32, i64, i64});
    CHECK(find(v1, "tcp_send").results == std::vector{i32});
    CHECK(find(v1, "tcp_recv").params == std::vector{i32, i32});
    CHECK(find(v1, "tcp_recv").results == std::vector{i64});
    CHECK(find(v1, "tcp_close").results.empty());
    CHECK(find(v1, "tcp_close").wait == never_waits);
    CHECK(find(v1, "icmp_send").params == std::vector{i64, i64, i64, i32});
    CHECK(find(v1, "icmp_recv").params == std::vector{i32});
    CHECK(find(v1, "http_request").params == std::vector{i64, i64, i64, i64});
    CHECK(find(v1, "http_request").wait == waits);
}

TEST_CASE("the Extism table has the kernel's rows and the host's") {
    CHECK(extism.size() == 32);
    CHECK(find(extism, "load_u8").params == std::vector{i64});
    CHECK(find(extism, "load_u8").results == std::vector{i32});
    CHECK(find(extism, "store_u8").params == std::vector{i64, i32});
    CHECK(find(extism, "output_set").params == std::vector{i64, i64});
    CHECK(find(extism, "get_log_level").results == std::vector{i32});
    CHECK(find(extism, "http_request").params == std::vector{i64, i64});
}
