#pragma once
/// Takes the content codings off an HTTP body (RFC 9110, 8.4.1), piece by piece, as far as its
/// reader has room: gzip (RFC 1952), deflate (RFC 1950, or RFC 1951 as some servers have it), br
/// (RFC 7932), zstd (RFC 8878), or some of them one upon the other.

#include <cstddef>
#include <cstdint>
#include <hws/result.hpp>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace hws::host::core {

/// Holds what the codings themselves remember: 48 KiB each, but up to 17 MiB for the one that may
/// be br and 9 MiB for the one that may be zstd. A zstd frame that asks for a larger window than
/// RFC 9659 allows is `too_large`.
class ContentDecoder {
public:
    /// Codings one upon the other. libcurl, Go and browsers are asked for one; more than a few are
    /// an attack.
    static constexpr std::size_t max_codings = 3;
    /// What Accept-Encoding says for all of them.
    static constexpr std::string_view all_codings = "deflate, gzip, br, zstd";

    /// `fields`: the values of all Content-Encoding fields, in their order. `max_bytes`: what each
    /// coding may unfold to. Null: nothing is coded. Errors: protocol, for an unknown coding, for
    /// too many, and for a second br or zstd.
    static Result<std::unique_ptr<ContentDecoder>> create(std::span<const std::string_view> fields,
                                                          std::uint64_t max_bytes);
    ~ContentDecoder();

    struct Step {
        std::size_t taken = 0; ///< of what was given; less than all only if `into` is full or is_unfinished
        std::size_t made = 0;  ///< into the room
        /// Much was unfolded and nothing came of it. Call again, after others had their turn.
        bool is_unfinished = false;
    };
    /// Unfolds from `coded` into `into`, which must not be empty. What no longer fits stays inside
    /// for the next call, which may then bring nothing new. Errors: protocol (broken, or something
    /// follows its end), too_large (see create, and the class), out_of_memory. None of them passes.
    Result<Step> decode(std::span<const std::byte> coded, std::span<std::byte> into);
    /// To be asked when `decode` made nothing of the last byte. Errors: protocol, if the body is
    /// cut short. A body without a byte is whole.
    Result<void> check_end() const;

    class Coding;

private:
    struct Stage;
    explicit ContentDecoder(std::uint64_t max_bytes);
    Result<std::size_t> pull(std::size_t stage, std::span<std::byte> into);

    std::uint64_t max_bytes_;
    std::vector<Stage> stages_; // the outermost, which the raw bytes go into, first
    std::span<const std::byte> coded_; // during decode: what is left of it
    std::uint64_t between_bytes_ = 0;  // during decode: made by all stages but the last
    std::optional<Error> error_;
};

} // namespace hws::host::core
