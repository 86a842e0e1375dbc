#pragma once
/// WebSocket frames, written and read by hand, wrong ones too. Source: RFC 6455, 5.2.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hws::test {

enum class Op : std::uint8_t {
    continuation = 0,
    text = 1,
    binary = 2,
    close = 8,
    ping = 9,
    pong = 10
};

/// A frame as a server sends it: first byte, length, payload.
inline std::string frame_with(std::uint8_t first, std::string_view payload,
                              std::optional<std::string_view> mask = {}) {
    std::string out(1, static_cast<char>(first));
    const char mask_bit = mask ? '\x80' : '\0';
    if (payload.size() < 126) {
        out += static_cast<char>(mask_bit | static_cast<char>(payload.size()));
    } else {
        const int bytes = payload.size() < 65'536 ? 2 : 8;
        out += static_cast<char>(mask_bit | (bytes == 2 ? 126 : 127));
        for (int i = bytes - 1; i >= 0; --i)
            out += static_cast<char>(payload.size() >> (8 * i) & 0xff);
    }
    if (!mask) return out.append(payload);
    out.append(*mask);
    for (std::size_t i = 0; i < payload.size(); ++i)
        out += static_cast<char>(payload[i] ^ (*mask)[i % 4]);
    return out;
}

/// The last or only frame of a message, or a control frame.
inline std::string frame(Op opcode, std::string_view payload) {
    return frame_with(static_cast<std::uint8_t>(0x80 | static_cast<std::uint8_t>(opcode)), payload);
}
/// A frame after which the message goes on.
inline std::string fragment(Op opcode, std::string_view payload) {
    return frame_with(static_cast<std::uint8_t>(opcode), payload);
}
inline std::string close_frame(std::uint16_t code, std::string_view reason = {}) {
    std::string payload{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
    return frame(Op::close, payload.append(reason));
}

struct Frame {
    bool is_last = false;
    Op opcode = Op::continuation;
    std::string mask{}; ///< empty: none
    std::string payload{};
    std::uint16_t code() const { ///< of a close; 1005 without one
        if (payload.size() < 2) return 1005;
        return static_cast<std::uint16_t>(static_cast<unsigned char>(payload[0]) << 8 |
                                          static_cast<unsigned char>(payload[1]));
    }
};

/// Takes the first frame out of `bytes`, if it is there whole.
inline std::optional<Frame> take_frame(std::string& bytes) {
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
    if (bytes.size() < 2) return {};
    Frame out;
    out.is_last = (at(0) & 0x80) != 0;
    out.opcode = static_cast<Op>(at(0) & 0x7f); // reserved bits make it an unknown one
    std::size_t head = 2;
    std::uint64_t size = at(1) & 0x7f;
    if (size >= 126) {
        const std::size_t more = size == 126 ? 2 : 8;
        if (bytes.size() < head + more) return {};
        size = 0;
        for (std::size_t i = 0; i < more; ++i)
            size = size << 8 | at(head + i);
        head += more;
    }
    if (at(1) & 0x80) {
        if (bytes.size() < head + 4) return {};
        out.mask = bytes.substr(head, 4);
        head += 4;
    }
    if (bytes.size() < head + size) return {};
    out.payload = bytes.substr(head, size);
    for (std::size_t i = 0; i < out.payload.size() && !out.mask.empty(); ++i)
        out.payload[i] = static_cast<char>(out.payload[i] ^ out.mask[i % 4]);
    bytes.erase(0, head + size);
    return out;
}

} // namespace hws::test
