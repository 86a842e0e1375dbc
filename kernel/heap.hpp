#pragma once
/// The heap of the Extism kernel: blocks addressed by 64-bit offsets, and the registers that say
/// which block is input, output and error. One source, compiled twice: into kernel.wasm, where
/// `Memory` is the module's own memory, and into the host, where it is a checked view of the same
/// bytes (kernel.hpp), because a host function cannot call back into wasm. Both give identical
/// offsets.
///
/// Two-level segregated fit: alloc and free take constant time, neighbours merge at free, nothing
/// is ever searched. A plugin can overwrite every byte here. So no loop depends on a stored number
/// (but one, clamped), no arithmetic on one is undefined, and what is read is checked before use: a
/// damaged heap answers 0 or nonsense inside that plugin's own memory, never worse.
///
/// All-zero memory is a valid empty heap: the module has no data segment, and an unused kernel
/// touches no page. Freestanding: no library header but <stdint.h>.

#include <stdint.h>

namespace hws::kernel {

/// Where things stand in the kernel's memory. Address 0 is never used.
///
///        64  registers, class bitmaps, list heads, start bits of the first region      (the
///        first 1.7 KiB)
///      1728  first region of blocks: in the same 4 KiB page as what manages it
///    65536   start bits of the second region: reserved only when that region is first needed,
///    touched only as far as used
///   2162688  second region of blocks, grows to `max_memory_bytes`
namespace layout {

inline constexpr uint32_t page_bytes = 65536;
inline constexpr uint32_t max_memory_bytes = 1u << 30;

/// Blocks start and end on granules. A block's payload begins after its header, so every valid
/// offset is 16 modulo 64.
inline constexpr uint32_t granule_bytes = 64;
inline constexpr uint32_t header_bytes = 16;

/// Header fields. A free block keeps its list links where a used one keeps its length: freeing
/// leaves the payload as it was.
inline constexpr uint32_t tag_at = 0;         // block size in bytes, bit 0: free
inline constexpr uint32_t size_before_at = 4; // of the block before, 0: first of its region
inline constexpr uint32_t length_at = 8;      // used: payload length asked for
inline constexpr uint32_t next_free_at = 8;   // free: list links, 0 ends
inline constexpr uint32_t previous_free_at = 12;

/// Classes of free blocks by size in granules: one class a size below 16, then 16 classes for every
/// power of two.
inline constexpr uint32_t second_levels_log2 = 4;
inline constexpr uint32_t second_levels = 1u << second_levels_log2;
inline constexpr uint32_t first_levels = 21; // up to 2^24 granules, all of max_memory_bytes

inline constexpr uint32_t control = 64;
inline constexpr uint32_t top = control; // end of the last block; 0: empty heap
inline constexpr uint32_t size_before_top = top + 4;
inline constexpr uint32_t high_water = top + 8;    // the highest `top` since the last reset
inline constexpr uint32_t input_offset = top + 16; // six 64-bit registers
inline constexpr uint32_t input_length = input_offset + 8;
inline constexpr uint32_t output_offset = input_length + 8;
inline constexpr uint32_t output_length = output_offset + 8;
inline constexpr uint32_t error_offset = output_length + 8;
inline constexpr uint32_t error_length = error_offset + 8;
inline constexpr uint32_t first_bitmap = error_length + 8; // bit f: first level f has a block
inline constexpr uint32_t second_bitmaps = first_bitmap + 4;
inline constexpr uint32_t list_heads = second_bitmaps + 4 * first_levels;

/// One bit a granule: a used block starts there. The bits stand apart from the blocks, so that
/// payload bytes which look like a header fool nobody.
inline constexpr uint32_t first_bits = list_heads + 4 * first_levels * second_levels;
inline constexpr uint32_t first_region_end = page_bytes;
inline constexpr uint32_t control_end = first_bits + first_region_end / granule_bytes / 8;
inline constexpr uint32_t first_region =
    (control_end + granule_bytes - 1) / granule_bytes * granule_bytes;

inline constexpr uint32_t second_bits = first_region_end;
inline constexpr uint32_t second_region = second_bits + max_memory_bytes / granule_bytes / 8;

static_assert(first_region < 4096, "the control structures and the first blocks share a page");
static_assert(second_region % page_bytes == 0 && input_offset % 8 == 0);

} // namespace layout

/// `Memory` provides
///     uint64_t size() const                  bytes there are now
///     bool grow(uint32_t pages)
///     T load<T>(uint32_t address) const      little-endian, any alignment; what is out of bounds
///     is the provider's affair: void store<T>(uint32_t address, T)     the wasm side traps, the
///     host side reads 0 and writes nothing void zero(uint32_t address, uint32_t bytes)
template <class Memory> class Heap {
public:
    explicit constexpr Heap(Memory& memory) : memory_(memory) {}

    /// The offset of a block of `bytes` bytes, also for 0 bytes; 0 when there is no room. The
    /// contents are whatever stood there: they can only be this plugin's own old bytes, or zeros.
    uint64_t alloc(uint64_t bytes) {
        if (bytes > layout::max_memory_bytes - layout::second_region) return 0;
        const uint32_t need = round_to_granule(static_cast<uint32_t>(bytes) + layout::header_bytes);
        uint32_t block = take_free(need);
        if (block == 0) block = take_from_top(need);
        if (block == 0) return 0;
        store(block + layout::length_at, static_cast<uint32_t>(bytes));
        const Bit bit = start_bit(block);
        store(bit.word, load(bit.word) | bit.mask);
        return block + layout::header_bytes;
    }

    /// Gives a block back and merges it with free neighbours. A number that is not the offset of a
    /// used block is ignored. The payload keeps its bytes until the room is used again: a freed
    /// output can still be read.
    void free(uint64_t offset) {
        uint32_t block = find(offset);
        if (block == 0) return;
        const Bit bit = start_bit(block);
        store(bit.word, load(bit.word) & ~bit.mask);
        uint32_t bytes = load(block + layout::tag_at) & ~(layout::granule_bytes - 1);
        if (!fits(block, bytes)) return;

        const uint32_t size_before = load(block + layout::size_before_at);
        if (size_before != 0 && size_before <= block &&
            free_bytes(block - size_before) == size_before) {
            block -= size_before;
            unlink(block, size_before);
            bytes += size_before;
        }
        give_back(block, bytes);
    }

    /// Cuts a used block to its first `bytes` bytes and gives the rest back: for a host that had to
    /// allocate before it knew how much would come. Ignored when the block is not longer, or no
    /// block.
    void shrink(uint64_t offset, uint64_t bytes) {
        if (bytes >= length(offset)) return;
        const uint32_t block = find(offset);
        const uint32_t need = round_to_granule(static_cast<uint32_t>(bytes) + layout::header_bytes);
        const uint32_t size = load(block + layout::tag_at) & ~(layout::granule_bytes - 1);
        store(block + layout::length_at, static_cast<uint32_t>(bytes));
        if (!fits(block, size) || need >= size) return;
        store(block + layout::tag_at, need);
        store(block + need + layout::size_before_at, need);
        give_back(block + need, size - need);
    }

    /// The length of a used block; 0 for any other number.
    uint64_t length(uint64_t offset) const {
        const uint32_t block = find(offset);
        if (block == 0) return 0;
        const uint32_t bytes = load(block + layout::length_at);
        return bytes <= memory_.size() - offset ? bytes : 0;
    }

    /// Whether `offset` is that of a used block.
    bool is_block(uint64_t offset) const { return find(offset) != 0; }

    /// Back to the empty heap and cleared registers. Costs as much as was used at most: one store
    /// of zeros over the control structures, and one bit for every 64 bytes of the second region up
    /// to the high-water mark.
    void reset() {
        uint64_t high = load(layout::high_water);
        if (high > memory_.size()) high = memory_.size();
        if (high > layout::max_memory_bytes) high = layout::max_memory_bytes;
        memory_.zero(layout::control, layout::control_end - layout::control);
        if (high > layout::second_region) {
            const uint32_t bits =
                (static_cast<uint32_t>(high) - layout::second_region) / layout::granule_bytes;
            memory_.zero(layout::second_bits, (bits + 31) / 32 * 4);
        }
    }

    void set_input(uint64_t offset, uint64_t bytes) {
        set_register(layout::input_offset, offset);
        set_register(layout::input_length, bytes);
    }
    void set_output(uint64_t offset, uint64_t bytes) {
        set_register(layout::output_offset, offset);
        set_register(layout::output_length, bytes);
    }
    /// Takes the block's length now, so that a plugin which frees its error text afterwards is
    /// still heard.
    void set_error(uint64_t offset) {
        set_register(layout::error_offset, offset);
        set_register(layout::error_length, length(offset));
    }

    uint64_t input_offset() const { return register_at(layout::input_offset); }
    uint64_t input_length() const { return register_at(layout::input_length); }
    uint64_t output_offset() const { return register_at(layout::output_offset); }
    uint64_t output_length() const { return register_at(layout::output_length); }
    uint64_t error_offset() const { return register_at(layout::error_offset); }
    uint64_t error_length() const { return register_at(layout::error_length); }

private:
    struct Bit {
        uint32_t word; // address, 0: no block can start there
        uint32_t mask;
    };

    struct Class {
        uint32_t first;
        uint32_t second;
    };

    static uint32_t round_to_granule(uint32_t bytes) {
        return (bytes + layout::granule_bytes - 1) & ~(layout::granule_bytes - 1);
    }

    uint32_t load(uint32_t address) const { return memory_.template load<uint32_t>(address); }
    void store(uint32_t address, uint32_t value) {
        memory_.template store<uint32_t>(address, value);
    }
    uint64_t register_at(uint32_t address) const {
        return memory_.template load<uint64_t>(address);
    }
    void set_register(uint32_t address, uint64_t value) {
        memory_.template store<uint64_t>(address, value);
    }

    uint32_t top() const {
        const uint32_t stored = load(layout::top);
        return stored == 0 ? layout::first_region : stored;
    }

    /// Whether `bytes` at `block` can be a block at all. Everything read from a header or a list
    /// passes here before use.
    bool fits(uint32_t block, uint32_t bytes) const {
        uint64_t end = top();
        if (end > memory_.size()) end = memory_.size();
        if (end > layout::max_memory_bytes) end = layout::max_memory_bytes;
        return block % layout::granule_bytes == 0 && block >= layout::first_region &&
               bytes >= layout::granule_bytes && block < end && bytes <= end - block;
    }

    /// The size of the free block at `block`, 0 when there is none.
    uint32_t free_bytes(uint32_t block) const {
        const uint32_t tag = load(block + layout::tag_at);
        const uint32_t bytes = tag & ~(layout::granule_bytes - 1);
        return (tag & 1) != 0 && fits(block, bytes) ? bytes : 0;
    }

    /// Whether a block starts at the end of another one.
    bool has_block(uint32_t end) const { return end != top() && end != layout::first_region_end; }

    Bit start_bit(uint32_t block) const {
        const uint32_t mask = 1u << (block / layout::granule_bytes % 32);
        if (block < layout::first_region_end)
            return {layout::first_bits + block / layout::granule_bytes / 32 * 4, mask};
        // Below the memory's end the bits, which stand before the region, are inside too.
        if (block < layout::second_region || block >= memory_.size()) return {0, 0};
        return {layout::second_bits +
                    (block - layout::second_region) / layout::granule_bytes / 32 * 4,
                mask};
    }

    /// The used block whose payload is at `offset`, 0 when there is none.
    uint32_t find(uint64_t offset) const {
        if (offset >= layout::max_memory_bytes) return 0;
        if (offset % layout::granule_bytes != layout::header_bytes) return 0;
        const uint32_t block = static_cast<uint32_t>(offset) - layout::header_bytes;
        if (block < layout::first_region) return 0;
        const Bit bit = start_bit(block);
        return bit.word != 0 && (load(bit.word) & bit.mask) != 0 ? block : 0;
    }

    /// The class that holds blocks of so many granules (at least 1).
    static Class class_of(uint32_t granules) {
        if (granules < layout::second_levels) return {0, granules};
        const uint32_t log2 = 31 - static_cast<uint32_t>(__builtin_clz(granules));
        return {log2 - layout::second_levels_log2 + 1,
                (granules >> (log2 - layout::second_levels_log2)) & (layout::second_levels - 1)};
    }

    static uint32_t head_address(Class where) {
        return layout::list_heads + 4 * (where.first * layout::second_levels + where.second);
    }

    /// The first block of the smallest class in which every block has at least so many granules; 0
    /// when there is none.
    uint32_t find_larger(uint32_t granules) const {
        if (granules >= layout::second_levels) {
            const uint32_t log2 = 31 - static_cast<uint32_t>(__builtin_clz(granules));
            granules += (1u << (log2 - layout::second_levels_log2)) - 1;
        }
        Class where = class_of(granules);
        if (where.first >= layout::first_levels) return 0;
        uint32_t seconds = second_bitmap(where.first) & (~0u << where.second);
        if (seconds == 0) {
            const uint32_t firsts = load(layout::first_bitmap) & (~0u << (where.first + 1));
            if (firsts == 0) return 0;
            where.first = static_cast<uint32_t>(__builtin_ctz(firsts));
            if (where.first >= layout::first_levels) return 0;
            seconds = second_bitmap(where.first);
            if (seconds == 0) return 0;
        }
        where.second = static_cast<uint32_t>(__builtin_ctz(seconds));
        return load(head_address(where));
    }

    uint32_t second_bitmap(uint32_t first) const {
        return load(layout::second_bitmaps + 4 * first) & ((1u << layout::second_levels) - 1);
    }

    /// Makes [block, block + bytes) a free block and lists it. Its field `size_before` must be
    /// right already.
    void add_free(uint32_t block, uint32_t bytes) {
        const Class where = class_of(bytes / layout::granule_bytes);
        const uint32_t head = head_address(where);
        const uint32_t next = load(head);
        store(block + layout::tag_at, bytes | 1);
        store(block + layout::next_free_at, next);
        store(block + layout::previous_free_at, 0);
        if (next != 0) store(next + layout::previous_free_at, block);
        store(head, block);
        const uint32_t seconds = layout::second_bitmaps + 4 * where.first;
        store(seconds, load(seconds) | 1u << where.second);
        store(layout::first_bitmap, load(layout::first_bitmap) | 1u << where.first);
        if (has_block(block + bytes)) store(block + bytes + layout::size_before_at, bytes);
    }

    /// Lists [block, block + bytes), merged with what is free behind it, or lowers the top. As for
    /// `add_free`, its field `size_before` must be right already, and what stands before it must
    /// not be free.
    void give_back(uint32_t block, uint32_t bytes) {
        if (const uint32_t next = block + bytes; has_block(next)) {
            if (const uint32_t next_bytes = free_bytes(next); next_bytes != 0) {
                unlink(next, next_bytes);
                bytes += next_bytes;
            }
        }
        if (block + bytes == top()) {
            store(layout::top, block);
            store(layout::size_before_top, load(block + layout::size_before_at));
        } else {
            add_free(block, bytes);
        }
    }

    void unlink(uint32_t block, uint32_t bytes) {
        const uint32_t next = load(block + layout::next_free_at);
        const uint32_t previous = load(block + layout::previous_free_at);
        if (next != 0) store(next + layout::previous_free_at, previous);
        if (previous != 0) {
            store(previous + layout::next_free_at, next);
            return;
        }
        const Class where = class_of(bytes / layout::granule_bytes);
        store(head_address(where), next);
        if (next != 0) return;
        const uint32_t seconds = layout::second_bitmaps + 4 * where.first;
        const uint32_t rest = load(seconds) & ~(1u << where.second);
        store(seconds, rest);
        if (rest == 0)
            store(layout::first_bitmap, load(layout::first_bitmap) & ~(1u << where.first));
    }

    uint32_t take_free(uint32_t need) {
        const uint32_t granules = need / layout::granule_bytes;
        // The head of the block's own class first: it catches the common pattern, one size again
        // and again, which the class above would miss.
        uint32_t block = load(head_address(class_of(granules)));
        uint32_t bytes = block == 0 ? 0 : free_bytes(block);
        if (bytes < need) {
            block = find_larger(granules);
            if (block == 0) return 0;
            bytes = free_bytes(block);
            if (bytes < need) return 0; // only a damaged heap comes here
        }
        unlink(block, bytes);
        store(block + layout::tag_at, need);
        if (bytes > need) {
            store(block + need + layout::size_before_at, need);
            add_free(block + need, bytes - need);
        }
        return block;
    }

    uint32_t take_from_top(uint32_t need) {
        uint32_t block = top();
        if (block % layout::granule_bytes != 0 || block < layout::first_region) return 0;
        if (block <= layout::first_region_end) {
            if (need > layout::first_region_end - block) {
                if (!reserve(uint64_t{layout::second_region} + need)) return 0;
                leave_first_region(block);
                block = layout::second_region;
            } else if (!reserve(layout::first_region_end)) {
                return 0;
            }
        } else if (block < layout::second_region || !reserve(uint64_t{block} + need)) {
            return 0;
        }
        store(block + layout::tag_at, need);
        store(block + layout::size_before_at, load(layout::size_before_top));
        store(layout::top, block + need);
        store(layout::size_before_top, need);
        if (load(layout::high_water) < block + need) store(layout::high_water, block + need);
        return block;
    }

    /// What is left of the first region becomes a free block; from now on the top is in the second.
    void leave_first_region(uint32_t end) {
        const uint32_t size_before = load(layout::size_before_top);
        store(layout::top, layout::second_region);
        store(layout::size_before_top, 0);
        if (end == layout::first_region_end) return;
        store(end + layout::size_before_at, size_before);
        add_free(end, layout::first_region_end - end);
    }

    /// Grows the memory to at least `end`: by a little more than needed, since growing is a system
    /// call, else by just that.
    bool reserve(uint64_t end) {
        const uint64_t size = memory_.size();
        if (end <= size) return true;
        if (end > layout::max_memory_bytes) return false;
        constexpr uint32_t spare_pages = 16;
        const auto missing =
            static_cast<uint32_t>((end - size + layout::page_bytes - 1) / layout::page_bytes);
        const auto possible =
            static_cast<uint32_t>((layout::max_memory_bytes - size) / layout::page_bytes);
        const uint32_t generous =
            missing + spare_pages < possible ? missing + spare_pages : possible;
        return (memory_.grow(generous) || memory_.grow(missing)) && end <= memory_.size();
    }

    Memory& memory_;
};

} // namespace hws::kernel
