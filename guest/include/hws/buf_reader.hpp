#pragma once
/// `BufReader`: lines and records from a stream, with few calls of the host.
///
///     hws::BufReader reader(stream);
///     while (true) {
///         HWS_TRY(auto line, reader.read_line());
///         if (!line) break;
///         hws::log::info(*line);
///     }

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <hws/result.hpp>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hws {

/// What has a `read` like TcpStream's.
template <class T>
concept Reader = requires(T& reader, std::span<std::byte> into) {
    { reader.read(into) } -> std::same_as<Result<std::size_t>>;
};

/// Reads from `source` in pieces of up to 8 KiB and hands out what is asked for. The source must
/// outlive it and should not be read from directly, because bytes that the BufReader holds are then
/// skipped; writing to it is fine.
template <Reader Source> class BufReader {
public:
    explicit BufReader(Source& source)
        : source_(&source), buffer_(std::make_unique_for_overwrite<std::byte[]>(capacity_bytes)) {}

    /// As the source's read.
    Result<std::size_t> read(std::span<std::byte> into) {
        if (buffered().empty()) {
            if (into.size() >= capacity_bytes) return source_->read(into);
            HWS_TRY(bool more, fill());
            if (!more) return 0;
        }
        const std::size_t count = std::min(into.size(), buffered().size());
        if (count > 0) std::memcpy(into.data(), buffered().data(), count);
        begin_ += count;
        return count;
    }

    /// Fills `into` completely.
    /// Errors: reset when the stream ends before; those of the source.
    Result<void> read_exact(std::span<std::byte> into) {
        while (!into.empty()) {
            HWS_TRY(const std::size_t count, read(into));
            if (count == 0) return fail(Errc::reset, "read_exact: the stream ended too early");
            into = into.subspan(count);
        }
        return {};
    }

    /// The bytes up to and with `delimiter`; without it at the end of the stream, and none if
    /// nothing was left.
    /// Errors: too_large when the delimiter does not come within `max_bytes`; those of the source.
    Result<std::optional<std::string>> read_until(char delimiter,
                                                  std::size_t max_bytes = default_max_bytes) {
        std::string record;
        while (true) {
            const std::span<const std::byte> held = buffered();
            const void* found =
                held.empty() ? nullptr : std::memchr(held.data(), delimiter, held.size());
            const std::size_t count =
                found ? std::size_t(static_cast<const std::byte*>(found) - held.data()) + 1
                      : held.size();
            if (record.size() + count > max_bytes)
                return fail(Errc::too_large,
                            "no delimiter within " + std::to_string(max_bytes) + " bytes");
            record.append(reinterpret_cast<const char*>(held.data()), count);
            begin_ += count;
            if (found) return record;
            HWS_TRY(bool more, fill());
            if (more) continue;
            if (record.empty()) return std::nullopt;
            return record;
        }
    }

    /// The next line without its "\n" or "\r\n"; none at the end of the stream.
    Result<std::optional<std::string>> read_line(std::size_t max_bytes = default_max_bytes) {
        HWS_TRY(std::optional<std::string> line, read_until('\n', max_bytes));
        if (line && line->ends_with('\n')) {
            line->pop_back();
            if (line->ends_with('\r')) line->pop_back();
        }
        return line;
    }

    /// All lines from here on: `for (auto line : reader.lines())`, where each is a Result<string>.
    /// After an error there are no more.
    auto lines(std::size_t max_bytes = default_max_bytes) { return Lines(*this, max_bytes); }

    /// What was read from the source and not yet handed out.
    std::span<const std::byte> buffered() const {
        return std::span(buffer_.get() + begin_, end_ - begin_);
    }

    static constexpr std::size_t default_max_bytes = 1 << 20;

    /// What lines gives: each step reads one.
    class Lines {
    public:
        class Iterator {
        public:
            using value_type = Result<std::string>;
            using difference_type = std::ptrdiff_t;

            explicit Iterator(Lines& lines) : lines_(&lines) { ++*this; }
            Result<std::string>& operator*() const { return *lines_->current_; }
            Iterator& operator++() {
                lines_->advance();
                return *this;
            }
            void operator++(int) { ++*this; }
            friend bool operator==(const Iterator& at, std::default_sentinel_t) {
                return at.is_at_end();
            }

        private:
            bool is_at_end() const { return !lines_->current_; }
            Lines* lines_;
        };

        Lines(BufReader& reader, std::size_t max_bytes) : reader_(&reader), max_bytes_(max_bytes) {}
        Iterator begin() { return Iterator(*this); }
        std::default_sentinel_t end() const { return {}; }

    private:
        void advance() {
            const bool has_failed = current_ && !*current_;
            current_.reset();
            if (has_failed) return;
            auto line = reader_->read_line(max_bytes_);
            if (!line)
                current_.emplace(std::unexpected(std::move(line).error()));
            else if (*line)
                current_.emplace(**std::move(line));
        }

        BufReader* reader_;
        std::size_t max_bytes_;
        std::optional<Result<std::string>> current_;
    };

private:
    static constexpr std::size_t capacity_bytes = 8192;

    /// Whether anything came. Only called when nothing is buffered.
    Result<bool> fill() {
        begin_ = end_ = 0;
        HWS_TRY(end_, source_->read(std::span(buffer_.get(), capacity_bytes)));
        return end_ > 0;
    }

    Source* source_;
    // Of capacity_bytes, not zeroed: a plugin that waits has no pages for what has not come.
    std::unique_ptr<std::byte[]> buffer_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

} // namespace hws
