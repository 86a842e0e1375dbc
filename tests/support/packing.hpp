#pragma once
/// Packs texts in the content codings of HTTP, by the libraries' own encoders.

#include <string>
#include <string_view>

namespace hws::test {

std::string gzip(std::string_view text);
/// Content coding `deflate`, in zlib's form (RFC 1950).
std::string zlib_deflate(std::string_view text);
/// The bare form (RFC 1951), which some servers call `deflate`.
std::string bare_deflate(std::string_view text);
std::string brotli(std::string_view text);
/// `window_log`: of the window that the frame asks its decoder for; 0: as the encoder likes.
std::string zstd(std::string_view text, int window_log = 0);

} // namespace hws::test
