#include "support/packing.hpp"

#include <brotli/encode.h>
#include <memory>
#include <stdexcept>
#include <zlib.h>
#include <zstd.h>

namespace hws::test {
namespace {

std::string deflate_with(std::string_view text, int window_bits) {
    z_stream stream{};
    if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, window_bits, 8,
                     Z_DEFAULT_STRATEGY) != Z_OK)
        throw std::runtime_error("zlib cannot pack");
    std::string packed(deflateBound(&stream, text.size()), '\0');
    stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    const int status = deflate(&stream, Z_FINISH);
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    if (status != Z_STREAM_END) throw std::runtime_error("zlib cannot pack");
    return packed;
}

} // namespace

std::string gzip(std::string_view text) {
    return deflate_with(text, MAX_WBITS + 16);
}
std::string zlib_deflate(std::string_view text) {
    return deflate_with(text, MAX_WBITS);
}
std::string bare_deflate(std::string_view text) {
    return deflate_with(text, -MAX_WBITS);
}

std::string brotli(std::string_view text) {
    std::size_t bytes = BrotliEncoderMaxCompressedSize(text.size());
    std::string packed(bytes, '\0');
    if (BrotliEncoderCompress(5, BROTLI_MAX_WINDOW_BITS, BROTLI_MODE_GENERIC, text.size(),
                              reinterpret_cast<const std::uint8_t*>(text.data()), &bytes,
                              reinterpret_cast<std::uint8_t*>(packed.data())) != BROTLI_TRUE)
        throw std::runtime_error("brotli cannot pack");
    packed.resize(bytes);
    return packed;
}

std::string zstd(std::string_view text, int window_log) {
    const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(ZSTD_createCCtx(),
                                                                       &ZSTD_freeCCtx);
    // Without the size the frame names its window, else it would be the text's size.
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_contentSizeFlag, 0);
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
    if (window_log != 0)
        ZSTD_CCtx_setParameter(context.get(), ZSTD_c_windowLog, window_log);
    std::string packed(ZSTD_compressBound(text.size()) + 64, '\0');
    ZSTD_inBuffer in{.src = text.data(), .size = text.size(), .pos = 0};
    ZSTD_outBuffer out{.dst = packed.data(), .size = packed.size(), .pos = 0};
    // In two steps, since one with all of it would make the window as small as the text.
    while (in.pos < in.size)
        if (ZSTD_isError(ZSTD_compressStream2(context.get(), &out, &in, ZSTD_e_continue)))
            throw std::runtime_error("zstd cannot pack");
    if (ZSTD_compressStream2(context.get(), &out, &in, ZSTD_e_end) != 0)
        throw std::runtime_error("zstd cannot pack");
    packed.resize(out.pos);
    return packed;
}

} // namespace hws::test
