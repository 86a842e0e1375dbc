#include "core/utf8.hpp"

#include <cstring>

namespace hws::host::core {

bool Utf8Check::take(std::span<const std::byte> piece) {
    while (!piece.empty() && !is_wrong_) {
        if (missing_ == 0) {
            // Most text is ASCII.
            std::uint64_t eight = 0;
            while (piece.size() >= sizeof eight) {
                std::memcpy(&eight, piece.data(), sizeof eight);
                if (eight & 0x8080808080808080) break;
                piece = piece.subspan(sizeof eight);
            }
            if (piece.empty()) break;
        }
        const auto byte = static_cast<std::uint8_t>(piece.front());
        piece = piece.subspan(1);
        if (missing_ > 0) {
            is_wrong_ = byte < least_ || byte > most_;
            --missing_;
            least_ = 0x80;
            most_ = 0xbf;
            continue;
        }
        if (byte < 0x80) continue;
        // The bounds of the second byte leave out longer forms than needed, surrogates and what is
        // beyond U+10FFFF.
        least_ = byte == 0xe0 ? 0xa0 : byte == 0xf0 ? 0x90 : 0x80;
        most_ = byte == 0xed ? 0x9f : byte == 0xf4 ? 0x8f : 0xbf;
        if (byte >= 0xc2 && byte <= 0xdf)
            missing_ = 1;
        else if (byte >= 0xe0 && byte <= 0xef)
            missing_ = 2;
        else if (byte >= 0xf0 && byte <= 0xf4)
            missing_ = 3;
        else
            is_wrong_ = true;
    }
    return !is_wrong_;
}

} // namespace hws::host::core
