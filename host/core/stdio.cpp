#include "core/stdio.hpp"

#include "os/stream_file.hpp"

#include <algorithm>
#include <cstring>

namespace hws::host::core {
namespace {

using os::Ready;

constexpr Ready both_of(Ready a, Ready b) {
    return static_cast<Ready>(static_cast<unsigned>(a) & static_cast<unsigned>(b));
}

/// A stream that goes one way and never has to be waited for.
class ReadyStream : public Descriptor {
public:
    ReadyStream(os::Loop& loop, Ready direction)
        : direction_(direction), readiness_(loop, Ready::both) {}

    DescriptorKind kind() const override { return DescriptorKind::byte_stream; }
    Ready directions() const override { return direction_; }
    Result<std::size_t> try_read(ReadBuffers) override { return fail(Errc::not_capable); }
    Result<std::size_t> try_write(WriteBuffers) override { return fail(Errc::not_capable); }
    os::Readiness& readiness() override { return readiness_; }
    Ready poll_now(Ready what) override { return both_of(what, direction_); }

private:
    Ready direction_;
    os::Readiness readiness_;
};

/// Gives a text, then end of stream.
class TextSource final : public ReadyStream {
public:
    TextSource(os::Loop& loop, std::shared_ptr<const std::string> text)
        : ReadyStream(loop, Ready::read), text_(std::move(text)) {}

    Result<std::size_t> try_read(ReadBuffers into) override {
        std::size_t count = 0;
        for (const std::span<std::byte>& buffer : into) {
            const std::size_t size = std::min(buffer.size(), text_->size() - read_);
            if (size > 0) std::memcpy(buffer.data(), text_->data() + read_, size);
            read_ += size;
            count += size;
        }
        return count;
    }
    std::size_t readable_bytes() override { return text_->size() - read_; }
    bool has_hung_up() override { return readable_bytes() == 0; }

private:
    std::shared_ptr<const std::string> text_;
    std::size_t read_ = 0;
};

/// Hands what is written to a function that takes a string_view and says whether there was room.
template <class Receiver> class FunctionSink final : public ReadyStream {
public:
    FunctionSink(os::Loop& loop, Receiver receiver)
        : ReadyStream(loop, Ready::write), receiver_(std::move(receiver)) {}

    Result<std::size_t> try_write(WriteBuffers from) override {
        std::size_t count = 0;
        for (const std::span<const std::byte>& buffer : from) {
            if (buffer.empty()) continue;
            const std::string_view piece(reinterpret_cast<const char*>(buffer.data()),
                                         buffer.size());
            if (!receiver_(piece)) {
                if (count > 0) break;
                return fail(Errc::no_buffers);
            }
            count += buffer.size();
        }
        return count;
    }

private:
    Receiver receiver_;
};

template <class Receiver> std::unique_ptr<Descriptor> make_sink(os::Loop& loop, Receiver receiver) {
    return std::make_unique<FunctionSink<Receiver>>(loop, std::move(receiver));
}

/// A file, pipe, terminal or socket of the process. Its watch is made when it first has to be
/// waited for: most plugins never wait for their standard streams, and a watch costs a descriptor
/// of the process.
class InheritedStream final : public Descriptor {
public:
    InheritedStream(os::Loop& loop, os::StreamFile file, Ready direction)
        : file_(std::move(file)), direction_(direction), assumed_(loop, Ready::both) {}

    DescriptorKind kind() const override {
        return file_.is_terminal() ? DescriptorKind::terminal : DescriptorKind::byte_stream;
    }
    Ready directions() const override { return direction_; }

    Result<std::size_t> try_read(ReadBuffers into) override {
        if (direction_ != Ready::read) return fail(Errc::not_capable);
        return or_watch(file_.try_read(into));
    }
    Result<std::size_t> try_write(WriteBuffers from) override {
        if (direction_ != Ready::write) return fail(Errc::not_capable);
        return or_watch(file_.try_write(from));
    }

    os::Readiness& readiness() override {
        if (watch_) return *watch_;
        return assumed_;
    }
    Ready poll_now(Ready what) override {
        if (!intersects(what, direction_)) return Ready::none;
        if (intersects(file_.poll_now().ready, direction_)) return direction_;
        // Who cannot wait is told to try; the try tells why.
        if (!expect_event()) return direction_;
        return Ready::none;
    }
    std::size_t readable_bytes() override {
        const os::StreamFile::Polled polled = file_.poll_now();
        const std::size_t count = file_.readable_bytes();
        return polled.hung_up ? count : std::max<std::size_t>(count, 1);
    }
    bool has_hung_up() override { return file_.poll_now().hung_up; }

private:
    Result<std::size_t> or_watch(Result<std::size_t> count) {
        if (!count && count.error() == Errc::would_block) HWS_CHECK(expect_event());
        return count;
    }
    /// Sees to it that readiness() is not set before an event comes. The watch's first report
    /// includes what is ready when it is made, so that nothing is lost between the attempt and
    /// this.
    Result<void> expect_event() {
        if (!watch_) {
            HWS_TRY(os::Fd copy, file_.duplicate());
            HWS_TRY(watch_, os::Watch::create(assumed_.loop(), copy.get()));
            watched_ = std::move(copy);
        }
        watch_->clear(direction_);
        return {};
    }

    os::StreamFile file_;
    Ready direction_;
    os::Readiness assumed_;
    // In this order: the watch goes before its descriptor is closed.
    os::Fd watched_;
    std::unique_ptr<os::Watch> watch_;
};

std::unique_ptr<Descriptor> open_inherited(os::Loop& loop, int fd, Ready direction) {
    auto file = os::StreamFile::borrow(fd, direction);
    if (!file) return nullptr;
    return std::make_unique<InheritedStream>(loop, *std::move(file), direction);
}

std::unique_ptr<Descriptor> open_empty(os::Loop& loop) {
    static const auto nothing = std::make_shared<const std::string>();
    return std::make_unique<TextSource>(loop, nothing);
}

std::unique_ptr<Descriptor> open_discarding(os::Loop& loop) {
    return make_sink(loop, [](std::string_view) { return true; });
}

} // namespace

StdioSource StdioSource::text(std::string text) {
    StdioSource source;
    source.from_ = std::make_shared<const std::string>(std::move(text));
    return source;
}

StdioSource StdioSource::inherit(int fd) {
    StdioSource source;
    source.from_ = fd;
    return source;
}

std::unique_ptr<Descriptor> StdioSource::open(os::Loop& loop) const {
    if (const auto* text = std::get_if<std::shared_ptr<const std::string>>(&from_))
        return std::make_unique<TextSource>(loop, *text);
    if (const auto* fd = std::get_if<int>(&from_))
        if (auto inherited = open_inherited(loop, *fd, Ready::read)) return inherited;
    return open_empty(loop);
}

StdioSink StdioSink::call(std::function<void(std::string_view)> receiver) {
    StdioSink sink;
    sink.to_ = std::move(receiver);
    return sink;
}

StdioSink StdioSink::collect(std::shared_ptr<std::string> text, std::size_t max_bytes) {
    StdioSink sink;
    sink.to_ = Collector{std::move(text), max_bytes};
    return sink;
}

StdioSink StdioSink::inherit(int fd) {
    StdioSink sink;
    sink.to_ = fd;
    return sink;
}

std::unique_ptr<Descriptor> StdioSink::open(os::Loop& loop) const {
    if (const auto* receiver = std::get_if<std::function<void(std::string_view)>>(&to_))
        return make_sink(loop, [call = *receiver](std::string_view piece) {
            if (call) call(piece);
            return true;
        });
    if (const auto* collector = std::get_if<Collector>(&to_))
        return make_sink(loop, [to = *collector](std::string_view piece) {
            if (piece.size() > to.max_bytes - std::min(to.max_bytes, to.text->size())) return false;
            to.text->append(piece);
            return true;
        });
    if (const auto* fd = std::get_if<int>(&to_))
        if (auto inherited = open_inherited(loop, *fd, Ready::write)) return inherited;
    return open_discarding(loop);
}

Result<void> install_stdio(DescriptorTable& table, os::Loop& loop, const Stdio& stdio) {
    HWS_CHECK(table.insert_at(0, stdio.in.open(loop)));
    HWS_CHECK(table.insert_at(1, stdio.out.open(loop)));
    return table.insert_at(2, stdio.error.open(loop));
}

} // namespace hws::host::core
