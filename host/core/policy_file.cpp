#include "core/policy_file.hpp"

#include <hws/quote.hpp>
#include <toml++/toml.h>

namespace hws::host::core {
namespace {

std::unexpected<Error> wrong_at(std::string_view file, const toml::source_position& position,
                                const std::string& what) {
    return fail(Errc::bad_policy, std::string(file) + ':' + std::to_string(position.line) + ':' +
                                      std::to_string(position.column) + ": " + what);
}

Result<Policy> read(const toml::table& document, std::string_view file) {
    PolicyBuilder builder;
    for (auto&& [key, node] : document) {
        const bool is_allow = key == "allow";
        if (!is_allow && key != "deny")
            return wrong_at(file, key.source().begin,
                            "unknown key " + quote(key.str()) + "; there are allow and deny");
        const toml::array* rules = node.as_array();
        if (rules == nullptr)
            return wrong_at(file, node.source().begin,
                            std::string(key.str()) + " is an array of strings");
        for (const toml::node& element : *rules) {
            const toml::source_position start = element.source().begin;
            const toml::value<std::string>* rule = element.as_string();
            if (rule == nullptr)
                return wrong_at(file, start, "a rule is a string, as in \"tcp:192.0.2.1:443\"");
            // The string begins behind its quotation mark.
            const RulePlace place{file, start.line, start.column + 1};
            HWS_CHECK(is_allow ? builder.allow(rule->get(), place)
                               : builder.deny(rule->get(), place));
        }
    }
    return builder.build();
}

} // namespace

Result<Policy> parse_policy_toml(std::string_view text, std::string_view file_name) {
    if (text.size() > max_policy_file_bytes)
        return fail(Errc::bad_policy, std::string(file_name) + ": is larger than 1 MiB");
    try {
        return read(toml::parse(text), file_name);
    } catch (const toml::parse_error& error) {
        return wrong_at(file_name, error.source().begin, std::string(error.description()));
    } catch (const std::exception& error) {
        return fail(Errc::bad_policy, std::string(file_name) + ": " + error.what());
    }
}

} // namespace hws::host::core
