#pragma once
/// The one place that checks offsets and lengths a guest gave against the guest's own linear memory.
/// A span lives until the next wait or call into the guest: memory may move or grow, so ask again after a `co_await`.

#include <hws/result.hpp>

#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

namespace hws::host::adapter {

class GuestMemory {
public:
    /// The whole memory; empty for a module without one. Looked for once between two waits.
    std::span<std::byte> all() {
        if (!is_known_) {
            known_ = look();
            is_known_ = true;
        }
        return known_;
    }
    /// The guest has run since: at the beginning of each host call. It does not run while a call waits.
    void forget() { is_known_ = false; }

    /// Whether all of [offset, offset + size) is inside.
    bool contains(std::uint64_t offset, std::uint64_t size) {
        const std::uint64_t whole = all().size();
        return offset <= whole && size <= whole - offset;
    }
    /// Errors: fault when any byte of [offset, offset + size) is outside.
    Result<std::span<std::byte>> bytes(std::uint64_t offset, std::uint64_t size) {
        if (!contains(offset, size)) return fail(Errc::fault);
        return known_.subspan(offset, size);
    }
    /// Reads a value; alignment does not matter. Errors: fault.
    template <class T>
        requires std::is_trivially_copyable_v<T>
    Result<T> load(std::uint64_t offset) {
        HWS_TRY(const std::span<std::byte> from, bytes(offset, sizeof(T)));
        T value;
        std::memcpy(&value, from.data(), sizeof(T));
        return value;
    }
    /// Errors: fault; nothing is written then.
    template <class T>
        requires std::is_trivially_copyable_v<T>
    Result<void> store(std::uint64_t offset, const T& value) {
        HWS_TRY(const std::span<std::byte> to, bytes(offset, sizeof(T)));
        std::memcpy(to.data(), &value, sizeof(T));
        return {};
    }

protected:
    ~GuestMemory() = default;
    /// The memory as it is now. The engine implements it.
    virtual std::span<std::byte> look() = 0;

private:
    std::span<std::byte> known_;
    bool is_known_ = false;
};

} // namespace hws::host::adapter
