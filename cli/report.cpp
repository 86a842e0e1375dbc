#include "report.hpp"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <utility>

namespace hws::cli {
namespace {

/// Bytes of the UTF-8 character at the start of `text` that may be shown as it is; 0 if it may not.
std::size_t shown_bytes(std::string_view text) {
    const auto byte = [&](std::size_t i) {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
    };
    const auto follows = [&](std::size_t i) { return (byte(i) & 0xc0) == 0x80; };
    const unsigned first = byte(0);
    if (first < 0x80) return first >= 0x20 && first != 0x7f ? 1 : 0;
    std::uint32_t code = 0;
    std::size_t length = 0;
    if (first >= 0xc2 && first <= 0xdf) {
        length = 2;
        code = first & 0x1f;
    } else if (first >= 0xe0 && first <= 0xef) {
        length = 3;
        code = first & 0x0f;
    } else if (first >= 0xf0 && first <= 0xf4) {
        length = 4;
        code = first & 0x07;
    } else {
        return 0;
    }
    for (std::size_t i = 1; i < length; ++i) {
        if (!follows(i)) return 0;
        code = (code << 6) | (byte(i) & 0x3f);
    }
    const auto is_in = [code](std::uint32_t from, std::uint32_t to) {
        return code >= from && code <= to;
    };
    const bool is_overlong =
        (length == 3 && code < 0x800) || (length == 4 && !is_in(0x10000, 0x10ffff));
    // C1 controls, surrogates, and characters of no width or that turn the direction of the line.
    const bool is_hidden = is_in(0x80, 0x9f) || code == 0xad || code == 0x61c ||
                           is_in(0x200b, 0x200f) || is_in(0x2028, 0x202e) ||
                           is_in(0x2060, 0x206f) || code == 0xfeff || is_in(0xfff9, 0xfffb) ||
                           is_in(0xe0000, 0xe0fff) || is_in(0xd800, 0xdfff);
    return is_overlong || is_hidden ? 0 : length;
}

/// In one write, so that lines of different threads do not mix.
void put(const std::string& line) {
    std::fwrite(line.data(), 1, line.size(), stderr);
}

std::string_view name_of(host::LogLevel level) {
    static constexpr std::string_view names[] = {"trace", "debug", "info", "warn", "error", "off"};
    return names[static_cast<std::size_t>(level)];
}

/// "bad_module" as "bad module".
std::string words_of(Errc code) {
    std::string words(hws::name_of(code));
    std::ranges::replace(words, '_', ' ');
    return words;
}

bool parses(const std::string& rule) {
    return host::PolicyBuilder().allow(rule).has_value();
}

} // namespace

Exit exit_of(const Error& error) {
    switch (error.code()) {
    case Errc::plugin_failed:
        return Exit::plugin_failed;
    case Errc::trapped:
    case Errc::out_of_stack:
        return Exit::trapped;
    case Errc::denied:
        return Exit::denied;
    case Errc::timed_out:
        return Exit::timed_out;
    case Errc::bad_policy:
    case Errc::invalid_argument:
        return Exit::usage;
    default:
        return Exit::cannot_load;
    }
}

std::string printable(std::string_view text) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        if (const std::size_t bytes = shown_bytes(text)) {
            out += text.substr(0, bytes);
            text.remove_prefix(bytes);
            continue;
        }
        const auto byte = static_cast<unsigned char>(text.front());
        if (byte == '\n') {
            out += "\\n";
        } else if (byte == '\t') {
            out += "\\t";
        } else {
            out += "\\x";
            out += digits[byte >> 4];
            out += digits[byte & 15];
        }
        text.remove_prefix(1);
    }
    return out;
}

void report(std::string_view what, std::string_view why) {
    std::string lines = "hws: " + printable(what);
    bool is_first = true;
    while (!why.empty()) {
        const std::string_view line = why.substr(0, why.find('\n'));
        why.remove_prefix(std::min(line.size() + 1, why.size()));
        if (line.empty()) continue;
        lines.append(std::exchange(is_first, false) ? ": " : "\n    ").append(printable(line));
    }
    put(lines + "\n");
}

void report(const Error& error) {
    report(words_of(error.code()), error.context());
}

std::vector<std::string> rules_that_allow(std::string_view reason) {
    // "use target (name): why", as Policy::check and check_name write it.
    const std::size_t colon = reason.find(": ");
    const std::size_t blank = reason.find(' ');
    if (colon == reason.npos || blank > colon) return {};
    const std::string_view why = reason.substr(colon + 2);
    const bool may_help =
        why.starts_with("no rule allows") || why.starts_with("the policy has no rules");
    if (!may_help) return {};
    const std::string use(reason.substr(0, blank));
    std::string_view target = reason.substr(blank + 1, colon - blank - 1);
    std::optional<std::string_view> name;
    if (const std::size_t open = target.find(" ("); open != target.npos && target.ends_with(')')) {
        name = target.substr(open + 2, target.size() - open - 3);
        target = target.substr(0, open);
    }
    std::string address(target);
    const bool is_bare_ipv6 = std::ranges::count(target, ':') > 1 && !target.starts_with('[');
    if (is_bare_ipv6) address = "[" + address + "]";
    if (const std::size_t zone = address.find('%'); zone != address.npos)
        address.erase(zone, address.find_first_of("]", zone) - zone); // a rule has no zones

    std::vector<std::string> rules{use + ":" + address};
    // A name leads to special addresses only where it may be looked up for its own sake.
    if (name && *name != "localhost" && !name->ends_with(".localhost"))
        rules.push_back("resolve:" + std::string(*name));
    if (!std::ranges::all_of(rules, parses)) return {};
    return rules;
}

void log_line(std::string_view origin, host::LogLevel level, std::string_view text) {
    while (text.ends_with('\n'))
        text.remove_suffix(1);
    std::string line(origin);
    line.append(" ").append(name_of(level)).append(": ").append(printable(text)).append("\n");
    put(line);
}

void Denials::add(const host::Denial& denial) {
    const std::string line =
        std::string(denial.operation) + ": denied: " + std::string(denial.reason);
    const std::lock_guard lock(mutex_);
    ++count_;
    if (is_shown_) log_line("hws", host::LogLevel::warn, line);
    // A plugin may try for ever; what is kept of it stays small.
    if (lines_.size() < max_kept && std::ranges::find(lines_, line) == lines_.end())
        lines_.push_back(line);
    if (rules_.size() < max_kept)
        for (std::string& rule : rules_that_allow(denial.reason))
            rules_.insert(std::move(rule));
}

bool Denials::empty() const {
    const std::lock_guard lock(mutex_);
    return count_ == 0;
}

void Denials::explain() const {
    const std::lock_guard lock(mutex_);
    if (!is_shown_)
        for (const std::string& line : lines_)
            log_line("hws", host::LogLevel::warn, line);
    if (rules_.empty()) return;
    std::string text = "hws: to allow it:";
    for (const std::string& rule : rules_) {
        const char* const quote =
            rule.find_first_of("[*") == rule.npos ? "" : "'"; // a shell reads those
        text.append(" --allow ").append(quote).append(printable(rule)).append(quote);
    }
    put(text + "\n");
}

void LineWriter::finish() {
    if (!line_.empty()) flush();
}

void LineWriter::write(std::string_view text) {
    for (const char c : text) {
        if (c == '\n' || line_.size() == max_line_bytes) flush();
        if (c != '\n') line_ += c;
    }
}

void LineWriter::flush() {
    put("plugin " + stream_ + ": " + printable(line_) + "\n");
    line_.clear();
}

} // namespace hws::cli
