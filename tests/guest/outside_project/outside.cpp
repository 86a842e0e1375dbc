#include <hws/net.hpp>
#include <hws/plugin.hpp>

hws::Result<void> page() {
    HWS_TRY(auto response, hws::http::Client().get(hws::input_text()).send());
    HWS_TRY(const std::string text, response.text());
    hws::output(text);
    return {};
}
HWS_PLUGIN_EXPORT(page)
