#pragma once
/// A stream as C++'s own: `<<`, `>>` and std::getline.
///
///     hws::IoStream io(stream);
///     io << "GET " << key << "\r\n" << std::flush;
///     std::string line;
///     while (std::getline(io, line)) ...
///     if (io.error()) ...
///
/// Not part of <hws/net.hpp>, because C++'s iostreams make a plugin larger by some 100 KiB.

#include <array>
#include <cstddef>
#include <hws/buf_reader.hpp>
#include <hws/buf_writer.hpp>
#include <hws/result.hpp>
#include <hws/socket.hpp>
#include <iostream>
#include <optional>
#include <span>
#include <streambuf>

namespace hws {

/// Buffers in both directions, 8 KiB each. Input waits for the first byte and takes what is there.
/// Without exceptions an iostream can only say that it failed: the reason is kept here.
template <class Stream>
    requires Reader<Stream> && Writer<Stream>
class StreamBuffer : public std::streambuf {
public:
    /// The stream must outlive it.
    explicit StreamBuffer(Stream& stream) : stream_(&stream) {
        setp(output_.data(), output_.data() + output_.size());
    }

    /// Why the last read or write failed; none if none did, or at the end of the stream.
    const std::optional<Error>& error() const { return error_; }

protected:
    int_type underflow() override {
        if (gptr() != egptr()) return traits_type::to_int_type(*gptr());
        const auto count = stream_->read(std::as_writable_bytes(std::span(input_)));
        if (!count) error_ = count.error();
        if (!count || *count == 0) return traits_type::eof();
        setg(input_.data(), input_.data(), input_.data() + *count);
        return traits_type::to_int_type(*gptr());
    }

    int_type overflow(int_type next) override {
        if (sync() != 0) return traits_type::eof();
        if (traits_type::eq_int_type(next, traits_type::eof())) return traits_type::not_eof(next);
        return sputc(traits_type::to_char_type(next));
    }

    int sync() override {
        const std::span<const char> held(pbase(), pptr());
        setp(output_.data(), output_.data() + output_.size());
        if (held.empty()) return 0;
        const auto written = stream_->write_all(std::as_bytes(held));
        if (written) return 0;
        error_ = written.error();
        return -1;
    }

    // What is larger than the buffer need not go through it.
    std::streamsize xsputn(const char* from, std::streamsize count) override {
        if (count < static_cast<std::streamsize>(output_.size()))
            return std::streambuf::xsputn(from, count);
        if (sync() != 0) return 0;
        const auto written =
            stream_->write_all(std::as_bytes(std::span(from, static_cast<std::size_t>(count))));
        if (written) return count;
        error_ = written.error();
        return 0;
    }

private:
    Stream* stream_;
    std::optional<Error> error_;
    std::array<char, 8192> input_;
    std::array<char, 8192> output_;
};

/// A std::iostream over a TcpStream, or whatever else reads and writes as it does. Flush before
/// waiting for an answer. What was not flushed is dropped when it goes.
template <class Stream> class IoStream : public std::iostream {
public:
    /// The stream must outlive it.
    explicit IoStream(Stream& stream) : std::iostream(nullptr), buffer_(stream) { rdbuf(&buffer_); }

    /// As StreamBuffer's.
    const std::optional<Error>& error() const { return buffer_.error(); }

private:
    StreamBuffer<Stream> buffer_;
};

} // namespace hws
