#include "commands.hpp"
#include "output.hpp"
#include "report.hpp"

#include <algorithm>

namespace hws::cli {
namespace {

struct Dialect {
    std::string_view module;
    std::string_view name;
    std::string_view sentence;
};
constexpr Dialect dialects[] = {
    {"env", "v1",
     "Sockets, ICMP and HTTP over blocks of the Extism kernel. A failure is 0; the host's log has "
     "the reason."},
    {"extism:host/env", "extism",
     "The convention of Extism plugins: the kernel's memory, configuration, variables, HTTP and "
     "log."},
    {"wasi_snapshot_preview1", "preview1",
     "WASI preview 1. The result is an error number, 0 for success."},
    {"hws", "v2",
     "Sockets and names as WASI descriptors. The result is an error number, 0 for success; "
     "last_error "
     "has the text."},
};

std::string padded(std::string_view text, std::size_t width) {
    std::string out(text);
    out.resize(std::max(width, out.size()), ' ');
    return out;
}

/// A few signatures of preview 1 are longer; they push their own line only.
constexpr std::size_t max_signature_width = 32;

std::string as_text(const std::vector<host::HostFunctionInfo>& functions) {
    std::size_t name_width = 0;
    std::size_t signature_width = 0;
    for (const host::HostFunctionInfo& function : functions) {
        name_width = std::max(name_width, function.name.size());
        signature_width =
            std::max(signature_width, std::min(function.signature.size(), max_signature_width));
    }
    std::string text;
    for (const Dialect& dialect : dialects) {
        if (!text.empty()) text += "\n";
        text.append(dialect.module).append("  (").append(dialect.name).append(")\n");
        for (const host::HostFunctionInfo& function : functions) {
            if (function.module != dialect.module) continue;
            text += "  " + padded(function.name, name_width) + "  " +
                    padded(function.signature, signature_width) +
                    (function.may_wait ? "  waits  " : "         ");
            text.append(function.sentence).append("\n");
        }
    }
    return text;
}

/// A sentence inside a table's cell.
std::string cell(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '|' || c == '<') out += '\\';
        out += c;
    }
    return out;
}

std::string as_markdown(const std::vector<host::HostFunctionInfo>& functions) {
    std::string text = "# Host functions\n\n"
                       "Printed by `hws abi --markdown` from the tables in `abi/*.def`; a test "
                       "compares it with them. *waits*: the "
                       "call may park the plugin while\nothers on its thread go on. A block is the "
                       "offset of a block in the "
                       "Extism kernel's memory, 0 meaning none.\n";
    for (const Dialect& dialect : dialects) {
        text.append("\n## `")
            .append(dialect.module)
            .append("`: ")
            .append(dialect.name)
            .append("\n\n");
        text.append(dialect.sentence)
            .append("\n\n| function | signature | waits | |\n|---|---|---|---|\n");
        for (const host::HostFunctionInfo& function : functions) {
            if (function.module != dialect.module) continue;
            text.append("| `")
                .append(function.name)
                .append("` | `")
                .append(function.signature)
                .append("` | ");
            text.append(function.may_wait ? "yes" : "")
                .append(" | ")
                .append(cell(function.sentence))
                .append(" |\n");
        }
    }
    return text;
}

} // namespace

int abi(const Arguments& arguments) {
    const auto functions = host::list_host_functions();
    const auto written =
        write_output(arguments.as_markdown ? as_markdown(functions) : as_text(functions));
    if (written) return static_cast<int>(Exit::ok);
    report(written.error());
    return static_cast<int>(Exit::cannot_load);
}

} // namespace hws::cli
