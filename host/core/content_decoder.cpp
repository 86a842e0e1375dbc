#include "core/content_decoder.hpp"

#include <algorithm>
#include <array>
#include <brotli/decode.h>
#include <string>
#include <utility>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

namespace hws::host::core {
namespace {

/// Between two codings.
constexpr std::size_t between_buffer_bytes = std::size_t{16} << 10;
/// A call that has unfolded so much in between lets others have their turn: some 2 ms. Three
/// codings of blocks without content could otherwise keep the loop for minutes.
constexpr std::uint64_t max_between_bytes_per_call = std::uint64_t{1} << 20;
/// RFC 9659: 8 MiB, which every decoder of the coding zstd must have and no encoder may exceed.
constexpr int max_zstd_window_log = 23;

std::string lower_case(std::string_view text) {
    std::string lowered(text);
    for (char& c : lowered)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
    return lowered;
}

} // namespace

/// One coding. `decode` takes and makes what it can, at least something unless it lacks room, input,
/// or is at its end. What was made before an error is given first, the error by the next call.
class ContentDecoder::Coding {
public:
    struct Moved {
        std::size_t taken = 0;
        std::size_t made = 0;
    };
    virtual ~Coding() = default;
    virtual Result<Moved> decode(std::span<const std::byte> from, std::span<std::byte> into) = 0;

    /// Nothing has begun, or all that has begun has ended.
    bool is_at_end() const { return is_at_end_; }
    std::string_view name() const { return name_; }

protected:
    explicit Coding(std::string_view name) : name_(name) {}
    std::unexpected<Error> broken(std::string_view why) const {
        return fail(Errc::protocol, std::string(name_) + ": " + std::string(why));
    }
    bool is_at_end_ = true;

private:
    std::string_view name_;
};

namespace {

class Inflate final : public ContentDecoder::Coding {
public:
    enum class Form : std::uint8_t { gzip, deflate };
    explicit Inflate(Form form)
        : Coding(form == Form::gzip ? "gzip" : "deflate"), form_(form) {}
    ~Inflate() override { inflateEnd(&stream_); }

    Result<Moved> decode(std::span<const std::byte> from, std::span<std::byte> into) override {
        Moved moved;
        if (is_at_end_ && from.empty()) return moved;
        if (!is_set_up_) {
            is_at_end_ = false;
            // The first two bytes tell zlib's form from a bare one.
            const std::size_t wanted = form_ == Form::gzip ? 0 : head_.size();
            while (head_bytes_ < wanted && moved.taken < from.size())
                head_[head_bytes_++] = from[moved.taken++];
            if (head_bytes_ < wanted) return moved;
            HWS_CHECK(set_up());
        }
        if (head_taken_ < head_bytes_) {
            HWS_TRY(const Moved head,
                    inflate_some(std::span(head_).subspan(head_taken_, head_bytes_ - head_taken_),
                                 into));
            head_taken_ += head.taken;
            moved.made = head.made;
            if (head_taken_ < head_bytes_ || moved.made > 0) return moved;
        }
        HWS_TRY(const Moved rest, inflate_some(from.subspan(moved.taken), into));
        moved.taken += rest.taken;
        moved.made = rest.made;
        return moved;
    }

private:
    Result<void> set_up() {
        int window = MAX_WBITS + 16; // gzip's head and trailer
        if (form_ == Form::deflate) {
            const unsigned first = std::to_integer<unsigned>(head_[0]);
            const unsigned second = std::to_integer<unsigned>(head_[1]);
            const bool is_zlib = (first & 0x0f) == Z_DEFLATED && (first << 8 | second) % 31 == 0;
            window = is_zlib ? MAX_WBITS : -MAX_WBITS;
            // As libcurl does: some servers add a checksum to the bare form.
            if (!is_zlib) ignorable_bytes_ = 4;
        }
        if (inflateInit2(&stream_, window) != Z_OK) return fail(Errc::out_of_memory, "zlib");
        is_set_up_ = true;
        return {};
    }

    Result<Moved> inflate_some(std::span<const std::byte> from, std::span<std::byte> into) {
        Moved moved;
        if (is_at_end_) {
            if (from.empty()) return moved;
            if (form_ == Form::deflate) {
                if (from.size() > ignorable_bytes_) return broken("something follows its end");
                ignorable_bytes_ -= from.size();
                moved.taken = from.size();
                return moved;
            }
            // The next member (RFC 1952, 2.2).
            inflateReset(&stream_);
            is_at_end_ = false;
        }
        stream_.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(from.data()));
        stream_.avail_in = static_cast<uInt>(from.size());
        stream_.next_out = reinterpret_cast<Bytef*>(into.data());
        stream_.avail_out = static_cast<uInt>(into.size());
        const int status = inflate(&stream_, Z_NO_FLUSH);
        moved.taken = from.size() - stream_.avail_in;
        moved.made = into.size() - stream_.avail_out;
        switch (status) {
        case Z_STREAM_END:
            is_at_end_ = true;
            return moved;
        case Z_OK:
        case Z_BUF_ERROR: // nothing to do without more input
            return moved;
        default:
            break;
        }
        if (moved.made > 0) return moved; // the error lasts
        if (status == Z_MEM_ERROR) return fail(Errc::out_of_memory, "zlib");
        if (status == Z_NEED_DICT) return broken("a dictionary is needed");
        return broken(stream_.msg ? stream_.msg : "broken");
    }

    Form form_;
    z_stream stream_{};
    bool is_set_up_ = false;
    std::array<std::byte, 2> head_{};
    std::size_t head_bytes_ = 0;
    std::size_t head_taken_ = 0;
    std::size_t ignorable_bytes_ = 0;
};

class Brotli final : public ContentDecoder::Coding {
public:
    Brotli() : Coding("br"), state_(BrotliDecoderCreateInstance(nullptr, nullptr, nullptr)) {}
    bool is_made() const { return state_ != nullptr; }

    Result<Moved> decode(std::span<const std::byte> from, std::span<std::byte> into) override {
        Moved moved;
        if (is_at_end_ && from.empty()) return moved;
        if (BrotliDecoderIsFinished(state_.get())) return broken("something follows its end");
        is_at_end_ = false;
        std::size_t left = from.size();
        std::size_t room = into.size();
        const auto* next_in = reinterpret_cast<const std::uint8_t*>(from.data());
        auto* next_out = reinterpret_cast<std::uint8_t*>(into.data());
        const auto status = BrotliDecoderDecompressStream(state_.get(), &left, &next_in, &room,
                                                          &next_out, nullptr);
        moved.taken = from.size() - left;
        moved.made = into.size() - room;
        if (status == BROTLI_DECODER_RESULT_SUCCESS) is_at_end_ = true;
        if (status != BROTLI_DECODER_RESULT_ERROR || moved.made > 0) return moved; // the error lasts
        const auto code = BrotliDecoderGetErrorCode(state_.get());
        if (code <= BROTLI_DECODER_ERROR_ALLOC_CONTEXT_MODES &&
            code >= BROTLI_DECODER_ERROR_ALLOC_BLOCK_TYPE_TREES)
            return fail(Errc::out_of_memory, "brotli");
        return broken(BrotliDecoderErrorString(code));
    }

private:
    struct Destroy {
        void operator()(BrotliDecoderState* state) const { BrotliDecoderDestroyInstance(state); }
    };
    std::unique_ptr<BrotliDecoderState, Destroy> state_;
};

class Zstd final : public ContentDecoder::Coding {
public:
    Zstd() : Coding("zstd"), context_(ZSTD_createDCtx()) {
        if (context_)
            ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, max_zstd_window_log);
    }
    bool is_made() const { return context_ != nullptr; }

    Result<Moved> decode(std::span<const std::byte> from, std::span<std::byte> into) override {
        // At a frame's end an empty call would begin the next, which need not come.
        if (is_at_end_ && from.empty()) return Moved{};
        if (error_) return std::unexpected(*error_);
        ZSTD_inBuffer in{.src = from.data(), .size = from.size(), .pos = 0};
        ZSTD_outBuffer out{.dst = into.data(), .size = into.size(), .pos = 0};
        const std::size_t status = ZSTD_decompressStream(context_.get(), &out, &in);
        if (ZSTD_isError(status)) {
            error_ = error_of(status);
            if (out.pos == 0) return std::unexpected(*error_);
        }
        is_at_end_ = status == 0;
        return Moved{.taken = in.pos, .made = out.pos};
    }

private:
    struct Destroy {
        void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
    };
    static Error error_of(std::size_t status) {
        const std::string why = std::string("zstd: ") + ZSTD_getErrorName(status);
        switch (ZSTD_getErrorCode(status)) {
        case ZSTD_error_frameParameter_windowTooLarge:
            return Error(Errc::too_large, why);
        case ZSTD_error_memory_allocation:
            return Error(Errc::out_of_memory, why);
        default:
            return Error(Errc::protocol, why);
        }
    }

    std::unique_ptr<ZSTD_DCtx, Destroy> context_;
    std::optional<Error> error_;
};

/// Null: not known. Errors: out_of_memory.
Result<std::unique_ptr<ContentDecoder::Coding>> make_coding(std::string_view name) {
    if (name == "gzip" || name == "x-gzip")
        return std::make_unique<Inflate>(Inflate::Form::gzip);
    if (name == "deflate") return std::make_unique<Inflate>(Inflate::Form::deflate);
    if (name == "br") {
        auto brotli = std::make_unique<Brotli>();
        if (!brotli->is_made()) return fail(Errc::out_of_memory, "brotli");
        return brotli;
    }
    if (name == "zstd") {
        auto zstd = std::make_unique<Zstd>();
        if (!zstd->is_made()) return fail(Errc::out_of_memory, "zstd");
        return zstd;
    }
    return nullptr;
}

/// The names in a comma-separated list, in lower case, without `identity`.
void append_names(std::string_view list, std::vector<std::string>& names) {
    while (!list.empty()) {
        const std::size_t comma = std::min(list.find(','), list.size());
        std::string_view name = list.substr(0, comma);
        list.remove_prefix(std::min(comma + 1, list.size()));
        while (!name.empty() && (name.front() == ' ' || name.front() == '\t'))
            name.remove_prefix(1);
        while (!name.empty() && (name.back() == ' ' || name.back() == '\t'))
            name.remove_suffix(1);
        if (std::string lowered = lower_case(name); !lowered.empty() && lowered != "identity")
            names.push_back(std::move(lowered));
    }
}

/// A server's word, fit for a log.
std::string printable(std::string_view word) {
    std::string text;
    for (const char c : word.substr(0, 32))
        text += c > ' ' && c < 0x7f ? c : '?';
    return text;
}

} // namespace

struct ContentDecoder::Stage {
    std::unique_ptr<Coding> coding;
    std::uint64_t made_bytes = 0;
    std::vector<std::byte> buffer; // what it has made for the next; the last has none
    std::span<const std::byte> unread; // of buffer
};

ContentDecoder::ContentDecoder(std::uint64_t max_bytes) : max_bytes_(max_bytes) {}
ContentDecoder::~ContentDecoder() = default;

Result<std::unique_ptr<ContentDecoder>>
ContentDecoder::create(std::span<const std::string_view> fields, std::uint64_t max_bytes) {
    std::vector<std::string> names;
    for (const std::string_view field : fields)
        append_names(field, names);
    if (names.empty()) return nullptr;
    if (names.size() > max_codings)
        return fail(Errc::protocol, "more than " + std::to_string(max_codings) +
                                        " content codings");
    for (const std::string_view large : {"br", "zstd"})
        if (std::ranges::count(names, large) > 1)
            return fail(Errc::protocol, "the content coding " + std::string(large) + " twice");

    std::unique_ptr<ContentDecoder> decoder(new ContentDecoder(max_bytes));
    // Listed in the order in which they were put on; they come off the other way.
    for (auto name = names.rbegin(); name != names.rend(); ++name) {
        HWS_TRY(auto coding, make_coding(*name));
        if (!coding)
            return fail(Errc::protocol, "unknown content coding " + printable(*name));
        decoder->stages_.push_back(Stage{.coding = std::move(coding), .buffer = {}, .unread = {}});
    }
    for (Stage& stage : std::span(decoder->stages_).first(names.size() - 1))
        stage.buffer.resize(between_buffer_bytes);
    return decoder;
}

/// Has a stage make something, and those before it what it needs for that. 0: it lacks input, or the
/// call has done enough.
Result<std::size_t> ContentDecoder::pull(std::size_t index, std::span<std::byte> into) {
    Stage& stage = stages_[index];
    std::span<const std::byte>& input = index == 0 ? coded_ : stages_[index - 1].unread;
    for (;;) {
        // At the limit one byte's room is left, to see whether it would be exceeded.
        std::byte excess{};
        const std::uint64_t allowed = max_bytes_ - stage.made_bytes;
        const std::span<std::byte> room =
            allowed == 0 ? std::span(&excess, 1)
                         : into.first(static_cast<std::size_t>(
                               std::min<std::uint64_t>(allowed, into.size())));
        HWS_TRY(const auto moved, stage.coding->decode(input, room));
        input = input.subspan(moved.taken);
        if (moved.made > 0) {
            if (allowed == 0)
                return fail(Errc::too_large, std::string(stage.coding->name()) +
                                                 ": unpacked, more than " +
                                                 std::to_string(max_bytes_) + " bytes");
            stage.made_bytes += moved.made;
            return moved.made;
        }
        if (moved.taken > 0) continue;
        if (index == 0 || between_bytes_ >= max_between_bytes_per_call) return std::size_t{0};
        Stage& before = stages_[index - 1];
        HWS_TRY(const std::size_t made, pull(index - 1, before.buffer));
        if (made == 0) return std::size_t{0};
        between_bytes_ += made;
        before.unread = std::span(before.buffer).first(made);
    }
}

Result<ContentDecoder::Step> ContentDecoder::decode(std::span<const std::byte> coded,
                                                    std::span<std::byte> into) {
    if (error_) return std::unexpected(*error_);
    coded_ = coded;
    between_bytes_ = 0;
    Step step;
    while (step.made < into.size()) {
        auto made = pull(stages_.size() - 1, into.subspan(step.made));
        if (!made) {
            error_ = std::move(made).error();
            if (step.made == 0) return std::unexpected(*error_);
            break; // first what came before it
        }
        if (*made == 0) break;
        step.made += *made;
    }
    step.taken = coded.size() - std::exchange(coded_, {}).size();
    step.is_unfinished = step.made == 0 && between_bytes_ >= max_between_bytes_per_call;
    return step;
}

Result<void> ContentDecoder::check_end() const {
    for (const Stage& stage : stages_)
        if (!stage.coding->is_at_end())
            return fail(Errc::protocol, std::string(stage.coding->name()) + ": cut short");
    return {};
}

} // namespace hws::host::core
