#include "block.hpp"

#include <cstring>

namespace hws::backend {

// Each call crosses from our instance into the kernel's, so eight bytes at a time cost an eighth.
void load(std::uint64_t address, std::span<std::byte> into) {
    std::byte* to = into.data();
    std::size_t left = into.size();
    for (; left >= 8; left -= 8, to += 8, address += 8) {
        const std::uint64_t word = extism::load_u64(address);
        std::memcpy(to, &word, 8);
    }
    for (; left > 0; --left, ++to, ++address)
        *to = static_cast<std::byte>(extism::load_u8(address));
}

void store(std::uint64_t address, std::span<const std::byte> from) {
    const std::byte* bytes = from.data();
    std::size_t left = from.size();
    for (; left >= 8; left -= 8, bytes += 8, address += 8) {
        std::uint64_t word;
        std::memcpy(&word, bytes, 8);
        extism::store_u64(address, word);
    }
    for (; left > 0; --left, ++bytes, ++address)
        extism::store_u8(address, static_cast<std::uint32_t>(*bytes));
}

Result<OwnedBlock> OwnedBlock::copy_of(std::span<const std::byte> bytes) {
    if (bytes.empty()) return OwnedBlock();
    OwnedBlock block(extism::alloc(bytes.size()));
    if (!block)
        return fail(Errc::out_of_memory, "a block of " + std::to_string(bytes.size()) + " bytes");
    store(block.get().offset, bytes);
    return block;
}

std::vector<std::byte> OwnedBlock::bytes() const {
    std::vector<std::byte> bytes(size());
    load(block_.offset, bytes);
    return bytes;
}

std::string OwnedBlock::text() const {
    std::string text(size(), '\0');
    load(block_.offset, std::as_writable_bytes(std::span(text)));
    return text;
}

} // namespace hws::backend
