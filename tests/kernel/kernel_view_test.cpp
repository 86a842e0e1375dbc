#include "kernel/heap.hpp"
#include "kernel/kernel.hpp"
#include "native_memory.hpp"

#include <cstring>
#include <doctest/doctest.h>
#include <iterator>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace hws::kernel {
namespace {

using test::NativeMemory;

std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text));
}

std::string text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST_CASE("all-zero memory is an empty heap") {
    NativeMemory memory;
    auto view = memory.view();

    CHECK(view.output().empty());
    CHECK_FALSE(view.has_error());
    CHECK(view.length(0) == 0);

    const auto offset = view.store(bytes_of("hello"));

    CHECK(offset != 0);
    CHECK(view.length(offset) == 5);
    CHECK(text_of(view.bytes(offset)) == "hello");
}

TEST_CASE("a block of length 0 is a block, a number that is no offset is not") {
    NativeMemory memory;
    auto view = memory.view();

    const auto first = view.alloc(0);
    const auto second = view.alloc(0);

    CHECK(first != 0);
    CHECK(second != 0);
    CHECK(first != second);
    CHECK(view.length(first) == 0);
    CHECK(view.bytes(first).data() != nullptr);
    CHECK(view.bytes(first + 1).data() == nullptr);
    CHECK(view.bytes(0).data() == nullptr);
}

TEST_CASE("absurd sizes are refused and leave the heap as it was") {
    NativeMemory memory;
    auto view = memory.view();

    for (const std::uint64_t bytes :
         {std::numeric_limits<std::uint64_t>::max(), std::uint64_t{1} << 63, std::uint64_t{1} << 32,
          (std::uint64_t{1} << 32) - 1, std::uint64_t{1} << 30, (std::uint64_t{1} << 32) - 16})
        CHECK(view.alloc(bytes) == 0);

    CHECK(memory.pages() == 1);
    CHECK(view.alloc(100) == layout::first_region + layout::header_bytes);
}

TEST_CASE("length and free are safe for every number") {
    NativeMemory memory;
    auto view = memory.view();
    const auto offset = view.store(bytes_of(std::string(1000, 'x')));

    for (std::uint64_t number = 0; number < 70000; ++number) {
        if (number == offset) continue;
        CHECK(view.length(number) == 0);
        view.free(number);
    }
    for (unsigned shift = 0; shift < 64; ++shift) {
        for (const std::uint64_t near : {0, 1, 16, 64, 80}) {
            const std::uint64_t number = (std::uint64_t{1} << shift) + near;
            CHECK(view.length(number) == 0);
            CHECK(view.length(0 - number) == 0);
            CHECK(view.length(number + offset) == 0);
            view.free(number);
            view.free(0 - number);
        }
    }

    CHECK(text_of(view.bytes(offset)) == std::string(1000, 'x'));
}

TEST_CASE("payload that looks like a block's header fools nobody") {
    NativeMemory memory;
    auto view = memory.view();
    const auto outer = view.alloc(4096);
    const auto payload = view.bytes(outer);
    const std::uint32_t header[4] = {128, 64, 100, 0};
    for (std::size_t at = 0; at + 16 <= payload.size(); at += 16)
        std::memcpy(payload.data() + at, header, sizeof header);

    for (std::uint64_t inside = outer + 1; inside < outer + 4096; ++inside) {
        CHECK(view.length(inside) == 0);
        view.free(inside);
    }

    CHECK(view.length(outer) == 4096);
}

TEST_CASE(
    "a freed block has length 0, freeing it twice changes nothing, and its room is used again") {
    NativeMemory memory;
    auto view = memory.view();
    const auto first = view.alloc(100);
    const auto second = view.alloc(100);

    view.free(first);
    view.free(first);

    CHECK(view.length(first) == 0);
    CHECK(view.alloc(100) == first);
    CHECK(view.alloc(100) != second);
}

TEST_CASE("a block cut short keeps its beginning and gives the rest of its room back") {
    NativeMemory memory;
    auto view = memory.view();
    const auto block = view.alloc(10'000);
    const auto guard = view.alloc(1);
    std::memcpy(view.bytes(block).data(), "beginning", 9);

    view.shrink(block, 9);
    view.shrink(block, 500); // not longer than that: ignored
    view.shrink(guard + 1, 0);

    CHECK(text_of(view.bytes(block)) == "beginning");
    CHECK(view.alloc(9'000) == block + 64);
    view.free(block);
    CHECK(view.alloc(48) == block);
}

TEST_CASE("freed neighbours merge in whatever order they are freed") {
    for (const auto& order :
         {std::vector{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}}) {
        NativeMemory memory;
        auto view = memory.view();
        std::uint64_t blocks[3];
        for (auto& block : blocks)
            block = view.alloc(1000);
        const auto guard = view.alloc(10);

        for (const int index : order)
            view.free(blocks[index]);

        CHECK(view.alloc(3 * 1024 - 16) == blocks[0]);
        CHECK(view.length(guard) == 10);
    }
}

TEST_CASE("traffic through many live blocks does not make the heap grow") {
    NativeMemory memory;
    auto view = memory.view();
    std::vector<std::uint64_t> blocks;
    for (int index = 0; index < 20000; ++index)
        blocks.push_back(view.alloc(40 + index % 300));
    for (std::size_t index = 0; index < blocks.size(); index += 2)
        view.free(blocks[index]);
    const auto pages = memory.pages();

    for (int round = 0; round < 100000; ++round) {
        const auto offset = view.alloc(64 + round % 4000);
        REQUIRE(offset != 0);
        view.free(offset);
    }

    CHECK(memory.pages() == pages);
}

TEST_CASE("one size again and again is served from the block just freed") {
    NativeMemory memory;
    auto view = memory.view();
    const auto first = view.alloc(65536 + 1);
    view.alloc(1);

    for (int round = 0; round < 100; ++round) {
        view.free(first);
        CHECK(view.alloc(65536 + 1) == first);
    }
}

TEST_CASE("the memory grows when needed, and a span taken before is taken anew") {
    NativeMemory memory;
    auto view = memory.view();
    const auto small = view.store(bytes_of("kept"));

    const auto large = view.alloc(3'000'000);

    REQUIRE(large != 0);
    CHECK(memory.pages() > 1);
    CHECK(view.memory_bytes() == memory.size());
    CHECK(view.bytes(large).size() == 3'000'000);
    CHECK(text_of(view.bytes(small)) == "kept");
}

TEST_CASE("what remains of the first region is used after the heap has moved on") {
    NativeMemory memory;
    auto view = memory.view();
    const auto first = view.alloc(100);
    const auto large = view.alloc(100'000);
    const auto second = view.alloc(100);

    CHECK(large > layout::first_region_end);
    CHECK(second == first + 128);
}

TEST_CASE("a heap at its limit answers 0, keeps what it has, and works again after a free") {
    NativeMemory memory(1, 64);
    auto view = memory.view();
    std::vector<std::uint64_t> blocks;
    while (const auto offset = view.alloc(10'000)) {
        std::memset(view.bytes(offset).data(), static_cast<int>(blocks.size()), 10'000);
        blocks.push_back(offset);
    }

    // All of the limit but the start bits and less than one block of each region.
    CHECK(blocks.size() > (64 * 65536 - layout::second_region) / 10'048 - 2);
    for (std::size_t index = 0; index < blocks.size(); ++index)
        for (const std::byte value : view.bytes(blocks[index]))
            REQUIRE(value == std::byte(index));

    for (const auto block : blocks)
        view.free(block);
    CHECK(view.alloc(1'500'000) != 0);
}

TEST_CASE("a limit that leaves no room for the second region still gives the whole first page") {
    NativeMemory memory(1, 1);
    auto view = memory.view();

    CHECK(view.alloc(65536) == 0);
    const auto offset =
        view.alloc(layout::first_region_end - layout::first_region - layout::header_bytes);
    CHECK(offset != 0);
    CHECK(view.alloc(0) == 0);
    view.free(offset);
    CHECK(view.alloc(0) == offset);
}

TEST_CASE("input, output and error pass through the registers") {
    NativeMemory memory;
    auto view = memory.view();

    REQUIRE(view.set_input(bytes_of("question")));
    REQUIRE(view.set_error("went wrong"));

    CHECK(view.has_error());
    CHECK(view.error() == "went wrong");
    CHECK(view.output().empty());

    view.reset();

    CHECK_FALSE(view.has_error());
    CHECK(view.error().empty());
}

TEST_CASE("an output whose block was freed can be read until the room is used again") {
    NativeMemory memory;
    auto view = memory.view();
    const auto offset = view.store(bytes_of("answer"));
    std::uint64_t registers[2] = {offset, 6};
    std::memcpy(memory.data() + layout::output_offset, registers, sizeof registers);

    view.free(offset);

    CHECK(text_of(view.output()) == "answer");
}

TEST_CASE("an output range outside the memory is an empty output") {
    NativeMemory memory;
    auto view = memory.view();
    for (const auto& [offset, bytes] : std::vector<std::pair<std::uint64_t, std::uint64_t>>{
             {0, 65537}, {65536, 1}, {65535, 2}, {~std::uint64_t{0}, 2}, {16, ~std::uint64_t{0}}}) {
        const std::uint64_t registers[2] = {offset, bytes};
        std::memcpy(memory.data() + layout::output_offset, registers, sizeof registers);
        CHECK(view.output().empty());
    }
}

TEST_CASE("reset empties the heap and the next call finds the same offsets") {
    NativeMemory memory;
    auto view = memory.view();
    std::vector<std::uint64_t> before;
    std::vector<std::uint64_t> after;
    const std::size_t sizes[] = {10, 70'000, 500, 0, 3'000'000, 64};
    for (const auto bytes : sizes)
        before.push_back(view.alloc(bytes));
    const auto pages = memory.pages();

    view.reset();
    for (const auto offset : before)
        CHECK(view.length(offset) == 0);
    for (const auto bytes : sizes)
        after.push_back(view.alloc(bytes));

    CHECK(before == after);
    CHECK(memory.pages() == pages);
}

TEST_CASE("a few small blocks touch one page of 4 KiB, and three with a large one") {
    NativeMemory memory(64, 64);
    auto view = memory.view();
    auto touched = [&] {
        int pages = 0;
        for (std::size_t page = 0; page < memory.size(); page += 4096)
            for (std::size_t at = page; at < page + 4096; ++at)
                if (memory.data()[at] != std::byte{0}) {
                    ++pages;
                    break;
                }
        return pages;
    };

    view.reset();
    REQUIRE(view.set_input(bytes_of(std::string(300, 'i'))));
    for (int index = 0; index < 10; ++index)
        view.store(bytes_of("small block"));
    CHECK(touched() == 1);

    view.alloc(100'000);
    CHECK(touched() <= 4); // its start bit, its header, the rest of the first region
}

/// What a heap should be: disjoint blocks with their contents.
class Oracle {
public:
    explicit Oracle(NativeMemory& memory) : memory_(memory) {}

    bool add(std::uint64_t offset, std::size_t bytes, unsigned char fill) {
        if (offset < layout::control_end || offset + bytes > memory_.size()) return false;
        auto next = blocks_.lower_bound(offset);
        if (next != blocks_.end() && next->first < offset + (bytes == 0 ? 1 : bytes)) return false;
        if (next != blocks_.begin() &&
            std::prev(next)->first + std::prev(next)->second.first > offset)
            return false;
        std::memset(memory_.data() + offset, fill, bytes);
        blocks_[offset] = {bytes, fill};
        return true;
    }

    bool right(std::uint64_t offset) const {
        const auto& [bytes, fill] = blocks_.at(offset);
        for (std::size_t at = 0; at < bytes; ++at)
            if (memory_.data()[offset + at] != std::byte{fill}) return false;
        return memory_.view().length(offset) == bytes;
    }

    std::map<std::uint64_t, std::pair<std::size_t, unsigned char>> blocks_;

private:
    NativeMemory& memory_;
};

TEST_CASE("random traffic: blocks are disjoint, keep their contents, and all room comes back") {
    for (unsigned seed = 1; seed <= 20; ++seed) {
        CAPTURE(seed);
        std::mt19937 random(seed);
        NativeMemory memory(1, 40 + seed * 8);
        auto view = memory.view();
        Oracle oracle(memory);

        for (int step = 0; step < 4000; ++step) {
            const auto roll = random() % 100;
            if (roll < 55) {
                std::size_t bytes = random() % 200;
                if (random() % 8 == 0) bytes = random() % 5000;
                if (random() % 64 == 0) bytes = random() % 300'000;
                const auto offset = view.alloc(bytes);
                if (offset != 0)
                    REQUIRE(oracle.add(offset, bytes, static_cast<unsigned char>(random())));
            } else if (roll < 99) {
                if (oracle.blocks_.empty()) continue;
                auto chosen = oracle.blocks_.lower_bound(random() % memory.size());
                if (chosen == oracle.blocks_.end()) chosen = oracle.blocks_.begin();
                REQUIRE(oracle.right(chosen->first));
                view.free(chosen->first);
                REQUIRE(view.length(chosen->first) == 0);
                oracle.blocks_.erase(chosen);
                if (oracle.blocks_.empty() || random() % 4 != 0) continue;
                auto& [offset, block] = *oracle.blocks_.begin();
                block.first = random() % (block.first + 1);
                view.shrink(offset, block.first);
            } else if (random() % 20 == 0) {
                view.reset();
                oracle.blocks_.clear();
            }
        }

        for (const auto& [offset, block] : oracle.blocks_) {
            REQUIRE(oracle.right(offset));
            view.free(offset);
        }
        // Everything has merged: the whole of each region is one piece again.
        std::uint32_t top = 0;
        std::memcpy(&top, memory.data() + layout::top, sizeof top);
        CHECK((top == layout::first_region || top == layout::second_region));
        if (top == layout::second_region)
            CHECK(view.alloc(layout::first_region_end - layout::first_region -
                             layout::header_bytes) == layout::first_region + layout::header_bytes);
    }
}

TEST_CASE("whatever bytes a plugin leaves in its kernel, every operation ends and stays inside the "
          "memory") {
    for (unsigned seed = 1; seed <= 400; ++seed) {
        CAPTURE(seed);
        std::mt19937_64 random(seed);
        NativeMemory memory(1 + seed % 40, 48);
        auto view = memory.view();
        std::vector<std::uint64_t> offsets;
        for (int index = 0; index < 50; ++index)
            offsets.push_back(view.alloc(random() % 3000));
        for (int index = 0; index < 50; index += 3)
            view.free(offsets[static_cast<std::size_t>(index)]);

        // Wholly random, or a working heap with some fields replaced by numbers that look like
        // blocks.
        const bool whole = seed % 4 == 0;
        const std::size_t used = std::min<std::size_t>(memory.size(), 200'000);
        if (whole)
            for (std::size_t at = 0; at < used; ++at)
                memory.data()[at] = std::byte(random());
        for (int step = 0; step < 300; ++step) {
            std::uint32_t value = static_cast<std::uint32_t>(random());
            if (random() % 2 != 0) value = value % (64u << 16) & ~63u;
            if (random() % 2 != 0) value |= 1;
            const std::size_t range = random() % 2 == 0 ? layout::control_end + 256 : used;
            std::memcpy(memory.data() + random() % (range / 4) * 4, &value, sizeof value);

            std::uint64_t number = random() % 3 == 0 ? random() : random() % (64u << 16);
            if (random() % 2 != 0) number = (number & ~std::uint64_t{63}) + 16;
            if (random() % 2 != 0) number = offsets[random() % offsets.size()];
            switch (random() % 8) {
            case 0:
            case 1: {
                const auto bytes = random() % 5000;
                if (const auto offset = view.alloc(bytes))
                    CHECK(offset + bytes <= view.memory_bytes());
                break;
            }
            case 2:
            case 3:
                view.shrink(number, random() % 100);
                view.free(number);
                break;
            case 4: {
                const auto span = view.bytes(number);
                CHECK(span.size() == view.length(number));
                for (std::byte& byte : span)
                    byte ^= std::byte{1};
                break;
            }
            case 5:
                if (!view.output().empty()) CHECK(view.output().back() == view.output().back());
                if (!view.error().empty()) CHECK(view.error().back() == view.error().back());
                break;
            case 6:
                (void)view.set_input(bytes_of("input"));
                (void)view.set_error("error");
                break;
            default:
                if (random() % 50 == 0) view.reset();
            }
        }

        // A reset makes it whole again, but for start bits above the high-water mark, which the
        // plugin may have planted.
        view.reset();
        CHECK(view.alloc(100) == layout::first_region + layout::header_bytes);
    }
}

TEST_CASE("a memory smaller than the control structures answers nothing and harms nothing") {
    for (std::size_t size = 0; size < 2000; size += 7) {
        std::vector<std::byte> bytes(size, std::byte{0xff});
        KernelView view(Memory{bytes.data(), bytes.size(), nullptr, nullptr});
        view.reset();
        CHECK(view.alloc(10) == 0);
        CHECK(view.length(layout::first_region + 16) == 0);
        view.free(layout::first_region + 16);
        CHECK_FALSE(view.set_input(bytes_of("x")));
        CHECK(view.output().empty());
    }
}

} // namespace
} // namespace hws::kernel
