#pragma once
/// A plugin's standard streams as descriptors 0, 1 and 2: where its input comes from and where its
/// output goes. Sources and sinks are values that describe; one description serves many plugins,
/// each gets descriptors of its own.

#include "core/descriptor_table.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

namespace hws::host::core {

/// Where standard input comes from. The default is empty: the first read is end of stream.
class StdioSource {
public:
    StdioSource() = default;
    /// The plugin reads this text, then end of stream. Copies of the source share it.
    static StdioSource text(std::string text);
    /// The process's own standard input, or another open file of the process that outlives the
    /// plugin. What one plugin reads no other sees. A number that is not open is an empty source.
    static StdioSource inherit(int fd = 0);

    /// The descriptor for one plugin of this loop.
    std::unique_ptr<Descriptor> open(os::Loop& loop) const;

private:
    std::variant<std::monostate, std::shared_ptr<const std::string>, int> from_;
};

/// Where standard output or error goes. The default discards.
class StdioSink {
public:
    StdioSink() = default;
    /// Calls with each piece as it is written, on the loop thread. Pieces follow the plugin's
    /// writes, not its lines.
    static StdioSink call(std::function<void(std::string_view)> receiver);
    /// Appends to `text` up to `max_bytes` in all; writes beyond fail with `no_buffers`.
    static StdioSink collect(std::shared_ptr<std::string> text, std::size_t max_bytes);
    /// The process's own standard output (1) or error (2), or another open file of the process that
    /// outlives the plugin. It is never made non-blocking, yet a slow reader makes only the plugin
    /// wait (os/stream_file.hpp). A number that is not open discards.
    static StdioSink inherit(int fd);

    /// The descriptor for one plugin of this loop.
    std::unique_ptr<Descriptor> open(os::Loop& loop) const;

private:
    struct Collector {
        std::shared_ptr<std::string> text;
        std::size_t max_bytes;
    };
    std::variant<std::monostate, std::function<void(std::string_view)>, Collector, int> to_;
};

/// The three of them. The default is no input and no output.
struct Stdio {
    StdioSource in;
    StdioSink out;
    StdioSink error;

    /// Those of the process, as a command has them.
    static Stdio inherit() {
        return {StdioSource::inherit(0), StdioSink::inherit(1), StdioSink::inherit(2)};
    }
};

/// Opens them at 0, 1 and 2, closing what was there. Errors: bad_handle when the table holds less
/// than three.
Result<void> install_stdio(DescriptorTable& table, os::Loop& loop, const Stdio& stdio);

} // namespace hws::host::core
