#pragma once
/// UTF-8 that comes in pieces. Source: RFC 3629, 4.

#include <cstddef>
#include <cstdint>
#include <span>

namespace hws::host::core {

class Utf8Check {
public:
    /// Goes on with the next piece, which may end inside a character. False once a byte was wrong,
    /// and from then on.
    bool take(std::span<const std::byte> piece);
    /// Nothing was wrong, and no character is cut.
    bool is_complete() const { return missing_ == 0 && !is_wrong_; }

private:
    std::uint8_t missing_ = 0; // bytes of the character that is being read
    std::uint8_t least_ = 0;   // bounds of the next one of them
    std::uint8_t most_ = 0;
    bool is_wrong_ = false;
};

} // namespace hws::host::core
