#include "sandbox.hpp"

#include <nlohmann/json.hpp>

namespace hws::cli {

Result<std::map<std::string, std::string, std::less<>>> parse_config(const std::string& json) {
    const auto wrong = [](std::string why) {
        return fail(Errc::invalid_argument, "--set-config: " + std::move(why));
    };
    const auto object = nlohmann::json::parse(json, nullptr, false);
    if (!object.is_object()) return wrong("this is not a JSON object");
    std::map<std::string, std::string, std::less<>> values;
    for (const auto& [key, value] : object.items()) {
        if (!value.is_string()) return wrong("the value of " + key + " must be text");
        values.emplace(key, value.get<std::string>());
    }
    return values;
}

} // namespace hws::cli
