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
    /// The whole memory as it is now; empty for a module without one. The engine implements it.
    virtual std::span<std::byte> all() = 0;

    /// Errors: fault when any byte of [offset, offset + size) is outside.
    Result<std::span<std::byte>> bytes(std::uint64_t offset, std::uint64_t size) {
        const std::span<std::byte> memory = all();
        if (offset > memory.size() || size > memory.size() - offset) return fail(Errc::fault);
        return memory.subspan(offset, size);
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
};

/// A memory as it was when this was made: for who has many offsets to check and lets the guest do nothing between them.
/// Lives as long as a span does.
class MemoryAtOnce final : public GuestMemory {
public:
    explicit MemoryAtOnce(GuestMemory& memory) : all_(memory.all()) {}
    std::span<std::byte> all() override { return all_; }

private:
    std::span<std::byte> all_;
};

} // namespace hws::host::adapter
